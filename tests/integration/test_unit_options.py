"""The options of a unit: presets by hand, and its picture."""

from dataclasses import replace
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.virtual import scenes
from tests.helpers import until
from tests.integration.units import SetUp, attribute

DOOR = {"name": "Door", "camera": "CAMERA0", "values": {"PAN": 20.0}, "automatic": []}
GATE = {**DOOR, "name": "Gate"}
PRESETS = {"presets": {"a1": DOOR, "a2": GATE}}


async def choose(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> ConfigFlowResult:
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "unit")
    return await give(hass, menu, next_step_id=step)


async def give(hass: HomeAssistant, flow: ConfigFlowResult, **given: Any) -> ConfigFlowResult:
    result = await hass.config_entries.options.async_configure(flow["flow_id"], given)
    await hass.async_block_till_done()
    return result


def names(hass: HomeAssistant) -> set[str]:
    return {
        attribute(hass, each, "friendly_name") for each in hass.states.async_entity_ids("scene")
    }


async def test_a_preset_is_saved(hass: HomeAssistant, put: SetUp) -> None:
    entry = await put(scenes.camera(), options=PRESETS)
    form = await choose(hass, entry, "save_preset")
    result = await give(hass, form, camera="CAMERA0", name="Garden")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert names(hass) == {"Camera Door", "Camera Gate", "Camera Garden"}


async def test_a_unit_that_says_no_is_told(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    entry = await put(unit)
    form = await choose(hass, entry, "save_preset")
    unit.tells_while_off, unit.powers[0] = False, False
    form = await give(hass, form, camera="CAMERA0", name="Garden")
    assert form["errors"] == {"base": "refused"}
    assert "Unit is off" in form["description_placeholders"]["detail"]
    unit.powers[0] = True
    result = await give(hass, form, camera="CAMERA0", name="Garden")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_unit_that_is_away_is_told(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    entry = await put(unit)
    form = await choose(hass, entry, "save_preset")
    await unit.stop()
    await until(lambda: not entry.runtime_data.connection)
    form = await give(hass, form, camera="CAMERA0", name="Garden")
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, {"base": "not_connected"})
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert "save_preset" not in menu["menu_options"]


async def test_a_unit_whose_camera_was_taken_away_is_told(hass: HomeAssistant, put: SetUp) -> None:
    entry = await put(scenes.camera())
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    unit = entry.runtime_data
    unit.async_set_updated_data(replace(unit.data, cameras={}))
    result = await give(hass, menu, next_step_id="save_preset")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_connected")


async def test_a_unit_that_never_answers_is_not_asked_where_it_stands(
    hass: HomeAssistant, put: SetUp
) -> None:
    entry = await put(scenes.studio(), channel="udp", subunits=["CAMERA0"], parameters=["pan"])
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert "save_preset" not in menu["menu_options"]


async def test_a_preset_that_is_gone_is_told(hass: HomeAssistant, put: SetUp) -> None:
    entry = await put(scenes.camera(), options=PRESETS)
    rename = await choose(hass, entry, "rename_preset")
    delete = await choose(hass, entry, "delete_preset")
    hass.config_entries.async_update_entry(entry, options={"presets": {"a2": GATE}})
    result = await give(hass, rename, preset="a1", name="Garden")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "preset_gone")
    result = await give(hass, delete, preset="a1")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options["presets"].keys() == {"a2"}


async def test_a_preset_is_renamed(hass: HomeAssistant, put: SetUp) -> None:
    entry = await put(scenes.camera(), options=PRESETS)
    form = await choose(hass, entry, "rename_preset")
    form = await give(hass, form, preset="a1", name="gate")
    assert form["errors"] == {"base": "preset_exists"}
    await give(hass, form, preset="a1", name="Garden")
    assert names(hass) == {"Camera Garden", "Camera Gate"}
    assert entry.options["presets"]["a1"]["name"] == "Garden"


async def test_a_preset_is_deleted(hass: HomeAssistant, put: SetUp) -> None:
    entry = await put(scenes.camera(), options=PRESETS)
    await give(hass, await choose(hass, entry, "delete_preset"), preset="a1")
    assert names(hass) == {"Camera Gate"}


async def test_without_picture_and_camera_there_is_voice_to_choose(
    hass: HomeAssistant, put: SetUp
) -> None:
    entry = await put(scenes.bare(), options={"presets": {}})
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert menu["menu_options"] == ["voice"]
    await give(hass, await choose(hass, entry, "voice"), sentences=True)
    assert entry.options == {"presets": {}, "sentences": True}
    await hass.config_entries.async_unload(entry.entry_id)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_connected")
