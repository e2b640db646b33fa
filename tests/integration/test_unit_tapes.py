"""Tapes in Home Assistant: recording behind its guard, winding, going to places, loading."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.crcp import polling
from custom_components.crcp.protocols.crcp.messages import Amount, Command, Motion, Subunit
from custom_components.crcp.virtual import scenes
from tests.helpers import until
from tests.integration.units import SetUp, act, attribute, state

PLAYER = "media_player.attic_tape"
GUARD = "switch.attic_tape_recording_allowed"
TRANSPORT = "sensor.attic_tape_transport"
SPEED = "number.attic_tape_play_speed"
TAPE, FILE = Subunit("TAPE"), Subunit("FILE")


async def test_nothing_is_recorded_before_the_guard_is_switched_on(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.deck()
    entry = await put(unit)
    for action, entity in (("button.press", "button.attic_tape_record"), ("crcp.record", PLAYER)):
        with pytest.raises(ServiceValidationError, match="Recording is not allowed"):
            await act(hass, action, entity)
    assert not [command for command in unit.commands if command.name == "RECO"]
    await act(hass, "switch.turn_on", GUARD)
    await act(hass, "button.press", "button.attic_tape_record")
    assert (state(hass, TRANSPORT), state(hass, PLAYER)) == ("recording", "playing")
    await hass.config_entries.async_reload(entry.entry_id)
    assert state(hass, GUARD) == "off"
    await act(hass, "switch.turn_on", GUARD)
    await act(hass, "switch.turn_off", GUARD)
    with pytest.raises(ServiceValidationError):
        await act(hass, "crcp.record", PLAYER)


@pytest.mark.parametrize(
    ("data", "motion"),
    [
        ({}, Motion()),
        ({"duration": {"hours": 1}}, Motion(1, Amount(3600, relative=True))),
        ({"speed": 1, "stop_position": 90}, Motion(1, Amount(90))),
    ],
)
async def test_recording_ends_where_it_is_told(
    hass: HomeAssistant, put: SetUp, data: dict[str, object], motion: Motion
) -> None:
    unit = scenes.rec()
    await put(unit)
    await act(hass, "switch.turn_on", GUARD)
    await act(hass, "crcp.record", PLAYER, **data)
    assert Command("RECO", TAPE, motion) in unit.commands
    assert state(hass, TRANSPORT) == "recording"


async def test_a_write_protected_tape_says_no_in_words(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.deck()
    unit.decks[0].writable = False
    await put(unit)
    await act(hass, "switch.turn_on", GUARD)
    with pytest.raises(HomeAssistantError, match="write-protected"):
        await act(hass, "crcp.record", PLAYER)


async def test_a_player_without_recording_has_no_button_for_it(
    hass: HomeAssistant, put: SetUp
) -> None:
    await put(scenes.player())
    assert (state(hass, GUARD), state(hass, "button.attic_tape_record")) == ("gone", "gone")
    assert state(hass, "button.attic_tape_rewind") == "unknown"


async def test_buttons_wind_and_step(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.deck()
    await put(unit)
    unit.decks[0]._position = 1000.0
    await act(hass, "button.press", "button.attic_tape_fast_forward")
    assert (state(hass, TRANSPORT), unit.decks[0].speed) == ("fast_forward", 16)
    await act(hass, "button.press", "button.attic_tape_rewind")
    assert (state(hass, TRANSPORT), unit.decks[0].speed) == ("rewind", -16)
    await act(hass, "media_player.media_pause", PLAYER)
    before = unit.decks[0].position
    await act(hass, "button.press", "button.attic_tape_step_forward")
    await until(lambda: unit.decks[0].operation == "PAUS")
    assert unit.decks[0].position == pytest.approx(before + 0.04)
    await act(hass, "button.press", "button.attic_tape_step_backward")
    await until(lambda: unit.decks[0].position == pytest.approx(before))


async def test_winding_takes_a_direction_a_speed_and_a_stop(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.deck()
    await put(unit)
    await act(hass, "crcp.wind", PLAYER, direction="forward", speed=8, stop_position=4)
    assert unit.commands.count(Command("FF", TAPE, Motion(8, Amount(4)))) == 1
    await until(lambda: unit.decks[0].position == 4)
    await act(hass, "crcp.wind", PLAYER, direction="backward")
    assert Command("FF", TAPE, Motion(-16)) in unit.commands


async def test_going_to_a_position_plays_on_at_the_same_speed(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.deck()
    await put(unit)
    await act(hass, "crcp.play", PLAYER, speed=2)
    await act(hass, "crcp.go_to", PLAYER, position=10)
    await until(lambda: unit.decks[0].operation == "PLAY")
    assert unit.decks[0].speed == 2
    assert unit.decks[0].position >= 10


async def test_a_second_seek_keeps_what_the_first_one_wanted(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.deck()
    await put(unit)
    await act(hass, "crcp.play", PLAYER, speed=2)
    await act(hass, "crcp.go_to", PLAYER, position=400)
    await act(hass, "crcp.go_to", PLAYER, position=10)
    await until(lambda: unit.decks[0].operation == "PLAY")
    assert unit.decks[0].speed == 2
    assert 10 <= unit.decks[0].position < 100


async def test_a_name_with_line_ends_is_refused_in_words(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio()
    await put(unit)
    with pytest.raises(HomeAssistantError, match="cannot be sent to the device: a command"):
        await act(hass, "media_player.select_source", PLAYER, source="x\r\nTAPE0 RECO")
    with pytest.raises(HomeAssistantError, match="cannot be sent to the device: a command"):
        await act(
            hass,
            "media_player.play_media",
            PLAYER,
            media_content_type="video",
            media_content_id="x\r\nTAPE0 RECO",
        )
    assert not [command for command in unit.commands if command.name in ("RECO", "SMNT")]


async def test_a_speed_is_a_number(hass: HomeAssistant, put: SetUp) -> None:
    await put(scenes.deck())
    with pytest.raises(ServiceValidationError, match="not a number"):
        await act(hass, "number.set_value", SPEED, value="nan")


async def test_the_guard_of_a_tape_that_vanished_is_off_when_one_appears(
    hass: HomeAssistant, put: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(polling.RESTING, None, 0.05)
    unit = scenes.studio()
    await put(unit)
    await act(hass, "switch.turn_on", GUARD)
    tape = unit.decks.pop(0)
    unit.refresh_subunits()
    await until(lambda: state(hass, GUARD) == "gone")
    unit.decks[0] = tape
    unit.refresh_subunits()
    await until(lambda: state(hass, GUARD) == "off")


async def test_a_pause_forgets_what_a_seek_wanted(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.deck()
    await put(unit)
    await act(hass, "media_player.media_play", PLAYER)
    await act(hass, "media_player.media_seek", PLAYER, seek_position=1000)
    await act(hass, "media_player.media_pause", PLAYER)
    asked = len(unit.commands)
    await until(lambda: Command("STAT", argument=TAPE) in unit.commands[asked:])
    assert unit.decks[0].operation == "PAUS"


async def test_the_speed_is_chosen_and_changed(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.deck()
    await put(unit)
    assert (attribute(hass, SPEED, "min"), attribute(hass, SPEED, "max")) == (-2, 2)
    await act(hass, "number.set_value", SPEED, value=0.5)
    assert unit.decks[0].operation == "PAUS"
    await act(hass, "media_player.media_play", PLAYER)
    assert unit.decks[0].speed == 0.5
    await act(hass, "number.set_value", SPEED, value=2)
    assert (unit.decks[0].speed, state(hass, SPEED)) == (2, "2.0")
    await act(hass, "number.set_value", SPEED, value=0)
    assert (unit.decks[0].operation, state(hass, SPEED)) == ("PAUS", "2.0")


async def test_a_motion_begun_elsewhere_shows_its_direction(
    hass: HomeAssistant, put: SetUp
) -> None:
    unit = scenes.deck()
    await put(unit)
    await act(hass, "crcp.go_to", PLAYER, position=30)
    await until(lambda: unit.decks[0].operation == "PAUS")
    unit.decks[0].wind(Motion(-2))
    await act(hass, "homeassistant.update_entity", PLAYER)
    await until(lambda: state(hass, TRANSPORT) == "rewind")


async def test_a_tape_is_loaded_by_name(
    hass: HomeAssistant, put: SetUp, hass_ws_client: WebSocketGenerator
) -> None:
    unit = scenes.studio()
    await put(unit)
    await until(lambda: attribute(hass, PLAYER, "source_list"))
    assert attribute(hass, PLAYER, "source_list") == ["holiday-1998.ts", "wedding.ts"]
    await act(hass, "media_player.select_source", PLAYER, source="wedding.ts")
    assert unit.loaded(0) == "/wedding.ts"
    assert attribute(hass, PLAYER, "media_title") == "wedding.ts"
    assert attribute(hass, PLAYER, "media_duration") == 60
    await act(
        hass,
        "media_player.play_media",
        PLAYER,
        media_content_type="video",
        media_content_id="holiday-1998.ts",
    )
    assert (unit.loaded(0), unit.decks[0].operation) == ("/holiday-1998.ts", "PLAY")
    with pytest.raises(HomeAssistantError, match="no such file"):
        await act(hass, "media_player.select_source", PLAYER, source="nothing.ts")


async def test_the_shelf_can_be_browsed(
    hass: HomeAssistant, put: SetUp, hass_ws_client: WebSocketGenerator
) -> None:
    unit = scenes.studio()
    unit.shelf.clips["/clips/garden.ts"] = scenes.blank_clip(5)
    await put(unit)
    client = await hass_ws_client()
    found = {}
    for path in ("", "clips"):
        await client.send_json_auto_id(
            {
                "type": "media_player/browse_media",
                "entity_id": PLAYER,
                "media_content_type": "directory",
                "media_content_id": path,
            }
        )
        result = (await client.receive_json())["result"]
        found[path] = [
            (each["title"], each["media_content_id"], each["can_expand"])
            for each in result["children"]
        ]
    assert found[""][0] == ("clips", "clips", True)
    assert ("wedding.ts", "wedding.ts", False) in found[""]
    assert found["clips"] == [("garden.ts", "clips/garden.ts", False)]
    await act(
        hass,
        "media_player.play_media",
        PLAYER,
        media_content_type="video",
        media_content_id="clips/garden.ts",
    )
    assert unit.loaded(0) == "/clips/garden.ts"
