"""Data over UDP: from one host, from a group, or to either."""

import asyncio
import contextlib
import socket
import struct
from typing import Final, override

from ..addresses import Address
from ..errors import LinkError
from .data_link import READ_SIZE, DataLink, is_same_host

#: Datagrams that came and were not fetched yet; more are dropped, as a network drops them.
MAX_WAITING: Final = 1024

#: What the system keeps for us while something else has its turn; it gives what it allows.
RECEIVE_BUFFER: Final = 2 << 20

#: So many datagrams are read before something else has its turn.
MAX_AT_ONCE: Final = 128

#: A unit learns where to send by a datagram of ours; it may get lost, so it is sent again.
KNOCK_INTERVAL: Final = 2.0


class Datagrams(DataLink, asyncio.DatagramProtocol):
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
            and (self._sender is None or is_same_host(addr[0], self._sender))
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


async def bind_datagrams(here: str, sender: str | None) -> Datagrams:
    """Open a UDP port whose number is even: RTCP has the odd one above it (RFC 3550 section 11).

    Raises LinkError.
    """
    loop = asyncio.get_running_loop()
    for _ in range(100):
        _, link = await loop.create_datagram_endpoint(
            lambda: Datagrams(sender), local_addr=(here, 0)
        )
        if link.address.port % 2 == 0:
            return link
        await link.close()
    raise LinkError("no even UDP port is free")


async def receive_datagrams(address: Address, here: str, peer: str) -> DataLink:
    """Receive from where a unit said that it is: join its group, or knock. Raises LinkError."""
    if not address.is_multicast:
        link = await bind_datagrams(here, peer)
        link.knock(address)
        return link
    loop = asyncio.get_running_loop()
    group = _join(address, here)
    _, joined = await loop.create_datagram_endpoint(lambda: Datagrams(None), sock=group)
    return joined


async def send_datagrams(address: Address, here: str) -> DataLink:
    """Open a UDP port to send from; a group is reached where the control connection goes.

    Raises LinkError.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, link = await loop.create_datagram_endpoint(
            lambda: Datagrams(None, address), local_addr=(here, 0)
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
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, _interface(here))


def _join(address: Address, here: str) -> socket.socket:
    """Join a group on the interface that the control connection goes over."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    group = socket.socket(family, socket.SOCK_DGRAM)
    try:
        group.setblocking(False)
        group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET:
            group.bind((address.host, address.port))
            member = socket.inet_aton(address.host) + socket.inet_aton(here)
            group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        else:
            # A group of one link says nothing without its interface.
            group.bind((address.host, address.port, 0, _interface(here)))
            wanted = socket.inet_pton(family, address.host) + struct.pack("@I", _interface(here))
            group.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, wanted)
    except OSError as error:
        group.close()
        raise LinkError(f"cannot join {address.host}: {error}") from error
    return group


def _interface(here: str) -> int:
    """The interface that an IPv6 address of ours names; 0 leaves the choice to the system."""
    return int(here.partition("%")[2] or 0)
