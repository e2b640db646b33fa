"""What a stream's actions do: fetch a stretch of a tape, record what is shown, send a film."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
import math
from pathlib import Path
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .clips import Clips, clip_name, send_stream
from .coordinator import UnitCoordinator
from .errors import in_the_users_words, invalid
from .films import NoFilm, StreamFile, make_stream
from .live.feed import Feed
from .protocols.crcp.client.transfer import Transfer
from .protocols.crcp.commands import Commands
from .protocols.crcp.errors import Refused
from .protocols.crcp.messages import Amount, Motion, Subunit
from .protocols.crcp.subunits import TAPE
from .shelves import load
from .stretches import FromNowOn, OnTape, Stretch

#: How often a tape that winds is asked where it is, and how long winding may take, in seconds.
LOOK: Final = 0.2
WINDING: Final = 600.0

#: So many seconds before a clip its tape begins to play: more than from key frame to key frame.
LEAD: Final = 2.5

#: So many seconds a tape plays on behind a clip, unless it is stopped before.
MARGIN: Final = 1.0

#: The longest clip, in seconds.
LONGEST: Final = 4 * 3600


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

    @property
    def _hass(self) -> HomeAssistant:
        return self._coordinator.hass

    async def record(self, seconds: float) -> dict[str, Any]:
        """Store what the stream shows from now on."""
        with self._busy(recording=True):
            return await self._store(self._coordinator.name, FromNowOn(seconds))

    async def fetch(self, name: str | None, start: float, end: float) -> dict[str, Any]:
        """Play a stretch of a tape, by its name or the loaded one, and store it."""
        if end <= start:
            raise invalid("clip_ends_before_it_begins")
        if self._tape not in self._coordinator.data.tapes:
            raise invalid("stream_has_no_tape")
        if self._coordinator.tape(self._tape).operation == "RECO":
            raise invalid("tape_is_recording")
        with self._busy(recording=True), in_the_users_words():
            if name and name != self._coordinator.tape(self._tape).title:
                await self._command(load(self._tape, name).name, name=name)
            await self._wind_to(max(start - LEAD, 0.0))
            length = self._coordinator.data.tapes[self._tape].length
            if start >= (math.inf if length is None else length):
                raise invalid("clip_beyond_tape")
            title = self._coordinator.tape(self._tape).title or self._coordinator.name
            stretch = OnTape(lambda: self._coordinator.tape(self._tape), start, end, length)
            try:
                return await self._store(title, stretch, lambda: self._play_to(end))
            finally:
                await self._command("PAUS")

    async def send(self, path: Path, name: str) -> None:
        """Send a film to the unit, which keeps it under a name; a tape records it meanwhile."""
        status = self._coordinator.data.tapes.get(self._tape)
        has_tape = status is not None
        if status and status.abilities and "RECO" not in status.abilities:
            raise invalid("tape_cannot_record")
        if has_tape and not self._coordinator.tape(self._tape).may_record:
            raise invalid("recording_not_allowed")
        connection = self._coordinator.connection
        if connection is None:
            raise invalid("not_connected")
        with self._busy(recording=False):
            try:
                stream = await self._hass.async_add_executor_job(make_stream, path)
            except (NoFilm, OSError) as error:
                raise invalid("film_not_readable", detail=str(error)) from error
            with in_the_users_words(), stream.file:
                async with self._feed.held():
                    transfer = await connection.store(name, stream=self._stream)
                    await self._send(transfer, stream, has_tape=has_tape)

    async def _send(self, transfer: Transfer, stream: StreamFile, *, has_tape: bool) -> None:
        try:
            if has_tape:
                await self._command("RECO", Motion())
            await send_stream(transfer, stream, self._hass, self._note)
            end = await transfer.finish()
            if end and end.failed:
                raise Refused(end.code, end.text)
        finally:
            await transfer.abort()
            if has_tape:
                await self._command("PAUS")

    async def _store(
        self, title: str, stretch: Stretch, begin: Callable[[], Awaitable[None]] | None = None
    ) -> dict[str, Any]:
        name = clip_name(title, dt_util.now())
        if self._stream.number:
            # Two streams of a unit may be recorded at the same moment.
            name = f"{name} {self._stream.number}"
        clips = Clips(self._hass, self._clip_dir)
        return await clips.record(self._feed, name, stretch, self._note, begin)

    async def _play_to(self, end: float) -> None:
        with in_the_users_words():
            await self._feed_runs()
            await self._command("PLAY", Motion(1.0, Amount(self._beyond(end))))

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
            try:
                async with asyncio.timeout(2):
                    await anext(viewer)
            except TimeoutError, StopAsyncIteration:
                return

    def _beyond(self, end: float) -> float:
        """Where the tape stops by itself: a little behind the clip, which is not to end in black."""
        length = self._coordinator.data.tapes[self._tape].length
        return end + MARGIN if length is None else min(end + MARGIN, max(length, end))

    async def _wind_to(self, position: float) -> None:
        async def wind(controller: Commands) -> None:
            await controller.go_to(self._tape, position)
            self._coordinator.tape(self._tape).commanded("FF", None)

        await self._coordinator.async_command(self._tape, wind)
        async with asyncio.timeout(WINDING):
            while (await self._coordinator.controller.tape_status(self._tape)).operation != "PAUS":
                await asyncio.sleep(LOOK)

    async def _command(self, verb: str, motion: Motion | None = None, name: str = "") -> None:
        tape = self._coordinator.tape(self._tape)

        async def send(controller: Commands) -> None:
            if name:
                await controller.execute(load(self._tape, name))
                tape.title = name
            elif motion is None:
                await controller.pause_tape(self._tape)
            else:
                await controller.move_tape(self._tape, verb, motion)
            tape.commanded("PAUS" if motion is None else verb, 0 if motion is None else 1.0)

        await self._coordinator.async_command(self._tape, send)
