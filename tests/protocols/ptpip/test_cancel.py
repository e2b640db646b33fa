"""Whatever is under way can be called off, at every stage of it."""

import asyncio
import time

import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import OperationCode, ResponseCode
from custom_components.crcp.protocols.ptpip.datasets import DeviceInfo
from custom_components.crcp.protocols.ptpip.errors import Busy, LinkError, Refused
from custom_components.crcp.protocols.ptpip.patience import DEFAULT_TIMEOUTS, Timeouts
from custom_components.crcp.protocols.ptpip.reading import SMALL_PART, read_object
from custom_components.crcp.protocols.ptpip.vendors import Generic, Nikon
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import InMemory
from tests.helpers import until

from .conftest import Connect
from .contents import Held, movie
from .stranger import Writer, data, end, response, start, stranger

PATIENT = Timeouts(connect=5.0, pairing=5.0, silence=5.0, busy=(60.0,))


async def drop(piece: memoryview) -> None:
    pass


async def called_off(doing: asyncio.Task[int]) -> None:
    with pytest.raises(Refused) as refused:
        await asyncio.wait_for(doing, 2)
    assert refused.value.code is ResponseCode.TRANSACTION_CANCELED


async def begun(connect: Connect, camera: VirtualCamera, timeouts: Timeouts) -> Initiator:
    initiator = await connect(camera.port, session=False, timeouts=timeouts)
    await initiator.begin()
    return initiator


def test_a_camera_has_two_seconds() -> None:
    assert DEFAULT_TIMEOUTS.cancel == 2.0


@pytest.mark.parametrize("channel", ["command", "event"])
async def test_a_camera_is_asked_on_both_connections(connect: Connect, channel: str) -> None:
    async def half(writer: Writer, operation: int, transaction: int) -> None:
        writer.write(start(transaction, 8) + data(transaction, bytes(4)))

    async with stranger(half) as camera:
        initiator = await connect(camera.port)
        asyncio.create_task(initiator.get_object(3, drop)).add_done_callback(
            lambda t: t.exception()
        )
        await until(lambda: 6 in camera.kinds("command")[1:])
        await initiator.cancel()
        await until(lambda: 11 in camera.kinds(channel))
        assert (11, bytes.fromhex("01000000")) in camera.came[channel]


async def test_while_a_busy_camera_is_waited_for(camera: VirtualCamera, connect: Connect) -> None:
    handle = camera.add_photo(movie(InMemory(bytes(1000))))
    initiator = await begun(connect, camera, PATIENT)
    camera.faults.busy = 1
    getting = asyncio.create_task(initiator.get_object(handle, drop))
    await until(lambda: camera.faults.busy == 0 and not initiator._turn.locked())
    await initiator.cancel()
    await called_off(getting)
    assert await initiator.get_object(handle, drop) == 1000


async def test_while_another_transaction_runs(camera: VirtualCamera, connect: Connect) -> None:
    content = Held(bytes(8 << 20))
    handle = camera.add_photo(movie(content))
    initiator = await begun(connect, camera, PATIENT)
    first = asyncio.create_task(initiator.get_object(handle, drop))
    await asyncio.wait_for(content.half_sent.wait(), 5)
    second = asyncio.create_task(initiator.get_object(handle, drop))
    await asyncio.sleep(0)
    await initiator.cancel()
    content.let_go.set()
    await called_off(first)
    await called_off(second)
    assert await initiator.storage_ids()


async def test_when_all_of_a_part_has_come(connect: Connect) -> None:
    """The camera has nothing to break off any more, and the next part is not asked for."""
    asked = 0

    async def part(writer: Writer, operation: int, transaction: int) -> None:
        nonlocal asked
        asked += 1
        writer.write(start(transaction, SMALL_PART) + end(transaction, bytes(SMALL_PART)))
        writer.write(response(transaction))

    async with stranger(part) as camera:
        initiator = await connect(camera.port)
        written = 0

        async def last_piece(piece: memoryview) -> None:
            nonlocal written
            written += len(piece)
            if written == SMALL_PART:
                await initiator.cancel()

        nikon = Nikon(DeviceInfo(operations_supported=(OperationCode(0x9431),)))
        size = 64 * SMALL_PART
        await called_off(
            asyncio.create_task(read_object(initiator, nikon, 3, last_piece, size=size))
        )
        assert (asked, written) == (1, SMALL_PART)
        assert not initiator.closed


async def test_between_two_parts(connect: Connect) -> None:
    async def part(writer: Writer, operation: int, transaction: int) -> None:
        writer.write(start(transaction, SMALL_PART) + end(transaction, bytes(SMALL_PART)))
        writer.write(response(transaction))
        initiator.cancellations += 1

    async with stranger(part) as camera:
        initiator = await connect(camera.port)
        nikon = Nikon(DeviceInfo(operations_supported=(OperationCode(0x9431),)))
        reading = read_object(initiator, nikon, 3, drop, size=64 * SMALL_PART)
        await called_off(asyncio.create_task(reading))


async def test_what_comes_later_is_not_called_off(camera: VirtualCamera, connect: Connect) -> None:
    initiator = await begun(connect, camera, PATIENT)
    await initiator.cancel()
    assert await initiator.storage_ids()


# -- waiting -----------------------------------------------------------------------------------


async def test_a_busy_camera_is_left_alone_between_two_questions(
    camera: VirtualCamera, connect: Connect
) -> None:
    pauses = (0.05, 0.1)
    initiator = await begun(connect, camera, Timeouts(busy=pauses))
    camera.faults.busy = 99
    before = time.monotonic()
    with pytest.raises(Busy):
        await initiator.storage_ids()
    assert time.monotonic() - before >= sum(pauses) - 0.01


async def test_a_camera_that_is_busy_at_first_is_asked_again(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.faults.busy = 2
    initiator = await begun(connect, camera, Timeouts(busy=(0.01, 0.01, 0.01)))
    assert initiator.vendor.info.model == camera.model


def test_a_refusal_for_no_reason_is_believed_where_asking_again_does_something_twice() -> None:
    vendor = Generic(DeviceInfo())
    assert vendor.try_again(OperationCode.GET_OBJECT_INFO, ResponseCode.GENERAL_ERROR, 1)
    for operation in (
        OperationCode.INITIATE_CAPTURE,
        OperationCode.DELETE_OBJECT,
        OperationCode.SET_DEVICE_PROP_VALUE,
    ):
        assert not vendor.try_again(operation, ResponseCode.GENERAL_ERROR, 1)


def test_a_camera_has_about_a_second_to_write_what_it_has_announced() -> None:
    vendor = Generic(DeviceInfo())
    waited = 0.0
    for attempt, pause in enumerate(DEFAULT_TIMEOUTS.busy, start=1):
        if not vendor.try_again(OperationCode.GET_OBJECT_INFO, ResponseCode.GENERAL_ERROR, attempt):
            break
        waited += pause
    assert 1.0 <= waited <= 3.0


# -- probes in a long transaction --------------------------------------------------------------


async def test_a_long_transaction_has_probes(connect: Connect) -> None:
    async def silent(writer: Writer, operation: int, transaction: int) -> None:
        pass

    async with stranger(silent) as camera:
        initiator = await connect(camera.port, timeouts=Timeouts(idle=0.01, probe=0.01))
        await initiator._pulse.greet(5.0)
        waiting = asyncio.create_task(initiator.storage_ids())
        await until(lambda: camera.kinds("event").count(13) > 3)
        # A camera that has much to do may leave them: the transaction's own time-out counts.
        camera.answers_probes = False
        before = camera.kinds("event").count(13)
        await until(lambda: camera.kinds("event").count(13) > before + 2)
        assert not initiator.closed
        await initiator.abort()
        with pytest.raises(LinkError, match="this side"):
            await waiting
