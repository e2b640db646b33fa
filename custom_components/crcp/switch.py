"""POWER subunits, and the import by itself of a camera's pictures, as switches."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import CrcpConfigEntry
from .coordinator_camera import CameraCoordinator
from .entity import CameraEntity, SubunitEntity, add_as_found, command
from .protocols.crcp.subunits import POWER

PARALLEL_UPDATES = 1


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CrcpConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a switch for each POWER subunit of a unit, or for a camera's import."""
    if isinstance(entry.runtime_data, CameraCoordinator):
        async_add_entities([AutoImportSwitch(entry.runtime_data, "auto_import")])
        return
    add_as_found(entry, async_add_entities, lambda state: state.unit.of_kind(POWER), PowerSwitch)


class PowerSwitch(SubunitEntity, SwitchEntity):
    """Power on and off (section 6.1 of the draft)."""

    _attr_name = None

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the power is on; unknown where the unit cannot tell."""
        return self.coordinator.data.power.get(self.subunit)

    @override
    @command
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch the power on."""
        await self.coordinator.controller.set_power(self.subunit, on=True)

    @override
    @command
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch the power off."""
        await self.coordinator.controller.set_power(self.subunit, on=False)


class AutoImportSwitch(CameraEntity, SwitchEntity):
    """Whether pictures come by themselves. Off is a pause, which outlasts a restart."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether they do."""
        return self.coordinator.data.photos.auto

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Go on."""
        await self.coordinator.async_set_auto(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Pause; what has come of the picture in hand stays, and is gone on from."""
        await self.coordinator.async_set_auto(False)
