"""The blueprints, as Home Assistant imports them: set up with a camera, they fire."""

from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any

from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import set_up

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
    await use_all(hass, {name: given})


async def use_all(hass: HomeAssistant, wanted: dict[str, dict[str, Any]]) -> None:
    """Set up an automation of each blueprint."""
    target = Path(hass.config.path("blueprints", "automation", "crcp"))
    shutil.copytree(FOLDER, target, dirs_exist_ok=True)
    config = [
        {"id": name, "alias": name, "use_blueprint": {"path": f"crcp/{name}", "input": given}}
        for name, given in wanted.items()
    ]
    assert await async_setup_component(hass, "automation", {"automation": config})
    await hass.async_block_till_done()
    found = hass.states.async_all("automation")
    assert [each.state for each in found] == ["on"] * len(wanted)


async def turn_off(hass: HomeAssistant) -> None:
    """Let the automations wait for nothing more."""
    target = {"entity_id": hass.states.async_entity_ids("automation")}
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
    shown = async_mock_service(hass, "media_player", "play_media")
    action = {"action": "immich.upload_file", "data": {"file": "{{ photo }}"}}
    frame = {"last_photo": LAST, "screen": "media_player.frame"}
    wanted = {"send_photo.yaml": {"photo": PHOTO, "send": [action]}, "photo_of_the_day.yaml": frame}
    await use_all(hass, wanted)
    for _ in range(3):
        await camera.press_shutter()
    await until(lambda: len(sent) == 3)
    await until(lambda: hass.states.get(LAST).attributes["file_name"] == "IMG_0006.JPG")
    assert len({call.data["file"] for call in sent}) == 3
    await a_while_later(hass)
    assert not shown  # the frame was asked to show one a day
    await turn_off(hass)


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


async def a_while_later(hass: HomeAssistant) -> None:
    """Let the time pass that the frame waits for more of a card."""
    await hass.async_block_till_done()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=11))
    await hass.async_block_till_done()


async def test_what_comes_back_is_not_told_of_as_new(
    hass: HomeAssistant, camera: VirtualCamera, imported: MockConfigEntry
) -> None:
    """Replays after a reload, when an entity is enabled, or when Home Assistant is back."""
    told = async_mock_service(hass, "notify", "phone")
    sent = async_mock_service(hass, "immich", "upload_file")
    shown = async_mock_service(hass, "media_player", "play_media")
    send = [{"action": "immich.upload_file", "data": {"file": "{{ photo }}"}}]
    frame = {"last_photo": LAST, "screen": "media_player.frame", "each": True}
    await use_all(
        hass,
        {
            "send_photo.yaml": {"photo": PHOTO, "send": send},
            "notify_photo.yaml": {"photo": PHOTO, "notify": "notify.phone", "pause": 0},
            "photo_of_the_day.yaml": frame,
        },
    )

    async def news() -> tuple[int, ...]:
        await a_while_later(hass)
        return len(sent), len(told), len(shown)

    assert await hass.config_entries.async_reload(imported.entry_id)
    await until(lambda: state(hass, "sensor.field_camera_import") == "connected")
    assert await news() == (0, 0, 0)
    registry = er.async_get(hass)
    for entity_id in (PHOTO, LAST):
        registry.async_update_entity(entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    await until(lambda: not state(hass, PHOTO) and not state(hass, LAST))
    for entity_id in (PHOTO, LAST):
        registry.async_update_entity(entity_id, disabled_by=None)
    assert await hass.config_entries.async_reload(imported.entry_id)
    await until(lambda: state(hass, "sensor.field_camera_import") == "connected")
    assert hass.states.get(PHOTO).attributes["event_type"] == "imported"
    assert await news() == (0, 0, 0)
    before = state(hass, LAST)
    await camera.press_shutter()
    await until(lambda: sent and told and state(hass, LAST) != before)
    await press(hass, told, "Keep")  # or the automation goes on waiting
    assert await news() == (1, 1, 1)
    await turn_off(hass)


async def test_the_first_picture_of_all_is_told_of(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    for card in camera.cards:
        for handle in [handle for handle, entry in card.entries.items() if entry.photo]:
            del card.entries[handle]
    await set_up(hass, camera)
    await until(lambda: state(hass, "sensor.field_camera_import") == "connected")
    assert state(hass, PHOTO) == "unknown"
    sent = async_mock_service(hass, "immich", "upload_file")
    await use(hass, "send_photo.yaml", photo=PHOTO, send=[{"action": "immich.upload_file"}])
    await camera.press_shutter()
    await until(lambda: len(sent) == 1)


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
