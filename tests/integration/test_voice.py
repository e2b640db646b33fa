"""Our own sentences, through Home Assistant's real agent: what is done, and what is answered."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

from homeassistant.components.conversation import async_converse
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
import pytest

from custom_components.crcp.protocols.crcp.messages import Amount, Command, Motion, Subunit
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.head import STUDIO_AXES, Head
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.units import SetUp, act, add, state
from tests.integration.voices import ask, call, expose, say, speak

ROOT = Path(__file__).parents[2]
PLAYER = "media_player.attic_tape"
GUARD = "switch.attic_tape_recording_allowed"
ZOOM = "number.attic_camera_zoom"
IRIS = "number.attic_camera_iris"
LEFT = "button.attic_camera_pan_left"
VOICE = {"sentences": True}

type Start = Callable[[VirtualUnit], Awaitable[None]]
TAPE0 = Subunit("TAPE")


def operation(unit: VirtualUnit) -> str:
    return unit.decks[0].operation


def value(unit: VirtualUnit, name: str) -> float | None:
    return unit.heads[0].status().parameters[name].current


def winding(unit: VirtualUnit) -> Command:
    """The last command that wound the tape."""
    return [command for command in unit.commands if command.name == "FF"][-1]


def orders(unit: VirtualUnit) -> list[Command]:
    """What a unit was told to do, not what it was asked."""
    return [each for each in unit.commands if each.name != "STAT"]


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
        "guard": "Recording is not allowed. Allow it first, with the switch of this tape.",
    },
    "de": {
        "record": "Nimm zehn Minuten lang auf",
        "recorded": "Attic Tape nimmt auf. Dauer: 10 Minuten.",
        "stop": "Stoppe die Aufnahme",
        "go to": "Geh zu Minute fünf",
        "gone": "Attic Tape geht auf 5 Minuten.",
        "rewind": "Spul bitte zurück",
        "rewound": "Attic Tape spult zurück.",
        "guard": "Aufnehmen ist nicht erlaubt. Erlaube es zuerst, mit dem Schalter dieses Bandes.",
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


# -- who is meant ------------------------------------------------------------------------------


async def two_studios(hass: HomeAssistant, start: Start) -> tuple[VirtualUnit, VirtualUnit]:
    """Two units of the same kind, in the attic and in the cellar."""
    units = scenes.studio(unit_id="one"), scenes.studio(unit_id="two")
    for unit, title in zip(units, ("Attic", "Cellar"), strict=True):
        await start(unit)
        await add(hass, unit, title=title, options=VOICE)
    expose(hass, ZOOM, "number.cellar_camera_zoom")
    await speak(hass, "en")
    return units


async def test_of_several_it_is_asked_which_one(hass: HomeAssistant, start: Start) -> None:
    attic, cellar = await two_studios(hass, start)
    assert await say(hass, "rewind") == "Which one do you mean: Attic Tape or Cellar Tape?"
    assert [operation(unit) for unit in (attic, cellar)] == ["PAUS", "PAUS"]
    assert (
        await say(hass, "Please fast forward the cellar tape, please")
        == "Cellar Tape is winding forward."
    )
    assert [operation(unit) for unit in (attic, cellar)] == ["PAUS", "FF"]
    assert await say(hass, "set the attic zoom to 2") == "Zoom of Attic Camera goes to 2."
    await until(lambda: [value(unit, "ZOOM") for unit in (attic, cellar)] == [2, 1])


async def test_of_two_with_one_name_it_is_asked_where(hass: HomeAssistant, start: Start) -> None:
    units = await two_studios(hass, start)
    areas, devices = ar.async_get(hass), dr.async_get(hass)
    twins = [device for device in devices.devices if device.name in ("Attic", "Cellar")]
    for twin, name in zip(twins, ("Kitchen", "Workshop"), strict=True):
        area = areas.async_create(name)
        devices.async_update_device(twin.id, name_by_user="Deck", area_id=area.id)
    asked = await say(hass, "rewind the deck")
    assert asked == "Which one do you mean: Deck Tape (Kitchen) or Deck Tape (Workshop)?"
    await hass.config.async_update(language="de")
    asked = await say(hass, "spul das Deck zurück")
    assert asked == "Was ist gemeint: Deck Tape (Kitchen) oder Deck Tape (Workshop)?"
    await hass.config.async_update(language="en")
    await say(hass, "fast forward the tape in the workshop")
    assert [operation(unit) for unit in units] == ["PAUS", "FF"]
    await say(hass, "fast forward in the kitchen")
    assert [operation(unit) for unit in units] == ["FF", "FF"]


async def test_a_name_says_which_one(hass: HomeAssistant, start: Start) -> None:
    attic, cellar = await two_studios(hass, start)
    devices = dr.async_get(hass)
    (unit,) = [device for device in devices.devices if device.name == "Cellar"]
    devices.async_update_device(unit.id, name_by_user="Workshop")
    call(hass, PLAYER, "the tape in the cellar's attic")
    for name in ("attic", "Attic Tape", "the tape in the cellar's attic", "tape attic"):
        await act(hass, "media_player.media_pause", PLAYER)
        await say(hass, f"fast forward {name}")
        assert [operation(unit) for unit in (attic, cellar)] == ["FF", "PAUS"], name
    await say(hass, "fast forward the workshop")
    assert operation(cellar) == "FF"


async def test_an_area_says_which_one(hass: HomeAssistant, start: Start) -> None:
    attic, cellar = await two_studios(hass, start)
    workshop = ar.async_get(hass).async_create("Workshop")
    er.async_get(hass).async_update_entity("number.cellar_camera_zoom", area_id=workshop.id)
    ar.async_get(hass).async_create("Garden")
    await say(hass, "set the zoom in the workshop to two")
    await until(lambda: value(cellar, "ZOOM") == 2)
    assert value(attic, "ZOOM") == 1
    garden = await say(hass, "set the zoom in the garden to two")
    assert garden == "No device in garden can do that."
    moon = await say(hass, "set the zoom in the moon to two")
    assert moon == "I do not know an area called moon."


async def test_where_somebody_speaks_says_which_one(hass: HomeAssistant, start: Start) -> None:
    attic, cellar = await two_studios(hass, start)
    devices = dr.async_get(hass)
    (unit,) = [device for device in devices.devices if device.name == "Attic"]
    devices.async_update_device(unit.id, area_id=ar.async_get(hass).async_create("Workshop").id)
    await async_converse(hass, "fast forward", None, Context(), device_id=unit.id)
    assert [operation(unit) for unit in (attic, cellar)] == ["FF", "PAUS"]


MISSING = {
    "en": {
        "iris": ("set the aperture to 4", "There is no device that can do that."),
        "whose": ("set the zoom of the attic tape to 4", "Attic Tape cannot do that."),
        "nobody": (
            "fast forward the telescope",
            "I do not know a device called telescope that can do that.",
        ),
        "preset": ("go to preset moon", "I do not know a preset called moon."),
        "number": (
            "set the zoom to eleventy",
            "I did not understand which number eleventy is.",
        ),
        "time": ("record for ages", "I did not understand how long ages is."),
        "much": ("record for zero minutes", "That is too much or too little."),
    },
    "de": {
        "iris": ("Stelle die Blende auf 4", "Es gibt kein Gerät, das das kann."),
        "whose": ("Stelle den Zoom von Attic Tape auf 4", "Attic Tape kann das nicht."),
        "nobody": (
            "Spule das Teleskop vor",
            "Ich kenne kein Gerät namens Teleskop, das das kann.",
        ),
        "preset": ("Fahre auf Position Mond", "Ich kenne keine Voreinstellung namens Mond."),
        "number": ("Stelle den Zoom auf elfzig", "Ich habe die Zahl nicht verstanden: elfzig."),
        "time": ("Nimm ewig lang auf", "Ich habe die Zeit nicht verstanden: ewig."),
        "much": ("Nimm null Minuten lang auf", "Das ist zu viel oder zu wenig."),
    },
}


@pytest.mark.parametrize("language", MISSING)
async def test_what_cannot_be_is_said(hass: HomeAssistant, put: SetUp, language: str) -> None:
    axes = [axis for axis in STUDIO_AXES if axis.name != "IRIS"]
    await put(scenes.studio(heads={0: Head(monotonic, axes)}), options=VOICE)
    await speak(hass, language)
    for sentence, reply in MISSING[language].values():
        assert await say(hass, sentence) == reply


HIDDEN = {
    "en": ("set the zoom to 3", "Attic Camera is not exposed to voice assistants."),
    "de": (
        "Stelle den Zoom auf 3",
        "Attic Camera ist für Sprachassistenten nicht freigegeben.",
    ),
}


@pytest.mark.parametrize("language", HIDDEN)
async def test_what_is_not_exposed_is_left_alone(
    hass: HomeAssistant, put: SetUp, language: str
) -> None:
    unit = await studio(hass, put, language)
    sentence, reply = HIDDEN[language]
    expose(hass, ZOOM, shown=False)
    assert await say(hass, sentence) == reply
    assert value(unit, "ZOOM") == 1
    # A tape is exposed by default; hidden, it is not even wound.
    expose(hass, PLAYER, shown=False)
    await say(hass, "fast forward" if language == "en" else "spul vor")
    assert operation(unit) == "PAUS"


async def test_a_unit_that_is_away_is_said_to_be(hass: HomeAssistant, put: SetUp) -> None:
    unit = await studio(hass, put, "en")
    await unit.stop()
    await until(lambda: state(hass, PLAYER) == "unavailable")
    assert await say(hass, "rewind") == "Attic Tape cannot be reached at the moment."


async def test_one_sentence_does_one_thing(hass: HomeAssistant, put: SetUp) -> None:
    unit = await studio(hass, put, "en")
    # It fits "set the zoom of {name} to" and "set the {name} iris to".
    call(hass, ZOOM, "attic iris")
    call(hass, IRIS, "zoom of attic")
    said = await say(hass, "set the zoom of attic iris to 2")
    assert said == "Zoom of Attic Camera goes to 2."
    await until(lambda: value(unit, "ZOOM") == 2)
    assert not [each for each in unit.commands if "IRIS" in str(each)]


# -- when sentences are understood -------------------------------------------------------------


async def test_sentences_are_there_while_an_entry_wants_them(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    await speak(hass, "en")

    async def is_understood(sentence: str = "fast forward") -> bool:
        return (await ask(hass, sentence))["response_type"] == "action_done"

    assert not await is_understood()
    hass.config_entries.async_update_entry(entry, options=VOICE)
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert await is_understood()
    assert operation(unit) == "FF"
    await hass.config.async_update(language="de-CH")
    assert not await is_understood()
    assert await is_understood("spul vor")
    await hass.config.async_update(language="eo")
    assert not await is_understood("spul vor")
    await hass.config.async_update(language="en")
    assert await is_understood()
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not await is_understood()


OTHERS = {
    "fr": ("Avance rapide", "Attic Tape avance rapidement."),
    "ja": ("早送りして", "Attic Tapeを早送りしています。"),
    "zh-Hans": ("快进", "Attic Tape正在快进。"),
}


async def test_other_languages_are_understood_too(hass: HomeAssistant, put: SetUp) -> None:
    unit = await studio(hass, put, "en")
    for language, (sentence, reply) in OTHERS.items():
        await act(hass, "media_player.media_pause", PLAYER)
        await hass.config.async_update(language=language)
        assert await say(hass, sentence) == reply
        assert operation(unit) == "FF"


async def test_the_documents_own_sentences_work(
    hass: HomeAssistant, put: SetUp, hass_config_dir: str
) -> None:
    document = await hass.async_add_executor_job((ROOT / "docs" / "voice.md").read_text)
    example = document.split("```yaml\n")[1].split("```")[0]
    file = Path(hass_config_dir, "custom_sentences", "en", "deck.yaml")
    file.parent.mkdir(parents=True)
    file.write_text(example)
    unit = scenes.studio()
    await put(unit)
    await speak(hass, "en")
    assert (await say(hass, "roll tape")).startswith("Recording is not allowed.")
    await act(hass, "switch.turn_on", GUARD)
    assert await say(hass, "roll tape") == "Attic Tape records for 10 minutes."
    assert await say(hass, "back to the very start") == "Attic Tape winds to the start."
    assert operation(unit) != "RECO"
