"""A CRCP unit in Home Assistant: one connection, asked at intervals, commanded in between."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_USERNAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .dial import dial
from .errors import (
    DEVICE_ERRORS,
    DeviceError,
    as_update_failed,
    error_detail,
    error_key,
    is_passing,
    needs_login,
)
from .identity import unit_identity
from .issues import Issues
from .link import Link
from .moves import Endings, Key, Targets
from .polling import Part, Timetable
from .powers import Powers
from .presets import Presets
from .protocols.crcp.client import Controller
from .protocols.crcp.commands import Commands, UnitState
from .protocols.crcp.errors import LinkError, Refused
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import UnitStatus
from .protocols.crcp.subunits import CAMERA, POWER, TAPE
from .tapes import Tape

_LOGGER = logging.getLogger(__name__)

#: What was commanded is watched for so many seconds, even if nothing moves yet: motors start late.
STIRRED: Final = 1.2

#: Switching on a unit that has closed its connection waits so long for the next one, in seconds.
COMING_BACK: Final = 12.0

#: Unloading waits so long for QUIT to be answered, in seconds, and then hangs up.
GOODBYE: Final = 3.0

#: What keeps a unit away until a person does something: somebody else has it, or another thing
#: answers at its address.
WORTH_MENDING: Final = frozenset({"in_use", "not_a_unit", "another_unit"})

#: The order in which parts are asked: whether there is power decides what else there is to ask.
_ORDER: Final = (POWER, TAPE, CAMERA)

#: The moves that could not be ended before their unit was unloaded, by entry.
_OWED: Final[HassKey[dict[str, set[Key]]]] = HassKey(f"{DOMAIN}_owed_endings")

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
        self.powers = Powers()
        self.tapes: dict[Subunit, Tape] = {}
        self.targets = Targets()
        owed = hass.data.setdefault(_OWED, {}).setdefault(entry.entry_id, set())
        self.endings = Endings(self._stop_move, owed)
        self.presets = Presets(hass, entry)
        self._issues = Issues(hass, entry.entry_id, entry.title)
        self._link = Link(self._connect, self._use, self._on_down)
        self._timetable = Timetable()
        self._stirred: dict[Subunit, float] = {}
        self._wake = asyncio.Event()
        self._begun = asyncio.Event()
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
        return self.tapes.setdefault(subunit, Tape())

    # -- commands ------------------------------------------------------------------------------

    async def async_command(
        self, subunit: Subunit, do: Callable[[Commands], Awaitable[None]]
    ) -> None:
        """Have a subunit do something, before anything else is asked; then read it back.

        Raises one of DEVICE_ERRORS, or HomeAssistantError without a connection.
        """
        await self.powers.wait_until_on(subunit)
        await do(self.controller)
        self.powers.proved(subunit)
        await self._read_back(subunit)

    async def async_set_power(self, power: Subunit, *, on: bool) -> None:
        """Switch a power; one that is off may have closed the connection, so wait for it."""
        with self.powers.switching(power, on=on):
            if on:
                await self._wait_for_link()
            await self.controller.set_power(power, on=on)
        self._timetable.hurry(*self._parts)
        await self._read_back(power)

    async def _wait_for_link(self) -> None:
        if self._link.client is None:
            self._link.hurry()
            with suppress(TimeoutError):
                async with asyncio.timeout(COMING_BACK):
                    await self._link.wait_up()

    async def _read_back(self, subunit: Subunit) -> None:
        """Ask what a command did, and keep watching while it takes effect."""
        self._stirred[subunit] = self.hass.loop.time() + STIRRED
        if client := self._link.client:
            with suppress(*DEVICE_ERRORS):
                await self._ask(client, subunit)
        self.async_update_listeners()
        self._wake.set()

    async def _stop_move(self, key: Key) -> None:
        try:
            controller = self.controller
        except HomeAssistantError as error:
            raise LinkError("there is no connection") from error
        subunit, name = key
        await controller.stop_motion(subunit, name)
        self.targets.forget(subunit, (name,))
        await self._read_back(subunit)

    # -- the connection ------------------------------------------------------------------------

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
        self._link.give_up()
        self._wake.set()
        if self._task and self._link.client:
            # Between two questions there is time to say goodbye, which frees the seat at once.
            await asyncio.wait({self._task}, timeout=GOODBYE)

    @override
    async def _async_setup(self) -> None:
        """Connect for the first time, so that a wrong address is told at once."""
        try:
            await self._link.connect()
        except DEVICE_ERRORS as error:
            raise as_update_failed(error) from error
        self._task = self.config_entry.async_create_background_task(
            self.hass, self._link.run(), f"crcp {self.name}"
        )

    @override
    async def _async_update_data(self) -> UnitState:
        """Ask the unit for everything that it tells."""
        if self._link.client is None:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="not_connected")
        try:
            state = await self._survey(self._link.client)
        except DEVICE_ERRORS as error:
            raise as_update_failed(error) from error
        self._begun.set()
        return state

    async def _connect(self) -> Controller:
        return await dial(self.config_entry.data)

    async def _use(self, client: Controller) -> None:
        """Ask what is due until the connection ends; raise why it did."""
        await self._begun.wait()
        if not self.last_update_success:
            self.async_set_updated_data(await self._survey(client))
            _LOGGER.info("%s is connected again", self.name)
        self._issues.show({})
        await self.endings.settle()
        ended = asyncio.ensure_future(client.wait_closed())
        ended.add_done_callback(lambda _: self._wake.set())
        try:
            while not ended.done():
                for part in self._timetable.due(self._parts, self.hass.loop.time()):
                    if not self._link.given_up:
                        await self._ask(client, part)
                if self._link.given_up:
                    return
                await self._rest()
            raise ended.result()
        finally:
            ended.cancel()

    async def _rest(self) -> None:
        """Wait until something is due, or a command was given, or the connection is to end."""
        wait = self._timetable.wait(self._parts, self.hass.loop.time())
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._wake.wait()
        self._wake.clear()

    def _on_down(self, error: DeviceError) -> None:
        if needs_login(error):
            # Trying the same password again and again would only lock us out.
            self._link.give_up()
            self.config_entry.async_start_reauth(self.hass)
        if not self.last_update_success:
            # Not at the first loss: a unit that shuts down says 421 as well as one that is taken.
            key = error_key(error)
            self._issues.show({f"unit_{key}": {}} if key in WORTH_MENDING else {})
            _LOGGER.debug("%s: %s", self.name, error_detail(error))
            return
        # What is off may well close its connection. It is off then, and not lost.
        level = logging.DEBUG if self.powers.all_off else logging.INFO
        _LOGGER.log(level, "%s is no longer connected: %s", self.name, error_detail(error))
        for tape in self.tapes.values():
            # Somebody may change the tape while nobody looks.
            tape.title = None
        for camera in self.data.cameras:
            self.targets.forget(camera)
        self.last_exception = as_update_failed(error)
        self.last_update_success = False
        self.async_update_listeners()

    # -- what the unit tells -------------------------------------------------------------------

    @property
    def _parts(self) -> list[Part]:
        """What there is to ask: of what is off nothing but its power."""
        subunits = self.data.unit.subunits
        listed = [each for kind in _ORDER for each in subunits if each.kind == kind]
        return [None, *(p for p in listed if p.kind == POWER or not self.powers.is_off(p))]

    async def _survey(self, client: Controller) -> UnitState:
        """Ask for everything; what is off and does not tell is as it was."""
        state = await client.survey()
        if self._begun.is_set():
            # What was read a moment ago is not forgotten for one "not now".
            not_now = [power for power in state.power if _not_now(state, power)]
            kept = {power: self.data.power.get(power) for power in not_now}
            state = replace(state, power={**state.power, **kept})
        self.powers.read(state.power)
        if self._begun.is_set():
            off = filter(self.powers.is_off, state.unit.subunits)
            old = self.data
            known = [each for each in off if each not in state.tapes | state.cameras]
            tapes = {each: old.tapes[each] for each in known if each in old.tapes}
            cameras = {each: old.cameras[each] for each in known if each in old.cameras}
            state = replace(
                state, tapes={**tapes, **state.tapes}, cameras={**cameras, **state.cameras}
            )
        self._forget_gone_tapes(state.unit)
        now = self.hass.loop.time()
        for subunit, status in state.tapes.items():
            self.tape(subunit).read(status, now)
        for part in (None, *state.power, *state.tapes):
            self._plan(part, moves=part in state.tapes and self.tapes[part].operation != "PAUS")
        for camera in state.cameras:
            # One reading does not tell whether it moves.
            self._plan(camera, moves=True)
        return state

    async def _ask(self, client: Controller, part: Part) -> None:
        """Ask about one part and publish what is new."""
        try:
            if part is None:
                self._take_unit(await client.unit_status())
            elif part.kind == POWER:
                await self._ask_power(client, part)
            elif part.kind == TAPE:
                await self._ask_tape(client, part)
            elif part.kind == CAMERA:
                await self._ask_camera(client, part)
        except Refused as refused:
            if client.closed or (part is None and not is_passing(refused)):
                raise
            # Not now; or it is off by now, or is no more, which the next list will tell.
            self._plan(part)

    async def _ask_power(self, client: Controller, power: Subunit) -> None:
        told = await client.power_status(power)
        before = self.powers.is_on(power)
        self._publish(replace(self.data, power={**self.data.power, power: told}))
        self.powers.read(self.data.power)
        if self.powers.is_on(power) is not before:
            self._timetable.hurry(*self._parts)
            self.async_update_listeners()
        self._plan(power)

    async def _ask_tape(self, client: Controller, subunit: Subunit) -> None:
        status = await client.tape_status(subunit)
        tape = self.tape(subunit)
        wound = tape.operation == "FF"
        tape.read(status, self.hass.loop.time())
        self._publish(replace(self.data, tapes={**self.data.tapes, subunit: status}))
        self._plan(subunit, moves=status.operation != "PAUS" or self._is_stirred(subunit))
        arrived = status.operation == "PAUS" and (wound or not self._is_stirred(subunit))
        if arrived and tape.resume:
            motion, tape.resume = tape.resume, None
            await client.move_tape(subunit, "PLAY", motion)
            tape.commanded("PLAY", motion.speed or 1.0)
            self._timetable.hurry(subunit)

    async def _ask_camera(self, client: Controller, subunit: Subunit) -> None:
        status = await client.camera_status(subunit)
        # What goes below zero was sent by a difference, which may have missed.
        moves = await client.correct(subunit, status) or client.is_aiming(subunit)
        if self._is_stirred(subunit):
            moves = True
        else:
            moves |= self.targets.read(subunit, self.data.cameras.get(subunit), status)
        self._publish(replace(self.data, cameras={**self.data.cameras, subunit: status}))
        self._plan(subunit, moves=moves)

    def _take_unit(self, unit: UnitStatus) -> None:
        if unit != self.data.unit:
            there = set(unit.subunits)
            # One that was here before would be asked again only when it was due then.
            self._timetable.hurry(*(there - set(self.data.unit.subunits)))
            self._publish(
                replace(
                    self.data,
                    unit=unit,
                    power={each: self.data.power.get(each) for each in unit.of_kind(POWER)},
                    tapes={k: v for k, v in self.data.tapes.items() if k in there},
                    cameras={k: v for k, v in self.data.cameras.items() if k in there},
                )
            )
            self.powers.read(self.data.power)
            self._forget_gone_tapes(unit)
        self._plan(None)

    def _forget_gone_tapes(self, unit: UnitStatus) -> None:
        """What comes back may be another tape: nobody has allowed recording on that one."""
        for gone in set(self.tapes) - set(unit.subunits):
            del self.tapes[gone]

    def _publish(self, state: UnitState) -> None:
        if state != self.data:
            self.async_set_updated_data(state)

    def _is_stirred(self, subunit: Subunit) -> bool:
        return self._stirred.get(subunit, 0.0) > self.hass.loop.time()

    def _plan(self, part: Part, *, moves: bool = False) -> None:
        off = self.powers.all_off if part is None else self.powers.is_off(part)
        self._timetable.answered(part, self.hass.loop.time(), moves=moves, off=off)


def _not_now(state: UnitState, power: Subunit) -> bool:
    refused = state.refused.get(power)
    return refused is not None and is_passing(refused)
