"""Data over TCP: a connection that we open, or a port of ours that the unit connects to."""

import asyncio
import contextlib
from typing import override

from ..addresses import Address
from ..errors import LinkError, TimedOut
from .data_link import READ_SIZE, DataLink, is_same_host


class Stream(DataLink):
    """A TCP connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience

    @override
    async def read(self) -> bytes:
        try:
            return await self._reader.read(READ_SIZE)
        except OSError as error:
            raise LinkError(f"the data connection was lost: {error}") from error

    @override
    async def write(self, data: bytes) -> None:
        try:
            self._writer.write(data)
            async with asyncio.timeout(self._patience):
                await self._writer.drain()
        except TimeoutError:
            raise TimedOut("the unit does not take what it is sent") from None
        except OSError as error:
            raise LinkError(f"the data connection was lost: {error}") from error

    @override
    async def close(self) -> None:
        await close_stream(self._writer, self._patience)


async def close_stream(writer: asyncio.StreamWriter, patience: float) -> None:
    """Close a connection once all is sent; a peer that takes nothing cannot hold us."""
    writer.close()
    closed = asyncio.ensure_future(writer.wait_closed())
    try:
        # Not cancelled when it takes too long: whoever waited next would be cancelled with it.
        await asyncio.wait({closed}, timeout=patience)
    finally:
        writer.transport.abort()
    with contextlib.suppress(OSError):
        await closed


async def connect(address: Address, patience: float) -> DataLink:
    """Connect to a unit, for so many seconds at most. Raises LinkError, TimedOut."""
    try:
        async with asyncio.timeout(patience):
            opened = await asyncio.open_connection(address.host, address.port)
            return Stream(*opened, patience)
    except TimeoutError:
        raise TimedOut(f"no data connection to {address.host} port {address.port}") from None
    except OSError as error:
        raise LinkError(f"no data connection: {error}") from error


class Listener(DataLink):
    """A port of ours that the unit connects to; the stream is there once it has."""

    def __init__(self, peer: str, patience: float) -> None:
        self._peer = peer
        self._patience = patience
        self._server: asyncio.Server | None = None
        self._stream: asyncio.Future[Stream] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, here: str, peer: str, patience: float) -> Listener:
        """Listen for a connection from peer; whoever reads waits so many seconds for it."""
        listener = cls(peer, patience)
        listener._server = await asyncio.start_server(listener._accept, here, 0)
        return listener

    @property
    def address(self) -> Address:
        """Where the unit is to connect."""
        if self._server is None:
            raise LinkError("the data port is closed")
        host, port = self._server.sockets[0].getsockname()[:2]
        return Address(host, port)

    @override
    async def read(self) -> bytes:
        return await (await self._connected()).read()

    @override
    async def write(self, data: bytes) -> None:
        await (await self._connected()).write(data)

    @override
    async def close(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        if not self._stream.done():
            self._stream.cancel()
        elif not self._stream.cancelled():
            await self._stream.result().close()

    async def _connected(self) -> Stream:
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(self._stream)
        except TimeoutError:
            raise TimedOut("the unit did not connect to our data port") from None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._stream.done() or not is_same_host(
            writer.get_extra_info("peername")[0], self._peer
        ):
            writer.close()
        else:
            self._stream.set_result(Stream(reader, writer, self._patience))
