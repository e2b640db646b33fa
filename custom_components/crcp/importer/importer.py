"""The run: list what is on a camera's cards, choose what is new, fetch it, commit it.

A photo is committed in one order, and each step is on the disk before the next one begins: its
place in the ledger, part file, length, flush, name, folder, ledger. So it does not matter where a
run is stopped. Before the name there is only a part file, which the next run takes up or throws
away; between the name and the ledger there is a whole file, which the next run finds by its bytes,
in the place that was noted; after the ledger the photo is known. Only then the host is told, and
only then, if that is wanted at all, the photo is deleted on the camera.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
import time
from typing import Final

from .choice import Choice
from .errors import PhotoError, PhotoRefused
from .executor import RunBlocking, to_its_end
from .files import remove_part, sha256_of
from .ledger import Ledger, Record
from .naming import part_name
from .room import Reserve, Room
from .setbacks import Setbacks
from .source import Photo, PhotoSource
from .template import DEFAULT, Template
from .transfer import Shelf, Transfer

#: A part file that nobody came back for in so long belongs to a card that was formatted.
LEFT_OVER: Final = timedelta(days=30)

ALL: Final = Choice()
RESERVE: Final = Reserve()


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
class Progress:
    """How far a run is. photo: the one in hand, number: which of count. received: bytes of it.

    done: bytes of the photos before it. total: of all of them, as far as the camera tells.
    """

    photo: Photo
    number: int
    count: int
    received: int
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did. known: photos that the ledger had, or had the bytes of.

    not_chosen: photos that nobody wants. waiting: photos that failed too often, and are not tried
    now. deleted: on the camera.
    """

    imported: int
    known: int
    failed: tuple[Failure, ...]
    size: int
    not_chosen: int = 0
    waiting: int = 0
    deleted: int = 0


class Importer:
    """Imports one camera's photos into a library.

    library: a folder that exists; it is never made. camera_name: stands for the camera in the
    template. run_blocking: runs a function in another thread. clock: now, with the time zone that
    the camera is in. timer: seconds that only grow. on_imported: told of each photo once it is
    stored, in the event loop, at most once; on_progress: of each piece, as often as they come.
    delete: whether photos are deleted on the camera once they are safe here.
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
        on_progress: Callable[[Progress], None] | None = None,
        template: Template = DEFAULT,
        choice: Choice = ALL,
        reserve: Reserve = RESERVE,
        delete: bool = False,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._library = library
        self._room = Room(library, ledger, reserve)
        self._shelf = Shelf(ledger, library, camera_name, template, self._room)
        self._run_blocking = run_blocking
        self._clock = clock
        self._on_imported = on_imported
        self._on_progress = on_progress or _tell_nobody
        self._choice = choice
        self._delete = delete
        self._turn = asyncio.Lock()
        self._unfinished: set[Photo] = set()
        self._setbacks = Setbacks(timer)

    async def run(self, source: PhotoSource, *, afresh: bool = False) -> Report:
        """Import every photo of source that is wanted and that the ledger does not know.

        afresh: also those that were passed over, now that somebody wants them.
        A photo that fails is reported, and the others are imported. What the source's link raises,
        a LibraryError and a LedgerError end the run: what was imported stays, and the photo in
        hand leaves nothing behind that a person could see. Runs of one importer wait for each
        other.
        """
        async with self._turn:
            await self._blocking(self._room.check)
            listed = [photo async for photo in source.photos()]
            chosen = [photo for photo in listed if self._choice.wants(photo)]
            if afresh:
                await self._blocking(self._ledger.take_back, chosen)
            new = await self._blocking(self._new_ones, chosen)
            run = _Run(known=len(chosen) - len(new), not_chosen=len(listed) - len(chosen))
            return await self._import_all(source, new, run)

    async def import_photo(self, source: PhotoSource, photo: Photo) -> Imported | None:
        """Import one photo of source's session; None when it is known, or not wanted.

        Raises as run, or PhotoError.
        """
        async with self._turn:
            if not self._choice.wants(photo) or await self._blocking(self._ledger.knows, photo):
                return None
            progress = Progress(
                photo=photo, number=1, count=1, received=0, done=0, total=photo.size or 0
            )
            imported = await self._import(source, progress)
            if imported and self._delete:
                await self._delete_on_camera(source, imported)
            return imported

    async def pass_over(self, source: PhotoSource) -> int:
        """Take every photo that is on the cards now for one that nobody wants; return how many."""
        async with self._turn:
            listed = [photo async for photo in source.photos()]
            new = await self._blocking(self._ledger.unknown, listed)
            await self._blocking(self._ledger.pass_over, new, self._clock())
            return len(new)

    def _new_ones(self, chosen: list[Photo]) -> list[Photo]:
        """Those that the ledger does not know; and clean up behind runs of long ago."""
        here = set(chosen)
        for serial in {photo.serial for photo in chosen}:
            for photo, begun in self._ledger.begun_before(serial, self._clock() - LEFT_OVER):
                if photo not in here:
                    remove_part(self._library, begun.path, part_name(begun.path.name, photo))
                    self._ledger.give_up(photo)
        return self._ledger.unknown(chosen)

    async def _import_all(self, source: PhotoSource, new: list[Photo], run: _Run) -> Report:
        ready = [photo for photo in new if self._setbacks.is_ready(photo)]
        run.waiting = len(new) - len(ready)
        total = sum(photo.size or 0 for photo in ready)
        done = 0
        # A photo that ends the session each time must not keep the ones behind it waiting for ever.
        for number, photo in enumerate(sorted(ready, key=self._unfinished.__contains__), 1):
            progress = Progress(
                photo=photo, number=number, count=len(ready), received=0, done=done, total=total
            )
            await self._import_one(source, progress, run)
            done += photo.size or 0
        return run.report()

    async def _import_one(self, source: PhotoSource, progress: Progress, run: _Run) -> None:
        """Import one of many; what is wrong with it costs nothing but itself."""
        try:
            imported = await self._import(source, progress)
        except PhotoError as error:
            run.failed.append(Failure(progress.photo, error))
            return
        if imported is None:
            run.known += 1
            return
        run.imported += 1
        run.size += imported.size
        if self._delete and await self._delete_on_camera(source, imported):
            run.deleted += 1

    async def _import(self, source: PhotoSource, progress: Progress) -> Imported | None:
        photo = progress.photo

        def tell(received: int) -> None:
            self._on_progress(replace(progress, received=received))

        self._unfinished.add(photo)
        transfer = Transfer(self._shelf, photo, self._clock(), self._run_blocking, tell)
        try:
            record = await transfer.run(source)
        except PhotoError:
            self._setbacks.failed(photo)
            raise
        self._unfinished.discard(photo)
        self._setbacks.worked(photo)
        return None if record is None else await self._announce(source, photo, record)

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

    async def _delete_on_camera(self, source: PhotoSource, imported: Imported) -> bool:
        """Delete a photo that was just fetched, if it is safe here and still the same there.

        What a person protected stays. A camera that says no keeps its photo, which is no fault.
        """
        photo = imported.photo
        read_back = await self._blocking(sha256_of, self._library, imported.path)
        if read_back != imported.sha256:
            return False
        try:
            still = await source.photo(photo.handle)
            if still != photo or still.is_protected:
                return False
            await source.delete(photo)
        except PhotoRefused:
            return False
        return True

    async def _blocking[*Args, Result](
        self, func: Callable[[*Args], Result], *args: *Args
    ) -> Result:
        return await to_its_end(self._run_blocking(func, *args))


class _Run:
    """The counts of a run that goes on."""

    def __init__(self, *, known: int, not_chosen: int) -> None:
        self.known = known
        self.not_chosen = not_chosen
        self.imported = self.size = self.waiting = self.deleted = 0
        self.failed: list[Failure] = []

    def report(self) -> Report:
        """What came of it."""
        return Report(
            imported=self.imported,
            known=self.known,
            failed=tuple(self.failed),
            size=self.size,
            not_chosen=self.not_chosen,
            waiting=self.waiting,
            deleted=self.deleted,
        )


def _tell_nobody(_progress: Progress) -> None:
    pass
