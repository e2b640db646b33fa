"""What Home Assistant's own sentences do with our entities, with nothing of ours switched on."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.units import SetUp, act, state
from tests.integration.voices import ask, call, speak

POWER = "switch.attic_power"
PLAYER = "media_player.attic_tape"

SENTENCES = {
    "en": {
        "off": "turn off the attic power",
        "on": "turn on the attic power",
        "play": "resume the attic tape",
        "pause": "pause the attic tape",
        "preset": "activate the attic camera curtain scene",
    },
    "de": {
        "off": "Schalte Studio aus",
        "on": "Schalte Studio ein",
        "play": "Recorder fortsetzen",
        "pause": "Pausiere Recorder",
        "preset": "Aktiviere Szene Attic Camera Curtain",
    },
}


@pytest.mark.parametrize("language", SENTENCES)
async def test_home_assistants_own_sentences_reach_a_unit(
    hass: HomeAssistant, put: SetUp, language: str
) -> None:
    says = SENTENCES[language]
    unit = scenes.studio()
    await put(unit)
    await speak(hass, language)
    if language != "en":
        call(hass, POWER, "Studio")
        call(hass, PLAYER, "Recorder")

    async def done(what: str) -> None:
        response = await ask(hass, says[what])
        assert response["response_type"] == "action_done", response

    await act(hass, "media_player.media_play", PLAYER)
    await until(lambda: state(hass, PLAYER) == "playing")
    await done("pause")
    assert unit.decks[0].operation == "PAUS"
    await until(lambda: state(hass, PLAYER) == "paused")
    await done("play")
    assert unit.decks[0].operation == "PLAY"
    await _save_preset(hass, unit)
    await done("preset")
    await until(lambda: unit.heads[0].status().parameters["ZOOM"].current == 2)
    await done("off")
    assert unit.powers == {0: False}
    await until(lambda: state(hass, POWER) == "off")
    await done("on")
    assert unit.powers == {0: True}


async def _save_preset(hass: HomeAssistant, unit: VirtualUnit) -> None:
    """Save a preset at zoom 2, and go away from it."""
    zoom = "number.attic_camera_zoom"
    await act(hass, "crcp.move", zoom, zoom=2)
    await until(lambda: unit.heads[0].status().parameters["ZOOM"].current == 2)
    await act(hass, "crcp.save_preset", zoom, name="Curtain")
    await act(hass, "crcp.move", zoom, zoom=1)
    await until(lambda: unit.heads[0].status().parameters["ZOOM"].current == 1)
    await hass.async_block_till_done()
