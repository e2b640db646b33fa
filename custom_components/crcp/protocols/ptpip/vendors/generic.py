"""A camera that keeps to the standard, and the base of those that do not."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final, override

from ..codes import (
    Code,
    EventCode,
    FormatFilter,
    OperationCode,
    ParentObject,
    ResponseCode,
    StorageID,
)
from ..datasets import DeviceInfo
from ..errors import Misuse, ProtocolError, Refused
from ..operations import Operations
from ..packets import Event
from ..properties import DataTypeCode, ObjectPropCode
from ..settings import STANDARD, Control, Meaning, Setting

#: A camera that tells nothing of itself is asked for its handles so often, in seconds.
COMPARE_EVERY: Final = 5.0

#: A refusal for no reason is taken at its word after so many attempts: often the camera is still
#: writing what it has just announced, for about a second, or its card wakes up.
ATTEMPTS: Final = 5

#: More objects that came or went at once are another card: it is to be listed again.
MAX_CHANGES: Final = 4096

#: These only look, so that asking them again does nothing twice.
_READS: Final = frozenset(
    {
        OperationCode.GET_OBJECT_INFO,
        OperationCode.GET_OBJECT,
        OperationCode.GET_PARTIAL_OBJECT,
        OperationCode.GET_PARTIAL_OBJECT_64,
        OperationCode.GET_THUMB,
    }
)


@dataclass(frozen=True, slots=True)
class PartialRead:
    """A way to read a part of an object: the operation, how far it reaches, what it is asked."""

    operation: OperationCode
    reach: int
    parameters: Callable[[int, int, int], tuple[int, ...]]


def low(value: int) -> int:
    """The low 32 bits."""
    return value & 0xFFFFFFFF


def high(value: int) -> int:
    """The next 32 bits."""
    return value >> 32


GET_PARTIAL_OBJECT: Final = PartialRead(
    OperationCode.GET_PARTIAL_OBJECT, 1 << 32, lambda handle, at, size: (handle, at, size)
)
GET_PARTIAL_OBJECT_64: Final = PartialRead(
    OperationCode.GET_PARTIAL_OBJECT_64,
    1 << 64,
    lambda handle, at, size: (handle, low(at), high(at), size),
)


class Generic:
    """What is special about a camera: nothing.

    One object for one session. poll_every: in seconds; None where nobody has to ask for events.
    """

    #: The maker's own operations.
    operations: ClassVar[type[Code]] = OperationCode

    #: Reads of a part, the best first; standard ones come after the maker's own.
    partial_reads: ClassVar[tuple[PartialRead, ...]] = (GET_PARTIAL_OBJECT_64, GET_PARTIAL_OBJECT)

    #: Whether GetObject of a large file is known to break off, so that parts are safer.
    reads_in_parts: ClassVar[bool] = False

    #: How long to stay away after a connection ended, in seconds. Nikon ignores who comes sooner.
    reconnect_after: ClassVar[float] = 1.0

    #: Whether a connection that was closed cannot be opened again without a person at the camera.
    single_session: ClassVar[bool] = False

    #: The answers that mean "not now".
    busy: ClassVar[frozenset[int]] = frozenset({ResponseCode.DEVICE_BUSY})

    #: What an answer means on this maker's cameras, in words.
    meanings: ClassVar[Mapping[int, str]] = {}

    #: The properties that are settings. A maker's own come first.
    settings: ClassVar[Mapping[int, Meaning]] = STANDARD

    #: The maker's events in the standard's terms.
    events: ClassVar[Mapping[int, EventCode]] = {}

    def __init__(self, info: DeviceInfo) -> None:
        """Know what the camera said of itself."""
        self.info = info
        self.poll_every: float | None = None
        self._handles: set[int] | None = None

    def supports(self, *operations: int) -> bool:
        """Whether the camera lists all of these operations."""
        return set(operations) <= set(self.info.operations_supported)

    def name_of(self, operation: int) -> str:
        """An operation's name, the maker's own included; its number where nobody named it."""
        standard = OperationCode(operation)
        return standard.name if standard.known else self.operations(operation).name

    async def prepare(self, _operations: Operations, /, *, remote: bool = False) -> DeviceInfo:
        """Do what the maker wants first, on an open session; return what the camera then says."""
        del remote  # The standard has no such mode.
        if EventCode.OBJECT_ADDED not in self.info.events_supported:
            self.poll_every = COMPARE_EVERY
        return self.info

    async def poll(self, operations: Operations) -> list[Event]:
        """Ask what happened. Here: compare the handles with those of the last time.

        A count would miss one that was added while another was removed.
        """
        found = set(
            await operations.object_handles(StorageID.ALL, FormatFilter.ANY, ParentObject.ANYWHERE)
        )
        before, self._handles = self._handles, found
        if before is None:
            return []
        if len(found ^ before) > MAX_CHANGES:
            return [Event(EventCode.UNREPORTED_STATUS)]
        added = [Event(EventCode.OBJECT_ADDED, parameters=(h,)) for h in sorted(found - before)]
        gone = [Event(EventCode.OBJECT_REMOVED, parameters=(h,)) for h in sorted(before - found)]
        return gone + added

    async def capture(self, operations: Operations) -> None:
        """Take a picture, after prepare with remote; ObjectAdded comes when it is there."""
        await operations.initiate_capture()

    async def controls(self, operations: Operations) -> dict[Setting, Control]:
        """Ask for every setting that the camera has and describes.

        Cameras list properties that they do not describe, or not sensibly: those are left out.
        """
        found: dict[Setting, Control] = {}
        if self.supports(OperationCode.GET_DEVICE_PROP_DESC):
            for code in self.info.device_properties_supported:
                if control := await self.control(operations, code):
                    found.setdefault(control.setting, control)
        return found

    async def control(self, operations: Operations, code: int) -> Control | None:
        """Ask for one setting by its property's code; None for what is none."""
        meaning = STANDARD.get(code)
        if meaning is None or code not in self.info.device_properties_supported:
            return None
        with suppress(Refused, ProtocolError):
            return Control(meaning, await operations.device_prop_desc(code))
        return None

    async def set_control(
        self, operations: Operations, control: Control, value: str | float
    ) -> None:
        """Set a setting to the name or number of one of its values. Raises Misuse for no such."""
        described = control.described
        await operations.set_device_prop_value(
            described.code, described.data_type, control.raw(value)
        )

    @property
    def can_capture(self) -> bool:
        """Whether a picture can be taken from here."""
        return self.supports(OperationCode.INITIATE_CAPTURE)

    @property
    def has_live_view(self) -> bool:
        """Whether the picture in the finder can be had."""
        return False

    async def begin_live_view(self, _operations: Operations, /) -> None:
        """Switch live view on. The standard has none."""
        raise Misuse("live view of a camera that has none")

    async def live_view(self, _operations: Operations, /) -> bytes | None:
        """Ask for the picture in the finder, a JPEG; None while there is none yet."""
        raise Misuse("live view of a camera that has none")

    async def end_live_view(self, _operations: Operations, /) -> None:
        """Switch live view off."""

    async def finish(self, operations: Operations) -> None:
        """Undo what prepare did, before the session is closed."""

    def translate(self, event: Event) -> Event | None:
        """Say an event in the standard's terms; None for one that is only about how to ask."""
        standard = self.events.get(event.code)
        if standard is None:
            return event
        return Event(standard, event.transaction_id, event.parameters)

    def try_again(self, operation: OperationCode, code: int, attempt: int, /) -> bool:
        """Whether an answer means "not now", after so many attempts."""
        if code == ResponseCode.STORE_NOT_AVAILABLE or (
            code == ResponseCode.GENERAL_ERROR and operation in _READS
        ):
            return attempt < ATTEMPTS
        return code in self.busy

    def explain(self, code: int) -> str | None:
        """Say what an answer means on this maker's cameras, where that is known."""
        return self.meanings.get(code)

    @property
    def tells_true_size(self) -> bool:
        """Whether the camera has an operation for sizes that 32 bits cannot say."""
        return self.supports(OperationCode.GET_OBJECT_PROP_VALUE)

    async def true_size(self, operations: Operations, handle: int) -> int | None:
        """Ask for an object's size where 32 bits cannot say it; None where nobody knows."""
        if not self.supports(OperationCode.GET_OBJECT_PROP_VALUE):
            return None
        try:
            size = await operations.object_prop_value(
                handle, ObjectPropCode.OBJECT_SIZE, DataTypeCode.UINT64
            )
        except Refused, ProtocolError:
            return None
        return size if isinstance(size, int) else None


class Undecided(Generic):
    """A camera that was not yet asked what it is: but for "not now", it is taken at its word."""

    @override
    def supports(self, *operations: int) -> bool:
        return set(operations) <= {OperationCode.GET_OBJECT}  # which every camera has

    @override
    def try_again(self, _operation: OperationCode, code: int, _attempt: int, /) -> bool:
        return code in self.busy
