"""What is known of a camera's pictures, as sensors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.sensor import (
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator_camera import CameraConfigEntry, CameraCoordinator, CameraState
from .entity import CameraEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CameraSensorDescription(SensorEntityDescription):
    """A sensor and where its value stands."""

    value: Callable[[CameraState], int]


SENSORS: Final = (
    CameraSensorDescription(
        key="photos_imported",
        state_class=SensorStateClass.TOTAL,
        value=lambda state: state.imported,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the camera's sensors."""
    async_add_entities(CameraSensor(entry.runtime_data, description) for description in SENSORS)


class CameraSensor(CameraEntity, SensorEntity):
    """One value of a camera."""

    entity_description: CameraSensorDescription

    def __init__(
        self, coordinator: CameraCoordinator, description: CameraSensorDescription
    ) -> None:
        super().__init__(coordinator, description.key)
        self.entity_description = description

    @property
    @override
    def native_value(self) -> int:
        """The value."""
        return self.entity_description.value(self.coordinator.data)
