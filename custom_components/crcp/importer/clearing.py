"""Deleting on the camera what is safe in the library; only for who asked for it.

Nothing is taken on trust: the local file is read back and its hash held against the ledger's, the
camera is asked again what the object is, and for a photo that was fetched at another time, or part
by part, all its bytes are read again: equal ends and middles are no proof that two are one.
What a person protected stays, and a camera that says no keeps its photo.
"""

from collections.abc import Callable, Iterable
import hashlib
from pathlib import Path
from typing import Final

from .errors import LibraryError, PhotoRefused
from .executor import RunBlocking, Sink, to_its_end
from .ledger import Ledger
from .reading import sha256_of
from .records import Record
from .source import Photo, PhotoSource

#: In requests, these are not one object but all of them, or the root.
WILDCARDS: Final = frozenset({0, 0xFFFFFFFF})

#: A card whose switch is at "lock" refuses each of its photos; after so many in a row it is let be.
MAX_REFUSALS: Final = 3


class Clearing:
    """Deletes one camera's photos on the camera."""

    def __init__(self, ledger: Ledger, library: Path, run_blocking: RunBlocking) -> None:
        """Know nothing yet of what the camera refuses."""
        self._ledger = ledger
        self._library = library
        self._run_blocking = run_blocking
        self._kept: set[Photo] = set()

    async def delete_fetched(self, source: PhotoSource, photo: Photo, record: Record) -> bool:
        """Delete a photo that was fetched just now; whether it was.

        What was read in parts, now or in several sessions, may have become another between them.
        """
        try:
            proven = source.came_at_once(photo)
            if not await self._is_safe(source, photo, [record], proven=proven):
                self._kept.add(photo)
                return False
            await source.delete(photo)
        except PhotoRefused:
            self._kept.add(photo)
            return False
        return True

    async def delete_known(self, source: PhotoSource, photos: Iterable[Photo]) -> int:
        """Delete photos that were fetched at some time; return how many were."""
        deleted = refusals = 0
        for photo in photos:
            if photo.is_protected or photo in self._kept:
                continue
            try:
                if await self._is_safe_still(source, photo):
                    await source.delete(photo)
                    deleted += 1
                else:
                    self._kept.add(photo)
                refusals = 0
            except PhotoRefused:
                self._kept.add(photo)
                refusals += 1
                if refusals == MAX_REFUSALS:
                    break
        return deleted

    async def _is_safe_still(self, source: PhotoSource, photo: Photo) -> bool:
        """Whether a photo that was fetched at some time is safe.

        A clock that was reset and numbers that began anew can give another photo the same identity.
        """
        records = await self._blocking(self._ledger.records, photo)
        return await self._is_safe(source, photo, records, proven=False)

    async def _is_safe(
        self, source: PhotoSource, photo: Photo, records: list[Record], *, proven: bool
    ) -> bool:
        """Whether a file is what was fetched, and the object has those bytes and is what it was.

        records: of photos with this identity. proven: that the file has the object's bytes.
        """
        here = {record.sha256 for record in records if await self._is_here(record)}
        if photo.handle in WILDCARDS or not here:
            return False
        if not proven and await self._hash_of(source, photo) not in here:
            return False
        still = await source.photo(photo.handle)
        return still == photo and not still.is_protected

    async def _hash_of(self, source: PhotoSource, photo: Photo) -> str:
        """Read the whole object again."""
        digest = hashlib.sha256()
        sink = Sink(digest.update, self._run_blocking)
        await source.fetch(photo, sink.write)
        await sink.finish()
        return digest.hexdigest()

    async def _is_here(self, record: Record) -> bool:
        """Whether the file is what was stored, by its hash."""
        library = record.library or self._library
        try:
            return await self._blocking(sha256_of, library, record.path) == record.sha256
        except LibraryError:
            if library == self._library:
                raise
            return False  # where it lies is not there, and that is not what the run is about

    async def _blocking[*Args, Result](
        self, func: Callable[[*Args], Result], *args: *Args
    ) -> Result:
        return await to_its_end(self._run_blocking(func, *args))
