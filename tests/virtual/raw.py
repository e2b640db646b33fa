"""An initiator of bytes, typed from the documents: what ours would never say can be said."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
import struct

from custom_components.crcp.virtual.host import LOOPBACK

INIT_COMMAND_ACK, INIT_EVENT_ACK, INIT_FAIL, OPERATION_RESPONSE = 2, 4, 5, 7
EVENT, START_DATA, DATA, END_DATA = 8, 9, 10, 12

HELLO = bytes.fromhex("20000000 01000000") + b"\x01" * 16 + bytes.fromhex("6800 0000 00000100")


def packet(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<II", 8 + len(body), kind) + body


def request(phase: int, operation: int, number: int, *parameters: int) -> bytes:
    return packet(6, struct.pack(f"<IHI{len(parameters)}I", phase, operation, number, *parameters))


def data_out(number: int, data: bytes, announced: int | None = None) -> bytes:
    size = len(data) if announced is None else announced
    return packet(9, struct.pack("<IQ", number, size)) + packet(
        12, struct.pack("<I", number) + data
    )


def cancel(number: int) -> bytes:
    return packet(11, struct.pack("<I", number))


class Raw:
    """One TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def read(self) -> tuple[int, bytes]:
        """The next packet's type and body."""
        async with asyncio.timeout(10):
            length, kind = struct.unpack("<II", await self.reader.readexactly(8))
            return kind, await self.reader.readexactly(length - 8)

    async def response(self) -> int:
        """The code of the next response, whatever comes before it."""
        while (found := await self.read())[0] != OPERATION_RESPONSE:
            pass
        return int.from_bytes(found[1][:2], "little")

    async def ask(self, said: bytes) -> int:
        self.writer.write(said)
        return await self.response()

    async def ended(self) -> bool:
        """Whether the camera hangs up, whatever it says before."""
        async with asyncio.timeout(10):
            while await self.reader.read(1 << 16):
                pass
        return True


@contextlib.asynccontextmanager
async def dialled(port: int, said: bytes = b"") -> AsyncIterator[Raw]:
    """Open a TCP connection and say something."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(said)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def connected(port: int, *, session: bool = True) -> AsyncIterator[tuple[Raw, Raw]]:
    """Both connections to a camera, and an open session: the next transaction is 1."""
    async with dialled(port, HELLO) as command:
        kind, body = await command.read()
        assert kind == INIT_COMMAND_ACK
        async with dialled(port, packet(3, body[:4])) as event:
            assert (await event.read())[0] == INIT_EVENT_ACK
            if session:
                assert await command.ask(request(1, 0x1002, 0, 1)) == 0x2001
            yield command, event
