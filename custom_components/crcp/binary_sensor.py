"""Whether a camera is connected, which a sleeping one is not."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator_camera import CameraConfigEntry
from .entity import CameraEntity

PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the camera's connection."""
    async_add_entities([ConnectionSensor(entry.runtime_data, "connection")])


class ConnectionSensor(CameraEntity, BinarySensorEntity):
    """Whether the camera is connected: only then can anything be imported."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def is_on(self) -> bool:
        """Whether it is."""
        return self.coordinator.data.connected
