"""Reconfigured to datagrams, a unit can tell nothing any more: a person says what it has."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.protocols.crcp.errors import LinkError
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.unit import DatagramRules
from tests.helpers import until
from tests.integration.flows import answer, begin, give
from tests.integration.units import SetUp, act, state

LOGIN = {"username": "ha", "password": "secret", "plain": "unless_challenged"}


async def to_datagrams(hass: HomeAssistant, entry: MockConfigEntry, port: int | None) -> Any:
    form = await give(hass, await entry.start_reconfigure_flow(hass), port or 0, channel="udp")
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "reconfigure_one_way")
    return form


def suggested(form: Any) -> dict[str, Any]:
    """What a form has filled in."""
    hints = {str(key): (key.description or {}) for key in form["data_schema"].schema}
    return {
        key: each["suggested_value"] for key, each in hints.items() if "suggested_value" in each
    }


async def test_a_unit_that_is_to_take_datagrams_is_described_as_it_was_known(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.studio(datagrams=DatagramRules(unsigned=True))
    entry = await put(unit, greeting="Virtual unit ready")
    form = await to_datagrams(hass, entry, unit.udp_port)
    known = suggested(form)
    assert known["subunits"] == ["POWER0", "TAPE0", "CAMERA0"]
    assert {"pan", "tilt", "zoom"} <= set(known["parameters"])
    form = await answer(hass, form, **{**known, "subunits": ["VCR"]})
    assert form["errors"] == {"subunits": "not_a_subunit"}
    many = [f"CAMERA{number}" for number in range(33)]
    form = await answer(hass, form, **{**known, "subunits": many})
    assert form["errors"] == {"subunits": "too_many_subunits"}
    result = await answer(hass, form, **known)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    await act(hass, "number.set_value", "number.attic_camera_pan", value=40)
    await until(lambda: unit.heads[0].status().parameters["PAN"].current == 40)
    # And back: what answers tells by itself what it is.
    await give(hass, await entry.start_reconfigure_flow(hass), unit.port, channel="tcp")
    await hass.async_block_till_done()
    assert (entry.state, state(hass, "switch.attic_power")) == (ConfigEntryState.LOADED, "on")
    assert not {"subunits", "parameters", "channel"} & set(entry.data)


@pytest.mark.parametrize(("typed", "kept"), [({}, "secret"), ({"password": "new"}, "new")])
async def test_datagrams_are_signed_with_the_password_that_is_kept_or_typed(
    hass: HomeAssistant, put: SetUp, typed: dict[str, str], kept: str
) -> None:
    unit = scenes.studio(account=Account("ha", "secret"))
    entry = await put(unit, **LOGIN)
    form = await to_datagrams(hass, entry, unit.port)
    assert "secret" not in str(suggested(form))
    await answer(hass, form, **{**suggested(form), **typed})
    await hass.async_block_till_done()
    assert (entry.data["username"], entry.data["password"]) == ("ha", kept)


async def test_a_host_that_takes_no_datagrams_is_told_in_words(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_way(_data: Any) -> None:
        raise LinkError("no such host")

    monkeypatch.setattr("custom_components.crcp.flow_unit.open_one_way", no_way)
    flow = await give(hass, await begin(hass, "unit"), 27272, channel="udp")
    flow = await answer(hass, flow, subunits=["POWER0"])
    assert (flow["type"], flow["errors"]) == (FlowResultType.FORM, {"base": "cannot_connect"})
