"""The latest picture of a camera as an image entity."""

import io
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from PIL import Image
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import InMemory, Photo
from tests.helpers import until
from tests.integration.conftest import set_up

LATEST = "image.field_camera_latest_picture"
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
    assert state(hass, LATEST)[:16] == known[:16]
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
