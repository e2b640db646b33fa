"""A camera whose pictures are of every kind, and the media browser that shows them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
import io
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.components.media_player import (
    BrowseMedia,
    SearchMediaQuery,
)
from homeassistant.components.media_source import (
    async_browse_media,
    async_resolve_media,
    async_search_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import InMemory, Photo
from tests.helpers import until
from tests.previews.files import canon_raw, jpeg

ROOT = "media-source://crcp"
COUNT = "sensor.field_camera_photos_imported"
CONNECTION = "binary_sensor.field_camera_connection"
NO_PLACES = [
    "nothing", "recent/1/2", "recent/9-00000000", "recent/x", "dates/2026-13-01", "cameras/a/b/c",
    "recent/", "dates/", "dates//", "dates/<script", "dates/0000-00", "dates/2026-13", "dates/20260501",
    "dates/2026-W18", "dates/\uff12026-05", "dates/2026-05/x", "cameras/", "cameras/anything", "cameras//x",
    "../recent", "card/nobody", "card/a/b/c", "photo/1-00000000", "original/x", "card_photo/nobody/x",
]  # fmt: skip
WHAT = ("thumbnail", "preview", "file")

type Client = Callable[[], Awaitable[TestClient[Any, Any]]]

PICTURES = [
    ("IMG_0001.JPG", jpeg(400, 300, "red"), datetime(2026, 5, 1, 9)),
    ("IMG_0002.JPG", jpeg(400, 300, "lime"), datetime(2026, 5, 1, 12)),
    ("IMG_0003.CR3", canon_raw(jpeg(160, 120), jpeg(900, 600, "blue")), datetime(2026, 5, 2, 8)),
    ("MVI_0004.MP4", b"\0\0\0\x18ftypmp42" + bytes(5000), datetime(2026, 6, 3, 8)),
    ("IMG_0003.XMP", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", datetime(2026, 5, 2, 8)),
    ("EVIL.SVG", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", datetime(2026, 4, 1)),
    ("EVIL_1.JPG", b"<html><script>alert(1)</script></html>", datetime(2026, 4, 1)),
]  # fmt: skip


def on_card(name: str, data: bytes, taken: datetime) -> Photo:
    return Photo(name, InMemory(data), ObjectFormat.UNDEFINED, taken, thumb=jpeg(160, 120, "cyan"))


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    photos = [on_card(*each) for each in PICTURES]
    camera = VirtualCamera(photos=photos, model="Field camera", serial_number="F-0042")
    await camera.start()
    yield camera
    await camera.stop()


@pytest.fixture
async def source(hass: HomeAssistant, camera_entry: MockConfigEntry) -> MockConfigEntry:
    """All pictures of the card are imported, and the media source is there."""
    assert await async_setup_component(hass, "media_source", {})
    await until(lambda: imported(hass) == len(PICTURES))
    return camera_entry


def imported(hass: HomeAssistant) -> int:
    state = hass.states.get(COUNT)
    return int(state.state) if state and state.state.isdigit() else -1


async def browse(hass: HomeAssistant, place: str = "") -> BrowseMedia:
    return await async_browse_media(hass, f"{ROOT}/{place}" if place else ROOT)


def titles(folder: BrowseMedia) -> list[str]:
    return [child.title for child in folder.children or []]


def child(folder: BrowseMedia, title: str) -> BrowseMedia:
    return next(each for each in folder.children or [] if each.title == title)


async def found(hass: HomeAssistant, words: str, place: str = "", **more: Any) -> list[str]:
    query = SearchMediaQuery(search_query=words, **more)
    result = await async_search_media(hass, f"{ROOT}/{place}" if place else ROOT, query)
    return [each.title for each in result.result]


def shade(data: bytes) -> tuple[int, ...]:
    pixel = Image.open(io.BytesIO(data), formats=["JPEG"]).convert("RGB").getpixel((40, 40))
    assert isinstance(pixel, tuple)
    return tuple(round(value / 255) for value in pixel)


async def opened(hass: HomeAssistant, item: BrowseMedia) -> str:
    return (await async_resolve_media(hass, item.media_content_id, None)).url


def thumbnails_kept(hass: HomeAssistant) -> int:
    return len(list(Path(hass.config.cache_path("crcp")).rglob("*.jpg")))


def path_of(hass: HomeAssistant, name: str) -> str:
    media = Path(hass.config.media_dirs["local"])
    return str(next(media.rglob(name)).relative_to(media))
