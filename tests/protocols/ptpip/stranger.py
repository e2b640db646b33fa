"""A camera that sends what a test likes, made of bare bytes: nothing of it knows the protocol."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import contextlib
from dataclasses import dataclass, field
import struct

from custom_components.crcp.virtual.host import Host

OK = 0x2001


def packet(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("<II", 8 + len(body), kind) + body


def response(transaction: int, code: int = OK) -> bytes:
    return packet(7, struct.pack("<HI", code, transaction))


def start(transaction: int, size: int) -> bytes:
    return packet(9, struct.pack("<IQ", transaction, size))


def data(transaction: int, payload: bytes) -> bytes:
    return packet(10, struct.pack("<I", transaction) + payload)


def end(transaction: int, payload: bytes = b"") -> bytes:
    return packet(12, struct.pack("<I", transaction) + payload)


def whole(transaction: int, payload: bytes) -> bytes:
    return start(transaction, len(payload)) + end(transaction, payload) + response(transaction)


#: Event DevicePropChanged(1).
EVENT = packet(8, bytes.fromhex("0640 ffffffff 01000000"))
PROBE = packet(13)

_ACK = packet(2, bytes.fromhex("01000000") + bytes(16) + bytes.fromhex("5800 0000 00000100"))

type Writer = asyncio.StreamWriter

#: Sends the answer to an operation: where to write, its code and its transaction id.
type Answer = Callable[[Writer, int, int], Awaitable[None]]


@dataclass
class Stranger:
    """Both connections of one initiator, and the packets that came on each."""

    answer: Answer
    port: int = 0
    answers_probes: bool = True
    events: Writer | None = None
    came: dict[str, list[tuple[int, bytes]]] = field(
        default_factory=lambda: {"command": [], "event": []}
    )

    def kinds(self, channel: str) -> list[int]:
        """The types of the packets that came."""
        return [kind for kind, _ in self.came[channel]]

    async def serve(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            kind, _ = await _read(reader)
            channel = "event" if kind == 3 else "command"
            writer.write(packet(4) if kind == 3 else _ACK)
            if kind == 3:
                self.events = writer
            while True:
                kind, body = await _read(reader)
                self.came[channel].append((kind, body))
                if kind == 13 and self.answers_probes:
                    writer.write(packet(14))
                if kind == 6:
                    await self._answer(writer, body)

    async def _answer(self, writer: Writer, body: bytes) -> None:
        _, operation, transaction = struct.unpack_from("<IHI", body)
        if operation in (0x1002, 0x1003):
            writer.write(response(transaction))
        else:
            await self.answer(writer, operation, transaction)


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    length, kind = struct.unpack("<II", await reader.readexactly(8))
    return kind, await reader.readexactly(length - 8)


@contextlib.asynccontextmanager
async def stranger(answer: Answer) -> AsyncIterator[Stranger]:
    camera = Stranger(answer)
    host = Host(camera.serve)
    await host.start()
    camera.port = host.port
    yield camera
    await host.stop()
