"""The latest picture of a camera, small enough to be shown at a glance."""

from pathlib import Path
from typing import Final, override

from homeassistant.components.image import ImageEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import CONF_SERIAL
from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .entity import CameraEntity
from .photo_previews import async_get_previews
from .photo_progress import ImportedPhoto
from .photo_shelf import Query, ShelfError, ShelfPhoto, async_page

PARALLEL_UPDATES = 0

#: A file of which no picture is to be had is passed over, and so are some more of them.
TRIED: Final = 5


async def async_setup_entry(
    hass: HomeAssistant,
    entry: CameraConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera's latest picture."""
    async_add_entities([LatestPicture(hass, entry.runtime_data)])


class LatestPicture(CameraEntity, ImageEntity):
    """The newest picture in the library that is this camera's: a JPEG of our own making.

    Of RAW and HEIF files and of films it is what the camera put into them, or gave with them.
    """

    _attr_content_type = "image/jpeg"

    def __init__(self, hass: HomeAssistant, coordinator: CameraCoordinator) -> None:
        super().__init__(coordinator, "latest_picture")
        ImageEntity.__init__(self, hass)
        self._serial: str = coordinator.config_entry.data[CONF_SERIAL]

    @override
    async def async_added_to_hass(self) -> None:
        """Take up what is in the library, and listen for pictures."""
        await super().async_added_to_hass()
        if photos := await self._newest():
            self._attr_image_last_updated = photos[0].row.imported_at
        self.async_on_remove(self.coordinator.async_listen_for_photos(self._on_photo))

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """From 2026.11 on: nothing depends on the entity's id, so it can be renamed in place."""

    @override
    async def async_image(self) -> bytes | None:
        """The picture; None where there is none yet, or none that can be shown."""
        previews = async_get_previews(self.hass)
        for photo in await self._newest():
            if path := await previews.async_preview(photo.path, photo.sha256):
                return await self.hass.async_add_executor_job(Path.read_bytes, path)
        return None

    @callback
    def _on_photo(self, photo: ImportedPhoto) -> None:
        if photo.newest:
            self._attr_image_last_updated = dt_util.as_utc(photo.imported_at)
            self.async_write_ha_state()

    async def _newest(self) -> list[ShelfPhoto]:
        try:
            page = await async_page(self.hass, Query(serial=self._serial), limit=TRIED)
        except ShelfError:  # the share is not mounted, which is told elsewhere
            return []
        return page.photos
