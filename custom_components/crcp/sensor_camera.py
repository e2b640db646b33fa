"""What is known of a camera's pictures, as sensors."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    EntityCategory,
    UnitOfDataRate,
    UnitOfInformation,
    UnitOfRatio,
    UnitOfTime,
)
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util.json import JsonValueType

from .camera_facts import CameraFacts, Slot
from .coordinator_camera import CameraConfigEntry, CameraCoordinator, CameraState, State
from .entity import CameraEntity, add_as_known
from .entity_setting import SettingEntity, settings_to_read
from .photo_progress import Activity, photo_attributes


@dataclass(frozen=True, kw_only=True)
class CameraSensorDescription(SensorEntityDescription):
    """A sensor and where its value stands."""

    value: Callable[[CameraState], float | str | None]


def _remaining(state: CameraState) -> int | None:
    """How many are not here yet; nobody knows while the camera is away or is being asked."""
    if not state.connected or state.photos.activity is Activity.CHECKING:
        return None
    return state.photos.failed if state.photos.remaining is None else state.photos.remaining


SENSORS: Final = (
    CameraSensorDescription(
        key="import_state",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in State],
        value=lambda state: state.state,
    ),
    CameraSensorDescription(
        key="photos_imported",
        state_class=SensorStateClass.TOTAL,
        value=lambda state: state.photos.imported,
    ),
    CameraSensorDescription(
        key="photos_remaining",
        state_class=SensorStateClass.MEASUREMENT,
        value=_remaining,
    ),
    CameraSensorDescription(
        key="import_progress",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda state: state.photos.percent,
    ),
    CameraSensorDescription(
        key="import_rate",
        device_class=SensorDeviceClass.DATA_RATE,
        native_unit_of_measurement=UnitOfDataRate.BYTES_PER_SECOND,
        suggested_unit_of_measurement=UnitOfDataRate.MEGABYTES_PER_SECOND,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda state: state.photos.rate,
    ),
    CameraSensorDescription(
        key="import_time_left",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda state: state.photos.seconds_left,
    ),
    CameraSensorDescription(
        key="photos_failed",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value=lambda state: state.photos.failed,
    ),
)


BATTERY: Final = CameraSensorDescription(
    key="battery",
    device_class=SensorDeviceClass.BATTERY,
    native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
    state_class=SensorStateClass.MEASUREMENT,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda state: state.facts.battery,
)


@dataclass(frozen=True, kw_only=True)
class SlotSensorDescription(SensorEntityDescription):
    """A sensor of a card slot and where its value stands."""

    value: Callable[[Slot], int | None]


SLOT_SENSORS: Final = (
    SlotSensorDescription(
        key="card_free",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda slot: slot.free,
    ),
    SlotSensorDescription(
        key="pictures_left",
        state_class=SensorStateClass.MEASUREMENT,
        value=lambda slot: slot.pictures_left,
    ),
)


@callback
def add_camera_sensors(
    entry: CameraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of a photo camera."""
    coordinator = entry.runtime_data
    async_add_entities(CameraSensor(coordinator, description) for description in SENSORS)
    async_add_entities([LastPhotoSensor(coordinator, "last_photo")])
    add_as_known(entry, async_add_entities, settings_to_read, SettingSensor)
    add_as_known(entry, async_add_entities, _battery, CameraSensor)
    add_as_known(entry, async_add_entities, _slot_values, lambda c, key: SlotSensor(c, *key))


def _battery(facts: CameraFacts) -> list[CameraSensorDescription]:
    return [] if facts.battery is None else [BATTERY]


def _slot_values(facts: CameraFacts) -> list[tuple[int, SlotSensorDescription]]:
    return [
        (number, description)
        for number, slot in facts.slots.items()
        for description in SLOT_SENSORS
        if description.value(slot) is not None
    ]


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
    def native_value(self) -> float | str | None:
        """The value."""
        return self.entity_description.value(self.coordinator.data)


class SettingSensor(SettingEntity, SensorEntity):
    """A setting that is made on the camera alone."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def native_value(self) -> float | str | None:
        """What it is."""
        return self.knob.value


class SlotSensor(CameraEntity, SensorEntity):
    """One value of the card in a slot, as the camera told it last."""

    entity_description: SlotSensorDescription

    def __init__(
        self, coordinator: CameraCoordinator, slot: int, description: SlotSensorDescription
    ) -> None:
        super().__init__(coordinator, f"{description.key}_{slot}")
        self.entity_description = description
        self._attr_translation_key = description.key
        self._attr_translation_placeholders = {"slot": str(slot)}
        self._slot = slot

    @property
    @override
    def native_value(self) -> int | None:
        """The value; None for a slot without a card."""
        slot = self.coordinator.data.facts.slots.get(self._slot)
        return self.entity_description.value(slot) if slot else None


class LastPhotoSensor(CameraEntity, SensorEntity):
    """When the latest picture landed, and which one that was."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP

    @property
    @override
    def native_value(self) -> datetime | None:
        """When it came; None before the first."""
        photo = self.coordinator.data.photos.last
        return photo.imported_at if photo else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, JsonValueType] | None:
        """Which one."""
        photo = self.coordinator.data.photos.last
        return photo_attributes(photo, self.coordinator.name) if photo else None
