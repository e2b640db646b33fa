"""A camera's own controls: its settings, its battery, its cards, a picture, its clock."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

from homeassistant.components.number import DOMAIN as NUMBER
from homeassistant.components.select import DOMAIN as SELECT
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.crcp import camera_desk
from custom_components.crcp.camera_desk import MAX_SLOTS
from custom_components.crcp.protocols.ptpip.codes import DevicePropCode, OperationCode
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.card import Card
from custom_components.crcp.virtual.personalities import CANON, NIKON, SONY, Personality
from tests.helpers import until
from tests.integration.conftest import movie, set_up

APERTURE = "select.field_camera_aperture"
ISO = "select.field_camera_iso"
BIAS = "number.field_camera_exposure_compensation"
BATTERY = "sensor.field_camera_battery"
FREE = "sensor.field_camera_card_1_free"
MODE = "sensor.field_camera_exposure_mode"
TAKE = "button.field_camera_take_a_picture"
CLOCK = "button.field_camera_set_the_clock"


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    return found.state if found else ""


async def act(hass: HomeAssistant, entity_id: str, action: str, **data: Any) -> None:
    domain = entity_id.partition(".")[0]
    target = {ATTR_ENTITY_ID: entity_id, **data}
    await hass.services.async_call(domain, action, target, blocking=True)


async def choose(hass: HomeAssistant, entity_id: str, option: str) -> None:
    await act(hass, entity_id, "select_option", option=option)


def current(camera: VirtualCamera, code: int) -> Any:
    described = camera.property(code)
    assert described
    return described.current


async def test_settings_are_shown_and_set(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, APERTURE) == "f/5.6")
    assert hass.states.get(APERTURE).attributes["options"][:2] == ["f/2.8", "f/4"]
    assert state(hass, BIAS) == "0.0"
    assert hass.states.get(BIAS).attributes["step"] == 0.5
    assert (state(hass, BATTERY), state(hass, MODE)) == ("80", "aperture_priority")
    await choose(hass, ISO, "1600")
    await act(hass, BIAS, "set_value", value=-2)
    await until(lambda: (state(hass, ISO), state(hass, BIAS)) == ("1600", "-2.0"))
    assert current(camera, DevicePropCode.EXPOSURE_INDEX) == 1600
    assert current(camera, DevicePropCode.EXPOSURE_BIAS_COMPENSATION) == -2000
    assert hass.states.get("select.field_camera_iso").attributes["friendly_name"].endswith("ISO")


async def test_a_dial_that_is_turned_on_the_body_is_seen(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, APERTURE) == "f/5.6")
    camera.turn(DevicePropCode.F_NUMBER, 1600)
    camera.turn(DevicePropCode.BATTERY_LEVEL, 20)
    await until(lambda: (state(hass, APERTURE), state(hass, BATTERY)) == ("f/16", "20"))


@pytest.mark.parametrize("personality", [CANON, NIKON])
async def test_a_makers_camera_is_set_and_takes_a_picture_that_comes(
    hass: HomeAssistant, media: Path, socket_enabled: None, personality: Personality
) -> None:
    camera = VirtualCamera(model="Field camera", personality=personality)
    await camera.start()
    entry = await set_up(hass, camera)
    await until(lambda: state(hass, APERTURE) == "f/5.6")
    await choose(hass, APERTURE, "f/4")
    await until(lambda: state(hass, APERTURE) == "f/4")
    assert current(camera, 0xD101 if personality is CANON else 0x5007) in (0x28, 400)
    await act(hass, TAKE, "press")
    await until(lambda: list(media.rglob("*.JPG")), within=30)
    await hass.config_entries.async_unload(entry.entry_id)
    await camera.stop()


async def test_the_clock_is_set_to_home_assistants(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    camera._clock_set_to = (camera._clock(), datetime(2001, 2, 3))
    await until(lambda: state(hass, CLOCK) == "unknown")
    await act(hass, CLOCK, "press")
    assert abs((camera.now() - datetime.now()).total_seconds()) < 86400  # the zones may differ


async def test_what_the_mode_forbids_is_refused_in_words(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, ISO) == "200")
    camera.lock(DevicePropCode.EXPOSURE_INDEX)
    iso = camera_entry.runtime_data.desk
    await until(lambda: not iso.facts.knobs["exposure_index"].writable)
    assert (state(hass, ISO), len(hass.states.get(ISO).attributes["options"])) == ("200", 5)
    with pytest.raises(ServiceValidationError) as caught:
        await choose(hass, ISO, "400")
    assert caught.value.translation_key == "setting_locked"


async def test_a_camera_that_sleeps_keeps_its_controls_over_a_restart(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, FREE))
    await camera.stop()
    await until(lambda: state(hass, APERTURE) == "unavailable")
    assert (state(hass, BATTERY), state(hass, TAKE)) == ("80", "unavailable")
    await hass.config_entries.async_reload(camera_entry.entry_id)
    assert (state(hass, APERTURE), state(hass, BATTERY)) == ("unavailable", "80")
    assert float(state(hass, FREE)) > 1
    with pytest.raises(HomeAssistantError) as caught:
        await camera_entry.runtime_data.desk.async_capture()
    assert caught.value.translation_key == "not_connected"
    await hass.config_entries.async_remove(camera_entry.entry_id)
    path = Path(hass.config.path(".storage", f"crcp.camera.{camera_entry.entry_id}"))
    assert not await asyncio.to_thread(path.exists)


async def test_a_command_goes_between_two_pictures_and_nothing_is_read_meanwhile(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    entry = await set_up(hass, camera)
    await until(lambda: state(hass, "sensor.field_camera_import") == "connected")
    await until(lambda: state(hass, ISO) == "200")
    camera.add_photo(movie(size=64 << 20))
    await until(lambda: state(hass, "sensor.field_camera_import") == "importing")
    before = len(camera.requests)
    await choose(hass, ISO, "400")
    camera.turn(DevicePropCode.F_NUMBER, 280)
    await until(lambda: state(hass, "sensor.field_camera_photos_imported") == "4", within=30)
    assert current(camera, DevicePropCode.EXPOSURE_INDEX) == 400
    await until(lambda: (state(hass, ISO), state(hass, APERTURE)) == ("400", "f/2.8"))
    asked = [request.code for request in camera.requests[before:]]
    reads = asked.index(OperationCode.GET_DEVICE_PROP_DESC)
    assert OperationCode.GET_OBJECT not in asked[reads:]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_large_file_does_not_hold_a_command_up_for_ever(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camera_desk, "TURN_WITHIN", 0.05)
    entry = await set_up(hass, camera)
    await until(lambda: state(hass, ISO) == "200")
    async with entry.runtime_data.desk._camera.in_one_go():  # as long as a movie takes
        with pytest.raises(HomeAssistantError) as caught:
            await choose(hass, ISO, "400")
    assert caught.value.translation_key == "camera_sends"
    assert current(camera, DevicePropCode.EXPOSURE_INDEX) == 200
    await until(lambda: state(hass, "sensor.field_camera_import") == "connected")


async def test_a_camera_that_nobody_wants_anything_of_is_left_to_sleep(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camera_desk, "QUIET_FOR", 0.3)
    rests: list[bool] = []
    entry = await set_up(hass, camera)
    await until(lambda: state(hass, ISO) == "200")
    initiator = entry.runtime_data.desk._camera
    monkeypatch.setattr(initiator, "rest", lambda *, resting: rests.append(resting))
    await until(lambda: rests[-1:] == [True])
    await choose(hass, ISO, "400")
    assert rests[rests.index(True) + 1] is False
    await until(lambda: rests[-1])
    await camera.press_shutter()
    await until(lambda: state(hass, "sensor.field_camera_photos_imported") == "4")
    assert False in rests[-4:]


async def test_a_full_card_is_told_once(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, FREE))
    changes = async_capture_events(hass, "state_changed")
    camera.cards[0].capacity = camera.cards[0].used + 1000
    await camera.press_shutter()
    await camera.press_shutter()

    def told() -> list[dict[str, Any]]:
        found = [c.data["new_state"] for c in changes if c.data["entity_id"].startswith("event.")]
        return [s.attributes for s in found if s.attributes.get("event_type") == "card_full"]

    await until(told)
    await until(lambda: state(hass, "sensor.field_camera_photos_imported") == "5")
    assert state(hass, FREE) == "0.0"
    assert len(told()) == 1
    assert (told()[0]["camera"], told()[0]["slot"]) == ("Field camera", 1)


async def test_slots_without_end_are_not_all_shown(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    camera.cards += [Card(number << 16 | 1) for number in range(2, 30)]
    entry = await set_up(hass, camera)
    desk = entry.runtime_data.desk
    await until(lambda: state(hass, FREE))
    assert set(desk.facts.slots) == set(range(1, MAX_SLOTS + 1))
    # Nor do others get entities when these are gone.
    camera.cards = [Card(number << 16 | 1) for number in range(20, 30)]
    desk._room = True
    desk._news.set()
    await until(lambda: not desk.facts.slots)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_picture_that_cannot_be_imported_is_an_event(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    changes = async_capture_events(hass, "state_changed")
    await until(lambda: state(hass, "sensor.field_camera_photos_imported") == "3")
    camera.store([movie(size=1 << 20)])
    camera.faults.no_parts = camera.faults.gone = 9
    camera_entry.runtime_data.photos.look_again()

    def failed() -> list[Any]:
        states = [c.data["new_state"] for c in changes if c.data["entity_id"].startswith("event.")]
        return [s for s in states if s.attributes.get("event_type") == "import_failed"]

    await until(failed, within=30)
    assert failed()[0].attributes["count"] == 1
    assert failed()[0].attributes["file_names"] == ["MVI_0009.MOV"]


async def test_a_sony_has_no_controls(
    hass: HomeAssistant, media: Path, socket_enabled: None, entity_registry: er.EntityRegistry
) -> None:
    camera = VirtualCamera(photos=[movie(size=1 << 20)], model="Field camera", personality=SONY)
    await camera.start()
    entry = await set_up(hass, camera)
    await until(lambda: state(hass, "sensor.field_camera_photos_imported") == "1")
    found = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert not {SELECT, NUMBER} & {each.domain for each in found}
    await hass.config_entries.async_unload(entry.entry_id)
    await camera.stop()
