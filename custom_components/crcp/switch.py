"""POWER subunits as switches."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import UnitConfigEntry
from .entity import SubunitEntity, add_as_found, command
from .protocols.crcp.subunits import POWER

PARALLEL_UPDATES = 1


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a switch for each POWER subunit."""
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
