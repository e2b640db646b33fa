"""Deleting on the camera what is safe in the library; only for who asked for it.

Nothing is taken on trust: the local file is read back and its hash held against the ledger's, the
camera is asked again what the object is, and for a photo that was fetched at another time also what
its bytes are. What a person protected stays, and a camera that says no keeps its photo.
"""

from collections.abc import Callable, Iterable
import hashlib
from pathlib import Path
from typing import Final

from .errors import PhotoRefused
from .executor import RunBlocking, Sink, to_its_end
from .ledger import Ledger, Record
from .reading import read_back
from .source import Photo, PhotoSource

#: In requests, these are not one object but all of them, or the root.
WILDCARDS: Final = frozenset({0, 0xFFFFFFFF})

#: How much of the beginning, the middle and the end is held against the camera's.
SAMPLE: Final = 64 << 10

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
        """Delete a photo that was fetched just now; whether it was."""
        try:
            if not await self._is_safe(source, photo, record):
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

    async def _is_safe(self, source: PhotoSource, photo: Photo, record: Record) -> bool:
        """Whether the file is what was fetched, and the object is what it was."""
        if photo.handle in WILDCARDS or await self._read(record) is None:
            return False
        still = await source.photo(photo.handle)
        return still == photo and not still.is_protected

    async def _is_safe_still(self, source: PhotoSource, photo: Photo) -> bool:
        """The same, and whether the camera's bytes are those of the file.

        A clock that was reset and numbers that began anew can give another photo the same identity.
        """
        record = await self._blocking(self._ledger.find, photo)
        if record is None or not await self._is_safe(source, photo, record):
            return False
        places = sorted({0, max(0, record.size // 2), max(0, record.size - SAMPLE)})
        here = await self._read(record, *places)
        if here is None:
            return False
        for place, data in zip(places, here, strict=True):
            there = await source.sample(photo, place, len(data)) if data else b""
            if there is None:
                return await self._hash_of(source, photo) == record.sha256
            if there != data:
                return False
        return True

    async def _hash_of(self, source: PhotoSource, photo: Photo) -> str:
        """Read the whole object, from a camera that gives no parts."""
        digest = hashlib.sha256()
        sink = Sink(digest.update, self._run_blocking)
        await source.fetch(photo, sink.write)
        await sink.finish()
        return digest.hexdigest()

    async def _read(self, record: Record, *places: int) -> list[bytes] | None:
        """Read the file back, and parts of it once more; None when it is not what was stored."""
        found = await self._blocking(read_back, self._library, record.path, places, SAMPLE)
        return None if found is None or found[0] != record.sha256 else found[1]

    async def _blocking[*Args, Result](
        self, func: Callable[[*Args], Result], *args: *Args
    ) -> Result:
        return await to_its_end(self._run_blocking(func, *args))
