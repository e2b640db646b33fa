"""Sentences that sounded like ours but are meant for others: handed on to who else would have them.

A conversation trigger cannot refuse a sentence that it matched, and a free place in a sentence
matches anything: "rewind the movie" fits "rewind {name}", whatever is called so.
"""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.conversation import (
    HOME_ASSISTANT_AGENT,
    ConversationInput,
    async_converse,
    async_get_chat_log,
    async_handle_intents,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.chat_session import async_get_chat_session
from homeassistant.helpers.intent import IntentResponse


async def async_hand_on(hass: HomeAssistant, heard: Mapping[str, Any]) -> str | None:
    """What the agent that was spoken to says to it without our sentences; None if nothing."""
    said = ConversationInput(
        **{
            **heard["user_input"],
            "conversation_id": None,
            "context": context_of(heard["user_input"]),
        }
    )
    try:
        if said.agent_id == HOME_ASSISTANT_AGENT:
            response = await _by_home_assistant(hass, said)
        else:
            response = await _by_model(hass, said)
    except HomeAssistantError:
        return None
    return speech_of(response) if response else None


def context_of(said: Mapping[str, Any]) -> Context:
    """On behalf of whom something is done that was said."""
    return Context(user_id=said["context"]["user_id"], parent_id=said["context"]["id"])


def speech_of(response: IntentResponse) -> str:
    """What a response says aloud."""
    return str(response.speech.get("plain", {}).get("speech", ""))


# Both get a conversation of their own: the log of the one that is going on stands in the middle of
# a call, that of the trigger, and no model takes a log like that.


async def _by_home_assistant(hass: HomeAssistant, said: ConversationInput) -> IntentResponse | None:
    with async_get_chat_session(hass) as session, async_get_chat_log(hass, session, said) as log:
        return await async_handle_intents(hass, said, log)


async def _by_model(hass: HomeAssistant, said: ConversationInput) -> IntentResponse:
    result = await async_converse(
        hass,
        said.text,
        None,
        said.context,
        language=said.language,
        agent_id=said.agent_id,
        device_id=said.device_id,
        satellite_id=said.satellite_id,
        extra_system_prompt=said.extra_system_prompt,
    )
    return result.response
