"""Photos by voice: how many came, and the last one on a screen."""

from pathlib import Path

from homeassistant.components.media_player import MediaPlayerEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, entity_registry as er, intent
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import painted, set_up
from tests.integration.test_photos import count
from tests.integration.units import SetUp, attribute, state
from tests.integration.voices import expose, say, speak

COUNT = "sensor.field_camera_photos_imported"
LAST = "sensor.field_camera_last_photo"
SHUTTER = "button.field_camera_take_a_picture"
VOICE = {"sentences": True}

SENTENCES = {
    "en": {
        "how many": "How many photos came today?",
        "so many": "3 photos came today.",
        "none": "No photo came today.",
        "last": "show the last picture",
        "it": "The last photo of Field camera is IMG_0003.JPG. It came today at {time}.",
        "on": "show the last picture on the kitchen screen",
        "shown": "Kitchen screen shows the last photo of Field camera.",
        "hidden": "Field camera is not exposed to voice assistants.",
        "take": "Take a picture",
        "taken": "Field camera takes a picture.",
        "so many more": "4 photos came today.",
    },
    "de": {
        "how many": "Wie viele Fotos sind heute gekommen?",
        "so many": "Heute sind 3 Fotos gekommen.",
        "none": "Heute ist kein Foto gekommen.",
        "last": "Zeige das letzte Foto",
        "it": "Das letzte Foto von Field camera ist IMG_0003.JPG. Es kam heute um {time} Uhr.",
        "on": "Zeige mir das letzte Foto auf Kitchen screen",
        "shown": "Kitchen screen zeigt das letzte Foto von Field camera.",
        "hidden": "Field camera ist für Sprachassistenten nicht freigegeben.",
        "take": "Mach ein Foto",
        "taken": "Field camera macht ein Foto.",
        "so many more": "Heute sind 4 Fotos gekommen.",
    },
}


def add_screen(hass: HomeAssistant, entity_id: str, name: str) -> None:
    """A media player of another integration."""
    features = {"supported_features": MediaPlayerEntityFeature.PLAY_MEDIA}
    hass.states.async_set(entity_id, "idle", {"friendly_name": name, **features})


def add_room(hass: HomeAssistant, name: str) -> str:
    return ar.async_get(hass).async_create(name).id


def add_screen_in(hass: HomeAssistant, area_id: str) -> str:
    """A media player that is called "Screen", in a room."""
    registry = er.async_get(hass)
    screen = registry.async_get_or_create("media_player", "demo", area_id, original_name="Screen")
    registry.async_update_entity(screen.entity_id, area_id=area_id)
    add_screen(hass, screen.entity_id, "Screen")
    return screen.entity_id


@pytest.mark.parametrize("language", SENTENCES)
async def test_photos_are_asked_for(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, language: str
) -> None:
    says = SENTENCES[language]
    await set_up(hass, camera, **VOICE)
    await until(lambda: count(hass) == 3)
    await until(lambda: state(hass, LAST) not in ("unknown", "unavailable"))
    await until(lambda: hass.states.get(SHUTTER))
    await speak(hass, language)
    assert await say(hass, says["how many"]) == says["hidden"]
    expose(hass, COUNT, LAST)
    assert await say(hass, says["how many"]) == says["so many"]
    at = dt_util.as_local(dt_util.parse_datetime(state(hass, LAST), raise_on_error=True))
    assert await say(hass, says["last"]) == says["it"].format(time=f"{at:%H:%M}")
    assert await say(hass, says["take"]) == says["hidden"]
    expose(hass, SHUTTER)
    assert await say(hass, says["take"]) == says["taken"]
    await until(lambda: count(hass) == 4)
    assert await say(hass, says["how many"]) == says["so many more"]
    await until(lambda: "0004" in attribute(hass, LAST, "file_name"))
    plays = async_mock_service(hass, "media_player", "play_media")
    add_screen(hass, "media_player.kitchen_screen", "Kitchen screen")
    assert await say(hass, says["on"]) == says["shown"]
    (play,) = plays
    assert play.data["entity_id"] == "media_player.kitchen_screen"
    assert play.data["media_content_id"] == attribute(hass, LAST, "media_content_id")
    assert play.data["media_content_type"] == "image/jpeg"


async def test_a_screen_is_found_where_it_was_asked_for(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    await set_up(hass, camera, **VOICE)
    await until(lambda: state(hass, LAST) not in ("unknown", "unavailable"))
    await speak(hass, "en")
    expose(hass, LAST)
    plays = async_mock_service(hass, "media_player", "play_media")
    kitchen, garden = (add_room(hass, name) for name in ("Kitchen", "Garden"))

    async def ask_in(area_id: str, **slots: str) -> str:
        given = {**slots, "preferred_area_id": area_id}
        answer = await intent.async_handle(
            hass,
            "test",
            "CrcpShowLastPicture",
            {key: {"value": value} for key, value in given.items()},
            assistant="conversation",
        )
        return str(answer.speech["plain"]["speech"])

    told = "The last photo of Field camera is"
    assert (await ask_in(kitchen)).startswith(told)
    add_screen_in(hass, kitchen)
    assert await ask_in(kitchen) == "Screen shows the last photo of Field camera."
    assert (await ask_in(garden)).startswith(told)
    other = add_screen_in(hass, garden)
    await ask_in(garden, player="screen")
    assert [play.data["entity_id"] for play in plays][1:] == [other]
    assert await ask_in("", player="screen") == "Which one do you mean: Screen or Screen?"
    expose(hass, *(each.entity_id for each in hass.states.async_all("media_player")), shown=False)
    hidden = await say(hass, "show the last picture on the screen")
    assert hidden == "screen is not exposed to voice assistants."
    moon = await say(hass, "show the last picture on the moon")
    assert moon == "I do not know a screen called moon."


async def test_a_tape_is_no_screen(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, put: SetUp
) -> None:
    unit = scenes.studio()
    await put(unit)
    await set_up(hass, camera, **VOICE)
    await until(lambda: state(hass, LAST) not in ("unknown", "unavailable"))
    await speak(hass, "en")
    expose(hass, LAST)
    said = await say(hass, "show the last picture on attic tape")
    assert said == "I do not know a screen called attic tape."


async def test_photos_of_all_cameras_are_counted_together(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    other = VirtualCamera(photos=painted(1), model="Bird box", serial_number="B-1")
    await other.start()
    try:
        await set_up(hass, camera, **VOICE)
        await set_up(hass, other)
        bird_box = "sensor.bird_box_photos_imported"
        await until(lambda: count(hass) == 3)
        await until(lambda: state(hass, bird_box) == "1")
        await speak(hass, "en")
        expose(hass, COUNT, bird_box)
        assert await say(hass, "how many photos came today") == "4 photos came today."
        one = await say(hass, "how many photos came today from the bird box")
        assert one == "One photo came today."
    finally:
        await other.stop()


async def test_without_a_photo_that_is_said(
    hass: HomeAssistant, socket_enabled: None, media: Path
) -> None:
    empty = VirtualCamera(photos=[], model="Field camera", serial_number="F-0042")
    await empty.start()
    try:
        await set_up(hass, empty, **VOICE)
        await speak(hass, "en")
        expose(hass, COUNT, LAST)
        assert await say(hass, "show the latest photo") == (
            "No photo of Field camera has come yet."
        )
        assert await say(hass, "how many pictures have arrived today") == "No photo came today."
    finally:
        await empty.stop()
