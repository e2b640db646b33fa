"""A peer that sends much, or without end, costs little: others get their turn, and then it is left."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
import time

import pytest

from custom_components.crcp.protocols.ptpip import patience
from custom_components.crcp.protocols.ptpip.client import link
from custom_components.crcp.protocols.ptpip.codes import OperationCode
from custom_components.crcp.protocols.ptpip.datasets import DeviceInfo
from custom_components.crcp.protocols.ptpip.errors import ProtocolError, TimedOut
from custom_components.crcp.protocols.ptpip.framing import MAX_UNKNOWN_AT_ONCE
from custom_components.crcp.protocols.ptpip.operations import MAX_STRUCTURE
from custom_components.crcp.protocols.ptpip.patience import Flood, Timeouts
from custom_components.crcp.protocols.ptpip.reading import MAX_EXCESS, read_object
from custom_components.crcp.protocols.ptpip.vendors import Generic
from tests.helpers import until

from .conftest import Connect
from .stranger import EVENT, PROBE, Writer, data, end, packet, response, start, stranger, whole

#: A camera that has GetObject.
PLAIN = Generic(DeviceInfo(operations_supported=(OperationCode.GET_OBJECT,)))

UNKNOWN = 0xFFFFFFFFFFFFFFFF

#: Turns of others that show a share was given; a fast machine has done all in a handful of shares.
A_FEW = 2


async def drop(piece: memoryview) -> None:
    pass


async def silent(writer: Writer, operation: int, transaction: int) -> None:
    pass


@contextlib.asynccontextmanager
async def turns() -> AsyncIterator[list[float]]:
    """Count the turns that others get, each with the processor time that passed before it."""
    found: list[float] = []

    async def watch() -> None:
        before = time.process_time()
        while True:
            await asyncio.sleep(0)
            now = time.process_time()
            found.append(now - before)
            before = now

    watching = asyncio.create_task(watch())
    yield found
    watching.cancel()


# -- sharing -----------------------------------------------------------------------------------


async def test_others_get_their_turn_though_much_is_there_at_once(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stranger(silent) as camera:
        initiator = await connect(camera.port)
        assert camera.events
        came = 0

        def count(_packet: object) -> None:
            nonlocal came
            came += 1

        monkeypatch.setattr(initiator, "_keep", count)
        camera.events.write(EVENT * 20_000)
        async with turns() as found:
            await until(lambda: came == 20_000)
        assert max(found) < 0.2
        assert len(found) > A_FEW
        assert not initiator.closed


@pytest.mark.parametrize("crumb", [b"", b"x"], ids=["empty", "one byte"])
async def test_data_in_crumbs_leave_others_their_turn(connect: Connect, crumb: bytes) -> None:
    number = 20_000

    async def crumbs(writer: Writer, operation: int, transaction: int) -> None:
        many = data(transaction, crumb) * number
        writer.write(
            start(transaction, number * len(crumb))
            + many
            + end(transaction)
            + response(transaction)
        )

    async with stranger(crumbs) as camera:
        initiator = await connect(camera.port)
        async with turns() as found:
            assert await initiator.get_object(3, drop) == number * len(crumb)
        assert max(found) < 0.2
        assert len(found) > A_FEW


def test_a_share_is_a_moment() -> None:
    assert link.FAIR_SHARE <= 0.02


# -- floods ------------------------------------------------------------------------------------


@pytest.fixture
def handful(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(patience, "HANDFUL", 2000)
    return 2000


@pytest.mark.parametrize("flood", [EVENT, PROBE, packet(99)], ids=["events", "probes", "unknown"])
async def test_a_flood_ends_the_connection(connect: Connect, flood: bytes, handful: int) -> None:
    async with stranger(silent) as camera:
        initiator = await connect(camera.port)
        assert camera.events
        camera.events.write(flood * 4 * handful)
        reason = await asyncio.wait_for(initiator.wait_closed(), 5)
        assert isinstance(reason, ProtocolError)
        assert "flood" in str(reason)


async def test_a_flood_of_crumbs_ends_the_connection(connect: Connect, handful: int) -> None:
    async def crumbs(writer: Writer, operation: int, transaction: int) -> None:
        writer.write(start(transaction, UNKNOWN) + data(transaction, b"x") * 100 * handful)

    async with stranger(crumbs) as camera:
        initiator = await connect(camera.port)
        with pytest.raises(ProtocolError, match="flood"):
            await initiator.get_object(3, drop)
        assert initiator.closed


async def test_many_small_transactions_are_no_flood(connect: Connect, handful: int) -> None:
    async def answer(writer: Writer, operation: int, transaction: int) -> None:
        writer.write(whole(transaction, bytes(4)))

    async with stranger(answer) as camera:
        initiator = await connect(camera.port)
        for _ in range(handful // 3 + 1):
            assert await initiator.storage_ids() == ()


def test_what_comes_slowly_or_has_something_in_it_is_no_flood() -> None:
    slow, full, fast = Flood(0.0), Flood(0.0), Flood(0.0)
    slow.came(18 * patience.HANDFUL, patience.HANDFUL, patience.LEAST_SECONDS)
    full.came(64 * patience.HANDFUL, patience.HANDFUL, 0.0)
    fast.came(18 * patience.HANDFUL, patience.HANDFUL - 1, 0.0)
    with pytest.raises(ProtocolError):
        fast.came(18, patience.HANDFUL, patience.LEAST_SECONDS - 1)


async def test_nothing_but_unknown_packets_in_one_read_is_a_flood(connect: Connect) -> None:
    async def unknown(writer: Writer, operation: int, transaction: int) -> None:
        writer.write(packet(99) * (MAX_UNKNOWN_AT_ONCE + 1) + whole(transaction, bytes(4)))

    async with stranger(unknown) as camera:
        initiator = await connect(camera.port)
        with pytest.raises(ProtocolError, match="unknown"):
            await initiator.storage_ids()


async def test_empty_packets_are_no_progress(connect: Connect) -> None:
    async def drip(writer: Writer, operation: int, transaction: int) -> None:
        writer.write(start(transaction, UNKNOWN))
        while True:
            writer.write(data(transaction, b"") * 100)
            await writer.drain()
            await asyncio.sleep(0.01)

    async with stranger(drip) as camera:
        initiator = await connect(camera.port, timeouts=Timeouts(silence=0.2))
        with pytest.raises(TimedOut):
            await asyncio.wait_for(initiator.get_object(3, drop), 5)


# -- without end -------------------------------------------------------------------------------


async def endless(writer: Writer, operation: int, transaction: int) -> None:
    writer.write(start(transaction, UNKNOWN))
    while True:
        writer.write(data(transaction, bytes(1 << 20)))
        await writer.drain()


async def test_data_without_end_are_given_up(connect: Connect) -> None:
    written = 0

    async def count(piece: memoryview) -> None:
        nonlocal written
        written += len(piece)

    async with stranger(endless) as camera:
        initiator = await connect(camera.port)
        with pytest.raises(ProtocolError, match="object of 1000"):
            await read_object(initiator, PLAIN, 3, count, size=1000)
        assert written == 1000
        assert initiator.closed


async def test_what_is_announced_is_held_against_what_was_told(connect: Connect) -> None:
    async def longer(writer: Writer, operation: int, transaction: int) -> None:
        writer.write(start(transaction, 1001 + MAX_EXCESS))

    async with stranger(longer) as camera:
        initiator = await connect(camera.port)
        with pytest.raises(ProtocolError, match="object of 1000"):
            await read_object(initiator, PLAIN, 3, drop, size=1000)


async def test_an_object_that_has_grown_costs_itself_only(connect: Connect) -> None:
    async def grown(writer: Writer, operation: int, transaction: int) -> None:
        writer.write(whole(transaction, bytes(1001) if operation == 0x1009 else bytes(4)))

    written = bytearray()

    async def keep(piece: memoryview) -> None:
        written.extend(piece)

    async with stranger(grown) as camera:
        initiator = await connect(camera.port)
        with pytest.raises(ProtocolError):
            await read_object(initiator, PLAIN, 3, keep, size=1000)
        assert len(written) == 1000
        assert await initiator.storage_ids() == ()


@pytest.mark.parametrize("announced", [MAX_STRUCTURE + 1, UNKNOWN], ids=["told", "not told"])
async def test_a_large_device_info_is_not_read(connect: Connect, announced: int) -> None:
    """It would be true to its counts: 8 million operations, which are gigabytes of objects."""
    sent = 0

    async def large(writer: Writer, operation: int, transaction: int) -> None:
        nonlocal sent
        writer.write(start(transaction, announced))
        while announced == UNKNOWN:
            writer.write(data(transaction, bytes(1 << 14)))
            await writer.drain()
            sent += 1 << 14

    async with stranger(large) as camera:
        initiator = await connect(camera.port)
        with pytest.raises(ProtocolError, match="GET_DEVICE_INFO"):
            await initiator.device_info()
        assert sent < 16 << 20  # what lies in the sockets, and not more


BOUNDS = {
    "device_info": (0, MAX_STRUCTURE),
    "storage_ids": (0, 4 + (4 << 20)),
    "storage_info": (1, MAX_STRUCTURE),
    "object_handles": (0, 4 + (4 << 20)),
    "object_info": (1, MAX_STRUCTURE),
    "thumb": (1, 4 << 20),
    "device_prop_desc": (1, 1 << 18),
    "device_prop_value": (2, 1 << 18),
    "object_props_supported": (1, MAX_STRUCTURE),
    "object_prop_desc": (2, 1 << 18),
    "object_prop_value": (3, 4 << 20),
    "object_prop_list": (3, 16 << 20),
}


@pytest.mark.parametrize("asked", BOUNDS)
async def test_each_dataset_has_its_bound(connect: Connect, asked: str) -> None:
    parameters, limit = BOUNDS[asked]

    async def longer(writer: Writer, operation: int, transaction: int) -> None:
        writer.write(start(transaction, limit + 1))

    async with stranger(longer) as camera:
        initiator = await connect(camera.port)
        with pytest.raises(ProtocolError, match=f"more than {limit} bytes"):
            await getattr(initiator, asked)(*(1,) * parameters)
