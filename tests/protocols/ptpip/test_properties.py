"""Properties against golden bytes, both ways: every type and every form."""

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.protocols.ptpip.codes import DevicePropCode
from custom_components.crcp.protocols.ptpip.errors import ProtocolError
from custom_components.crcp.protocols.ptpip.properties import (
    ARRAY_OF,
    DataTypeCode,
    DevicePropDesc,
    Enumeration,
    FixedLength,
    FormFlag,
    ObjectProp,
    ObjectPropCode,
    ObjectPropDesc,
    Range,
    RegularExpression,
    Value,
    decode_object_prop_list,
    decode_value,
    encode_object_prop_list,
    encode_value,
    read_object_prop_list,
)

from .golden import golden

GOLDEN = golden("properties")

DEVICE: dict[str, DevicePropDesc] = {
    "no form": DevicePropDesc(
        code=DevicePropCode.FUNCTIONAL_MODE, data_type=DataTypeCode.UINT16, default=0, current=1
    ),
    "range": DevicePropDesc(
        code=DevicePropCode.BATTERY_LEVEL,
        data_type=DataTypeCode.UINT8,
        default=100,
        current=50,
        form=Range(0, 100, 10),
    ),
    "enumeration": DevicePropDesc(
        code=DevicePropCode.IMAGE_SIZE,
        data_type=DataTypeCode.STRING,
        writable=True,
        default="2x1",
        current="4x3",
        form=Enumeration(("2x1", "4x3")),
    ),
    "signed range": DevicePropDesc(
        code=DevicePropCode.EXPOSURE_BIAS_COMPENSATION,
        data_type=DataTypeCode.INT16,
        writable=True,
        default=0,
        current=-1000,
        form=Range(-3000, 3000, 500),
    ),
    "array": DevicePropDesc(
        code=DevicePropCode(0xD134),
        data_type=DataTypeCode(0x4004),
        default=(),
        current=(1, 2),
    ),
}

OBJECT: dict[str, ObjectPropDesc] = {
    "object size": ObjectPropDesc(
        code=ObjectPropCode.OBJECT_SIZE, data_type=DataTypeCode.UINT64, default=0
    ),
    "date created": ObjectPropDesc(
        code=ObjectPropCode.DATE_CREATED,
        data_type=DataTypeCode.STRING,
        default="",
        form=RegularExpression(FormFlag.DATE_TIME),
    ),
}

LIST = [
    ObjectProp(0x10000003, ObjectPropCode.OBJECT_SIZE, DataTypeCode.UINT64, 5 << 30),
    ObjectProp(0x10000003, ObjectPropCode.OBJECT_FILE_NAME, DataTypeCode.STRING, "A.JP"),
]


@pytest.mark.parametrize("name", DEVICE)
def test_a_device_property_is_as_the_standard_has_it(name: str) -> None:
    assert DEVICE[name].encode().hex(" ") == GOLDEN[name].hex(" ")
    assert DevicePropDesc.decode(GOLDEN[name]) == DEVICE[name]


@pytest.mark.parametrize("name", OBJECT)
def test_an_object_property_is_as_the_standard_has_it(name: str) -> None:
    assert OBJECT[name].encode().hex(" ") == GOLDEN[name].hex(" ")
    assert ObjectPropDesc.decode(GOLDEN[name]) == OBJECT[name]


def test_a_list_of_properties_is_as_the_standard_has_it() -> None:
    assert encode_object_prop_list(LIST).hex(" ") == GOLDEN["list"].hex(" ")
    assert decode_object_prop_list(GOLDEN["list"]) == LIST


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (FixedLength(FormFlag.FIXED_LENGTH_ARRAY, 7), "04 0700"),
        (FixedLength(FormFlag.BYTE_ARRAY, 9), "06 09000000"),
        (FixedLength(FormFlag.LONG_STRING, 9), "ff 09000000"),
        (RegularExpression(FormFlag.REGULAR_EXPRESSION, "a"), "05 02 6100 0000"),
        (None, "63"),  # a form of a later version
        (None, ""),  # none at all
    ],
)
def test_a_form_of_mtp(form: FixedLength | RegularExpression | None, data: str) -> None:
    frame = GOLDEN["object size"][:-1] + bytes.fromhex(data)
    assert ObjectPropDesc.decode(frame).form == form
    if form:
        described = ObjectPropDesc(
            code=ObjectPropCode.OBJECT_SIZE, data_type=DataTypeCode.UINT64, default=0, form=form
        )
        assert described.encode() == frame


@pytest.mark.parametrize(
    ("data_type", "value", "data"),
    [
        (DataTypeCode.INT8, -1, "ff"),
        (DataTypeCode.UINT16, 0x1234, "3412"),
        (DataTypeCode.INT32, -2, "feffffff"),
        (DataTypeCode.UINT64, 1 << 40, "0000000000010000"),
        (DataTypeCode.INT128, -1, 16 * "ff"),
        (DataTypeCode.UINT128, 1, "01" + 15 * "00"),
        (DataTypeCode.STRING, "A", "02 4100 0000"),
        (DataTypeCode.UINT128 + ARRAY_OF, (1,), "01000000 01" + 15 * "00"),
        (DataTypeCode.INT8 + ARRAY_OF, (-1, 1), "02000000 ff01"),
    ],
)
def test_a_value_of_each_type(data_type: int, value: Value, data: str) -> None:
    assert encode_value(data_type, value) == bytes.fromhex(data)
    assert decode_value(data_type, bytes.fromhex(data)) == value


@pytest.mark.parametrize("data_type", [0, 0x000B, 0x4000, 0x400B, 0xFFFE])
def test_a_type_that_nobody_knows_is_the_devices_fault(data_type: int) -> None:
    with pytest.raises(ProtocolError):
        decode_value(data_type, bytes(100))


@pytest.mark.parametrize(
    "data",
    [
        "ffffffff",  # 4294967295 elements and none there
        "01000000 03000010 04dc 0800",  # an element without its value
        "0150 0200 00 64 32 02 ffff 01",  # an enumeration of 65535 with one
    ],
)
def test_counts_that_lie_are_the_devices_fault(data: str) -> None:
    frame = bytes.fromhex(data)
    with pytest.raises(ProtocolError):
        (DevicePropDesc.decode if frame[0] == 1 and frame[1] == 0x50 else decode_object_prop_list)(
            frame
        )


@given(st.binary())
def test_any_bytes_give_a_property_or_a_protocol_error(data: bytes) -> None:
    for decode in (DevicePropDesc.decode, ObjectPropDesc.decode, decode_object_prop_list):
        try:
            decode(data)
        except ProtocolError:
            continue


def test_a_list_that_cannot_be_whole_is_not_begun() -> None:
    one = bytes.fromhex("01000000 04dc 0200 07")
    assert next(read_object_prop_list(bytes.fromhex("01000000") + one)).value == 7
    with pytest.raises(ProtocolError):
        next(read_object_prop_list(bytes.fromhex("03000000") + one + one))


def test_numbers_below_zero_of_each_size() -> None:
    for data_type, size in ((1, 1), (3, 2), (5, 4), (7, 8), (9, 16)):
        assert decode_value(data_type, b"\xfe" + b"\xff" * (size - 1)) == -2
        assert decode_value(data_type + 1, b"\xfe" + b"\xff" * (size - 1)) == (1 << 8 * size) - 2
