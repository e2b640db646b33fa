"""Makers whose events have numbers of their own, and nothing else."""

from contextlib import suppress
from typing import ClassVar, Final, override

from ..codes import DevicePropCode, EventCode
from ..datasets import DeviceInfo
from ..errors import Refused
from ..operations import Operations
from ..properties import DataTypeCode
from .generic import Generic

#: Who writes to a camera that it is there, and who that is.
INITIATOR: Final = "crcp for Home Assistant"


class Panasonic(Generic):
    """ObjectAdded on the card, and in memory. Some offer more to those who say who they are."""

    events: ClassVar = {0xC108: EventCode.OBJECT_ADDED, 0xC109: EventCode.OBJECT_ADDED}

    @override
    async def prepare(self, operations: Operations, /, *, remote: bool = False) -> DeviceInfo:
        """Say who we are, where the camera wants to know it."""
        code = DevicePropCode.SESSION_INITIATOR_INFO
        if code in self.info.device_properties_supported:
            with suppress(Refused):
                await operations.set_device_prop_value(code, DataTypeCode.STRING, INITIATOR)
                self.info = await operations.device_info()
        return await super().prepare(operations, remote=remote)


class Olympus(Generic):
    """Olympus and OM: ObjectAdded, by two generations."""

    events: ClassVar = {0xC002: EventCode.OBJECT_ADDED, 0xC102: EventCode.OBJECT_ADDED}
