"""The latest picture of a camera as an image entity."""

from datetime import UTC, datetime
import hashlib
import io
from pathlib import Path, PurePosixPath

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from PIL import Image
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.crcp.importer.run import Imported
from custom_components.crcp.photo_latest import Latest
from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import InMemory, Photo
from tests.helpers import until
from tests.importer.bench import a_photo
from tests.integration.conftest import set_up
from tests.integration.shelf import shade
from tests.previews.files import jpeg

LATEST = "image.field_camera_latest_picture"
LAST = "sensor.field_camera_last_photo"
COUNT = "sensor.field_camera_photos_imported"


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    return found.state if found else ""


async def test_the_latest_picture_is_served_small_and_changes_with_the_next(
    hass: HomeAssistant,
    camera: VirtualCamera,
    camera_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    await until(lambda: state(hass, LATEST) not in ("", "unknown"))
    before = state(hass, LATEST)
    client = await hass_client()
    answer = await client.get(f"/api/image_proxy/{LATEST}")
    first = await answer.read()
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    with Image.open(io.BytesIO(first)) as shown:
        assert max(shown.size) <= 2048
    stranger = await hass_client_no_auth()
    assert (await stranger.get(f"/api/image_proxy/{LATEST}")).status in (401, 403)
    await camera.press_shutter()
    await until(lambda: state(hass, LATEST) != before)
    assert await (await client.get(f"/api/image_proxy/{LATEST}")).read() != first


async def test_it_is_there_after_a_restart_and_there_is_none_before_the_first(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "http", {})
    entry = await set_up(hass, camera, auto_import=False)
    client = await hass_client()
    assert state(hass, LATEST) == "unknown"
    assert (await client.get(f"/api/image_proxy/{LATEST}")).status == 500
    changes = async_capture_events(hass, "state_changed")
    entry.runtime_data.photos.look_again()
    await entry.runtime_data.async_set_auto(True)
    await until(lambda: state(hass, COUNT) == "3")
    known = state(hass, LATEST)
    # The newest came first, and those before it change nothing.
    told = [each.data["new_state"].state for each in changes if each.data["entity_id"] == LATEST]
    assert set(told) == {known}
    await camera.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    assert state(hass, LATEST) == known
    assert (await client.get(f"/api/image_proxy/{LATEST}")).status == 200


async def test_a_file_that_shows_nothing_is_passed_over(
    hass: HomeAssistant,
    camera: VirtualCamera,
    camera_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    content = InMemory(b"\xff\xd8 no picture at all")
    camera.add_photo(Photo("IMG_9999.JPG", content, ObjectFormat.EXIF_JPEG, thumb=b"no"))
    await until(lambda: state(hass, COUNT) == "4")
    client = await hass_client()
    assert (await client.get(f"/api/image_proxy/{LATEST}")).status == 200


async def test_the_latest_came_last_whatever_a_clock_said_and_goes_with_its_file(
    hass: HomeAssistant,
    camera: VirtualCamera,
    camera_entry: MockConfigEntry,
    hass_client: ClientSessionGenerator,
) -> None:
    client = await hass_client()

    async def latest() -> tuple[str, str, tuple[int, ...]]:
        """The sensor's picture, the image's state, and what it shows."""
        answer = await client.get(f"/api/image_proxy/{LATEST}")
        return last(), state(hass, LATEST), shade(await answer.read())

    def last() -> str:
        return str(hass.states.get(LAST).attributes.get("file_name"))

    async def takes(name: str, color: str, taken: datetime) -> None:
        data = InMemory(jpeg(400, 300, color))
        camera.add_photo(Photo(name, data, ObjectFormat.EXIF_JPEG, taken))
        await until(lambda: last() == name)

    await until(lambda: state(hass, COUNT) == "3")
    await takes("RIGHT.JPG", "red", datetime(2026, 7, 1))
    right = await latest()
    await takes("AHEAD.JPG", "white", datetime(2031, 1, 5))
    await takes("BEHIND.JPG", "lime", datetime(2008, 1, 1))
    name, moment, shown = await latest()
    assert (name, shown) == ("BEHIND.JPG", (0, 1, 0))
    await camera.stop()
    await hass.config_entries.async_reload(camera_entry.entry_id)
    assert await latest() == (name, moment, shown)
    sha256 = hashlib.sha256(jpeg(400, 300, "lime")).hexdigest()
    kept = Path(hass.config.cache_path("crcp"))
    assert list(kept.rglob(f"{sha256}*"))
    photo = {"photo": hass.states.get(LAST).attributes["media_content_id"]}
    await hass.services.async_call("crcp", "delete_photo", photo, blocking=True)
    await until(lambda: last() == "RIGHT.JPG")  # the newest by a date that can be true
    assert await latest() == right
    assert not list(kept.rglob(f"{sha256}*"))
    path = hass.states.get(LAST).attributes["path"]
    (Path(hass.config.media_dirs["local"]) / path).unlink()
    await latest()  # who looks finds that it is gone
    await until(lambda: last().startswith("IMG_"))


async def test_a_run_that_goes_on_with_what_was_broken_off_brings_nothing_newer(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    latest = Latest(hass, camera.serial_number, camera_entry.runtime_data.photos.library)

    def comes(day: int, name: str = "IMG_1.JPG") -> bool:
        photo = a_photo(name, capture_date=datetime(2026, 5, day))
        return latest.take(
            Imported(
                photo=photo,
                path=PurePosixPath(name),
                size=1,
                sha256="",
                imported_at=datetime(2026, 6, 1, tzinfo=UTC),
                thumbnail=None,
                number=0,
            )
        )

    latest.begin()
    assert [comes(9), comes(8)] == [True, False]
    latest.begin()  # the connection was lost meanwhile
    assert [comes(7), comes(9, "IMG_1.XMP")] == [False, False]
    latest.end()
    latest.begin()
    assert [comes(6), comes(5)] == [True, False]
    latest.begin_one()
    assert comes(4)
