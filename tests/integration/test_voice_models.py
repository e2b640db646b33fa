"""What language models get: our intents as tools, each called here and answered."""

from pathlib import Path
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import llm
from homeassistant.setup import async_setup_component
import pytest

from custom_components.crcp.llm import async_get_tools
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.conftest import set_up
from tests.integration.test_photos import count
from tests.integration.units import SetUp, act, state
from tests.integration.voices import expose

PLAYER = "media_player.attic_tape"
ZOOM = "number.attic_camera_zoom"
AUTO = "switch.attic_camera_automatic_focus"
SHUTTER = "button.field_camera_take_a_picture"
LAST = "sensor.field_camera_last_photo"
TAPES = {"CrcpPlay", "CrcpRecord", "CrcpWind", "CrcpGoTo", "CrcpStop"}
BY_DEFAULT = TAPES | {"CrcpSetControl"}


async def tools(hass: HomeAssistant) -> llm.APIInstance:
    """What the Assist API gives to a model that the built-in assistant asks."""
    for component in ("homeassistant", "intent", "llm", "conversation"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()
    context = llm.LLMContext("test", Context(), "en", "conversation", None)
    return await llm.async_get_api(hass, llm.LLM_API_ASSIST, context)


def ours(api: llm.APIInstance) -> dict[str, llm.Tool]:
    return {
        tool.name.removeprefix("crcp__"): tool
        for tool in api.tools
        if tool.name.startswith("crcp__")
    }


async def use(api: llm.APIInstance, tool: str, /, **args: Any) -> tuple[bool, str]:
    """Call a tool; whether it worked, and what it says."""
    result = await api.async_call_tool(llm.ToolInput(f"crcp__{tool}", args))
    data: Any = result.data
    return not result.error, data["speech"]["plain"]["speech"]


async def test_a_model_gets_tools_for_what_is_exposed(hass: HomeAssistant, put: SetUp) -> None:
    await put(scenes.studio())
    assert set(ours(await tools(hass))) == BY_DEFAULT
    switches = [each for each in hass.states.async_entity_ids("switch") if "_automatic_" in each]
    expose(hass, *switches, shown=False)
    assert set(ours(await tools(hass))) == TAPES
    expose(hass, PLAYER, shown=False)
    assert ours(await tools(hass)) == {}
    expose(hass, ZOOM)
    (tool,) = ours(await tools(hass)).values()
    assert (tool.name, tool.title) == ("crcp__CrcpSetParameter", "Set a parameter of a camera")
    assert tool.integration == "crcp"
    assert not tool.annotations.open_world
    assert not tool.annotations.destructive


async def test_only_assist_gets_them(hass: HomeAssistant, put: SetUp) -> None:
    await put(scenes.studio())
    await tools(hass)
    context = llm.LLMContext("test", Context(), "en", "conversation", None)
    assert async_get_tools(hass, context, llm.LLM_API_ASSIST)
    assert async_get_tools(hass, context, "another") is None


async def test_without_a_device_there_are_none(
    hass: HomeAssistant, put: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    await put(VirtualUnit(decks={}, heads={}))
    assert ours(await tools(hass)) == {}
    assert "Error getting tools" not in caplog.text


async def test_a_model_uses_a_tape(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio()
    await put(unit)
    api = await tools(hass)
    worked, words = await use(api, "CrcpRecord", duration=60)
    assert (worked, words[:25]) == (False, "Recording is not allowed.")
    await act(hass, "switch.turn_on", "switch.attic_tape_recording_allowed")
    assert await use(api, "CrcpRecord", name="Attic Tape", duration=60) == (
        True,
        "Attic Tape records for one minute.",
    )
    assert unit.decks[0].operation == "RECO"
    assert await use(api, "CrcpStop", what="tape") == (True, "Attic Tape has stopped.")
    assert unit.decks[0].operation == "PAUS"
    assert await use(api, "CrcpPlay") == (True, "Attic Tape is playing.")
    assert unit.decks[0].operation == "PLAY"
    worked, words = await use(api, "CrcpGoTo", position=90)
    assert (worked, words) == (True, "Attic Tape goes to one minute and 30 seconds.")
    assert await use(api, "CrcpWind", direction="forward", name="") == (
        True,
        "Attic Tape is winding forward.",
    )
    assert unit.decks[0].operation == "FF"
    assert not (await use(api, "CrcpWind", direction="forward", name="Moon"))[0]


async def test_a_model_uses_a_camera(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio()
    await put(unit)
    await act(hass, "crcp.save_preset", ZOOM, name="Door")
    expose(hass, ZOOM, AUTO, "button.attic_camera_pan_left")
    api = await tools(hass)
    assert set(ours(api)) == BY_DEFAULT | {
        "CrcpSetParameter",
        "CrcpSetControl",
        "CrcpLook",
        "CrcpRecallPreset",
    }

    def zoom() -> float | None:
        return unit.heads[0].status().parameters["ZOOM"].current

    assert await use(api, "CrcpSetParameter", parameter="zoom", value=2) == (
        True,
        "Zoom of Attic Camera goes to 2.",
    )
    await until(lambda: zoom() == 2)
    assert await use(api, "CrcpRecallPreset", preset="Door") == (
        True,
        "Attic Camera goes to Door.",
    )
    await until(lambda: zoom() == 1)
    assert await use(api, "CrcpLook", direction="left") == (True, "Attic Camera moves a little.")
    for control, said in (("automatic", "on"), ("manual", "off")):
        assert await use(api, "CrcpSetControl", parameter="focus", control=control) == (
            True,
            f"Automatic focus of Attic Camera is {said}.",
        )
        await until(lambda wanted=said: state(hass, AUTO) == wanted)
    pan = unit.heads[0].status().parameters["PAN"].current
    worked, words = await use(api, "CrcpLook", direction="up left")
    assert (worked, words) == (False, "Attic Camera is not exposed to voice assistants.")
    assert unit.heads[0].status().parameters["PAN"].current == pan
    worked, words = await use(api, "CrcpLook", direction="up")
    assert (worked, words) == (False, "Attic Camera is not exposed to voice assistants.")


async def test_a_model_uses_a_photo_camera(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    await set_up(hass, camera)
    await until(lambda: count(hass) == 3)
    await until(lambda: hass.states.get(SHUTTER))
    assert ours(await tools(hass)) == {}
    expose(hass, SHUTTER, LAST, "sensor.field_camera_photos_imported")
    await until(lambda: state(hass, LAST) not in ("unknown", "unavailable"))
    api = await tools(hass)
    names = ours(api)
    assert set(names) == {"CrcpTakePicture", "CrcpCountPhotos", "CrcpShowLastPicture"}
    assert names["CrcpCountPhotos"].annotations.read_only
    assert await use(api, "CrcpCountPhotos") == (True, "3 photos came today.")
    worked, words = await use(api, "CrcpShowLastPicture")
    assert worked
    assert words.startswith("The last photo of Field camera is IMG_0003.JPG.")
    assert await use(api, "CrcpTakePicture") == (True, "Field camera takes a picture.")
    await until(lambda: count(hass) == 4)
