"""Keeping one client connected, whatever connecting and using it brings."""

import asyncio
from collections.abc import AsyncIterator, Callable
import contextlib
import logging

import pytest

from custom_components.crcp import link as link_module
from custom_components.crcp.errors import DeviceError
from custom_components.crcp.link import Link
from custom_components.crcp.protocols.crcp.errors import Busy, LinkError
from tests.helpers import until


class Client:
    """A client that is told when to end."""

    def __init__(self) -> None:
        self.end = asyncio.Event()
        self.error: Exception = LinkError("gone")
        self.closed = False

    async def close(self) -> None:
        self.closed = True


class House:
    """What a link is given, and what it did with it."""

    def __init__(self) -> None:
        self.refusals: list[Exception] = []
        self.clients: list[Client] = []
        self.downs: list[DeviceError] = []

    async def connect(self) -> Client:
        if self.refusals:
            raise self.refusals.pop(0)
        self.clients.append(Client())
        return self.clients[-1]

    async def use(self, client: Client) -> None:
        await client.end.wait()
        raise client.error


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.01, 0.02))
    return House()


@pytest.fixture
async def link(house: House) -> AsyncIterator[Link[Client]]:
    link = Link(house.connect, house.use, house.downs.append)
    task = asyncio.create_task(link.run())
    yield link
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_lost_connection_is_made_again(house: House, link: Link[Client]) -> None:
    await until(lambda: house.clients)
    assert link.client is house.clients[0]
    house.clients[0].end.set()
    await until(lambda: len(house.clients) == 2)
    assert house.clients[0].closed
    assert [str(error) for error in house.downs] == ["gone"]


async def test_a_refused_connection_is_tried_again_until_it_stands(
    house: House, link: Link[Client]
) -> None:
    await until(lambda: house.clients)
    house.refusals = [LinkError(str(number)) for number in range(5)]
    house.clients[0].end.set()
    await until(lambda: len(house.clients) == 2)
    assert [str(error) for error in house.downs] == ["gone", "0", "1", "2", "3", "4"]


async def test_a_defect_of_ours_is_told_and_does_not_end_it(
    house: House, link: Link[Client], caplog: pytest.LogCaptureFixture
) -> None:
    await until(lambda: house.clients)
    house.clients[0].error = ZeroDivisionError("ours")
    house.clients[0].end.set()
    await until(lambda: len(house.clients) == 2)
    assert "ZeroDivisionError: ours" in caplog.text
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]


async def test_a_sighting_cuts_the_wait_short(
    house: House, monkeypatch: pytest.MonkeyPatch, link: Link[Client]
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (3600.0,))
    await until(lambda: house.clients)
    house.clients[0].end.set()
    await until(lambda: house.downs)
    link.hurry()
    await until(lambda: len(house.clients) == 2)


async def test_a_sighting_while_it_is_tried_is_not_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (3600.0,))
    asked = asyncio.Event()

    async def connect() -> Client:
        if not asked.is_set():
            asked.set()
            link.hurry()
            raise LinkError("not yet")
        return await house.connect()

    link = Link(connect, house.use, house.downs.append)
    task = asyncio.create_task(link.run())
    await until(lambda: house.clients)
    task.cancel()


async def test_cancelling_closes_the_client(house: House) -> None:
    link = Link(house.connect, house.use, house.downs.append)
    await link.connect()
    task = asyncio.create_task(link.run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [client.closed for client in house.clients] == [True]


@pytest.mark.parametrize("failures", [1, 2, 5])
async def test_waiting_grows_until_a_connection_holds(
    house: House, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    waits: list[float] = []
    real: Callable[[float | None], asyncio.Timeout] = asyncio.timeout

    def timeout(delay: float | None) -> asyncio.Timeout:
        waits.append(delay or 0)
        return real(0)

    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (1.0, 2.0, 5.0))
    monkeypatch.setattr(link_module.asyncio, "timeout", timeout)
    house.refusals = [LinkError("no")] * failures
    link = Link(house.connect, house.use, house.downs.append)
    task = asyncio.create_task(link.run())
    while not house.clients:
        await asyncio.sleep(0)
    steps = [(1.0, 2.0, 5.0)[min(number, 2)] for number in range(failures)]
    assert all(step <= wait <= step * 1.25 for step, wait in zip(steps, waits, strict=True))
    monkeypatch.setattr(link_module, "STEADY", 0.0)
    house.clients[0].end.set()
    while len(house.clients) < 2:
        await asyncio.sleep(0)
    assert waits[-1] <= 1.25
    # One that did not hold was no success.
    monkeypatch.setattr(link_module, "STEADY", 60.0)
    house.clients[1].end.set()
    while len(house.clients) < 3:
        await asyncio.sleep(0)
    assert waits[-1] >= 2.0
    # When somebody else has the device, it is his for a while.
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (1.0, 2.0, 5.0, 10.0, 30.0))
    house.clients[2].error = Busy(421, "In use by another controller")
    house.clients[2].end.set()
    while len(house.clients) < 4:
        await asyncio.sleep(0)
    assert waits[-1] >= 30.0
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_after_a_first_connection_that_failed_some_time_passes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only somebody else's turn is over within the life of a test.
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (3600.0,) * link_module.POLITE + (0.01,))
    house.refusals = [Busy(421, "taken")]
    link = Link(house.connect, house.use, house.downs.append)
    with pytest.raises(Busy):
        await link.connect()
    task = asyncio.create_task(link.run())
    await until(lambda: house.clients)
    assert house.downs == []
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
