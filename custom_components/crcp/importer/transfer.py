"""One photo on its way from the camera into the library and the ledger, and what is kept of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
import random
from random import Random
from typing import Final

from .ends import hash_of_ends
from .errors import Changed, ImporterError, LibraryError, PhotoError, PhotoRefused, WrongLength
from .executor import RunBlocking, Sink, ended, to_its_end
from .files import PartFile, remove_part
from .naming import part_name
from .reading import files_named
from .records import Begun, Record
from .shelf import Shelf
from .source import LEAST_UNTOLD_SIZE, Photo, PhotoSource

#: What comes beyond the announced length is let pass up to here: a photo that was edited since it
#: was listed costs itself only. Beyond, the transfer is given up, and the session with it.
MAX_EXCESS: Final = 64 << 20

#: Less than this is fetched again sooner than it is compared.
LEAST_TO_KEEP: Final = 1 << 20

#: So often a long file is flushed and noted while it comes: what a power failure costs at most.
CHECKPOINT: Final = 16 << 20

#: How much of the first and of the last that is there is compared with the camera's.
SAMPLE: Final = 64 << 10

#: How much is compared at each of the places that a photo is probed at when all of it has come.
PROBE: Final = 8 << 10

#: Beyond the places that lie ever farther apart, so many anywhere.
MORE_PROBES: Final = 2


def probes(size: int, chance: Random) -> list[int]:
    """Where a photo of this size is compared with the camera's again.

    Wherever one photo gave place to another, one of these places lies before the seam: one
    in each span that begins twice as far from the beginning as the one before. The others are
    anywhere. Nobody can know them beforehand, so no photo is made to pass.
    """
    places, start = [0], SAMPLE
    while start < size:
        places.append(chance.randrange(start, min(2 * start, size)))
        start *= 2
    places += [chance.randrange(max(1, size)) for _ in range(MORE_PROBES)]
    return [max(0, min(place, size - PROBE)) for place in places]


class Transfer:
    """One photo's way: fetch, then store. progress: told how many bytes have come, in the loop."""

    def __init__(
        self,
        shelf: Shelf,
        photo: Photo,
        arrived: datetime,
        run_blocking: RunBlocking,
        progress: Callable[[int], None],
    ) -> None:
        self._shelf = shelf
        self._ledger = shelf.ledger
        self._photo = photo
        self._arrived = arrived
        self._run_blocking = run_blocking
        self._progress = progress
        #: How much of the photo there was, at most.
        self.reached = 0
        self._begun = Begun(path=PurePosixPath())
        self._part: PartFile | None = None

    async def fetch(
        self, source: PhotoSource, before: asyncio.Future[None] | None = None
    ) -> PartFile:
        """Bring the photo into its part file, for store. Raises as Importer.run.

        What was fetched of a long file stays where the link or this program ends.
        before: what must have ended well before this photo touches ledger and library. The photo
        is asked for meanwhile, from its first byte on, and waits in memory and in the link.
        """
        opening = asyncio.ensure_future(self._open(before))
        try:
            offset = 0
            if before is None:
                offset = await self._resume(source, await to_its_end(opening))
            return await self._fetch(source, opening, offset)
        except BaseException as error:
            await ended(opening)
            await self._give_up(error)
            raise

    async def store(self, part: PartFile) -> Record | None:
        """Commit the photo that was fetched; None when the library has it already."""
        try:
            return await self._blocking(self._commit, part)
        except BaseException as error:
            await self._give_up(error)
            raise

    # -- before the first byte -----------------------------------------------------------------

    async def _open(self, before: asyncio.Future[None] | None) -> PartFile:
        if before is not None:
            await before
        return await self._blocking(self._prepare, before is None)

    def _prepare(self, resume: bool) -> PartFile:
        """Decide where the photo will lie, once for all runs, and look whether there is room.

        The part file is opened, unless there is one to go on with.
        """
        shelf, photo = self._shelf, self._photo
        device = shelf.room.check()
        begun = self._begun_here()
        self._begun = begun or shelf.place_for(photo, self._arrived)
        path = self._begun.path
        shelf.room.check_way(path)
        size = LEAST_UNTOLD_SIZE if photo.size is None else photo.size
        shelf.room.check_space(size - self._begun.flushed, path)
        if begun is None:
            self._ledger.begin(photo, self._begun, self._arrived)
        part = self._part = PartFile(shelf.library, path, part_name(path.name, photo), device)
        if not (resume and self._is_begun()):
            part.open()
        return part

    def _begun_here(self) -> Begun | None:
        """How far the photo came; what was begun in another library is of no use, and is taken away.

        Who was killed behind the name and before the ledger left a whole file there; see _found.
        """
        shelf, begun = self._shelf, self._ledger.begun(self._photo)
        if begun and begun.library and begun.library != shelf.library:
            self._ledger.note_found(begun.library, files_named(begun.library, begun.path))
            remove_part(begun.library, begun.path, part_name(begun.path.name, self._photo))
            return None
        return begun

    def _is_begun(self) -> bool:
        return 0 < self._begun.flushed <= (self._photo.size or 0)

    async def _resume(self, source: PhotoSource, part: PartFile) -> int:
        """Go on with the part file, if there is one; return from where the photo is missing."""
        if not self._is_begun():
            return 0
        if await self._blocking(part.reopen, self._begun.flushed, self._begun.sha256):
            if await self._is_same_object(source, part):
                return part.size
            await self._blocking(part.restart)
        await self._blocking(part.open)
        return 0

    async def _is_same_object(self, source: PhotoSource, part: PartFile) -> bool:
        """Whether the camera's object begins and goes on as what is there."""
        size = min(SAMPLE, part.size)
        for offset in (0, part.size - size):
            try:
                sample = await source.sample(self._photo, offset, size)
            except PhotoRefused:
                return False
            if sample is None or sample != await self._blocking(part.read, offset, size):
                return False
        return True

    # -- the bytes -----------------------------------------------------------------------------

    async def _fetch(
        self, source: PhotoSource, opening: asyncio.Future[PartFile], offset: int
    ) -> PartFile:
        """Write all bytes of the photo, as they come. Raises WrongLength, Changed."""
        sink = Sink(lambda data: self._write(opening.result(), data), self._run_blocking)
        announced, received = self._photo.size, offset

        async def take(piece: memoryview) -> None:
            nonlocal received
            received += len(piece)
            self.reached = received
            if announced is None or received <= announced:
                self._progress(received)
                await _write_when_open(sink, piece, opening)
            elif received > announced + MAX_EXCESS:
                raise WrongLength(announced, received)

        try:
            sent = await source.fetch(self._photo, take, offset)
        except BaseException:
            # What came before is where the next run begins. An error of the disk is known already.
            with suppress(ImporterError):
                await to_its_end(opening)
                await sink.finish()
            raise
        part = await to_its_end(opening)
        _check_length(self._photo, offset + sent, received)
        # Who reads a file in parts does not see that it grew meanwhile.
        if await source.photo(self._photo.handle) != self._photo:
            raise Changed
        await sink.finish()
        if not source.came_at_once(self._photo):
            await self._prove(source, part)
        return part

    async def _prove(self, source: PhotoSource, part: PartFile) -> None:
        """Raise Changed where a photo that was read in parts is not what the camera has now.

        Another one may have taken its place between two parts, alike in all that is told of it.
        """
        for offset in probes(part.size, random.SystemRandom()):
            size = min(PROBE, part.size - offset)
            sample = await source.sample(self._photo, offset, size)
            if sample is not None and sample != await self._blocking(part.read, offset, size):
                raise Changed

    def _write(self, part: PartFile, data: memoryview) -> None:
        part.write(data)
        if part.size - self._begun.flushed >= CHECKPOINT:
            self._note(part)

    def _note(self, part: PartFile) -> None:
        """Flush what is there, then note it; so what is noted is there."""
        part.flush()
        self._begun = replace(self._begun, flushed=part.size, sha256=part.sha256)
        self._ledger.begin(self._photo, self._begun, self._arrived)

    # -- the end -------------------------------------------------------------------------------

    def _commit(self, part: PartFile) -> Record | None:
        """Publish the file and write the ledger: one job, which no cancellation can come between.

        None when the library has these bytes already; then only the ledger learns of it.
        """
        record = self._publish(part)
        part.close()
        self._part = None
        return record

    def _publish(self, part: PartFile) -> Record | None:
        photo, ledger = self._photo, self._ledger
        known = ledger.find_twin(photo, part.sha256) or self._found(part)
        # Of several objects that are alike in all that is told, the second one is a twin.
        ends = "" if photo.is_dated and known is None else hash_of_ends(photo.size, part.read)
        if known is not None:
            part.discard()
            ledger.add(photo, known, ends)
            return None
        stored = part.publish(_modified(photo, self._arrived))
        record = Record(
            path=stored.path,
            size=stored.size,
            sha256=stored.sha256,
            imported_at=self._arrived,
            counter=self._begun.counter,
            library=self._shelf.library,
        )
        return replace(record, number=ledger.add(photo, record, ends))

    def _found(self, part: PartFile) -> Record | None:
        """A file that lay here when the ledger was lost, or where it was begun, with these bytes."""
        for library, path in self._ledger.found(part.size):
            place = library or self._shelf.library
            if self._hash_of(place, path) == part.sha256:
                return Record(
                    path=path,
                    size=part.size,
                    sha256=part.sha256,
                    imported_at=self._arrived,
                    counter=self._begun.counter,
                    library=place,
                )
        return None

    def _hash_of(self, library: Path, path: PurePosixPath) -> str | None:
        try:
            return self._shelf.hashes.of(library, path)
        except LibraryError:
            if library == self._shelf.library:
                raise
            return None  # another library, which is not there now

    async def _give_up(self, error: BaseException) -> None:
        """Close the part file, if there is one; keep it where neither photo nor disk is at fault."""
        if self._part is not None:
            is_sound = not isinstance(error, PhotoError | LibraryError)
            await self._blocking(self._close, self._part, is_sound)

    def _close(self, part: PartFile, is_sound: bool) -> None:
        keep = False
        try:
            keep = is_sound and self._keep(part)
        finally:
            part.close(keep=keep)

    def _keep(self, part: PartFile) -> bool:
        """Keep what came, when it is worth it; whether it is kept."""
        if part.size < LEAST_TO_KEEP or self._photo.size is None:
            return False
        with suppress(ImporterError):
            self._note(part)
            return True
        return False

    async def _blocking[*Args, Result](
        self, func: Callable[[*Args], Result], *args: *Args
    ) -> Result:
        work: Awaitable[Result] = self._run_blocking(func, *args)
        return await to_its_end(work)


async def _write_when_open(
    sink: Sink, piece: memoryview, opening: asyncio.Future[PartFile]
) -> None:
    """Write, and wait before that for the part file.

    Where it cannot be opened the bytes go nowhere: an error here would cost the session.
    """
    if not sink.has_room(piece):
        await asyncio.wait([opening])
    if not opening.done() or not opening.exception():
        await sink.write(piece)


def _check_length(photo: Photo, sent: int, received: int) -> None:
    if sent != received:
        raise WrongLength(sent, received)
    if photo.size is None and received < LEAST_UNTOLD_SIZE:
        raise WrongLength(None, received)
    if photo.size is not None and received != photo.size:
        raise WrongLength(photo.size, received)


def _modified(photo: Photo, arrived: datetime) -> float | None:
    """When a photo was taken, in seconds since the epoch; a camera's local time is ours."""
    taken = photo.taken
    if taken is None:
        return None
    return (taken if taken.tzinfo else taken.replace(tzinfo=arrived.tzinfo)).timestamp()
