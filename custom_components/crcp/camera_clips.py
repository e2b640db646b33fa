"""What a stream's actions do: fetch a stretch of a tape, record what is shown, send a film."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .clips import Clip, Clips, clip_name, run_blocking, send_stream
from .coordinator import UnitCoordinator
from .errors import DEVICE_ERRORS, in_the_users_words, invalid
from .films import FilmStream, NoFilm
from .live.course import Course, FromNowOn, TapeCourse
from .live.feed import Feed, to_its_end
from .live.viewer import Viewer
from .protocols.crcp.client.transfer import Transfer
from .protocols.crcp.commands import Commands
from .protocols.crcp.depacketise import MediaFrame
from .protocols.crcp.errors import Refused, TimedOut
from .protocols.crcp.messages import Amount, Motion, Subunit
from .protocols.crcp.subunits import TAPE
from .shelves import load
from .tapes import Tape

#: How often a tape that winds is asked where it is, and how long winding may take, in seconds.
LOOK: Final = 0.2
WINDING: Final = 600.0

#: A clip's tape begins so many seconds before it: a motor runs, and a key frame comes, meanwhile.
LEAD: Final = 3.0

#: How often a tape that is fetched is asked where it is, and what it showed when it stopped takes
#: at most to come, in seconds.
FOLLOW: Final = 0.5
TRAILING: Final = 1.0

#: What is so near is there, in seconds: a few pictures are the most that clocks are wrong by.
NEAR: Final = 0.2

#: A tape that stands may show nothing: so long it is waited for a picture before it plays.
RUNS: Final = 2.0

#: So many seconds a tape plays on behind a clip, unless it is stopped before.
MARGIN: Final = 1.0

#: The longest clip, in seconds.
LONGEST: Final = 4 * 3600


#: What an action tells.
type Answer = dict[str, str | int | float | bool]


class ClipDesk:
    """The clips of one stream, which go to a media folder by its key, "" for the usual one."""

    def __init__(
        self, coordinator: UnitCoordinator, stream: Subunit, feed: Feed, clip_dir: str
    ) -> None:
        #: 0 to 1 while a clip is made, or a film is sent; None while nothing is.
        self.progress: float | None = None
        #: Whether a clip is made.
        self.is_recording = False
        self._clip_dir = clip_dir
        self._coordinator = coordinator
        self._stream = stream
        self._tape = Subunit(TAPE, stream.number)
        self._feed = feed

    async def record(self, seconds: float) -> Answer:
        """Store what the stream shows from now on."""
        with self._busy(recording=True):
            clips = await self._clips()
            with self._feed.watch(late=False, once=True) as viewer:
                clip = await self._store(clips, viewer, viewer, FromNowOn(seconds), self._title)
            return _answer(clip, seconds, "picture_ended")

    async def fetch(self, name: str | None, start: float, end: float) -> Answer:
        """Play a stretch of a tape, by its name or the loaded one, and store it."""
        if end <= start:
            raise invalid("clip_ends_before_it_begins")
        if self._tape not in self._coordinator.data.tapes:
            raise invalid("stream_has_no_tape")
        if self._known_tape.operation == "RECO":
            raise invalid("tape_is_recording")
        with self._busy(recording=True), self._lent(), in_the_users_words():
            clips = await self._clips()
            if name and name != self._known_tape.title:
                await self._load(name)
            self._check_length(start)
            await self._wind_to(max(start - LEAD, 0.0))
            await self._feed_runs()
            return await self._play(clips, TapeCourse(start, end))

    async def send(self, path: Path, name: str) -> None:
        """Send a film to the unit, which keeps it under a name; a tape records it meanwhile."""
        status = self._coordinator.data.tapes.get(self._tape)
        has_tape = status is not None
        if status and status.abilities and "RECO" not in status.abilities:
            raise invalid("tape_cannot_record")
        if has_tape and not self._known_tape.may_record:
            raise invalid("recording_not_allowed")
        connection = self._coordinator.connection
        if connection is None:
            raise invalid("not_connected")
        with self._busy(recording=False), self._lent():
            try:
                film = await run_blocking(self._hass, FilmStream, path)
                try:
                    with in_the_users_words():
                        async with self._feed.held():
                            transfer = await connection.store(name, stream=self._stream)
                            await self._send(transfer, film, has_tape=has_tape)
                finally:
                    await run_blocking(self._hass, film.close)
            except (NoFilm, OSError) as error:
                raise invalid("film_not_readable", detail=str(error)) from error

    async def _send(self, transfer: Transfer, film: FilmStream, *, has_tape: bool) -> None:
        try:
            if has_tape:
                await self._move("RECO", Motion())
            await send_stream(transfer, film, self._hass, self._note)
            end = await transfer.finish()
            if end and end.failed:
                raise Refused(end.code, end.text)
        finally:
            await transfer.abort()
            if has_tape:
                await self._pause()

    # -- a clip of a tape ----------------------------------------------------------------------

    async def _play(self, clips: Clips, course: TapeCourse) -> Answer:
        wanted = course.seconds
        with self._feed.watch(once=True) as viewer:
            asked = self._hass.loop.time()
            await self._move("PLAY", Motion(1.0, Amount(self._beyond(course.end))))
            course.read(self._known_tape.position, asked, self._hass.loop.time(), plays=True)
            await self._look(course)
            following = asyncio.create_task(
                self._follow(course, viewer), name="crcp tape of a clip"
            )
            try:
                frames = self._frames(viewer, course)
                clip = await self._store(clips, frames, viewer, course, self._title)
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                if course.stopped is None:
                    with suppress(HomeAssistantError, *DEVICE_ERRORS):
                        await self._pause()
        return self._told_of_tape(clip, course, wanted)

    async def _frames(self, viewer: Viewer, course: TapeCourse) -> AsyncIterator[MediaFrame]:
        """What comes; when nothing does any more, find out where the tape is."""
        async for frame in viewer:
            yield frame
        with suppress(HomeAssistantError, *DEVICE_ERRORS):
            await self._look(course)

    async def _follow(self, course: TapeCourse, viewer: Viewer) -> None:
        """Look where the tape is until it stands, or is not ours any more."""
        while course.stopped is None:
            await asyncio.sleep(FOLLOW)
            with suppress(HomeAssistantError, *DEVICE_ERRORS):
                await self._look(course)
        # What it showed last may still be on its way.
        await asyncio.sleep(TRAILING)
        viewer.end()

    async def _look(self, course: TapeCourse) -> None:
        clock = self._hass.loop.time
        asked = clock()
        # A question that is not waited for would leave the connection of no use any more.
        status = await to_its_end(self._coordinator.controller.tape_status(self._tape))
        plays = status.operation == "PLAY"
        course.read(status.position, asked, clock(), plays=plays)

    def _told_of_tape(self, clip: Clip, course: TapeCourse, wanted: float) -> Answer:
        length = self._length
        reason = "picture_ended" if course.stopped is None else "tape_stopped"
        if course.stopped is not None and length is not None and course.stopped >= length - NEAR:
            reason = "tape_ended"
        start = course.start + clip.offset
        positions = {"start": round(start, 2), "end": round(start + clip.duration, 2)}
        return {**_answer(clip, wanted, reason), **positions}

    def _check_length(self, start: float) -> None:
        length = self._length
        if length is not None and start >= length:
            raise invalid("clip_beyond_tape", length=f"{length:g}")

    async def _clips(self) -> Clips:
        clips = Clips(self._hass, self._clip_dir)
        await clips.check()
        return clips

    async def _store(
        self,
        clips: Clips,
        frames: AsyncIterable[MediaFrame],
        viewer: Viewer,
        course: Course,
        title: str,
    ) -> Clip:
        wanted, lost = course.seconds, self._feed.lost
        return await clips.store(
            frames,
            course,
            clip_name(title, dt_util.now()),
            on_place=lambda place: self._note(max(place / wanted, 0.0)),
            losses=lambda: viewer.skipped + self._feed.lost - lost,
            came=lambda: viewer.came_at,
        )

    # -- the desk ------------------------------------------------------------------------------

    @property
    def _hass(self) -> HomeAssistant:
        return self._coordinator.hass

    @property
    def _known_tape(self) -> Tape:
        return self._coordinator.tape(self._tape)

    @property
    def _length(self) -> float | None:
        """How long the tape is, in seconds, where the unit tells."""
        status = self._coordinator.data.tapes.get(self._tape)
        return status.length if status else None

    @property
    def _title(self) -> str:
        """What is shown: a tape by its name, or else the unit, and which of its pictures."""
        number = f" {self._stream.number}" if self._stream.number else ""
        return self._known_tape.title or f"{self._coordinator.name}{number}"

    @contextmanager
    def _lent(self) -> Iterator[None]:
        """Nobody else is to move the tape; who pauses it ends what it is needed for."""
        tape = self._known_tape
        tape.is_lent = True
        try:
            yield
        finally:
            tape.is_lent = False

    @contextmanager
    def _busy(self, *, recording: bool) -> Iterator[None]:
        """One clip at a time: a tape is in one place only, and so is its picture."""
        if self.progress is not None:
            raise invalid("clip_under_way")
        self.progress, self.is_recording = 0.0, recording
        self._coordinator.async_update_listeners()
        try:
            yield
        finally:
            self.progress, self.is_recording = None, False
            self._coordinator.async_update_listeners()

    def _note(self, progress: float) -> None:
        # Told in hundredths, and not with each picture.
        if progress - (self.progress or 0.0) >= 0.01:
            self.progress = progress
            self._coordinator.async_update_listeners()

    async def _feed_runs(self) -> None:
        """Have the transfer run before the tape does. A tape that stands may send nothing at all."""
        with self._feed.watch() as viewer:
            self._feed.hurry()
            with suppress(TimeoutError, StopAsyncIteration):
                async with asyncio.timeout(RUNS):
                    await anext(viewer)

    def _beyond(self, end: float) -> float:
        """Where the tape stops by itself: a little behind the clip, which is not to end in black."""
        length = self._length
        return end + MARGIN if length is None else min(end + MARGIN, max(length, end))

    async def _wind_to(self, position: float) -> None:
        async def wind(controller: Commands) -> None:
            await controller.go_to(self._tape, position)
            self._known_tape.commanded("FF", None)

        await self._coordinator.async_drive(self._tape, wind)
        deadline = self._hass.loop.time() + WINDING
        while (await self._coordinator.controller.tape_status(self._tape)).operation != "PAUS":
            if self._hass.loop.time() > deadline:
                raise TimedOut("the tape does not arrive")
            await asyncio.sleep(LOOK)

    async def _load(self, name: str) -> None:
        async def mount(controller: Commands) -> None:
            await controller.execute(load(self._tape, name))
            self._known_tape.title = name
            self._known_tape.commanded("PAUS", 0)

        await self._coordinator.async_drive(self._tape, mount)

    async def _pause(self) -> None:
        async def pause(controller: Commands) -> None:
            await controller.pause_tape(self._tape)
            self._known_tape.commanded("PAUS", 0)

        await self._coordinator.async_drive(self._tape, pause)

    async def _move(self, verb: str, motion: Motion) -> None:
        async def move(controller: Commands) -> None:
            await controller.move_tape(self._tape, verb, motion)
            self._known_tape.commanded(verb, 1.0)

        await self._coordinator.async_drive(self._tape, move)


def _answer(clip: Clip, wanted: float, reason: str) -> Answer:
    """What an action tells of a clip. reason: why it is shorter than it should be, if it is."""
    is_there = clip.duration >= wanted - NEAR and clip.offset < NEAR
    is_complete = is_there and not clip.stretch.missing
    told: Answer = {
        "media_content_id": clip.place,
        "path": str(clip.stored.path),
        "size": clip.stored.size,
        "duration": round(clip.duration, 2),
        "complete": is_complete,
        "pictures_missing": clip.stretch.missing,
    }
    if not is_complete:
        reason = "pictures_missing" if is_there else reason
        told["reason"] = "disk_full" if clip.disk_full else reason
    return told
