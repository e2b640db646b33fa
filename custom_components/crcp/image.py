"""The latest picture of a camera, small enough to be shown at a glance."""

from datetime import datetime
from pathlib import Path
from typing import Final, override

from homeassistant.components.image import ImageEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import CONF_SERIAL
from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .entity import CameraEntity
from .photo_previews import async_get_previews
from .photo_shelf import ShelfError, ShelfPhoto, async_latest

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
    """The latest picture in the library that is this camera's: a JPEG of our own making.

    Of RAW and HEIF files and of films it is what the camera put into them, or gave with them.
    """

    _attr_content_type = "image/jpeg"

    def __init__(self, hass: HomeAssistant, coordinator: CameraCoordinator) -> None:
        super().__init__(coordinator, "latest_picture")
        ImageEntity.__init__(self, hass)
        self._serial: str = coordinator.config_entry.data[CONF_SERIAL]

    @property
    @override
    def image_last_updated(self) -> datetime | None:
        """When the latest picture landed, which is another moment for each."""
        photo = self.coordinator.data.photos.last
        return dt_util.as_utc(photo.imported_at) if photo else None

    @override
    async def async_image(self) -> bytes | None:
        """The picture; None where there is none yet, or none that can be shown."""
        previews = async_get_previews(self.hass)
        photos = await self._latest()
        last = self.coordinator.data.photos.last
        if last and [photo.key for photo in photos[:1]] != [last.key]:
            # Somebody deleted its file by other means than ours, and nobody told.
            await self.coordinator.photos.async_find_latest()
        for photo in photos:
            if path := await previews.async_preview(photo.path, photo.sha256):
                return await self.hass.async_add_executor_job(Path.read_bytes, path)
        return None

    async def _latest(self) -> list[ShelfPhoto]:
        try:
            return await async_latest(self.hass, self._serial, TRIED)
        except ShelfError:  # which is told elsewhere
            return []
