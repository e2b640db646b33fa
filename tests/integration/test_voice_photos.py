"""Photos by voice: how many came, and the last one on a screen."""

from pathlib import Path

from homeassistant.components.media_player import MediaPlayerEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, entity_registry as er, intent
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import set_up
from tests.integration.test_photos import count
from tests.integration.units import attribute, state
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


@pytest.mark.parametrize("language", SENTENCES)
async def test_photos_are_asked_for(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, language: str
) -> None:
    says = SENTENCES[language]
    await set_up(hass, camera, **VOICE)
    await until(lambda: count(hass) == 3)
    await until(lambda: state(hass, LAST) not in ("unknown", "unavailable"))
    await speak(hass, language)
    assert await say(hass, says["how many"]) == says["hidden"]
    expose(hass, COUNT, LAST)
    assert await say(hass, says["how many"]) == says["so many"]
    at = dt_util.as_local(dt_util.parse_datetime(state(hass, LAST), raise_on_error=True))
    assert await say(hass, says["last"]) == says["it"].format(time=f"{at:%H:%M}")
    await until(lambda: hass.states.get(SHUTTER))
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
    assert play.data["media_content_id"].endswith("IMG_0004.JPG")
    assert play.data["media_content_type"] == "image/jpeg"


async def test_a_screen_is_found_where_it_was_asked_for(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    await set_up(hass, camera, **VOICE)
    await until(lambda: state(hass, LAST) not in ("unknown", "unavailable"))
    await speak(hass, "en")
    expose(hass, LAST)
    plays = async_mock_service(hass, "media_player", "play_media")
    kitchen = ar.async_get(hass).async_create("Kitchen")
    screen = er.async_get(hass).async_get_or_create(
        "media_player", "demo", "screen", original_name="Screen"
    )
    er.async_get(hass).async_update_entity(screen.entity_id, area_id=kitchen.id)
    add_screen(hass, screen.entity_id, "Screen")

    async def ask_in(area_id: str) -> str:
        slots = {"preferred_area_id": {"value": area_id}}
        answer = await intent.async_handle(
            hass, "test", "CrcpShowLastPicture", slots, assistant="conversation"
        )
        return str(answer.speech["plain"]["speech"])

    assert await ask_in(kitchen.id) == "Screen shows the last photo of Field camera."
    assert len(plays) == 1
    garden = ar.async_get(hass).async_create("Garden")
    assert (await ask_in(garden.id)).startswith("The last photo of Field camera is")
    moon = await say(hass, "show the last picture on the moon")
    assert moon == "I do not know a screen called moon."
    assert len(plays) == 1


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
