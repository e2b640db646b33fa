"""A unit that is off when Home Assistant starts is off, and still the unit that it was."""

from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest

from custom_components.crcp import link as link_module
from custom_components.crcp.const import DOMAIN
from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.client.timeouts import Timeouts
from custom_components.crcp.protocols.crcp.errors import LinkError
from custom_components.crcp.protocols.crcp.messages import Subunit
from custom_components.crcp.tapes import UNKNOWN
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.head import STUDIO_AXES, Head
from custom_components.crcp.virtual.unit import VirtualUnit
from custom_components.crcp.virtual.unit_faults import FAULTS
from tests.helpers import until
from tests.integration.units import SetUp, act, attribute, entry_for, state

POWER = "switch.attic_power"
PLAYER = "media_player.attic_tape"
PAN = "number.attic_camera_pan"
FOCUS = "number.attic_camera_focus"
GUARD = "switch.attic_tape_recording_allowed"

type StartUnit = Callable[[VirtualUnit], Awaitable[None]]


def key_of(entry: ConfigEntry[Any]) -> str:
    """Where the memory of a unit is stored."""
    return f"crcp.unit_{entry.entry_id}"


def inventory(hass: HomeAssistant, entry: ConfigEntry[Any]) -> set[str]:
    """Every device, and every entity that is alive."""
    devices = dr.async_child_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    alive = [each.entity_id for each in entities if not each.disabled_by]
    for entity_id in alive:
        assert attribute(hass, entity_id, "restored") is None, entity_id
    return {*(each.id for each in devices), *alive}


async def restart_without(hass: HomeAssistant, entry: ConfigEntry[Any], unit: VirtualUnit) -> int:
    """Set an entry up again while its unit is away; returns the unit's port."""
    port = unit.port
    await hass.config_entries.async_unload(entry.entry_id)
    await unit.stop()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return port


async def test_what_was_off_is_off_after_a_restart_and_can_be_switched_on(
    hass: HomeAssistant, put: SetUp, start: StartUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (3600.0,))
    unit = scenes.studio()
    entry = await put(unit)
    before = inventory(hass, entry)
    await act(hass, "switch.turn_off", POWER)
    port = await restart_without(hass, entry, unit)
    assert entry.state is ConfigEntryState.LOADED
    assert (state(hass, POWER), state(hass, PLAYER), state(hass, PAN)) == (
        "off",
        "unavailable",
        "unavailable",
    )
    assert inventory(hass, entry) == before
    await start(scenes.studio(port=port, powers={0: False}))
    await act(hass, "switch.turn_on", POWER)
    assert (state(hass, POWER), state(hass, PLAYER)) == ("on", "paused")
    await until(lambda: state(hass, PAN) == "170.0")


async def test_what_is_away_at_a_restart_comes_back_by_itself(
    hass: HomeAssistant, put: SetUp, start: StartUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.05,) * 6)
    unit = scenes.studio()
    entry = await put(unit)
    before = inventory(hass, entry)
    port = await restart_without(hass, entry, unit)
    assert entry.state is ConfigEntryState.LOADED
    assert (state(hass, POWER), state(hass, PLAYER)) == ("unavailable", "unavailable")
    assert inventory(hass, entry) == before
    await start(scenes.studio(port=port))
    await until(lambda: state(hass, POWER) == "on")
    await until(lambda: "holiday-1998.ts" in (attribute(hass, PLAYER, "source_list") or ()))
    assert inventory(hass, entry) == before


@pytest.mark.parametrize("fault", ["silent", "mute", "reset", "busy"])
async def test_what_takes_a_connection_and_says_nothing_may_be_off_too(
    hass: HomeAssistant,
    put: SetUp,
    start: StartUnit,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.05,) * 6)
    hasty = partial(Controller.connect, timeouts=Timeouts(greeting=0.3, reply=0.5))
    unit = scenes.studio()
    entry = await put(unit)
    before = inventory(hass, entry)
    await act(hass, "switch.turn_off", POWER)
    await hass.config_entries.async_unload(entry.entry_id)
    port = unit.port
    await unit.stop()
    # A serial server before it, or a unit that hangs, or one that has just begun.
    wall = scenes.studio(port=port, fault=FAULTS[fault])
    await start(wall)
    with monkeypatch.context() as patch:
        patch.setattr("custom_components.crcp.dial.Controller.connect", hasty)
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    assert (entry.state, state(hass, POWER)) == (ConfigEntryState.LOADED, "off")
    assert inventory(hass, entry) == before
    await wall.stop()
    await start(scenes.studio(port=port))
    await until(lambda: state(hass, POWER) == "on")


async def test_a_unit_that_somebody_has_at_the_start_is_a_repair_at_once(
    hass: HomeAssistant,
    put: SetUp,
    start: StartUnit,
    monkeypatch: pytest.MonkeyPatch,
    issue_registry: ir.IssueRegistry,
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (3600.0,))
    unit = scenes.studio()
    entry = await put(unit)
    port = unit.port
    await hass.config_entries.async_unload(entry.entry_id)
    await unit.stop()
    await start(scenes.studio(port=port, fault=FAULTS["busy"]))
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert (DOMAIN, f"unit_in_use_{entry.entry_id}") in issue_registry.issues


async def test_what_is_off_and_does_not_tell_is_what_it_was(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    before = inventory(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    unit.powers[0], unit.tells_while_off = False, False
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert inventory(hass, entry) == before
    # Where the camera stands now, nobody knows; how far it can go, it told.
    assert (state(hass, POWER), state(hass, PAN)) == ("off", "unknown")
    assert (attribute(hass, PAN, "min"), attribute(hass, PAN, "max")) == (0, 340)


@pytest.mark.usefixtures("untold")
async def test_a_power_that_is_not_told_is_assumed_after_a_restart_too(
    hass: HomeAssistant, put: SetUp
) -> None:
    entry = await put(scenes.studio())
    await act(hass, "switch.turn_off", POWER)
    await hass.config_entries.async_reload(entry.entry_id)
    assert (state(hass, POWER), attribute(hass, POWER, "assumed_state")) == ("off", True)


async def test_what_was_never_there_is_tried_again(hass: HomeAssistant, start: StartUnit) -> None:
    unit = scenes.studio()
    await start(unit)
    entry = entry_for(unit)
    entry.add_to_hass(hass)
    await unit.stop()
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY


DAMAGE = {
    ("names", "TAPE0"): 7,
    ("speeds", "TAPE0"): "fast",
    ("subunits", "POWER0"): None,
    ("subunits", ""): "POWER0",
    ("power", "POWER0"): "maybe",
    ("automatic",): [["CAMERA0"]],
    ("tapes", "TAPE0", "operation"): 5,
    ("tapes", "TAPE0", "abilities", "PLAY", "speed", "minimum"): "a",
    ("cameras", "CAMERA0", 0, "name"): "NOSUCH",
    ("cameras", "CAMERA0", 0, "minimum"): "x",
    ("cameras", "CAMERA0", 0, "decimals"): "two",
}


@pytest.mark.parametrize("path", DAMAGE, ids=lambda path: ".".join(map(str, path)))
async def test_of_a_damaged_memory_nothing_is_taken(
    hass: HomeAssistant, put: SetUp, hass_storage: dict[str, Any], path: tuple[Any, ...]
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    await hass.config_entries.async_unload(entry.entry_id)
    await unit.stop()
    *way, last = path
    here = hass_storage[key_of(entry)]["data"]
    for key in way:
        here = here[key]
    here[last] = DAMAGE[path]
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "cannot_connect"


@pytest.mark.parametrize("version", [0, 2])
async def test_the_memory_of_another_version_stops_nobody(
    hass: HomeAssistant, put: SetUp, hass_storage: dict[str, Any], version: int
) -> None:
    entry = await put(scenes.studio())
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[key_of(entry)]["version"] = version
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert (entry.state, state(hass, POWER)) == (ConfigEntryState.LOADED, "on")
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[key_of(entry)]["version"] == 1


@pytest.mark.parametrize("stored", [{}, [], {"tapes": {"TAPE0": 5}}, {"tapes": {"": {}}}])
async def test_a_memory_that_makes_no_sense_is_none(
    hass: HomeAssistant, put: SetUp, hass_storage: dict[str, Any], stored: Any
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[key_of(entry)]["data"] = stored
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert (entry.state, state(hass, POWER)) == (ConfigEntryState.LOADED, "on")


async def test_something_else_at_its_address_is_no_silence(
    hass: HomeAssistant, put: SetUp, start: StartUnit
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    port = unit.port
    await hass.config_entries.async_unload(entry.entry_id)
    await unit.stop()
    await start(scenes.studio(port=port, fault=FAULTS["ftp"]))
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "not_a_unit"


async def test_the_memory_is_written_without_a_good_end_and_removed_with_its_entry(
    hass: HomeAssistant,
    put: SetUp,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("custom_components.crcp.memory.DELAY", 0.01)
    entry = await put(scenes.studio())
    await until(lambda: key_of(entry) in hass_storage)
    stored = hass_storage[key_of(entry)]["data"]
    assert "POWER0" in stored["subunits"]
    assert "127.0.0.1" not in str(stored)
    # What a tape does it will tell; without a word of it, nobody knows.
    assert stored["tapes"]["TAPE0"]["operation"] == UNKNOWN
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert key_of(entry) not in hass_storage


async def test_a_unit_that_falls_silent_for_ever_is_told_once(
    hass: HomeAssistant, put: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    caplog.clear()
    await restart_without(hass, entry, unit)
    told = [
        each.message for each in caplog.records if each.message.startswith("Attic is no longer")
    ]
    assert len(told) == 1
    assert LinkError.__name__ not in told[0]


async def test_how_a_tape_is_to_play_and_what_is_automatic_outlast_a_restart(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    focus = (Subunit("CAMERA", 0), "FOCU")
    entry.runtime_data.known.tape(Subunit("TAPE", 0)).chosen_speed = 0.5
    entry.runtime_data.known.targets.automatic.add(focus)
    await restart_without(hass, entry, unit)
    known = entry.runtime_data.known
    assert known.tape(Subunit("TAPE", 0)).chosen_speed == 0.5
    assert known.targets.automatic == {focus}


async def test_what_a_camera_has_no_more_goes_when_it_comes_back(
    hass: HomeAssistant, put: SetUp, start: StartUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.05,) * 6)
    unit = scenes.studio()
    entry = await put(unit)
    before = inventory(hass, entry)
    port = await restart_without(hass, entry, unit)
    # Nobody knows that it will be another: it is as it was, and what is ours can be set.
    assert inventory(hass, entry) == before
    assert (state(hass, FOCUS), state(hass, GUARD)) == ("unavailable", "off")
    other = scenes.studio(port=port)
    whole = other.heads[0]
    other.heads[0] = Head(monotonic, [each for each in STUDIO_AXES if each.name != "FOCU"])
    await start(other)
    await until(lambda: state(hass, FOCUS) == "gone")
    gone = before - inventory(hass, entry)
    assert gone
    assert all("focus" in each for each in gone)
    await other.stop()
    await until(lambda: state(hass, PAN) == "unavailable")
    other.heads[0] = whole
    await start(other)
    await until(lambda: state(hass, FOCUS) not in ("gone", "unavailable"))
    assert inventory(hass, entry) == before
