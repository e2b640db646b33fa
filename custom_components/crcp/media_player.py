"""TAPE subunits as media players."""

from datetime import datetime
from typing import Final, override

from homeassistant.components.media_player import (
    MediaPlayerEntity,
    MediaPlayerEntityFeature as Feature,
    MediaPlayerState,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import UnitConfigEntry, UnitCoordinator
from .entity import SubunitEntity, add_as_found, command
from .protocols.crcp.messages import Motion, Subunit
from .protocols.crcp.status import TapeStatus
from .protocols.crcp.subunits import POWER, TAPE

PARALLEL_UPDATES = 1

#: The features that a tape command brings with it.
FEATURES: Final = {
    "PLAY": Feature.PLAY,
    # The draft has one command that stops whatever runs, so stop is pause.
    "PAUS": Feature.PAUSE | Feature.STOP,
    "FF": Feature.SEEK,
}


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a media player for each TAPE subunit."""
    add_as_found(entry, async_add_entities, lambda state: state.unit.of_kind(TAPE), TapePlayer)


class TapePlayer(SubunitEntity, MediaPlayerEntity):
    """A tape, played and wound (section 8 of the draft)."""

    _attr_name = None
    _attr_translation_key = "tape"

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit) -> None:
        super().__init__(coordinator, subunit)
        self._position_read_at = dt_util.utcnow()

    @property
    def _tape(self) -> TapeStatus | None:
        return self.coordinator.data.tapes.get(self.subunit)

    @property
    def _power(self) -> Subunit | None:
        """The POWER subunit that feeds this tape: that of its own number, else the first."""
        own, first = Subunit(POWER, self.subunit.number), Subunit(POWER)
        powers = self.coordinator.data.power
        return next((power for power in (own, first) if power in powers), None)

    @property
    @override
    def supported_features(self) -> Feature:
        """What the unit listed, and the power where there is one."""
        features = Feature.TURN_ON | Feature.TURN_OFF if self._power else Feature(0)
        for name in self._tape.abilities if self._tape else ():
            features |= FEATURES.get(name, Feature(0))
        return features

    @property
    @override
    def state(self) -> MediaPlayerState | None:
        """Off without power; playing while anything moves the tape."""
        if self._power and self.coordinator.data.power[self._power] is False:
            return MediaPlayerState.OFF
        if self._tape is None:
            return None
        if self._tape.operation == "PAUS":
            return MediaPlayerState.PAUSED
        return MediaPlayerState.PLAYING

    @property
    @override
    def media_position(self) -> int | None:
        """Seconds from the start of the tape."""
        tape = self._tape
        return None if tape is None or tape.position is None else int(tape.position)

    @property
    @override
    def media_position_updated_at(self) -> datetime | None:
        """When the position was read."""
        return self._position_read_at if self.media_position is not None else None

    @property
    @override
    def media_duration(self) -> int | None:
        """Length of the tape in seconds."""
        length = self._tape.length if self._tape else None
        return None if length is None else int(length)

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._position_read_at = dt_util.utcnow()
        super()._handle_coordinator_update()

    @override
    @command
    async def async_turn_on(self) -> None:
        """Switch on the power that feeds this tape."""
        await self._switch_power(on=True)

    @override
    @command
    async def async_turn_off(self) -> None:
        """Switch off the power that feeds this tape."""
        await self._switch_power(on=False)

    @override
    @command
    async def async_media_play(self) -> None:
        """Play at normal speed."""
        await self.coordinator.async_move_tape(self.subunit, "PLAY", Motion())

    @override
    @command
    async def async_media_pause(self) -> None:
        """Stop where the tape is."""
        await self.coordinator.async_pause_tape(self.subunit)

    @override
    @command
    async def async_media_stop(self) -> None:
        """Stop where the tape is; the draft has no other stop."""
        await self.coordinator.async_pause_tape(self.subunit)

    @override
    @command
    async def async_media_seek(self, position: float) -> None:
        """Wind to a position; a tape that played plays on from there."""
        await self.coordinator.async_go_to(self.subunit, position)

    async def _switch_power(self, *, on: bool) -> None:
        if self._power:
            await self.coordinator.controller.set_power(self._power, on=on)
