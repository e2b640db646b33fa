"""What a stream's actions do: fetch a stretch of a tape, record what is shown, send a film."""

import asyncio
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .clips import Clips, clip_name, send_stream
from .coordinator import UnitCoordinator
from .errors import in_the_users_words, invalid
from .films import NoFilm, make_stream
from .live.feed import Feed
from .protocols.crcp.commands import Commands
from .protocols.crcp.messages import Amount, Motion, Subunit
from .protocols.crcp.subunits import TAPE
from .shelves import load

#: How often a tape that winds is asked where it is, and how long winding may take, in seconds.
LOOK: Final = 0.2
WINDING: Final = 600.0

#: So many seconds a tape plays on behind a clip, unless it is stopped before.
MARGIN: Final = 1.0

#: The longest clip, in seconds.
LONGEST: Final = 4 * 3600


class ClipDesk:
    """The clips of one stream. progress: 0 to 1 while one is made; None while none is."""

    def __init__(self, coordinator: UnitCoordinator, stream: Subunit, feed: Feed) -> None:
        self.progress: float | None = None
        self._coordinator = coordinator
        self._stream = stream
        self._tape = Subunit(TAPE, stream.number)
        self._feed = feed

    @property
    def _hass(self) -> HomeAssistant:
        return self._coordinator.hass

    async def record(self, seconds: float) -> dict[str, str | int]:
        """Store what the stream shows from now on."""
        return await self._store(self._coordinator.name, seconds)

    async def fetch(self, name: str | None, start: float, end: float) -> dict[str, str | int]:
        """Play a stretch of a tape, by its name or the loaded one, and store it."""
        if end <= start:
            raise invalid("clip_ends_before_it_begins")
        if self._tape not in self._coordinator.data.tapes:
            raise invalid("stream_has_no_tape")
        if self._coordinator.tape(self._tape).operation == "RECO":
            raise invalid("tape_is_recording")
        with in_the_users_words():
            if name and name != self._coordinator.tape(self._tape).title:
                await self._command(load(self._tape, name).name, name=name)
            await self._wind_to(start)
            await self._feed_runs()
            await self._command("PLAY", Motion(1.0, Amount(self._beyond(end))))
            try:
                title = self._coordinator.tape(self._tape).title
                return await self._store(title or self._coordinator.name, end - start)
            finally:
                await self._command("PAUS")

    async def send(self, path: Path, name: str) -> None:
        """Send a film to the unit, which keeps it under a name; a tape records it meanwhile."""
        has_tape = self._tape in self._coordinator.data.tapes
        if has_tape and not self._coordinator.tape(self._tape).may_record:
            raise invalid("recording_not_allowed")
        connection = self._coordinator.connection
        if connection is None:
            raise invalid("not_connected")
        try:
            stream = await self._hass.async_add_executor_job(make_stream, path)
        except (NoFilm, OSError) as error:
            raise invalid("film_not_readable", detail=str(error)) from error
        with in_the_users_words(), stream.file:
            async with self._feed.held():
                transfer = await connection.store(name, stream=self._stream)
                try:
                    if has_tape:
                        await self._command("RECO", Motion())
                    await send_stream(transfer, stream.file, stream.duration, self._hass)
                    await transfer.finish()
                finally:
                    await transfer.abort()
                    if has_tape:
                        await self._command("PAUS")

    async def _store(self, title: str, seconds: float) -> dict[str, str | int]:
        if self.progress is not None:
            raise invalid("clip_under_way")
        self.progress = 0.0
        self._coordinator.async_update_listeners()
        try:
            name = clip_name(title, dt_util.now())
            return await Clips(self._hass).record(self._feed, name, seconds, self._note)
        finally:
            self.progress = None
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
