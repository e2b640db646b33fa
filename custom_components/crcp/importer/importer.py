"""The run: list what is on a camera's cards, choose what is new, fetch it, commit it.

A photo is committed in one order, and each step is on the disk before the next one begins: part
file, length, flush, name, folder, ledger. So it does not matter where a run is stopped. Before the
name there is only a part file, which the next run throws away; between the name and the ledger
there is a whole file, which the next run finds by its bytes; after the ledger the photo is known.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final

from .errors import ImporterError, PhotoError, WrongLength
from .executor import DoubleBuffer, RunBlocking, to_its_end
from .files import PartFile, check_library
from .ledger import Ledger, Record
from .naming import part_name, relative_path
from .source import LEAST_UNTOLD_SIZE, Photo, PhotoSource

#: What comes beyond the announced length is let pass up to here: a photo that was edited since it
#: was listed costs itself only. Beyond, the transfer is given up, and the session with it.
MAX_EXCESS: Final = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A photo that is in the library and the ledger. path: relative to the library."""

    photo: Photo
    path: PurePosixPath
    size: int
    sha256: str
    imported_at: datetime
    thumbnail: bytes | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A photo that was not imported, and why."""

    photo: Photo
    error: PhotoError


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did. known: photos that the ledger had, or had the bytes of."""

    imported: int
    known: int
    failed: tuple[Failure, ...]
    size: int


class Importer:
    """Imports one camera's photos into a library.

    library: a folder that exists; it is never made. camera_name: names the folder below it.
    run_blocking: runs a function in another thread. clock: now, with the time zone that the camera
    is in. on_imported: told of each photo once it is stored, in the event loop, at most once.
    """

    def __init__(
        self,
        ledger: Ledger,
        library: Path,
        camera_name: str,
        *,
        run_blocking: RunBlocking,
        clock: Callable[[], datetime],
        on_imported: Callable[[Imported], None],
    ) -> None:
        self._ledger = ledger
        self._library = library
        self._camera_name = camera_name
        self._run_blocking = run_blocking
        self._clock = clock
        self._on_imported = on_imported
        self._turn = asyncio.Lock()
        self._unfinished: set[Photo] = set()

    async def run(self, source: PhotoSource) -> Report:
        """Import every photo of source that the ledger does not know.

        A photo that fails is reported, and the others are imported. What the source's link raises,
        a LibraryError and a LedgerError end the run: what was imported stays, and the photo in
        hand leaves nothing behind. Runs of one importer wait for each other.
        """
        async with self._turn:
            await self._blocking(check_library, self._library)
            listed = [photo async for photo in source.photos()]
            new = await self._blocking(self._ledger.unknown, listed)
            return await self._import_all(source, new, known=len(listed) - len(new))

    async def import_photo(self, source: PhotoSource, photo: Photo) -> Imported | None:
        """Import one photo of source's session; None when it is known. Raises as run, or PhotoError."""
        async with self._turn:
            if await self._blocking(self._ledger.find, photo) is not None:
                return None
            return await self._import(source, photo)

    async def _import_all(self, source: PhotoSource, new: list[Photo], known: int) -> Report:
        imported, size, failed = 0, 0, []
        # A photo that ends the session each time must not keep the ones behind it waiting for ever.
        for photo in sorted(new, key=self._unfinished.__contains__):
            try:
                result = await self._import(source, photo)
            except PhotoError as error:
                failed.append(Failure(photo, error))
                continue
            if result is None:
                known += 1
            else:
                imported += 1
                size += result.size
        return Report(imported=imported, known=known, failed=tuple(failed), size=size)

    async def _import(self, source: PhotoSource, photo: Photo) -> Imported | None:
        arrived = self._clock()
        self._unfinished.add(photo)
        record = await self._store(source, photo, arrived)
        self._unfinished.discard(photo)
        return None if record is None else await self._announce(source, photo, record)

    async def _store(self, source: PhotoSource, photo: Photo, arrived: datetime) -> Record | None:
        path = relative_path(self._camera_name, photo, arrived)
        part = PartFile(self._library, path, part_name(path.name, photo))
        try:
            await self._blocking(part.open)
            await self._fetch(source, photo, part)
            return await self._blocking(self._commit, part, photo, arrived)
        finally:
            await self._blocking(part.close)

    async def _fetch(self, source: PhotoSource, photo: Photo, part: PartFile) -> None:
        """Write all bytes of a photo to part, as they come. Raises WrongLength."""
        buffer = DoubleBuffer(part.write, self._run_blocking)
        received = 0

        async def take(piece: memoryview) -> None:
            nonlocal received
            received += len(piece)
            if photo.size is None or received <= photo.size:
                await buffer.write(piece)
            elif received > photo.size + MAX_EXCESS:
                raise WrongLength(photo.size, received)

        try:
            sent = await source.fetch(photo, take)
            _check_length(photo, sent, received)
            await buffer.finish()
        finally:
            # An error of the disk that is not the reason why we are here is told by the next write.
            with suppress(ImporterError):
                await buffer.settle()

    def _commit(self, part: PartFile, photo: Photo, arrived: datetime) -> Record | None:
        """Publish the file and write the ledger: one job, which no cancellation can come between.

        None when the camera has the same photo twice; then only the ledger learns of it.
        """
        twin = self._ledger.find_twin(photo, part.sha256)
        if twin is not None:
            part.discard()
            self._ledger.add(photo, twin)
            return None
        stored = part.publish(_modified(photo, arrived))
        record = Record(
            path=stored.path, size=stored.size, sha256=stored.sha256, imported_at=arrived
        )
        self._ledger.add(photo, record)
        return record

    async def _announce(self, source: PhotoSource, photo: Photo, record: Record) -> Imported:
        thumbnail = None
        try:
            thumbnail = await source.thumbnail(photo)
        finally:
            # The photo is stored, whatever becomes of its thumbnail.
            imported = Imported(
                photo=photo,
                path=record.path,
                size=record.size,
                sha256=record.sha256,
                imported_at=record.imported_at,
                thumbnail=thumbnail,
            )
            self._on_imported(imported)
        return imported

    async def _blocking[*Args, Result](
        self, func: Callable[[*Args], Result], *args: *Args
    ) -> Result:
        return await to_its_end(self._run_blocking(func, *args))


def _check_length(photo: Photo, sent: int, received: int) -> None:
    if sent != received:
        raise WrongLength(sent, received)
    if photo.size is None and received < LEAST_UNTOLD_SIZE:
        raise WrongLength(None, received)
    if photo.size is not None and received != photo.size:
        raise WrongLength(photo.size, received)


def _modified(photo: Photo, arrived: datetime) -> float | None:
    """When a photo was taken, in seconds since the epoch; a camera's local time is ours."""
    taken = photo.capture_date
    if taken is None:
        return None
    return (taken if taken.tzinfo else taken.replace(tzinfo=arrived.tzinfo)).timestamp()
