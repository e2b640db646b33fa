"""What the tests of voice share: Home Assistant's real agent, spoken to as a person would."""

from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component


async def speak(hass: HomeAssistant, language: str) -> None:
    """Let Home Assistant speak a language: its own, and that of its agent."""
    for component in ("homeassistant", "intent", "conversation"):
        assert await async_setup_component(hass, component, {})
    await hass.config.async_update(language=language)
    await hass.async_block_till_done()


async def ask(hass: HomeAssistant, text: str) -> dict[str, Any]:
    """Say something to the agent, and return its response."""
    await hass.async_block_till_done()
    result = await hass.services.async_call(
        "conversation",
        "process",
        {"text": text, "language": hass.config.language},
        blocking=True,
        return_response=True,
    )
    assert isinstance(result, dict)
    response = result["response"]
    assert isinstance(response, dict)
    return response


async def say(hass: HomeAssistant, text: str) -> str:
    """Say something to the agent, and return what it answers."""
    response = await ask(hass, text)
    return str(response["speech"]["plain"]["speech"])


def expose(hass: HomeAssistant, *entity_ids: str, shown: bool = True) -> None:
    """Let voice assistants see entities, or not."""
    for entity_id in entity_ids:
        async_expose_entity(hass, "conversation", entity_id, shown)


def call(hass: HomeAssistant, entity_id: str, *names: str) -> None:
    """Give an entity names that do not depend on a language."""
    er.async_get(hass).async_update_entity(entity_id, aliases=list(names))
