"""A camera's settings over the wire, several transactions in one go, and a camera at rest."""

import asyncio
from typing import Any

import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator, polling
from custom_components.crcp.protocols.ptpip.codes import (
    DevicePropCode,
    EventCode,
    OperationCode,
)
from custom_components.crcp.protocols.ptpip.errors import Refused
from custom_components.crcp.protocols.ptpip.packets import Event
from custom_components.crcp.protocols.ptpip.settings import Setting
from custom_components.crcp.protocols.ptpip.vendors.canon import CanonOperation
from custom_components.crcp.protocols.ptpip.vendors.nikon import NikonOperation
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.personalities import (
    CANON,
    GENERIC,
    NIKON,
    SONY,
    Personality,
)
from custom_components.crcp.virtual.photos import sample_photos
from tests.helpers import until

from .conftest import Connect
from .test_vendors import begun, running


async def set_to(initiator: Initiator, setting: Setting, value: str | float) -> None:
    controls = await initiator.vendor.controls(initiator)
    await initiator.vendor.set_control(initiator, controls[setting], value)


@pytest.mark.parametrize("personality", [GENERIC, NIKON])
async def test_the_standards_settings_are_read_and_set(
    connect: Connect, socket_enabled: None, personality: Personality
) -> None:
    async with running(personality) as camera:
        initiator = await begun(connect, camera)
        controls = await initiator.vendor.controls(initiator)
        assert controls[Setting.F_NUMBER].value == "f/5.6"
        assert controls[Setting.EXPOSURE_TIME].value == "1/250 s"
        assert not controls[Setting.EXPOSURE_PROGRAM_MODE].writable
        await set_to(initiator, Setting.EXPOSURE_INDEX, "800")
        await set_to(initiator, Setting.EXPOSURE_BIAS_COMPENSATION, -1.5)
        index = camera.property(DevicePropCode.EXPOSURE_INDEX)
        bias = camera.property(DevicePropCode.EXPOSURE_BIAS_COMPENSATION)
        assert index
        assert bias
        assert (index.current, bias.current) == (800, -1500)


async def test_a_canons_settings_come_with_its_events(
    connect: Connect, socket_enabled: None
) -> None:
    async with running(CANON) as camera:
        initiator = await begun(connect, camera)
        told: list[Event] = []
        initiator.look_on(told.append)
        controls = await initiator.vendor.controls(initiator)
        assert controls[Setting.F_NUMBER].value == "f/5.6"
        assert list(controls[Setting.F_NUMBER].choices) == ["f/2.8", "f/4", "f/5.6", "f/8"]
        assert controls[Setting.EXPOSURE_BIAS_COMPENSATION].value == "0"
        await set_to(initiator, Setting.EXPOSURE_TIME, "1/500 s")
        # { u32 12, u32 property, u32 value }: 0x80 is 1/500 s in eighths of a stop.
        assert camera.brought == (0x9110, bytes.fromhex("0c000000 02d10000 80000000"))
        await until(lambda: (EventCode.DEVICE_PROP_CHANGED, (0xD102,)) in seen(told))


def seen(told: list[Event]) -> list[tuple[int, tuple[int, ...]]]:
    return [(event.code, event.parameters) for event in told]


async def test_what_is_turned_on_the_body_of_a_canon_is_noticed(
    connect: Connect, socket_enabled: None
) -> None:
    async with running(CANON) as camera:
        initiator = await begun(connect, camera)
        told: list[Event] = []
        initiator.look_on(told.append)
        camera.turn(0xD103, 0x60)
        await until(lambda: (EventCode.DEVICE_PROP_CHANGED, (0xD103,)) in seen(told))
        control = await initiator.vendor.control(initiator, 0xD103)
        assert control
        assert control.value == "800"


async def test_a_canon_is_in_remote_mode_for_the_moment_of_a_picture_only(
    connect: Connect, socket_enabled: None
) -> None:
    async with running(CANON) as camera:
        camera.faults.hide_card = 1
        camera.store(await asyncio.to_thread(lambda: list(sample_photos(1))))
        initiator = await begun(connect, camera)
        async with initiator.in_one_go() as operations:
            listing = asyncio.create_task(initiator.object_handles())
            await initiator.vendor.capture(operations)
        assert await listing  # it waited, or the card would have been hidden
        codes = [request.code for request in camera.requests]
        modes = [r.parameters for r in camera.requests if r.code == CanonOperation.SET_REMOTE_MODE]
        assert modes == [(1,), (0,)]
        assert codes.index(OperationCode.GET_OBJECT_HANDLES) > codes.index(0x9129)


async def test_a_sony_that_sends_has_nothing_to_set(connect: Connect, socket_enabled: None) -> None:
    async with running(SONY) as camera:
        initiator = await begun(connect, camera)
        assert await initiator.vendor.controls(initiator) == {}
        assert not initiator.vendor.can_capture


async def test_a_value_that_the_camera_has_not_is_refused_by_it(
    connect: Connect, socket_enabled: None
) -> None:
    async with running(GENERIC) as camera:
        initiator = await begun(connect, camera)
        control = await initiator.vendor.control(initiator, DevicePropCode.EXPOSURE_PROGRAM_MODE)
        assert control
        with pytest.raises(Refused):
            await initiator.set_device_prop_value(control.described.code, 4, 1)
        assert not initiator.closed


async def test_a_camera_at_rest_is_not_asked_until_it_hints_or_is_wanted(
    connect: Connect, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.crcp.protocols.ptpip.vendors.nikon.POLL_EVERY", 0.02)
    async with running(NIKON) as camera:
        initiator = await begun(connect, camera)
        await until(lambda: polls(camera) > 2)
        initiator.rest(resting=True)
        await until(lambda: at_rest(initiator))
        before = polls(camera)
        await initiator.device_info()  # whatever was on its way has come
        assert polls(camera) == before
        assert polling.REST_EVERY > 300
        initiator.rest(resting=False)
        await until(lambda: polls(camera) > before + 1)


def polls(camera: VirtualCamera) -> int:
    return sum(request.code == NikonOperation.GET_EVENT_EX for request in camera.requests)


def at_rest(initiator: Initiator) -> bool:
    """Whether the next question is as far away as a camera at rest wants it."""
    asking: Any = initiator._polling
    return bool(asking) and not asking.asking and asking.waits_long


async def test_a_canon_at_rest_is_asked_when_it_says_come_and_ask(
    connect: Connect, socket_enabled: None
) -> None:
    async with running(CANON) as camera:
        initiator = await begun(connect, camera)
        initiator.rest(resting=True)
        await until(lambda: at_rest(initiator))
        told: list[Event] = []
        initiator.look_on(told.append)
        handle = await camera.press_shutter()
        for connection in camera.connections.values():
            connection.tell(Event(EventCode(0xC101)))
        await until(lambda: (EventCode.OBJECT_ADDED, (handle,)) in seen(told))
