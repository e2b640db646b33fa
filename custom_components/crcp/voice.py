"""The sentences that Home Assistant's built-in agent does not know, taught to it.

They are conversation triggers, the one public way to add sentences. Home Assistant matches those
in its own language, before anything else and before a language model; so they are only there
while an entry's options ask for them.
"""

import asyncio
from collections.abc import Mapping
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Context, Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, intent
from homeassistant.helpers.script import ScriptRunResult
from homeassistant.helpers.trigger import async_initialize_triggers, async_validate_trigger_config
from homeassistant.setup import async_when_setup
from homeassistant.util.hass_dict import HassKey

from .const import CONF_SENTENCES, DOMAIN
from .voice_numbers import NotUnderstood
from .voice_targets import ASSISTANT
from .voice_words import Sentences, Words, async_words, language_for

_LOGGER = logging.getLogger(__name__)

_CONVERSATION: Final = "conversation"


@callback
def async_listen_for_sentences(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Understand our sentences for as long as this entry is loaded, if its options say so."""
    if entry.options.get(CONF_SENTENCES, False):
        entry.async_on_unload(hass.data.setdefault(_EARS, Ears(hass)).async_open())


class Ears:
    """The sentences of all entries that want them: attached once, however many there are."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._wanted = 0
        self._turn = asyncio.Lock()
        self._stop_watching: CALLBACK_TYPE | None = None
        self._detach: CALLBACK_TYPE | None = None
        self._fitting: dict[tuple[str, str], set[int]] = {}

    @callback
    def async_open(self) -> CALLBACK_TYPE:
        """Listen until what is returned is called."""
        self._wanted += 1
        if self._wanted == 1:
            self._stop_watching = self._hass.bus.async_listen(
                EVENT_CORE_CONFIG_UPDATE, self._on_config
            )
            async_when_setup(self._hass, _CONVERSATION, self._on_conversation)
        return self._close

    @callback
    def _close(self) -> None:
        self._wanted -= 1
        if not self._wanted:
            self._deafen()
            if self._stop_watching:
                self._stop_watching()
                self._stop_watching = None

    @callback
    def _deafen(self) -> None:
        if self._detach:
            self._detach()
            self._detach = None

    async def _on_conversation(self, _hass: HomeAssistant, _component: str) -> None:
        await self._attach()

    async def _on_config(self, event: Event[Any]) -> None:
        if "language" in event.data and _CONVERSATION in self._hass.config.components:
            await self._attach()

    async def _attach(self) -> None:
        """Attach the sentences of Home Assistant's language, in the place of any others."""
        async with self._turn:
            self._deafen()
            language = language_for(self._hass.config.language)
            if language is None or not self._wanted:
                return
            words = await async_words(self._hass, language)
            detach = await self._attach_triggers(words)
            # The last entry may have gone meanwhile.
            if detach and not self._wanted:
                detach()
            else:
                self._detach = detach

    async def _attach_triggers(self, words: Words) -> CALLBACK_TYPE | None:
        hass = self._hass

        async def hear(variables: Mapping[str, Any], _context: Context | None = None) -> Any:
            heard = variables["trigger"]
            number = int(heard["id"])
            if not await self._is_first(number, heard):
                return None
            answer = await _answer(hass, words, words.sentences[number], heard)
            return ScriptRunResult(answer, None, {})

        triggers = [
            {"platform": _CONVERSATION, "id": str(number), "command": list(sentences.patterns)}
            for number, sentences in enumerate(words.sentences)
        ]
        checked = await async_validate_trigger_config(hass, triggers)
        return await async_initialize_triggers(
            hass, checked, hear, DOMAIN, "sentences", _LOGGER.log
        )

    async def _is_first(self, number: int, heard: Mapping[str, Any]) -> bool:
        """Whether these sentences come first of all that fit what was heard: only they count.

        Home Assistant calls all of them at once, and would do as many things. A name can be any
        words, so "set the zoom of attic iris to 2" fits the zoom and the iris.
        """
        key = (heard["user_input"]["context"]["id"], heard["sentence"])
        fitting = self._fitting.setdefault(key, set())
        fitting.add(number)
        await asyncio.sleep(0)
        self._fitting.pop(key, None)
        return number == min(fitting)


_EARS: Final[HassKey[Ears]] = HassKey("crcp_ears")


async def _answer(
    hass: HomeAssistant, words: Words, sentences: Sentences, heard: Mapping[str, Any]
) -> str:
    """Do what was heard, and return what is to be said."""
    said = heard["user_input"]
    try:
        slots = _slots(words, sentences, heard["slots"])
    except NotUnderstood as wrong:
        key = "not_a_number" if sentences.intent == "CrcpSetParameter" else "not_a_time"
        return words.say(key, words=str(wrong))
    if near := _area_of(hass, heard["device_id"]):
        slots["preferred_area_id"] = near
    try:
        response = await intent.async_handle(
            hass,
            DOMAIN,
            sentences.intent,
            {key: {"value": value} for key, value in slots.items()},
            text_input=heard["sentence"],
            context=Context(user_id=said["context"]["user_id"], parent_id=said["context"]["id"]),
            language=words.language,
            assistant=ASSISTANT,
            device_id=heard["device_id"],
            satellite_id=heard["satellite_id"],
            conversation_agent_id=said["agent_id"],
        )
    except intent.InvalidSlotInfo:
        return words.say("out_of_range")
    return str(response.speech["plain"]["speech"])


def _slots(words: Words, sentences: Sentences, heard: Mapping[str, str]) -> dict[str, Any]:
    """What an intent takes, of what was heard. Raises NotUnderstood."""
    slots: dict[str, Any] = dict(sentences.slots)
    first, last = slots.pop("first", None), slots.pop("last", None)
    for key, said in heard.items():
        text = words.heard(said)
        if key == "value":
            slots[key] = words.numbers.number(text)
        elif key == "duration":
            slots[key] = words.numbers.seconds(text)
        elif key == "position":
            unit = float(first or last or 1)
            slots[key] = words.numbers.seconds(text, unit, unit_first=bool(first))
        elif text:
            slots[key] = text
    return slots


def _area_of(hass: HomeAssistant, device_id: str | None) -> str | None:
    """The area in which somebody spoke."""
    device = dr.async_get(hass).async_get(device_id) if device_id else None
    return dr.async_get_effective_area_id(hass, device) if device else None
