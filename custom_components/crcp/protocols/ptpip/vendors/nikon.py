"""Nikon: a verdict on each visitor, events that are asked for, and a pause between connections."""

from contextlib import suppress
from typing import ClassVar, Final, override

from ..codes import Code, EventCode, OperationCode, ResponseCode
from ..datasets import CODES, DeviceInfo
from ..datatypes import UINT16, UINT32, UINT64, Bytes, Cursor
from ..errors import NotAuthorised, ProtocolError, Refused
from ..operations import Operations
from ..packets import MAX_PARAMETERS, Event
from .generic import Generic, PartialRead, high, low


class NikonOperation(Code):
    """What Nikon added."""

    ADVANCED_TRANSFER = 0x9010
    SET_CONTROL_MODE = 0x90C2
    GET_LARGE_THUMB = 0x90C4
    GET_EVENT = 0x90C7
    DEVICE_READY = 0x90C8
    GET_VENDOR_PROP_CODES = 0x90CA
    GET_PREVIEW_IMAGE = 0x9200
    START_LIVE_VIEW = 0x9201
    END_LIVE_VIEW = 0x9202
    GET_LIVE_VIEW_IMAGE = 0x9203
    REQUEST_APPROVAL = 0x935A
    SEND_PAIRING_CODE = 0x935B
    GET_PARTIAL_OBJECT_HI_SPEED = 0x9400
    GET_TRANSFER_LIST = 0x9408
    GET_EVENT_EX = 0x941C
    GET_OBJECT_SIZE = 0x9421
    GET_PARTIAL_OBJECT_EX = 0x9431
    CHANGE_APPLICATION_MODE = 0x9435
    GET_PAIRING_CODE = 0x952B


#: GetEvent is asked so often, in seconds; it keeps the stand-by timer from running out as well.
POLL_EVERY: Final = 1.0

#: An answer full of events, in bytes; one has four or six and its parameters.
MAX_EVENTS: Final = 1 << 16

#: The most that GetLiveViewImage gives, in bytes; before its JPEG there are 64 to 1024 others,
#: by the generation of the camera.
MAX_LIVE_VIEW: Final = 4 << 20
MAX_LIVE_VIEW_HEADER: Final = 1024
_JPEG: Final = b"\xff\xd8\xff"

#: What RequestApproval is asked with.
APPROVE: Final = 0x2001

#: A pairing code has one digit in a byte, and is short enough for a screen.
MAX_PAIRING_CODE: Final = 16

NOT_PAIRED: Final = (
    "the camera does not know this Home Assistant yet: pair it on the camera, in its menu for "
    "connecting to a computer"
)

ISSUED_ONLY: Final = (
    "in this mode the camera hands out only pictures that were marked for upload on it; mark "
    "them, switch automatic upload on, or connect through the camera's own access point"
)


class Nikon(Generic):
    """Reads in parts: whole files break off on older bodies over Wi-Fi."""

    operations: ClassVar = NikonOperation
    partial_reads: ClassVar = (
        PartialRead(
            OperationCode(NikonOperation.GET_PARTIAL_OBJECT_EX),
            1 << 64,
            lambda handle, at, size: (handle, low(at), high(at), low(size), high(size)),
        ),
        *Generic.partial_reads,
    )
    reads_in_parts: ClassVar = True
    # A picture and its end in the camera's memory; a movie that was recorded, of unknown handle.
    events: ClassVar = {
        0xC101: EventCode.REQUEST_OBJECT_TRANSFER,
        0xC102: EventCode.CAPTURE_COMPLETE,
        0xC108: EventCode.UNREPORTED_STATUS,
    }
    # "Not now", and busy in two ways.
    busy: ClassVar = Generic.busy | {0xA004, 0xA200, 0xA201}
    meanings: ClassVar = {
        ResponseCode.ACCESS_DENIED: ISSUED_ONLY,
        0xA001: "the camera has a hardware error",
        0xA002: "the picture would be out of focus",
        0xA004: "the camera cannot do this now",
        0xA021: "the card has an error",
        0xA022: "the card is not formatted",
    }

    @override
    async def prepare(self, operations: Operations, /, *, remote: bool = False) -> DeviceInfo:
        """Tell a hollow session from a whole one, and choose how events are asked for.

        Raises NotAuthorised when the body stores no verdict for us: then it is to be paired with
        pairing_code and request_approval, and connected anew.
        """
        if self.is_hollow:
            raise NotAuthorised(ResponseCode.ACCESS_DENIED, OperationCode.OPEN_SESSION, NOT_PAIRED)
        if self.supports(NikonOperation.GET_VENDOR_PROP_CODES):
            await _tolerant(operations, NikonOperation.GET_VENDOR_PROP_CODES)
        if remote and self.supports(NikonOperation.CHANGE_APPLICATION_MODE):
            await operations.transact(OperationCode(NikonOperation.CHANGE_APPLICATION_MODE), 1)
        # The operations may have become more.
        self.info = await operations.device_info()
        await super().prepare(operations, remote=remote)
        if self._asks_for_events:
            self.poll_every = POLL_EVERY
        return self.info

    @property
    def is_hollow(self) -> bool:
        """Whether the camera let us in, but not to its pictures."""
        return not self.supports(OperationCode.GET_OBJECT_HANDLES) and self.supports(
            NikonOperation.REQUEST_APPROVAL
        )

    @override
    async def poll(self, operations: Operations) -> list[Event]:
        """Ask GetEventEx, or GetEvent."""
        if self.supports(NikonOperation.GET_EVENT_EX):
            asked, read = NikonOperation.GET_EVENT_EX, decode_events_ex
        elif self.supports(NikonOperation.GET_EVENT):
            asked, read = NikonOperation.GET_EVENT, decode_events
        else:
            return await super().poll(operations)
        found = read(await operations.dataset(OperationCode(asked), limit=MAX_EVENTS))
        return [meant for event in found if (meant := self.translate(event))]

    @property
    @override
    def tells_true_size(self) -> bool:
        return self.supports(NikonOperation.GET_OBJECT_SIZE) or super().tells_true_size

    @override
    async def true_size(self, operations: Operations, handle: int) -> int | None:
        """Ask GetObjectSize."""
        if self.supports(NikonOperation.GET_OBJECT_SIZE):
            asked = OperationCode(NikonOperation.GET_OBJECT_SIZE)
            with suppress(Refused, ProtocolError):
                return UINT64.read(Cursor(await operations.dataset(asked, handle, limit=64)))
        return await super().true_size(operations, handle)

    @property
    @override
    def has_live_view(self) -> bool:
        return self.supports(NikonOperation.START_LIVE_VIEW, NikonOperation.GET_LIVE_VIEW_IMAGE)

    @override
    async def begin_live_view(self, operations: Operations, /) -> None:
        await operations.transact(OperationCode(NikonOperation.START_LIVE_VIEW))

    @override
    async def live_view(self, operations: Operations, /) -> bytes | None:
        asked = OperationCode(NikonOperation.GET_LIVE_VIEW_IMAGE)
        data = await operations.dataset(asked, limit=MAX_LIVE_VIEW)
        begin = data.find(_JPEG, 0, MAX_LIVE_VIEW_HEADER + len(_JPEG))
        return data[begin:] if begin >= 0 else None

    @override
    async def end_live_view(self, operations: Operations, /) -> None:
        if self.supports(NikonOperation.END_LIVE_VIEW):
            await operations.transact(OperationCode(NikonOperation.END_LIVE_VIEW))

    async def pairing_code(self, operations: Operations) -> str:
        """Ask for the code that the person is to compare; its digits."""
        asked = OperationCode(NikonOperation.GET_PAIRING_CODE)
        data = await operations.dataset(asked, limit=MAX_PAIRING_CODE)
        return "".join(str(digit) for digit in data if digit < 10)

    async def request_approval(self, operations: Operations, code: str) -> None:
        """Wait until the person said yes on the body, and close the pairing; then connect anew."""
        await operations.transact(OperationCode(NikonOperation.REQUEST_APPROVAL), APPROVE)
        digits = bytes(map(int, code))
        await operations.transact(OperationCode(NikonOperation.SEND_PAIRING_CODE), data=digits)

    @property
    def _asks_for_events(self) -> bool:
        return self.supports(NikonOperation.GET_EVENT_EX) or self.supports(NikonOperation.GET_EVENT)


def decode_events(data: Bytes) -> list[Event]:
    """Read GetEvent's answer: u16 n, then n times { u16 code, u32 parameter }."""
    cursor = Cursor(data)
    return [
        Event(EventCode(UINT16.read(cursor)), parameters=(UINT32.read(cursor),))
        for _ in range(UINT16.read(cursor))
    ]


def decode_events_ex(data: Bytes) -> list[Event]:
    """Read GetEventEx's answer: u16 n, u16 unused, then n times { u16 code, u16 m, m u32 }."""
    cursor = Cursor(data)
    count = UINT16.read(cursor)
    cursor.take(UINT16.size)
    return [_read_event_ex(cursor) for _ in range(count)]


def _read_event_ex(cursor: Cursor) -> Event:
    code = EventCode(UINT16.read(cursor))
    count = UINT16.read(cursor)
    if count > MAX_PARAMETERS:
        raise ProtocolError(f"an event of {count} parameters")
    return Event(code, parameters=tuple(UINT32.read(cursor) for _ in range(count)))


async def _tolerant(operations: Operations, asked: NikonOperation) -> tuple[int, ...]:
    try:
        return CODES.read(Cursor(await operations.dataset(OperationCode(asked))))
    except Refused:
        return ()
