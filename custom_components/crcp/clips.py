"""Clips: a stretch of a picture into the media library, and a film of the library to a unit.

A clip is gathered in files without names, so a crash leaves nothing behind; made a film, while they
are given back to the disk; and committed as the importer does it: part file, flush, its name, which
replaces nobody's, flush.
"""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
import logging
import os
from pathlib import Path, PurePosixPath
import random
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .films import FILM, STREAM, FilmStream, NoFilm, Piece, can_pack, make_film
from .importer.errors import ImporterError, LibraryFull
from .importer.executor import RunBlocking, Sink, to_its_end
from .importer.files import PartFile, Stored
from .importer.folders import check_library
from .importer.naming import safe_name
from .importer.room import Reserve
from .live.course import Course
from .live.gather import Gathering, Stretch
from .photo_library import NoMediaDir, media_folder
from .protocols.crcp.client.transfer import Transfer
from .protocols.crcp.depacketise import MediaFrame
from .protocols.crcp.rtp import TS_PACKET, RtpPacket, Sender
from .spool import SEGMENT, Spool

_LOGGER = logging.getLogger(__name__)

#: The folder of all clips in the media folder.
FOLDER: Final = "CRCP clips"

#: So many seconds after it should have been whole, a clip is what there is of it.
PATIENCE: Final = 20.0

#: Of RTP's clock for a transport stream (RFC 2250).
CLOCK: Final = 90000

#: What the name of a clip ends in that is not whole yet; nothing else in the library is called so.
PART: Final = ".clip.part"

#: Those that are being written now.
_PARTS: Final[HassKey[set[Path]]] = HassKey(f"{DOMAIN}_clip_parts")

_PIECE: Final = 1 << 20
_PAYLOAD: Final = 7 * TS_PACKET

#: So many frames of a film are made ready at once.
_AT_ONCE: Final = 25


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip in the library. stretch: what was gathered; duration: how many seconds it shows."""

    place: str
    stored: Stored
    stretch: Stretch
    duration: float
    disk_full: bool

    @property
    def offset(self) -> float:
        """How much later it begins than it should, in seconds; below zero, how much earlier."""
        return self.stretch.first if self.stored.path.suffix != FILM else max(self.stretch.first, 0)


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

    async def check(self) -> None:
        """Raise HomeAssistantError where nothing can be stored."""
        try:
            await self._run(check_library, self._library)
        except ImporterError as error:
            raise _failed("clip_not_stored", detail=str(error)) from error

    async def store(
        self,
        frames: AsyncIterable[MediaFrame],
        course: Course,
        name: str,
        *,
        on_place: Callable[[float], None],
        losses: Callable[[], int],
        came: Callable[[], float],
    ) -> Clip:
        """Store what a course wants of these frames, or what there is of it.

        The rest is Gathering's. Raises HomeAssistantError.
        """
        spool = Spool(self._library)
        target = _SpoolTarget(spool, self._library, self._run)
        gathering = Gathering(course, target, on_place=on_place, losses=losses, came=came)
        full: LibraryFull | None = None
        try:
            full = await self._gather(gathering, frames, target, course.seconds)
            stretch = gathering.finish()
            if stretch.is_empty:
                raise _failed("clip_without_picture")
            stored, duration = await self._run(self._commit, spool, stretch, name)
        except (ImporterError, NoFilm, OSError) as error:
            raise _failed("clip_not_stored", detail=str(full or error)) from error
        finally:
            await self._run(spool.close)
        place = f"media-source://media_source/{self._dir_id}/{stored.path}"
        return Clip(place, stored, stretch, duration, disk_full=full is not None)

    async def _gather(
        self,
        gathering: Gathering,
        frames: AsyncIterable[MediaFrame],
        target: _SpoolTarget,
        seconds: float,
    ) -> LibraryFull | None:
        """Gather as much as there is, and there is room for; return what is said of a full disk."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds + PATIENCE):
                    await gathering.run(frames)
            await target.finish()
        except LibraryFull as error:
            return error
        return None

    def _commit(self, spool: Spool, stretch: Stretch, name: str) -> tuple[Stored, float]:
        """Make it a film where that is possible, and give it its name."""
        ending = FILM if can_pack() else STREAM
        path = PurePosixPath(FOLDER, safe_name(name + ending))
        part_name = f".{path.name}{PART}"
        part = PartFile(self._library, path, part_name)
        place = self._library / path.parent / part_name
        self._parts.add(place)
        try:
            part.open()
            with part.borrow() as file:
                if ending == FILM:
                    duration = make_film(spool, file, stretch.begin, stretch.end)
                else:
                    duration = stretch.last - stretch.first
                    while piece := spool.read(_PIECE):
                        file.write(piece)
            return part.publish(None), duration
        finally:
            part.close()
            self._parts.discard(place)

    async def _run[*Args, Result](self, job: Callable[[*Args], Result], *args: *Args) -> Result:
        return await run_blocking(self._hass, job, *args)


class _SpoolTarget:
    """A spool, written in large pieces as long as the disk's reserve is left."""

    def __init__(self, spool: Spool, library: Path, run: RunBlocking) -> None:
        self._spool = spool
        self._library = library
        self._run = run
        self._sink = Sink(self._write, run)

    async def write(self, piece: memoryview) -> None:
        await self._sink.write(piece)

    async def restart(self) -> None:
        self._sink = Sink(self._write, self._run)
        await self._run(self._spool.close)

    async def finish(self) -> None:
        await self._sink.finish()

    def _write(self, piece: memoryview) -> None:
        # The film is made of it while it is given back, so that takes one segment more.
        disk = os.statvfs(self._library)
        free, total = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        if total and free - SEGMENT < Reserve().of(total):
            raise LibraryFull(self._library, 0, "too little space is free")
        self._spool.write(piece)


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


async def run_blocking[*Args, Result](
    hass: HomeAssistant, job: Callable[[*Args], Result], *args: *Args
) -> Result:
    """Run a job in another thread, to its end."""
    return await to_its_end(hass.async_add_executor_job(job, *args))


async def send_stream(
    transfer: Transfer,
    film: FilmStream,
    hass: HomeAssistant,
    on_progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Send a film as fast as it plays, since a tape records what comes. Raises NoFilm, OSError."""
    sender, began = _sender(), hass.loop.time()
    pieces = film.pieces()
    try:
        while found := await run_blocking(hass, _some, pieces):
            for piece in found:
                if (wait := began + piece.moment - hass.loop.time()) > 0.005:
                    await asyncio.sleep(wait)
                for at in range(0, len(piece.data), _PAYLOAD):
                    payload = piece.data[at : at + _PAYLOAD]
                    await transfer.send(sender.packet(payload, int(piece.moment * CLOCK)))
                on_progress(min(piece.moment / film.duration, 1.0) if film.duration else 0.0)
    finally:
        await run_blocking(hass, pieces.close)


def _some(pieces: Iterator[Piece]) -> list[Piece]:
    return list(islice(pieces, _AT_ONCE))


def _sender() -> Sender:
    """Random first values, so that a guessed stream cannot be slipped in (RFC 3550 section 5.1)."""
    choose = random.SystemRandom()
    sequence, ssrc = choose.randrange(1 << 16), choose.randrange(1 << 32)
    return Sender(RtpPacket(33, sequence, choose.randrange(1 << 32), ssrc, b""))


def _failed(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )
