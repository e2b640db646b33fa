"""What is known of a device, as sensors."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry
from .sensor_camera import add_camera_sensors
from .sensor_unit import add_unit_sensors

PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraConfigEntry | UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of a camera, or of a unit."""
    if isinstance(entry.runtime_data, UnitCoordinator):
        add_unit_sensors(entry, async_add_entities)
    else:
        add_camera_sensors(entry, async_add_entities)
