"""Sentences that fit ours but are meant for others reach them: a model, or Home Assistant itself."""

from typing import Literal, override

from homeassistant.components.conversation import (
    AbstractConversationAgent,
    ConversationInput,
    ConversationResult,
    async_get_chat_log,
    async_handle_sentence_triggers,
    async_set_agent,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.chat_session import async_get_chat_session
from homeassistant.helpers.intent import IntentResponse
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from tests.integration.test_voice import operation, studio
from tests.integration.units import SetUp
from tests.integration.voices import say


class Model(AbstractConversationAgent):
    """A language model, which knows everything."""

    def __init__(self) -> None:
        self.heard: list[ConversationInput] = []

    @property
    @override
    def supported_languages(self) -> list[str] | Literal["*"]:
        """All of them."""
        return "*"

    @override
    async def async_process(self, user_input: ConversationInput) -> ConversationResult:
        """Remember what was said."""
        self.heard.append(user_input)
        response = IntentResponse(user_input.language)
        response.async_set_speech("Of course.")
        return ConversationResult(response, user_input.conversation_id)


@pytest.fixture
def model(hass: HomeAssistant) -> Model:
    """A model that can be spoken to."""
    return Model()


async def say_to(
    hass: HomeAssistant, model: Model, text: str, user_id: str | None = None
) -> str | None:
    """Say something to an assistant that has a model, as its pipeline does."""
    entry = MockConfigEntry(domain="conversation")
    entry.add_to_hass(hass)
    async_set_agent(hass, entry, model)
    said = ConversationInput(
        text, Context(user_id=user_id), "talk", "device", None, "en", entry.entry_id, "Be kind."
    )
    with (
        async_get_chat_session(hass, "talk") as session,
        async_get_chat_log(hass, session, said) as log,
    ):
        return await async_handle_sentence_triggers(hass, said, log)


OTHERS = (
    "rewind the movie",
    "record for ten minutes but not on the attic tape",
    "set the zoom to its maximum",
)


async def test_a_model_gets_what_we_cannot_do(
    hass: HomeAssistant, put: SetUp, model: Model
) -> None:
    unit = await studio(hass, put, "en")
    unit.commands.clear()
    for sentence in OTHERS:
        assert await say_to(hass, model, sentence, "anna") == "Of course."
    assert [each.text for each in model.heard] == list(OTHERS)
    for heard in model.heard:
        assert (heard.context.user_id, heard.extra_system_prompt) == ("anna", "Be kind.")
        assert heard.device_id == "device"
        # The log of the talk that is going on stands in the middle of the trigger's call.
        assert heard.conversation_id != "talk"
    assert [each for each in unit.commands if each.name != "STAT"] == []


async def test_a_model_does_not_get_what_is_ours(
    hass: HomeAssistant, put: SetUp, model: Model
) -> None:
    unit = await studio(hass, put, "en")
    guard = await say_to(hass, model, "record for ten minutes")
    assert guard == "Recording is not allowed. Allow it first, with the switch of this tape."
    assert await say_to(hass, model, "fast forward") == "Attic Tape is winding forward."
    assert operation(unit) == "FF"
    unit_asked = await say_to(hass, model, "record for ten")
    assert unit_asked == "Seconds, minutes or hours? I only heard: ten."
    assert model.heard == []


async def test_home_assistant_gets_what_it_understands(hass: HomeAssistant, put: SetUp) -> None:
    await studio(hass, put, "en")
    moves = async_mock_service(hass, "cover", "set_cover_position")
    known = {"friendly_name": "Porch tilt", "supported_features": 15, "current_position": 0}
    hass.states.async_set("cover.porch", "closed", known)
    # It fits "set the {name} tilt to {value}", of a camera that nobody has.
    await say(hass, "set the porch tilt to 50%")
    assert [move.data["position"] for move in moves] == [50]
