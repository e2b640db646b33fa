"""One initiator at a virtual camera: its two TCP connections, and one transaction after the other."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
import logging
from typing import Final, Protocol

from ..protocols.ptpip.codes import (
    DataPhase,
    EventCode,
    InitFailReason,
    OperationCode,
    ResponseCode,
)
from ..protocols.ptpip.datatypes import Bytes
from ..protocols.ptpip.errors import ProtocolError, Refused
from ..protocols.ptpip.framing import NeedData
from ..protocols.ptpip.packets import (
    Cancel,
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
)
from ..protocols.ptpip.session import Session
from ..protocols.ptpip.state import Channel, Handshake, Role
from .camera_faults import CameraFaults, Tap
from .data_phase import DataSender, DataStyle, with_id
from .photos import Content

_LOGGER = logging.getLogger(__name__)

READ_SIZE: Final = 1 << 16

#: Where the transaction id is in a response.
RESPONSE_ID: Final = 10

#: What an initiator may send in one data phase: an ObjectInfo, a property, a small file.
MAX_DATA_OUT: Final = 4 << 20

#: What no document knows: length 12, type 99, and four bytes.
UNKNOWN_PACKET: Final = bytes.fromhex("0c000000 63000000 2a2a2a2a")

#: A response that is shorter than its own header.
MALFORMED: Final = bytes.fromhex("07000000 07000000")

#: What is about the connection itself; everything else is the camera's.
SESSION_OPERATIONS: Final = {OperationCode.OPEN_SESSION, OperationCode.CLOSE_SESSION}

#: What an initiator may ask before it opened a session.
OUTSIDE_A_SESSION: Final = {OperationCode.GET_DEVICE_INFO, OperationCode.OPEN_SESSION}


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation gives: data, or none; the response's parameters; what happens after it."""

    data: Content | None = None
    parameters: tuple[int, ...] = ()
    after: Callable[[], object] | None = None


class Camera(Protocol):
    """What a connection needs of the camera that it leads to."""

    guid: bytes
    friendly_name: str
    faults: CameraFaults
    data_style: DataStyle

    def turn_away(self, hello: InitCommandRequest) -> InitFailReason | None:
        """Say why this initiator may not come in; None when it may."""

    def knows(self, request: OperationRequest) -> bool:
        """Whether an operation is one that this camera has."""

    def takes_data(self, request: OperationRequest) -> bool:
        """Whether data that a request announces are wanted."""

    def delete(self, handle: int) -> None:
        """Delete an object, as the person who holds the camera does."""

    async def perform(
        self, connection: Connection, request: OperationRequest, data: bytes
    ) -> Reply:
        """Do what a request says, with the data that came with it. Raises Refused."""


class Connection:
    """One initiator, from its Init Command Request to the end of either TCP connection."""

    def __init__(self, camera: Camera, number: int) -> None:
        """Expect an initiator; serve gives it its two TCP connections."""
        self.number = number
        self.session_id = 0
        self.hello: InitCommandRequest | None = None
        self.established = asyncio.Event()
        #: Events that wait until the initiator asks for them, where it has to ask.
        self.waiting = deque[Event]()
        #: What the initiator switched on, by the operation that did it.
        self.modes: dict[int, int] = {}
        self.last_operation = asyncio.get_running_loop().time()
        self._camera = camera
        self._session = Session(Role.RESPONDER)
        self._writers: dict[Channel, asyncio.StreamWriter] = {}
        self._taps = {
            Channel.COMMAND: Tap(camera.faults),
            Channel.EVENT: Tap(camera.faults, "event_"),
        }
        #: The transaction that runs, and whether it is to end.
        self._running: int | None = None
        self._cancelled = False
        self._probed = asyncio.Event()
        self._pending: OperationRequest | None = None
        self._data = bytearray()

    @property
    def channels(self) -> int:
        """How many of the two TCP connections there are."""
        return len(self._writers)

    @property
    def awaits_events(self) -> bool:
        """Whether the event connection is what is due: nobody can join a second time."""
        numbered = self._session.handshake is Handshake.NUMBERED
        return numbered and Channel.EVENT not in self._writers

    async def serve(
        self,
        channel: Channel,
        data: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Answer on one TCP connection until it ends; data: what it already brought.

        Raises ProtocolError for an initiator of bad manners.
        """
        self._writers[channel] = writer
        while data:
            self._session.receive_data(channel, data)
            while not isinstance(packet := self._session.next_event(channel), NeedData):
                await self._handle(channel, packet)
            if self._session.handshake is Handshake.FAILED:
                return
            data = await reader.read(READ_SIZE)

    def close(self) -> None:
        """End both TCP connections: neither is of use without the other."""
        for writer in self._writers.values():
            if self._camera.faults.reset:
                writer.transport.abort()
            writer.close()

    def tell(self, event: Event) -> None:
        """Send an event, if there is an event connection yet."""
        if not self.established.is_set():
            return
        encoded = self._session.send(Channel.EVENT, event)
        garbage = self._camera.faults.use("event_garbage")
        with suppress(ConnectionError):  # it is the initiator's loss, not the photographer's
            self._put(Channel.EVENT, MALFORMED if garbage else encoded)

    async def probe(self) -> None:
        """Ask the initiator whether it is still there, and return when it says so."""
        self._probed.clear()
        self._write(Channel.EVENT, ProbeRequest())
        await self._probed.wait()

    # -- packets -------------------------------------------------------------------------------

    async def _handle(self, channel: Channel, packet: Packet) -> None:
        match packet:
            case InitCommandRequest():
                self._greet(packet)
            case InitEventRequest():
                self._join(channel)
            case OperationRequest():
                await self._receive(packet)
            case ProbeRequest() if not self._camera.faults.deaf:
                self._write(channel, ProbeResponse())
            case ProbeResponse():
                self._probed.set()
            case Cancel(number):
                # One for a transaction that is over, or has not begun, is for none.
                self._cancelled |= number == self._running
            case Data() | EndData() if self._pending:
                await self._collect(self._pending, packet)
            case _:
                pass  # Data of a request that was refused before they came.

    def _greet(self, hello: InitCommandRequest) -> None:
        self.hello = hello
        reason = self._camera.turn_away(hello)
        if reason is not None:
            self._write(Channel.COMMAND, InitFail(reason))
            return
        camera = self._camera
        ack = InitCommandAck(self.number, camera.guid, camera.friendly_name)
        self._write(Channel.COMMAND, ack)

    def _join(self, channel: Channel) -> None:
        reason = self._camera.faults.event_fail
        if reason:
            self._write(channel, InitFail(InitFailReason(reason)))
            return
        self._write(channel, InitEventAck())
        self.last_operation = asyncio.get_running_loop().time()
        self.established.set()

    def _write(self, channel: Channel, packet: Packet) -> None:
        self._put(channel, self._session.send(channel, packet))

    def _put(self, channel: Channel, data: Bytes) -> None:
        """Write bytes, as far as the faults let them through."""
        if self._taps[Channel.COMMAND].stalled:
            return  # the whole camera is silent
        data, dropped = self._taps[channel].let_through(data)
        self._writers[channel].write(data)
        if dropped:
            self.close()
            raise ConnectionAbortedError

    # -- transactions --------------------------------------------------------------------------

    async def _receive(self, request: OperationRequest) -> None:
        """Take a request; one that brings data is performed when they are there."""
        self.last_operation = asyncio.get_running_loop().time()
        brings = request.data_phase in (DataPhase.OUT, DataPhase.UNKNOWN)
        if brings and self._camera.takes_data(request):
            self._pending = request
            self._data.clear()
        else:
            await self._transact(request, b"")

    async def _collect(self, request: OperationRequest, packet: Data | EndData) -> None:
        if len(self._data) + len(packet.payload) > MAX_DATA_OUT:
            raise ProtocolError(f"more than {MAX_DATA_OUT} bytes with {request.code.name}")
        self._data += packet.payload
        if isinstance(packet, EndData):
            self._pending = None
            await self._transact(request, bytes(self._data))

    async def _transact(self, request: OperationRequest, brought: bytes) -> None:
        """Perform a request: data, if there are any, and the response."""
        reply = Reply()
        code = ResponseCode.OK
        self._running, self._cancelled = request.transaction_id, False
        try:
            self._check(request)
            reply = await self._perform(request, brought)
            if reply.data is not None:
                code = await self._send_data(request, reply.data)
        except Refused as refused:
            code = ResponseCode(refused.code)
        finally:
            self._running = None
        _LOGGER.debug("%s %s: %s", request.code.name, request.parameters, code.name)
        response = OperationResponse(code, request.transaction_id, reply.parameters)
        await self._respond(response)
        if reply.after:
            reply.after()

    async def _send_data(self, request: OperationRequest, content: Content) -> ResponseCode:
        """Send data; return how it went. What the camera itself breaks off, it tells of."""
        camera = self._camera
        code = await DataSender(self, request, camera.faults, camera.data_style).send(content)
        if code is ResponseCode.TRANSACTION_CANCELED and not self._cancelled:
            self.tell(Event(EventCode.CANCEL_TRANSACTION, request.transaction_id))
        elif code is ResponseCode.GENERAL_ERROR:
            camera.delete(request.parameter(1))
        return code

    async def _respond(self, response: OperationResponse) -> None:
        faults = self._camera.faults
        encoded = self._session.send(Channel.COMMAND, response)
        if faults.unknown_packets:
            self._put(Channel.COMMAND, UNKNOWN_PACKET)
        if self.session_id and faults.use("garbage"):
            encoded = MALFORMED
        elif self.session_id and faults.use("stale_id"):
            encoded = with_id(encoded, RESPONSE_ID, response.transaction_id - 1)
        self._put(Channel.COMMAND, encoded)
        if self.session_id and faults.use("repeat"):
            self._put(Channel.COMMAND, encoded)
        await self._writers[Channel.COMMAND].drain()

    def _check(self, request: OperationRequest) -> None:
        """Hold a request against the rules that are the same for every operation."""
        if not self.session_id:
            if request.code not in OUTSIDE_A_SESSION:
                raise Refused(ResponseCode.SESSION_NOT_OPEN, request.code)
        elif request.transaction_id != self._session.next_transaction_id:
            if self._camera.faults.strict:
                raise ProtocolError(f"transaction id {request.transaction_id}")
            raise Refused(ResponseCode.INVALID_TRANSACTION_ID, request.code)
        elif self._camera.faults.use("id_refused"):
            raise Refused(ResponseCode.INVALID_TRANSACTION_ID, request.code)
        if request.data_phase == DataPhase.OUT and not self._camera.takes_data(request):
            # What is not known at all is refused for that, wherever its data go.
            known = self._camera.knows(request)
            code = ResponseCode.INVALID_DATA_SET if known else ResponseCode.OPERATION_NOT_SUPPORTED
            raise Refused(code, request.code)

    async def _perform(self, request: OperationRequest, data: bytes) -> Reply:
        match request.code:
            case OperationCode.OPEN_SESSION:
                self._open_session(request)
            case OperationCode.CLOSE_SESSION:
                self.session_id = 0
            case _:
                return await self._camera.perform(self, request, data)
        return Reply()

    def _open_session(self, request: OperationRequest) -> None:
        if self.session_id:
            raise Refused(ResponseCode.SESSION_ALREADY_OPENED, request.code)
        if not request.parameter(1):
            raise Refused(ResponseCode.INVALID_PARAMETER, request.code)
        self.session_id = request.parameter(1)
        for _ in range(self._camera.faults.flood):
            self.tell(Event(EventCode.OBJECT_ADDED, parameters=(1,)))

    # -- data in -------------------------------------------------------------------------------

    def is_cancelled(self, transaction_id: int) -> bool:
        """Whether the initiator wants a transaction to end."""
        return self._cancelled and self._running == transaction_id

    def account(self, packet: Packet) -> bytes:
        """Make the step that a packet is, and return its bytes; put sends them, or others."""
        return self._session.send(Channel.COMMAND, packet)

    async def put(self, data: Bytes) -> None:
        """Send bytes on the command connection, as fast as it takes them."""
        self._put(Channel.COMMAND, data)
        await self._writers[Channel.COMMAND].drain()
