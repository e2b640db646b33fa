"""One initiator at a virtual camera: its two TCP connections, and one transaction after the other."""

import asyncio
from dataclasses import dataclass
import logging
from typing import Final, Protocol

from ..protocols.ptpip.codes import InitFailReason, OperationCode, ResponseCode
from ..protocols.ptpip.errors import Refused
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
    StartData,
)
from ..protocols.ptpip.session import Session
from ..protocols.ptpip.state import Channel, Handshake, Role
from .photos import Content

_LOGGER = logging.getLogger(__name__)

READ_SIZE: Final = 1 << 16

#: An object goes out in Data packets of this size, so that a receiver can cancel between them.
DATA_PIECE: Final = 1 << 20

#: What is about the connection itself; everything else is the camera's.
SESSION_OPERATIONS: Final = {OperationCode.OPEN_SESSION, OperationCode.CLOSE_SESSION}

#: What an initiator may ask before it opened a session.
OUTSIDE_A_SESSION: Final = {OperationCode.GET_DEVICE_INFO, OperationCode.OPEN_SESSION}


@dataclass(frozen=True, slots=True)
class Reply:
    """What an operation gives: data, or none, and the response's parameters."""

    data: Content | None = None
    parameters: tuple[int, ...] = ()


class Camera(Protocol):
    """What a connection needs of the camera that it leads to."""

    guid: bytes
    friendly_name: str

    def turn_away(self, hello: InitCommandRequest) -> InitFailReason | None:
        """Say why this initiator may not come in; None when it may."""

    async def perform(self, request: OperationRequest) -> Reply:
        """Do what a request says. Raises Refused."""


class Connection:
    """One initiator, from its Init Command Request to the end of either TCP connection."""

    def __init__(self, camera: Camera, number: int) -> None:
        """Expect an initiator; serve gives it its two TCP connections."""
        self.number = number
        self.session_id = 0
        self.hello: InitCommandRequest | None = None
        self.established = asyncio.Event()
        self._camera = camera
        self._session = Session(Role.RESPONDER)
        self._writers: dict[Channel, asyncio.StreamWriter] = {}
        self._cancelled: int | None = None
        self._probed = asyncio.Event()

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
            writer.close()

    def tell(self, event: Event) -> None:
        """Send an event, if there is an event connection yet."""
        if self.established.is_set():
            self._write(Channel.EVENT, event)

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
                self._write(channel, InitEventAck())
                self.established.set()
            case OperationRequest():
                await self._transact(packet)
            case ProbeRequest():
                self._write(channel, ProbeResponse())
            case ProbeResponse():
                self._probed.set()
            case Cancel():
                self._cancelled = packet.transaction_id
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

    def _write(self, channel: Channel, packet: Packet) -> None:
        self._writers[channel].write(self._session.send(channel, packet))

    # -- transactions --------------------------------------------------------------------------

    async def _transact(self, request: OperationRequest) -> None:
        """Perform a request: data, if there are any, and the response."""
        reply = Reply()
        code = ResponseCode.OK
        try:
            self._check(request)
            reply = await self._perform(request)
            if reply.data is not None:
                code = await self._send_data(request.transaction_id, reply.data)
        except Refused as refused:
            code = ResponseCode(refused.code)
        _LOGGER.debug("%s %s: %s", request.code.name, request.parameters, code.name)
        response = OperationResponse(code, request.transaction_id, reply.parameters)
        await self._send(response)

    def _check(self, request: OperationRequest) -> None:
        """Hold a request against the rules that are the same for every operation."""
        if not self.session_id:
            if request.code not in OUTSIDE_A_SESSION:
                raise Refused(ResponseCode.SESSION_NOT_OPEN, request.code)
        elif request.transaction_id != self._session.next_transaction_id:
            raise Refused(ResponseCode.INVALID_TRANSACTION_ID, request.code)

    async def _perform(self, request: OperationRequest) -> Reply:
        match request.code:
            case OperationCode.OPEN_SESSION:
                self._open_session(request)
            case OperationCode.CLOSE_SESSION:
                self.session_id = 0
            case _:
                return await self._camera.perform(request)
        return Reply()

    def _open_session(self, request: OperationRequest) -> None:
        if self.session_id:
            raise Refused(ResponseCode.SESSION_ALREADY_OPENED, request.code)
        if not request.parameter(1):
            raise Refused(ResponseCode.INVALID_PARAMETER, request.code)
        self.session_id = request.parameter(1)

    async def _send_data(self, transaction_id: int, content: Content) -> ResponseCode:
        """Send a data phase, its last piece in the End Data; return how it went."""
        await self._send(StartData(transaction_id, content.size))
        left = content.size
        while left > DATA_PIECE and self._cancelled != transaction_id:
            piece = await content.read(content.size - left, DATA_PIECE)
            if not piece:
                break  # The file became shorter under our hands.
            await self._send(Data(transaction_id, piece))
            left -= len(piece)
        if self._cancelled == transaction_id:
            await self._send(EndData(transaction_id))
            return ResponseCode.TRANSACTION_CANCELED
        piece = await content.read(content.size - left, min(left, DATA_PIECE))
        await self._send(EndData(transaction_id, piece))
        return ResponseCode.OK if len(piece) == left else ResponseCode.INCOMPLETE_TRANSFER

    async def _send(self, packet: Packet) -> None:
        self._write(Channel.COMMAND, packet)
        await self._writers[Channel.COMMAND].drain()
