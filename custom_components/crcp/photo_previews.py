"""Small pictures of what was imported: made one at a time, and kept in Home Assistant's cache."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
import logging
from pathlib import Path
import re
from typing import IO, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .previews.cache import Cache
from .previews.errors import NoPreview
from .previews.make import PREVIEW, THUMBNAIL, make_of_camera, make_preview, make_thumbnail

_LOGGER = logging.getLogger(__name__)

#: So many thumbnails of cameras wait to be kept; others are made of the file when they are needed.
MAX_WAITING: Final = 64

#: So many files of which no picture can be made are remembered, so that they are not tried again.
MAX_REFUSED: Final = 2000

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class Previews:
    """Small pictures, by the hash of what they are of."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._cache = Cache(Path(hass.config.cache_path(DOMAIN, "pictures")))
        # One at a time: this is memory and work that nobody must notice.
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0
        self._refused: OrderedDict[str, None] = OrderedDict()

    async def async_thumbnail(self, path: Path, sha256: str) -> Path | None:
        """A picture for a list, as a JPEG file that is there for now; None where none is to be had."""
        with suppress(NoPreview):
            return await self._async_get(path, sha256, THUMBNAIL, make_thumbnail)
        return None

    async def async_preview(self, path: Path, sha256: str) -> Path | None:
        """A picture to look at, likewise.

        Where the file has none, its thumbnail is better than nothing: the camera may have made it.
        """
        with suppress(NoPreview):
            return await self._async_get(path, sha256, PREVIEW, make_preview)
        return await self.async_thumbnail(path, sha256)

    async def async_which_show(self, photos: Iterable[tuple[str, bool]]) -> set[str]:
        """Those of some hashes that have a thumbnail, or may have one.

        With each: whether it is a film, which has none but what its camera gave.
        """
        listed = [each for each in photos if _name(each[0], THUMBNAIL) not in self._refused]
        return await self._hass.async_add_executor_job(self._which_show, listed)

    def _which_show(self, photos: list[tuple[str, bool]]) -> set[str]:
        return {
            sha256
            for sha256, is_film in photos
            if _SHA256.fullmatch(sha256)
            and (not is_film or self._cache.find(_name(sha256, THUMBNAIL)))
        }

    async def async_kept(self, name: str) -> Path | None:
        """A thumbnail that is there, by the name that it was kept under, which is hexadecimal."""
        return await self._hass.async_add_executor_job(self._cache.find, _name(name, THUMBNAIL))

    async def async_forget(self, sha256: str) -> None:
        """Remove what is kept of a picture whose file is gone."""
        async with self._turn:  # else one that is being made would be kept
            await self._hass.async_add_executor_job(self._forget, sha256)

    def _forget(self, sha256: str) -> None:
        for side in (THUMBNAIL, PREVIEW):
            with suppress(OSError, ValueError):  # what stays is removed when room is made
                self._cache.forget(_name(sha256, side))

    async def async_of_camera(
        self, name: str, cameras: bytes, head: bytes = b"", size: int = 0
    ) -> Path | None:
        """Keep a camera's thumbnail of what was not imported, and return where; None for a bad one.

        head: how the file of that many bytes begins, which tells how it is to be held.
        """
        async with self._turn:
            return await self._hass.async_add_executor_job(
                self._of_camera, name, cameras, head, size
            )

    def _of_camera(self, name: str, cameras: bytes, head: bytes, size: int) -> Path | None:
        try:
            return self._cache.keep(_name(name, THUMBNAIL), make_of_camera(cameras, head, size))
        except NoPreview, OSError:
            return None

    @callback
    def async_keep(self, path: Path, sha256: str, cameras: bytes | None) -> None:
        """Keep a camera's own thumbnail of a picture that was imported, when there is time."""
        if not cameras or self._waiting >= MAX_WAITING:
            return

        def make(file: IO[bytes], size: int) -> bytes:
            return make_thumbnail(file, size, cameras)

        self._waiting += 1
        work = self._async_keep(path, sha256, make)
        self._hass.async_create_background_task(work, f"{DOMAIN} thumbnail", eager_start=False)

    async def _async_keep(self, path: Path, sha256: str, make: _Make) -> None:
        try:
            with suppress(NoPreview):
                await self._async_get(path, sha256, THUMBNAIL, make)
        finally:
            self._waiting -= 1

    async def _async_get(self, path: Path, sha256: str, side: int, make: _Make) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise NoPreview("it has no name to be kept under")
        name = _name(sha256, side)
        if name in self._refused:
            raise NoPreview("it was tried before")
        if kept := await self._hass.async_add_executor_job(self._cache.find, name):
            return kept
        async with self._turn:
            try:
                return await self._hass.async_add_executor_job(self._make, name, path, make)
            except NoPreview as error:
                _LOGGER.debug("No picture of %r: %s", path.name, error)
                self._refuse(name)
                raise
            except OSError as error:  # a share that is away now, say
                raise NoPreview(str(error)) from error

    def _make(self, name: str, path: Path, make: _Make) -> Path:
        # Somebody else may have had it made while this waited for its turn.
        if kept := self._cache.find(name):
            return kept
        with path.open("rb") as file:
            return self._cache.keep(name, make(file, path.stat().st_size))

    def _refuse(self, name: str) -> None:
        self._refused[name] = None
        if len(self._refused) > MAX_REFUSED:
            self._refused.popitem(last=False)


def _name(sha256: str, side: int) -> str:
    return f"{sha256}-{side}"


type _Make = Callable[[IO[bytes], int], bytes]

_PREVIEWS: Final[HassKey[Previews]] = HassKey("crcp_previews")


@callback
def async_get_previews(hass: HomeAssistant) -> Previews:
    """The small pictures of this Home Assistant."""
    if _PREVIEWS not in hass.data:
        hass.data[_PREVIEWS] = Previews(hass)
    return hass.data[_PREVIEWS]
