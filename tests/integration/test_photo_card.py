"""What is still on a camera's card: looked through, and imported one by one."""

from datetime import datetime
import io
from pathlib import Path
from typing import Any

from homeassistant.components.media_player import (
    BrowseError,
)
from homeassistant.components.media_source import (
    Unresolvable,
    async_resolve_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp import media_source, photo_card
from custom_components.crcp.protocols.ptpip.codes import ObjectFormat, OperationCode
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import InMemory, Photo
from tests.helpers import until
from tests.integration.conftest import set_up
from tests.integration.shelf import (
    CONNECTION,
    PICTURES,
    ROOT,
    Client,
    browse,
    camera,
    child,
    on_card,
    shade,
    source,
    titles,
)
from tests.previews.files import canon_raw, directory, jpeg, short, tiff, with_exif

__all__ = ["camera", "source"]


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


async def test_an_empty_card_says_that_there_is_nothing_to_open(
    hass: HomeAssistant, source: MockConfigEntry
) -> None:
    card = await browse(hass, f"card/{source.entry_id}")
    assert (titles(card), card.title) == ([], "Field camera: everything is imported")


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


async def test_what_one_connection_showed_is_asked_of_no_other(
    hass: HomeAssistant, waiting: MockConfigEntry, camera: VirtualCamera, hass_client: Client
) -> None:
    client = await hass_client()
    picture = child(await browse(hass, f"card/{waiting.entry_id}"), "IMG_0002.JPG")
    port = camera.port
    await camera.stop()
    await until(lambda: hass.states.get(CONNECTION).state == "off")
    # The same pictures, and each has a handle that was another one's.
    photos = [on_card(*each) for each in reversed(PICTURES)]
    again = VirtualCamera(
        photos=photos, model=camera.model, serial_number=camera.serial_number, port=port
    )
    await again.start()
    waiting.runtime_data.async_sighted()
    await until(lambda: hass.states.get(CONNECTION).state == "on", within=20)
    assert (await client.get(picture.thumbnail)).status == 404
    with pytest.raises(Unresolvable, match="not on the card"):
        await async_resolve_media(hass, picture.media_content_id, None)
    assert OperationCode.GET_THUMB not in {request.code for request in again.requests}
    assert "IMG_0002.JPG" in titles(await browse(hass, f"card/{waiting.entry_id}"))
    await hass.config_entries.async_unload(waiting.entry_id)
    await again.stop()


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


async def test_paging_goes_on_behind_what_was_imported_or_taken_meanwhile(
    hass: HomeAssistant,
    waiting: MockConfigEntry,
    camera: VirtualCamera,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_source, "PAGE", 2)
    place = f"card/{waiting.entry_id}"
    first = await browse(hass, place)
    assert titles(first) == ["MVI_0004.MP4", "IMG_0003.CR3", "Older pictures"]
    older = child(first, "Older pictures").media_content_id.removeprefix(f"{ROOT}/")
    await async_resolve_media(hass, child(first, "IMG_0003.CR3").media_content_id, None)
    camera.add_photo(on_card("NEW.JPG", PICTURES[0][1] + b"\0", datetime(2026, 7, 1)))
    second = await browse(hass, older)
    assert titles(second) == ["IMG_0002.JPG", "IMG_0001.JPG", "Older pictures"]
    last = child(second, "Older pictures").media_content_id.removeprefix(f"{ROOT}/")
    assert titles(await browse(hass, last)) == ["EVIL_1.JPG"]
    for nowhere in ("garbage", "00000000-1", "0-", older.rpartition("/")[2] + "0000000"):
        with pytest.raises(BrowseError, match="not there any more"):
            await browse(hass, f"{place}/{nowhere}")


async def test_what_the_camera_tells_of_its_cards_is_seen_at_once(
    hass: HomeAssistant, waiting: MockConfigEntry, camera: VirtualCamera
) -> None:
    place, host = f"card/{waiting.entry_id}", waiting.runtime_data.photos
    old = await browse(hass, place)

    async def seen(*told: str) -> None:
        await until(lambda: host.card_changes > before)
        assert titles(await browse(hass, place))[:2] == [*told]

    before = host.card_changes
    camera.add_photo(on_card("NEW.JPG", PICTURES[0][1] + b"\0", datetime(2026, 7, 1)))
    await seen("NEW.JPG", "MVI_0004.MP4")
    before = host.card_changes
    card = camera.take_card_out()
    await seen()
    with pytest.raises(Unresolvable, match="not on the card"):
        await async_resolve_media(hass, child(old, "IMG_0002.JPG").media_content_id, None)
    before = host.card_changes
    camera.put_card_in(card)
    await seen("NEW.JPG", "MVI_0004.MP4")


async def test_no_picture_is_shown_with_the_thumbnail_of_another_cards(
    hass: HomeAssistant, waiting: MockConfigEntry, camera: VirtualCamera, hass_client: Client
) -> None:
    client, place = await hass_client(), f"card/{waiting.entry_id}"
    listed = child(await browse(hass, place), "IMG_0002.JPG").thumbnail
    card = camera.take_card_out()
    # The same handles, and other pictures.
    other = VirtualCamera(photos=[lime(name, data, taken) for name, data, taken in PICTURES[::-1]])
    camera.put_card_in(other.cards[0])
    assert (await client.get(listed)).status == 404
    camera.take_card_out()
    camera.put_card_in(card)
    await browse(hass, place)
    assert shade(await (await client.get(listed)).read()) == (0, 1, 1)


async def test_a_portrait_picture_stands_upright_before_it_is_imported(
    hass: HomeAssistant, media: Path, hass_client: Client, socket_enabled: None
) -> None:
    # EXIF 2.3, 4.6.4 A: the 0th row of the picture is its right side.
    turned = tiff((8, directory(short(0x0112, 6))))
    files = {
        "A.JPG": with_exif(jpeg(2000, 1500, quality=100), turned),
        "B.CR3": canon_raw(jpeg(160, 120), jpeg(900, 600), orientation=6) + bytes(photo_card.HEAD),
        "C.NEF": turned + bytes(photo_card.HEAD),
        "D.JPG": b"\xff\xd8\xff\xe1\0\x40Exif\0\0",
        "E.JPG": b"",
        "F.JPG": jpeg(400, 300),
    }
    taken = datetime(2026, 5, 1)
    camera = VirtualCamera(photos=[on_card(name, data, taken) for name, data in files.items()])
    await camera.start()
    entry = await set_up(hass, camera, auto_import=False)
    assert await async_setup_component(hass, "media_source", {})
    await until(lambda: hass.states.async_entity_ids("binary_sensor"))
    await until(lambda: hass.states.async_all("binary_sensor")[0].state == "on")
    client, card = await hass_client(), await browse(hass, f"card/{entry.entry_id}")
    sizes = {}
    for each in card.children or []:
        answer = await client.get(each.thumbnail)
        sizes[each.title] = Image.open(io.BytesIO(await answer.read())).size
    lying, standing = (160, 120), (120, 160)
    assert sizes == {
        **dict.fromkeys(("A.JPG", "B.CR3", "C.NEF"), standing),
        **dict.fromkeys(("D.JPG", "E.JPG", "F.JPG"), lying),
    }
    await hass.config_entries.async_unload(entry.entry_id)
    await camera.stop()


def lime(name: str, data: bytes, taken: datetime) -> Photo:
    return Photo(name, InMemory(data), ObjectFormat.UNDEFINED, taken, thumb=jpeg(160, 120, "lime"))
