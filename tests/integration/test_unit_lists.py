"""What a camera does not list for a while stays what it was: its names, its places in dashboards."""

from collections.abc import AsyncIterator

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.crcp import link as link_module
from tests.helpers import until
from tests.integration.scripted import ScriptedUnit
from tests.integration.units import act, add, state

PAN = "number.attic_camera_pan"
TILT = "number.attic_camera_tilt"
POWER = "switch.attic_power"
NONE = b"211-OK\r\n211 end\r\n"
SOME = b"211-OK\r\nPAN 0,10,359\r\n211 end\r\n"


@pytest.fixture
async def unit(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedUnit]:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.05,) * 6)
    unit = ScriptedUnit()
    await unit.start()
    await add(hass, unit)
    yield unit
    await unit.stop()


@pytest.mark.parametrize(
    ("told", "is_on"), [(NONE, False), (SOME, False), (NONE, True)], ids=["none", "some", "early"]
)
async def test_of_a_unit_that_comes_back_off_or_has_just_begun(
    hass: HomeAssistant, unit: ScriptedUnit, told: bytes, is_on: bool
) -> None:
    await unit.stop()
    await until(lambda: state(hass, POWER) == "unavailable")
    unit.is_on = is_on
    unit.answers["STAT CAMERA0"] = [told] * 100
    await unit.start()
    await until(lambda: state(hass, POWER) == ("on" if is_on else "off"))
    assert er.async_get(hass).async_get(TILT)
    unit.is_on = True
    unit.answers.clear()
    await act(hass, "switch.turn_on", POWER)
    await until(lambda: state(hass, TILT) == "10.0")


async def test_in_a_list_with_a_gap(hass: HomeAssistant, unit: ScriptedUnit) -> None:
    unit.answers["STAT CAMERA0"] = [SOME] * 100
    # What was commanded is read back.
    await act(hass, "number.set_value", PAN, value=20)
    await until(lambda: state(hass, TILT) == "unavailable")
    assert er.async_get(hass).async_get(TILT)
    unit.answers.clear()
    await act(hass, "number.set_value", PAN, value=30)
    await until(lambda: state(hass, TILT) == "10.0")
