"""An announcement is anybody's: it wakes a camera's entry, and changes nothing that is not proven."""

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.const import CONF_DISCOVERY_ID
from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import movie
from tests.integration.flows import discover

ANNOUNCED = "00ff"
CONNECTED = "binary_sensor.field_camera_connection"

type Start = Callable[..., Coroutine[Any, Any, VirtualCamera]]


@pytest.fixture
async def start(socket_enabled: None) -> AsyncIterator[Start]:
    """Start more cameras, which end with the test."""
    cameras: list[VirtualCamera] = []

    async def begin(**kwargs: Any) -> VirtualCamera:
        cameras.append(VirtualCamera(model="Field camera", **kwargs))
        await cameras[-1].start()
        return cameras[-1]

    yield begin
    for camera in cameras:
        await camera.stop()


@pytest.fixture
async def known(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> AsyncIterator[MockConfigEntry]:
    """The entry of a camera that was found by its announcement, and is connected."""
    data = {**camera_entry.data, CONF_DISCOVERY_ID: ANNOUNCED}
    hass.config_entries.async_update_entry(camera_entry, data=data)
    await until(lambda: connected(hass))
    yield camera_entry
    await hass.config_entries.async_unload(camera_entry.entry_id)


def connected(hass: HomeAssistant) -> bool:
    found = hass.states.get(CONNECTED)
    return bool(found) and found.state == "on"


async def announce(hass: HomeAssistant, port: int, guid: str = ANNOUNCED) -> None:
    """Say by mDNS that the camera is at a port; nobody is asked anything."""
    result = await discover(hass, "_ptp._tcp.local.", port, guid=guid)
    assert result["reason"] == "already_configured"


def visits(camera: VirtualCamera) -> int:
    """How many connections a camera was asked for; asks once more itself."""
    return next(camera._numbers) - 1


async def switch_off(hass: HomeAssistant, camera: VirtualCamera) -> None:
    await camera.stop()
    await until(lambda: not connected(hass))


async def test_a_lie_takes_no_connected_camera_away(
    hass: HomeAssistant, camera: VirtualCamera, known: MockConfigEntry, start: Start, media: Path
) -> None:
    liar = await start(serial_number="LIAR-1", guid=camera.guid)
    before = visits(camera)
    camera.add_photo(movie(size=8 << 20))
    await announce(hass, liar.port)
    await until(lambda: list(media.rglob("*.MOV")))
    assert (connected(hass), known.data["port"]) == (True, camera.port)
    assert (visits(camera) - before, visits(liar)) == (1, 0)  # this question, and no other


@pytest.mark.parametrize(
    "lie",
    [
        {"serial_number": "LIAR-1"},
        {"serial_number": "F-0042", "guid": bytes(range(1, 17))},
        {"serial_number": "", "guid": bytes(16)},
    ],
)
async def test_a_silent_camera_is_not_followed_to_what_is_not_proven_the_same(
    hass: HomeAssistant,
    camera: VirtualCamera,
    known: MockConfigEntry,
    start: Start,
    lie: dict[str, Any],
) -> None:
    liar = await start(**lie)
    coordinator, port = known.runtime_data, camera.port
    await switch_off(hass, camera)
    await announce(hass, liar.port)
    await until(lambda: coordinator._announced is None)
    await until(lambda: not liar.connections)
    assert (known.data["port"], coordinator.data.refusal) == (port, "")
    assert not ir.async_get(hass).issues
    # It is back where it was, and is found there.
    back = await start(serial_number="F-0042", port=port)
    await announce(hass, port)
    await until(lambda: connected(hass))
    assert len(back.connections) == 1


async def test_a_silent_camera_is_followed_when_it_is_the_same(
    hass: HomeAssistant, camera: VirtualCamera, known: MockConfigEntry, start: Start
) -> None:
    moved = await start(serial_number="F-0042")
    await switch_off(hass, camera)
    await announce(hass, moved.port)
    await until(lambda: connected(hass))
    assert known.data["port"] == moved.port


async def test_a_camera_whose_address_is_another_ones_now_is_followed(
    hass: HomeAssistant, camera: VirtualCamera, known: MockConfigEntry, start: Start
) -> None:
    port = camera.port
    moved = await start(serial_number="F-0042")
    await switch_off(hass, camera)
    await start(serial_number="F-0043", port=port)
    await announce(hass, moved.port)
    await until(lambda: connected(hass))
    assert known.data["port"] == moved.port


async def test_a_camera_that_was_added_by_its_address_wakes_its_entry_too(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry, start: Start
) -> None:
    await until(lambda: connected(hass))
    port = camera.port
    camera_entry.runtime_data._link._failures = 99  # the slow timer: a minute
    await switch_off(hass, camera)
    await start(serial_number="F-0042", port=port)
    await announce(hass, port)
    await until(lambda: connected(hass), within=20)
    await hass.config_entries.async_unload(camera_entry.entry_id)
