"""Presets of a camera as scenes, so that voice and dashboards have them."""

from typing import Any, override

from homeassistant.components.scene import Scene
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .camera_moves import recall_preset
from .coordinator import UnitConfigEntry, UnitCoordinator
from .entity import SubunitEntity, add_as_found, command
from .presets import Preset

# The connection takes one command at a time by itself.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a scene for each preset, and take away those of presets that are no more."""
    coordinator = entry.runtime_data

    @callback
    def forget_deleted() -> None:
        registry = er.async_get(hass)
        there = {f"{coordinator.unit_id}_preset_{each}" for each in coordinator.presets.all}
        for entity in er.async_entries_for_config_entry(registry, entry.entry_id):
            if entity.domain == "scene" and entity.unique_id not in there:
                registry.async_remove(entity.entity_id)

    entry.async_on_unload(coordinator.async_add_listener(forget_deleted))
    forget_deleted()
    add_as_found(
        entry,
        async_add_entities,
        lambda c: [each.id for each in c.presets.all.values() if each.camera in c.data.cameras],
        lambda c, preset_id: PresetScene(c, c.presets.all[preset_id]),
    )


class PresetScene(SubunitEntity, Scene):
    """One preset."""

    def __init__(self, coordinator: UnitCoordinator, preset: Preset) -> None:
        super().__init__(coordinator, preset.camera, "preset")
        self._attr_unique_id = f"{coordinator.unit_id}_preset_{preset.id}"
        self._id = preset.id
        self._attr_name = preset.name

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if preset := self.coordinator.presets.all.get(self._id):
            self._attr_name = preset.name
        super()._handle_coordinator_update()

    @override
    @command
    async def async_activate(self, **kwargs: Any) -> None:
        """Bring the camera there."""
        if preset := self.coordinator.presets.all.get(self._id):
            await recall_preset(self.coordinator, preset)
