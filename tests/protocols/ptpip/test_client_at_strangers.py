"""An initiator at peers that do not behave like the virtual camera."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import contextlib

import pytest

from custom_components.crcp.protocols.ptpip.errors import LinkError, ProtocolError, TimedOut
from custom_components.crcp.protocols.ptpip.patience import Timeouts
from custom_components.crcp.virtual.host import LOOPBACK, Host

from .conftest import Connect
from .golden import golden

FRAMES = golden("packets")
ACK, JOINED = FRAMES["Init Command Ack"], FRAMES["Init Event Ack"]

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def peer(serve: Serve) -> AsyncIterator[int]:
    host = Host(serve)
    await host.start()
    yield host.port
    await host.stop()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> None:
    """Answer what comes first with data, then wait for the end."""
    await reader.read(1024)
    writer.write(data)
    await reader.read()


async def test_a_peer_that_says_nothing_is_timed_out(connect: Connect) -> None:
    async with peer(lambda r, w: answer(r, w, b"")) as port:
        with pytest.raises(TimedOut, match="consent"):
            await connect(port, timeouts=Timeouts(pairing=0.1))


async def test_a_peer_that_hangs_up_is_a_link_error(connect: Connect) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)

    async with peer(hang_up) as port:
        with pytest.raises(LinkError):
            await connect(port)


async def test_a_peer_that_speaks_something_else_is_a_protocol_error(connect: Connect) -> None:
    async with peer(lambda r, w: answer(r, w, b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        with pytest.raises(ProtocolError):
            await connect(port)


async def test_a_peer_that_never_acknowledges_the_event_connection(connect: Connect) -> None:
    async with peer(lambda r, w: answer(r, w, ACK)) as port:
        with pytest.raises(ProtocolError, match="INIT_COMMAND_ACK"):
            await connect(port)


async def test_bad_manners_on_the_event_connection_end_the_other_as_well(connect: Connect) -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.read(1024)
        if hello == FRAMES["Init Event Request"]:
            writer.write(JOINED + bytes(8))
            await ended.wait()
        else:
            writer.write(ACK)
            await reader.read()
            ended.set()

    async with peer(serve) as port:
        initiator = await connect(port, session=False)
        await asyncio.wait_for(ended.wait(), 5)
        assert isinstance(await initiator.wait_closed(), ProtocolError)


async def test_an_event_port_may_refuse_for_a_moment(connect: Connect) -> None:
    """The first listener closes before it acknowledges; the next opens 150 ms later."""
    acknowledged = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = await reader.read(1024)
        if hello == FRAMES["Init Event Request"]:
            writer.write(JOINED)
        else:
            first.close()
            asyncio.get_running_loop().call_later(0.15, acknowledged.set)
            writer.write(ACK)
        await reader.read()
        writer.close()

    async def second() -> asyncio.Server:
        await acknowledged.wait()
        return await asyncio.start_server(serve, LOOPBACK, port)

    first = await asyncio.start_server(serve, LOOPBACK, 0)
    port = first.sockets[0].getsockname()[1]
    initiator, server = await asyncio.gather(connect(port, session=False), second())
    assert initiator.friendly_name == "VirtualCam"
    await initiator.close()
    server.close()
    await server.wait_closed()
