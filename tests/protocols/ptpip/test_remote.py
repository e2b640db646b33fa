"""Battery and clock, however a camera counts."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import override

import pytest

from custom_components.crcp.protocols.ptpip.codes import (
    DevicePropCode,
    OperationCode,
    ResponseCode,
)
from custom_components.crcp.protocols.ptpip.datasets import DeviceInfo
from custom_components.crcp.protocols.ptpip.datatypes import Bytes
from custom_components.crcp.protocols.ptpip.errors import (
    Busy,
    ProtocolError,
    PtpIpError,
    Refused,
)
from custom_components.crcp.protocols.ptpip.operations import Answer, Expect, Operations, Write
from custom_components.crcp.protocols.ptpip.packets import OperationResponse
from custom_components.crcp.protocols.ptpip.properties import (
    DataTypeCode,
    DevicePropDesc,
    Enumeration,
    Form,
    Range,
)
from custom_components.crcp.protocols.ptpip.remote import (
    battery_level,
    describe_properties,
    set_clock,
)

INFO = DeviceInfo(
    operations_supported=(OperationCode.GET_DEVICE_PROP_DESC,),
    device_properties_supported=(DevicePropCode.BATTERY_LEVEL, DevicePropCode.DATE_TIME),
)


@dataclass
class Paper(Operations):
    """A camera on paper with one property."""

    described: DevicePropDesc
    sent: list[tuple[tuple[int, ...], Bytes]] = field(default_factory=list)

    @override
    async def pause(self) -> None:
        pass

    @override
    async def transact(
        self,
        operation: OperationCode,
        *parameters: int,
        data: Bytes | None = None,
        write: Write | None = None,
        expect: Expect | None = None,
    ) -> Answer:
        if data is not None:
            self.sent.append(((operation, *parameters), data))
        if write:
            await write(memoryview(self.described.encode()))
        return Answer(OperationResponse(ResponseCode.OK, 1), 0)


def battery(current: int, form: Form) -> Paper:
    return Paper(
        DevicePropDesc(
            code=DevicePropCode.BATTERY_LEVEL,
            data_type=DataTypeCode.UINT8,
            default=0,
            current=current,
            form=form,
        )
    )


@pytest.mark.parametrize(
    ("current", "form", "percent"),
    [
        (80, Range(0, 100, 1), 80),
        (2, Range(0, 3, 1), 67),
        (50, Enumeration((0, 25, 50, 100)), 50),
        (2, Enumeration((0, 1, 2)), 100),
        (64, None, 64),
        (255, Range(0, 1, 1), 100),
        (0, Range(0, 0, 0), None),
    ],
)
async def test_a_battery_is_told_in_percent(current: int, form: Form, percent: int | None) -> None:
    assert await battery_level(battery(current, form), INFO) == percent


async def test_a_camera_that_does_not_list_its_battery_is_not_asked() -> None:
    assert await battery_level(battery(1, None), DeviceInfo()) is None
    assert await describe_properties(battery(1, None), DeviceInfo()) == {}


async def test_the_properties_that_have_names_are_described() -> None:
    paper = battery(1, None)
    assert set(await describe_properties(paper, INFO)) == set(INFO.device_properties_supported)


async def test_the_clock_is_set_to_the_second() -> None:
    paper = battery(1, None)
    assert await set_clock(paper, INFO, datetime(2026, 11, 21, 10, 30, 0, 999, UTC))
    ((asked, data),) = paper.sent
    assert asked == (0x1016, 0x5011)
    assert bytes(data) == b"\x10" + "20261121T103000\0".encode("utf-16-le")
    assert not await set_clock(paper, DeviceInfo(), datetime(2026, 11, 21, tzinfo=UTC))


class Silent(Paper):
    """A camera that lists what it does not describe."""

    error: PtpIpError

    @override
    async def transact(
        self,
        operation: OperationCode,
        *parameters: int,
        data: Bytes | None = None,
        write: Write | None = None,
        expect: Expect | None = None,
    ) -> Answer:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        Refused(ResponseCode.DEVICE_PROP_NOT_SUPPORTED),
        Refused(ResponseCode.GENERAL_ERROR),
        ProtocolError("a value of data type 0x7777"),
    ],
)
async def test_what_a_camera_lists_and_does_not_describe_is_left_out(error: PtpIpError) -> None:
    silent = Silent(battery(1, None).described)
    silent.error = error
    assert await describe_properties(silent, INFO) == {}
    assert await battery_level(silent, INFO) is None


async def test_a_busy_camera_is_not_one_without_a_battery() -> None:
    silent = Silent(battery(1, None).described)
    silent.error = Busy(ResponseCode.DEVICE_BUSY)
    with pytest.raises(Busy):
        await battery_level(silent, INFO)
