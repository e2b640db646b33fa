"""What can be wrong with a unit, declared: each is a way to misbehave on the control channel."""

import asyncio
import contextlib
from dataclasses import dataclass
import socket
import struct
from typing import ClassVar, Final, override


@dataclass(frozen=True, slots=True)
class Fault:
    """A misbehaviour. This one is none at all."""

    name: str = "none"
    about: str = "behaves"

    #: Whether it deals with whole connections, so that the unit hears of none.
    takes_over: ClassVar[bool] = False

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Deal with a whole connection."""

    def write(self, transport: asyncio.Transport, data: bytes, ended: asyncio.Future[None]) -> None:
        """Send a reply. ended: done when the connection is."""
        transport.write(data)


@dataclass(frozen=True, slots=True)
class _Takeover(Fault):
    """Deals with the whole connection: says something, and then stays, ends or floods."""

    hello: bytes = b""
    per_command: bytes = b""
    endless: bytes = b""

    takes_over: ClassVar[bool] = True

    @override
    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.hello)
        while await reader.readline():
            writer.write(self.per_command)
            while self.endless and not writer.is_closing():
                writer.write(self.endless)
                await writer.drain()


@dataclass(frozen=True, slots=True)
class _Flood(Fault):
    """Sends without end before anybody has asked."""

    piece: bytes = b""

    takes_over: ClassVar[bool] = True

    @override
    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(self.piece)
            await writer.drain()


@dataclass(frozen=True, slots=True)
class _Replace(Fault):
    """Sends something else in place of its replies."""

    old: bytes = b""
    new: bytes = b""

    @override
    def write(self, transport: asyncio.Transport, data: bytes, ended: asyncio.Future[None]) -> None:
        transport.write(data.replace(self.old, self.new) if self.old else self.new)


class _Drip(Fault):
    """Sends its replies byte by byte, a second between them."""

    @override
    def write(self, transport: asyncio.Transport, data: bytes, ended: asyncio.Future[None]) -> None:
        task = asyncio.create_task(_drip(transport, data, ended), name="crcp dripping")
        _DRIPPING.add(task)
        task.add_done_callback(_DRIPPING.discard)


class _HalfClose(Fault):
    """Ends its side of the connection after the first reply to a command, and reads on."""

    @override
    def write(self, transport: asyncio.Transport, data: bytes, ended: asyncio.Future[None]) -> None:
        # Its side may have ended before; TLS has no way to end one side.
        with contextlib.suppress(RuntimeError):
            transport.write(data)
            if not data.startswith(b"220"):
                transport.write_eof()


class _Reset(Fault):
    """Resets the connection in place of its first reply to a command."""

    @override
    def write(self, transport: asyncio.Transport, data: bytes, ended: asyncio.Future[None]) -> None:
        if data.startswith(b"220"):
            transport.write(data)
            return
        connected: socket.socket = transport.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()


#: The event loop alone would let go of a task before it is done.
_DRIPPING: Final[set[asyncio.Task[None]]] = set()


async def _drip(transport: asyncio.Transport, data: bytes, ended: asyncio.Future[None]) -> None:
    for byte in data:
        if ended.done():
            break
        transport.write(bytes((byte,)))
        await asyncio.wait({ended}, timeout=1)


NO_FAULT: Final = Fault()

FAULTS: Final = {
    fault.name: fault
    for fault in (
        NO_FAULT,
        _Takeover("silent", "takes connections and never says anything"),
        _Takeover("mute", "greets and never answers", hello=b"220 ready\r\n"),
        _Drip("slow", "answers one byte a second"),
        _Replace("garbled", "answers with noise", new=b"\x00\x8f\x03?#\r\n"),
        _Takeover(
            "endless-reply",
            "begins a reply and never ends it",
            hello=b"220 ready\r\n",
            per_command=b"211-status\r\n",
            endless=b" TAPE0\r\n" * 1000,
        ),
        _Takeover(
            "endless-line",
            "answers with a line that has no end",
            hello=b"220 ready\r\n",
            per_command=b"200 ",
            endless=b"x" * 8192,
        ),
        _Flood("endless-banner", "greets without end", piece=b"220-welcome\r\n" * 1000),
        _Replace("wrong-code", "answers with codes that there are none of", old=b"2", new=b"9"),
        _HalfClose("half-closed", "ends its side after the first reply"),
        _Takeover("busy", "says 421 to everybody", hello=b"421 In use by another controller\r\n"),
        _Reset("reset", "resets the connection at the first command"),
        _Takeover(
            "ftp",
            "is an FTP server",
            hello=b"220 (vsFTPd 3.0.3)\r\n",
            per_command=b"211-FTP server status:\r\n     TYPE: ASCII\r\n211 End of status\r\n",
        ),
    )
}
