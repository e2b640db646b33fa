"""What a person can say to a unit: Home Assistant's own sentences, through its own agent."""

from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er
from homeassistant.helpers.intent import IntentResponseType
from homeassistant.setup import async_setup_component
import pytest

from custom_components.crcp.virtual import scenes
from tests.helpers import until
from tests.integration.units import SetUp, act, attribute, state


@pytest.fixture
async def assistant(hass: HomeAssistant) -> None:
    for component in ("homeassistant", "conversation", "intent"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()


async def say(hass: HomeAssistant, sentence: str) -> str:
    """Say something; returns what the assistant made of it."""
    result = await conversation.async_converse(
        hass, sentence, None, Context(), agent_id=conversation.HOME_ASSISTANT_AGENT
    )
    await hass.async_block_till_done()
    response = result.response
    assert response.response_type is not IntentResponseType.ERROR, response.speech
    return str(response.speech["plain"]["speech"])


@pytest.mark.usefixtures("assistant")
async def test_a_unit_does_what_it_is_told(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio(shelf=None)
    await put(unit)
    await act(hass, "crcp.save_preset", "number.attic_camera_pan", name="Door")
    await act(hass, "number.set_value", "number.attic_camera_pan", value=20)
    await say(hass, "turn off Attic power")
    assert unit.powers == {0: False}
    await say(hass, "turn on Attic power")
    assert unit.powers == {0: True}
    await act(hass, "media_player.media_play", "media_player.attic_tape")
    await say(hass, "pause Attic tape")
    assert unit.decks[0].operation == "PAUS"
    await say(hass, "resume Attic tape")
    assert unit.decks[0].operation == "PLAY"
    await say(hass, "activate Attic camera Door")
    await until(lambda: state(hass, "number.attic_camera_pan") == "170.0")
    assert await say(hass, "is Attic power on") == "Yes"


@pytest.mark.usefixtures("assistant")
async def test_units_are_told_apart_by_their_names(hass: HomeAssistant, put: SetUp) -> None:
    attic = scenes.studio(shelf=None)
    cellar = scenes.studio(shelf=None, unit_id="cellar")
    await put(attic)
    await put(cellar, title="Cellar")
    await say(hass, "turn off Cellar power")
    assert (attic.powers, cellar.powers) == ({0: True}, {0: False})
    power = er.async_get(hass).async_get("switch.cellar_power")
    assert power
    # When Home Assistant says the same on dashboards, docs/units.md need not tell how to.
    assert er.async_get_full_entity_name(hass, power) == "Cellar Power"
    assert attribute(hass, "switch.cellar_power", "friendly_name") == "Power"


@pytest.mark.usefixtures("assistant")
async def test_a_unit_is_found_by_its_area(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio(shelf=None)
    entry = await put(unit)
    devices = dr.async_get(hass)
    (device,) = dr.async_entries_for_config_entry(devices, entry.entry_id)
    study = ar.async_get(hass).async_create("Study")
    # Its subunits are where the unit is.
    devices.async_update_device(device.id, area_id=study.id)
    await act(hass, "media_player.media_play", "media_player.attic_tape")
    await say(hass, "pause the media in the study")
    assert unit.decks[0].operation == "PAUS"
