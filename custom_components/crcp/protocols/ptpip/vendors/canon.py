"""Canon EOS and newer PowerShot: events are asked for, and remote mode can hide the card."""

from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar, Final, override

from ..codes import Code, ObjectFormat, OperationCode
from ..datasets import DeviceInfo
from ..errors import ProtocolError, Refused
from ..operations import Operations
from ..packets import Event
from ..settings import Control, Meaning, Setting
from . import canon_settings
from .canon_events import CanonEvent, Record, finder_picture, records
from .generic import COMPARE_EVERY, GET_PARTIAL_OBJECT, Generic, PartialRead, high, low


class CanonOperation(Code):
    """What Canon added. It is asked for by number: other makers mean other things by them."""

    GET_STORAGE_IDS = 0x9101
    GET_STORAGE_INFO = 0x9102
    GET_PARTIAL_OBJECT = 0x9107
    GET_OBJECT_INFO_EX = 0x9109
    REMOTE_RELEASE = 0x910F
    SET_DEVICE_PROP_VALUE_EX = 0x9110
    SET_REMOTE_MODE = 0x9114
    SET_EVENT_MODE = 0x9115
    GET_EVENT = 0x9116
    TRANSFER_COMPLETE = 0x9117
    KEEP_DEVICE_ON = 0x911D
    REMOTE_RELEASE_ON = 0x9128
    REMOTE_RELEASE_OFF = 0x9129
    GET_VIEW_FINDER_DATA = 0x9153
    GET_OBJECT_INFO_64 = 0x9170
    GET_OBJECT_64 = 0x9171
    GET_PARTIAL_OBJECT_64 = 0x9172
    GET_OBJECT_INFO_EX_64 = 0x9173
    GET_PARTIAL_OBJECT_EX_64 = 0x9174
    SEND_HOST_INFO = 0x91E4


#: A full press of the shutter, the half press on the way to it included.
FULL_PRESS: Final = 3

#: What GetViewFinderData is asked with, and the most that it gives, in bytes.
FINDER: Final = 0x00100000
MAX_FINDER: Final = 4 << 20

#: On the event connection this only says that there is something to ask for.
COME_AND_ASK: Final = 0xC101

#: GetEvent is asked so often, in seconds.
POLL_EVERY: Final = 0.5

#: The first answer lists every property; later ones are short. More in a row is a loop.
MAX_DUMPS: Final = 16

#: In bytes. The first answer of a large body has some ten thousand.
MAX_DUMP: Final = 1 << 18


def operation(code: int) -> OperationCode:
    """A vendor's operation as what a request carries."""
    return OperationCode(code)


class Canon(Generic):
    """Import without remote mode: in it some bodies list no files, and the body is locked."""

    operations: ClassVar = CanonOperation
    partial_reads: ClassVar = (
        PartialRead(
            operation(CanonOperation.GET_PARTIAL_OBJECT_EX_64),
            1 << 64,
            lambda handle, at, size: (handle, low(at), high(at), size),
        ),
        *Generic.partial_reads[:1],
        GET_PARTIAL_OBJECT,
        PartialRead(
            operation(CanonOperation.GET_PARTIAL_OBJECT),
            1 << 32,
            lambda handle, at, size: (handle, at, size),
        ),
    )
    settings: ClassVar[Mapping[int, Meaning]] = canon_settings.SETTINGS
    # Object not ready, and memory not ready.
    busy: ClassVar = Generic.busy | {0xA102, 0xA106}
    meanings: ClassVar = {
        0xA001: "the camera does not know this command",
        0xA005: "the camera refuses this now",
        0xA006: "the lens cover is closed",
        0xA101: "the battery is low",
        0xA104: "the camera cannot make the picture",
    }

    @override
    def __init__(self, info: DeviceInfo) -> None:
        super().__init__(info)
        self._remote = False
        self._asked = False
        # Properties by code, as GetEvent tells them: the value, and the list of those allowed.
        self._values: dict[int, int] = {}
        self._allowed: dict[int, tuple[int, ...]] = {}

    @override
    async def prepare(self, operations: Operations, /, *, remote: bool = False) -> DeviceInfo:
        """Switch events on, and remote mode only where it is wanted."""
        # Without event mode handles are compared: what comes by itself says "come and ask" only.
        self.poll_every = COMPARE_EVERY
        if not self.supports(CanonOperation.SET_EVENT_MODE, CanonOperation.GET_EVENT):
            return self.info
        try:
            if remote and self.supports(CanonOperation.SET_REMOTE_MODE):
                await operations.transact(operation(CanonOperation.SET_REMOTE_MODE), 1)
                self._remote = True
            await operations.transact(operation(CanonOperation.SET_EVENT_MODE), 1)
        except Refused:
            return self.info
        self._asked = True
        self.poll_every = POLL_EVERY
        # What happened before is in the list that whoever connects asks for.
        with suppress(Refused, ProtocolError):
            await self.poll(operations)
        # The operations may have become more.
        self.info = await operations.device_info()
        return self.info

    @override
    async def poll(self, operations: Operations) -> list[Event]:
        """Ask GetEvent until it is empty."""
        if not self._asked:
            return await super().poll(operations)
        events: list[Event] = []
        for _ in range(MAX_DUMPS):
            data = await operations.dataset(operation(CanonOperation.GET_EVENT), limit=MAX_DUMP)
            found = list(records(data))
            for record in found:
                if record.type in (
                    CanonEvent.WILL_SOON_SHUTDOWN,
                    CanonEvent.SHUTDOWN_TIMER_UPDATED,
                ):
                    await self._stay_on(operations)
                elif (event := record.event) and not _is_folder(record):
                    events.append(event)
                self._note(record)
            if not found:
                break
        return events

    @override
    async def controls(self, operations: Operations) -> dict[Setting, Control]:
        """Give what GetEvent told; what it does not tell, the standard's properties may."""
        own = (await self.control(operations, code) for code in self.settings)
        found = {control.setting: control async for control in own if control}
        return await super().controls(operations) | found

    @override
    async def control(self, operations: Operations, code: int) -> Control | None:
        if code not in self.settings:
            return await super().control(operations, code)
        if code not in self._values:
            return None
        allowed = self._allowed.get(code, ())
        described = canon_settings.describe(code, self._values[code], allowed)
        return Control(self.settings[code], described)

    @override
    async def set_control(
        self, operations: Operations, control: Control, value: str | float
    ) -> None:
        code, raw = control.described.code, control.raw(value)
        if code not in self.settings or not isinstance(raw, int):
            await super().set_control(operations, control, value)
            return
        await operations.transact(
            operation(CanonOperation.SET_DEVICE_PROP_VALUE_EX),
            data=canon_settings.encode_value(code, raw),
        )
        self._values[code] = raw

    @property
    @override
    def can_capture(self) -> bool:
        return (
            self.supports(CanonOperation.REMOTE_RELEASE_ON, CanonOperation.REMOTE_RELEASE_OFF)
            or self.supports(CanonOperation.REMOTE_RELEASE)
            or super().can_capture
        )

    @override
    async def capture(self, operations: Operations) -> None:
        """Take a picture, in remote mode: for the moment only, because it can hide the card."""
        borrowed = not self._remote and self.supports(CanonOperation.SET_REMOTE_MODE)
        if borrowed:
            await operations.transact(operation(CanonOperation.SET_REMOTE_MODE), 1)
        try:
            await self._release(operations)
        finally:
            if borrowed:
                await operations.transact(operation(CanonOperation.SET_REMOTE_MODE), 0)

    @property
    @override
    def has_live_view(self) -> bool:
        return self.supports(
            CanonOperation.GET_VIEW_FINDER_DATA,
            CanonOperation.SET_REMOTE_MODE,
            CanonOperation.SET_DEVICE_PROP_VALUE_EX,
        )

    @override
    async def begin_live_view(self, operations: Operations, /) -> None:
        """Send the finder's picture here, in remote mode, until end_live_view."""
        await operations.transact(operation(CanonOperation.SET_REMOTE_MODE), 1)
        await self._send_finder(operations, canon_settings.EVF_TO_COMPUTER)

    @override
    async def live_view(self, operations: Operations, /) -> bytes | None:
        asked = operation(CanonOperation.GET_VIEW_FINDER_DATA)
        return finder_picture(await operations.dataset(asked, FINDER, limit=MAX_FINDER))

    @override
    async def end_live_view(self, operations: Operations, /) -> None:
        try:
            await self._send_finder(operations, 0)
        finally:
            if not self._remote:
                await operations.transact(operation(CanonOperation.SET_REMOTE_MODE), 0)

    async def _send_finder(self, operations: Operations, to: int) -> None:
        data = canon_settings.encode_value(canon_settings.EVF_OUTPUT_DEVICE, to)
        await operations.transact(operation(CanonOperation.SET_DEVICE_PROP_VALUE_EX), data=data)

    async def _release(self, operations: Operations) -> None:
        """Press the shutter and let it go, or release it on older bodies."""
        if self.supports(CanonOperation.REMOTE_RELEASE_ON, CanonOperation.REMOTE_RELEASE_OFF):
            await operations.transact(operation(CanonOperation.REMOTE_RELEASE_ON), FULL_PRESS, 0)
            await operations.transact(operation(CanonOperation.REMOTE_RELEASE_OFF), FULL_PRESS)
        elif self.supports(CanonOperation.REMOTE_RELEASE):
            await operations.transact(operation(CanonOperation.REMOTE_RELEASE))
        else:
            await super().capture(operations)

    def _note(self, record: Record) -> None:
        """Keep what a record says of a setting."""
        if record.type == CanonEvent.PROP_VALUE_CHANGED and record.u32(8) in self.settings:
            self._values[record.u32(8)] = record.u32(0xC)
        elif record.type == CanonEvent.AVAIL_LIST_CHANGED and record.u32(8) in self.settings:
            self._allowed[record.u32(8)] = record.values

    @override
    async def finish(self, operations: Operations) -> None:
        """Give the camera back to the person who holds it."""
        if self._asked:
            await operations.transact(operation(CanonOperation.SET_EVENT_MODE), 0)
        if self._remote:
            await operations.transact(operation(CanonOperation.SET_REMOTE_MODE), 0)

    @override
    def translate(self, event: Event) -> Event | None:
        return None if event.code == COME_AND_ASK and self._asked else super().translate(event)

    async def _stay_on(self, operations: Operations) -> None:
        if not self.supports(CanonOperation.KEEP_DEVICE_ON):
            return
        try:
            await operations.transact(operation(CanonOperation.KEEP_DEVICE_ON))
        except Refused:
            return  # It is a courtesy.


def _is_folder(record: Record) -> bool:
    described = record.object
    return described is not None and described.object_format == ObjectFormat.ASSOCIATION
