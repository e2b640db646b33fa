"""PTP's datatypes: what devices write, whatever they write, and where a promise is not kept."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.protocols.ptpip.datatypes import (
    DATE_TIME,
    INT8,
    INT16,
    STRING,
    UINT16,
    UINT32,
    UINT64,
    UINT128,
    Array,
    Cursor,
    DataType,
)
from custom_components.crcp.protocols.ptpip.errors import Misuse, ProtocolError


def read[T](datatype: DataType[T], digits: str) -> T:
    return datatype.read(Cursor(bytes.fromhex(digits)))


@pytest.mark.parametrize(
    ("datatype", "digits", "value"),
    [
        (INT8, "ff", -1),
        (INT16, "00 80", -0x8000),
        (UINT16, "01 38", 0x3801),
        (UINT32, "01 00 01 00", 0x00010001),
        (UINT64, "00000000 01000000", 1 << 32),
        (UINT128, "01" + 15 * "00", 1),
        (Array(UINT16), "02000000 0110 0210", (0x1001, 0x1002)),
        (Array(INT8), "02000000 ff01", (-1, 1)),
        (Array(UINT128), "01000000 ff" + 15 * "00", (255,)),
        (Array(UINT32), "00000000", ()),
        (STRING, "00", ""),
        (STRING, "02 4100 0000", "A"),
        (STRING, "02 e400 0000", "ä"),
        (STRING, "03 3dd8 f7dc 0000", "📷"),
        (DATE_TIME, "00", None),
    ],
)
def test_a_value_is_written_and_read(
    datatype: DataType[object], digits: str, value: object
) -> None:
    assert read(datatype, digits) == value
    assert datatype.write(value) == bytes.fromhex(digits)


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("01 4100", "A"),  # the final zero is missing
        ("04 4100 0000 5858 5858", "A"),  # rubbish after the zero
        ("ff 4100 4200", "AB"),  # counts beyond the end of the data
        ("ff 4100 42", "A\ufffd"),  # and ends in the middle of a unit
        ("02 00d8 0000", "\ufffd"),  # half of a pair of units
        ("", ""),  # not there at all
    ],
)
def test_a_device_may_be_careless_with_strings(digits: str, text: str) -> None:
    assert read(STRING, digits) == text


def test_a_careless_string_takes_its_own_bytes_and_no_more() -> None:
    cursor = Cursor(bytes.fromhex("04 4100 0000 5858 5858 0138"))
    assert (STRING.read(cursor), UINT16.read(cursor)) == ("A", 0x3801)


@pytest.mark.parametrize(
    ("datatype", "digits"),
    [
        (UINT32, "010000"),
        (UINT64, ""),
        (Array(UINT16), "02000000 0110 02"),
        (Array(UINT32), "ffffffff 00000000"),
        (Array(UINT16), "0200"),
    ],
)
def test_a_promise_that_the_data_do_not_keep(datatype: DataType[object], digits: str) -> None:
    with pytest.raises(ProtocolError):
        read(datatype, digits)


def test_a_string_that_ptp_cannot_hold_is_misuse() -> None:
    assert len(STRING.write(254 * "x")) == 1 + 2 * 255
    with pytest.raises(Misuse):
        STRING.write(255 * "x")


MORNING = datetime(2026, 11, 21, 7, 12, 24)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20261121T071224", MORNING),
        ("20261121T071224.0", MORNING),
        ("20261121T071224.5", MORNING.replace(microsecond=500_000)),
        ("20261121T071224.531", MORNING.replace(microsecond=500_000)),
        ("20261121T071224Z", MORNING.replace(tzinfo=UTC)),
        ("20261121T071224.0Z", MORNING.replace(tzinfo=UTC)),
        ("20261121T071224+0530", MORNING.replace(tzinfo=timezone(timedelta(minutes=330)))),
        ("20261121T071224-0100", MORNING.replace(tzinfo=timezone(-timedelta(hours=1)))),
        (" 20261121T071224 ", MORNING),
        ("", None),
        ("00000000T000000", None),
        ("20260021T071224", None),
        ("20260230T071224", None),
        ("20261121T256161", None),
        ("20261121T071224+9900", None),
        ("20261121", None),
        ("2026-11-21T07:12:24", None),
        ("\uff12\uff10\uff12\uff161121T071224", None),  # digits, but not PTP's
    ],
)
def test_a_date_time_is_a_date_or_nothing(text: str, value: datetime | None) -> None:
    assert DATE_TIME.read(Cursor(STRING.write(text))) == value


@pytest.mark.parametrize(
    "text",
    ["20261121T071224", "20261121T071224.5", "20261121T071224Z", "20261121T071224+0530"],
)
def test_a_date_time_is_written_as_it_was_read(text: str) -> None:
    data = STRING.write(text)
    assert DATE_TIME.write(DATE_TIME.read(Cursor(data))) == data


@given(st.binary(), st.sampled_from([STRING, DATE_TIME, Array(UINT16), Array(UINT64), UINT128]))
def test_any_bytes_give_a_value_or_a_protocol_error(
    data: bytes, datatype: DataType[object]
) -> None:
    try:
        datatype.read(Cursor(data))
    except ProtocolError:
        return


@given(st.datetimes())
def test_any_date_time_comes_back_to_the_tenth(value: datetime) -> None:
    tenths = value.replace(microsecond=value.microsecond // 100_000 * 100_000)
    assert DATE_TIME.read(Cursor(DATE_TIME.write(value))) == tenths
