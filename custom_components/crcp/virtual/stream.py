"""A STREAM subunit as one controller has set it up, and its transfers (section 7)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
import contextlib
import logging
from typing import TYPE_CHECKING

from ..protocols.crcp.addresses import Address, format_address
from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.errors import ProtocolError, Refused
from ..protocols.crcp.messages import Command, Reply, Representation, TransferMode
from .data_ports import (
    ActiveStreamPort,
    DataPort,
    PacketPort,
    PassiveStreamPort,
    StreamPort,
    Work,
    allowed_target,
)

if TYPE_CHECKING:
    from .visitor import Visitor

_LOGGER = logging.getLogger(__name__)

#: One of media, and listings beside it; more only hold sockets that others need.
MOST_TRANSFERS = 8


class Stream:
    """TYPE, MODE and address of one STREAM subunit. What a transfer began with, it keeps."""

    def __init__(self, visitor: Visitor, number: int) -> None:
        """Begin with FTP's defaults: ASCII, mode S, no address."""
        self.representation = Representation()
        self.mode = TransferMode()
        self.number = number
        self._visitor = visitor
        self._port: DataPort | None = None
        self._running: dict[asyncio.Task[None], Command] = {}

    @property
    def payload_types(self) -> tuple[int, ...]:
        """The payload types asked for, or the unit's own choice."""
        return self.representation.payload_types or self._visitor.unit.payload_types[:1]

    @property
    def busy(self) -> bool:
        """Whether media are on their way."""
        return any(command.name in ("RETR", "STOR") for command in self._running.values())

    @property
    def operation(self) -> str:
        """What STAT STREAM tells first."""
        for command in self._running.values():
            if command.name in ("RETR", "STOR"):
                return f"{command.name} {command.argument}"
        return "IDLE"

    async def reset(self) -> None:
        """Forget TYPE, MODE and the address; what runs goes on."""
        self.representation, self.mode = Representation(), TransferMode()
        await self._drop_port()

    # -- setting up ----------------------------------------------------------------------------

    async def set_mode(self, mode: TransferMode) -> None:
        """Take a mode. An address of the other kind, TCP or UDP, is of no use any more."""
        if (mode.packets is None) != (self.mode.packets is None):
            await self._drop_port()
        self.mode = mode

    async def set_port(self, told: Address) -> None:
        """PORT: data go to an address of the controller's choice. Raises Refused."""
        unit = self._visitor.unit
        target = await allowed_target(told, self._visitor.peer, third_party=unit.third_party_data)
        await self._drop_port()
        if self.mode.packets is None:
            if target.is_multicast:
                raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "A group needs MODE P")
            self._port = ActiveStreamPort(target)
            return
        port = PacketPort(self._visitor.peer, target)
        try:
            if target.is_multicast:
                await port.open_group(target, self._visitor.here)
            else:
                await port.open(self._visitor.here)
        except OSError as error:  # a group of the other family, say
            raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "No data to that address") from error
        self._port = port

    async def listen(self) -> str:
        """PASV: data come to, or from, a port of ours. Returns what reply 227 tells."""
        await self._drop_port()
        unit, here = self._visitor.unit, self._visitor.here
        peer = None if unit.third_party_data else self._visitor.peer
        if self.mode.packets is not None and unit.group:
            group = PacketPort(None, None)
            try:
                await group.open_group(unit.group, here)
            except OSError as error:
                raise Refused(ReplyCode.NO_DATA_CONNECTION, "No way to the group") from error
            self._port = group
            return self._told(unit.group)
        if self.mode.packets is not None:
            packets = PacketPort(peer, None)
            even = [port for port in unit.data_ports_to_try() if port % 2 == 0]
            address = await _first_free(even, lambda port: packets.open(here, port))
            self._port = packets
            return self._told(address)
        stream = PassiveStreamPort(peer)
        ports = unit.data_ports_to_try()
        address = await _first_free(ports, lambda port: stream.listen(here, port))
        self._port = stream
        return self._told(address)

    def _told(self, address: Address) -> str:
        """Numbers, unless a name is set: FTP clients cannot read a name here."""
        name = self._visitor.unit.data_name
        return format_address(Address(name, address.port) if name else address)

    # -- transfers -----------------------------------------------------------------------------

    def check_ready(self) -> None:
        """Raise Refused when RETR or STOR cannot begin now."""
        if self._port is None:
            raise Refused(ReplyCode.NO_DATA_CONNECTION, "Use PORT or PASV first")
        if self.representation.payload_types is None:
            raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "TYPE A is for listings only")
        if self.busy:
            raise Refused(ReplyCode.FILE_BUSY, f"STREAM{self.number} is busy")

    def check_receives(self) -> None:
        """Raise Refused 504 when STOR cannot begin: datagrams come to a port of ours or a group."""
        if isinstance(self._port, PacketPort) and self._port.only_sends:
            raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "Use PASV, or PORT with a group")

    def check_lists(self) -> None:
        """Raise Refused 504 when LIST or NLST cannot begin: a listing needs a connection."""
        if self._port is not None and not isinstance(self._port, StreamPort):
            raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "A listing needs MODE S")

    def start(self, command: Command, work: Work) -> None:
        """Begin a transfer in a task of its own; the caller replies 1yz. Raises Refused 425, 450."""
        if self._port is None:
            raise Refused(ReplyCode.NO_DATA_CONNECTION, "Use PORT or PASV first")
        if len(self._running) >= MOST_TRANSFERS:
            raise Refused(ReplyCode.FILE_BUSY, "Too many transfers at once")
        port, self._port = self._port, None
        # Started at once: one that is aborted before its first step has to say so all the same.
        task = asyncio.create_task(
            self._run(command, port, work), name=f"crcp {command.name}", eager_start=True
        )
        self._running[task] = command
        task.add_done_callback(self._running.pop)

    def send_plain(self, pieces: AsyncIterator[bytes]) -> Work:
        """The work of a listing."""

        async def work(port: DataPort) -> None:
            if isinstance(port, StreamPort):
                async for piece in pieces:
                    await port.send_plain(piece)

        return work

    async def abort(self) -> bool:
        """End what runs; its own final reply is sent before this returns. False: nothing ran."""
        running = list(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        return bool(running)

    async def finished(self) -> None:
        """Wait until nothing runs."""
        if self._running:
            await asyncio.wait(list(self._running))

    async def close(self) -> None:
        """End everything."""
        await self.abort()
        await self._drop_port()

    async def _run(self, command: Command, port: DataPort, work: Work) -> None:
        what = f"{command.name} {command.subunit}" if command.subunit else command.name
        what = command.name if command.name in ("LIST", "NLST") else what
        try:
            await asyncio.sleep(0)  # the 1yz goes first
            code, text = await self._outcome(port, work)
            await port.close()
        except asyncio.CancelledError:
            code, text = ReplyCode.TRANSFER_BROKEN, "aborted"
            port.drop()
            await port.close()
        self._visitor.say_transfer_ended(Reply(code, (f"{what} {text}",)))

    async def _outcome(self, port: DataPort, work: Work) -> tuple[int, str]:
        try:
            await port.connect()
        except OSError:  # TimeoutError is one of them
            return ReplyCode.NO_DATA_CONNECTION, "has no data connection"
        try:
            await work(port)
            await port.flush()
        except Refused as refused:
            return refused.code, refused.text
        except (OSError, ProtocolError) as error:
            _LOGGER.info("A transfer broke: %s", error)
            port.drop()
            return ReplyCode.TRANSFER_BROKEN, "broken"
        return ReplyCode.TRANSFER_COMPLETE, "complete"

    async def _drop_port(self) -> None:
        if self._port:
            port, self._port = self._port, None
            await port.close()


async def _first_free(
    ports: Iterable[int], opening: Callable[[int], Awaitable[Address]]
) -> Address:
    for port in ports:
        with contextlib.suppress(OSError):
            return await opening(port)
    raise Refused(ReplyCode.NO_DATA_CONNECTION, "No data port is free")
