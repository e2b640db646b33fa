"""PTP's datatypes: integers, strings, arrays, date-times; and structures declared field by field.

A Structure says its fields once, as the document's table does, and one codec walks them both ways:

    @dataclass(frozen=True, slots=True)
    class Example(Structure):
        storage_type: Annotated[StorageType, UINT16]
        operations_supported: Annotated[tuple[OperationCode, ...], Array(UINT16)]
        model: Annotated[str, STRING]

Everything is little endian, without padding (PTP clause 5.3). Reading goes through one Cursor,
which never passes the end of its data: what a length promises must be there.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta, timezone, tzinfo
import re
import struct
from typing import (
    Any,
    Final,
    Protocol,
    Self,
    get_args,
    get_origin,
    get_type_hints,
)

from .codes import Code
from .errors import Misuse, ProtocolError

type Bytes = bytes | bytearray | memoryview

#: The longest array is the list of handles: this is ten times what the largest card holds. A few
#: bytes on the wire are many more as objects.
MAX_ELEMENTS: Final = 1 << 20

#: PTP clause 5.3.4: the length of a string is one byte, and counts its final zero.
MAX_STRING: Final = 255


class Cursor:
    """Reads forward through data, and never past its end."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: Bytes) -> None:
        """Start before the first byte of data."""
        self._data = memoryview(data)
        self._at = 0

    @property
    def remaining(self) -> int:
        """How many bytes have not been read."""
        return len(self._data) - self._at

    def take(self, size: int) -> memoryview:
        """Return the next size bytes. Raises ProtocolError when there are fewer."""
        if size > self.remaining:
            raise ProtocolError(f"{size} bytes promised, {self.remaining} there")
        start, self._at = self._at, self._at + size
        return self._data[start : self._at]

    def take_up_to(self, size: int) -> memoryview:
        """Return the next size bytes, or all that remain."""
        return self.take(min(size, self.remaining))


class DataType[T](Protocol):
    """How one kind of value lies in bytes."""

    def read(self, cursor: Cursor, /) -> T:
        """Read one value. Raises ProtocolError when it is not whole."""

    def write(self, value: T, /) -> Bytes:
        """Return the bytes of value."""


@dataclass(frozen=True, slots=True)
class Integer:
    """An integer of size bytes."""

    size: int
    signed: bool = False

    def read(self, cursor: Cursor) -> int:
        """Read one integer."""
        return int.from_bytes(cursor.take(self.size), "little", signed=self.signed)

    def write(self, value: int) -> bytes:
        """Return the integer's bytes."""
        return value.to_bytes(self.size, "little", signed=self.signed)


INT8, INT16, INT32, INT64, INT128 = (Integer(size, signed=True) for size in (1, 2, 4, 8, 16))
UINT8, UINT16, UINT32, UINT64, UINT128 = (Integer(size) for size in (1, 2, 4, 8, 16))


@dataclass(frozen=True, slots=True)
class Array:
    """A u32 count and that many integers."""

    element: Integer

    def read(self, cursor: Cursor) -> tuple[int, ...]:
        """Read all elements. Raises ProtocolError for more than are there, or than is sensible."""
        count = UINT32.read(cursor)
        if count > MAX_ELEMENTS:
            raise ProtocolError(f"an array of {count} elements")
        return unpack_integers(cursor.take(count * self.element.size), self.element)

    def write(self, values: tuple[int, ...]) -> bytes:
        """Return count and elements."""
        return UINT32.write(len(values)) + b"".join(map(self.element.write, values))


class String:
    """A u8 count of UTF-16 units, their final zero included; then the units. Empty is one zero.

    Devices leave the final zero out, put rubbish after it, or count past the end of the data: what
    is there up to the first zero is the string, and a string that is missing altogether is empty.
    """

    def read(self, cursor: Cursor) -> str:
        """Read a string."""
        if not cursor.remaining:
            return ""
        return decode_utf16(cursor.take_up_to(2 * UINT8.read(cursor)))

    def write(self, value: str) -> bytes:
        """Return the string's bytes. Raises Misuse when it is too long for PTP."""
        if not value:
            return b"\0"
        units = encode_utf16(value)
        if len(units) > 2 * MAX_STRING:
            raise Misuse(f"a PTP string of {len(units) // 2} units")
        return UINT8.write(len(units) // 2) + units


STRING = String()


class DateTime:
    """A string YYYYMMDDThhmmss, then perhaps tenths .s, then perhaps a zone Z or +hhmm.

    Read as a datetime, naive where the device names no zone: its own local time. An empty string
    and nonsense, such as a month 0, are None.
    """

    def read(self, cursor: Cursor) -> datetime | None:
        """Read a date-time."""
        return parse_date_time(STRING.read(cursor))

    def write(self, value: datetime | None) -> bytes:
        """Return the date-time's bytes; tenths only where there are some."""
        return STRING.write("" if value is None else format_date_time(value))


DATE_TIME = DateTime()


@dataclass(frozen=True, slots=True)
class Structure:
    """The base of what is declared field by field: each field Annotated with its DataType."""

    @classmethod
    def decode(cls, data: Bytes) -> Self:
        """Read the fields in order; bytes after the last one are a later version's, and ignored.

        Raises ProtocolError when the data end before the fields do.
        """
        cursor = Cursor(data)
        return cls(**{field.name: field.read(cursor) for field in fields_of(cls)})

    def encode(self) -> bytes:
        """Return the fields' bytes in order."""
        return b"".join(self.parts())

    def parts(self) -> list[Bytes]:
        """Return each field's bytes, for who has more to put before them."""
        return [field.datatype.write(getattr(self, field.name)) for field in fields_of(type(self))]


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field: its name, how it lies in bytes, and whose table names its numbers."""

    name: str
    datatype: DataType[Any]
    table: type[Code] | None

    def read(self, cursor: Cursor) -> object:
        """Read the field's value, numbers named."""
        value = self.datatype.read(cursor)
        if self.table is None:
            return value
        return tuple(map(self.table, value)) if isinstance(value, tuple) else self.table(value)


def fields_of(structure: type[Structure]) -> tuple[Field, ...]:
    """The declared fields of a structure, in the order of its document."""
    if structure not in _FIELDS:
        hints = get_type_hints(structure, include_extras=True)
        _FIELDS[structure] = tuple(
            _field(field.name, hints[field.name]) for field in fields(structure)
        )
    return _FIELDS[structure]


# Declarations are read once: to look at type hints is slow, and a card has thousands of objects.
_FIELDS: Final[dict[type[Structure], tuple[Field, ...]]] = {}


def _field(name: str, hint: Any) -> Field:
    kind, datatype = get_args(hint)
    if get_origin(kind) is tuple:
        kind = get_args(kind)[0]
    named = isinstance(kind, type) and issubclass(kind, Code)
    return Field(name, datatype, kind if named else None)


def unpack_integers(data: memoryview, element: Integer) -> tuple[int, ...]:
    """The integers that data holds, one after the other, without a remainder."""
    count = len(data) // element.size
    letter = {1: "b", 2: "h", 4: "i", 8: "q"}.get(element.size)
    if letter is None:
        cursor = Cursor(data)
        return tuple(element.read(cursor) for _ in range(count))
    return struct.unpack(f"<{count}{letter if element.signed else letter.upper()}", data)


def decode_utf16(units: Bytes) -> str:
    """The characters before the first zero; what is no character becomes U+FFFD."""
    return bytes(units).decode("utf-16-le", "replace").partition("\0")[0]


def encode_utf16(text: str) -> bytes:
    """The characters and a final zero."""
    return f"{text}\0".encode("utf-16-le", "replace")


_DATE_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(?:\.(\d)\d*)?(Z|[+-]\d{4})?", re.ASCII
)


def parse_date_time(text: str) -> datetime | None:
    """Read a PTP date-time; None for what is no date."""
    match = _DATE_TIME.fullmatch(text.strip())
    if match is None:
        return None
    *digits, tenths, zone = match.groups()
    year, month, day, hour, minute, second = map(int, digits)
    microsecond = int(tenths or 0) * 100_000
    try:
        return datetime(
            year, month, day, hour, minute, second, microsecond, tzinfo=_parse_zone(zone)
        )
    except ValueError:
        return None


def format_date_time(value: datetime) -> str:
    """Write a PTP date-time: tenths where there are some, the zone where there is one."""
    tenths = f".{value.microsecond // 100_000}" if value.microsecond else ""
    zone = "Z" if value.tzinfo is UTC else f"{value:%z}"
    return f"{value.year:04}{value:%m%dT%H%M%S}{tenths}{zone}"


def _parse_zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    return timezone(-offset if text[0] == "-" else offset)
