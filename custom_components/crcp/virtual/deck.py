"""A tape deck's mechanism: a position that moves with the clock (section 8 of the draft)."""

from collections.abc import Callable
import math

from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.errors import Refused
from ..protocols.crcp.messages import Amount, Motion
from ..protocols.crcp.status import Bounds, TapeAbility, TapeStatus

type Clock = Callable[[], float]

#: "e.g. 5 for fast forward" (section 8).
WINDING_SPEED = 5.0

PLAY_SPEEDS = Bounds(-2, 2)
RECORD_SPEEDS = Bounds(1, 1)
WIND_SPEEDS = Bounds(-16, 16)


class Deck:
    """A tape and the motor that moves it.

    length: seconds that hold a recording; it grows when one runs past it, up to capacity.
    Positions are seconds from the start, speeds are signed, 1 is normal.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        length: float = 5400.0,
        capacity: float = 7200.0,
        play_speeds: Bounds = PLAY_SPEEDS,
        record_speeds: Bounds | None = RECORD_SPEEDS,
        wind_speeds: Bounds | None = WIND_SPEEDS,
        record_word: str = "RECO",
    ) -> None:
        """Insert a tape, wound to its start. A deck of no record_speeds, or wind_speeds, cannot."""
        self.writable = True
        self._clock = clock
        self._length = length
        self._capacity = capacity
        speeds = {"PLAY": play_speeds, "RECO": record_speeds, "FF": wind_speeds}
        self._speeds = {name: bounds for name, bounds in speeds.items() if bounds}
        self._record_word = record_word
        self._operation = "PAUS"
        #: What moved the tape last; it stays when the tape has come to its stop.
        self.last_operation = "PAUS"
        self._speed = 0.0
        self._stop = 0.0
        self._position = 0.0
        self._since = clock()

    @property
    def operation(self) -> str:
        """What the tape does now: PLAY, PAUS, RECO or FF."""
        self._settle()
        return self._operation

    @property
    def position(self) -> float:
        """Where the tape stands now, in seconds."""
        self._settle()
        return self._position

    @property
    def speed(self) -> float:
        """The signed speed of the motion under way, 0 while the tape stands."""
        self._settle()
        return self._speed

    def insert(self, length: float) -> None:
        """Put in another tape, wound to its start."""
        self._halt()
        self.last_operation = "PAUS"
        self._length, self._capacity = length, max(length, self._capacity)
        self._position, self._since = 0.0, self._clock()

    def play(self, motion: Motion) -> None:
        """Play; a speed of 0 is a still picture, which stands like PAUS.

        So does a speed in a direction that this deck does not know: it must not run the other way.
        """
        speed = 1.0 if motion.speed is None else motion.speed
        self._move("PLAY", _within(speed, self._speeds["PLAY"]), motion.stop)

    def record(self, motion: Motion) -> None:
        """Record over what is on the tape. Raises Refused 501, 502 or 550 where that cannot be."""
        self._check_ability("RECO")
        if not self.writable:
            raise Refused(ReplyCode.UNAVAILABLE, "The tape is write-protected")
        self._move("RECO", self._moving("RECO", motion.speed, 1.0), motion.stop)

    def wind(self, motion: Motion) -> None:
        """Wind forward, or backward with a negative speed. Raises Refused 502 or 501."""
        self._check_ability("FF")
        self._move("FF", self._moving("FF", motion.speed, WINDING_SPEED), motion.stop)

    def pause(self) -> None:
        """Stop at the present position."""
        self._settle()
        self.last_operation = "PAUS"
        self._halt()

    def status(self) -> TapeStatus:
        """What STAT TAPE tells."""
        self._settle()
        reach = {"PLAY": self._length, "RECO": self._capacity, "FF": self._length}
        abilities: dict[str, TapeAbility] = {
            name: TapeAbility(
                self._record_word if name == "RECO" else name,
                self._speeds.get(name),
                Bounds(0, reach[name]) if name in reach else None,
            )
            for name in ("PLAY", "PAUS", "RECO", "FF")
            if name in self._speeds or name == "PAUS"
        }
        operation = self._record_word if self.operation == "RECO" else self.operation
        return TapeStatus(operation, self.position, abilities)

    def _check_ability(self, name: str) -> None:
        if name not in self._speeds:
            raise Refused(ReplyCode.NOT_IMPLEMENTED, "Command not implemented")

    def _moving(self, name: str, speed: float | None, default: float) -> float:
        """The speed of what makes no sense without one. Raises Refused 501."""
        within = _within(default if speed is None else speed, self._speeds[name])
        if within == 0:
            raise Refused(ReplyCode.BAD_ARGUMENT, "That speed does not move the tape")
        return within

    # -- the mechanism -------------------------------------------------------------------------

    def _move(self, operation: str, speed: float, stop: Amount | None) -> None:
        self._settle()
        end = self._capacity if operation == "RECO" else self._length
        target = end if speed > 0 else 0.0
        if stop:
            wanted = self._position + stop.value if stop.relative else stop.value
            target = min(max(wanted, 0.0), end)
            behind = (wanted - self._position) * speed <= 0
            target = self._position if behind else target
        self._operation, self._speed, self._stop = operation, speed, target
        self.last_operation = operation
        if speed == 0 or target == self._position:
            self._halt()

    def _settle(self) -> None:
        """Bring the position up to now, and stop where the motion was to stop."""
        now = self._clock()
        elapsed, self._since = now - self._since, now
        if not self._speed:
            return
        moved = self._position + self._speed * elapsed
        arrived = (self._stop - moved) * self._speed <= 0
        self._position = self._stop if arrived else moved
        if self._operation == "RECO":
            self._length = max(self._length, self._position)
        if arrived:
            self._halt()

    def _halt(self) -> None:
        self._operation, self._speed = "PAUS", 0.0


def _within(speed: float, bounds: Bounds) -> float:
    """The nearest speed that the deck knows in the direction asked for; 0 where there is none."""
    low = -math.inf if bounds.minimum is None else bounds.minimum
    high = math.inf if bounds.maximum is None else bounds.maximum
    nearest = min(max(speed, low), high)
    return nearest if nearest * speed > 0 else 0.0
