"""Data connections of a controller: TCP or UDP, opened by either end (section 7)."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from ipaddress import ip_address
import logging
import socket
import struct
from typing import Any, Final, override

from ..addresses import Address, parse_passive
from ..errors import LinkError, Misuse, ProtocolError, TimedOut
from ..messages import Command, Reply, TransferMode

_LOGGER = logging.getLogger(__name__)

READ_SIZE: Final = 65536

#: Datagrams that came and were not fetched yet; more are dropped, as a network drops them.
MAX_WAITING: Final = 1024

#: What the system keeps for us while something else has its turn; it gives what it allows.
RECEIVE_BUFFER: Final = 2 << 20

#: So many datagrams are read before something else has its turn.
MAX_AT_ONCE: Final = 128

#: Below this only services of the system listen; no unit has a reason to send us there.
LOWEST_PORT: Final = 1024

#: A unit learns where to send by a datagram of ours; it may get lost, so it is sent again.
KNOCK_INTERVAL: Final = 2.0

#: Asks the unit: sends PASV or PORT and returns the reply.
type Ask = Callable[[Command], Awaitable[Reply]]


class DataLink(ABC):
    """Where data comes from or goes to."""

    #: Whether each piece is a datagram that holds one packet, rather than a piece of a stream.
    is_packets = False

    @abstractmethod
    async def read(self) -> bytes:
        """Return what came next; b"" at the end of a stream. Raises LinkError."""

    def read_waiting(self) -> list[bytes]:
        """Return what has come besides and need not be waited for."""
        return []

    @abstractmethod
    async def write(self, data: bytes) -> None:
        """Send data. Raises LinkError."""

    @abstractmethod
    async def close(self) -> None:
        """Close; the peer sees the end of the stream."""


async def open_data_link(
    control: asyncio.BaseTransport,
    mode: TransferMode,
    *,
    passive: bool,
    ask: Ask,
    patience: float,
    third_party: bool,
    sending: bool = False,
    group: Address | None = None,
) -> DataLink:
    """Agree with the unit on an address, and open our end of it.

    control: the control connection, whose ends are the only hosts that data may come from, unless
    third_party. sending: whether data go to the unit; without passive, in mode P, by way of group.
    Raises LinkError, TimedOut, ProtocolError, Refused.
    """
    here, peer = (_host(control.get_extra_info(end)) for end in ("sockname", "peername"))
    if passive:
        told = parse_passive((await ask(Command("PASV"))).text)
        address = await _allowed(told, peer, third_party=third_party)
        if mode.packets is None:
            return await _connect(address, patience)
        if sending:
            return await _send_datagrams(address, here)
        return await _receive_datagrams(address, here, peer)
    if mode.packets is not None and sending:
        if group is None or not group.is_multicast:
            raise Misuse("over UDP a unit can only be told a group to listen to")
        await ask(Command("PORT", argument=group))
        return await _send_datagrams(group, here)
    if mode.packets is not None:
        link = await _bind_datagrams(here, peer)
        await ask(Command("PORT", argument=link.address))
        return link
    server = await _Listener.open(here, peer, patience)
    try:
        await ask(Command("PORT", argument=server.address))
    except BaseException:
        await server.close()
        raise
    return server


def _host(name: tuple[Any, ...]) -> str:
    """The host of a socket's name. A link-local one says nothing without its interface."""
    host, _, *more = name
    return f"{host}%{more[1]}" if more and more[1] else str(host)


def _is_same(host: str, other: str) -> bool:
    """Whether two hosts are one, whatever their interfaces are called."""
    if host == other:
        return True
    return ip_address(host.partition("%")[0]) == ip_address(other.partition("%")[0])


async def _allowed(told: Address, peer: str, *, third_party: bool) -> Address:
    """The address to use: what the unit told, if it may send us there; else its own host.

    A unit that could name any host would have us knock at any door of this network.
    """
    if told.port < LOWEST_PORT:
        raise ProtocolError(f"the unit wants data from port {told.port}")
    found = await _resolve(told)
    unspecified = ip_address(found.host).is_unspecified if found.number else True
    if found.number and _is_same(found.host, peer):
        return Address(peer, found.port)
    if found.is_multicast or (third_party and not unspecified):
        return found
    if not unspecified:
        _LOGGER.debug("The unit names %r for its data; using its own address", told.host[:64])
    return Address(peer, told.port)


async def _resolve(address: Address) -> Address:
    """Look a name up; one that is not known stays what it is."""
    if address.number is not None:
        return address
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, UnicodeError):
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        return Address(str(found[0][4][0]), address.port)
    return address


class _Stream(DataLink):
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


async def _connect(address: Address, patience: float) -> DataLink:
    try:
        async with asyncio.timeout(patience):
            opened = await asyncio.open_connection(address.host, address.port)
            return _Stream(*opened, patience)
    except TimeoutError:
        raise TimedOut(f"no data connection to {address.host} port {address.port}") from None
    except OSError as error:
        raise LinkError(f"no data connection: {error}") from error


class _Listener(DataLink):
    """A port of ours that the unit connects to; the stream is there once it has."""

    def __init__(self, peer: str, patience: float) -> None:
        self._peer = peer
        self._patience = patience
        self._server: asyncio.Server | None = None
        self._stream: asyncio.Future[_Stream] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, here: str, peer: str, patience: float) -> _Listener:
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

    async def _connected(self) -> _Stream:
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(self._stream)
        except TimeoutError:
            raise TimedOut("the unit did not connect to our data port") from None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._stream.done() or not _is_same(writer.get_extra_info("peername")[0], self._peer):
            writer.close()
        else:
            self._stream.set_result(_Stream(reader, writer, self._patience))


class _Datagrams(DataLink, asyncio.DatagramProtocol):
    """A UDP socket. sender: the only host whose datagrams count; None for a multicast group.

    receiver: where what is written goes to.
    """

    is_packets = True

    def __init__(self, sender: str | None, receiver: Address | None = None) -> None:
        self._sender = sender
        self._receiver = receiver
        self._is_full = False
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self._transport: asyncio.DatagramTransport | None = None
        self._socket: socket.socket | None = None
        self._knocking: asyncio.Task[None] | None = None

    @property
    def address(self) -> Address:
        """Where datagrams arrive."""
        if self._transport is None:
            raise LinkError("the data port is closed")
        host, port = self._transport.get_extra_info("sockname")[:2]
        return Address(host, port)

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.DatagramTransport):
            self._transport = transport
            ours = transport.get_extra_info("socket")
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            self._socket = socket.fromfd(ours.fileno(), ours.family, ours.type)
            self._socket.setblocking(False)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    @override
    def pause_writing(self) -> None:
        self._is_full = True

    @override
    def resume_writing(self) -> None:
        self._is_full = False

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, addr)
        # One for each turn of the event loop is what asyncio reads, and a frame is a hundred.
        with contextlib.suppress(OSError):
            for _ in range(MAX_AT_ONCE):
                if self._socket:
                    self._take(*self._socket.recvfrom(READ_SIZE))

    def _take(self, data: bytes, addr: tuple[str, int]) -> None:
        # An empty datagram is a knock, and would look like the end.
        if (
            data
            and not self._receiver
            and (self._sender is None or _is_same(addr[0], self._sender))
        ):
            self._stop_knocking()
            with contextlib.suppress(asyncio.QueueFull):
                self._waiting.put_nowait(data)

    @override
    async def read(self) -> bytes:
        return await self._waiting.get()

    @override
    def read_waiting(self) -> list[bytes]:
        return [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]

    @override
    async def write(self, data: bytes) -> None:
        if self._transport is None or self._receiver is None:
            raise LinkError("the data port is closed")
        # What the network does not take is lost, as datagrams are.
        if not self._is_full:
            self._transport.sendto(data, (self._receiver.host, self._receiver.port))

    @override
    async def close(self) -> None:
        self._stop_knocking()
        if self._transport:
            self._transport.close()
            self._transport = None

    def knock(self, address: Address) -> None:
        """Send empty datagrams until something comes back."""
        self._knocking = asyncio.create_task(self._knock(address), name="crcp knocking")

    async def _knock(self, address: Address) -> None:
        while self._transport:
            self._transport.sendto(b"", (address.host, address.port))
            await asyncio.sleep(KNOCK_INTERVAL)

    def _stop_knocking(self) -> None:
        if self._knocking:
            self._knocking.cancel()
            self._knocking = None


async def _bind_datagrams(here: str, sender: str | None) -> _Datagrams:
    """Open a UDP port whose number is even: RTCP has the odd one above it (RFC 3550 section 11)."""
    loop = asyncio.get_running_loop()
    for _ in range(100):
        _, link = await loop.create_datagram_endpoint(
            lambda: _Datagrams(sender), local_addr=(here, 0)
        )
        if link.address.port % 2 == 0:
            return link
        await link.close()
    raise LinkError("no even UDP port is free")


async def _receive_datagrams(address: Address, here: str, peer: str) -> DataLink:
    if not address.is_multicast:
        link = await _bind_datagrams(here, peer)
        link.knock(address)
        return link
    loop = asyncio.get_running_loop()
    group = _join(address, here)
    _, joined = await loop.create_datagram_endpoint(lambda: _Datagrams(None), sock=group)
    return joined


async def _send_datagrams(address: Address, here: str) -> DataLink:
    """Open a UDP port to send from; a group is reached where the control connection goes."""
    loop = asyncio.get_running_loop()
    try:
        transport, link = await loop.create_datagram_endpoint(
            lambda: _Datagrams(None, address), local_addr=(here, 0)
        )
        if address.is_multicast:
            _send_multicast_from(transport.get_extra_info("socket"), here)
    except OSError as error:
        raise LinkError(f"cannot send to {address.host}: {error}") from error
    return link


def _send_multicast_from(sender: socket.socket, here: str) -> None:
    if sender.family == socket.AF_INET:
        interface = socket.inet_aton(here)
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
    else:
        number = int(here.partition("%")[2] or 0)
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, number)


def _join(address: Address, here: str) -> socket.socket:
    """Join a group on the interface that the control connection goes over."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    group = socket.socket(family, socket.SOCK_DGRAM)
    try:
        group.setblocking(False)
        group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        group.bind((address.host, address.port))
        if family == socket.AF_INET:
            member = socket.inet_aton(address.host) + socket.inet_aton(here)
            group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        else:
            interface = int(here.partition("%")[2] or 0)
            wanted = socket.inet_pton(family, address.host) + struct.pack("@I", interface)
            group.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, wanted)
    except OSError as error:
        group.close()
        raise LinkError(f"cannot join {address.host}: {error}") from error
    return group
