"""TAPE subunits as media players."""

from datetime import datetime, timedelta
from typing import Any, Final, override

from homeassistant.components.media_player import (
    BrowseError,
    BrowseMedia,
    MediaPlayerEntity,
    MediaPlayerEntityFeature as Feature,
    MediaPlayerState,
    MediaType,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import UnitConfigEntry, UnitCoordinator
from .entity import add_as_found, command
from .entity_tape import TapeEntity
from .errors import DEVICE_ERRORS, in_the_users_words, invalid
from .protocols.crcp.commands import Commands
from .protocols.crcp.messages import Amount, Subunit
from .protocols.crcp.subunits import TAPE
from .shelves import (
    MAX_SOURCES,
    Listing,
    browse_directory,
    has_shelf,
    list_directory,
    load,
)
from .tapes import UNKNOWN, Counter

# The connection takes one command at a time by itself.
PARALLEL_UPDATES = 0

#: The features that a tape command brings with it.
FEATURES: Final = {
    "PLAY": Feature.PLAY,
    # The draft has one command that stops whatever runs, so stop is pause.
    "PAUS": Feature.PAUSE | Feature.STOP,
    "FF": Feature.SEEK,
}

#: What loading a tape by its name makes possible.
SHELF: Final = Feature.SELECT_SOURCE | Feature.BROWSE_MEDIA | Feature.PLAY_MEDIA


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a media player for each TAPE subunit."""
    add_as_found(entry, async_add_entities, lambda c: c.data.unit.of_kind(TAPE), TapePlayer)


class TapePlayer(TapeEntity, MediaPlayerEntity):
    """A tape, played and wound (section 8 of the draft)."""

    _attr_name = None
    _unrecorded_attributes = frozenset({"source_list"})

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit) -> None:
        super().__init__(coordinator, subunit)
        self._attr_translation_key = "tape"
        self._counter = Counter()
        self._shelf_was_read = False
        self._follow()

    @property
    def _has_shelf(self) -> bool:
        return not self.coordinator.one_way and has_shelf(self.coordinator.data.unit, self.subunit)

    @property
    @override
    def supported_features(self) -> Feature:
        """What the unit listed, and the power where there is one."""
        powered = self.coordinator.powers.feeding(self.subunit)
        features = Feature.TURN_ON | Feature.TURN_OFF if powered else Feature(0)
        for name in self.status.abilities if self.status else ():
            features |= FEATURES.get(name, Feature(0))
        if self.coordinator.one_way:
            features &= ~Feature.SEEK
        return features | SHELF if self._has_shelf else features

    @property
    @override
    def state(self) -> MediaPlayerState | None:
        """Off without power; playing while anything moves the tape."""
        if self.coordinator.powers.is_off(self.subunit):
            return MediaPlayerState.OFF
        if self.status is None:
            return None
        if self.tape.operation == "PAUS":
            return MediaPlayerState.PAUSED
        if self.tape.operation == UNKNOWN:
            # Not "unknown": dashboards show no buttons then, and somebody has to begin.
            return MediaPlayerState.IDLE
        return MediaPlayerState.PLAYING

    @property
    @override
    def media_position(self) -> int | None:
        """Seconds from the start of the tape."""
        position = self._counter.position
        return None if position is None else int(position)

    @property
    @override
    def media_position_updated_at(self) -> datetime | None:
        """When the tape was there."""
        return self._counter.at

    @property
    @override
    def media_duration(self) -> int | None:
        """Length of the tape in seconds."""
        length = self.status.length if self.status else None
        return None if length is None else int(length)

    @property
    @override
    def media_content_type(self) -> MediaType | None:
        """A recording, where one was loaded from here."""
        return MediaType.VIDEO if self.tape.title else None

    @property
    @override
    def media_title(self) -> str | None:
        """The name under which the tape was loaded; the unit does not tell it."""
        return self.tape.title

    @property
    @override
    def source(self) -> str | None:
        """The same, as one of the list."""
        return self.tape.title

    @property
    @override
    def source_list(self) -> list[str] | None:
        """What can be loaded."""
        return self.tape.names[:MAX_SOURCES] if self._has_shelf else None

    @override
    async def async_added_to_hass(self) -> None:
        """Begin to follow the unit."""
        await super().async_added_to_hass()
        self._look_at_shelf()

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """From 2026.11 on: nothing depends on the entity's id, so it can be renamed in place."""

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._follow()
        self._look_at_shelf()
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
        """Play at the chosen speed."""
        await self.play()

    @override
    @command
    async def async_media_pause(self) -> None:
        """Stop where the tape is."""
        await self.pause()

    @override
    @command
    async def async_media_stop(self) -> None:
        """Stop where the tape is; the draft has no other stop."""
        await self.pause()

    @override
    @command
    async def async_media_seek(self, position: float) -> None:
        """Wind to a position; a tape that played plays on from there."""
        await self.go_to(position)

    @override
    @command
    async def async_select_source(self, source: str) -> None:
        """Load a tape; one that is in already stays where it stands."""
        await self._load(source)

    @override
    @command
    async def async_play_media(
        self, media_type: MediaType | str, media_id: str, **kwargs: Any
    ) -> None:
        """Load a tape and play it."""
        await self._load(media_id)
        await self.play()

    @override
    async def async_browse_media(
        self, media_content_type: MediaType | str | None = None, media_content_id: str | None = None
    ) -> BrowseMedia:
        """Show a directory of the unit."""
        path = media_content_id or ""
        listing = await self._list(path)
        if listing is None:
            raise BrowseError(translation_domain=DOMAIN, translation_key="not_connected")
        return browse_directory(path, listing, self.coordinator.name)

    # -- the actions of this integration -------------------------------------------------------

    @command
    async def async_action_play(
        self,
        speed: float | None = None,
        duration: timedelta | None = None,
        stop_position: float | None = None,
    ) -> None:
        """Play at a speed, for a time by our own clock, or up to a position."""
        if stop_position is not None and speed is None:
            speed = self.tape.chosen_speed
        if duration == timedelta():
            raise invalid("no_duration")
        seconds = None if duration is None else duration.total_seconds()
        await self.play(speed, _amount(stop_position), seconds)

    @command
    async def async_action_record(
        self,
        speed: float | None = None,
        duration: timedelta | None = None,
        stop_position: float | None = None,
    ) -> None:
        """Record at a speed, for a time or up to a position."""
        stop = _amount(stop_position)
        if duration is not None:
            stop = Amount(duration.total_seconds() * (speed or 1.0), relative=True)
        await self.record(speed, stop)

    @command
    async def async_action_wind(
        self,
        direction: str = "forward",
        speed: float | None = None,
        stop_position: float | None = None,
    ) -> None:
        """Wind in a direction, up to a position."""
        sign = -1 if direction == "backward" else 1
        signed = None if speed is None else sign * speed
        await self.wind(sign, signed, _amount(stop_position))

    @command
    async def async_action_go_to(self, position: float) -> None:
        """Wind to a position and stand there, or play on if it played."""
        await self.go_to(position)

    # -- helpers -------------------------------------------------------------------------------

    def _follow(self) -> None:
        age = self.coordinator.hass.loop.time() - self.tape.read_at
        self._counter.follow(self.tape, dt_util.utcnow() - timedelta(seconds=age))

    async def _switch_power(self, *, on: bool) -> None:
        if power := self.coordinator.powers.feeding(self.subunit):
            await self.coordinator.async_set_power(power, on=on)

    async def _load(self, name: str) -> None:
        if name == self.tape.title:
            return
        self.check_free()

        async def mount(controller: Commands) -> None:
            await controller.execute(load(self.subunit, name))
            self.tape.commanded("PAUS", 0)
            self.tape.title = name

        await self.coordinator.async_drive(self.subunit, mount)

    async def _list(self, path: str) -> Listing | None:
        connection = self.coordinator.connection
        if connection is None:
            return None
        with in_the_users_words():
            listing = await list_directory(connection, path)
        if not path:
            self.tape.names = listing.tapes
        return listing

    def _look_at_shelf(self) -> None:
        """Find out once what there is to load, beside everything else: it may take its time."""
        if self._shelf_was_read or not self._has_shelf or not self.coordinator.connection:
            return
        self._shelf_was_read = True
        self.coordinator.config_entry.async_create_background_task(
            self.hass, self._read_shelf(), f"crcp shelf of {self.subunit}"
        )

    async def _read_shelf(self) -> None:
        try:
            connection = self.coordinator.connection
            if connection:
                self.tape.names = (await list_directory(connection, "")).tapes
                self.async_write_ha_state()
        except DEVICE_ERRORS:
            # A unit that is off lists nothing. Whoever browses it later will fill the list.
            return


def _amount(position: float | None) -> Amount | None:
    return None if position is None else Amount(position)
