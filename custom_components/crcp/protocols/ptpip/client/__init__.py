"""The initiator that drives a session over two sockets: the only asyncio in this protocol."""

from .initiator import Initiator, Trace
from .mailbox import MAX_EVENTS

__all__ = ["MAX_EVENTS", "Initiator", "Trace"]
