"""Photos that fail again and again, and when each is tried the next time."""

from collections.abc import Callable
from typing import Final

from .source import Photo

#: A camera that was busy is ready soon, so the first failures cost no time at all.
FREE_TRIES: Final = 3

#: Then a photo waits so many seconds, and twice as many each time, up to the last.
FIRST_WAIT: Final = 60.0
LAST_WAIT: Final = 3600.0

#: More failing photos than this are no longer told apart; a card of broken files has an end.
MAX_KNOWN: Final = 10_000


class Setbacks:
    """Knows what failed since the start. now: seconds that only grow."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._failed: dict[Photo, tuple[int, float]] = {}
        self._reached: dict[Photo, int] = {}

    def is_ready(self, photo: Photo) -> bool:
        """Whether a photo may be tried."""
        tries, since = self._failed.get(photo, (0, 0.0))
        if tries < FREE_TRIES:
            return True
        wait = min(FIRST_WAIT * 2.0 ** min(tries - FREE_TRIES, 20), LAST_WAIT)
        return self._now() - since >= wait

    def count(self, photo: Photo) -> int:
        """How often a photo failed in a row."""
        return self._failed.get(photo, (0, 0.0))[0]

    def failed(self, photo: Photo) -> None:
        """Note a failure."""
        if photo in self._failed or len(self._failed) < MAX_KNOWN:
            self._failed[photo] = self.count(photo) + 1, self._now()

    def ended(self, photo: Photo, reached: int) -> None:
        """Note that the session ended in a photo, of which so many bytes had come.

        Links are lost; it is a failure of the photo only where it came no further than before.
        """
        if reached > self._reached.get(photo, -1):
            self._reached[photo] = reached
        else:
            self.failed(photo)

    def worked(self, photo: Photo) -> None:
        """Note that all is well."""
        self._failed.pop(photo, None)
        self._reached.pop(photo, None)
