"""A unit in Home Assistant: its devices, its entities, and what actions do to the real thing."""

from typing import Any

from homeassistant.components.media_player import MediaPlayerState
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.protocols.crcp.messages import Amount, Command, Motion, Subunit
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.units import add

SWITCH = "switch.attic_deck_power"
PLAYER = "media_player.attic_deck_tape"
PAN = "number.attic_deck_camera_pan"
TAPE, CAMERA = Subunit("TAPE"), Subunit("CAMERA")


async def act(hass: HomeAssistant, action: str, entity_id: str, **data: Any) -> None:
    domain, service = action.split(".")
    await hass.services.async_call(domain, service, {"entity_id": entity_id, **data}, blocking=True)


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found
    return found.state


async def test_each_subunit_is_a_child_device(
    hass: HomeAssistant, unit_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    (unit,) = dr.async_entries_for_config_entry(device_registry, unit_entry.entry_id)
    assert unit.name == "Attic deck"
    children = {device.name: device.parent_device_id for device in device_registry.child_devices}
    assert children == dict.fromkeys(("Power", "Tape", "Camera"), unit.id)


async def test_every_subunit_becomes_an_entity(
    hass: HomeAssistant, unit_entry: MockConfigEntry
) -> None:
    states = {each.entity_id: each.state for each in hass.states.async_all()}
    assert len(states) <= 40
    assert (
        states.items()
        >= {
            SWITCH: STATE_ON,
            PLAYER: MediaPlayerState.PAUSED,
            "sensor.attic_deck_tape_transport": "paused",
            "button.attic_deck_camera_pan_left": STATE_UNKNOWN,
            "button.attic_deck_tape_record": STATE_UNKNOWN,
            "number.attic_deck_tape_play_speed": "1.0",
            "switch.attic_deck_tape_recording_allowed": STATE_OFF,
            "switch.attic_deck_camera_automatic_focus": STATE_OFF,
            PAN: "170.0",
            "number.attic_deck_camera_tilt": "90.0",
            "number.attic_deck_camera_zoom": "1.0",
            "number.attic_deck_camera_focus": "35.5",
            "number.attic_deck_camera_iris": "4.0",
            "number.attic_deck_camera_white_balance": "4600.0",
        }.items()
    )


async def test_the_power_switch_switches_and_reads_back(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    await act(hass, "switch.turn_off", SWITCH)
    assert unit.powers == {0: False}
    assert (state(hass, SWITCH), state(hass, PLAYER)) == (STATE_OFF, MediaPlayerState.OFF)
    await act(hass, "media_player.turn_on", PLAYER)
    assert (state(hass, SWITCH), state(hass, PLAYER)) == (STATE_ON, MediaPlayerState.PAUSED)


async def test_the_tape_plays_pauses_and_stops(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    await act(hass, "media_player.media_play", PLAYER)
    assert unit.decks[0].operation == "PLAY"
    assert state(hass, PLAYER) == MediaPlayerState.PLAYING
    await act(hass, "media_player.media_pause", PLAYER)
    assert state(hass, PLAYER) == MediaPlayerState.PAUSED
    await act(hass, "media_player.media_play", PLAYER)
    await act(hass, "media_player.media_stop", PLAYER)
    assert unit.decks[0].operation == "PAUS"


async def test_seeking_winds_there_and_plays_on(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    await act(hass, "media_player.media_play", PLAYER)
    await act(hass, "media_player.media_seek", PLAYER, seek_position=8)
    assert Command("FF", TAPE, Motion(16, Amount(8))) in unit.commands
    await until(lambda: unit.decks[0].operation == "PLAY")
    assert unit.decks[0].position >= 8


async def test_a_number_moves_the_camera_in_its_own_range(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    attributes = hass.states.get(PAN).attributes
    assert (attributes["min"], attributes["max"], attributes["step"]) == (0, 340, 1)
    await act(hass, "number.set_value", PAN, value=175)
    assert Command("PAN", CAMERA, Amount(175)) in unit.commands
    await until(lambda: state(hass, PAN) == "175.0")


async def test_parameters_appear_when_a_unit_that_was_off_tells_them(
    hass: HomeAssistant, unit: VirtualUnit
) -> None:
    unit.powers[0], unit.tells_while_off = False, False
    await add(hass, unit)
    pan = "number.attic_camera_pan"
    assert (state(hass, "switch.attic_power"), hass.states.get(pan)) == (STATE_OFF, None)
    await act(hass, "switch.turn_on", "switch.attic_power")
    await until(lambda: hass.states.get(pan) and state(hass, pan) == "170.0")


async def test_white_balance_is_in_kelvin_and_steps_are_as_fine_as_the_unit_tells(
    hass: HomeAssistant, unit_entry: MockConfigEntry
) -> None:
    white = hass.states.get("number.attic_deck_camera_white_balance").attributes
    assert white["unit_of_measurement"] == "K"
    assert hass.states.get("number.attic_deck_camera_focus").attributes["step"] == 0.1


async def test_a_playing_tape_is_counted_on_without_a_word(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    await act(hass, "media_player.media_play", PLAYER)
    first = hass.states.get(PLAYER).attributes
    asked = len(unit.commands)
    await until(lambda: len(unit.commands) >= asked + 2)
    now = hass.states.get(PLAYER).attributes
    assert now["media_position_updated_at"] == first["media_position_updated_at"]
    assert now["media_duration"] == 5400
    elapsed = (dt_util.utcnow() - now["media_position_updated_at"]).total_seconds()
    assert abs(now["media_position"] + elapsed - unit.decks[0].position) < 1


@pytest.mark.parametrize(("speed", "transport"), [(-2, "reverse"), (2, "playing")])
async def test_a_tape_at_another_speed_is_told_with_each_reading(
    hass: HomeAssistant,
    unit: VirtualUnit,
    unit_entry: MockConfigEntry,
    speed: float,
    transport: str,
) -> None:
    unit.decks[0].wind(Motion(16))
    await until(lambda: unit.decks[0].position > 10)
    await act(hass, "crcp.play", PLAYER, speed=speed)
    assert state(hass, "sensor.attic_deck_tape_transport") == transport
    for _ in range(2):
        before = hass.states.get(PLAYER)
        await until(lambda before=before: hass.states.get(PLAYER) is not before)
        shown = hass.states.get(PLAYER).attributes["media_position"]
        assert abs(shown - unit.decks[0].position) < 2


async def test_seeking_back_winds_backwards(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    unit.decks[0].wind(Motion(16))
    await until(lambda: unit.decks[0].position > 3)
    await act(hass, "media_player.media_seek", PLAYER, seek_position=1)
    assert Command("FF", TAPE, Motion(-16, Amount(1))) in unit.commands


async def test_a_unit_that_is_off_refuses_in_words(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    unit.powers[0] = False
    with pytest.raises(HomeAssistantError, match="503 Unit is off"):
        await act(hass, "number.set_value", PAN, value=175)


async def test_a_lost_unit_is_unavailable_and_comes_back(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    port = unit.port
    await unit.stop()
    await until(lambda: state(hass, PLAYER) == STATE_UNAVAILABLE)
    again = VirtualUnit(name=unit.name, unit_id=unit.unit_id, port=port)
    await again.start()
    await until(lambda: state(hass, PLAYER) == MediaPlayerState.PAUSED)
    await hass.config_entries.async_unload(unit_entry.entry_id)
    await again.stop()


async def test_unloading_gives_the_seat_back(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_unload(unit_entry.entry_id)
    assert unit.commands[-1] == Command("QUIT", Subunit("CONNECTION"))
    assert unit_entry.state is ConfigEntryState.NOT_LOADED
