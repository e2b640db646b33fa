"""Adding cameras that are easily mixed up, and cameras that allow one connection only."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.const import DOMAIN
from custom_components.crcp.coordinator_camera import CameraCoordinator
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.personalities import NIKON, SONY
from tests.helpers import until
from tests.integration.flows import add_camera, answer, begin, connect

CONNECTED = "binary_sensor.field_camera_connection"

type Start = Callable[..., Coroutine[Any, Any, VirtualCamera]]


@pytest.fixture
async def start(socket_enabled: None) -> AsyncIterator[Start]:
    """Start more cameras of the same model, which end with the test."""
    cameras: list[VirtualCamera] = []

    async def begin(**kwargs: Any) -> VirtualCamera:
        cameras.append(VirtualCamera(model="Field camera", **kwargs))
        await cameras[-1].start()
        return cameras[-1]

    yield begin
    for camera in cameras:
        await camera.stop()


def connected(hass: HomeAssistant) -> bool:
    found = hass.states.get(CONNECTED)
    return bool(found) and found.state == "on"


async def test_two_cameras_with_one_serial_number_are_refused_in_words(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry, start: Start
) -> None:
    twin = await start(serial_number=camera.serial_number, guid=bytes(range(1, 17)))
    result = await add_camera(hass, twin.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "same_serial")
    assert result["description_placeholders"] == {"camera": "Field camera"}
    assert camera_entry.data["port"] == camera.port


async def test_two_cameras_that_say_the_same_of_themselves_are_told_apart_by_being_there(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, start: Start
) -> None:
    camera.guid = bytes(16)
    entry = (await add_camera(hass, camera.port))["result"]
    await until(lambda: connected(hass))
    twin = await start(serial_number=camera.serial_number, guid=bytes(16))
    result = await add_camera(hass, twin.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "same_serial")
    assert entry.data["port"] == camera.port


async def test_a_camera_that_moved_keeps_its_entry(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry, start: Start
) -> None:
    await until(lambda: connected(hass))
    await camera.stop()
    await until(lambda: not connected(hass))
    moved = await start(serial_number=camera.serial_number)
    result = await add_camera(hass, moved.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert camera_entry.data["port"] == moved.port
    await until(lambda: connected(hass))
    await hass.config_entries.async_unload(camera_entry.entry_id)


async def test_an_address_that_works_is_not_given_up_for_another(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry, start: Start
) -> None:
    await until(lambda: connected(hass))
    same = await start(serial_number=camera.serial_number)
    result = await add_camera(hass, same.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert camera_entry.data["port"] == camera.port


async def test_a_camera_that_is_there_is_not_asked_a_second_time(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: connected(hass))
    numbers = next(camera._numbers)
    result = await add_camera(hass, camera.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert next(camera._numbers) == numbers + 1


async def test_who_looks_while_the_entry_is_set_up_is_not_asked_to_connect_again(
    hass: HomeAssistant, start: Start, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = await start()
    may_go_on, set_up = asyncio.Event(), CameraCoordinator.async_config_entry_first_refresh

    async def wait_and_set_up(coordinator: CameraCoordinator) -> None:
        await may_go_on.wait()
        await set_up(coordinator)

    monkeypatch.setattr(CameraCoordinator, "async_config_entry_first_refresh", wait_and_set_up)
    flow = await connect(hass, await begin(hass, "camera"), camera.port)
    answered = asyncio.create_task(answer(hass, flow, start="all"))
    await until(lambda: hass.config_entries.async_entries(DOMAIN))
    late = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert (late["type"], late["step_id"]) == (FlowResultType.FORM, "camera_start")
    may_go_on.set()
    assert (await answered)["type"] is FlowResultType.CREATE_ENTRY
    assert len(camera.connections) == 1


@pytest.mark.parametrize("personality", [SONY, NIKON])
async def test_the_dialogue_hands_its_connection_over(
    hass: HomeAssistant, media: Path, start: Start, personality: Any
) -> None:
    camera = await start(serial_number="S-1", personality=personality)
    await camera.press_shutter()
    result = await add_camera(hass, camera.port)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await until(lambda: list(media.rglob("*.JPG")))
    assert next(camera._numbers) == 2
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_camera_without_a_serial_number_is_known_by_its_guid(
    hass: HomeAssistant, media: Path, start: Start
) -> None:
    camera = await start(serial_number="", guid=bytes(range(1, 17)))
    result = await add_camera(hass, camera.port)
    assert result["result"].unique_id == f"ptpip:{bytes(range(1, 17)).hex()}"
    await until(lambda: connected(hass))
