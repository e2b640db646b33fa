"""A camera's settings that are numbers: exposure compensation and the like."""

from typing import Final, override

from homeassistant.components.number import NumberEntity, NumberMode
from homeassistant.const import EntityCategory, UnitOfTime
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .entity import add_as_known
from .entity_setting import SettingEntity, settings_with_range

UNITS: Final = {"exposure_bias_compensation": "EV", "capture_delay": UnitOfTime.SECONDS}


@callback
def add_camera_numbers(
    entry: CameraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers of a photo camera."""
    add_as_known(entry, async_add_entities, settings_with_range, SettingNumber)


class SettingNumber(SettingEntity, NumberEntity):
    """One setting, in the camera's own range and steps."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_mode = NumberMode.BOX

    def __init__(self, coordinator: CameraCoordinator, key: str) -> None:
        super().__init__(coordinator, key)
        self._attr_native_unit_of_measurement = UNITS.get(key)

    @property
    @override
    def native_min_value(self) -> float:
        """The least."""
        return self.knob.low or 0.0

    @property
    @override
    def native_max_value(self) -> float:
        """The most."""
        return self.knob.high or 0.0

    @property
    @override
    def native_step(self) -> float | None:
        """The step."""
        return self.knob.step

    @property
    @override
    def native_value(self) -> float | None:
        """What it is."""
        return self.knob.value if isinstance(self.knob.value, float | int) else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set it to the nearest step."""
        await self.coordinator.desk.async_set(self.setting, value)
