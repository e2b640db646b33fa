"""What makes a virtual camera one maker's: its name, its operations, and how it tells of events."""

from typing import Final

from .canon import CANON
from .generic import GENERIC
from .nikon import NIKON
from .personality import Personality
from .sony import SONY

PERSONALITIES: Final[dict[str, Personality]] = {
    each.name: each for each in (GENERIC, CANON, NIKON, SONY)
}

__all__ = ["CANON", "GENERIC", "NIKON", "PERSONALITIES", "SONY", "Personality"]
