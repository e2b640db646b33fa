"""What Canon's GetEvent gives: records of { u32 size, u32 type, body }, ended by one of type 0."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..codes import Code, EventCode, ObjectFormat
from ..datatypes import UINT16, UINT32, UINT64, Bytes, Cursor, Integer
from ..errors import ProtocolError
from ..packets import Event

_HEADER: Final = 8


class CanonEvent(Code):
    """The types of records."""

    END = 0
    OBJECT_ADDED_EX = 0xC181
    OBJECT_REMOVED = 0xC182
    STORAGE_STATUS_CHANGED = 0xC184
    STORAGE_INFO_CHANGED = 0xC185
    REQUEST_OBJECT_TRANSFER = 0xC186
    OBJECT_INFO_CHANGED_EX = 0xC187
    PROP_VALUE_CHANGED = 0xC189
    AVAIL_LIST_CHANGED = 0xC18A
    WILL_SOON_SHUTDOWN = 0xC18D
    SHUTDOWN_TIMER_UPDATED = 0xC18E
    STORAGE_ADDED = 0xC192
    STORAGE_REMOVED = 0xC193
    CTG_INFO_CHECK_COMPLETE = 0xC1A4
    OBJECT_ADDED_EX_64 = 0xC1A7
    OBJECT_INFO_CHANGED_EX_64 = 0xC1A8
    REQUEST_OBJECT_TRANSFER_64 = 0xC1A9
    OBJECT_ADDED_LONG_NAME = 0xC1B6
    OBJECT_INFO_CHANGED_LONG_NAME = 0xC1B7
    REQUEST_OBJECT_TRANSFER_LONG_NAME = 0xC1B8


_E = CanonEvent

#: The records that are an event of the standard, told by the handle, storage or property at 8.
_STANDARD: Final = {
    _E.OBJECT_ADDED_EX: EventCode.OBJECT_ADDED,
    _E.OBJECT_ADDED_EX_64: EventCode.OBJECT_ADDED,
    _E.OBJECT_ADDED_LONG_NAME: EventCode.OBJECT_ADDED,
    _E.OBJECT_REMOVED: EventCode.OBJECT_REMOVED,
    _E.OBJECT_INFO_CHANGED_EX: EventCode.OBJECT_INFO_CHANGED,
    _E.OBJECT_INFO_CHANGED_EX_64: EventCode.OBJECT_INFO_CHANGED,
    _E.OBJECT_INFO_CHANGED_LONG_NAME: EventCode.OBJECT_INFO_CHANGED,
    _E.REQUEST_OBJECT_TRANSFER: EventCode.REQUEST_OBJECT_TRANSFER,
    _E.REQUEST_OBJECT_TRANSFER_64: EventCode.REQUEST_OBJECT_TRANSFER,
    _E.REQUEST_OBJECT_TRANSFER_LONG_NAME: EventCode.REQUEST_OBJECT_TRANSFER,
    _E.STORAGE_STATUS_CHANGED: EventCode.STORAGE_INFO_CHANGED,
    _E.STORAGE_INFO_CHANGED: EventCode.STORAGE_INFO_CHANGED,
    _E.STORAGE_ADDED: EventCode.STORE_ADDED,
    _E.STORAGE_REMOVED: EventCode.STORE_REMOVED,
    _E.PROP_VALUE_CHANGED: EventCode.DEVICE_PROP_CHANGED,
    _E.AVAIL_LIST_CHANGED: EventCode.DEVICE_PROP_CHANGED,
}

#: Where an added object's size and name are, from the record's start; size has so many bits.
_ADDED: Final[dict[CanonEvent, tuple[int, Integer, int, int]]] = {
    # size at, of type, parent at, name at
    _E.OBJECT_ADDED_EX: (0x1C, UINT32, 0x20, 0x28),
    _E.OBJECT_INFO_CHANGED_EX: (0x1C, UINT32, 0x20, 0x28),
    _E.OBJECT_ADDED_EX_64: (0x1C, UINT64, 0x24, 0x2C),
    _E.OBJECT_INFO_CHANGED_EX_64: (0x1C, UINT64, 0x24, 0x2C),
}


@dataclass(frozen=True, slots=True)
class AddedObject:
    """What a record says of an object, so that nobody has to ask."""

    handle: int
    storage_id: int
    object_format: ObjectFormat
    size: int
    parent: int
    filename: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record; data is all of it, its size and type included, as the offsets count."""

    type: CanonEvent
    data: Bytes

    def u32(self, offset: int) -> int:
        """The u32 at an offset. Raises ProtocolError when the record is shorter."""
        return self._integer(offset, UINT32)

    @property
    def object(self) -> AddedObject | None:
        """The object that was added or changed, where the record describes it."""
        if self.type not in _ADDED:
            return None
        size_at, size_type, parent_at, name_at = _ADDED[self.type]
        name = bytes(self.data[name_at:]).partition(b"\0")[0]
        return AddedObject(
            handle=self.u32(8),
            storage_id=self.u32(0xC),
            object_format=ObjectFormat(self._integer(0x10, UINT16)),
            size=self._integer(size_at, size_type),
            parent=self.u32(parent_at),
            filename=name.decode("ascii", "replace"),
        )

    @property
    def event(self) -> Event | None:
        """The event of the standard that this is; None where there is none."""
        code = _STANDARD.get(self.type)
        return None if code is None else Event(code, parameters=(self.u32(8),))

    @property
    def values(self) -> tuple[int, ...]:
        """What a property's list allows (AvailListChanged of kind 3)."""
        if self.type != CanonEvent.AVAIL_LIST_CHANGED or self.u32(0xC) != 3:
            return ()
        return tuple(self.u32(0x14 + 4 * n) for n in range(self._bounded(self.u32(0x10))))

    def _bounded(self, count: int) -> int:
        if 0x14 + 4 * count > len(self.data):
            raise ProtocolError(f"{count} values in a record of {len(self.data)} bytes")
        return count

    def _integer(self, offset: int, kind: Integer) -> int:
        return kind.read(Cursor(self.data[offset:]))


def records(data: Bytes) -> Iterator[Record]:
    """Give the records before the terminator; what comes after it is padding.

    Raises ProtocolError when a record is not whole.
    """
    left = memoryview(data)
    while left:
        cursor = Cursor(left)
        size, kind = UINT32.read(cursor), CanonEvent(UINT32.read(cursor))
        if kind == CanonEvent.END:
            return
        if not _HEADER <= size <= len(left):
            raise ProtocolError(f"a record of {size} bytes, {len(left)} there")
        yield Record(kind, bytes(left[:size]))
        left = left[size:]


def encode_record(kind: CanonEvent, body: bytes = b"") -> bytes:
    """Return a record's bytes; without arguments but END, the terminator's."""
    return UINT32.write(_HEADER + len(body)) + UINT32.write(kind) + body


#: In what GetViewFinderData gives: the records that are a JPEG, by generation of the camera.
_FINDER_JPEG: Final = frozenset({1, 9, 11})


def finder_picture(data: Bytes) -> bytes | None:
    """The JPEG in what GetViewFinderData gives, records as of GetEvent; None where there is none."""
    left = memoryview(data)
    while len(left) > _HEADER:
        cursor = Cursor(left)
        size, kind = UINT32.read(cursor), UINT32.read(cursor)
        if not _HEADER < size <= len(left):
            return None
        if kind in _FINDER_JPEG:
            return bytes(left[_HEADER:size])
        left = left[size:]
    return None
