"""What is known of a camera's pictures, as sensors; those of units stand in a file of their own."""

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

from .coordinator import UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry, CameraCoordinator, CameraState
from .entity import CameraEntity
from .sensor_unit import add_unit_sensors

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
    entry: CameraConfigEntry | UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of a camera, or of a unit."""
    if isinstance(entry.runtime_data, UnitCoordinator):
        add_unit_sensors(entry, async_add_entities)
        return
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
