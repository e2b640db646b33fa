"""Which part of a tape, or of what is shown, a picture is: told by clocks that know it only roughly.

A picture tells its time on the stream's clock, the unit tells its tape's position on ours. Where a
tape is when a picture is taken follows from both, to a picture or two.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

#: Ticks of a time stamp in a second, and where they begin again (ISO 13818-1 section 2.4.3.7).
TICKS: Final = 90000
TURN: Final = 1 << 33

#: Two pictures in a row are not this far apart, in seconds: the clock was set anew between them.
JUMP: Final = 10.0
PICTURE: Final = 0.04

#: Pictures never come too early. Those that come earliest tell the way's length; but two clocks
#: drift apart, by less than so many seconds a second.
DRIFT: Final = 0.001

#: Of the last few readings the one that took least time is believed.
READINGS: Final = 5

#: A tape that is so many seconds from where it should be was moved by somebody. Some units tell
#: whole seconds only. At first it may lag behind, as long as its motor takes to run.
ASTRAY: Final = 1.5
STARTING: Final = 4.0

#: Clocks are read a little early or late, so what one begins with may seem to come too late.
TOLERANCE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame's: time since the first, in seconds; came: when it should have come, on our clock."""

    time: float
    came: float


class StreamClock:
    """The time of frames, on their clock and on ours."""

    def __init__(self) -> None:
        """Nothing has come."""
        self._time = 0.0
        self._ticks: int | None = None
        self._began: float | None = None
        self._way = 0.0
        self._last = 0.0

    def read(self, ticks: int | None, now: float) -> Moment:
        """Take the next frame's time stamp, and when it came. Without a stamp it came in time."""
        if self._began is None:
            self._began = self._last = now
        since = now - self._began
        self._count(ticks, since)
        self._way = min(since - self._time, self._way + DRIFT * (now - self._last))
        self._last = now
        return Moment(self._time, self._began + self._time + self._way)

    def _count(self, ticks: int | None, since: float) -> None:
        if ticks is None:
            self._time = since
        elif self._ticks is not None:
            step = ((ticks - self._ticks + TURN // 2) % TURN - TURN // 2) / TICKS
            self._time += step if abs(step) < JUMP else PICTURE
        self._ticks = ticks


class Course(Protocol):
    """What is to be had of a picture: from 0 to so many seconds."""

    @property
    def seconds(self) -> float:
        """How much, or how much there is where that turns out to be less."""

    @property
    def tolerance(self) -> float:
        """How far a place may be off, in seconds."""

    def place(self, moment: Moment) -> float:
        """Where a frame is in it."""


@dataclass(slots=True)
class FromNowOn:
    """So many seconds of what comes."""

    seconds: float
    tolerance: float = 0.0

    def place(self, moment: Moment) -> float:
        """It begins with the first frame."""
        return moment.time


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a tape was. at: on our clock. took: how long it took to be told, all in seconds."""

    position: float
    at: float
    took: float

    @property
    def ahead(self) -> float:
        """How far the tape's position is ahead of our clock; the same as long as it plays."""
        return self.position - self.at


@dataclass(slots=True)
class TapeCourse:
    """From one position of a tape to another, while it plays. The first reading comes first."""

    start: float
    end: float
    tolerance: float = TOLERANCE
    #: Where the tape stopped, or was last before somebody moved it.
    stopped: float | None = None
    _began: Reading | None = None
    _readings: list[Reading] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Less where the tape stopped before."""
        end = self.end if self.stopped is None else min(self.end, self.stopped)
        return max(end - self.start, 0.0)

    def read(self, position: float | None, asked: float, answered: float, *, plays: bool) -> None:
        """Take what the unit told between two moments. A position may be unknown."""
        if self.stopped is not None or (position is None and plays):
            return
        reading = Reading(position or 0.0, (asked + answered) / 2, answered - asked)
        if self._began is None:
            self._began = reading
        if not plays:
            self._stand(position, reading)
        else:
            self._go_on(reading)

    def place(self, moment: Moment) -> float:
        """By where the tape was when the frame came."""
        readings = self._readings or [self._began] if self._began else []
        ahead = min(readings, key=lambda each: each.took).ahead if readings else 0.0
        return moment.came + ahead - self.start

    def _stand(self, position: float | None, reading: Reading) -> None:
        """It stands: it has come to an end, or has not begun to move yet."""
        began = self._began or reading
        if reading.at - began.at < STARTING and reading.position <= began.position:
            return
        last = self._readings[-1].position if self._readings else began.position
        self.stopped = last if position is None else position

    def _go_on(self, reading: Reading) -> None:
        oldest, began = self._readings[0] if self._readings else reading, self._began or reading
        off = reading.ahead - oldest.ahead
        if off < -reading.took and reading.at - began.at < STARTING:
            # It has only now begun to move, so what was told before says nothing.
            self._readings = [reading]
        elif abs(off) > ASTRAY + reading.took:
            self.stopped = oldest.position
        else:
            self._readings = [*self._readings[1 - READINGS :], reading]
