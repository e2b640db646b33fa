"""How a camera is set for its next picture: what the numbers of its properties mean to a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isclose
from typing import Final

from .codes import DevicePropCode
from .errors import Misuse
from .properties import DevicePropDesc, Enumeration, Range, Value

#: More values than a dial or a menu has, and a longer name than a screen has room for; together
#: they stay below the 16 KiB that Home Assistant keeps of an entity.
MAX_CHOICES: Final = 128
MAX_CHOICE: Final = 40


class Setting(StrEnum):
    """What can be set, by the names of PTP clause 13."""

    IMAGE_SIZE = "image_size"
    WHITE_BALANCE = "white_balance"
    F_NUMBER = "f_number"
    FOCAL_LENGTH = "focal_length"
    FOCUS_MODE = "focus_mode"
    EXPOSURE_METERING_MODE = "exposure_metering_mode"
    FLASH_MODE = "flash_mode"
    EXPOSURE_TIME = "exposure_time"
    EXPOSURE_PROGRAM_MODE = "exposure_program_mode"
    EXPOSURE_INDEX = "exposure_index"
    EXPOSURE_BIAS_COMPENSATION = "exposure_bias_compensation"
    CAPTURE_DELAY = "capture_delay"
    STILL_CAPTURE_MODE = "still_capture_mode"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a property sets, and how its values are called.

    say: a value's name, plain and short. scale: by what a value is divided to be a number in the
    unit that people use; 0 where it is no number.
    """

    setting: Setting
    say: Callable[[int], str]
    scale: float = 0


@dataclass(frozen=True, slots=True)
class Control:
    """A setting as it is, and what it can be: a property, read with its meaning."""

    meaning: Meaning
    described: DevicePropDesc

    @property
    def setting(self) -> Setting:
        """What it sets."""
        return self.meaning.setting

    @property
    def writable(self) -> bool:
        """Whether the camera lets it be set; in some modes it does not."""
        return self.described.writable

    @property
    def choices(self) -> dict[str, Value]:
        """The names of the values it can have and the values; empty where it has a range.

        At most MAX_CHOICES.
        """
        if not isinstance(self.described.form, Enumeration):
            return {}
        choices: dict[str, Value] = {}
        for value in self.described.form.values[:MAX_CHOICES]:
            choices.setdefault(self._say(value), value)
        return choices

    @property
    def bounds(self) -> tuple[float, float, float] | None:
        """The least, the most and the step, in the unit that people use; None without a range."""
        match self.described.form:
            case Range(int(low), int(high), int(step)) if self.meaning.scale and low < high:
                scale = self.meaning.scale
                return low / scale, high / scale, (step or 1) / scale
            case _:
                return None

    @property
    def value(self) -> str | float:
        """What it is: a number where it has a range, else a name."""
        current = self.described.current
        if self.bounds and isinstance(current, int):
            return current / self.meaning.scale
        return self._say(current)

    def raw(self, value: str | float) -> Value:
        """The property's value that is meant by a name or a number. Raises Misuse for no such."""
        if isinstance(value, str):
            if value not in self.choices:
                raise Misuse(f"{self.setting} has no {value!r}")
            return self.choices[value]
        if not isinstance(self.described.form, Range):
            raise Misuse(f"{self.setting} is no number")
        low, step = self.described.form.minimum, self.described.form.step
        if not isinstance(low, int) or not isinstance(step, int):
            raise Misuse(f"{self.setting} is no number")
        step = step or 1
        return low + round((value * self.meaning.scale - low) / step) * step

    def _say(self, value: Value) -> str:
        return self.meaning.say(value) if isinstance(value, int) else str(value)[:MAX_CHOICE]


# -- how values are called -------------------------------------------------------------------------


def named(names: Mapping[int, str]) -> Callable[[int], str]:
    """Call values by a table; one that is not in it is a maker's own, and its number is its name."""
    return lambda value: names.get(value, f"0x{value:04x}")


def say_aperture(stops: float) -> str:
    """Call an aperture by its f-number."""
    return f"f/{stops:.2g}" if stops < 10 else f"f/{stops:.0f}"


#: Times as lenses and dials have them, below a second; what a camera counts lies beside them.
_FRACTIONS: Final = (
    *(2, 2.5, 3, 4, 5, 6, 8, 10, 13, 15, 20, 25, 30, 40, 50, 60, 80, 100, 125, 160, 200, 250, 320),
    *(400, 500, 640, 800, 1000, 1250, 1600, 2000, 2500, 3200, 4000, 5000, 6400, 8000, 16000, 32000),
)


def say_seconds(seconds: float) -> str:
    """Call an exposure time as a camera's screen does: 1/250 s, 0.5 s, 30 s."""
    if seconds <= 0:
        return "0 s"
    if seconds >= 0.3:
        return f"{seconds:.2g} s"
    part = next((each for each in _FRACTIONS if isclose(each * seconds, 1, rel_tol=0.05)), 0)
    return f"1/{part or round(1 / seconds)} s"


def say_stops(stops: float) -> str:
    """Call a compensation by its stops."""
    return f"{stops:+.1f}" if stops else "0"


def _say_f_number(value: int) -> str:
    return say_aperture(value / 100)


def _say_exposure_time(value: int) -> str:
    # Nikon's, at the upper end of 32 bits.
    special = {0xFFFFFFFF: "bulb", 0xFFFFFFFD: "time", 0xFFFFFFFE: "flash"}
    return special.get(value) or say_seconds(value / 10_000)


def _say_exposure_index(value: int) -> str:
    return "auto" if value == 0xFFFF else str(value)


def _say_milliseconds(value: int) -> str:
    return f"{value / 1000:g} s"


_P, _S = DevicePropCode, Setting

#: The standard's properties (PTP clause 13.4); makers count on from 0x8000.
STANDARD: Final[dict[int, Meaning]] = {
    _P.IMAGE_SIZE: Meaning(_S.IMAGE_SIZE, str),
    _P.WHITE_BALANCE: Meaning(
        _S.WHITE_BALANCE,
        named(
            {
                1: "manual",
                2: "auto",
                3: "one_push",
                4: "daylight",
                5: "fluorescent",
                6: "tungsten",
                7: "flash",
            }
        ),
    ),
    _P.F_NUMBER: Meaning(_S.F_NUMBER, _say_f_number, 100),
    _P.FOCAL_LENGTH: Meaning(_S.FOCAL_LENGTH, lambda value: f"{value / 100:g} mm", 100),
    _P.FOCUS_MODE: Meaning(_S.FOCUS_MODE, named({1: "manual", 2: "auto", 3: "macro"})),
    _P.EXPOSURE_METERING_MODE: Meaning(
        _S.EXPOSURE_METERING_MODE,
        named({1: "average", 2: "center_weighted", 3: "multi_spot", 4: "center_spot"}),
    ),
    _P.FLASH_MODE: Meaning(
        _S.FLASH_MODE,
        named(
            {
                1: "auto",
                2: "off",
                3: "fill",
                4: "red_eye_auto",
                5: "red_eye_fill",
                6: "external_sync",
            }
        ),
    ),
    _P.EXPOSURE_TIME: Meaning(_S.EXPOSURE_TIME, _say_exposure_time, 10_000),
    _P.EXPOSURE_PROGRAM_MODE: Meaning(
        _S.EXPOSURE_PROGRAM_MODE,
        named(
            {
                1: "manual",
                2: "program",
                3: "aperture_priority",
                4: "shutter_priority",
                5: "creative",
                6: "action",
                7: "portrait",
            }
        ),
    ),
    _P.EXPOSURE_INDEX: Meaning(_S.EXPOSURE_INDEX, _say_exposure_index, 1),
    _P.EXPOSURE_BIAS_COMPENSATION: Meaning(
        _S.EXPOSURE_BIAS_COMPENSATION, lambda value: say_stops(value / 1000), 1000
    ),
    _P.CAPTURE_DELAY: Meaning(_S.CAPTURE_DELAY, _say_milliseconds, 1000),
    _P.STILL_CAPTURE_MODE: Meaning(
        _S.STILL_CAPTURE_MODE, named({1: "single", 2: "burst", 3: "timelapse"})
    ),
}
