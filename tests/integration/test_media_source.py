"""Photos from your cameras: what is browsed, found and opened."""

from contextlib import closing
from pathlib import Path
import sqlite3
from typing import Any

from homeassistant.components.media_player import (
    BrowseError,
    MediaClass,
)
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp import media_source, photo_library, photo_shelf
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.recovery import open_ledger
from custom_components.crcp.photo_library import LEDGER
from tests.integration.shelf import (
    NO_PLACES,
    ROOT,
    Client,
    browse,
    camera,
    child,
    found,
    shade,
    source,
    titles,
)

__all__ = ["camera", "source"]


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


async def test_a_folder_shows_what_is_there_of_it(
    hass: HomeAssistant, source: MockConfigEntry, media: Path, hass_client: Client
) -> None:
    """Not what its owner deleted; a folder of which nothing is left is none."""
    client = await hass_client()

    async def shown(place: str) -> dict[str, int | None]:
        """The folders of a folder, and what their thumbnails answer."""
        folders = (await browse(hass, place)).children or []
        return {
            each.title: (await client.get(each.thumbnail)).status if each.thumbnail else None
            for each in folders
        }

    assert await shown("cameras") == {"Field camera": None}  # its newest is a film
    for name in ("MVI_0004.MP4", "IMG_0002.JPG"):
        next(media.rglob(name)).unlink()
    assert await shown("dates") == {"2026-05": 200, "2026-04": 200}
    assert await shown("cameras") == {"Field camera": 200}
    assert await shown("dates/2026-05") == {"2026-05-02": 200, "2026-05-01": 200}
    # What belongs to a picture is no picture: the day has nothing to show without its own.
    next(media.rglob("IMG_0003.CR3")).unlink()
    assert await shown("dates") == {"2026-05": 200, "2026-04": 200}
    assert await shown("dates/2026-05") == {"2026-05-01": 200}
    next(media.rglob("IMG_0001.JPG")).unlink()
    next(media.rglob("EVIL_1.JPG")).unlink()
    for place in ("dates", "dates/2026-05", "cameras", "recent"):
        assert await shown(place) == {}
    # Nobody knows what is in a share that is away.
    media.rename(media.with_name("elsewhere"))
    assert await shown("dates") == {"2026-06": None, "2026-05": None, "2026-04": None}
    assert await shown("cameras") == {"Field camera": None}


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
    # A camera that nobody knows has no pictures, and behind one that is forgotten there are others.
    looked_through = ("cameras/", "recent/9-")
    for place in (each for each in NO_PLACES if not each.startswith(looked_through)):
        with pytest.raises(BrowseError, match="not there"):
            await found(hass, "img", place)


async def test_without_any_camera_the_folders_are_empty(
    hass: HomeAssistant, media: Path, socket_enabled: None
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    assert await async_setup_component(hass, "crcp", {})
    for place in ("recent", "dates", "cameras", "videos", "card"):
        assert titles(await browse(hass, place)) == []
    assert await found(hass, "anything") == []


async def test_a_ledger_that_cannot_be_read_is_said(
    hass: HomeAssistant, media: Path, hass_config_dir: str, socket_enabled: None
) -> None:
    with closing(sqlite3.connect(Path(hass_config_dir) / LEDGER)) as ledger:
        ledger.execute("PRAGMA user_version = 99")
    assert await async_setup_component(hass, "media_source", {})
    assert await async_setup_component(hass, "crcp", {})
    assert "Recent" in titles(await browse(hass))
    with pytest.raises(BrowseError, match="newer"):
        await browse(hass, "recent")
    with pytest.raises(Unresolvable, match="newer"):
        await async_resolve_media(hass, f"{ROOT}/photo/1-00000000", None)


# -- searching ---------------------------------------------------------------------------------


async def test_pictures_are_found_by_name_and_by_date(
    hass: HomeAssistant, source: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
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
    monkeypatch.setattr(media_source, "MAX_FOUND", 2)
    assert await found(hass, "May 2026") == ["IMG_0003.CR3", "IMG_0002.JPG"]


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
    # By its place among the newest pictures: small, whatever it is of.
    newest = [await async_resolve_media(hass, f"{ROOT}/newest/{place}", None) for place in (1, 2)]
    assert [shade(each.path.read_bytes()) for each in newest if each.path] == [(0, 0, 1), (0, 1, 0)]
    assert {(each.mime_type, each.url.rpartition("/")[2]) for each in newest} == {
        ("image/jpeg", "preview")
    }
    for place in ("0", "5", "100", "x", "1/1", ""):
        with pytest.raises(Unresolvable, match="not there"):
            await async_resolve_media(hass, f"{ROOT}/newest/{place}", None)
    film = await async_resolve_media(hass, child(recent, "MVI_0004.MP4").media_content_id, None)
    assert film.mime_type == "video/mp4"


async def test_a_ledger_that_no_camera_holds_is_read_through_once(
    hass: HomeAssistant, source: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await hass.config_entries.async_unload(source.entry_id)
    hass.data.pop("crcp_ledger")  # as after a start without the camera
    opened: list[Path] = []

    def count(path: Path, *args: Any, **more: Any) -> Ledger:
        opened.append(path)
        return open_ledger(path, *args, **more)

    monkeypatch.setattr(photo_library, "open_ledger", count)
    for _ in range(3):
        assert "IMG_0002.JPG" in titles(await browse(hass, "recent"))
    assert len(opened) == 1
