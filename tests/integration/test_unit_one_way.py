"""A unit that only takes datagrams: everything assumed, everything signed, nothing asked."""

from collections.abc import Awaitable, Callable
from copy import deepcopy
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.protocols.crcp.datagrams import Verifier
from custom_components.crcp.protocols.crcp.messages import AUTO, Amount, Step
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.unit import DatagramRules, VirtualUnit
from tests.helpers import until
from tests.integration.units import act, add, attribute, state

POWER = "switch.attic_power"
PLAYER = "media_player.attic_tape"
PAN = "number.attic_camera_pan"


@pytest.fixture
async def unit(start: Callable[[VirtualUnit], Awaitable[None]]) -> VirtualUnit:
    rules = DatagramRules(Verifier({"ha": "secret"}))
    unit = scenes.signed(
        datagrams=rules, account=Account("ha", "secret"), decks=scenes.deck().decks
    )
    await start(unit)
    return unit


@pytest.fixture
async def one_way(hass: HomeAssistant, unit: VirtualUnit) -> MockConfigEntry:
    return await add(
        hass,
        unit,
        channel="udp",
        username="ha",
        password="secret",
        subunits=["POWER0", "TAPE0", "CAMERA0"],
        parameters=["pan", "zoom", "focus"],
    )


async def test_everything_is_assumed_and_nothing_is_asked(
    hass: HomeAssistant, unit: VirtualUnit, one_way: MockConfigEntry
) -> None:
    for entity in (POWER, PLAYER, PAN):
        assert attribute(hass, entity, "assumed_state") is True
    assert (state(hass, POWER), state(hass, PLAYER), state(hass, PAN)) == (
        "unknown",
        "idle",
        "unknown",
    )
    assert state(hass, "sensor.attic_tape_transport") == "unknown"
    await act(hass, "homeassistant.update_entity", PAN)
    assert unit.commands == []


async def test_power_is_what_it_was_told(
    hass: HomeAssistant, unit: VirtualUnit, one_way: MockConfigEntry
) -> None:
    await act(hass, "switch.turn_off", POWER)
    assert (state(hass, POWER), state(hass, PLAYER)) == ("off", "off")
    await until(lambda: unit.powers == {0: False})
    await act(hass, "media_player.turn_on", PLAYER)
    assert (state(hass, POWER), state(hass, PLAYER)) == ("on", "idle")
    await until(lambda: unit.powers == {0: True})


async def test_what_was_sent_to_it_does_not_prove_that_it_is_on(
    hass: HomeAssistant, unit: VirtualUnit, one_way: MockConfigEntry
) -> None:
    await act(hass, "switch.turn_off", POWER)
    await act(hass, "number.set_value", PAN, value=30)
    assert state(hass, POWER) == "off"


async def test_a_tape_does_what_it_is_told(
    hass: HomeAssistant, unit: VirtualUnit, one_way: MockConfigEntry
) -> None:
    await act(hass, "crcp.play", PLAYER, speed=2)
    assert state(hass, "sensor.attic_tape_transport") == "playing"
    await until(lambda: unit.decks[0].speed == 2)
    await act(hass, "button.press", "button.attic_tape_rewind")
    assert state(hass, "sensor.attic_tape_transport") == "rewind"
    await act(hass, "crcp.play", PLAYER, duration={"milliseconds": 50})
    await until(lambda: state(hass, PLAYER) == "paused")
    assert attribute(hass, PLAYER, "media_position") is None


async def test_a_place_on_a_tape_cannot_be_found_blindly(
    hass: HomeAssistant, unit: VirtualUnit, one_way: MockConfigEntry
) -> None:
    assert not attribute(hass, PLAYER, "supported_features") & 2
    with pytest.raises(HomeAssistantError, match="cannot be asked"):
        await act(hass, "crcp.go_to", PLAYER, position=3)


@pytest.mark.parametrize("value", [40, -30])
async def test_a_number_is_where_it_was_sent(
    hass: HomeAssistant, unit: VirtualUnit, one_way: MockConfigEntry, value: float
) -> None:
    await act(hass, "number.set_value", PAN, value=value)
    assert state(hass, PAN) == str(float(value))
    await until(lambda: unit.heads[0].status().parameters["PAN"].current == value)


async def test_steps_and_automatic_control_are_sent(
    hass: HomeAssistant, unit: VirtualUnit, one_way: MockConfigEntry
) -> None:
    await act(hass, "button.press", "button.attic_camera_zoom_in")
    await until(lambda: [c.argument for c in unit.commands if c.name == "ZOOM"] == [Step(1)])
    await act(hass, "crcp.move", PAN, pan=20, zoom=4, duration={"milliseconds": 50})
    stop = Amount(0, relative=True)
    await until(lambda: [c.argument for c in unit.commands if c.name == "PAN"][-1:] == [stop])
    assert AUTO not in [c.argument for c in unit.commands]


async def test_what_is_not_signed_rightly_does_nothing(
    hass: HomeAssistant, unit: VirtualUnit, one_way: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(one_way, data={**one_way.data, "password": "wrong"})
    await hass.config_entries.async_reload(one_way.entry_id)
    await act(hass, "switch.turn_off", POWER)
    assert state(hass, POWER) == "off"
    hass.config_entries.async_update_entry(one_way, data={**one_way.data, "password": "secret"})
    await hass.config_entries.async_reload(one_way.entry_id)
    await act(hass, "number.set_value", PAN, value=40)
    await until(lambda: unit.commands)
    assert unit.powers == {0: True}


async def test_nothing_that_must_not_come_twice_is_sent_unsigned(
    hass: HomeAssistant, start: Callable[[VirtualUnit], Awaitable[None]]
) -> None:
    unit = scenes.studio(datagrams=DatagramRules(unsigned=True))
    await start(unit)
    await add(hass, unit, channel="udp", subunits=["POWER0", "CAMERA0"], parameters=["pan", "zoom"])
    assert state(hass, "button.attic_camera_pan_right") == "gone"
    assert state(hass, "button.attic_camera_stop") != "gone"
    with pytest.raises(HomeAssistantError, match="Without a login"):
        await act(hass, "crcp.move", PAN, pan=10, relative=True)
    await act(hass, "number.set_value", PAN, value=10)
    await until(lambda: [each.argument for each in unit.commands] == [Amount(10)])


async def test_what_it_was_told_is_assumed_after_a_restart_too(
    hass: HomeAssistant, unit: VirtualUnit, one_way: MockConfigEntry
) -> None:
    await act(hass, "number.set_value", PAN, value=40)
    await act(hass, "media_player.media_play", PLAYER)
    for power, player in (("on", "playing"), ("off", "off")):
        await act(hass, f"switch.turn_{power}", POWER)
        await hass.config_entries.async_reload(one_way.entry_id)
        await hass.async_block_till_done()
        assert (state(hass, POWER), state(hass, PLAYER)) == (power, player)
        assert state(hass, PAN) == "40.0"
        assert attribute(hass, PAN, "assumed_state") is True


async def test_a_range_that_nobody_tells_is_that_of_its_unit_of_measure(
    hass: HomeAssistant, one_way: MockConfigEntry
) -> None:
    for name, *expected in (("pan", -360, 360, 0.1), ("zoom", 0, 100, 0.1)):
        number = f"number.attic_camera_{name}"
        assert [attribute(hass, number, each) for each in ("min", "max", "step")] == expected


@pytest.fixture
async def forth_and_back(
    hass: HomeAssistant,
    one_way: MockConfigEntry,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """A value was known, another one was written, and now it is what it was. Where it is stored."""
    key = f"crcp.unit_{one_way.entry_id}"
    await act(hass, "number.set_value", PAN, value=10)
    await hass.config_entries.async_reload(one_way.entry_id)
    await hass.async_block_till_done()
    monkeypatch.setattr("custom_components.crcp.memory.DELAY", 0.01)
    await act(hass, "number.set_value", PAN, value=50)
    await until(lambda: "50.0" in str(hass_storage[key]["data"]["cameras"]))
    monkeypatch.setattr("custom_components.crcp.memory.DELAY", 3600.0)
    await act(hass, "number.set_value", PAN, value=10)
    return key


async def test_what_was_said_last_is_remembered_and_not_what_was_written_last(
    hass: HomeAssistant, one_way: MockConfigEntry, forth_and_back: str
) -> None:
    await hass.config_entries.async_reload(one_way.entry_id)
    await hass.async_block_till_done()
    assert state(hass, PAN) == "10.0"


async def test_nothing_is_written_of_what_was_removed(
    hass: HomeAssistant,
    one_way: MockConfigEntry,
    forth_and_back: str,
    hass_storage: dict[str, Any],
) -> None:
    await hass.config_entries.async_remove(one_way.entry_id)
    await hass.async_block_till_done()
    assert forth_and_back not in hass_storage
    # Whatever is still to be written is written at the very end.
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert forth_and_back not in hass_storage


async def test_a_move_is_stopped_by_whoever_comes_after_a_power_cut(
    hass: HomeAssistant,
    unit: VirtualUnit,
    one_way: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    def stops() -> int:
        return sum(each.argument == Amount(0, relative=True) for each in unit.commands)

    key = f"crcp.unit_{one_way.entry_id}"
    await act(hass, "crcp.move", PAN, pan=30, duration={"seconds": 60})
    before = deepcopy(hass_storage[key])
    await hass.config_entries.async_unload(one_way.entry_id)
    await until(lambda: stops() == 1)
    hass_storage[key] = before
    await hass.config_entries.async_setup(one_way.entry_id)
    await until(lambda: stops() == 2)


async def test_what_was_taken_out_meanwhile_is_stopped_all_the_same(
    hass: HomeAssistant,
    unit: VirtualUnit,
    one_way: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    key = f"crcp.unit_{one_way.entry_id}"
    await act(hass, "crcp.play", PLAYER, duration={"hours": 1})
    await act(hass, "crcp.move", PAN, pan=10, duration={"hours": 1})
    before = deepcopy(hass_storage[key])
    await hass.config_entries.async_unload(one_way.entry_id)
    await until(lambda: {each.name for each in unit.commands[-2:]} == {"PAUS", "PAN"})
    hass_storage[key] = before
    data = {**one_way.data, "subunits": ["POWER0"]}
    hass.config_entries.async_update_entry(one_way, data=data)
    unit.commands.clear()
    assert await hass.config_entries.async_setup(one_way.entry_id)
    await until(lambda: {each.name for each in unit.commands} == {"PAUS", "PAN"})


async def test_a_recording_that_replaced_a_play_goes_on_after_a_power_cut(
    hass: HomeAssistant,
    unit: VirtualUnit,
    one_way: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    key = f"crcp.unit_{one_way.entry_id}"
    await act(hass, "switch.turn_on", "switch.attic_tape_recording_allowed")
    await act(hass, "crcp.play", PLAYER, duration={"hours": 1})
    await act(hass, "crcp.record", PLAYER)
    assert hass_storage[key]["data"]["owed"] == []
