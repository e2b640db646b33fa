"""An initiator's connection to one camera: one transaction at a time, every wait bounded.

Pictures go straight through: the socket fills one buffer, and whoever asked gets views of it. Nothing
piles up, because the next bytes are read only when the last were taken.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, suppress
import socket
from typing import Any, Final, Self, override

from .codes import DataPhase, EventCode, OperationCode, ResponseCode
from .datatypes import Bytes
from .errors import (
    LinkError,
    ProtocolError,
    PtpIpError,
    TimedOut,
    connection_refusal,
    link_error,
    operation_refusal,
)
from .framing import MAX_CONTROL_PACKET, NeedData
from .operations import Answer, Operations, Write
from .packets import (
    PORT,
    Data,
    EndData,
    Event,
    InitCommandAck,
    InitCommandRequest,
    InitEventAck,
    InitEventRequest,
    InitFail,
    OperationRequest,
    OperationResponse,
    Packet,
    ProbeRequest,
    ProbeResponse,
    data_phase,
)
from .patience import DEFAULT_TIMEOUTS, Patience, Timeouts
from .session import Session
from .state import Channel, Role

#: What one read can bring: small enough for a processor's cache.
COMMAND_BUFFER: Final = 1 << 20

#: While a camera is faster than we are, others get their turn each time so much was read.
FAIR_SHARE: Final = 4 << 20

#: Events that nobody has fetched. A burst is hundreds; past this, one event says they were lost.
MAX_EVENTS: Final = 4096

#: Ricoh's Theta opens its event port a moment late.
EVENT_ATTEMPTS, EVENT_PAUSE = 10, 0.1

#: Behind a NAT or a sleeping access point no FIN ever comes: seconds of idling, between probes,
#: and how many probes without an answer end the connection.
KEEPALIVE: Final = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


class Initiator(Operations):
    """One connection, used once: after an error or close, connect anew.

    A response other than OK raises Refused and leaves the connection as it was. A lost link,
    silence and bad manners raise LinkError, TimedOut and ProtocolError, and end it; so does a
    transaction that is given up, because its answer could be taken for the next one's.
    """

    def __init__(
        self, session: Session, command: _Link, event: _Link, ack: InitCommandAck, times: Timeouts
    ) -> None:
        """Take over two established connections; use connect to make them."""
        self.friendly_name = ack.friendly_name
        self.guid = ack.guid
        self._session = session
        self._command = command
        self._event = event
        self._timeouts = times
        self._turn = asyncio.Lock()
        self._events = asyncio.Queue[Event]()
        self._ended: asyncio.Future[PtpIpError] = asyncio.Future()
        self._command.watch(self._on_idle)
        self._reader = asyncio.create_task(self._read_events(), name="ptpip events")

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int = PORT,
        *,
        guid: bytes,
        friendly_name: str,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
    ) -> Self:
        """Open both connections to a camera.

        guid: 16 bytes, the same for ever, because cameras remember whom they were paired with.
        friendly_name: at most 39 characters, shown on the camera, and part of the pairing.
        Raises NotAuthorised when the camera does not know this GUID or a person turned it down,
        Busy when somebody else has it, Refused when it says no more, and LinkError, TimedOut or
        ProtocolError.
        """
        session = Session(Role.INITIATOR)
        with ExitStack() as opened:
            doing = f"connect to {host} port {port}"
            link = await _in_time(_connect(host, port), timeouts.connect, doing)
            command = _Link(session, Channel.COMMAND, link, COMMAND_BUFFER)
            opened.callback(command.close)
            hello = InitCommandRequest(guid, friendly_name)
            ack = await command.greet(hello, InitCommandAck, timeouts.pairing)
            doing = "open the event connection"
            link = await _in_time(_connect_events(link), timeouts.connect, doing)
            event = _Link(session, Channel.EVENT, link, MAX_CONTROL_PACKET)
            opened.callback(event.close)
            join = InitEventRequest(ack.connection_number)
            await event.greet(join, InitEventAck, timeouts.connect)
            opened.pop_all()
        return cls(session, command, event, ack, timeouts)

    async def __aenter__(self) -> Self:
        """Use the connection as a context manager: it is closed at the end."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self.close()

    @property
    def closed(self) -> bool:
        """Whether this connection can no longer be used."""
        return self._ended.done()

    async def wait_closed(self) -> PtpIpError:
        """Wait until the connection has ended, whoever ended it; return why."""
        return await asyncio.shield(self._ended)

    async def events(self) -> AsyncIterator[Event]:
        """Give the camera's events as they come, to one listener; raise what ends the connection.

        UnreportedStatus, from the camera or from here, says that events were lost.
        """
        with suppress(asyncio.QueueShutDown):
            while True:
                yield await self._events.get()
        raise self._ended.result()

    @override
    async def transact(
        self,
        operation: OperationCode,
        *parameters: int,
        data: Bytes | None = None,
        write: Write | None = None,
    ) -> Answer:
        async with self._turn:
            if self.closed:
                raise self._ended.result()
            self._command.unwatch()
            try:
                phase = DataPhase.NONE_OR_IN if data is None else DataPhase.OUT
                number = self._session.next_transaction_id
                request = OperationRequest(phase, operation, number, parameters)
                answer = await self._exchange(request, data, write)
            except PtpIpError as error:
                reason = self._end(error)
                if reason is error:
                    raise
                raise reason from error
            except BaseException:
                self._end(LinkError(f"{operation.name} was given up"))
                raise
            if not self.closed:
                self._command.watch(self._on_idle)
        if answer.response.code != ResponseCode.OK:
            raise operation_refusal(answer.response.code, operation)
        return answer

    async def close(self) -> None:
        """Close the session if it is our turn to speak, and then both connections."""
        if not self.closed and not self._turn.locked() and self._session.next_transaction_id:
            with suppress(PtpIpError, TimeoutError):
                async with asyncio.timeout(self._timeouts.goodbye):
                    await self.close_session()
        await self.abort()

    async def abort(self) -> None:
        """Close both connections without a word; a running transaction raises LinkError."""
        self._end(LinkError("this side closed the connection"))
        try:
            await self._reader
        finally:
            async with self._turn:
                self._command.close()
                self._event.close()

    # -- one transaction -----------------------------------------------------------------------

    async def _exchange(
        self, request: OperationRequest, data: Bytes | None, write: Write | None
    ) -> Answer:
        """Send a request and take what comes, up to the response."""
        self._command.patience.begin(self._timeouts.silence)
        await self._command.send(request)
        for packet in () if data is None else data_phase(request.transaction_id, data):
            await self._command.send(packet)
        received = 0
        while not isinstance(packet := await self._command.receive(), OperationResponse):
            if isinstance(packet, Data | EndData) and packet.payload:
                if write is None:
                    raise ProtocolError(f"{request.code.name} came with data")
                await write(memoryview(packet.payload))
                received += len(packet.payload)
        return Answer(packet, received)

    # -- events, and the end -------------------------------------------------------------------

    async def _read_events(self) -> None:
        """Keep events for the listener and answer probes, until the connection ends."""
        try:
            while True:
                packet = await self._event.receive()
                if isinstance(packet, ProbeRequest):
                    await self._event.send(ProbeResponse())
                elif isinstance(packet, Event):
                    self._keep(packet)
        except PtpIpError as error:
            self._end(error)
        finally:
            self._end(LinkError("nobody reads the event connection"))

    def _keep(self, event: Event) -> None:
        if self._events.qsize() >= MAX_EVENTS:
            while not self._events.empty():
                self._events.get_nowait()
            self._events.put_nowait(Event(EventCode.UNREPORTED_STATUS))
        self._events.put_nowait(event)

    def _on_idle(self) -> None:
        """Something came between two transactions: the end of the connection, most likely."""
        try:
            self._command.poll()
        except PtpIpError as error:
            self._end(error)

    def _end(self, reason: PtpIpError) -> PtpIpError:
        """End the connection; return the first reason, which is the one that is kept and told.

        Sockets are shut down here, so that whoever waits on them wakes up, and closed by abort.
        """
        if not self._ended.done():
            self._ended.set_result(reason)
            self._events.shutdown()
            self._command.shutdown()
            self._event.shutdown()
        return self._ended.result()


class _Link:
    """One of the two TCP connections, and its channel of the session."""

    def __init__(self, session: Session, channel: Channel, link: socket.socket, size: int) -> None:
        self._session = session
        self._channel = channel
        self._socket = link
        self._buffer = memoryview(bytearray(size))
        self._loop = asyncio.get_running_loop()
        self._watched = False
        self._unshared = 0
        self.patience = Patience()

    async def greet[P: Packet](self, hello: Packet, ack: type[P], seconds: float) -> P:
        """Send an Init packet and return its Ack. Raises Refused for an Init Fail."""
        await self.send(hello)
        packet = await _in_time(self.receive(), seconds, "wait for the camera's consent")
        if isinstance(packet, InitFail):
            raise connection_refusal(packet.reason)
        if not isinstance(packet, ack):
            raise ProtocolError(f"{packet.type.name} as answer to {hello.type.name}")
        return packet

    async def send(self, packet: Packet) -> None:
        """Send a packet."""
        data = self._session.send(self._channel, packet)
        sending = self._loop.sock_sendall(self._socket, data)
        await _in_time(sending, self.patience.silence, f"send {packet.type.name}")

    async def receive(self) -> Packet:
        """Return the next packet or piece of data, reading as much as is there."""
        while isinstance(packet := self._session.next_event(self._channel), NeedData):
            if not self._read():
                self._feed(await self._wait())
                self._unshared = 0
            elif self._unshared > FAIR_SHARE:
                self._unshared = 0
                await asyncio.sleep(0)
        return packet

    def poll(self) -> None:
        """Look what comes while nothing is due. Raises, unless it was nothing after all."""
        while isinstance(self._session.next_event(self._channel), NeedData) and self._read():
            pass

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
            return await _in_time(reading, self.patience.left, "read from the camera")
        finally:
            self.patience.waited(self._loop.time() - began)

    def _feed(self, size: int) -> None:
        if not size:
            raise LinkError("the camera closed the connection")
        self._session.receive_data(self._channel, self._buffer[:size])
        self.patience.moved(size)
        self._unshared += size


async def _connect(host: str, port: int) -> socket.socket:
    """Open a TCP connection to the first of the host's addresses that takes one."""
    loop = asyncio.get_running_loop()
    *others, last = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, *_, address in others:
        with suppress(OSError):
            return await _dial(family, address)
    return await _dial(last[0], last[-1])


async def _connect_events(command: socket.socket) -> socket.socket:
    """Open a second TCP connection to where the first one leads."""
    address = command.getpeername()
    for _ in range(EVENT_ATTEMPTS - 1):
        with suppress(ConnectionRefusedError):
            return await _dial(command.family, address)
        await asyncio.sleep(EVENT_PAUSE)
    return await _dial(command.family, address)


async def _dial(family: int, address: Any) -> socket.socket:
    """Open a TCP connection that sends at once and notices when the camera has vanished."""
    link = socket.socket(family, socket.SOCK_STREAM)
    try:
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE.items():
            if hasattr(socket, option):  # macOS lacks the first.
                link.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        await asyncio.get_running_loop().sock_connect(link, address)
    except BaseException:
        link.close()
        raise
    return link


async def _in_time[T](doing: Awaitable[T], seconds: float | None, what: str) -> T:
    """Wait so long for something on the network; say what failed, in our own errors."""
    try:
        async with asyncio.timeout(seconds):
            return await doing
    except TimeoutError:
        raise TimedOut(f"{what}: no answer in time") from None
    except OSError as error:
        raise link_error(error, what) from error
