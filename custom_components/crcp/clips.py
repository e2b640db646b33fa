"""Clips: a stretch of a picture into the media library, and a film of the library to a unit.

A clip is gathered in a file without a name, so a crash leaves nothing behind; made a film; and then
committed as the importer does it: part file, flush, its name, which replaces nobody's, flush.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
import logging
import os
from pathlib import Path, PurePosixPath
from secrets import randbits
import tempfile
from typing import IO, Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .films import FILM, STREAM, NoFilm, StreamFile, can_pack, make_film
from .importer.errors import ImporterError, LibraryFull
from .importer.executor import Sink, to_its_end
from .importer.files import PartFile, Stored
from .importer.folders import check_library
from .importer.naming import safe_name
from .importer.room import Reserve
from .live.feed import Feed
from .live.viewer import Viewer
from .photo_library import NoMediaDir, media_folder
from .protocols.crcp.client.transfer import Transfer
from .protocols.crcp.rtp import TS_PACKET, RtpPacket, Sender
from .stretches import Stretch

_LOGGER = logging.getLogger(__name__)

#: The folder of all clips in the media folder.
FOLDER: Final = "CRCP clips"

#: After so many seconds without a picture a clip is at its end; without any, it has failed.
PATIENCE: Final = 20.0

#: How often it is looked whether a clip is at its end, where no picture comes.
LOOK: Final = 0.25

#: A clip that is so many seconds shorter than it was asked to be is not complete.
NEARLY: Final = 0.5

#: Of RTP's clock for a transport stream (RFC 2250).
CLOCK: Final = 90000

#: What the name of a clip ends in that is not whole yet; nothing else in the library is called so.
PART: Final = ".clip.part"

#: Those that are being written now.
_PARTS: Final[HassKey[set[Path]]] = HassKey(f"{DOMAIN}_clip_parts")

_PIECE: Final = 1 << 20
_PACKETS: Final = 7


@dataclass(slots=True)
class Gathered:
    """What was gathered. lead: so many seconds of it come before what was asked for."""

    lead: float = 0.0
    began: float = 0.0
    ended: float = 0.0
    size: int = 0
    skipped_before: int = 0
    skipped: int = 0

    @property
    def duration(self) -> float:
        """How long it is, as far as our clock tells."""
        return self.ended - self.began - self.lead

    def note(self, size: int, came_at: float, skipped: int) -> None:
        """Count a frame. skipped: how many the viewer was too slow for by now."""
        self.began = self.began or came_at
        self.size += size
        self.ended, self.skipped = came_at, skipped - self.skipped_before


class Clips:
    """A media folder, by its key or "" for the usual one, as clips see it.

    Raises HomeAssistantError when it is no longer one.
    """

    def __init__(self, hass: HomeAssistant, media_dir: str) -> None:
        self._hass = hass
        try:
            self._dir_id, self._library = media_folder(hass, media_dir)
        except NoMediaDir as error:
            raise _failed("clip_not_stored", detail=f"no media folder {error.key!r}") from error
        self._parts = hass.data.setdefault(_PARTS, set())

    async def record(
        self,
        feed: Feed,
        name: str,
        stretch: Stretch,
        on_progress: Callable[[float], None] = lambda _: None,
        begin: Callable[[], Awaitable[None]] | None = None,
    ) -> dict[str, Any]:
        """Store a stretch of a picture; return where, and how long it is. Raises HomeAssistantError.

        begin: lets the picture move, once all that comes is kept.
        """
        try:
            await self._run(check_library, self._library)
            with await self._run(self._spool) as spool:
                with feed.watch(late=False) as viewer:
                    if begin:
                        await begin()
                    gathered = await self._gather(viewer, spool, stretch, on_progress)
                if not gathered.size:
                    raise _failed("clip_without_picture")
                return await self._run(self._commit, spool, name, gathered, stretch.duration)
        except (ImporterError, OSError) as error:
            raise _failed("clip_not_stored", detail=str(error)) from error

    async def _gather(
        self,
        viewer: Viewer,
        spool: IO[bytes],
        stretch: Stretch,
        on_progress: Callable[[float], None],
    ) -> Gathered:
        """Keep what belongs to a stretch, from the last frame on that one can begin with before it.

        What interrupts the picture ends the clip, which is whole as far as it goes.
        """
        gathered, sink = Gathered(), Sink(lambda piece: self._write(spool, piece), self._run)
        clock = self._hass.loop.time
        heard = clock()
        try:
            while stretch.share(clock()) < 1 or viewer.has_waiting:
                try:
                    async with asyncio.timeout(LOOK):
                        frame = await anext(viewer)
                except TimeoutError:
                    if clock() - heard > PATIENCE:
                        break
                    continue
                except StopAsyncIteration:
                    break
                heard = viewer.came_at
                if stretch.share(heard) >= 1:
                    break
                lead = stretch.lead(heard)
                if frame.is_start and lead is not None:
                    await sink.finish()
                    await self._run(_empty, spool)
                    gathered = Gathered(lead, heard, skipped_before=viewer.skipped)
                    sink = Sink(lambda piece: self._write(spool, piece), self._run)
                await sink.write(memoryview(frame.data))
                gathered.note(len(frame.data), heard, viewer.skipped)
                on_progress(max(stretch.share(heard), 0.0))
        finally:
            await sink.finish()
        return gathered

    def _spool(self) -> IO[bytes]:
        return tempfile.TemporaryFile(dir=self._library)

    def _write(self, spool: IO[bytes], piece: memoryview) -> None:
        disk = os.statvfs(self._library)
        # It is copied once when it is packed, and once more when it gets its name.
        wanted = Reserve().of(disk.f_blocks * disk.f_frsize) + spool.tell()
        if disk.f_blocks and disk.f_bavail * disk.f_frsize < wanted:
            raise LibraryFull(self._library, 0, "too little space is free")
        spool.write(piece)

    def _commit(
        self, spool: IO[bytes], name: str, gathered: Gathered, wanted: float
    ) -> dict[str, Any]:
        """Make it a film where that is possible, and give it its name."""
        ending, film, duration = STREAM, spool, gathered.duration
        if can_pack():
            # One that no film can be made of, because its clock jumps, say, is kept all the same.
            with suppress(NoFilm):
                film, duration = make_film(spool, self._library, gathered.lead)
                ending = FILM
                spool.close()
        with film:
            film.seek(0)
            stored = self._publish(film, PurePosixPath(FOLDER, safe_name(name + ending)))
        place = f"media-source://media_source/{self._dir_id}/{stored.path}"
        return {
            "media_content_id": place,
            "path": str(stored.path),
            "size": stored.size,
            "duration": round(duration, 2),
            "complete": not gathered.skipped and duration > wanted - NEARLY,
        }

    def _publish(self, film: IO[bytes], path: PurePosixPath) -> Stored:
        part_name = f".{path.name}{PART}"
        part = PartFile(self._library, path, part_name)
        place = self._library / path.parent / part_name
        self._parts.add(place)
        try:
            part.open()
            while piece := film.read(_PIECE):
                part.write(memoryview(piece))
            return part.publish(None)
        finally:
            part.close()
            self._parts.discard(place)

    async def _run[*Args, Result](self, job: Callable[[*Args], Result], *args: *Args) -> Result:
        return await to_its_end(self._hass.async_add_executor_job(job, *args))


def _empty(spool: IO[bytes]) -> None:
    spool.seek(0)
    spool.truncate()


def clip_name(title: str, now: datetime) -> str:
    """What a clip is called: what it shows, and when it was made."""
    stem = title.rpartition("/")[2].removesuffix(STREAM)
    return f"{stem} {now:%Y-%m-%d %H.%M.%S}"


async def async_sweep(hass: HomeAssistant) -> None:
    """Throw away what a crash left of clips that were being named."""
    parts = hass.data.setdefault(_PARTS, set())
    for folder in hass.config.media_dirs.values():
        await hass.async_add_executor_job(_sweep, Path(folder, FOLDER), parts)


def _sweep(folder: Path, parts: set[Path]) -> None:
    with suppress(OSError):
        for left in folder.glob(f".*{PART}"):
            if left not in parts:
                left.unlink()
                _LOGGER.info("Removed %s, the rest of a clip", left)


async def send_stream(
    transfer: Transfer,
    film: StreamFile,
    hass: HomeAssistant,
    on_progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Send a transport stream as fast as it plays, since a tape records what comes."""
    stream, duration = film.file, film.duration
    size = await hass.async_add_executor_job(stream.seek, 0, os.SEEK_END)
    await hass.async_add_executor_job(stream.seek, 0)
    # RFC 3550 section 5.1: random, so that nobody takes it for another stream.
    first = RtpPacket(33, randbits(16), randbits(32), randbits(32), b"")
    sender = Sender(first)
    began, sent = hass.loop.time(), 0
    while piece := await hass.async_add_executor_job(stream.read, _PACKETS * TS_PACKET * 50):
        for at in range(0, len(piece), _PACKETS * TS_PACKET):
            moment = duration * sent / size
            if (wait := began + moment - hass.loop.time()) > 0.005:
                await asyncio.sleep(wait)
            payload = piece[at : at + _PACKETS * TS_PACKET]
            await transfer.send(sender.packet(payload, int(moment * CLOCK)))
            sent += len(payload)
            on_progress(sent / size)


def _failed(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
