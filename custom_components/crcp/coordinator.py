"""The state of a unit in Home Assistant, and the connection that it comes from."""

from datetime import timedelta
import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .const import DOMAIN
from .errors import DEVICE_ERRORS, DeviceError, error_detail, error_key
from .link import Link
from .protocols.crcp.client import Controller
from .protocols.crcp.commands import UnitState
from .protocols.crcp.messages import Motion, Subunit

_LOGGER = logging.getLogger(__name__)

#: How often a unit is asked, in seconds: it never tells by itself. Moving things are watched
#: closely enough for a position that a person follows.
MOVING: Final = timedelta(seconds=1)
STILL: Final = timedelta(seconds=10)

type UnitConfigEntry = ConfigEntry[UnitCoordinator]

#: An entry of either kind; which one, its data tell.
type CrcpConfigEntry = ConfigEntry[Any]


class UnitCoordinator(DataUpdateCoordinator[UnitState]):
    """A CRCP unit: one connection, asked at intervals, commanded in between."""

    config_entry: UnitConfigEntry

    def __init__(self, hass: HomeAssistant, entry: UnitConfigEntry) -> None:
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=STILL,
            always_update=False,
        )
        self.device_id = ""
        self._link = Link(self._connect, self._use, self._on_down)
        self._stirred = False
        self._resume: dict[Subunit, Motion] = {}

    @property
    def unit_id(self) -> str:
        """The identity of the unit, from which all others are made."""
        return self.config_entry.unique_id or self.config_entry.entry_id

    @property
    def controller(self) -> Controller:
        """The connection, for a command. Raises HomeAssistantError while there is none."""
        if self._link.client is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_connected")
        return self._link.client

    @callback
    def async_sighted(self) -> None:
        """The unit announced itself: try now."""
        self._link.hurry()

    async def async_after_command(self) -> None:
        """Read back what a command did, and keep watching while it takes effect."""
        self._stirred = True
        await self.async_refresh()

    async def async_move_tape(self, subunit: Subunit, name: str, motion: Motion) -> None:
        """Send a tape command; whatever a seek wanted to do afterwards is forgotten."""
        self._resume.pop(subunit, None)
        await self.controller.move_tape(subunit, name, motion)

    async def async_pause_tape(self, subunit: Subunit) -> None:
        """Stop the tape where it is."""
        self._resume.pop(subunit, None)
        await self.controller.pause_tape(subunit)

    async def async_go_to(self, subunit: Subunit, position: float) -> None:
        """Wind to a position in seconds; a tape that played plays on from there."""
        self._resume.pop(subunit, None)
        before = await self.controller.go_to(subunit, position)
        if before.operation == "PLAY":
            self._resume[subunit] = Motion()

    @override
    async def _async_setup(self) -> None:
        """Connect for the first time, so that a wrong address is told at once."""
        try:
            await self._link.connect()
        except DEVICE_ERRORS as error:
            raise _update_failed(error) from error
        self.config_entry.async_create_background_task(
            self.hass, self._link.run(), f"crcp {self.name}"
        )

    @override
    async def _async_update_data(self) -> UnitState:
        """Ask the unit for everything that it tells."""
        if self._link.client is None:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="not_connected")
        try:
            state = await self._link.client.survey()
            await self._resume_tapes(state)
        except DEVICE_ERRORS as error:
            raise _update_failed(error) from error
        self.update_interval = MOVING if self._is_moving(state) else STILL
        return state

    def _is_moving(self, state: UnitState) -> bool:
        moved = bool(self.data) and self.data.cameras != state.cameras
        stirred, self._stirred = self._stirred, False
        runs = any(tape.operation != "PAUS" for tape in state.tapes.values())
        return moved or stirred or runs

    async def _resume_tapes(self, state: UnitState) -> None:
        """Play on where a seek has arrived."""
        for subunit in list(self._resume):
            tape = state.tapes.get(subunit)
            if tape is None or tape.operation == "PAUS":
                motion = self._resume.pop(subunit)
                if tape:
                    await self.controller.move_tape(subunit, "PLAY", motion)
                    self._stirred = True

    async def _connect(self) -> Controller:
        data = self.config_entry.data
        return await Controller.connect(data[CONF_HOST], data[CONF_PORT])

    async def _use(self, controller: Controller) -> None:
        if not self.last_update_success:
            await self.async_refresh()
        raise await controller.wait_closed()

    def _on_down(self, error: DeviceError) -> None:
        if self.last_update_success:
            self.async_set_update_error(_update_failed(error))


def _update_failed(error: DeviceError) -> UpdateFailed:
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=error_key(error),
        translation_placeholders={"detail": error_detail(error)},
    )
