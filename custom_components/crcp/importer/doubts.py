"""Photos that the ledger seems to know, of a camera that does not date them.

A clock that was lost dates every picture alike, uncompressed pictures are all of one size, and
numbers begin anew on a card that was formatted. So name, size and date may be those of another
photo: what a photo without a true date is, its bytes say. Once in each session its first and last
block are held against those of the file here.

The same goes for photos of a first of January: that is where clocks begin whose battery was empty,
in whatever year the camera was made, and only with such a clock can two photos be alike to the
second. All others are known by name, size and date alone: to look at each of 20 000 would take as
many round trips in each session.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final
from weakref import ReferenceType, ref

from .errors import ImporterError
from .executor import RunBlocking, to_its_end
from .ledger import Ledger
from .reading import ends_of
from .records import Record
from .source import Photo, PhotoSource

#: How much of the beginning and of the end is compared.
SAMPLE: Final = 64 << 10


class Doubts:
    """Looks at the photos of one camera that may be others than those which were imported."""

    def __init__(self, ledger: Ledger, library: Path, run_blocking: RunBlocking) -> None:
        """Nothing is settled yet."""
        self._ledger = ledger
        self._library = library
        self._run_blocking = run_blocking
        self._session: ReferenceType[PhotoSource] | None = None
        self._settled: set[int] = set()

    async def others(self, source: PhotoSource, known: Iterable[Photo]) -> list[Photo]:
        """Those of the known photos of a session that have other bytes than what was imported.

        Where that cannot be seen, a photo is what it seems: its file was deleted here, or the
        camera gives no parts.
        """
        doubtful = [photo for photo in known if _is_doubtful(photo)]
        return [photo for photo in doubtful if await self.is_other(source, photo)]

    async def is_other(self, source: PhotoSource, photo: Photo) -> bool:
        """Whether a photo is another one than its identity says."""
        if self._session is None or self._session() is not source:
            self._session, self._settled = ref(source), set()
        if not _is_doubtful(photo) or photo.handle in self._settled:
            return False
        records = await self._blocking(self._ledger.records, photo)
        seen = [await self._is_same(source, photo, record) for record in records]
        if seen and all(same is False for same in seen):
            return True
        self._settled.add(photo.handle)
        return False

    async def _is_same(self, source: PhotoSource, photo: Photo, record: Record) -> bool | None:
        """Whether a photo begins and ends as a file does; None where nobody can tell."""
        try:
            ends = await self._blocking(
                ends_of, record.library or self._library, record.path, SAMPLE
            )
            if ends is None:
                return None
            places = 0, max(0, record.size - SAMPLE)
            for place, here in zip(places, ends, strict=True):
                there = await source.sample(photo, place, len(here)) if here else b""
                if there != here:
                    return None if there is None else False
        except ImporterError:
            return None  # the photo's or the library's trouble is told by who fetches or writes
        return True

    async def _blocking[*Args, Result](
        self, func: Callable[[*Args], Result], *args: *Args
    ) -> Result:
        return await to_its_end(self._run_blocking(func, *args))


def _is_doubtful(photo: Photo) -> bool:
    """Whether a photo may be dated by a clock that nobody set."""
    taken = photo.taken
    return taken is None or (taken.month, taken.day) == (1, 1)
