"""When each part of a unit is asked again: what moves often, what rests seldom."""

from collections.abc import Iterable
from typing import Final

from .protocols.crcp.messages import Subunit
from .protocols.crcp.subunits import CAMERA, POWER, TAPE

#: A part of a unit that can be asked; None stands for the list of its subunits.
type Part = Subunit | None

#: Seconds between two questions about a part that rests, by its type. A unit never tells anything
#: by itself. The list is also what keeps the connection alive.
RESTING: Final = {None: 30.0, POWER: 10.0, TAPE: 10.0, CAMERA: 30.0}

#: The same for a part that moves: a position that a person follows, a camera that a person steers.
MOVING: Final = {TAPE: 1.0, CAMERA: 0.5}

#: A unit that is off is asked ever more seldom, up to so many seconds apart.
SLOWEST: Final = 60.0


class Timetable:
    """The time at which each part is due. Times are the event loop's, in seconds."""

    def __init__(self) -> None:
        self._due: dict[Part, float] = {}
        self._slowness: dict[Part, float] = {}

    def due(self, parts: Iterable[Part], now: float) -> list[Part]:
        """The parts to be asked now, in the order given; one that was never asked is due."""
        return [part for part in parts if self._due.get(part, now) <= now]

    def wait(self, parts: Iterable[Part], now: float) -> float:
        """Seconds until the next part is due."""
        return max(0.0, min((self._due.get(part, now) for part in parts), default=now) - now)

    def hurry(self, *parts: Part) -> None:
        """Ask these next, and as often as at first."""
        for part in parts:
            self._due.pop(part, None)
            self._slowness.pop(part, None)

    def answered(self, part: Part, now: float, *, moves: bool = False, off: bool = False) -> None:
        """Plan the next question: soon while the part moves, ever later while it is off."""
        kind = part.kind if part else None
        interval = MOVING[kind] if moves and kind in MOVING else RESTING.get(kind, SLOWEST)
        if off:
            interval = min(self._slowness.get(part, interval) * 2, SLOWEST)
            self._slowness[part] = interval
        else:
            self._slowness.pop(part, None)
        self._due[part] = now + interval
