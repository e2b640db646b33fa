"""What a family says in many ways: what each comes to, through Home Assistant's real agent."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr
import pytest

from custom_components.crcp.protocols.crcp.messages import Amount, Auto, Command, Motion, Step
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.integration.test_voice import GUARD, PLAYER, Start, orders, studio, two_studios
from tests.integration.units import SetUp, act
from tests.integration.voices import ask, expose, say

#: By what they come to: the last command of the unit and its argument.
SAYINGS = {
    "en": {
        # From the start, where the tape is at first.
        ("FF", 30): ("fast forward thirty seconds",),
        ("RECO", 600): (
            "record ten minutes",
            "could you record for ten minutes",
            "make a ten minute recording",
            "start a recording for 10 min",
            "record the attic tape for ten minutes",
            "record 600 seconds",
        ),
        ("RECO", 150): (
            "record for two and a half minutes",
            "Record two and a half minutes, please",
        ),
        ("RECO", 5400): (
            "record for an hour and a half",
            "record one and a half hours",
            "record an hour and a half",
        ),
        ("RECO", 2700): ("record three quarters of an hour",),
        ("RECO", None): ("start a recording", "record something"),
        ("PAUS", None): (
            "stop the recording",
            "stop the attic tape",
            "stop the tape recording",
            "could you please stop recording",
            "end the recording",
            "cancel the recording in the attic",
            "stop rewinding the tape",
            "pause the recording",
            "pause the tape",
            "quit recording",
        ),
        ("PLAY", None): ("play the tape", "play back the recording", "play the attic tape"),
        ("FOCU", "auto"): (
            "set the focus to auto",
            "set the attic camera's focus to automatic",
            "turn on the autofocus",
            "make the focus automatic",
        ),
        ("FOCU", 0): ("set the focus back to manual", "turn the focus to manual control"),
        ("IRIS", "auto"): ("set the aperture of the attic camera to automatic",),
        ("TILT", 1, "PAN", -1): (
            "look left and up",
            "look up and to the left",
            "turn the camera up left",
        ),
        ("TILT", -1): ("camera down", "tilt the camera downwards"),
        ("FF", 300): (
            "go to five minutes",
            "rewind to minute five",
            "rewind the attic tape to minute five",
            "take the tape to five minutes",
        ),
        ("FF", 150): ("go to minute two thirty", "rewind to 2:30"),
        ("FF", 0): (
            "rewind to the start",
            "rewind the tape all the way",
            "go back to the beginning",
            "rewind twenty minutes",
            "rewind the attic tape by twenty minutes",
        ),
        ("FF", "end"): ("fast forward to the end", "fast forward it"),
        ("PAN", -1): ("look to the left", "pan left", "turn the attic camera a bit to the left"),
        ("ZOOM", 1): ("zoom in a bit", "can you zoom in"),
        ("ZOOM", 3.0): (
            "zoom to three",
            "turn the zoom up to 3",
            "set the attic camera's zoom to 3x",
        ),
        ("IRIS", 5.6): ("set the aperture to f 5.6", "open the iris to f/5.6"),
        ("WHIT", 5600.0): ("set the white balance to 5,600 kelvin",),
    },
    "de": {
        ("FF", 30): ("spul 30 Sekunden vor",),
        ("RECO", 600): (
            "nimm zehn Minuten auf",
            "kannst du zehn Minuten aufnehmen",
            "starte eine Aufnahme für zehn Minuten",
            "nimm mit dem Attic Tape zehn Minuten auf",
        ),
        ("RECO", 3600): ("nimm eine Stunde auf", "nimm mal eine Stunde mit Attic Tape auf"),
        ("RECO", 150): ("nimm zweieinhalb Minuten auf", "nimm zweieinhalb Minuten lang auf"),
        ("RECO", 900): ("nimm eine Viertelstunde auf", "nimm eine viertel Stunde auf"),
        ("RECO", 2700): (
            "nimm eine dreiviertel Stunde auf",
            "nimm eine Dreiviertelstunde auf",
            "nimm eine dreiviertel Stunde lang auf",
        ),
        ("RECO", None): ("starte eine Aufnahme", "zeichne auf", "fang an aufzunehmen"),
        ("PAUS", None): (
            "Aufnahme stoppen",
            "Aufnahme beenden",
            "beende die Aufnahme",
            "stoppe die Kassette",
            "stopp Attic Tape",
            "halt die Aufnahme an",
            "hör auf aufzunehmen",
            "hör auf mit der Aufnahme",
            "hör bitte mit dem Aufnehmen auf",
            "pausiere das Band",
            "könntest du bitte die Aufnahme beenden",
        ),
        ("PLAY", None): ("spiel das Band ab", "spiele die Aufnahme mal ab", "Kassette abspielen"),
        ("IRIS", "auto"): (
            "stell die Blende auf Automatik",
            "Blende der Attic Camera auf automatisch",
            "kannst du die Blende auf Automatik stellen",
        ),
        ("FOCU", "auto"): ("schalte den Autofokus ein", "Schärfe auf Automatik"),
        ("FOCU", 0): ("stell den Fokus wieder auf manuell", "schalt den Autofokus aus"),
        ("TILT", -1): ("Kamera nach unten", "Kamera bitte ein bisschen runter"),
        ("TILT", 1, "PAN", -1): (
            "schau nach links und nach oben",
            "schau nach oben links",
            "schwenke die Kamera nach oben und links",
        ),
        ("FF", 300): ("spul zurück auf Minute fünf", "geh zu fünf Minuten"),
        ("FF", 150): ("geh zu Minute zwei dreißig",),
        ("FF", 0): (
            "spul zum Anfang",
            "spul das Band ganz zurück",
            "spul fünf Minuten zurück",
            "spul das Attic Tape um zwanzig Minuten zurück",
        ),
        ("FF", "end"): ("spul vor bis zum Ende", "Band vorspulen"),
        ("PAN", -1): ("schau links", "schau mal nach links", "Kamera nach links drehen"),
        ("ZOOM", 1): ("zoom mal näher ran", "heranzoomen"),
        ("ZOOM", 3.0): ("zoom auf drei", "stell Zoom der Attic Camera auf drei"),
        ("IRIS", 5.6): ("stelle die Blende auf f 5,6", "Blende auf 5,6"),
        ("WHIT", 5600.0): ("stell den Weißabgleich auf fünftausendsechshundert",),
    },
}


ROOMS = {
    "en": (
        "rewind in the workshop",
        "wind back to the start in the workshop",
        "go forward in the workshop ten minutes",
    ),
    "de": (
        "spul in Workshop vor",
        "spul vor in Workshop",
        "spul mit dem Workshop zurück",
        "spul in Workshop zum Anfang",
        "spul eine Minute vor in Workshop",
        "geh zu Minute fünf in Workshop",
        "spul im Workshop zwei Minuten vor",
    ),
    "fr": (
        "avance rapide dans Workshop",
        "rembobine jusqu'au début dans Workshop",
        "avance dans Workshop deux minutes",
    ),
    "ja": ("Workshopで巻き戻して",),
    "zh-Hans": ("在Workshop快进",),
}


LEFT_ALONE = {
    "en": (
        ("record for ten", "Seconds, minutes or hours? I only heard: ten."),
        ("record ten", "Seconds, minutes or hours? I only heard: ten."),
        ("Record Ten with the attic tape", "Seconds, minutes or hours? I only heard: Ten."),
        ("record with the attic tape ten", "Seconds, minutes or hours? I only heard: ten."),
        ("record 8:30", "Seconds, minutes or hours? I only heard: 8:30."),
        ("record the meeting", "I did not understand that, so nothing was done."),
        ("record Eleventy Minutes", "I did not understand how long Eleventy Minutes is."),
        ("rewind ten", "Seconds, minutes or hours? I only heard: ten."),
        ("rewind not", "I did not understand that, so nothing was done."),
        (
            "record for ten minutes but not on the tape",
            "I did not understand that, so nothing was done.",
        ),
        ("don't record", None),
        ("rewind the tape, don\u2019t record", None),
        ("do not stop the recording", None),
        ("record for five or six minutes", "I did not understand how long five or six minutes is."),
        ("stop recording every ten minutes", None),
        ("record on the tv for ten minutes", None),
        ("rewind the movie to minute five", None),
        ("set the zoom to 2 or 3", "I did not understand which number 2 or 3 is."),
        (
            "set the zoom to twenty two",
            "Zoom of Attic Camera goes from 1 to 20. 22 is outside of that.",
        ),
        (
            "set the white balance to 100",
            "White balance of Attic Camera goes from 2500 to 9000 K. 100 K is outside of that.",
        ),
    ),
    "de": (
        ("nimm zehn lang auf", "Sekunden, Minuten oder Stunden? Ich habe nur gehört: zehn."),
        ("nimm zehn auf", "Sekunden, Minuten oder Stunden? Ich habe nur gehört: zehn."),
        ("nimm in zehn Minuten auf", "Ich habe die Zeit nicht verstanden: in zehn Minuten."),
        ("nimm die Pizza auf", None),
        ("nimm ja nichts auf", None),
        ("spul zehn zurück", "Sekunden, Minuten oder Stunden? Ich habe nur gehört: zehn."),
        (
            "spul das Band nicht vor",
            "Das habe ich nicht verstanden, also ist nichts geschehen.",
        ),
        ("nimm keine zehn Minuten auf", None),
        ("nimm nicht auf", None),
        ("starte die Aufnahme nicht", None),
        ("nimm das Meeting auf", None),
        ("spul den Film vor", None),
        (
            "stell den Zoom auf 22,5",
            "Zoom von Attic Camera geht von 1 bis 20. 22,5 liegt außerhalb.",
        ),
    ),
}


@pytest.mark.parametrize("language", SAYINGS)
async def test_a_family_is_understood(hass: HomeAssistant, put: SetUp, language: str) -> None:
    unit = await family_studio(hass, put, language)
    for wanted, sentences in SAYINGS[language].items():
        for sentence in sentences:
            unit.commands.clear()
            await ask(hass, sentence)
            done = [part for each in orders(unit) for part in what(each)]
            assert tuple(done) == wanted, sentence
        if wanted[0] in ("RECO", "FF"):
            await act(hass, "media_player.media_stop", PLAYER)
    await leaves_alone(hass, unit, language)


async def test_a_room_says_which_tape_is_meant(hass: HomeAssistant, start: Start) -> None:
    kitchen, workshop = await two_studios(hass, start)
    room = ar.async_get(hass).async_create("Workshop")
    (unit,) = [each for each in dr.async_get(hass).devices if each.name == "Cellar"]
    dr.async_get(hass).async_update_device(unit.id, area_id=room.id)
    for language, sentences in ROOMS.items():
        await hass.config.async_update(language=language)
        for sentence in sentences:
            kitchen.commands.clear()
            workshop.commands.clear()
            await say(hass, sentence)
            assert [each.name for each in orders(workshop)][-1:] == ["FF"], sentence
            assert orders(kitchen) == [], sentence


# -- helpers -----------------------------------------------------------------------------------


async def leaves_alone(hass: HomeAssistant, unit: VirtualUnit, language: str) -> None:
    """What is not clear does nothing, and that is said."""
    for sentence, reply in LEFT_ALONE[language]:
        unit.commands.clear()
        response = await ask(hass, sentence)
        assert orders(unit) == [], sentence
        if reply:
            assert response["speech"]["plain"]["speech"] == reply


async def family_studio(hass: HomeAssistant, put: SetUp, language: str) -> VirtualUnit:
    """A unit that may record, all of its camera exposed."""
    unit = await studio(hass, put, language)
    await act(hass, "switch.turn_on", GUARD)
    camera = [each for each in hass.states.async_entity_ids() if ".attic_camera" in each]
    expose(hass, *camera)
    return unit


def what(command: Command) -> tuple[str, object]:
    """A command's name, and how long, where to, or in which direction."""
    match command.argument:
        case Motion(stop=Amount(value=value)) | Amount(value=value):
            return command.name, value
        case Motion(stop=None) if command.name == "FF":
            return command.name, "end"
        case Auto():
            return command.name, "auto"
        case Step(direction=direction):
            return command.name, direction
        case _:
            return command.name, None
