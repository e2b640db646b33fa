"""Camera values below zero on their way: what is still missing once a parameter stands still.

Section 9 reads a sign as "relative", so such a value is reached by a difference. From where the
unit counts it, the place or the target, is open while the parameter moves, so only where it stands
still can be seen what is left to be done. No clock inside: now is handed in.
"""

from dataclasses import dataclass
from typing import Final

from .messages import Subunit
from .status import CameraStatus, Parameter

#: Two equal readings so far apart, in seconds, and it stands: a motor starts and stops slower than
#: a unit answers. A little less than half a second, as often as one asks while something moves.
STILL: Final = 0.4

#: Section 9: a difference may miss its target; so often it is mended.
CORRECTIONS: Final = 2

#: What has not come to rest after so many seconds is moved by somebody else.
PATIENCE: Final = 60.0

#: Section 9: "some meaningful small amount": so many of them are a whole range, about.
STEPS_IN_A_RANGE: Final = 50


@dataclass(slots=True)
class _Aim:
    value: float
    first: Parameter
    until: float
    corrections: int = CORRECTIONS
    #: The last reading, and since when it is the same.
    seen: float | None = None
    since: float = 0.0


class Aims:
    """The values that parameters are to come to by differences."""

    def __init__(self) -> None:
        """Begin with none."""
        self._aims: dict[tuple[Subunit, str], _Aim] = {}

    def has(self, subunit: Subunit) -> bool:
        """Whether any parameter of a camera is still being looked after."""
        return any(camera == subunit for camera, _ in self._aims)

    def set(self, subunit: Subunit, first: Parameter, value: float, now: float) -> None:
        """Look after a parameter, which was sent to value from what was first read."""
        self._aims[subunit, first.name] = _Aim(value, first, now + PATIENCE)

    def forget(self, subunit: Subunit, name: str) -> None:
        """Another order has taken the place of this one."""
        self._aims.pop((subunit, name), None)

    def missing(self, subunit: Subunit, status: CameraStatus, now: float) -> dict[str, float]:
        """The differences that a reading calls for, by parameter."""
        found = {}
        for (camera, name), aim in list(self._aims.items()):
            if camera != subunit:
                continue
            parameter = status.parameters.get(name)
            if parameter is None or parameter.current is None or now > aim.until:
                self.forget(camera, name)
            elif _stands(aim, parameter.current, now):
                difference = aim.value - parameter.current
                if aim.corrections and abs(difference) > _precision(aim.first, parameter):
                    aim.corrections, aim.seen = aim.corrections - 1, None
                    found[name] = difference
                else:
                    self.forget(camera, name)
        return found


def _stands(aim: _Aim, current: float, now: float) -> bool:
    if aim.seen != current:
        aim.seen, aim.since = current, now
    return now - aim.since >= STILL


def _precision(first: Parameter, now: Parameter) -> float:
    """How near is near enough: what the coarser of two readings tells apart.

    A reading without decimals in a small range is no excuse: a small step of the unit is the most.
    """
    coarse = 10.0 ** -min(first.decimals, now.decimals)
    if now.minimum is None or now.maximum is None:
        return coarse
    return max(min(coarse, (now.maximum - now.minimum) / STEPS_IN_A_RANGE), 10.0**-now.decimals)
