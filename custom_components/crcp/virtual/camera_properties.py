"""A virtual camera's properties: described, read, and set, with every form once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from ..protocols.ptpip.codes import DevicePropCode, EventCode, OperationCode, ResponseCode
from ..protocols.ptpip.datatypes import format_date_time, parse_date_time
from ..protocols.ptpip.errors import ProtocolError
from ..protocols.ptpip.packets import Event
from ..protocols.ptpip.properties import (
    DataTypeCode,
    DevicePropDesc,
    Enumeration,
    Range,
    Value,
    decode_value,
    encode_value,
)
from .camera_handlers import Handlers, Question, dataset
from .connection import Reply

PROPERTIES: Final = Handlers()

_P, _T = DevicePropCode, DataTypeCode


def standard_properties(now: datetime) -> Iterator[DevicePropDesc]:
    """What every camera has at first; now: its local time."""
    yield _describe(_P.BATTERY_LEVEL, _T.UINT8, 80, Range(0, 100, 20), writable=False)
    yield _describe(_P.DATE_TIME, _T.STRING, format_date_time(now))
    isos = Enumeration((100, 200, 400, 800, 1600))
    yield _describe(_P.EXPOSURE_INDEX, _T.UINT16, 200, isos)
    yield _describe(_P.EXPOSURE_BIAS_COMPENSATION, _T.INT16, 0, Range(-3000, 3000, 500))
    yield _describe(_P.WHITE_BALANCE, _T.UINT16, 2, Enumeration((2, 4, 6)))
    yield _describe(_P.F_NUMBER, _T.UINT16, 560, Enumeration((280, 400, 560, 800, 1100, 1600)))
    times = Enumeration((5, 10, 20, 40, 80, 166, 333, 5000, 10_000, 300_000))
    yield _describe(_P.EXPOSURE_TIME, _T.UINT32, 40, times)
    yield _describe(_P.EXPOSURE_PROGRAM_MODE, _T.UINT16, 3, writable=False)
    yield _describe(_P.FOCAL_LENGTH, _T.UINT32, 5000, writable=False)
    yield _describe(_P.ARTIST, _T.STRING, "")
    yield _describe(_P.COPYRIGHT_INFO, _T.STRING, "")


def _describe(
    code: DevicePropCode,
    data_type: DataTypeCode,
    value: Value,
    form: Range | Enumeration | None = None,
    *,
    writable: bool = True,
) -> DevicePropDesc:
    return DevicePropDesc(
        code=code, data_type=data_type, writable=writable, default=value, current=value, form=form
    )


def _found(question: Question) -> DevicePropDesc:
    described = question.camera.property(question.parameter(1))
    if described is None:
        raise question.refuse(ResponseCode.DEVICE_PROP_NOT_SUPPORTED)
    return described


@PROPERTIES.answer(OperationCode.GET_DEVICE_PROP_DESC)
async def _get_device_prop_desc(question: Question) -> Reply:
    return dataset(_found(question).encode())


@PROPERTIES.answer(OperationCode.GET_DEVICE_PROP_VALUE)
async def _get_device_prop_value(question: Question) -> Reply:
    described = _found(question)
    return dataset(encode_value(described.data_type, described.current))


@PROPERTIES.answer(OperationCode.SET_DEVICE_PROP_VALUE, takes_data=True)
async def _set_device_prop_value(question: Question) -> Reply:
    described = _found(question)
    if not described.writable:
        raise question.refuse(ResponseCode.ACCESS_DENIED)
    try:
        value = decode_value(described.data_type, question.brought)
    except ProtocolError:
        raise question.refuse(ResponseCode.INVALID_DEVICE_PROP_FORMAT) from None
    if not _may_be(described, value):
        raise question.refuse(ResponseCode.INVALID_DEVICE_PROP_VALUE)
    _set(question, replace(described, current=value))
    return Reply()


@PROPERTIES.answer(OperationCode.RESET_DEVICE_PROP_VALUE)
async def _reset_device_prop_value(question: Question) -> Reply:
    described = _found(question)
    _set(question, replace(described, current=described.default))
    return Reply()


def _set(question: Question, described: DevicePropDesc) -> None:
    question.camera.set_property(described)
    changed = Event(EventCode.DEVICE_PROP_CHANGED, parameters=(described.code,))
    question.camera.tell(changed, but=question.connection)


def _may_be(described: DevicePropDesc, value: Value) -> bool:
    """Whether a property's form allows a value."""
    if described.code == DevicePropCode.DATE_TIME:
        return isinstance(value, str) and parse_date_time(value) is not None
    match described.form:
        case Range(minimum, maximum, step):
            numbers = (value, minimum, maximum, step)
            if not all(isinstance(number, int) for number in numbers):
                return False
            at, low, high, by = (number for number in numbers if isinstance(number, int))
            return low <= at <= high and (at - low) % by == 0
        case Enumeration(values):
            return value in values
        case _:
            return True
