"""Photos from your cameras: what is browsed, found and opened, as a browser asks for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
import io
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player import (
    BrowseError,
    BrowseMedia,
    MediaClass,
    SearchMediaQuery,
)
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
    async_search_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp import photo_card, photo_shelf
from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import InMemory, Photo
from tests.helpers import until
from tests.integration.conftest import set_up
from tests.previews.files import canon_raw, jpeg

ROOT = "media-source://crcp"
COUNT = "sensor.field_camera_photos_imported"
CONNECTION = "binary_sensor.field_camera_connection"
NO_PLACES = [
    "nothing", "recent/1/2", "recent/9-00000000", "recent/x", "dates/2026-13-01", "cameras/a/b/c",
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


# -- browsing ----------------------------------------------------------------------------------


async def test_the_folders_show_the_newest_first(
    hass: HomeAssistant, source: MockConfigEntry
) -> None:
    root = await browse(hass)
    assert root.title == "Photos from your cameras"
    assert titles(root)[:4] == ["Recent", "By date", "By camera", "Videos"]
    newest_first = ["MVI_0004.MP4", "IMG_0003.CR3", "IMG_0002.JPG", "IMG_0001.JPG", "EVIL_1.JPG"]
    recent = await browse(hass, "recent")
    assert titles(recent) == newest_first
    assert recent.children_media_class == MediaClass.IMAGE
    assert titles(await browse(hass, "videos")) == ["MVI_0004.MP4"]
    assert titles(await browse(hass, "dates")) == ["2026-06", "2026-05", "2026-04"]
    assert titles(await browse(hass, "dates/2026-05")) == ["2026-05-02", "2026-05-01"]
    assert titles(await browse(hass, "dates/2026-05-01")) == ["IMG_0002.JPG", "IMG_0001.JPG"]
    cameras = await browse(hass, "cameras")
    assert titles(cameras) == ["Field camera"]
    assert cameras.children
    of_camera = await async_browse_media(hass, cameras.children[0].media_content_id)
    assert titles(of_camera) == newest_first
    assert of_camera.title == "Field camera"


async def test_what_its_owner_deleted_is_not_shown(
    hass: HomeAssistant, source: MockConfigEntry, media: Path
) -> None:
    recent = await browse(hass, "recent")
    gone = child(recent, "IMG_0002.JPG").media_content_id
    next(media.rglob("IMG_0002.JPG")).unlink()
    assert "IMG_0002.JPG" not in titles(await browse(hass, "recent"))
    with pytest.raises(Unresolvable, match="not there"):
        await async_resolve_media(hass, gone, None)


async def test_a_folder_that_is_not_mounted_is_said(
    hass: HomeAssistant, source: MockConfigEntry, media: Path
) -> None:
    media.rename(media.with_name("elsewhere"))
    with pytest.raises(BrowseError, match="mounted"):
        await browse(hass, "recent")
    assert "Recent" in titles(await browse(hass))


async def test_pages_follow_each_other(
    hass: HomeAssistant, source: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_shelf.async_page, "__defaults__", (None, 2))
    seen, folder = [], await browse(hass, "recent")
    while folder.children and folder.children[-1].can_expand:
        seen += titles(folder)[:-1]
        folder = await async_browse_media(hass, folder.children[-1].media_content_id)
    seen += titles(folder)
    assert seen == ["MVI_0004.MP4", "IMG_0003.CR3", "IMG_0002.JPG", "IMG_0001.JPG", "EVIL_1.JPG"]


async def test_a_place_that_is_none_says_so(hass: HomeAssistant, source: MockConfigEntry) -> None:
    for place in NO_PLACES:
        with pytest.raises(BrowseError, match="not there"):
            await browse(hass, place)
        with pytest.raises(Unresolvable, match="not there"):
            await async_resolve_media(hass, f"{ROOT}/{place}", None)


async def test_without_any_camera_the_folders_are_empty(
    hass: HomeAssistant, media: Path, socket_enabled: None
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    assert await async_setup_component(hass, "crcp", {})
    for place in ("recent", "dates", "cameras", "videos", "card"):
        assert titles(await browse(hass, place)) == []
    assert await found(hass, "anything") == []


# -- searching ---------------------------------------------------------------------------------


async def test_pictures_are_found_by_name_and_by_date(
    hass: HomeAssistant, source: MockConfigEntry
) -> None:
    assert await found(hass, "img_0002") == ["IMG_0002.JPG"]
    assert await found(hass, "May 2026") == ["IMG_0003.CR3", "IMG_0002.JPG", "IMG_0001.JPG"]
    assert await found(hass, "1 may 2026") == ["IMG_0002.JPG", "IMG_0001.JPG"]
    assert await found(hass, "cr3 2026-05") == ["IMG_0003.CR3"]
    assert await found(hass, "field 3.6.2026") == ["MVI_0004.MP4"]
    assert await found(hass, "2026", media_filter_classes=[MediaClass.VIDEO]) == ["MVI_0004.MP4"]
    assert await found(hass, "img", "dates/2026-05-01") == ["IMG_0002.JPG", "IMG_0001.JPG"]
    assert await found(hass, "img", "dates/2026-06") == []
    assert await found(hass, "0", "videos") == ["MVI_0004.MP4"]
    assert await found(hass, "%") == []
    assert await found(hass, "  ") == []


# -- opening -----------------------------------------------------------------------------------


async def test_a_picture_is_its_file_and_a_raw_file_its_preview(
    hass: HomeAssistant, source: MockConfigEntry, media: Path
) -> None:
    recent = await browse(hass, "recent")
    plain = await async_resolve_media(hass, child(recent, "IMG_0001.JPG").media_content_id, None)
    assert (plain.mime_type, plain.path) == ("image/jpeg", next(media.rglob("IMG_0001.JPG")))
    raw_id = child(recent, "IMG_0003.CR3").media_content_id
    raw = await async_resolve_media(hass, raw_id, None)
    assert raw.mime_type == "image/jpeg"
    assert raw.path
    assert shade(raw.path.read_bytes()) == (0, 0, 1)
    original = await async_resolve_media(hass, raw_id.replace("photo/", "original/"), None)
    assert original.mime_type == "image/x-canon-cr3"
    assert original.path == next(media.rglob("IMG_0003.CR3"))
    film = await async_resolve_media(hass, child(recent, "MVI_0004.MP4").media_content_id, None)
    assert film.mime_type == "video/mp4"


async def test_a_browser_gets_pictures_and_only_what_it_may_show(
    hass: HomeAssistant, source: MockConfigEntry, hass_client: Client, media: Path
) -> None:
    client = await hass_client()
    recent = await browse(hass, "recent")
    await until(lambda: thumbnails_kept(hass) == len(PICTURES))
    for title in titles(await browse(hass, "recent")):
        answer = await client.get(child(await browse(hass, "recent"), title).thumbnail)
        assert answer.status == 200, title
        assert answer.content_type == "image/jpeg"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert shade(await answer.read()) == (0, 1, 1), title  # the camera's own
    raw = await opened(hass, child(recent, "IMG_0003.CR3"))
    answer = await client.get(raw)
    assert (answer.content_type, shade(await answer.read())) == ("image/jpeg", (0, 0, 1))
    answer = await client.get(raw.replace("/preview", "/file"))
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert await answer.read() == next(media.rglob("IMG_0003.CR3")).read_bytes()
    evil = await client.get(await opened(hass, child(recent, "EVIL_1.JPG")))
    assert evil.content_type == "image/jpeg"
    assert evil.headers["X-Content-Type-Options"] == "nosniff"
    film = await opened(hass, child(recent, "MVI_0004.MP4"))
    part = await client.get(film, headers={"Range": "bytes=4-7"})
    assert (part.status, await part.read()) == (206, b"ftyp")
    assert (await client.head(film)).headers["Content-Type"] == "video/mp4"


async def test_a_drawing_or_a_page_is_never_shown_as_one(
    hass: HomeAssistant, source: MockConfigEntry, hass_client: Client
) -> None:
    client = await hass_client()
    key = await photo_shelf.async_key_of(hass, "local", path_of(hass, "EVIL.SVG"))
    answer = await client.get(f"/api/crcp/photo/{key}/file")
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer = await client.get(f"/api/crcp/photo/{key}/preview")
    assert shade(await answer.read()) == (0, 1, 1)  # what the camera shows of it, painted anew


async def test_nothing_is_served_without_a_login(
    hass: HomeAssistant, source: MockConfigEntry, hass_client_no_auth: Client
) -> None:
    client = await hass_client_no_auth()
    key = (await browse(hass, "recent")).children[0].media_content_id.rpartition("/")[2]
    card = f"/api/crcp/card/{source.entry_id}/x/thumbnail"
    for address in (*(f"/api/crcp/photo/{key}/{what}" for what in WHAT), card):
        assert (await client.get(address)).status == 401, address
        assert (await client.head(address)).status in {401, 405}, address
    signed = async_sign_path(hass, f"/api/crcp/photo/{key}/file", timedelta(minutes=1))
    assert (await client.get(signed)).status == 200
    assert (await client.get(signed.replace("/file", "/preview"))).status == 401


async def test_only_keys_of_the_ledger_open_anything(
    hass: HomeAssistant, source: MockConfigEntry, hass_client: Client, media: Path
) -> None:
    client = await hass_client()
    item = child(await browse(hass, "recent"), "IMG_0001.JPG")
    key = item.media_content_id.rpartition("/")[2]
    number, _, digits = key.partition("-")
    keys = [
        "0-00000000", f"{number}-00000000", f"{int(number) + 99}-{digits}", number, f"-{key}", "x",
        "9" * 19 + "-" + digits, f"{key}0", "..%2f..%2fsecrets.yaml", "%00", f"{key}%0a",
        str(next(media.rglob("IMG_0001.JPG"))).replace("/", "%2f"),
    ]  # fmt: skip
    for bad in keys:
        for what in WHAT:
            answer = await client.get(f"/api/crcp/photo/{bad}/{what}")
            assert answer.status in {400, 404}, (bad, what)
    path = next(media.rglob("IMG_0001.JPG"))
    secret = media.parent / "secret.jpg"
    secret.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(secret)
    for what in WHAT:
        assert (await client.get(f"/api/crcp/photo/{key}/{what}")).status == 404


async def test_a_camera_s_thumbnail_may_be_lost_and_is_made_anew(
    hass: HomeAssistant, source: MockConfigEntry, hass_client: Client
) -> None:
    client = await hass_client()
    item = child(await browse(hass, "recent"), "IMG_0001.JPG")
    await until(lambda: thumbnails_kept(hass) == len(PICTURES))
    for path in Path(hass.config.cache_path("crcp")).rglob("*.jpg"):
        path.unlink()
    answer = await client.get(item.thumbnail)
    assert shade(await answer.read()) == (1, 0, 0)
    recent = await browse(hass, "recent")
    assert child(recent, "MVI_0004.MP4").thumbnail is None
    evil = child(recent, "EVIL_1.JPG")
    assert (await client.get(evil.thumbnail)).status == 404
    assert child(await browse(hass, "recent"), "EVIL_1.JPG").thumbnail is None


# -- what is still on the card -----------------------------------------------------------------


@pytest.fixture
async def waiting(hass: HomeAssistant, camera: VirtualCamera, media: Path) -> MockConfigEntry:
    """A camera whose pictures are not imported by themselves."""
    entry = await set_up(hass, camera, auto_import=False)
    assert await async_setup_component(hass, "media_source", {})
    await until(lambda: hass.states.get(CONNECTION).state == "on")
    return entry


async def test_one_picture_is_imported_from_the_card_by_opening_it(
    hass: HomeAssistant, waiting: MockConfigEntry, hass_client: Client, media: Path
) -> None:
    client = await hass_client()
    cameras = await browse(hass, "card")
    assert titles(cameras) == ["Field camera"]
    card = await browse(hass, f"card/{waiting.entry_id}")
    assert titles(card) == [
        "MVI_0004.MP4", "IMG_0003.CR3", "IMG_0002.JPG", "IMG_0001.JPG", "EVIL_1.JPG"
    ]  # fmt: skip
    answer = await client.get(child(card, "IMG_0002.JPG").thumbnail)
    assert shade(await answer.read()) == (0, 1, 1)
    chosen = await async_resolve_media(hass, child(card, "IMG_0002.JPG").media_content_id, None)
    assert chosen.path
    assert chosen.path.read_bytes() == PICTURES[1][1]
    assert [path.name for path in media.rglob("*.*") if path.is_file()] == ["IMG_0002.JPG"]
    assert "IMG_0002.JPG" not in titles(await browse(hass, f"card/{waiting.entry_id}"))
    assert titles(await browse(hass, "recent")) == ["IMG_0002.JPG"]
    bad = f"{ROOT}/card_photo/{waiting.entry_id}/nothing"
    with pytest.raises(Unresolvable, match="not on the card"):
        await async_resolve_media(hass, bad, None)
    assert (await client.get(f"/api/crcp/card/{waiting.entry_id}/x/thumbnail")).status == 404
    assert (await client.get("/api/crcp/card/nobody/x/thumbnail")).status == 404


async def test_a_card_that_takes_long_is_read_on_meanwhile(
    hass: HomeAssistant,
    waiting: MockConfigEntry,
    camera: VirtualCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photo_card, "LISTED_WITHIN", 0)
    camera.requests.clear()
    with pytest.raises(BrowseError, match="still being read"):
        await browse(hass, f"card/{waiting.entry_id}")
    monkeypatch.undo()
    assert len(titles(await browse(hass, f"card/{waiting.entry_id}"))) == 5
    asked = [request.code.name for request in camera.requests]
    assert asked.count("GET_OBJECT_HANDLES") == 1


async def test_chosen_pictures_are_imported_by_an_action(
    hass: HomeAssistant, waiting: MockConfigEntry, media: Path
) -> None:
    card = await browse(hass, f"card/{waiting.entry_id}")
    ids = [child(card, name).media_content_id for name in ("IMG_0001.JPG", "MVI_0004.MP4")]
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), waiting.entry_id)

    async def chosen(*photos: Any) -> Any:
        data = {"device_id": device.id, "photos": list(photos)}
        return await hass.services.async_call(
            "crcp", "import_photos", data, blocking=True, return_response=True
        )

    selected = {"media_content_id": ids[1], "media_content_type": "video/mp4", "metadata": {}}
    assert (await chosen(ids[0], selected))["imported"] == 2
    here = sorted(path.name for path in media.rglob("*.*") if path.is_file())
    assert here == ["IMG_0001.JPG", "MVI_0004.MP4"]
    assert await hass.config_entries.async_reload(waiting.entry_id)
    await until(lambda: hass.states.get(CONNECTION).state == "on")
    assert (await chosen(ids[0]))["already_imported"] == 1
    with pytest.raises(HomeAssistantError, match="not on the card"):
        await chosen(f"{ROOT}/card_photo/{waiting.entry_id}/nothing")
    recent = await browse(hass, "recent")
    forgotten = {"photo": child(recent, "IMG_0001.JPG").media_content_id}
    answer = await hass.services.async_call(
        "crcp", "forget_photo", forgotten, blocking=True, return_response=True
    )
    assert answer == {"forgotten": 1}


async def test_a_camera_that_is_off_says_so(
    hass: HomeAssistant, waiting: MockConfigEntry, camera: VirtualCamera
) -> None:
    await camera.stop()
    await until(lambda: hass.states.get(CONNECTION).state == "off")
    with pytest.raises(BrowseError, match="not connected"):
        await browse(hass, f"card/{waiting.entry_id}")


# -- helpers -----------------------------------------------------------------------------------


async def opened(hass: HomeAssistant, item: BrowseMedia) -> str:
    return (await async_resolve_media(hass, item.media_content_id, None)).url


def thumbnails_kept(hass: HomeAssistant) -> int:
    return len(list(Path(hass.config.cache_path("crcp")).rglob("*.jpg")))


def path_of(hass: HomeAssistant, name: str) -> str:
    media = Path(hass.config.media_dirs["local"])
    return str(next(media.rglob(name)).relative_to(media))
