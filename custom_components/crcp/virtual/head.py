"""A camera head: parameters that travel to their targets with the clock (section 9)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.errors import Refused
from ..protocols.crcp.messages import AUTO, Amount, Setting, Step
from ..protocols.crcp.status import CameraStatus, Parameter

type Clock = Callable[[], float]

#: "some meaningful small amount": so many steps make up the whole range.
STEPS_IN_A_RANGE = 50


@dataclass(frozen=True, slots=True)
class Axis:
    """What a parameter can do: its range, its speed in its own units a second, its precision."""

    name: str
    minimum: float
    initial: float
    maximum: float
    rate: float
    decimals: int = 0
    has_auto: bool = False

    @property
    def step(self) -> float:
        """The small amount of "+" and "-": at least what the axis can tell apart."""
        return max((self.maximum - self.minimum) / STEPS_IN_A_RANGE, 10.0**-self.decimals)


#: A studio camera: motions in the order in which it applies them, then lens and sensor.
STUDIO_AXES = (
    Axis("PAN", 0, 170, 340, rate=60),
    Axis("TILT", 0, 90, 120, rate=40),
    Axis("ZOOM", 1, 1, 20, rate=5, decimals=1),
    Axis("FOCU", 0, 35.5, 100, rate=50, decimals=1, has_auto=True),
    Axis("IRIS", 0, 4, 16, rate=8, decimals=1, has_auto=True),
    Axis("WHIT", 2500, 4600, 9000, rate=4000, has_auto=True),
)


class Head:
    """A camera on its motors. Values change over time; targets are taken at once."""

    def __init__(self, clock: Clock, axes: Iterable[Axis] = STUDIO_AXES) -> None:
        """Stand still at the initial values."""
        self._drives = {axis.name: _Drive(axis, clock) for axis in axes}

    def set(self, name: str, setting: Setting) -> None:
        """Take a command. Raises Refused: 502 no such parameter here, 501 no automatic mode."""
        drive = self._drives.get(name)
        if drive is None:
            raise Refused(ReplyCode.NOT_IMPLEMENTED, "Command not implemented")
        drive.set(setting)

    def freeze(self) -> None:
        """Stop every motion where it is."""
        for drive in self._drives.values():
            drive.aim(drive.value)

    def status(self) -> CameraStatus:
        """What STAT CAMERA tells."""
        return CameraStatus({name: drive.parameter() for name, drive in self._drives.items()})


class _Drive:
    def __init__(self, axis: Axis, clock: Clock) -> None:
        self._axis = axis
        self._clock = clock
        self._automatic = False
        self._from = self._target = axis.initial
        self._since = clock()

    @property
    def value(self) -> float:
        travelled = self._axis.rate * (self._clock() - self._since)
        if self._target >= self._from:
            return min(self._from + travelled, self._target)
        return max(self._from - travelled, self._target)

    def set(self, setting: Setting) -> None:
        if setting is AUTO:
            if not self._axis.has_auto:
                raise Refused(ReplyCode.BAD_ARGUMENT, f"No automatic mode for {self._axis.name}")
            self._automatic = True
            return
        self._automatic = False
        self.aim(self._wanted(setting))

    def aim(self, target: float) -> None:
        self._from, self._since = self.value, self._clock()
        self._target = min(max(target, self._axis.minimum), self._axis.maximum)

    def _wanted(self, setting: Amount | Step) -> float:
        match setting:
            case Step(direction):
                return self._target + direction * self._axis.step
            case Amount(value, relative=False):
                return value
            case Amount(0.0):
                # "+0" is the only way to stop a motion: the target becomes what is measured.
                return self.value
            case Amount(value):
                return self._target + value

    def parameter(self) -> Parameter:
        axis = self._axis
        return Parameter(
            name=axis.name,
            word=axis.name,
            minimum=axis.minimum,
            current=round(self.value, axis.decimals),
            maximum=axis.maximum,
            automatic=self._automatic if axis.has_auto else None,
            decimals=axis.decimals,
        )
