"""The blueprints, as Home Assistant imports them: set up with a camera, they fire."""

from pathlib import Path
import shutil
from typing import Any

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until

FOLDER = Path(__file__).parents[2] / "blueprints" / "automation" / "crcp"
NAMES = sorted(path.name for path in FOLDER.glob("*.yaml"))
README = FOLDER.parents[2] / "README.md"

PHOTO = "event.field_camera_photo"
LAST = "sensor.field_camera_last_photo"
COUNT = "sensor.field_camera_photos_imported"


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    return found.state if found else ""


async def use(hass: HomeAssistant, name: str, **given: Any) -> None:
    """Set up an automation of a blueprint."""
    target = Path(hass.config.path("blueprints", "automation", "crcp", name))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(FOLDER / name, target)
    blueprint = {"path": f"crcp/{name}", "input": given}
    config = {"automation": [{"id": name, "alias": name, "use_blueprint": blueprint}]}
    assert await async_setup_component(hass, "automation", config)
    await hass.async_block_till_done()
    found = hass.states.async_all("automation")
    assert [each.state for each in found] == ["on"]


async def turn_off(hass: HomeAssistant) -> None:
    """Let the automation wait for nothing more."""
    (automation,) = hass.states.async_entity_ids("automation")
    target = {"entity_id": automation}
    await hass.services.async_call("automation", "turn_off", target, blocking=True)


@pytest.fixture
async def imported(hass: HomeAssistant, camera_entry: MockConfigEntry) -> MockConfigEntry:
    """A camera whose card is imported, so that the next picture is news."""
    await until(lambda: state(hass, COUNT) == "3")
    await until(lambda: state(hass, "sensor.field_camera_card_1_free"))
    return camera_entry


@pytest.mark.parametrize("name", NAMES)
def test_home_assistant_takes_it_and_the_readme_offers_it(name: str) -> None:
    blueprint = Blueprint(
        load_yaml_dict(str(FOLDER / name)),
        path=name,
        expected_domain="automation",
        schema=AUTOMATION_BLUEPRINT_SCHEMA,
    )
    assert blueprint.validate() is None
    url = str(blueprint.metadata["source_url"])
    assert url.endswith(f"/blueprints/automation/crcp/{name}")
    link = url.replace(":", "%3A").replace("/", "%2F")
    assert f"blueprint_import/?blueprint_url={link}" in README.read_text()


async def press(hass: HomeAssistant, calls: list[ServiceCall], title: str) -> None:
    """Press a button of the last notification, as a phone reports it."""
    actions = calls[-1].data["data"]["actions"]
    action = next(each["action"] for each in actions if each["title"] == title)
    hass.bus.async_fire("mobile_app_notification_action", {"action": action})


async def test_a_photo_is_told_and_its_buttons_do_what_they_say(
    hass: HomeAssistant, camera: VirtualCamera, imported: MockConfigEntry, media: Path
) -> None:
    told = async_mock_service(hass, "notify", "phone")
    shared = async_mock_service(hass, "immich", "upload_file")
    send = [{"action": "immich.upload_file", "data": {"file": "{{ photo }}"}}]
    await use(
        hass,
        "notify_photo.yaml",
        photo=PHOTO,
        notify="notify.phone",
        pause=0,
        share=send,
    )
    await camera.press_shutter()
    await until(lambda: len(told) == 1)
    assert (told[0].data["title"], told[0].data["message"]) == ("Field camera", "IMG_0004.JPG")
    about = hass.states.get(PHOTO).attributes
    # The address is of this picture, and not of whichever is the latest by then.
    assert told[0].data["data"]["image"] == about["preview"]
    await press(hass, told, "Share")
    await until(lambda: shared)
    assert shared[0].data["file"] == about["original"]
    await camera.press_shutter()
    await until(lambda: len(told) == 2)
    (before,) = media.rglob("IMG_0005.JPG")
    await press(hass, told, "Delete")
    await until(lambda: not before.exists())
    assert len(list(media.rglob("*.JPG"))) == 4
    await camera.press_shutter()
    await until(lambda: len(told) == 3)
    await press(hass, told, "Keep")
    await hass.async_block_till_done()
    assert list(media.rglob("IMG_0006.JPG"))
    assert not list(media.rglob("IMG_0005.JPG"))  # it stays deleted


async def test_a_whole_card_is_one_message(
    hass: HomeAssistant, camera: VirtualCamera, imported: MockConfigEntry
) -> None:
    told = async_mock_service(hass, "notify", "phone")
    await use(hass, "notify_photo.yaml", photo=PHOTO, pause=3600, notify="notify.phone")
    for _ in range(3):
        await camera.press_shutter()
    await until(lambda: state(hass, COUNT) == "6")
    assert len(told) == 1
    await turn_off(hass)


async def test_each_photo_is_sent(
    hass: HomeAssistant, camera: VirtualCamera, imported: MockConfigEntry
) -> None:
    sent = async_mock_service(hass, "immich", "upload_file")
    action = {"action": "immich.upload_file", "data": {"file": "{{ photo }}"}}
    await use(hass, "send_photo.yaml", photo=PHOTO, send=[action])
    for _ in range(3):
        await camera.press_shutter()
    await until(lambda: len(sent) == 3)
    assert len({call.data["file"] for call in sent}) == 3


async def test_the_frame_shows_the_latest_picture(
    hass: HomeAssistant, camera: VirtualCamera, imported: MockConfigEntry, freezer: Any
) -> None:
    shown = async_mock_service(hass, "media_player", "play_media")
    given = {"screen": "media_player.frame", "at": "08:00:00"}
    await use(hass, "photo_of_the_day.yaml", last_photo=LAST, **given)
    freezer.move_to("2027-01-02 07:59:00-08:00")
    async_fire_time_changed(hass)
    freezer.move_to("2027-01-02 08:00:00.5-08:00")
    async_fire_time_changed(hass)
    await until(lambda: shown)
    last = hass.states.get(LAST).attributes
    assert last["file_name"] == "IMG_0003.JPG"
    assert shown[0].data["media"]["media_content_id"] == last["media_content_id"]
    await turn_off(hass)


async def test_a_full_card_is_a_warning(
    hass: HomeAssistant, camera: VirtualCamera, imported: MockConfigEntry
) -> None:
    warned = async_mock_service(hass, "notify", "phone")
    warn = [{"action": "notify.phone", "data": {"message": "{{ message }}"}}]
    room = "sensor.field_camera_card_1_free"
    await use(hass, "card_full.yaml", photo=PHOTO, room=room, below=0.5, warn=warn)
    camera.cards[0].capacity = camera.cards[0].used + 1000
    await camera.press_shutter()
    await until(lambda: len(warned) == 2)
    messages = {call.data["message"] for call in warned}
    assert messages == {"Card 1 of Field camera is full.", "Field camera Card 1 free: 0.0"}
