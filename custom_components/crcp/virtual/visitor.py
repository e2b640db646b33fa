"""Whoever commands a virtual unit: over a control connection, or by datagram."""

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, override

from ..protocols.crcp.messages import Command, Reply
from .accounts import Login
from .stream import Stream

if TYPE_CHECKING:
    from .unit import VirtualUnit

_LOGGER = logging.getLogger(__name__)


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

    async def forget_datagram(self) -> None:
        """Forget what a datagram has set; what it has started goes on until ABOR."""
        self.user, self.directory, self.login = "", "/", Login(self.unit.account)
        for stream in self._streams.values():
            await stream.reset()


#: So many datagrams of one sender may wait while a command takes its time.
MOST_WAITING = 100


class Datagrams(asyncio.DatagramProtocol):
    """Commands by datagram (section 4): a sender's one after the other, never answered."""

    def __init__(self, unit: VirtualUnit) -> None:
        """Serve unit."""
        self._unit = unit
        self._transport: asyncio.DatagramTransport | None = None
        #: Kept, so that ABOR finds what runs; there are no more than there are allowed addresses.
        self._visitors: dict[str, _Sender] = {}

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.DatagramTransport):
            self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._unit.allows(addr[0]):
            _LOGGER.info("A datagram from %s was not let in", addr[0])
            return
        if addr[0] not in self._visitors:
            here = self._transport.get_extra_info("sockname")[0] if self._transport else ""
            self._visitors[addr[0]] = _Sender(self._unit, addr[0], here)
        self._visitors[addr[0]].take(data)

    @property
    def port(self) -> int:
        """The port listened on."""
        port: int = self._transport.get_extra_info("sockname")[1] if self._transport else 0
        return port

    async def close(self) -> None:
        """Close the port and end what was started by datagram."""
        if self._transport:
            self._transport.close()
        for visitor in self._visitors.values():
            await visitor.dismiss()

    async def abort(self, number: int) -> None:
        """End what was started by datagram on a STREAM subunit."""
        for visitor in self._visitors.values():
            await visitor.abort(number)


class _Sender(Visitor):
    """Who commands by datagram from one address. What it got wrong delays nobody else."""

    def __init__(self, unit: VirtualUnit, peer: str, here: str) -> None:
        super().__init__(unit, peer, here)
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._task = asyncio.create_task(self._work(), name="crcp datagrams")

    def take(self, datagram: bytes) -> None:
        """Do what it says after those before it; one too many is lost, as a network loses them."""
        with contextlib.suppress(asyncio.QueueFull):
            self._waiting.put_nowait(datagram)

    async def dismiss(self) -> None:
        """Do no more, and end what was started."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self.leave()

    async def _work(self) -> None:
        while True:
            await self.unit.perform_datagram(self, await self._waiting.get())
            await self.forget_datagram()


#: What makes no sense without a reply.
IGNORED_IN_DATAGRAMS = frozenset({"PASV", "STAT", "HELP", "LIST", "NLST", "QUIT"})


def is_ignored(command: Command) -> bool:
    """Whether a command is left out when it comes by datagram."""
    return command.name in IGNORED_IN_DATAGRAMS
