"""The run: list what is on a camera's cards, choose what is new, fetch it, commit it.

A photo is committed in one order, and each step is on the disk before the next one begins: its
place in the ledger, part file, length, flush, name, folder, ledger. So it does not matter where a
run is stopped. Before the name there is only a part file, which the next run takes up or throws
away; between the name and the ledger there is a whole file, which the next run finds by its bytes,
in the place that was noted; after the ledger the photo is known. Only then the host is told, and
only then, if that is wanted at all, the photo is deleted on the camera.

While one photo is committed the camera already sends the next, which waits in memory: it touches
ledger and library when the one before it is done. So all of this holds for each of them alone.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
import time
from typing import Final

from .choice import Choice
from .clearing import Clearing
from .doubts import Doubts
from .errors import LedgerError, LibraryError, NoRoomForPhoto, PhotoError, PhotoRefused, Stopped
from .executor import RunBlocking, ended, politely, to_its_end
from .files import remove_part
from .ledger import Ledger
from .naming import part_name, safe_name
from .records import Record
from .room import Reserve, Room
from .run import Failure, Imported, Plan, Progress, Report, Run
from .setbacks import Setbacks
from .shelf import Shelf
from .source import Photo, PhotoSource
from .template import DEFAULT, Template
from .transfer import Transfer

#: A part file that nobody came back for in so long belongs to a card that was formatted.
LEFT_OVER: Final = timedelta(days=30)

#: So often the host is told how many photos are listed.
TELL_EVERY: Final = 100

#: A larger photo is not begun before the one before it is stored: if that fails for want of room,
#: what comes meanwhile goes nowhere.
MAX_EARLY: Final = 64 << 20

ALL: Final = Choice()
RESERVE: Final = Reserve()


class Importer:
    """Imports one camera's photos into a library.

    library: a folder that exists; it is never made. camera_name: stands for the camera in the
    template. run_blocking: runs a function in another thread. clock: now, with the time zone that
    the camera is in. timer: seconds that only grow. on_imported: told of each photo once it is
    stored, in the event loop, at most once; on_progress: of each piece, as often as they come.
    on_listed: of how many photos are listed so far, now and then. delete: whether photos are
    deleted on the camera once they are safe here, also those of earlier runs. newest_first: else
    they come in the cards' order, the newest last.
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
        on_listed: Callable[[int], None] | None = None,
        template: Template = DEFAULT,
        choice: Choice = ALL,
        reserve: Reserve = RESERVE,
        delete: bool = False,
        newest_first: bool = False,
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
        self._on_listed = on_listed or _tell_nobody
        self._choice = choice
        self._delete = delete
        self._newest_first = newest_first
        self._turn = asyncio.Lock()
        self._unfinished: set[Photo] = set()
        self._setbacks = Setbacks(timer)
        self._clearing = Clearing(ledger, library, run_blocking)
        self._doubts = Doubts(ledger, library, run_blocking)

    async def run(
        self,
        source: PhotoSource,
        *,
        afresh: bool = False,
        urgent: deque[int] | None = None,
        told: Collection[int] = (),
    ) -> Report:
        """Import every photo of source that is wanted and that the ledger does not know.

        afresh: also those that were passed over, now that somebody wants them.
        urgent: handles of what is announced meanwhile, which comes before the rest; it is emptied.
        told: handles of what was announced before. A photo that fails is reported, and the others are imported. What the source's link raises,
        a LibraryError and a LedgerError end the run: what was imported stays, and the photo in
        hand leaves nothing behind that a person could see. Runs of one importer wait for each
        other.
        """
        async with self._turn:
            await self._blocking(self._room.check)
            listed = await self._list(source)
            plan = await self._blocking(self._plan, listed, source.serial, afresh)
            run = Run(plan := await self._doubts.settled(source, plan, told))
            await self._import_all(source, plan, run, deque() if urgent is None else urgent)
            if self._delete:
                known = plan.known + run.twins
                run.deleted += await self._clearing.delete_known(source, known)
            return replace(run.report(), left_out=(*source.left_out, *run.left_out))

    async def import_photo(self, source: PhotoSource, photo: Photo) -> Imported | None:
        """Import one photo of source's session; None when it is known, or not wanted.

        Raises as run, or PhotoError.
        """
        async with self._turn:
            if not await self._is_to_come(source, photo):
                return None
            progress = Progress(
                photo=photo, number=1, count=1, received=0, done=0, total=photo.size or 0
            )
            imported = await to_its_end(await self._import(source, progress))
            await self._delete_fetched(source, imported)
            return imported

    def unsettle(self) -> None:
        """Look anew at what was looked at in this session: other cards may be in the camera."""
        self._doubts.unsettle()

    async def _is_to_come(self, source: PhotoSource, photo: Photo) -> bool:
        """Whether a photo is wanted and new."""
        if not self._choice.wants(photo):
            return False
        known = await self._blocking(self._ledger.knows, photo)
        return not known or await self._doubts.is_other(source, photo)

    async def pass_over(self, source: PhotoSource) -> int:
        """Take every photo that is on the cards now for one that nobody wants; return how many."""
        async with self._turn:
            listed = await self._list(source)
            new = await self._blocking(self._ledger.unknown, listed)
            handles = {photo.handle for photo in new}
            known = (photo for photo in listed if photo.handle not in handles)
            new += await self._doubts.others(source, known)
            ends = await self._doubts.ends(source, new)
            await self._blocking(self._ledger.pass_over, new, self._clock(), ends)
            return len(new)

    async def _list(self, source: PhotoSource) -> list[Photo]:
        """List the cards, which takes a slow camera an hour; so tell how far it is."""
        listed = []
        async for photo in source.photos():
            listed.append(photo)
            if len(listed) % TELL_EVERY == 0:
                self._on_listed(len(listed))
        return listed

    def _plan(self, listed: list[Photo], serial: str, afresh: bool) -> Plan:
        """Decide what is to be done; away from the event loop, because cards are large.

        Shots that are numbered here are numbered in the order in which they were taken.
        """
        chosen = [photo for photo in politely(listed) if self._choice.wants(photo)]
        names = {safe_name(photo.filename) for photo in politely(listed)}
        self._shelf.know_names(names)
        if afresh:
            self._ledger.take_back(chosen)
        new = self._new_ones(chosen, serial)
        waiting = {photo for photo in politely(new) if not self._setbacks.is_ready(photo)}
        ready = [photo for photo in politely(new) if photo not in waiting]
        if self._newest_first and not self._shelf.template.counts:
            ready.sort(key=_age)
        # A photo that ends the session each time must not keep the ones behind it waiting for ever.
        ready.sort(key=self._unfinished.__contains__)
        to_come = {(photo, photo.handle) for photo in politely(new)}
        return Plan(
            ready=ready,
            known=[photo for photo in politely(chosen) if (photo, photo.handle) not in to_come],
            not_chosen=len(listed) - len(chosen),
            waiting=len(new) - len(ready),
            half_done=self._ledger.half_done(photo.serial for photo in ready),
            alike=self._alike(ready),
        )

    def _alike(self, ready: list[Photo]) -> set[Photo]:
        """Those of which there are several, some of which are known."""
        equal = Counter(politely(ready))
        return {
            photo for photo in politely(equal) if equal[photo] > 1 and self._ledger.knows(photo)
        }

    def _new_ones(self, chosen: list[Photo], serial: str) -> list[Photo]:
        """Those that the ledger does not know; and clean up behind the camera's runs of long ago."""
        here = set(politely(chosen))
        for photo, begun in self._ledger.begun_before(serial, self._clock() - LEFT_OVER):
            if photo not in here:
                library = begun.library or self._library
                remove_part(library, begun.path, part_name(begun.path.name, photo))
                self._ledger.give_up(photo)
        return self._ledger.unknown(chosen)

    async def _import_all(
        self, source: PhotoSource, plan: Plan, run: Run, urgent: deque[int]
    ) -> None:
        """Fetch one after the other; a small one already while the one before it is stored."""
        done = 0
        storing: asyncio.Future[None] | None = None
        for number, photo in enumerate(plan.ready, 1):
            progress = Progress(
                photo=photo,
                number=number,
                count=len(plan.ready),
                received=0,
                done=done,
                total=plan.total,
            )
            if urgent:
                if storing:
                    await to_its_end(storing)
                    storing = None
                while urgent:
                    await self._import_urgent(source, urgent.popleft(), progress, run)
            if (photo, photo.handle) in run.overtook or not run.may_have_room_for(photo):
                continue
            if storing and (run.no_room or not self._may_come_early(photo, plan)):
                await to_its_end(storing)
                storing = None
            storing = await self._import_one(source, progress, run, storing)
            done += photo.size or 0
        if storing:
            await to_its_end(storing)
        if run.no_room:
            raise run.no_room

    async def _import_urgent(
        self, source: PhotoSource, handle: int, progress: Progress, run: Run
    ) -> None:
        """Import what was announced: a picture taken just now does not wait for a whole card."""
        try:
            photo = await source.photo(handle)
            if photo is None or not await self._is_to_come(source, photo):
                return
        except PhotoRefused as refused:
            if handle not in run.gone:  # some cameras tell of a picture twice
                run.left_out.append(refused)
            return
        run.overtook.add((photo, handle))
        if storing := await self._import_one(source, replace(progress, photo=photo), run, None):
            await to_its_end(storing)

    def _may_come_early(self, photo: Photo, plan: Plan) -> bool:
        """Whether a photo can be fetched before it is known that the one before it is stored."""
        return photo not in plan.half_done and photo.size is not None and photo.size <= MAX_EARLY

    async def _import_one(
        self,
        source: PhotoSource,
        progress: Progress,
        run: Run,
        before: asyncio.Future[None] | None,
    ) -> asyncio.Future[None] | None:
        """Import one of many; what is wrong with it costs nothing but itself.

        Return what ends when it is stored. Where this raises, before has ended.
        """
        photo = progress.photo
        try:
            storing = await self._import(source, progress, before)
        except PhotoError as error:
            run.failed.append(Failure(photo, error))
            return before
        except NoRoomForPhoto as error:
            run.has_no_room(photo, error)
            return before
        counting = asyncio.ensure_future(run.count(photo, storing))
        if self._delete:
            await to_its_end(counting)
            imported = None if storing.exception() else storing.result()
            if await self._delete_fetched(source, imported):
                run.deleted += 1
                run.gone.add(photo.handle)
        return counting

    async def _delete_fetched(self, source: PhotoSource, imported: Imported | None) -> bool:
        """Delete on the camera what is stored; whether it was."""
        if imported is None or not self._delete:
            return False
        return await self._clearing.delete_fetched(source, imported.photo, imported.record)

    async def _import(
        self,
        source: PhotoSource,
        progress: Progress,
        before: asyncio.Future[None] | None = None,
    ) -> asyncio.Future[Imported | None]:
        """Fetch a photo and begin to store it; see Transfer.fetch for before."""
        photo = progress.photo

        def tell(received: int) -> None:
            self._on_progress(replace(progress, received=received))

        self._unfinished.add(photo)
        transfer = Transfer(self._shelf, photo, self._clock(), self._run_blocking, tell)
        try:
            part = await transfer.fetch(source, before)
        except PhotoError:
            self._setbacks.failed(photo)
            raise
        except LibraryError, LedgerError, Stopped:
            raise
        except Exception:
            # Whatever it is, it came from the source, and passes through.
            self._setbacks.ended(photo, transfer.reached)
            raise
        thumbnail = asyncio.get_running_loop().create_future()
        storing = asyncio.ensure_future(self._store(photo, transfer.store(part), thumbnail))
        try:
            thumbnail.set_result(await source.thumbnail(photo))
        except BaseException:
            # The photo is stored, whatever becomes of its thumbnail.
            thumbnail.set_result(None)
            await ended(storing)
            raise
        return storing

    async def _store(
        self,
        photo: Photo,
        storing: Awaitable[Record | None],
        thumbnail: Awaitable[bytes | None],
    ) -> Imported | None:
        """Store what was fetched, and tell the host."""
        try:
            record = await storing
        except PhotoError:
            self._setbacks.failed(photo)
            raise
        self._unfinished.discard(photo)
        self._setbacks.worked(photo)
        if record is None:
            return None
        imported = Imported(
            photo=photo,
            path=record.path,
            size=record.size,
            sha256=record.sha256,
            imported_at=record.imported_at,
            thumbnail=await thumbnail,
            number=record.number,
        )
        self._on_imported(imported)
        return imported

    async def _blocking[*Args, Result](
        self, func: Callable[[*Args], Result], *args: *Args
    ) -> Result:
        return await to_its_end(self._run_blocking(func, *args))


def _age(photo: Photo) -> int:
    """A number that is smaller for newer photos, and largest for those without a true date.

    It puts them in order, no more: what is new is never decided by a date.
    """
    taken = photo.taken
    return (
        0
        if taken is None
        else -(taken.toordinal() * 86400 + taken.hour * 3600 + taken.minute * 60 + taken.second)
    )


def _tell_nobody(_: object) -> None:
    pass
