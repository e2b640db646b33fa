"""Pictures that have landed, and what keeps them from it, as events."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.event import EventEntity
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import EVENT_PHOTO
from .coordinator_camera import CARD_FULL, IMPORT_FAILED, CameraConfigEntry
from .entity import CameraEntity
from .photo_progress import ImportedPhoto, photo_attributes

PARALLEL_UPDATES = 0

IMPORTED = "imported"


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the camera's picture event."""
    async_add_entities([PhotoEvent(entry.runtime_data, "photo")])


class PhotoEvent(CameraEntity, EventEntity):
    """Fires for each picture, when it is whole and safe in the library and not before.

    Also when a card has become full, and when pictures could not be imported.
    """

    _attr_event_types = [IMPORTED, IMPORT_FAILED, CARD_FULL]

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for pictures and for trouble."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_listen_for_trouble(self._on_trouble))
        self.async_on_remove(self.coordinator.async_listen_for_photos(self._on_photo))

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """From 2026.11 on: nothing depends on the entity's id, so it can be renamed in place."""

    @callback
    def _on_photo(self, photo: ImportedPhoto) -> None:
        self._note(IMPORTED, {"file_name": photo.file_name})
        self._trigger_event(IMPORTED, photo_attributes(photo, self.coordinator.name))
        self.async_write_ha_state()

    @callback
    def _on_trouble(self, kind: str, facts: Mapping[str, Any]) -> None:
        self._note(kind, facts)
        self._trigger_event(kind, {"camera": self.coordinator.name, **facts})
        self.async_write_ha_state()

    def _note(self, kind: str, facts: Mapping[str, Any]) -> None:
        """Give the next state its cause, for the logbook, which shows of the state only its type.

        It is a line of the camera's own as well, and none of this entity's, which has its state.
        """
        self.async_set_context(Context())
        about = {"type": kind, "camera": self.coordinator.name}
        if self.device_entry:
            about["device_id"] = self.device_entry.id
        self.hass.bus.async_fire(EVENT_PHOTO, {**facts, **about}, context=self._context)
