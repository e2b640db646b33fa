"""What a device does at a touch."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .button_unit import add_unit_buttons
from .coordinator import UnitConfigEntry

# The connection takes one command at a time by itself.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of a unit."""
    add_unit_buttons(entry, async_add_entities)
