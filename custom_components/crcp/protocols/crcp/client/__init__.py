"""The controller's side with its I/O: the only part of this protocol that opens sockets."""

from .controller import Controller
from .one_way import OneWayController
from .timeouts import Timeouts
from .transfer import Transfer

__all__ = ["Controller", "OneWayController", "Timeouts", "Transfer"]
