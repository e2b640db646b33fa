"""Units as one meets them, ready to be started, and what can happen to them."""

from collections.abc import Callable
import time
from typing import Any, Final

from ..protocols.crcp.rtp import PREFERRED_TYPES
from ..protocols.crcp.status import Bounds
from .clips import Shelf, blank_clip
from .deck import Deck
from .head import Axis, Head
from .reels import Recording
from .unit import VirtualUnit

#: Angles as an engineer counts them, from the middle: half of them cannot be written absolutely.
SIGNED_AXES: Final = (
    Axis("PAN", -170, 12, 170, rate=120, decimals=1),
    Axis("TILT", -30, 0, 90, rate=60, decimals=1),
    Axis("ZOOM", 1, 1, 10, rate=5, decimals=1),
)

#: A camera on a crane: it moves first and turns then, which is the order that it lists.
CRANE_AXES: Final = (
    Axis("HORI", 0, 1.5, 4, rate=1, decimals=2),
    Axis("DEPT", 0, 0.2, 2, rate=1, decimals=2),
    Axis("PAN", 0, 90, 180, rate=60),
    Axis("TILT", 0, 45, 90, rate=40),
    Axis("ZOOM", 1, 2, 10, rate=5, decimals=1),
)

#: What is on a shelf when nobody brings anything.
TAPES: Final = {"/holiday-1998.ts": blank_clip(5400), "/wedding.ts": blank_clip(60)}


def studio(**options: Any) -> VirtualUnit:
    """One of everything: power, shelf, stream, tape, camera."""
    return VirtualUnit(**{"streams": (0,), "shelf": Shelf(TAPES), **options})


def deck(**options: Any) -> VirtualUnit:
    """A recorder without a camera."""
    return studio(**{"heads": {}, **options})


def camera(**options: Any) -> VirtualUnit:
    """A camera without a tape or a shelf: what it sends is what it sees."""
    return VirtualUnit(**{"streams": (0,), "decks": {}, **options})


def player(**options: Any) -> VirtualUnit:
    """A deck that plays and winds and cannot record."""
    decks = {0: Deck(time.monotonic, record_speeds=None)}
    return deck(**{"decks": decks, **options})


def rec(**options: Any) -> VirtualUnit:
    """A recorder that calls RECO by section 8's name, REC."""
    decks = {0: Deck(time.monotonic, record_word="REC", play_speeds=Bounds(1, 1))}
    return deck(**{"decks": decks, **options})


def signed(**options: Any) -> VirtualUnit:
    """A camera whose ranges begin below zero."""
    return camera(**{"heads": {0: Head(time.monotonic, SIGNED_AXES)}, **options})


def crane(**options: Any) -> VirtualUnit:
    """A camera that moves before it turns."""
    return camera(**{"heads": {0: Head(time.monotonic, CRANE_AXES)}, **options})


def rack(**options: Any) -> VirtualUnit:
    """Several of everything, with gaps in the numbers, and a power for the second tape alone."""
    parts = {
        "powers": {0: True, 2: True},
        "decks": {number: Deck(time.monotonic) for number in (0, 2)},
        "heads": {number: Head(time.monotonic) for number in (0, 3)},
        "streams": (0, 2),
    }
    return studio(**{**parts, **options})


def bare(**options: Any) -> VirtualUnit:
    """A tape and nothing else: no power, no shelf, no stream."""
    return VirtualUnit(**{"powers": {}, "heads": {}, **options})


def show(unit: VirtualUnit, recording: Recording) -> None:
    """Let a camera see a recording, and a shelf hold it as /test-card.ts."""
    unit.live = recording
    unit.payload_types = tuple(number for number in PREFERRED_TYPES if recording.offers(number))
    if unit.has_shelf:
        unit.shelf.clips["/test-card.ts"] = recording


PERSONALITIES: Final[dict[str, Callable[..., VirtualUnit]]] = {
    make.__name__: make for make in (studio, deck, camera, player, rec, signed, crane, rack, bare)
}
