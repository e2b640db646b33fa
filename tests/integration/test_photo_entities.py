"""What a person sees and steers of a camera's import: its sensors, its buttons and its switch."""

from itertools import pairwise
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.crcp.photo_shelf import async_key_of
from custom_components.crcp.protocols.ptpip.vendors.sony import SonyOperation
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.personalities import SONY
from tests.helpers import until
from tests.integration.conftest import movie, set_up

STATE = "sensor.field_camera_import"
COUNT = "sensor.field_camera_photos_imported"
REMAINING = "sensor.field_camera_photos_remaining"
PROGRESS = "sensor.field_camera_import_progress"
LAST = "sensor.field_camera_last_photo"
CONNECTED = "binary_sensor.field_camera_connection"
AUTO = "switch.field_camera_import_by_itself"


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    return found.state if found else ""


async def press(hass: HomeAssistant, button: str) -> None:
    target = {"entity_id": f"button.field_camera_{button}"}
    await hass.services.async_call("button", "press", target, blocking=True)


async def turn(hass: HomeAssistant, to: str) -> None:
    await hass.services.async_call("switch", f"turn_{to}", {"entity_id": AUTO}, blocking=True)


@pytest.fixture
def all_entities(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add also what is disabled until somebody wants it."""
    monkeypatch.setattr("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True)


async def test_an_import_is_seen_while_it_runs_and_after_it(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, all_entities: None
) -> None:
    camera.cards[0].add(movie())
    entry = await set_up(hass, camera)
    await until(lambda: state(hass, STATE) == "importing")
    await until(lambda: float(state(hass, "sensor.field_camera_import_rate") or 0) > 0)
    assert 0 < float(state(hass, PROGRESS)) < 100
    assert state(hass, REMAINING) == "1"
    assert float(state(hass, "sensor.field_camera_import_time_left")) >= 0
    await until(lambda: state(hass, COUNT) == "4", within=30)
    await until(lambda: state(hass, STATE) == "connected")
    assert (state(hass, REMAINING), state(hass, PROGRESS)) == ("0", "unknown")
    assert state(hass, "sensor.field_camera_photos_failed") == "0"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_progress_is_told_once_a_second_and_not_for_every_piece(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    camera.cards[0].add(movie())
    changes = async_capture_events(hass, "state_changed")
    await set_up(hass, camera)
    await until(lambda: state(hass, COUNT) == "4", within=30)
    told = [c.time_fired_timestamp for c in changes if c.data["entity_id"] == PROGRESS]
    between = [after - before for before, after in pairwise(told[1:])]
    assert between
    assert min(between) > 0.9


async def test_a_camera_that_goes_and_comes_is_waited_for(
    hass: HomeAssistant,
    camera: VirtualCamera,
    camera_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "custom_components.crcp")
    await until(lambda: state(hass, COUNT) == "3")
    await until(lambda: state(hass, STATE) == "connected")
    caplog.clear()
    port = camera.port
    await camera.stop()
    await until(lambda: state(hass, STATE) == "waiting")
    assert state(hass, REMAINING) == "unknown"
    assert state(hass, COUNT) == "3"
    again = VirtualCamera(model=camera.model, serial_number=camera.serial_number, port=port)
    await again.start()
    camera_entry.runtime_data.async_sighted()
    await until(lambda: state(hass, STATE) == "connected", within=20)
    lines = [r.getMessage() for r in caplog.records if r.name.startswith("custom_components.crcp")]
    assert lines == ["Field camera is no longer connected", "Field camera is connected"]
    await hass.config_entries.async_unload(camera_entry.entry_id)
    await again.stop()


async def test_a_pause_stops_at_once_keeps_what_came_and_outlasts_a_restart(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    camera.cards[0].add(movie())
    entry = await set_up(hass, camera)
    await until(lambda: float(state(hass, PROGRESS).replace("unknown", "0") or 0) > 1)
    await turn(hass, "off")
    await until(lambda: state(hass, STATE) == "paused")
    assert state(hass, CONNECTED) == "on"
    assert len(camera.connections) == 1
    (part,) = media.rglob("*.part")
    so_far = part.stat().st_size
    assert so_far > 1 << 20
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: state(hass, CONNECTED) == "on", within=20)
    assert (state(hass, STATE), state(hass, AUTO)) == ("paused", "off")
    assert part.stat().st_size == so_far
    await turn(hass, "on")
    await until(lambda: state(hass, COUNT) == "4", within=60)
    assert not list(media.rglob("*.part"))
    (landed,) = media.rglob("*.MOV")
    assert landed.stat().st_size == 64 << 20


async def test_import_now_works_while_paused_and_pause_stops_it(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    await set_up(hass, camera, auto_import=False)
    await until(lambda: state(hass, CONNECTED) == "on")
    await press(hass, "import_now")
    await until(lambda: state(hass, COUNT) == "3")
    await until(lambda: state(hass, STATE) == "paused")
    camera.cards[0].add(movie(size=512 << 20))
    await press(hass, "import_now")
    await until(lambda: state(hass, STATE) == "importing")
    await until(lambda: list(media.rglob("*.part")))
    await press(hass, "pause_import")
    await until(lambda: state(hass, STATE) == "paused")
    assert state(hass, COUNT) == "3"


async def test_import_now_needs_a_camera_that_is_there(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, STATE) == "connected")
    await camera.stop()
    await until(lambda: state(hass, STATE) == "waiting")
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, "import_now")
    assert caught.value.translation_key == "not_connected"


async def test_the_last_photo_is_told_and_outlasts_a_restart(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    entry = await set_up(hass, camera, auto_import=False)
    assert state(hass, LAST) == "unknown"
    await until(lambda: state(hass, CONNECTED) == "on")
    await press(hass, "import_now")
    await until(lambda: state(hass, COUNT) == "3")
    attributes = dict(hass.states.get(LAST).attributes)
    assert attributes["camera"] == "Field camera"
    assert attributes["file_name"] == "IMG_0003.JPG"  # the newest, though it did not come last
    assert (media / attributes["path"]).is_file()
    key = await async_key_of(hass, "local", attributes["path"])
    assert attributes["preview"] == f"/api/crcp/photo/{key}/preview"
    before = state(hass, LAST)
    await camera.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    assert (state(hass, LAST), dict(hass.states.get(LAST).attributes)) == (before, attributes)


async def test_what_few_people_want_is_off_until_they_want_it(
    hass: HomeAssistant, camera_entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    await until(lambda: state(hass, "sensor.field_camera_card_1_free"))
    entries = er.async_entries_for_config_entry(entity_registry, camera_entry.entry_id)
    off = {entry.translation_key for entry in entries if entry.disabled}
    assert off == {"import_rate", "import_time_left", "photos_failed", "focal_length"}


async def test_a_camera_with_one_session_is_left_when_all_is_here(
    hass: HomeAssistant, media: Path, socket_enabled: None
) -> None:
    camera = VirtualCamera(photos=[movie(size=1 << 20)], model="Field camera", personality=SONY)
    await camera.start()
    entry = await set_up(hass, camera)
    await until(lambda: state(hass, COUNT) == "1")
    await until(lambda: state(hass, STATE) == "waiting")
    await until(lambda: not camera.connections)
    assert camera.requests[-1].code == SonyOperation.TRANSFER_STATE_RESULT
    assert next(camera._numbers) == 2
    await hass.config_entries.async_unload(entry.entry_id)
    await camera.stop()


async def test_asking_for_an_update_does_not_lose_a_connected_camera(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    entry = await set_up(hass, camera)
    await until(lambda: entry.runtime_data.data.connected)
    assert await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": "binary_sensor.field_camera_connection"},
        blocking=True,
    )
    await entry.runtime_data.async_refresh()
    assert entry.runtime_data.data.connected
