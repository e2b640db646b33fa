"""Cameras of units in Home Assistant: sliders, steps, automatic control, moves that always end."""

import asyncio
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.crcp.protocols.crcp.messages import AUTO, Amount, Step, Subunit
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.units import SetUp, act, attribute, drop, state

CAMERA = Subunit("CAMERA")
PAN = "number.attic_camera_pan"
STOP = Amount(0, relative=True)


def sent(unit: VirtualUnit, name: str) -> list[Any]:
    return [each.argument for each in unit.commands if each.name == name]


def pan(unit: VirtualUnit) -> float | None:
    return unit.heads[0].status().parameters["PAN"].current


async def test_a_number_dragged_fifty_times_in_a_second_sends_a_handful(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.camera()
    await put(unit)
    calls = []
    for value in range(200, 250):
        calls.append(asyncio.create_task(act(hass, "number.set_value", PAN, value=value)))
        await asyncio.sleep(0.02)
        assert state(hass, PAN) == f"{value}.0"
    await asyncio.gather(*calls)
    assert sent(unit, "PAN")[-1] == Amount(249)
    assert len(sent(unit, "PAN")) <= 8
    await until(lambda: pan(unit) == 249)
    assert state(hass, PAN) == "249.0"


async def test_different_parameters_do_not_wait_for_each_other(
    hass: HomeAssistant, put: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever waited for another one would wait for an hour.
    monkeypatch.setattr("custom_components.crcp.moves.PACE", 3600.0)
    unit = scenes.camera()
    await put(unit)
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for name, value in (("pan", 10), ("tilt", 20), ("zoom", 3), ("iris", 5)):
            group.create_task(
                act(hass, "number.set_value", f"number.attic_camera_{name}", value=value)
            )


async def test_a_value_that_is_refused_is_not_shown(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    await put(unit)
    unit.powers[0] = False
    with pytest.raises(HomeAssistantError, match="503"):
        await act(hass, "number.set_value", PAN, value=20)
    assert state(hass, PAN) == "170.0"


async def test_a_range_below_zero_is_reached(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.signed()
    await put(unit)
    await act(hass, "number.set_value", PAN, value=-30)
    assert state(hass, PAN) == "-30.0"
    await until(lambda: pan(unit) == -30)


@pytest.mark.parametrize(
    ("button", "name", "step"),
    [
        ("pan_left", "PAN", -1),
        ("pan_right", "PAN", 1),
        ("tilt_up", "TILT", 1),
        ("tilt_down", "TILT", -1),
        ("zoom_in", "ZOOM", 1),
        ("zoom_out", "ZOOM", -1),
    ],
)
async def test_buttons_step(
    hass: HomeAssistant, put: SetUp, button: str, name: str, step: int
) -> None:
    unit = scenes.camera()
    await put(unit)
    await act(hass, "button.press", f"button.attic_camera_{button}")
    assert sent(unit, name) == [Step(step)]


async def test_automatic_control_is_switched_and_read_back(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    await put(unit)
    switch = "switch.attic_camera_automatic_focus"
    await act(hass, "switch.turn_on", switch)
    assert (sent(unit, "FOCU"), state(hass, switch)) == ([AUTO], "on")
    await act(hass, "switch.turn_off", switch)
    assert (sent(unit, "FOCU"), state(hass, switch)) == ([AUTO, STOP], "off")
    await act(hass, "switch.turn_on", switch)
    await act(hass, "number.set_value", "number.attic_camera_focus", value=50)
    assert state(hass, switch) == "off"


async def test_stop_stops_what_moves_and_leaves_the_automatic_alone(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.camera()
    await put(unit)
    await act(hass, "switch.turn_on", "switch.attic_camera_automatic_focus")
    await act(hass, "number.set_value", PAN, value=340)
    await act(hass, "button.press", "button.attic_camera_stop")
    stopped = pan(unit)
    assert sent(unit, "PAN") == [Amount(340), STOP]
    assert sent(unit, "FOCU") == [AUTO]
    assert sent(unit, "WHIT") == []
    await until(lambda: state(hass, PAN) == str(float(stopped or 0)))


async def test_several_parameters_move_at_once_in_the_order_of_the_camera(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.crane()
    await put(unit)
    await act(hass, "crcp.move", PAN, zoom=4, pan=100, depth=0.5, horizontal=2)
    moves = [each for each in unit.commands if each.subunit == CAMERA]
    assert [(each.name, each.argument) for each in moves] == [
        ("HORI", Amount(2)),
        ("DEPT", Amount(0.5)),
        ("PAN", Amount(100)),
        ("ZOOM", Amount(4)),
    ]


async def test_a_relative_move_takes_the_device_as_its_target(
    hass: HomeAssistant, put: SetUp, device_registry: dr.DeviceRegistry
) -> None:
    unit = scenes.camera()
    await put(unit)
    (device,) = [d for d in device_registry.child_devices if d.name == "Camera"]
    await act(hass, "crcp.move", device_id=device.id, pan=-20, zoom=1, relative=True)
    assert sent(unit, "PAN") == [Amount(-20, relative=True)]
    assert state(hass, PAN) == "150.0"
    await until(lambda: pan(unit) == 150)


async def test_a_move_with_a_duration_ends(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    await put(unit)
    await act(hass, "crcp.move", PAN, pan=340, tilt=0, duration={"milliseconds": 300})
    await until(lambda: STOP in sent(unit, "PAN") and STOP in sent(unit, "TILT"))
    assert 170 < (pan(unit) or 0) < 250
    await until(lambda: state(hass, PAN) == str(float(pan(unit) or 0)))


async def test_a_later_move_takes_the_place_of_an_ending(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    await put(unit)
    await act(hass, "crcp.move", PAN, pan=340, duration={"milliseconds": 300})
    await act(hass, "number.set_value", PAN, value=180)
    await until(lambda: pan(unit) == 180)
    asked = len(unit.commands)
    await until(lambda: len(unit.commands) > asked)
    assert STOP not in sent(unit, "PAN")


async def test_a_move_ends_when_the_entry_is_unloaded(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    entry = await put(unit)
    await act(hass, "crcp.move", PAN, pan=340, duration={"seconds": 60})
    await hass.config_entries.async_unload(entry.entry_id)
    assert sent(unit, "PAN") == [Amount(340), STOP]


async def test_a_move_ends_when_home_assistant_stops(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    await put(unit)
    await act(hass, "crcp.move", PAN, pan=340, duration={"seconds": 60})
    hass.bus.async_fire("homeassistant_stop")
    await until(lambda: STOP in sent(unit, "PAN"))


async def test_a_move_ends_after_a_lost_connection(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    await put(unit)
    await act(hass, "crcp.move", PAN, pan=340, duration={"milliseconds": 100})
    drop(unit)
    await until(lambda: STOP in sent(unit, "PAN"))


async def test_a_move_that_fails_half_way_ends_too(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    await put(unit)
    del unit.heads[0]._drives["TILT"]
    with pytest.raises(HomeAssistantError, match="502"):
        await act(hass, "crcp.move", PAN, pan=340, tilt=1, duration={"milliseconds": 100})
    await until(lambda: sent(unit, "PAN") == [Amount(340), STOP])


async def test_a_move_needs_values_for_what_the_camera_has(hass: HomeAssistant, put: SetUp) -> None:
    await put(scenes.camera())
    with pytest.raises(ServiceValidationError, match="no parameter roll"):
        await act(hass, "crcp.move", PAN, pan=340, roll=1)
    with pytest.raises(ServiceValidationError, match="at least one"):
        await act(hass, "crcp.move", PAN)


async def test_a_move_is_for_cameras_of_units(hass: HomeAssistant, put: SetUp) -> None:
    entry = await put(scenes.studio())
    with pytest.raises(ServiceValidationError, match="Choose the camera"):
        await act(hass, "crcp.move", "media_player.attic_tape", pan=3)
    assert await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError, match="Attic is not set up"):
        await act(hass, "crcp.move", PAN, pan=3)


# -- presets -----------------------------------------------------------------------------------


async def save(hass: HomeAssistant, name: str) -> None:
    await act(hass, "crcp.save_preset", PAN, name=name)
    await hass.async_block_till_done()


async def test_a_preset_becomes_a_scene_that_brings_the_camera_back(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.crane()
    entry = await put(unit)
    await save(hass, "Door <b>")
    assert state(hass, "scene.attic_camera_door_b") == "unknown"
    await act(hass, "crcp.move", PAN, zoom=5, pan=100, horizontal=3)
    await until(lambda: pan(unit) == 100)
    await hass.config_entries.async_reload(entry.entry_id)
    del unit.commands[:]
    await act(hass, "scene.turn_on", "scene.attic_camera_door_b")
    moves = [each.name for each in unit.commands if each.subunit == CAMERA]
    assert moves == ["HORI", "DEPT", "PAN", "TILT", "ZOOM"]
    assert state(hass, PAN) == "90.0"
    await until(lambda: pan(unit) == 90)


async def test_a_preset_keeps_what_is_automatic_automatic(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.camera()
    await put(unit)
    await act(hass, "switch.turn_on", "switch.attic_camera_automatic_focus")
    await save(hass, "Door")
    await act(hass, "number.set_value", "number.attic_camera_focus", value=3)
    await act(hass, "crcp.recall_preset", PAN, name="door")
    assert sent(unit, "FOCU")[-1] is AUTO
    assert state(hass, "switch.attic_camera_automatic_focus") == "on"


async def test_presets_are_renamed_replaced_and_deleted(hass: HomeAssistant, put: SetUp) -> None:
    await put(scenes.camera())
    await save(hass, "Door")
    await save(hass, "Gate")
    await save(hass, "door")
    assert len(hass.states.async_entity_ids("scene")) == 2
    with pytest.raises(ServiceValidationError, match="already"):
        await act(hass, "crcp.rename_preset", PAN, name="Door", new_name="gate")
    await act(hass, "crcp.rename_preset", PAN, name="Door", new_name="Garden")
    await hass.async_block_till_done()
    names = {
        attribute(hass, each, "friendly_name") for each in hass.states.async_entity_ids("scene")
    }
    assert names == {"Camera Garden", "Camera Gate"}
    await act(hass, "crcp.delete_preset", PAN, name="Garden")
    await hass.async_block_till_done()
    assert len(hass.states.async_entity_ids("scene")) == 1
    for action in ("recall_preset", "delete_preset"):
        with pytest.raises(ServiceValidationError, match="no preset called Garden"):
            await act(hass, f"crcp.{action}", PAN, name="Garden")


async def test_a_preset_is_found_by_the_name_that_it_was_given(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.camera()
    await put(unit)
    await save(hass, "<b>Door</b>")
    del unit.commands[:]
    await act(hass, "crcp.recall_preset", PAN, name="<b>Door</b>")
    assert sent(unit, "PAN") == [Amount(170)]


async def test_a_value_is_a_number(hass: HomeAssistant, put: SetUp) -> None:
    await put(scenes.camera())
    with pytest.raises(ServiceValidationError, match="not a number"):
        await act(hass, "number.set_value", PAN, value="nan")


async def test_there_is_an_end_to_presets(
    hass: HomeAssistant, put: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.crcp.presets.MAX_PRESETS", 1)
    await put(scenes.camera())
    await save(hass, "Door")
    with pytest.raises(ServiceValidationError, match="too many"):
        await save(hass, "Gate")
