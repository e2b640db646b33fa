"""Our own sentences, through Home Assistant's real agent: what is done, and what is answered."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.crcp.protocols.crcp.messages import Amount, Command, Motion, Subunit
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.units import SetUp, act
from tests.integration.voices import expose, say, speak

PLAYER = "media_player.attic_tape"
GUARD = "switch.attic_tape_recording_allowed"
ZOOM = "number.attic_camera_zoom"
IRIS = "number.attic_camera_iris"
LEFT = "button.attic_camera_pan_left"
VOICE = {"sentences": True}
TAPE0 = Subunit("TAPE")


def operation(unit: VirtualUnit) -> str:
    return unit.decks[0].operation


def value(unit: VirtualUnit, name: str) -> float | None:
    return unit.heads[0].status().parameters[name].current


def winding(unit: VirtualUnit) -> Command:
    """The last command that wound the tape."""
    return [command for command in unit.commands if command.name == "FF"][-1]


async def studio(hass: HomeAssistant, put: SetUp, language: str) -> VirtualUnit:
    """A unit that is spoken to, all of it exposed."""
    unit = scenes.studio()
    await put(unit, options=VOICE)
    await act(hass, "crcp.save_preset", ZOOM, name="Curtain")
    expose(hass, PLAYER, ZOOM, IRIS, LEFT, "button.attic_camera_stop")
    await speak(hass, language)
    return unit


# -- what is done ------------------------------------------------------------------------------

TAPE = {
    "en": {
        "record": "record for ten minutes",
        "recorded": "Attic Tape records for 10 minutes.",
        "stop": "stop recording",
        "go to": "Go to minute five",
        "gone": "Attic Tape goes to 5 minutes.",
        "rewind": "Rewind",
        "rewound": "Attic Tape is rewinding.",
        "guard": 'Recording is not allowed. Switch on "Recording allowed" first.',
    },
    "de": {
        "record": "Nimm zehn Minuten lang auf",
        "recorded": "Attic Tape nimmt auf. Dauer: 10 Minuten.",
        "stop": "Stoppe die Aufnahme",
        "go to": "Geh zu Minute fünf",
        "gone": "Attic Tape geht auf 5 Minuten.",
        "rewind": "Spul zurück",
        "rewound": "Attic Tape spult zurück.",
        "guard": "Aufnehmen ist nicht erlaubt. Schalte zuerst „Aufnehmen erlaubt“ ein.",
    },
}


@pytest.mark.parametrize("language", TAPE)
async def test_a_tape_is_spoken_to(hass: HomeAssistant, put: SetUp, language: str) -> None:
    says = TAPE[language]
    unit = await studio(hass, put, language)
    assert await say(hass, says["record"]) == says["guard"]
    assert operation(unit) == "PAUS"
    await act(hass, "switch.turn_on", GUARD)
    assert await say(hass, says["record"]) == says["recorded"]
    assert Command("RECO", TAPE0, Motion(1.0, Amount(600, relative=True))) in unit.commands
    assert operation(unit) == "RECO"
    await say(hass, says["stop"])
    assert operation(unit) == "PAUS"
    assert await say(hass, says["go to"]) == says["gone"]
    assert winding(unit) == Command("FF", TAPE0, Motion(16.0, Amount(300)))
    await until(lambda: unit.decks[0].position > 1)
    assert await say(hass, says["rewind"]) == says["rewound"]
    assert winding(unit) == Command("FF", TAPE0, Motion(-16.0))


CAMERA = {
    "en": {
        "zoom": "Set the zoom to three.",
        "zoomed": "Zoom of Attic Camera goes to 3.",
        "look": "Look left",
        "looked": "Attic Camera moves a little.",
        "preset": "Go to the preset curtain",
        "there": "Attic Camera goes to curtain.",
        "far": "Set the zoom to 99",
        "stop": "stop the camera",
    },
    "de": {
        "zoom": "Stelle den Zoom auf drei",
        "zoomed": "Zoom von Attic Camera geht auf 3.",
        "look": "Schau nach links",
        "looked": "Attic Camera bewegt sich ein wenig.",
        "preset": "Fahre auf Position curtain",
        "there": "Attic Camera geht auf curtain.",
        "far": "Setze den Zoom auf 99",
        "stop": "Stoppe die Kamera",
    },
}


@pytest.mark.parametrize("language", CAMERA)
async def test_a_camera_is_spoken_to(hass: HomeAssistant, put: SetUp, language: str) -> None:
    says = CAMERA[language]
    unit = await studio(hass, put, language)
    assert await say(hass, says["zoom"]) == says["zoomed"]
    await until(lambda: value(unit, "ZOOM") == 3)
    before = value(unit, "PAN") or 0
    assert await say(hass, says["look"]) == says["looked"]
    await until(lambda: (value(unit, "PAN") or 0) < before)
    assert await say(hass, says["preset"]) == says["there"]
    await until(lambda: value(unit, "ZOOM") == 1)
    assert "99" in await say(hass, says["far"])
    await say(hass, says["stop"])
    assert value(unit, "ZOOM") == 1
