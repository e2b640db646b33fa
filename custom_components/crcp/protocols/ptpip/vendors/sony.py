"""Sony's "Send to Computer": one session, which has to be kept alive and brought to an end."""

from typing import ClassVar, Final, override

from ..codes import Code, EventCode, OperationCode
from ..datasets import DeviceInfo
from ..datatypes import UINT32
from ..errors import Refused
from ..operations import Operations
from ..packets import Event
from ..settings import Control, Setting
from .generic import Generic, PartialRead, high, low


class SonyOperation(Code):
    """What Sony added."""

    SDIO_CONNECT = 0x9201
    SDIO_GET_EXT_DEVICE_INFO = 0x9202
    SDIO_SET_EXT_DEVICE_PROP_VALUE = 0x9205
    SDIO_CONTROL_DEVICE = 0x9207
    SDIO_GET_ALL_EXT_DEVICE_PROP_INFO = 0x9209
    SDIO_OPEN_SESSION = 0x9210
    GET_PARTIAL_LARGE_OBJECT = 0x9211
    SDIO_SET_CONTENTS_TRANSFER_MODE = 0x9212
    TRANSFER_STATE = 0x9280
    TRANSFER_STATE_RESULT = 0x9281


#: The camera hears from us so often, in seconds. Probes do not count for it, operations do.
KEEP_ALIVE: Final = 5.0

#: The parameter of both operations.
_STATE: Final = 4


def _words(*values: int) -> bytes:
    return b"".join(map(UINT32.write, values))


#: "A transfer begins", so that it does not give up after two minutes; and "it has ended".
BEGIN: Final = _words(2, 2, 0, 0) + bytes((1, 1))
END: Final = _words(0, 5, 0, 0)


class Sony(Generic):
    """Never probe one, never connect twice: a second connection is accepted and not answered."""

    operations: ClassVar = SonyOperation
    partial_reads: ClassVar = (
        PartialRead(
            OperationCode(SonyOperation.GET_PARTIAL_LARGE_OBJECT),
            1 << 64,
            lambda handle, at, size: (handle, low(at), high(at), size),
        ),
        *Generic.partial_reads,
    )
    single_session: ClassVar = True
    events: ClassVar = {0xC201: EventCode.OBJECT_ADDED, 0xC203: EventCode.DEVICE_PROP_CHANGED}
    meanings: ClassVar = dict.fromkeys(
        (0xA101, 0xA102, 0xA103),
        "the camera wants a user name and password, which are not known here",
    )

    @override
    async def prepare(self, operations: Operations, /, *, remote: bool = False) -> DeviceInfo:
        """Say that a transfer begins."""
        await self._say(operations, BEGIN)
        self.poll_every = KEEP_ALIVE
        # The operations may have become more.
        self.info = await operations.device_info()
        return self.info

    @override
    async def poll(self, operations: Operations) -> list[Event]:
        """Keep the session alive; it has no news, because nobody takes pictures meanwhile."""
        await operations.device_info()
        return []

    @property
    @override
    def can_capture(self) -> bool:
        return False

    @override
    async def controls(self, operations: Operations) -> dict[Setting, Control]:
        """Give none: it sends pictures, and nothing else."""
        return {}

    @override
    async def finish(self, operations: Operations) -> None:
        """Say that the transfer has ended."""
        await self._say(operations, END)

    async def _say(self, operations: Operations, state: bytes) -> None:
        if not self.supports(SonyOperation.TRANSFER_STATE):
            return
        try:
            await operations.transact(
                OperationCode(SonyOperation.TRANSFER_STATE), _STATE, data=state
            )
            # Unless this is asked as well, the next one finds the camera busy.
            await operations.dataset(OperationCode(SonyOperation.TRANSFER_STATE_RESULT), _STATE)
        except Refused:
            return  # Older bodies know a part of it only, and send their pictures all the same.
