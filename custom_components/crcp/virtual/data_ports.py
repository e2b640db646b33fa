"""The data connections of a virtual unit, in the four ways of section 7."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from ipaddress import ip_address
import socket
import struct
from typing import Any, Final, override

from ..protocols.crcp.addresses import Address
from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.errors import Refused
from ..protocols.crcp.rtp import frame
from .backlog import Backlog

READ_SIZE: Final = 65536
LOWEST_PORT: Final = 1024

#: Nobody connects within so many seconds: 425. Nothing of what is sent is taken for as long: 426.
PATIENCE: Final = 10.0

#: Of the ports that a system gives, every other one is even.
TRIES_FOR_EVEN: Final = 100

#: What the system keeps for a receiver is out of our sight: a second of a good picture at most.
SYSTEMS_SHARE: Final = 256 << 10

#: How often to look whether a receiver has taken all.
LOOK: Final = 0.02


class DataPort(ABC):
    """One end of a data connection, agreed on by PORT or PASV and used by one transfer."""

    is_packets = False

    @abstractmethod
    async def connect(self) -> None:
        """Wait until there is somebody at the other end. Raises TimeoutError or OSError."""

    @abstractmethod
    async def hear(self) -> None:
        """Get ready to receive: what is needed for that and not for sending."""

    @abstractmethod
    def send(self, packet: bytes) -> None:
        """Send one RTP packet, or drop it when the receiver is too slow. Raises OSError."""

    @abstractmethod
    async def flush(self) -> None:
        """Wait until all that was sent is taken. Raises OSError when that does not happen."""

    @abstractmethod
    async def receive(self) -> bytes:
        """Return what came next; b"" at the end."""

    @abstractmethod
    async def close(self) -> None:
        """Close, once all is sent."""

    @abstractmethod
    def drop(self) -> None:
        """Close at once: nobody wants any more what is not sent yet."""


class StreamPort(DataPort):
    """Mode S: TCP, each packet behind two bytes of length. open waits for, or makes, a connection."""

    def __init__(self) -> None:
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._backlog = Backlog()

    def _attach(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use a connection from now on."""
        connected: socket.socket = writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SYSTEMS_SHARE)
        self._reader, self._writer = reader, writer

    @override
    async def hear(self) -> None:
        pass  # a connection goes both ways

    @override
    def send(self, packet: bytes) -> None:
        if self._writer is None or self._writer.is_closing():
            raise ConnectionResetError("the receiver closed the data connection")
        now = self._look(self._writer)
        if self._backlog.takes(packet, now):
            framed = frame(packet)
            self._writer.write(framed)
            self._backlog.add(len(framed), now)

    @override
    async def flush(self) -> None:
        if self._writer is None:
            return
        while self._writer.transport.get_write_buffer_size():
            self._look(self._writer)
            await asyncio.sleep(LOOK)
        if self._writer.is_closing():
            raise ConnectionResetError("the receiver closed the data connection")

    def _look(self, writer: asyncio.StreamWriter) -> float:
        """See how far the receiver is; the time now. Raises ConnectionResetError."""
        now = asyncio.get_running_loop().time()
        self._backlog.look(writer.transport.get_write_buffer_size(), now)
        if now - self._backlog.moved > PATIENCE:
            raise ConnectionResetError("the receiver takes nothing")
        return now

    async def send_plain(self, data: bytes) -> None:
        """Send bytes as they are, which is how listings go."""
        if self._writer:
            self._backlog.add(len(data), self._look(self._writer))
            self._writer.write(data)
            async with asyncio.timeout(PATIENCE):
                await self._writer.drain()

    @override
    async def receive(self) -> bytes:
        return await self._reader.read(READ_SIZE) if self._reader else b""

    @override
    async def close(self) -> None:
        if self._writer:
            self._writer.close()
            closed = asyncio.ensure_future(self._writer.wait_closed())
            try:
                await asyncio.wait({closed}, timeout=PATIENCE)
            finally:
                self.drop()
            with contextlib.suppress(OSError):
                await closed

    @override
    def drop(self) -> None:
        if self._writer:
            self._writer.transport.abort()


class PassiveStreamPort(StreamPort):
    """PASV: the other end connects to us, before or after its RETR."""

    def __init__(self, peer: str | None) -> None:
        """peer: the only host that may connect; None for any."""
        super().__init__()
        self._peer = peer
        self._server: asyncio.Server | None = None
        self._arrived = asyncio.Event()

    async def listen(self, host: str, port: int) -> Address:
        """Open the port and return where it is."""
        self._server = await asyncio.start_server(self._accept, host, port)
        return Address(host, self._server.sockets[0].getsockname()[1])

    @override
    async def connect(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._arrived.wait()

    @override
    async def close(self) -> None:
        if self._server:
            self._server.close()
        await super().close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stranger = self._peer not in (None, writer.get_extra_info("peername")[0])
        if stranger or self._arrived.is_set():
            writer.close()
            return
        self._attach(reader, writer)
        self._arrived.set()


class ActiveStreamPort(StreamPort):
    """PORT: we connect."""

    def __init__(self, address: Address) -> None:
        super().__init__()
        self._address = address

    @override
    async def connect(self) -> None:
        async with asyncio.timeout(PATIENCE):
            opened = await asyncio.open_connection(self._address.host, self._address.port)
        self._attach(*opened)


class PacketPort(DataPort, asyncio.DatagramProtocol):
    """Mode P: UDP. target: where we send to; None until the first datagram of peer has told."""

    is_packets = True

    def __init__(self, peer: str | None, target: Address | None) -> None:
        self._peer = peer
        self._target = (target.host, target.port) if target else None
        self._group: Address | None = None
        self._here = ""
        self._transport: asyncio.DatagramTransport | None = None
        self._arrived = asyncio.Event()
        self._received: asyncio.Queue[bytes] = asyncio.Queue(1024)

    @property
    def only_sends(self) -> bool:
        """Whether it was told a single host to send to, from which nothing can be received."""
        return self._target is not None and self._group is None

    async def open(self, host: str, port: int = 0) -> Address:
        """Open the socket and return where it is; of the ports that are free, an even one.

        RTCP has the odd one above it (RFC 3550 section 11).
        """
        for _ in range(TRIES_FOR_EVEN):
            await self._open(local_addr=(host, port))
            number = self._transport.get_extra_info("sockname")[1] if self._transport else 0
            if port or number % 2 == 0:
                return Address(host, number)
            self.drop()
        raise ConnectionResetError("no even port is free")

    async def open_group(self, group: Address, here: str) -> None:
        """Open a socket that sends to a group through the interface of here."""
        self._group, self._here = group, here
        self._target = (group.host, group.port)
        await self._open(sock=_sending_to(group, here))

    @override
    async def hear(self) -> None:
        if self._group:
            # A port that is the group's own hears it, and is not needed for sending.
            self.drop()
            await self._open(sock=_joined(self._group, self._here))

    async def _open(self, **how: Any) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, **how)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.DatagramTransport):
            self._transport = transport

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._peer not in (None, addr[0]):
            return
        self._target = self._target or addr
        self._arrived.set()
        with contextlib.suppress(asyncio.QueueFull):
            self._received.put_nowait(data)

    @override
    async def connect(self) -> None:
        if self._target is None:
            async with asyncio.timeout(PATIENCE):
                await self._arrived.wait()

    @override
    def send(self, packet: bytes) -> None:
        if self._transport and self._target:
            self._transport.sendto(packet, self._target)

    @override
    async def flush(self) -> None:
        pass  # a datagram is gone when it is sent

    @override
    async def receive(self) -> bytes:
        return await self._received.get()

    @override
    async def close(self) -> None:
        self.drop()

    @override
    def drop(self) -> None:
        if self._transport:
            self._transport.close()


async def allowed_target(told: Address, peer: str, *, third_party: bool) -> Address:
    """Where data may be sent for this controller: to itself, to a group, or, if allowed, anywhere.

    Raises Refused 504, or 501 for a name that nobody knows.
    """
    address = await _resolve(told, socket.AF_INET6 if ":" in peer else socket.AF_INET)
    if address.number is not None and address.number.is_unspecified:
        address = Address(peer, address.port)
    own = address.number == ip_address(peer)
    if address.port < LOWEST_PORT or not (own or _is_local_group(address) or third_party):
        raise Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "No data to that address")
    return address


def _is_local_group(address: Address) -> bool:
    """239/8 and ff00::/8: groups that stay inside a site."""
    number = ip_address(address.host)
    return number.is_multicast and (number.version == 6 or address.host.startswith("239."))


async def _resolve(address: Address, family: socket.AddressFamily) -> Address:
    if address.number is not None:
        return address
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(address.host, address.port, family=family)
    except (OSError, UnicodeError) as error:
        raise Refused(ReplyCode.BAD_ARGUMENT, "No such host") from error
    return Address(str(found[0][4][0]), address.port)


def _sending_to(group: Address, here: str) -> socket.socket:
    opened = _datagram_socket(group)
    if opened.family == socket.AF_INET:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(here))
        opened.bind(("", 0))
    else:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, _interface(here))
        opened.bind(("::", 0))
    return opened


def _joined(group: Address, here: str) -> socket.socket:
    opened = _datagram_socket(group)
    if opened.family == socket.AF_INET:
        opened.bind((group.host, group.port))
        member = socket.inet_aton(group.host) + socket.inet_aton(here)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    else:
        opened.bind((group.host, group.port, 0, _interface(here)))
        member = socket.inet_pton(socket.AF_INET6, group.host)
        member += struct.pack("@I", _interface(here))
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
    return opened


def _interface(here: str) -> int:
    """The interface that a link-local address names; 0 leaves the choice to the system."""
    name = here.partition("%")[2]
    return int(name) if name.isdecimal() else socket.if_nametoindex(name) if name else 0


def _datagram_socket(group: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in group.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return opened


#: Works with a data port until the transfer is done.
type Work = Callable[[DataPort], Awaitable[None]]
