"""Values that say their own type: properties of a device (PTP clause 13) and of objects (MTP)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from .codes import Code, DevicePropCode
from .datatypes import (
    INT8,
    INT16,
    INT32,
    INT64,
    INT128,
    STRING,
    UINT8,
    UINT16,
    UINT32,
    UINT64,
    UINT128,
    Array,
    Bytes,
    Cursor,
    DataType,
    Integer,
)
from .errors import ProtocolError

#: An integer, a string, or an array of integers; which of them, the data type says.
type Value = int | str | tuple[int, ...]


class DataTypeCode(Code):
    """The numbers of the datatypes (PTP clause 5.3); 0x4000 is added for an array of one."""

    UNDEFINED = 0
    INT8 = 1
    UINT8 = 2
    INT16 = 3
    UINT16 = 4
    INT32 = 5
    UINT32 = 6
    INT64 = 7
    UINT64 = 8
    INT128 = 9
    UINT128 = 0xA
    STRING = 0xFFFF


ARRAY_OF: Final = 0x4000

_INTEGERS: Final[dict[int, Integer]] = {
    DataTypeCode.INT8: INT8,
    DataTypeCode.UINT8: UINT8,
    DataTypeCode.INT16: INT16,
    DataTypeCode.UINT16: UINT16,
    DataTypeCode.INT32: INT32,
    DataTypeCode.UINT32: UINT32,
    DataTypeCode.INT64: INT64,
    DataTypeCode.UINT64: UINT64,
    DataTypeCode.INT128: INT128,
    DataTypeCode.UINT128: UINT128,
}


def datatype_of(code: int) -> DataType[Any]:
    """How values of a data type lie in bytes. Raises ProtocolError for a type nobody knows."""
    if code == DataTypeCode.STRING:
        return STRING
    if code in _INTEGERS:
        return _INTEGERS[code]
    if code & ARRAY_OF and code - ARRAY_OF in _INTEGERS:
        return Array(_INTEGERS[code - ARRAY_OF])
    raise ProtocolError(f"a value of data type 0x{code:04X}")


def decode_value(data_type: int, data: Bytes) -> Value:
    """Read the value that data is."""
    value: Value = datatype_of(data_type).read(Cursor(data))
    return value


def encode_value(data_type: int, value: Value) -> bytes:
    """Return a value's bytes."""
    return bytes(datatype_of(data_type).write(value))


class FormFlag(Code):
    """Which values a property can have; from 3 on, MTP's, of objects."""

    NONE = 0
    RANGE = 1
    ENUMERATION = 2
    DATE_TIME = 3
    FIXED_LENGTH_ARRAY = 4
    REGULAR_EXPRESSION = 5
    BYTE_ARRAY = 6
    LONG_STRING = 0xFF


@dataclass(frozen=True, slots=True)
class Range:
    """From minimum to maximum, both included, in steps."""

    minimum: Value
    maximum: Value
    step: Value


@dataclass(frozen=True, slots=True)
class Enumeration:
    """One of these."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class FixedLength:
    """An array of so many elements, or a text or blob of at most so many (forms 4, 6 and 0xFF)."""

    flag: FormFlag
    length: int


@dataclass(frozen=True, slots=True)
class RegularExpression:
    """A text that matches this expression; empty for a date-time (form 3)."""

    flag: FormFlag
    expression: str = ""


type Form = Range | Enumeration | FixedLength | RegularExpression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicePropDesc:
    """A device property: its type, value and form (GetDevicePropDesc, PTP clause 13.3.3)."""

    code: DevicePropCode
    data_type: DataTypeCode
    writable: bool = False
    default: Value
    current: Value
    form: Form = None

    @classmethod
    def decode(cls, data: Bytes) -> DevicePropDesc:
        """Read the dataset. Raises ProtocolError."""
        cursor = Cursor(data)
        code = DevicePropCode(UINT16.read(cursor))
        data_type = DataTypeCode(UINT16.read(cursor))
        values = datatype_of(data_type)
        return cls(
            code=code,
            data_type=data_type,
            writable=UINT8.read(cursor) != 0,
            default=values.read(cursor),
            current=values.read(cursor),
            form=_read_form(cursor, values),
        )

    def encode(self) -> bytes:
        """Return the dataset's bytes."""
        values = datatype_of(self.data_type)
        head = UINT16.write(self.code) + UINT16.write(self.data_type) + UINT8.write(self.writable)
        return b"".join(
            (head, values.write(self.default), values.write(self.current), _form(self.form, values))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPropDesc:
    """A property that objects of some format have (GetObjectPropDesc, MTP)."""

    code: ObjectPropCode
    data_type: DataTypeCode
    writable: bool = False
    default: Value
    group: int = 0
    form: Form = None

    @classmethod
    def decode(cls, data: Bytes) -> ObjectPropDesc:
        """Read the dataset. Raises ProtocolError."""
        cursor = Cursor(data)
        code = ObjectPropCode(UINT16.read(cursor))
        data_type = DataTypeCode(UINT16.read(cursor))
        values = datatype_of(data_type)
        return cls(
            code=code,
            data_type=data_type,
            writable=UINT8.read(cursor) != 0,
            default=values.read(cursor),
            group=UINT32.read(cursor),
            form=_read_form(cursor, values),
        )

    def encode(self) -> bytes:
        """Return the dataset's bytes."""
        values = datatype_of(self.data_type)
        head = UINT16.write(self.code) + UINT16.write(self.data_type) + UINT8.write(self.writable)
        default = bytes(values.write(self.default)) + UINT32.write(self.group)
        return head + default + _form(self.form, values)


class ObjectPropCode(Code):
    """What an MTP device tells about an object, one by one or in a list (MTP appendix B)."""

    STORAGE_ID = 0xDC01
    OBJECT_FORMAT = 0xDC02
    PROTECTION_STATUS = 0xDC03
    OBJECT_SIZE = 0xDC04
    ASSOCIATION_TYPE = 0xDC05
    ASSOCIATION_DESC = 0xDC06
    OBJECT_FILE_NAME = 0xDC07
    DATE_CREATED = 0xDC08
    DATE_MODIFIED = 0xDC09
    KEYWORDS = 0xDC0A
    PARENT_OBJECT = 0xDC0B
    HIDDEN = 0xDC0D
    PERSISTENT_UNIQUE_OBJECT_IDENTIFIER = 0xDC41
    NAME = 0xDC44
    DATE_ADDED = 0xDC4E
    PRODUCER_SERIAL_NUMBER = 0xDC51
    REPRESENTATIVE_SAMPLE_FORMAT = 0xDC81
    REPRESENTATIVE_SAMPLE_SIZE = 0xDC82
    REPRESENTATIVE_SAMPLE_HEIGHT = 0xDC83
    REPRESENTATIVE_SAMPLE_WIDTH = 0xDC84
    REPRESENTATIVE_SAMPLE_DURATION = 0xDC85
    REPRESENTATIVE_SAMPLE_DATA = 0xDC86
    WIDTH = 0xDC87
    HEIGHT = 0xDC88
    DURATION = 0xDC89
    RATING = 0xDC8A


#: In GetObjectPropList: every object, every property; depths of the object itself and of the tree.
ALL_OBJECTS: Final = 0xFFFFFFFF
ALL_PROPERTIES: Final = 0xFFFFFFFF
WHOLE_TREE: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class ObjectProp:
    """One element of an ObjectPropList."""

    handle: int
    code: ObjectPropCode
    data_type: DataTypeCode
    value: Value


#: Handle, property, data type, and the least that a value has.
_LEAST_ELEMENT: Final = 4 + 2 + 2 + 1


def decode_object_prop_list(data: Bytes) -> list[ObjectProp]:
    """Read an ObjectPropList; its count is bounded by the bytes that are there."""
    return list(read_object_prop_list(data))


def read_object_prop_list(data: Bytes) -> Iterator[ObjectProp]:
    """Read an ObjectPropList element by element: a full folder's has a hundred thousand."""
    cursor = Cursor(data)
    count = UINT32.read(cursor)
    if count * _LEAST_ELEMENT > cursor.remaining:
        raise ProtocolError(f"{count} properties in {cursor.remaining} bytes")
    for _ in range(count):
        yield _read_object_prop(cursor)


def encode_object_prop_list(elements: list[ObjectProp]) -> bytes:
    """Return an ObjectPropList's bytes."""
    parts = [UINT32.write(len(elements))]
    for element in elements:
        parts += [
            UINT32.write(element.handle),
            UINT16.write(element.code),
            UINT16.write(element.data_type),
            encode_value(element.data_type, element.value),
        ]
    return b"".join(parts)


def _read_object_prop(cursor: Cursor) -> ObjectProp:
    handle = UINT32.read(cursor)
    code = ObjectPropCode(UINT16.read(cursor))
    data_type = DataTypeCode(UINT16.read(cursor))
    return ObjectProp(handle, code, data_type, datatype_of(data_type).read(cursor))


def _read_form(cursor: Cursor, values: DataType[Any]) -> Form:
    """Read a form; one that was left out, or that nobody knows, is none."""
    flag = FormFlag(UINT8.read(cursor)) if cursor.remaining else FormFlag.NONE
    match flag:
        case FormFlag.RANGE:
            return Range(values.read(cursor), values.read(cursor), values.read(cursor))
        case FormFlag.ENUMERATION:
            return Enumeration(_read_enumeration(cursor, values))
        case FormFlag.FIXED_LENGTH_ARRAY:
            return FixedLength(flag, UINT16.read(cursor))
        case FormFlag.BYTE_ARRAY | FormFlag.LONG_STRING:
            return FixedLength(flag, UINT32.read(cursor))
        case FormFlag.DATE_TIME:
            return RegularExpression(flag)
        case FormFlag.REGULAR_EXPRESSION:
            return RegularExpression(flag, STRING.read(cursor))
        case _:
            return None


def _read_enumeration(cursor: Cursor, values: DataType[Any]) -> tuple[Value, ...]:
    """Read as many values as were counted; a string that is missing is none, not an empty one."""
    found: list[Value] = []
    for _ in range(UINT16.read(cursor)):
        if not cursor.remaining:
            raise ProtocolError("an enumeration that ends before its values do")
        found.append(values.read(cursor))
    return tuple(found)


def _form(form: Form, values: DataType[Any]) -> bytes:
    match form:
        case None:
            return UINT8.write(FormFlag.NONE)
        case Range(minimum, maximum, step):
            parts = [values.write(value) for value in (minimum, maximum, step)]
            return UINT8.write(FormFlag.RANGE) + b"".join(parts)
        case Enumeration(allowed):
            parts = [values.write(value) for value in allowed]
            head = UINT8.write(FormFlag.ENUMERATION) + UINT16.write(len(allowed))
            return head + b"".join(parts)
        case FixedLength(flag, length):
            size = UINT16 if flag == FormFlag.FIXED_LENGTH_ARRAY else UINT32
            return UINT8.write(flag) + size.write(length)
        case RegularExpression(flag, expression):
            text = STRING.write(expression) if flag == FormFlag.REGULAR_EXPRESSION else b""
            return UINT8.write(flag) + text
