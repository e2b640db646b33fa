"""A camera's settings that are one of some values: aperture, white balance and the like."""

from typing import override

from homeassistant.components.select import SelectEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator_camera import CameraConfigEntry
from .entity import add_as_known
from .entity_setting import SettingEntity, settings_with_choices

# The connection takes one command at a time by itself.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's settings."""
    add_as_known(entry, async_add_entities, settings_with_choices, SettingSelect)


class SettingSelect(SettingEntity, SelectEntity):
    """One setting, with the values that the camera offers at the moment."""

    _attr_entity_category = EntityCategory.CONFIG

    @property
    @override
    def options(self) -> list[str]:
        """The values; many cameras offer others in another mode or with another lens."""
        return list(self.knob.choices)

    @property
    @override
    def current_option(self) -> str | None:
        """The value; None where it is none of those offered, as "automatic" may be."""
        return str(self.knob.value) if self.knob.value in self.knob.choices else None

    @override
    async def async_select_option(self, option: str) -> None:
        """Set it."""
        await self.coordinator.desk.async_set(self.setting, option)
