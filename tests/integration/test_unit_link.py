"""The one seat at a unit: told when it is taken, given back, kept; and subunits that come and go."""

from collections.abc import Awaitable, Callable

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest

from custom_components.crcp import link as link_module, polling
from custom_components.crcp.const import DOMAIN
from custom_components.crcp.protocols.crcp.messages import Command, Subunit
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.deck import Deck
from custom_components.crcp.virtual.unit import VirtualUnit
from custom_components.crcp.virtual.unit_faults import FAULTS, NO_FAULT, Fault
from tests.helpers import until
from tests.integration.flows import discover
from tests.integration.units import SetUp, act, state

POWER = "switch.attic_power"
STAT = Command("STAT")


type Swap = Callable[[VirtualUnit, Fault], Awaitable[VirtualUnit]]


@pytest.fixture
def swap(start: Callable[[VirtualUnit], Awaitable[None]]) -> Swap:
    """Put another unit in the place of one."""

    async def swap_unit(unit: VirtualUnit, fault: Fault) -> VirtualUnit:
        port = unit.port
        await unit.stop()
        other = scenes.studio(port=port, fault=fault)
        await start(other)
        return other

    return swap_unit


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.05,) * 6)


async def test_a_unit_that_somebody_else_has_is_told_in_words(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.studio(fault=FAULTS["busy"])
    entry = await put(unit, works=False)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "in_use"
    assert "In use by another controller" in str(entry.error_reason_translation_placeholders)


async def test_a_unit_that_somebody_else_takes_is_a_repair_until_it_is_given_back(
    hass: HomeAssistant, put: SetUp, quick: None, swap: Swap, issue_registry: ir.IssueRegistry
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    other = await swap(unit, FAULTS["busy"])
    issue = (DOMAIN, f"unit_in_use_{entry.entry_id}")
    await until(lambda: issue in issue_registry.issues)
    assert state(hass, POWER) == "unavailable"
    await swap(other, NO_FAULT)
    await until(lambda: state(hass, POWER) == "on")
    await until(lambda: issue not in issue_registry.issues)


async def test_something_else_in_its_place_is_a_repair(
    hass: HomeAssistant, put: SetUp, quick: None, swap: Swap, issue_registry: ir.IssueRegistry
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    await swap(unit, FAULTS["ftp"])
    issue = (DOMAIN, f"unit_not_a_unit_{entry.entry_id}")
    await until(lambda: issue in issue_registry.issues)
    await hass.config_entries.async_unload(entry.entry_id)
    assert issue not in issue_registry.issues


@pytest.mark.parametrize("fault", ["garbled", "wrong-code", "half-closed", "reset", "ftp", "busy"])
async def test_a_unit_without_manners_is_away_and_comes_back(
    hass: HomeAssistant, put: SetUp, quick: None, swap: Swap, fault: str
) -> None:
    unit = scenes.studio()
    await put(unit)
    other = await swap(unit, FAULTS[fault])
    await until(lambda: state(hass, POWER) == "unavailable")
    await swap(other, NO_FAULT)
    await until(lambda: state(hass, POWER) == "on", within=20)


async def test_a_unit_that_announces_itself_is_connected_at_once(
    hass: HomeAssistant, put: SetUp, start: Callable[[VirtualUnit], Awaitable[None]]
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    entry.runtime_data._link._failures = 99  # the slow timer: a minute
    port = unit.port
    await unit.stop()
    await until(lambda: state(hass, POWER) == "unavailable")
    await start(scenes.studio(port=port))
    await discover(hass, "_crcp._tcp.local.", port, id=unit.unit_id)
    await until(lambda: state(hass, POWER) == "on", within=20)


async def test_one_connection_is_all_that_a_unit_sees(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio(shelf=None)
    entry = await put(unit)
    connection = unit._connection
    await act(hass, "switch.turn_off", POWER)
    await act(hass, "switch.turn_on", POWER)
    assert unit._connection is connection
    await hass.config_entries.async_unload(entry.entry_id)
    await until(lambda: unit._connection is None)
    assert unit.commands[-1].name == "QUIT"


async def test_what_rests_is_left_in_peace(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio(shelf=None)
    await put(unit)
    await until(lambda: unit._connection)
    del unit.commands[:]
    await act(hass, "media_player.media_play", "media_player.attic_tape")
    tape = Command("STAT", argument=Subunit("TAPE"))
    await until(lambda: unit.commands.count(tape) >= 3)
    # Whether the camera moves, its second reading has told.
    assert unit.commands.count(Command("STAT", argument=Subunit("CAMERA"))) <= 1
    assert Command("STAT", argument=Subunit("POWER")) not in unit.commands


async def test_what_is_off_is_asked_for_its_power_alone(
    hass: HomeAssistant, put: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(polling.RESTING, "POWER", 0.02)
    monkeypatch.setitem(polling.RESTING, "TAPE", 0.02)
    unit = scenes.studio(shelf=None)
    await put(unit)
    await act(hass, "switch.turn_off", POWER)
    asked = Command("STAT", argument=Subunit("POWER"))
    await until(lambda: unit.commands[-4:] == [asked] * 4)
    # A power that was switched on by hand is noticed.
    unit.powers[0] = True
    await until(lambda: state(hass, POWER) == "on")


async def test_subunits_come_and_go_without_a_reload(
    hass: HomeAssistant,
    put: SetUp,
    monkeypatch: pytest.MonkeyPatch,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
) -> None:
    monkeypatch.setitem(polling.RESTING, None, 0.05)
    unit = scenes.studio()
    entry = await put(unit)
    second = "media_player.attic_tape_2"

    for _ in range(2):
        unit.decks[2] = Deck(unit.clock)
        unit.refresh_subunits()
        await until(lambda: state(hass, second) == "paused")
        await act(hass, "media_player.media_play", second)
        assert unit.decks[2].operation == "PLAY"
        del unit.decks[2]
        unit.refresh_subunits()
        await until(lambda: entity_registry.async_get(second) is None)
        await hass.async_block_till_done()
        assert state(hass, second) == "gone"
        assert len(dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)) == 4
    assert state(hass, "media_player.attic_tape") == "paused"


async def test_what_comes_back_is_asked_at_once(
    hass: HomeAssistant, put: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(polling.RESTING, None, 0.05)
    # When it was due before it vanished, no test lives to see.
    monkeypatch.setitem(polling.RESTING, "CAMERA", 3600.0)
    unit = scenes.studio()
    await put(unit)
    camera = Command("STAT", argument=Subunit("CAMERA"))
    await until(lambda: unit.commands.count(camera) >= 2)
    head = unit.heads.pop(0)
    unit.refresh_subunits()
    await until(lambda: state(hass, "number.attic_camera_pan") in ("gone", "unavailable"))
    unit.heads[0] = head
    unit.refresh_subunits()
    await until(lambda: state(hass, "number.attic_camera_pan") == "170.0")


async def test_what_vanished_while_nobody_looked_is_removed(
    hass: HomeAssistant, put: SetUp, device_registry: dr.DeviceRegistry
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    await hass.config_entries.async_unload(entry.entry_id)
    unit.heads.clear()
    unit.refresh_subunits()
    await hass.config_entries.async_setup(entry.entry_id)
    assert len(dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)) == 3
