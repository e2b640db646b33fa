"""A stretch of a picture on its way into a file."""

from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ..protocols.crcp.depacketise import MediaFrame
from .course import PICTURE, Course, StreamClock

#: A stretch is placed for the last time when so much of it has come: later its clock may drift.
PLACED: Final = 5.0


#: A picture may come so many seconds before others that are shown before it.
REORDERED: Final = 0.2


class Target(Protocol):
    """Where frames go."""

    async def write(self, piece: memoryview) -> None:
        """Take a piece."""

    async def restart(self) -> None:
        """Throw away all that was written."""


@dataclass(slots=True)
class Stretch:
    """What was gathered, in seconds behind its first frame.

    begin and end: what was wanted lies between them. first and last: where the first frame is in
    what was wanted, and the end of the last; the first may be before it. missing: how many frames
    were lost in between.
    """

    begin: float = 0.0
    end: float = 0.0
    first: float = 0.0
    last: float = 0.0
    missing: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing of what was wanted is there."""
        return self.last <= 0


class Gathering:
    """Gathers what a course wants. It begins at the last frame one can begin with before that.

    So what is wanted is all there, and something in front of it, which a film does not show.
    """

    def __init__(
        self,
        course: Course,
        target: Target,
        *,
        on_place: Callable[[float], None],
        losses: Callable[[], int],
        came: Callable[[], float],
    ) -> None:
        """on_place: told how many seconds of what is wanted are there. losses: counts lost frames.

        came: tells when the frame that was given last came, by the event loop's clock.
        """
        self._course = course
        self._target = target
        self._on_place = on_place
        self._losses = losses
        self._came = came
        self._lost_before = 0
        self._stretch = Stretch()
        self._clock = StreamClock()
        self._began: float | None = None

    async def run(self, frames: AsyncIterable[MediaFrame]) -> None:
        """Gather until there is all, or the frames end. Raises what the target raises."""
        async for frame in frames:
            moment = self._clock.read(frame.pts, self._came())
            place = self._course.place(moment)
            if place >= self._course.seconds + REORDERED:
                return
            if self._began is None or (frame.is_start and place <= self._course.tolerance):
                await self._restart(moment.time, place)
            await self._target.write(memoryview(frame.data))
            self._note(moment.time, place)

    def finish(self) -> Stretch:
        """Tell what there is."""
        seconds = self._course.seconds
        # Half a picture earlier, or it is chance whether the one that begins there is seen.
        begin = self._stretch.begin - PICTURE / 2
        begin, end = max(begin, 0.0), begin + seconds
        last, missing = min(self._stretch.last, seconds), self._losses() - self._lost_before
        return replace(self._stretch, begin=begin, end=end, last=last, missing=missing)

    async def _restart(self, time: float, place: float) -> None:
        if self._began is not None:
            await self._target.restart()
        self._began = time
        self._lost_before = self._losses()
        self._stretch = Stretch(first=place)

    def _note(self, time: float, place: float) -> None:
        stretch = self._stretch
        stretch.last = max(stretch.last, place + PICTURE)
        if place < PLACED and self._began is not None:
            # What came first is placed anew by what is known better now.
            stretch.begin = time - place - self._began
            stretch.first = -stretch.begin
        self._on_place(place)
