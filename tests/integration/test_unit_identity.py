"""A unit stays itself: whatever its address or its announced id, what was named keeps its name."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.flows import answer, begin, discover, give
from tests.integration.units import SetUp, act, add, drop, state

CRCP = "_crcp._tcp.local."
LOGIN = {"username": "ha", "password": "secret", "plain": "unless_challenged"}

type StartUnit = Callable[[VirtualUnit], Awaitable[None]]


async def added(hass: HomeAssistant, unit: VirtualUnit) -> ConfigEntry[Any]:
    """A unit added by its address, with a preset and a slider that its owner has renamed."""
    entry: ConfigEntry[Any] = (await give(hass, await begin(hass, "unit"), unit.port))["result"]
    await hass.async_block_till_done()
    await act(hass, "crcp.save_preset", "number.attic_camera_pan", name="door")
    er.async_get(hass).async_update_entity("number.attic_camera_pan", new_entity_id="number.my_pan")
    await hass.async_block_till_done()
    return entry


def inventory(hass: HomeAssistant, entry: ConfigEntry[Any]) -> set[tuple[str, ...]]:
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    devices = dr.async_get(hass)
    children = dr.async_child_entries_for_config_entry(devices, entry.entry_id)
    units = dr.async_entries_for_config_entry(devices, entry.entry_id)
    return {
        *((each.entity_id, each.unique_id) for each in entities),
        *((each.id,) for each in (*units, *children)),
    }


@pytest.mark.parametrize("reload", [False, True])
async def test_an_announcement_takes_no_entity_away(
    hass: HomeAssistant, start: StartUnit, reload: bool
) -> None:
    unit = scenes.studio(name="Attic", unit_id="attic-1")
    await start(unit)
    entry = await added(hass, unit)
    before = inventory(hass, entry)
    await discover(hass, CRCP, unit.port, id="attic-1")
    await act(hass, "number.set_value", "number.my_pan", value=170)
    await hass.async_block_till_done()
    if reload:
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
    assert inventory(hass, entry) == before
    assert state(hass, "scene.attic_camera_door") != "gone"
    assert state(hass, "number.my_pan") == "170.0"


async def test_an_entry_from_before_keeps_its_entities(
    hass: HomeAssistant, start: StartUnit
) -> None:
    unit = scenes.studio(unit_id="attic-1")
    await start(unit)
    entry = await add(hass, unit)
    before = inventory(hass, entry)
    hass.config_entries.async_update_entry(entry, unique_id="crcp:another")
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert inventory(hass, entry) == before


async def test_another_address_makes_no_second_set_of_entities(
    hass: HomeAssistant, start: StartUnit
) -> None:
    old, new = scenes.studio(name="Attic"), scenes.studio(name="Attic")
    await start(old)
    await start(new)
    entry = await added(hass, old)
    before = inventory(hass, entry)
    flow = await hass.config_entries.flow.async_init(
        "crcp", context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    await give(hass, flow, new.port)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert inventory(hass, entry) == before
    # What is at the old address now is another unit, with entities of its own.
    other = (await give(hass, await begin(hass, "unit"), old.port))["result"]
    await hass.async_block_till_done()
    assert other.state is ConfigEntryState.LOADED
    assert inventory(hass, entry) == before
    assert inventory(hass, other).isdisjoint(before)


async def test_asking_for_a_unit_that_is_there_leaves_its_seat_alone(
    hass: HomeAssistant, start: StartUnit
) -> None:
    unit = scenes.studio()
    await start(unit)
    await give(hass, await begin(hass, "unit"), unit.port)
    await hass.async_block_till_done()
    connection = unit._connection
    result = await answer(hass, await begin(hass, "unit"), host="localhost", port=unit.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert unit._connection is connection


async def test_a_mistyped_password_can_be_typed_again(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio(account=Account("ha", "secret"))
    unit.penalty = 0
    await put(unit, **LOGIN)
    unit.account = Account("ha", "new")
    drop(unit)
    await until(hass.config_entries.flow.async_progress)
    (flow,) = hass.config_entries.flow.async_progress()
    form = await answer(hass, flow, **{**LOGIN, "password": "mew"})
    await hass.async_block_till_done()
    assert form["errors"] == {"base": "not_authorised"}
    result = await answer(hass, flow, **{**LOGIN, "password": "new"})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert state(hass, "switch.attic_power") == "on"
