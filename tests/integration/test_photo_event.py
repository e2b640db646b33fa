"""What the event of a picture carries: what shows this picture, to screens, phones and services."""

from typing import Any

from homeassistant.components.media_source import async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import set_up
from tests.integration.shelf import PICTURES, Client, camera, imported, path_of, shade

__all__ = ["camera"]

EVENT = "event.field_camera_photo"
SHADES = {
    "IMG_0001.JPG": (1, 0, 0),
    "IMG_0002.JPG": (0, 1, 0),
    "IMG_0003.CR3": (0, 0, 1),
    "MVI_0004.MP4": (0, 1, 1),  # the camera's thumbnail
}


@pytest.fixture
async def told(hass: HomeAssistant, camera: VirtualCamera, media: object) -> dict[str, Any]:
    """The attributes of the event of each picture of a card, by file name."""
    assert await async_setup_component(hass, "media_source", {})
    changes = async_capture_events(hass, "state_changed")
    await set_up(hass, camera)
    await until(lambda: imported(hass) == len(PICTURES))
    await hass.async_block_till_done()
    states = [c.data["new_state"] for c in changes if c.data["entity_id"] == EVENT]
    about = [state.attributes for state in states if state]
    return {each["file_name"]: each for each in about if "file_name" in each}


async def test_each_event_has_a_small_picture_of_its_own(
    hass: HomeAssistant, told: dict[str, Any], hass_client: Client, hass_client_no_auth: Client
) -> None:
    client, stranger = await hass_client(), await hass_client_no_auth()
    for name, expected in SHADES.items():
        answer = await client.get(told[name]["preview"])
        assert (answer.status, answer.content_type) == (200, "image/jpeg"), name
        assert shade(await answer.read()) == expected, name
        assert (await stranger.get(told[name]["preview"])).status == 401


async def test_each_event_names_what_every_screen_shows_and_the_file_itself(
    hass: HomeAssistant, told: dict[str, Any]
) -> None:
    media = hass.config.media_dirs["local"]
    assert set(told) == {name for name, _, _ in PICTURES}
    for name, about in told.items():
        original = await async_resolve_media(hass, about["original"], None)
        assert str(original.path) == f"{media}/{path_of(hass, name)}"
        assert (await async_resolve_media(hass, about["media_content_id"], None)).path
    raw = await async_resolve_media(hass, told["IMG_0003.CR3"]["media_content_id"], None)
    assert raw.mime_type == "image/jpeg"
    assert raw.path
    assert shade(raw.path.read_bytes()) == (0, 0, 1)
