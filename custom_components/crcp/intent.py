"""What can be asked for by voice beyond what Home Assistant speaks already, as intents.

The built-in agent reaches them by the sentences of voice.py, a language model by the tools of
llm.py, and whoever writes sentences of their own by custom_sentences.
"""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv, intent
from homeassistant.helpers.translation import async_get_translations
import voluptuous as vol

from . import voice_actions as actions
from .const import DOMAIN
from .parameter_words import BY_KEY
from .voice_actions import DIRECTIONS, Answer, Asked, Verb
from .voice_targets import NotExposed, Unclear, WhichOne
from .voice_words import Words, async_words

#: No tape is longer than this, in seconds.
LONGEST: Final = 1_000_000

type Schema = Mapping[vol.Marker, Any]

_WHO: Final[Schema] = {
    vol.Optional("name", description="Name of the device, where there are several"): cv.string,
    vol.Optional("area", description="Area of the device, where there are several"): cv.string,
    vol.Optional("preferred_area_id"): cv.string,
}


async def async_setup_intents(hass: HomeAssistant) -> None:
    """Register the intents."""
    for handler in HANDLERS:
        intent.async_register(hass, handler)


class CrcpIntent(intent.IntentHandler):
    """An intent whose every end is said in words: done, which one, cannot, not allowed."""

    def __init__(self, intent_type: str, do: Verb, description: str, slots: Schema = _WHO) -> None:
        self.intent_type = intent_type
        self.description = description
        self._do = do
        self._slots = slots

    @property
    @override
    def slot_schema(self) -> dict[vol.Marker, Any]:
        """What can be said, and who is meant."""
        return {**self._slots, **_WHO}

    @override
    async def async_handle(self, intent_obj: intent.Intent) -> intent.IntentResponse:
        """Do it, and say what came of it."""
        hass, response = intent_obj.hass, intent_obj.create_response()
        slots = self.async_validate_slots(intent_obj.slots)
        words = await async_words(hass, intent_obj.language)
        asked = Asked(hass, intent_obj, {key: slot["value"] for key, slot in slots.items()}, words)
        code = intent.IntentResponseErrorCode
        try:
            _fill(response, await self._do(asked), words)
        except Unclear as wrong:
            text = words.say(wrong.key, **_facts(wrong, words))
            kind = code.NO_VALID_TARGETS if wrong.is_nobody else code.FAILED_TO_HANDLE
            response.async_set_error(kind, text)
        except HomeAssistantError as error:
            response.async_set_error(code.FAILED_TO_HANDLE, await _in_words(asked, error))
        return response


def _seconds(least: float) -> Any:
    return vol.All(vol.Coerce(float), vol.Range(min=least, max=LONGEST))


HANDLERS: Final = (
    CrcpIntent("CrcpTakePicture", actions.take_picture, "Takes a picture with a photo camera"),
    CrcpIntent("CrcpPlay", actions.play, "Plays the tape of a recorder from where it is"),
    CrcpIntent(
        "CrcpRecord",
        actions.record,
        "Records on the tape of a recorder, over what is on it. Is refused unless a person has "
        "switched on that recording is allowed",
        {vol.Optional("duration", description="Seconds; until stopped if left out"): _seconds(1)},
    ),
    CrcpIntent(
        "CrcpWind",
        actions.wind,
        "Rewinds the tape of a recorder, or winds it forward",
        {
            vol.Required("direction"): vol.In(["backward", "forward"]),
            vol.Optional("duration", description="Seconds; to its end if left out"): _seconds(1),
        },
    ),
    CrcpIntent(
        "CrcpGoTo",
        actions.go_to,
        "Winds the tape of a recorder to a position",
        {vol.Required("position", description="Seconds from the start of the tape"): _seconds(0)},
    ),
    CrcpIntent(
        "CrcpStop",
        actions.stop,
        "Stops what a tape does, also recording, or whatever moves at a camera",
        {vol.Required("what"): vol.In(["tape", "camera"])},
    ),
    CrcpIntent(
        "CrcpSetParameter",
        actions.set_parameter,
        "Sets a parameter of a camera, in the camera's own numbers",
        {
            vol.Required("parameter"): vol.In(list(BY_KEY)),
            vol.Required("value"): vol.Coerce(float),
        },
    ),
    CrcpIntent(
        "CrcpSetControl",
        actions.set_control,
        "Lets a camera control a parameter by itself, such as its focus, or takes it back by hand",
        {
            vol.Required("parameter"): vol.In(list(BY_KEY)),
            vol.Required("control"): vol.In(["automatic", "manual"]),
        },
    ),
    CrcpIntent(
        "CrcpLook",
        actions.look,
        "Turns a camera a little to a side or to a corner, or zooms a little in or out",
        {vol.Required("direction"): vol.In(list(DIRECTIONS))},
    ),
    CrcpIntent(
        "CrcpRecallPreset",
        actions.recall_preset,
        "Brings a camera to one of its presets",
        {vol.Required("preset", description="Name of the preset"): cv.string},
    ),
    CrcpIntent(
        "CrcpCountPhotos",
        actions.count_photos,
        "Tells how many photos of a camera, or of all, were imported today",
    ),
    CrcpIntent(
        "CrcpShowLastPicture",
        actions.show_last_picture,
        "Shows the last photo of a camera on a media player, or tells which one it is",
        {vol.Optional("player", description="Name of the media player"): cv.string},
    ),
)


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
    if not key or not domain:
        return str(error)
    if domain == DOMAIN and key in asked.words.replies:
        return asked.words.say(key)
    language = asked.intent.language
    texts = await async_get_translations(asked.hass, language, "exceptions", [domain])
    text = texts.get(f"component.{domain}.exceptions.{key}.message")
    return text.format(**(error.translation_placeholders or {})) if text else str(error)
