"""Which stretch of a picture becomes a clip: so many seconds from now on, or a place on a tape.

What the frames tell of time is the sender's own affair: its clock may jump, and some send none. So
it is our clock that counts, and for a tape what STAT says of its position.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import override

from .tapes import Tape

#: A tape is where STAT said, give or take so many seconds.
EXACTNESS = 0.1


class Stretch(ABC):
    """A stretch, which is told when each frame came. Times are the event loop's, in seconds."""

    @property
    @abstractmethod
    def duration(self) -> float:
        """How long it was asked to be."""

    @abstractmethod
    def lead(self, came_at: float) -> float | None:
        """So much before its beginning a frame came; None for one that came after it."""

    @abstractmethod
    def share(self, came_at: float) -> float:
        """How much of it is over: 0 at its beginning, 1 at its end."""


class FromNowOn(Stretch):
    """So many seconds, from the first frame on."""

    def __init__(self, duration: float) -> None:
        self._duration = duration
        self._began: float | None = None

    @property
    @override
    def duration(self) -> float:
        return self._duration

    @override
    def lead(self, came_at: float) -> float | None:
        if self._began is not None:
            return None
        self._began = came_at
        return 0.0

    @override
    def share(self, came_at: float) -> float:
        return 0.0 if self._began is None else (came_at - self._began) / self._duration


class OnTape(Stretch):
    """From a position of a tape to another one, while it plays there from before the first.

    tape: what was read of it last. length: of the tape, where it is known.
    """

    def __init__(
        self, tape: Callable[[], Tape], start: float, end: float, length: float | None
    ) -> None:
        self._tape = tape
        self._start = start
        self._duration = end - start
        self._end = end if length is None else min(end, length)
        self._has_played = False

    @property
    @override
    def duration(self) -> float:
        return self._duration

    @override
    def lead(self, came_at: float) -> float | None:
        lead = self._start - self._position(came_at)
        return max(lead, 0.0) if lead >= -EXACTNESS else None

    @override
    def share(self, came_at: float) -> float:
        plays = self._tape().operation == "PLAY"
        self._has_played = self._has_played or plays
        if self._has_played and not plays and came_at >= self._tape().read_at:
            return 1.0
        return (self._position(came_at) - self._start) / (self._end - self._start)

    def _position(self, moment: float) -> float:
        tape = self._tape()
        moved = moment - tape.read_at if tape.operation == "PLAY" else 0.0
        return (tape.position or 0.0) + moved
