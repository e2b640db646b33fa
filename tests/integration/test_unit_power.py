"""POWER in Home Assistant: read back where the unit can, assumed where it cannot, off when off."""

import logging

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest

from custom_components.crcp import link as link_module
from custom_components.crcp.virtual import scenes
from tests.helpers import until
from tests.integration.units import SetUp, act, attribute, drop, state

POWER = "switch.attic_power"
PLAYER = "media_player.attic_tape"
PAN = "number.attic_camera_pan"


async def test_what_the_unit_tells_is_not_assumed(hass: HomeAssistant, put: SetUp) -> None:
    await put(scenes.studio())
    assert (state(hass, POWER), attribute(hass, POWER, "assumed_state")) == ("on", None)


async def test_what_the_unit_does_not_tell_is_assumed(
    hass: HomeAssistant, put: SetUp, untold: None
) -> None:
    unit = scenes.studio()
    await put(unit)
    assert (state(hass, POWER), attribute(hass, POWER, "assumed_state")) == ("unknown", True)
    await act(hass, "number.set_value", PAN, value=100)
    assert state(hass, POWER) == "on"
    await act(hass, "switch.turn_off", POWER)
    assert (state(hass, POWER), unit.powers) == ("off", {0: False})
    await act(hass, "switch.turn_on", POWER)
    assert (state(hass, POWER), state(hass, PLAYER)) == ("on", "paused")


async def test_off_survives_a_lost_connection_and_is_no_news(
    hass: HomeAssistant, put: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    unit = scenes.studio()
    await put(unit)
    await act(hass, "switch.turn_off", POWER)
    caplog.clear()
    port = unit.port
    await unit.stop()
    await until(lambda: state(hass, PLAYER) == "unavailable")
    assert (state(hass, POWER), state(hass, PAN)) == ("off", "unavailable")
    assert [each for each in caplog.records if each.levelno > logging.DEBUG] == []
    unit._host._wanted_port = port
    await unit.start()
    await until(lambda: state(hass, PLAYER) == "off")
    await act(hass, "switch.turn_on", POWER)
    assert (state(hass, POWER), state(hass, PLAYER)) == ("on", "paused")


async def test_switching_on_waits_for_the_connection_to_come_back(
    hass: HomeAssistant, put: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = scenes.studio()
    await put(unit)
    await act(hass, "switch.turn_off", POWER)
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (3600.0,))
    drop(unit)
    await until(lambda: state(hass, PLAYER) == "unavailable")
    await act(hass, "switch.turn_on", POWER)
    assert unit.powers == {0: True}
    assert state(hass, POWER) == "on"


async def test_switching_on_what_does_not_come_back_is_told(
    hass: HomeAssistant, put: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.crcp.coordinator.COMING_BACK", 0.1)
    unit = scenes.studio()
    await put(unit)
    await act(hass, "switch.turn_off", POWER)
    await unit.stop()
    await until(lambda: state(hass, PLAYER) == "unavailable")
    with pytest.raises(HomeAssistantError, match="not connected"):
        await act(hass, "switch.turn_on", POWER)
    assert state(hass, POWER) == "off"


async def test_a_loss_is_told_once_and_so_is_the_return(
    hass: HomeAssistant,
    put: SetUp,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.05,))
    unit = scenes.studio()
    await put(unit)
    caplog.clear()
    port = unit.port
    await unit.stop()
    await until(lambda: state(hass, POWER) == "unavailable")
    await until(lambda: len([r for r in caplog.records if "cannot connect" in r.message]) >= 3)
    unit._host._wanted_port = port
    await unit.start()
    await until(lambda: state(hass, POWER) == "on")
    told = [each.message for each in caplog.records if each.levelno > logging.DEBUG]
    ours = [each for each in told if each.startswith("Attic")]
    assert len(ours) == 2, told
    assert "no longer connected" in ours[0]
    assert "connected again" in ours[1]


async def test_each_power_feeds_its_own(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.rack()
    await put(unit)
    await act(hass, "switch.turn_off", "switch.attic_power_2")
    assert state(hass, "media_player.attic_tape_2") == "off"
    assert state(hass, PLAYER) == "paused"
    await act(hass, "media_player.turn_on", "media_player.attic_tape_2")
    assert unit.powers == {0: True, 2: True}


async def test_a_unit_without_power_has_no_switch_for_it(hass: HomeAssistant, put: SetUp) -> None:
    await put(scenes.bare())
    assert state(hass, POWER) == "gone"
    assert not attribute(hass, PLAYER, "supported_features") & 128
