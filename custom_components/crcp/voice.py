"""The sentences that Home Assistant's built-in agent does not know, taught to it.

They are conversation triggers, the one public way to add sentences. Home Assistant matches those
in its own language, before anything else and before a language model; so they are only there
while an entry's options ask for them, and what turns out to be meant for others is handed on.
"""

import asyncio
from collections.abc import Mapping
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import CALLBACK_TYPE, Context, Event, HomeAssistant, callback
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.script import ScriptRunResult
from homeassistant.helpers.trigger import async_initialize_triggers, async_validate_trigger_config
from homeassistant.setup import async_when_setup
from homeassistant.util.hass_dict import HassKey

from .const import CONF_SENTENCES, DOMAIN
from .voice_words import Words, async_words, language_for

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
        # It needs what only conversation brings, which not every house has.
        agent = await async_import_module(hass, f"{__package__}.voice_answers")
        answers = await hass.async_add_executor_job(agent.Answers, hass, words)

        async def hear(variables: Mapping[str, Any], _context: Context | None = None) -> Any:
            heard = variables["trigger"]
            if not await self._is_first(int(heard["id"]), heard):
                return None
            return ScriptRunResult(await answers.async_answer(heard), None, {})

        triggers = [
            {"platform": _CONVERSATION, "id": str(number), "command": list(sentences.patterns)}
            for number, sentences in enumerate(words.sentences)
        ]
        checked = await async_validate_trigger_config(hass, triggers)
        return await async_initialize_triggers(
            hass, checked, hear, DOMAIN, "sentences", _LOGGER.log
        )

    async def _is_first(self, number: int, heard: Mapping[str, Any]) -> bool:
        """Whether these sentences come first of all that fit what was heard: only they answer.

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
