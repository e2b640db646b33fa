"""Makers whose events have numbers of their own, and nothing else."""

from typing import ClassVar

from ..codes import EventCode
from .generic import Generic


class Panasonic(Generic):
    """ObjectAdded on the card, and in memory."""

    events: ClassVar = {0xC108: EventCode.OBJECT_ADDED, 0xC109: EventCode.OBJECT_ADDED}


class Olympus(Generic):
    """Olympus and OM: ObjectAdded, by two generations."""

    events: ClassVar = {0xC002: EventCode.OBJECT_ADDED, 0xC102: EventCode.OBJECT_ADDED}
