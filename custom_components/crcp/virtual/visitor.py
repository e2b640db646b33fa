"""Whoever commands a virtual unit: over a control connection, or by datagram."""

import asyncio
import contextlib
import logging
import socket
from typing import TYPE_CHECKING, override

from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.lines import NeedData
from ..protocols.crcp.messages import Command, Reply
from ..protocols.crcp.session import (
    CommandReceived,
    CommandRejected,
    Event,
    Role,
    Session,
    TelnetAnswer,
)
from ..protocols.crcp.state import State
from .accounts import Login
from .stream import Stream

if TYPE_CHECKING:
    from .unit import VirtualUnit

_LOGGER = logging.getLogger(__name__)

READ_SIZE = 65536


class Visitor:
    """What a unit remembers of one controller: its login, its directory, its streams."""

    def __init__(self, unit: VirtualUnit, peer: str, here: str) -> None:
        """Peer and here: the addresses of both ends."""
        self.unit = unit
        self.peer = peer
        self.here = here
        self.user = ""
        self.directory = "/"
        self.login = Login(unit.account)
        self._streams: dict[int, Stream] = {}

    def stream(self, number: int) -> Stream:
        """The STREAM subunit of a number, as this controller has set it up."""
        return self._streams.setdefault(number, Stream(self, number))

    @property
    def transferring(self) -> bool:
        """Whether media are on their way."""
        return any(stream.busy for stream in self._streams.values())

    async def abort(self, number: int) -> bool:
        """End the transfers of a STREAM subunit; False when there were none."""
        return await self.stream(number).abort()

    async def transfers_ended(self) -> None:
        """Wait until every transfer has ended by itself."""
        for stream in self._streams.values():
            await stream.finished()

    async def forget(self) -> None:
        """Begin anew, as REIN has it."""
        await self.leave()
        self.user, self.directory, self.login = "", "/", Login(self.unit.account)

    async def leave(self) -> None:
        """End what was started: a controller that is gone cannot end it any more."""
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            await stream.close()

    def say_transfer_ended(self, reply: Reply) -> None:
        """Tell the final reply of a transfer. A visitor by datagram is told nothing."""


class ControlConnection(Visitor):
    """One controller's connection: reads, performs, replies."""

    def __init__(
        self, unit: VirtualUnit, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take over an accepted connection."""
        here, peer = writer.get_extra_info("sockname")[0], writer.get_extra_info("peername")[0]
        super().__init__(unit, peer, here)
        self._reader = reader
        self._writer = writer
        self._session = Session(Role.UNIT, unit.subunits)

    async def run(self) -> None:
        """Serve until either end closes."""
        self._set_up()
        if self.unit.greeting is not None:
            self._send(Reply(ReplyCode.READY, (self.unit.greeting,)))
        else:
            self._session.skip_greeting()
        try:
            while self._session.state is not State.CLOSED and await self._read():
                while not isinstance(event := self._session.next_event(), NeedData):
                    await self._handle(event)
                await self._writer.drain()
        finally:
            await self.leave()

    def dismiss(self, reason: str) -> None:
        """Say 421 and close."""
        if self._session.state is not State.CLOSED:
            self._send(Reply(ReplyCode.CLOSING, (reason,)))
            self._writer.close()

    @override
    def say_transfer_ended(self, reply: Reply) -> None:
        if self._session.state in (State.READY, State.PENDING) and not self._writer.is_closing():
            self._write(self._session.send_transfer_end(reply))

    def _set_up(self) -> None:
        connected: socket.socket = self._writer.get_extra_info("socket")
        # FTP clients send ABOR as urgent data; out of line, the next line would lose its neighbour.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        # A controller that vanished without a word must not hold the unit for ever.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    async def _read(self) -> bool:
        """Read what comes next; False when nothing came for too long."""
        in_time = self.unit.idle_time if self.login.logged_in else self.unit.login_time
        while True:
            try:
                async with asyncio.timeout(in_time):
                    self._session.receive_data(await self._reader.read(READ_SIZE))
                    return True
            except TimeoutError:
                if not self.transferring:
                    self.dismiss("Idle timeout")
                    return False

    async def _handle(self, event: Event) -> None:
        match event:
            case CommandReceived(command):
                _LOGGER.debug("Performing %s", command)
                self._send(await self.unit.perform(self, command))
            case CommandRejected(reply):
                self._send(reply)
            case TelnetAnswer(data):
                self._write(data)
            case _:
                pass  # The other events are a controller's; at the end of the stream run returns.

    def _send(self, reply: Reply) -> None:
        if self._session.state is not State.CLOSED:
            self._write(self._session.send(reply))

    def _write(self, data: bytes) -> None:
        self.unit.fault.write(self._writer, data)


class Datagrams(asyncio.DatagramProtocol):
    """Commands by datagram (section 4): executed one after the other, never answered."""

    def __init__(self, unit: VirtualUnit) -> None:
        """Serve unit."""
        self._unit = unit
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue(100)
        self._visitor: Visitor | None = None
        self._task = asyncio.create_task(self._work(), name="crcp datagrams")

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.DatagramTransport):
            self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait((data, addr[0]))

    @property
    def port(self) -> int:
        """The port listened on."""
        port: int = self._transport.get_extra_info("sockname")[1] if self._transport else 0
        return port

    async def close(self) -> None:
        """Close the port and end what was started by datagram."""
        if self._transport:
            self._transport.close()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self._visitor:
            await self._visitor.leave()

    async def _work(self) -> None:
        while True:
            data, peer = await self._waiting.get()
            if self._visitor is None or self._visitor.peer != peer:
                here = self._transport.get_extra_info("sockname")[0] if self._transport else ""
                self._visitor = Visitor(self._unit, peer, here)
            await self._unit.perform_datagram(self._visitor, data)


#: What makes no sense without a reply.
IGNORED_IN_DATAGRAMS = frozenset({"PASV", "STAT", "HELP", "LIST", "NLST", "QUIT"})


def is_ignored(command: Command) -> bool:
    """Whether a command is left out when it comes by datagram."""
    return command.name in IGNORED_IN_DATAGRAMS
