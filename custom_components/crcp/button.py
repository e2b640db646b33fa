"""What a device does at a touch."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .button_camera import add_camera_buttons
from .button_unit import add_unit_buttons
from .coordinator import UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry

# The connection takes one command at a time by itself.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraConfigEntry | UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of a camera, or of a unit."""
    if isinstance(entry.runtime_data, UnitCoordinator):
        add_unit_buttons(entry, async_add_entities)
    else:
        add_camera_buttons(entry, async_add_entities)
