"""What a browser fetches: pictures of the library, by keys of the ledger and never by paths.

All of it needs a login, or an address that Home Assistant signed. The type that is announced is
decided here, and a browser is told not to guess another; what it should not show is downloaded.
"""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final, override
from urllib.parse import quote

from aiohttp import hdrs, web
from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from .const import DOMAIN
from .photo_addresses import card_thumbnail_url, file_url, preview_url, thumbnail_url
from .photo_card import async_camera_entry, async_get_cards
from .photo_previews import async_get_previews
from .photo_shelf import ShelfError, ShelfPhoto, async_photo
from .photo_types import JPEG, UNKNOWN, may_be_shown

#: A key stands for one content; but its file may be replaced by its owner.
_FOR_AN_HOUR: Final = "private, max-age=3600"

_NO_GUESSING: Final = "X-Content-Type-Options"


@callback
def async_register_photo_views(hass: HomeAssistant) -> None:
    """Serve the library's pictures."""
    for view in (ThumbnailView(), PreviewView(), FileView(), CardThumbnailView()):
        hass.http.register_view(view)


class PhotoView(HomeAssistantView, ABC):
    """Serves something of a picture."""

    requires_auth = True

    async def get(self, request: web.Request, key: str) -> web.StreamResponse:
        """Serve it, or say that there is no such thing."""
        hass = request.app[KEY_HASS]
        try:
            return await self._serve(hass, await async_photo(hass, key))
        except ShelfError:
            raise web.HTTPNotFound from None

    async def head(self, request: web.Request, key: str) -> web.StreamResponse:
        """Some players ask what it is before they fetch it."""
        return await self.get(request, key)

    @abstractmethod
    async def _serve(self, hass: HomeAssistant, photo: ShelfPhoto) -> web.StreamResponse:
        """Answer with what this view is of."""


class ThumbnailView(PhotoView):
    """The small picture for a list."""

    url = thumbnail_url("{key}")
    name = f"api:{DOMAIN}:photo:thumbnail"

    @override
    async def _serve(self, hass: HomeAssistant, photo: ShelfPhoto) -> web.StreamResponse:
        previews = async_get_previews(hass)
        return _small(await previews.async_thumbnail(photo.path, photo.sha256))


class PreviewView(PhotoView):
    """The picture to look at."""

    url = preview_url("{key}")
    name = f"api:{DOMAIN}:photo:preview"

    @override
    async def _serve(self, hass: HomeAssistant, photo: ShelfPhoto) -> web.StreamResponse:
        previews = async_get_previews(hass)
        return _small(await previews.async_preview(photo.path, photo.sha256))


class FileView(PhotoView):
    """The file as the camera sent it."""

    url = file_url("{key}")
    name = f"api:{DOMAIN}:photo:file"

    @override
    async def _serve(self, hass: HomeAssistant, photo: ShelfPhoto) -> web.StreamResponse:
        if may_be_shown(photo.name):
            headers = _headers(photo.mime_type)
        else:
            headers = _headers(UNKNOWN)
            name = quote(photo.name, safe="")
            headers[hdrs.CONTENT_DISPOSITION] = f"attachment; filename*=UTF-8''{name}"
        return web.FileResponse(photo.path, headers=headers)


class CardThumbnailView(HomeAssistantView):
    """The small picture of what was not imported, as the camera has it."""

    requires_auth = True
    url = card_thumbnail_url("{entry_id}", "{key}")
    name = f"api:{DOMAIN}:card:thumbnail"

    async def get(self, request: web.Request, entry_id: str, key: str) -> web.StreamResponse:
        """Serve it, or say that there is no such thing."""
        hass = request.app[KEY_HASS]
        entry = async_camera_entry(hass, entry_id)
        if entry is None:
            raise web.HTTPNotFound
        try:
            cards, host = async_get_cards(hass), entry.runtime_data.photos
            return _small(await cards.async_thumbnail(host, key))
        except HomeAssistantError:
            raise web.HTTPNotFound from None

    async def head(self, request: web.Request, entry_id: str, key: str) -> web.StreamResponse:
        """As for those of the library."""
        return await self.get(request, entry_id, key)


def _small(path: Path | None) -> web.StreamResponse:
    if path is None:
        raise web.HTTPNotFound
    return web.FileResponse(path, headers=_headers(JPEG, cache=_FOR_AN_HOUR))


def _headers(mime_type: str, *, cache: str = "private, no-cache") -> dict[str, str]:
    return {
        hdrs.CONTENT_TYPE: mime_type,
        hdrs.CACHE_CONTROL: cache,
        _NO_GUESSING: "nosniff",
    }
