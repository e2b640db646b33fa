"""A camera that sleeps is normal: set up while it is off, and whatever it does then."""

import asyncio
from pathlib import Path
import socket

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.const import CONF_DISCOVERY_ID
from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import movie, painted, set_up
from tests.integration.flows import discover

STATE = "sensor.field_camera_import"
ISO = "select.field_camera_iso"
ANNOUNCED = "00ff"


@pytest.fixture
def free_port(socket_enabled: None) -> int:
    """A port that nobody listens on; the camera that is off will."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    return found.state if found else ""


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [r for r in caplog.records if r.name.startswith("custom_components.crcp")]
    return [record.getMessage() for record in found if record.levelname != "DEBUG"]


async def awake(card_of: VirtualCamera, port: int) -> VirtualCamera:
    """The same camera with the same card, switched on again."""
    camera = VirtualCamera(
        model=card_of.model, serial_number=card_of.serial_number, guid=card_of.guid, port=port
    )
    camera.cards = card_of.cards
    await camera.start()
    return camera


async def test_off_at_start_up_then_on_then_gone_in_mid_import_then_back(
    hass: HomeAssistant,
    media: Path,
    socket_enabled: None,
    free_port: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    photos = await asyncio.to_thread(painted, 3)
    off = VirtualCamera(photos=photos, model="Field camera", serial_number="F-0042", port=free_port)
    caplog.set_level("INFO", "custom_components.crcp")
    entry = await set_up(hass, off, port=free_port)
    data = {**entry.data, CONF_DISCOVERY_ID: ANNOUNCED}
    hass.config_entries.async_update_entry(entry, data=data)
    assert entry.state is ConfigEntryState.LOADED
    await until(lambda: state(hass, STATE) == "waiting")
    assert lines(caplog) == []

    camera = await awake(off, free_port)
    await announce(hass, free_port)
    await until(lambda: state(hass, "sensor.field_camera_photos_imported") == "3")
    await until(lambda: state(hass, ISO) == "200")
    assert lines(caplog) == ["Field camera is connected"]

    camera.add_photo(movie(size=48 << 20))
    await until(lambda: list(media.rglob("*.part")))
    await until(lambda: next(media.rglob("*.part")).stat().st_size > 1 << 20)
    await camera.stop()
    await until(lambda: state(hass, STATE) == "waiting")
    assert state(hass, ISO) == "unavailable"
    assert lines(caplog) == ["Field camera is connected", "Field camera is no longer connected"]

    again = await awake(camera, free_port)
    await announce(hass, free_port)
    await until(lambda: state(hass, "sensor.field_camera_photos_imported") == "4", within=60)
    await until(lambda: state(hass, STATE) == "connected")
    assert lines(caplog)[2:] == ["Field camera is connected"]
    assert not list(media.rglob("*.part"))
    assert len([path for path in media.rglob("*") if path.is_file()]) == 4
    (landed,) = media.rglob("*.MOV")
    assert landed.stat().st_size == 48 << 20
    await hass.config_entries.async_unload(entry.entry_id)
    await again.stop()


async def announce(hass: HomeAssistant, port: int) -> None:
    """The camera says by mDNS that it is there; for a camera that is known nobody is asked."""
    result = await discover(hass, "_ptp._tcp.local.", port, guid=ANNOUNCED)
    assert result["reason"] == "already_configured"


async def test_a_camera_that_is_away_is_tried_ever_more_seldom_and_at_a_sighting_at_once(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, STATE) == "connected")
    link = camera_entry.runtime_data._link
    port = camera.port
    await camera.stop()
    await until(lambda: state(hass, STATE) == "waiting")
    link._failures = 99  # the slow timer: a minute
    again = await awake(camera, port)
    camera_entry.runtime_data.async_sighted()
    await until(lambda: state(hass, STATE) == "connected", within=20)
    await hass.config_entries.async_unload(camera_entry.entry_id)
    await again.stop()
