"""A CRCP unit in Home Assistant: one connection, asked at intervals, commanded in between."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_USERNAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .asking import Asking
from .const import DOMAIN
from .dial import dial
from .endings import Endings, Overtaken
from .errors import (
    DEVICE_ERRORS,
    DeviceError,
    as_update_failed,
    error_detail,
    error_key,
    is_silence,
    needs_login,
)
from .identity import unit_identity
from .issues import Issues
from .known import Known
from .link import Link
from .memory import Memory
from .moves import Key
from .presets import Presets
from .protocols.crcp.client import Controller
from .protocols.crcp.commands import Commands, UnitState
from .protocols.crcp.errors import LinkError
from .protocols.crcp.messages import Subunit
from .protocols.crcp.subunits import TAPE
from .tapes import Tape

_LOGGER = logging.getLogger(__name__)

#: Switching on a unit that has closed its connection waits so long for the next one, in seconds.
COMING_BACK: Final = 12.0

#: Unloading waits so long for QUIT to be answered, in seconds, and then hangs up.
GOODBYE: Final = 3.0

#: What keeps a unit away until a person does something: somebody else has it, or another thing
#: answers at its address.
WORTH_MENDING: Final = frozenset({"in_use", "not_a_unit", "another_unit"})

type UnitConfigEntry = ConfigEntry[UnitCoordinator]

#: An entry of either kind; which one, its data tell.
type CrcpConfigEntry = ConfigEntry[Any]


class UnitCoordinator(DataUpdateCoordinator[UnitState]):
    """A unit, its connection, and what is known of it beyond what it tells."""

    config_entry: UnitConfigEntry

    #: Whether the unit cannot answer, so that everything known of it is assumed.
    one_way = False

    def __init__(self, hass: HomeAssistant, entry: UnitConfigEntry) -> None:
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, always_update=False)
        self.device_id = ""
        self.known = Known()
        self.powers, self.targets = self.known.powers, self.known.targets
        self.presets = Presets(hass, entry)
        self._issues = Issues(hass, entry.entry_id, entry.title)
        self._link = Link(self._connect, self._use, self._on_down)
        self._memory = Memory(
            hass, entry.entry_id, self.known, lambda: self.endings.unended, values=self.one_way
        )
        self.endings = Endings(self._stop_move, self.known.owed, self._memory)
        self._asking = Asking(
            self.known, self._publish, self.async_update_listeners, hass.loop.time
        )
        self._wake = asyncio.Event()
        self._begun = asyncio.Event()
        self._is_known = False
        self._silence: DeviceError | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def unit_id(self) -> str:
        """The identity of the unit, from which all others are made."""
        return unit_identity(self.config_entry)

    @property
    def tells_twins_apart(self) -> bool:
        """Whether a command that the network doubles is done once: over TCP, or signed."""
        return not self.one_way or bool(self.config_entry.data.get(CONF_USERNAME))

    @property
    def controller(self) -> Commands:
        """The connection, for a command. Raises HomeAssistantError while there is none."""
        if self._link.client is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_connected")
        return self._link.client

    @property
    def connection(self) -> Controller | None:
        """The connection over TCP, for what needs a second one beside it: listings, pictures."""
        return self._link.client

    def tape(self, subunit: Subunit) -> Tape:
        """What is known of a tape."""
        return self.known.tape(subunit)

    # -- commands ------------------------------------------------------------------------------

    async def async_command(
        self, subunit: Subunit, do: Callable[[Commands], Awaitable[None]]
    ) -> None:
        """Have a subunit do something, before anything else is asked; then read it back.

        Raises one of DEVICE_ERRORS, or HomeAssistantError without a connection.
        """
        await self.powers.wait_until_on(subunit)
        await do(self.controller)
        if not self.one_way:
            self.powers.proved(subunit)
        await self._read_back(subunit)

    async def async_drive(
        self,
        tape: Subunit,
        do: Callable[[Commands], Awaitable[None]],
        seconds: float | None = None,
    ) -> None:
        """Have a tape do something else, as async_command; seconds: it is paused so long after."""

        async def drive(controller: Commands) -> None:
            await self.endings.send(_drive_of(tape), lambda: do(controller), seconds)
            # What took the place of a play with an end is not paused after a power cut.
            await self._memory.note()

        await self.async_command(tape, drive)

    async def async_set_power(self, power: Subunit, *, on: bool) -> None:
        """Switch a power; one that is off may have closed the connection, so wait for it."""
        with self.powers.switching(power, on=on):
            if on:
                await self._wait_for_link()
            await self.controller.set_power(power, on=on)
        self._asking.hurry()
        await self._read_back(power)

    async def _wait_for_link(self) -> None:
        if self._link.client is None:
            self._link.hurry()
            with suppress(TimeoutError):
                async with asyncio.timeout(COMING_BACK):
                    await self._link.wait_up()

    async def _read_back(self, subunit: Subunit) -> None:
        """Ask what a command did, and keep watching while it takes effect."""
        self._asking.stir(subunit)
        if client := self._link.client:
            with suppress(*DEVICE_ERRORS):
                await self._asking.ask(client, subunit)
        self.async_update_listeners()
        self._wake.set()

    async def _stop_move(self, key: Key) -> None:
        try:
            controller = self.controller
        except HomeAssistantError as error:
            raise LinkError("there is no connection") from error
        subunit, name = key
        if subunit.kind == TAPE:
            await self._stop_tape(controller, subunit)
        else:
            await controller.stop_motion(subunit, name)
            self.targets.forget(subunit, (name,))
        await self._read_back(subunit)

    async def _stop_tape(self, controller: Commands, tape: Subunit) -> None:
        """Pause what was to be ended; what somebody has begun to record meanwhile is not ours."""
        if not self.one_way:
            status = await controller.tape_status(tape)
            if status.operation == "RECO":
                return
            if self.endings.is_awaited(_drive_of(tape)):
                raise Overtaken
        await controller.pause_tape(tape)
        self.tape(tape).commanded("PAUS", 0)

    # -- the connection ------------------------------------------------------------------------

    async def async_begin(self) -> None:
        """Set the unit up. Raises what async_config_entry_first_refresh raises."""
        await self.async_config_entry_first_refresh()
        if self._silence:
            self._lose(self._silence)
            self._ask_for_help(self._silence)
        self._begun.set()
        self.config_entry.async_on_unload(self.async_add_listener(self._memory.keep))
        self._memory.keep()

    @callback
    def async_sighted(self) -> None:
        """The unit announced itself: try now."""
        self._link.hurry()

    async def async_stopping(self, _event: Event) -> None:
        """Home Assistant stops, and unloads nothing."""
        await self.async_close()

    async def async_close(self) -> None:
        """End what would go on without us, before the connection is given up."""
        await self.endings.end_all()
        self._issues.show({})
        await self._memory.close()
        self._link.give_up()
        self._wake.set()
        if self._task and self._link.client:
            # Between two questions there is time to say goodbye, which frees the seat at once.
            await asyncio.wait({self._task}, timeout=GOODBYE)

    @override
    async def _async_setup(self) -> None:
        """Connect for the first time, so that a wrong address is told at once.

        A unit that is known and silent is set up all the same, as it was: it may be off.
        """
        self._is_known = await self._memory.recall()
        try:
            await self._link.connect()
        except DEVICE_ERRORS as error:
            self._take_for_silence(error)
        self._task = self.config_entry.async_create_background_task(
            self.hass, self._link.run(), f"crcp {self.name}"
        )

    @override
    async def _async_update_data(self) -> UnitState:
        """Ask the unit for everything that it tells."""
        if self._silence and not self._begun.is_set():
            return self.known.state
        if self._link.client is None:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="not_connected")
        try:
            return await self._asking.survey(self._link.client)
        except DEVICE_ERRORS as error:
            # What stands before a unit that is off may well take a connection and say nothing.
            self._take_for_silence(error)
            return self.known.state

    def _take_for_silence(self, error: DeviceError) -> None:
        if self._begun.is_set() or not self._is_known or not is_silence(error):
            raise as_update_failed(error) from error
        self._silence = error

    async def _connect(self) -> Controller:
        return await dial(self.config_entry.data)

    async def _use(self, client: Controller) -> None:
        """Ask what is due until the connection ends; raise why it did."""
        await self._begun.wait()
        if not self.last_update_success:
            self.async_set_updated_data(await self._asking.survey(client))
            _LOGGER.info("%s is connected again", self.name)
        self._issues.show({})
        self.known.forgive_automatic()
        await self.endings.settle()
        ended = asyncio.ensure_future(client.wait_closed())
        ended.add_done_callback(lambda _: self._wake.set())
        try:
            while not ended.done():
                for part in self._asking.due():
                    if not self._link.given_up:
                        await self._asking.ask(client, part)
                if self._link.given_up:
                    return
                await self._rest()
            raise ended.result()
        finally:
            ended.cancel()

    async def _rest(self) -> None:
        """Wait until something is due, or a command was given, or the connection is to end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._asking.wait()):
                await self._wake.wait()
        self._wake.clear()

    def _on_down(self, error: DeviceError) -> None:
        if needs_login(error):
            # Trying the same password again and again would only lock us out.
            self._link.give_up()
            self.config_entry.async_start_reauth(self.hass)
        if not self.last_update_success:
            # Not at the first loss: a unit that shuts down says 421 as well as one that is taken.
            self._ask_for_help(error)
            _LOGGER.debug("%s: %s", self.name, error_detail(error))
        else:
            self._lose(error)

    def _ask_for_help(self, error: DeviceError) -> None:
        key = error_key(error)
        self._issues.show({f"unit_{key}": {}} if key in WORTH_MENDING else {})

    def _lose(self, error: DeviceError) -> None:
        # What is off may well close its connection. It is off then, and not lost.
        level = logging.DEBUG if self.powers.all_off else logging.INFO
        _LOGGER.log(level, "%s is no longer connected: %s", self.name, error_detail(error))
        for tape in self.known.tapes.values():
            # Somebody may change the tape while nobody looks.
            tape.title = None
        for camera in self.data.cameras:
            self.targets.forget(camera)
        self.last_exception = as_update_failed(error)
        self.last_update_success = False
        self.async_update_listeners()

    def _publish(self, state: UnitState) -> None:
        if state != self.known.state:
            self.known.state = state
            self.async_set_updated_data(state)


def _drive_of(tape: Subunit) -> Key:
    """What a tape does, whatever that is: one thing after the other."""
    return tape, "PLAY"
