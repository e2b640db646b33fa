"""One of the two TCP connections, and its channel of the session."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import socket
from typing import Final

from ..errors import LinkError, ProtocolError, connection_refusal, link_error
from ..framing import MAX_CONTROL_PACKET, NeedData
from ..packets import Data, EndData, InitEventAck, InitEventRequest, InitFail, Packet
from ..patience import Flood, Patience
from ..session import Session
from ..state import Channel
from .dial import connect_events, in_time

#: While a camera is faster than we are, others get their turn so often, in seconds.
FAIR_SHARE: Final = 0.01

#: Ricoh's Theta opens its event port a moment late, and others take a connection there and drop it
#: again. A second of patience, because a camera that waits longer drops the command connection.
EVENT_ATTEMPTS: Final = 10
EVENT_PAUSE: Final = 0.1


async def join(session: Session, command: socket.socket, number: int, seconds: float) -> Link:
    """Open the event connection of a number, to where the command connection leads.

    Raises LinkError when it is refused or dropped every time, TimedOut, Refused or ProtocolError.
    """
    for _ in range(EVENT_ATTEMPTS - 1):
        with suppress(LinkError):
            return await _join(session, command, number, seconds)
        await asyncio.sleep(EVENT_PAUSE)
    return await _join(session, command, number, seconds)


async def _join(session: Session, command: socket.socket, number: int, seconds: float) -> Link:
    link = await in_time(connect_events(command), seconds, "open the event connection")
    event = Link(session, Channel.EVENT, link, MAX_CONTROL_PACKET)
    try:
        session.begin_events()
        await event.greet(InitEventRequest(number), InitEventAck, seconds)
    except BaseException:
        event.close()
        raise
    return event


class Link:
    """A socket and a channel: packets go in and come out, as much as is there at a time."""

    def __init__(self, session: Session, channel: Channel, link: socket.socket, size: int) -> None:
        """Take over a connected socket; size: how much one read can bring."""
        self._session = session
        self._channel = channel
        self._socket = link
        self._buffer = memoryview(bytearray(size))
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()
        self._watched = False
        self._turn_began = self._loop.time()
        self._flood = Flood(self._turn_began)
        self.patience = Patience()

    def begin(self, silence: float) -> None:
        """Begin a transaction: count from here what it costs. silence: in seconds."""
        self.patience.begin(silence)
        self._flood.begin(self._session.packets(self._channel), self._loop.time())

    async def greet[P: Packet](self, hello: Packet, ack: type[P], seconds: float) -> P:
        """Send an Init packet and return its Ack. Raises Refused for an Init Fail."""
        await self.send(hello)
        packet = await in_time(self.receive(), seconds, "wait for the camera's consent")
        if isinstance(packet, InitFail):
            raise connection_refusal(packet.reason)
        if not isinstance(packet, ack):
            raise ProtocolError(f"{packet.type.name} as answer to {hello.type.name}")
        return packet

    async def send(self, packet: Packet) -> None:
        """Send a packet, after those that are on their way."""
        async with self._sending:
            data = self._session.send(self._channel, packet)
            sending = self._loop.sock_sendall(self._socket, data)
            await in_time(sending, self.patience.silence, f"send {packet.type.name}")

    def send_now(self, packet: Packet) -> None:
        """Send a few bytes without waiting. Raises LinkError where not even those can go."""
        data = self._session.send(self._channel, packet)
        try:
            sent = self._socket.send(data)
        except OSError as error:
            raise link_error(error, f"send {packet.type.name}") from error
        if sent < len(data):
            raise LinkError(f"send {packet.type.name}: the camera takes nothing more")

    async def receive(self) -> Packet:
        """Return the next packet or piece of data, reading as much as is there."""
        while isinstance(packet := self._session.next_event(self._channel), NeedData):
            if not self._read():
                self._feed(await self._wait())
                self._turn_began = self._loop.time()
            await self._share()
        if isinstance(packet, Data | EndData):
            self.patience.moved(len(packet.payload))
        await self._share()
        return packet

    async def _share(self) -> None:
        """Give others their turn: much can be there at once, and more come meanwhile."""
        if self._loop.time() - self._turn_began > FAIR_SHARE:
            await asyncio.sleep(0)
            self._turn_began = self._loop.time()

    def poll(self) -> None:
        """Look what came while nothing is due. Raises, unless it was nothing after all."""
        if isinstance(self._session.next_event(self._channel), NeedData) and self._read():
            self._session.next_event(self._channel)

    def watch(self, callback: Callable[[], None]) -> None:
        """Call back when something can be read, until unwatch."""
        self._loop.add_reader(self._socket, callback)
        self._watched = True

    def unwatch(self) -> None:
        """Watch no more, so that receive can."""
        if self._watched:
            self._loop.remove_reader(self._socket)
            self._watched = False

    def shutdown(self) -> None:
        """End the connection; whoever waits on it wakes up with an error."""
        self.unwatch()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket. Nobody may wait on it any more."""
        self._socket.close()

    def _read(self) -> bool:
        """Give the session what is there to read; whether anything was."""
        try:
            self._feed(self._socket.recv_into(self._buffer))
        except BlockingIOError:
            return False
        except OSError as error:
            raise link_error(error, "read from the camera") from error
        return True

    async def _wait(self) -> int:
        """Wait until something comes, read it, and return how much."""
        began = self._loop.time()
        try:
            reading = self._loop.sock_recv_into(self._socket, self._buffer)
            return await in_time(reading, self.patience.left, "read from the camera")
        finally:
            self.patience.waited(self._loop.time() - began)

    def _feed(self, size: int) -> None:
        if not size:
            raise LinkError("the camera closed the connection")
        self._flood.came(size, self._session.packets(self._channel), self._loop.time())
        self._session.receive_data(self._channel, self._buffer[:size])
