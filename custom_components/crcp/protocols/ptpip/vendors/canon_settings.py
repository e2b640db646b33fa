"""Canon EOS settings: values in eighths of a stop, told by GetEvent and set by an operation."""

from typing import Final

from ..codes import DevicePropCode
from ..datatypes import UINT32
from ..properties import DataTypeCode, DevicePropDesc, Enumeration
from ..settings import Meaning, Setting, named, say_aperture, say_seconds, say_stops

APERTURE: Final = 0xD101
SHUTTER_SPEED: Final = 0xD102
ISO_SPEED: Final = 0xD103
EXPOSURE_COMPENSATION: Final = 0xD104
WHITE_BALANCE: Final = 0xD109

#: Where the picture of live view goes; a set of bits, of which 2 is the computer.
EVF_OUTPUT_DEVICE: Final = 0xD1B0
EVF_TO_COMPUTER: Final = 2

#: More values than a list of any of these has.
MAX_VALUES: Final = 256

_BULB: Final = frozenset({0x04, 0x0C})

#: The names on lenses and dials are rounded, and not by any rule: apertures and times by thirds of
#: a stop, from f/1 and from one second on.
_APERTURES: Final = (
    *("1 1.1 1.2 1.4 1.6 1.8 2 2.2 2.5 2.8 3.2 3.5 4 4.5 5 5.6 6.3 7.1 8 9 10 11 13 14".split()),
    *("16 18 20 22 25 29 32 36 40 45 51 57 64 72 81 91".split()),
)
_TIMES: Final = (
    *(30, 25, 20, 15, 13, 10, 8, 6, 5, 4, 3.2, 2.5, 2, 1.6, 1.3, 1),
    *(0.8, 0.6, 0.5, 0.4, 0.3, 1 / 4, 1 / 5, 1 / 6, 1 / 8, 1 / 10, 1 / 13, 1 / 15, 1 / 20, 1 / 25),
    *(1 / 30, 1 / 40, 1 / 50, 1 / 60, 1 / 80, 1 / 100, 1 / 125, 1 / 160, 1 / 200, 1 / 250, 1 / 320),
    *(1 / 400, 1 / 500, 1 / 640, 1 / 800, 1 / 1000, 1 / 1250, 1 / 1600, 1 / 2000, 1 / 2500),
    *(1 / 3200, 1 / 4000, 1 / 5000, 1 / 6400, 1 / 8000),
)

#: The eighths that thirds of a stop are written as; 4 is half a stop.
_THIRDS: Final = {0: 0, 3: 1, 5: 2}


def _stops(value: int) -> float:
    """Whole and broken stops of a value in eighths."""
    return value // 8 + {3: 1 / 3, 4: 1 / 2, 5: 2 / 3}.get(value % 8, value % 8 / 8)


def _third(value: int) -> int | None:
    """How many thirds of a stop a value in eighths is; None for halves and what else there is."""
    third = _THIRDS.get(value % 8)
    return None if third is None else value // 8 * 3 + third


def _say_aperture(value: int) -> str:
    third = _third(value - 0x08)
    if third is not None and 0 <= third < len(_APERTURES):
        return f"f/{_APERTURES[third]}"
    return say_aperture(2.0 ** (_stops(value - 0x08) / 2)) if value else "auto"


def _say_shutter_speed(value: int) -> str:
    if value in _BULB:
        return "bulb"
    third = _third(value - 0x10)
    if third is not None and 0 <= third < len(_TIMES):
        return say_seconds(_TIMES[third])
    return say_seconds(2.0 ** -_stops(value - 0x38)) if value else "auto"


#: ISO speeds by thirds of a stop, from 50.
_SPEEDS: Final = (
    *(50, 64, 80, 100, 125, 160, 200, 250, 320, 400, 500, 640, 800, 1000, 1250, 1600, 2000, 2500),
    *(3200, 4000, 5000, 6400, 8000, 10000, 12800, 16000, 20000, 25600, 32000, 40000, 51200),
    *(64000, 80000, 102400),
)


def _say_iso_speed(value: int) -> str:
    if not value:
        return "auto"
    third = _third(value - 0x40)
    if third is not None and 0 <= third < len(_SPEEDS):
        return str(_SPEEDS[third])
    return str(round(50 * 2.0 ** _stops(value - 0x40)))


def _say_compensation(value: int) -> str:
    value &= 0xFF
    sign = -1 if value & 0x80 else 1
    return say_stops(sign * _stops(0x100 - value if sign < 0 else value))


_WHITE_BALANCES: Final = {
    0: "auto",
    1: "daylight",
    2: "cloudy",
    3: "tungsten",
    4: "fluorescent",
    5: "flash",
    6: "manual",
    8: "shade",
    9: "color_temperature",
    0x17: "auto_white",
}

SETTINGS: Final[dict[int, Meaning]] = {
    APERTURE: Meaning(Setting.F_NUMBER, _say_aperture),
    SHUTTER_SPEED: Meaning(Setting.EXPOSURE_TIME, _say_shutter_speed),
    ISO_SPEED: Meaning(Setting.EXPOSURE_INDEX, _say_iso_speed),
    EXPOSURE_COMPENSATION: Meaning(Setting.EXPOSURE_BIAS_COMPENSATION, _say_compensation),
    WHITE_BALANCE: Meaning(Setting.WHITE_BALANCE, named(_WHITE_BALANCES)),
}


def describe(code: int, value: int, allowed: tuple[int, ...]) -> DevicePropDesc:
    """Say in the standard's terms what GetEvent told; without a list, nothing can be set."""
    return DevicePropDesc(
        code=DevicePropCode(code),
        data_type=DataTypeCode.UINT32,
        writable=bool(allowed),
        default=value,
        current=value,
        form=Enumeration(allowed[:MAX_VALUES]) if allowed else None,
    )


def encode_value(code: int, value: int) -> bytes:
    """Return what SetDevicePropValueEx takes: { u32 size of it all, u32 property, value }."""
    return UINT32.write(3 * UINT32.size) + UINT32.write(code) + UINT32.write(value)
