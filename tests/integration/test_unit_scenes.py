"""Home Assistant's own scenes bring a unit back: its camera, its power, its tape."""

from functools import partial
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.units import SetUp, act, state

POWER = "switch.attic_power"
PLAYER = "media_player.attic_tape"
NUMBERS = ["number.attic_camera_pan", "number.attic_camera_zoom", "number.attic_camera_focus"]
AUTO = "switch.attic_camera_automatic_iris"
IRIS = "number.attic_camera_iris"


async def snapshot(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "scene", {})
    # The power last: what it feeds is told first, and has to wait for it.
    entities = [*NUMBERS, AUTO, PLAYER, POWER]
    await act(hass, "scene.create", scene_id="evening", snapshot_entities=entities)


def values(unit: VirtualUnit) -> dict[str, Any]:
    parameters = unit.heads[0].status().parameters
    return {name: parameters[name].current for name in ("PAN", "ZOOM", "FOCU")}


def iris(unit: VirtualUnit) -> tuple[float | None, bool | None]:
    parameter = unit.heads[0].status().parameters["IRIS"]
    return parameter.current, parameter.automatic


@pytest.mark.parametrize("tells_while_off", [True, False])
async def test_a_unit_that_is_off_is_brought_back(
    hass: HomeAssistant, put: SetUp, tells_while_off: bool
) -> None:
    unit = scenes.studio()
    unit.tells_while_off = tells_while_off
    await put(unit)
    await act(hass, "crcp.move", NUMBERS[0], pan=200, zoom=3, focus=50)
    await act(hass, "switch.turn_on", AUTO)
    await act(hass, "media_player.select_source", PLAYER, source="wedding.ts")
    await act(hass, "media_player.media_play", PLAYER)
    await until(lambda: values(unit) == {"PAN": 200, "ZOOM": 3, "FOCU": 50})
    await snapshot(hass)
    await act(hass, "media_player.select_source", PLAYER, source="holiday-1998.ts")
    await act(hass, "crcp.move", NUMBERS[0], pan=20, zoom=1, focus=5)
    await act(hass, "switch.turn_off", AUTO)
    await until(lambda: values(unit) == {"PAN": 20, "ZOOM": 1, "FOCU": 5})
    await until(lambda: state(hass, NUMBERS[0]) == "20.0")
    await act(hass, "switch.turn_off", POWER)
    await act(hass, "scene.turn_on", "scene.evening")
    assert unit.powers == {0: True}
    assert (unit.decks[0].operation, unit.loaded(0)) == ("PLAY", "/wedding.ts")
    await until(lambda: values(unit) == {"PAN": 200, "ZOOM": 3, "FOCU": 50})
    assert unit.heads[0].status().parameters["IRIS"].automatic
    await until(lambda: state(hass, NUMBERS[1]) == "3.0")


async def test_a_scene_of_a_paused_tape_pauses_it(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio()
    await put(unit)
    await snapshot(hass)
    await act(hass, "media_player.media_play", PLAYER)
    await act(hass, "scene.turn_on", "scene.evening")
    assert unit.decks[0].operation == "PAUS"


async def test_a_scene_of_a_unit_that_was_off_switches_it_off(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.studio(powers={0: False})
    await put(unit)
    assert await async_setup_component(hass, "scene", {})
    await act(hass, "scene.create", scene_id="evening", snapshot_entities=[POWER, PLAYER])
    await act(hass, "switch.turn_on", POWER)
    await act(hass, "scene.turn_on", "scene.evening")
    assert unit.powers == {0: False}


@pytest.mark.parametrize("was_automatic", [True, False])
@pytest.mark.parametrize("is_automatic", [True, False])
async def test_a_scene_brings_automatic_control_back_in_any_order(
    hass: HomeAssistant, put: SetUp, was_automatic: bool, is_automatic: bool
) -> None:
    unit = scenes.studio()
    await put(unit)
    assert await async_setup_component(hass, "scene", {})

    async def choose(automatic: bool, value: int) -> None:
        await act(hass, "number.set_value", IRIS, value=value)
        await until(lambda: iris(unit) == (value, False))
        await until(lambda: state(hass, IRIS) == f"{value}.0")
        if automatic:
            await act(hass, "switch.turn_on", AUTO)

    await choose(was_automatic, 4)
    await act(hass, "scene.create", scene_id="evening", snapshot_entities=[IRIS, AUTO])
    await choose(is_automatic, 16)
    await act(hass, "scene.turn_on", "scene.evening")
    if was_automatic:
        await until(lambda: iris(unit)[1])
        assert (state(hass, AUTO), state(hass, IRIS)) == ("on", "unknown")
    else:
        await until(lambda: iris(unit) == (4, False))


@pytest.mark.parametrize("number_first", [True, False])
async def test_taking_control_does_not_stop_a_value_on_its_way(
    hass: HomeAssistant, put: SetUp, number_first: bool
) -> None:
    unit = scenes.studio()
    await put(unit)
    await act(hass, "number.set_value", IRIS, value=4)
    await until(lambda: iris(unit) == (4, False))
    await act(hass, "switch.turn_on", AUTO)
    set_it = partial(act, hass, "number.set_value", IRIS, value=16)
    take_it = partial(act, hass, "switch.turn_off", AUTO)
    for bring in (set_it, take_it) if number_first else (take_it, set_it):
        await bring()
    await until(lambda: iris(unit) == (16, False))
