"""What can be asked for by voice beyond what Home Assistant speaks already, as intents.

The built-in agent reaches them by the sentences of voice.py, a language model by the tools of
llm.py, and whoever writes sentences of their own by custom_sentences.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
import mimetypes
from typing import Any, Final, override

from homeassistant.components.button import DOMAIN as BUTTON
from homeassistant.components.media_player import DOMAIN as MEDIA_PLAYER
from homeassistant.components.number import DOMAIN as NUMBER
from homeassistant.components.scene import DOMAIN as SCENE
from homeassistant.components.sensor import DOMAIN as SENSOR
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, intent
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import DOMAIN
from .entity_parameter import WORDS
from .photo_today import async_count_today
from .voice_targets import Found, NotExposed, Spoken, Unclear, Wanted, WhichOne, find, find_player
from .voice_words import Words, async_words

TAPE: Final = Wanted(MEDIA_PLAYER, "tape")
SHUTTER: Final = Wanted(BUTTON, "take_picture")
STOP: Final = Wanted(BUTTON, "stop")
PRESETS: Final = Wanted(SCENE, "preset")
PHOTOS: Final = Wanted(SENSOR, "photos_imported")
LAST_PHOTO: Final = Wanted(SENSOR, "last_photo")

#: Where to look, and the button that looks a little there.
DIRECTIONS: Final = {
    "left": "pan_left",
    "right": "pan_right",
    "up": "tilt_up",
    "down": "tilt_down",
    "in": "zoom_in",
    "out": "zoom_out",
}

#: No tape is longer than this, in seconds.
LONGEST: Final = 1_000_000

type Slots = dict[str, Any]
type Schema = dict[str | vol.Marker, Any]

_WHO: Final[Schema] = {
    vol.Optional("name", description="Name of the device, where there are several"): cv.string,
    vol.Optional("area", description="Area of the device, where there are several"): cv.string,
    vol.Optional("preferred_area_id"): cv.string,
}


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    for handler in HANDLERS:
        intent.async_register(hass, handler)


@dataclass(frozen=True, slots=True)
class Asked:
    """An intent that is being handled: what was asked for, of whom, and in which language."""

    hass: HomeAssistant
    intent: intent.Intent
    slots: Slots
    words: Words

    @property
    def spoken(self) -> Spoken:
        """Who is meant."""
        slots = self.slots
        return Spoken(
            slots.get("name", ""),
            slots.get("area", ""),
            slots.get("preferred_area_id", ""),
            self.intent.assistant,
        )

    def find(self, wanted: Wanted) -> Found:
        """The one entity that is meant. Raises Unclear."""
        return find(self.hass, wanted, self.spoken)

    async def act(self, found: Found, action: str, **data: Any) -> None:
        """Call an action for an entity, on behalf of who asked. Raises HomeAssistantError."""
        domain, service = action.split(".")
        await self.hass.services.async_call(
            domain,
            service,
            {ATTR_ENTITY_ID: found.entity_id, **data},
            blocking=True,
            context=self.intent.context,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: the reply's key and facts, and about which entity it is."""

    about: State
    key: str
    facts: Mapping[str, object]
    is_query: bool = False


class CrcpIntent(intent.IntentHandler):
    """An intent whose every end is said in words: done, which one, cannot, not allowed."""

    slots: Schema = {}

    @property
    @override
    def slot_schema(self) -> Schema:
        """What can be said, and who is meant."""
        return {**self.slots, **_WHO}

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Do it, and say what came of it."""
        hass, response = intent_obj.hass, intent_obj.create_response()
        given = self.async_validate_slots(intent_obj.slots)
        words = await async_words(hass, intent_obj.language)
        asked = Asked(hass, intent_obj, {key: slot["value"] for key, slot in given.items()}, words)
        try:
            answer = await self.do(asked)
        except Unclear as wrong:
            text = words.say(wrong.key, **_facts(wrong, words))
            response.async_set_error(intent.IntentResponseErrorCode.NO_VALID_TARGETS, text)
            return response
        except HomeAssistantError as error:
            text = await _in_words(asked, error)
            response.async_set_error(intent.IntentResponseErrorCode.FAILED_TO_HANDLE, text)
            return response
        _fill(response, answer, words)
        return response

    async def do(self, asked: Asked) -> Answer:
        """Do it. Raises Unclear, or HomeAssistantError."""
        raise NotImplementedError


class TakePicture(CrcpIntent):
    """Releases the shutter."""

    intent_type = "CrcpTakePicture"
    description = "Takes a picture with a photo camera"

    @override
    async def do(self, asked: Asked) -> Answer:
        """Press the button."""
        found = asked.find(SHUTTER)
        await asked.act(found, "button.press")
        return Answer(found.state, "took_picture", {"device": found.device})


class Record(CrcpIntent):
    """Records on a tape; the guard has the last word."""

    intent_type = "CrcpRecord"
    description = (
        "Records on the tape of a recorder, over what is on it. Is refused unless a person has "
        "switched on that recording is allowed"
    )
    slots = {
        vol.Optional("duration", description="How long, in seconds; until stopped if left out"): (
            vol.All(vol.Coerce(float), vol.Range(min=1, max=LONGEST))
        )
    }

    @override
    async def do(self, asked: Asked) -> Answer:
        """Record, for a time or until somebody stops it."""
        found, duration = asked.find(TAPE), asked.slots.get("duration")
        if duration is None:
            await asked.act(found, "crcp.record")
            return Answer(found.state, "records", {"device": found.device})
        await asked.act(found, "crcp.record", duration={"seconds": duration})
        facts = {"device": found.device, "duration": asked.words.time(duration)}
        return Answer(found.state, "records_for", facts)


class Wind(CrcpIntent):
    """Winds a tape."""

    intent_type = "CrcpWind"
    description = "Rewinds the tape of a recorder, or winds it forward"
    slots = {
        vol.Required("direction", description="backward to rewind"): vol.In(["backward", "forward"])
    }

    @override
    async def do(self, asked: Asked) -> Answer:
        """Wind."""
        found, direction = asked.find(TAPE), asked.slots["direction"]
        await asked.act(found, "crcp.wind", direction=direction)
        return Answer(found.state, f"winds_{direction}", {"device": found.device})


class GoTo(CrcpIntent):
    """Winds a tape to a position."""

    intent_type = "CrcpGoTo"
    description = "Winds the tape of a recorder to a position"
    slots = {
        vol.Required("position", description="Seconds from the start of the tape"): vol.All(
            vol.Coerce(float), vol.Range(min=0, max=LONGEST)
        )
    }

    @override
    async def do(self, asked: Asked) -> Answer:
        """Wind there."""
        found, position = asked.find(TAPE), asked.slots["position"]
        await asked.act(found, "crcp.go_to", position=position)
        facts = {"device": found.device, "position": asked.words.time(position)}
        return Answer(found.state, "goes_to" if position else "goes_to_start", facts)


class Stop(CrcpIntent):
    """Stops a tape, or whatever moves at a camera."""

    intent_type = "CrcpStop"
    description = "Stops what a tape does, also recording, or whatever moves at a camera"
    slots = {vol.Required("what"): vol.In(["tape", "camera"])}

    @override
    async def do(self, asked: Asked) -> Answer:
        """Stop."""
        is_tape = asked.slots["what"] == "tape"
        found = asked.find(TAPE if is_tape else STOP)
        await asked.act(found, "media_player.media_stop" if is_tape else "button.press")
        return Answer(found.state, "stopped", {"device": found.device})


class SetParameter(CrcpIntent):
    """Sets a parameter of a unit's camera."""

    intent_type = "CrcpSetParameter"
    description = "Sets a parameter of a camera, in the camera's own numbers"
    slots = {
        vol.Required("parameter"): vol.In([words.key for words in WORDS.values()]),
        vol.Required("value"): vol.Coerce(float),
    }

    @override
    async def do(self, asked: Asked) -> Answer:
        """Set its number."""
        found, value = asked.find(Wanted(NUMBER, asked.slots["parameter"])), asked.slots["value"]
        await asked.act(found, "number.set_value", value=value)
        return Answer(found.state, "set", {"entity": found.state.name, "value": f"{value:g}"})


class Look(CrcpIntent):
    """Moves a unit's camera by a small step."""

    intent_type = "CrcpLook"
    description = "Turns a camera a little to a side, or zooms a little in or out"
    slots = {vol.Required("direction"): vol.In(list(DIRECTIONS))}

    @override
    async def do(self, asked: Asked) -> Answer:
        """Press the button of the direction."""
        found = asked.find(Wanted(BUTTON, DIRECTIONS[asked.slots["direction"]]))
        await asked.act(found, "button.press")
        return Answer(found.state, "looks", {"device": found.device})


class RecallPreset(CrcpIntent):
    """Brings a camera to a preset."""

    intent_type = "CrcpRecallPreset"
    description = "Brings a camera to one of its presets"
    slots = {vol.Required("preset", description="Name of the preset"): cv.string}

    @override
    async def do(self, asked: Asked) -> Answer:
        """Turn its scene on."""
        preset = asked.slots["preset"]
        found = asked.find(Wanted(PRESETS.domain, PRESETS.key, preset))
        await asked.act(found, "scene.turn_on")
        return Answer(found.state, "goes_to_preset", {"device": found.device, "preset": preset})


class CountPhotos(CrcpIntent):
    """Counts the pictures that came today."""

    intent_type = "CrcpCountPhotos"
    description = "Tells how many photos of a camera were imported today"

    @override
    async def do(self, asked: Asked) -> Answer:
        """Ask the ledger; of all cameras together where none was named."""
        try:
            states = [asked.find(PHOTOS).state]
        except WhichOne as several:
            states = several.states
        count = await async_count_today(asked.hass, [state.entity_id for state in states])
        key = {0: "no_photos_today", 1: "one_photo_today"}.get(count, "photos_today")
        return Answer(states[0], key, {"count": count}, is_query=True)


class ShowLastPicture(CrcpIntent):
    """Shows the last picture on a screen of the house, or tells which one it is."""

    intent_type = "CrcpShowLastPicture"
    description = "Shows the last photo of a camera on a media player, or tells which one it is"
    slots = {
        vol.Optional("player", description="Name of the media player that shows it"): cv.string
    }

    @override
    async def do(self, asked: Asked) -> Answer:
        """Play it on the player that was named, or is where it was asked for."""
        found = asked.find(LAST_PHOTO)
        photo = found.state.attributes
        if "media_content_id" not in photo:
            return Answer(found.state, "no_photo_yet", {"device": found.device}, is_query=True)
        if player := find_player(asked.hass, asked.slots.get("player", ""), asked.spoken):
            kind, _ = mimetypes.guess_type(photo["file_name"])
            await asked.act(
                player,
                "media_player.play_media",
                media_content_id=photo["media_content_id"],
                media_content_type=kind or "image/jpeg",
            )
            facts = {"device": found.device, "player": player.device}
            return Answer(found.state, "last_photo_shown", facts)
        when = _when(dt_util.parse_datetime(found.state.state, raise_on_error=True), asked.words)
        facts = {"device": found.device, "file": photo["file_name"], "when": when}
        return Answer(found.state, "last_photo", facts, is_query=True)


HANDLERS: Final[tuple[CrcpIntent, ...]] = (
    TakePicture(),
    Record(),
    Wind(),
    GoTo(),
    Stop(),
    SetParameter(),
    Look(),
    RecallPreset(),
    CountPhotos(),
    ShowLastPicture(),
)


# -- helpers ---------------------------------------------------------------------------------------


def _facts(wrong: Unclear, words: Words) -> dict[str, str]:
    if isinstance(wrong, WhichOne | NotExposed):
        return {"names": words.either(wrong.names)}
    return wrong.facts


def _fill(response: intent.IntentResponse, answer: Answer, words: Words) -> None:
    about = answer.about
    target = intent.IntentResponseTarget(
        name=about.name, type=intent.IntentResponseTargetType.ENTITY, id=about.entity_id
    )
    if answer.is_query:
        response.response_type = intent.IntentResponseType.QUERY_ANSWER
    response.async_set_results([target])
    response.async_set_states([about])
    response.async_set_speech(words.say(answer.key, **answer.facts))


async def _in_words(asked: Asked, error: HomeAssistantError) -> str:
    """Why an action refused: in our own words for speech, else as Home Assistant translates it."""
    key, domain = error.translation_key, error.translation_domain
    facts: Mapping[str, Any] = error.translation_placeholders or {}
    if domain == DOMAIN and key in asked.words.replies:
        return asked.words.say(key, device=asked.find(TAPE).device)
    if key and domain:
        language = asked.intent.language
        texts = await async_get_translations(asked.hass, language, "exceptions", [domain])
        if text := texts.get(f"component.{domain}.exceptions.{key}.message"):
            return text.format(**facts)
    return str(error)


def _when(moment: datetime, words: Words) -> str:
    """A moment as a person says it: today at 10:31."""
    local = dt_util.as_local(moment)
    facts = {"time": f"{local:%H:%M}", "date": f"{local:%x}"}
    return words.say("today_at" if local.date() == dt_util.now().date() else "on_day_at", **facts)
