"""What people want of a camera beside its pictures: how full its battery is, what time it shows."""

from contextlib import suppress
from datetime import datetime
from typing import Final

from .codes import DevicePropCode, OperationCode
from .datasets import DeviceInfo
from .datatypes import format_date_time
from .errors import Busy, ProtocolError, Refused
from .operations import Operations
from .properties import DataTypeCode, DevicePropDesc, Enumeration, Range

#: In percent.
FULL: Final = 100


async def describe_properties(
    operations: Operations, info: DeviceInfo
) -> dict[DevicePropCode, DevicePropDesc]:
    """Describe the properties that the camera lists and the standard or MTP names.

    Cameras list properties that they do not describe, or not sensibly: those are left out.
    """
    described = {}
    if OperationCode.GET_DEVICE_PROP_DESC in info.operations_supported:
        for code in info.device_properties_supported:
            if code.known:
                with suppress(Refused, ProtocolError):
                    described[code] = await operations.device_prop_desc(code)
    return described


async def battery_level(operations: Operations, info: DeviceInfo) -> int | None:
    """Ask for the battery's charge in percent; None where the camera does not say."""
    if not has_property(info, DevicePropCode.BATTERY_LEVEL):
        return None
    try:
        battery = await operations.device_prop_desc(DevicePropCode.BATTERY_LEVEL)
    except Busy:
        raise
    except Refused, ProtocolError:
        return None
    if not isinstance(battery.current, int):
        return None
    most = _most(battery)
    # Some hold a value that their own form does not allow: more than full is full.
    return min(max(round(FULL * battery.current / most), 0), FULL) if most else None


async def set_clock(operations: Operations, info: DeviceInfo, now: datetime) -> bool:
    """Set the camera's clock to the second; whether it has one that can be set.

    now: naive or not, it is written without a zone, as the camera's local time.
    """
    if not has_property(info, DevicePropCode.DATE_TIME):
        return False
    text = format_date_time(now.replace(microsecond=0, tzinfo=None))
    code = DevicePropCode.DATE_TIME
    await operations.set_device_prop_value(code, DataTypeCode.STRING, text)
    return True


def has_property(info: DeviceInfo, code: DevicePropCode) -> bool:
    """Whether a camera lists a property and lets it be asked for."""
    asks = OperationCode.GET_DEVICE_PROP_DESC in info.operations_supported
    return asks and code in info.device_properties_supported


def _most(battery: DevicePropDesc) -> int:
    """The value of a full battery: cameras count to 100, or in steps."""
    match battery.form:
        case Range(_, int(maximum), _):
            return maximum
        case Enumeration(values):
            return max((value for value in values if isinstance(value, int)), default=FULL)
        case _:
            return FULL
