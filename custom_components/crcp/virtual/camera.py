"""A virtual camera: a PTP-IP responder with cards, and one handler per operation."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from itertools import count
import logging
from typing import Final

from ..protocols.ptpip.codes import (
    EventCode,
    InitFailReason,
    ObjectFormat,
    OperationCode,
    ParentObject,
    ResponseCode,
    StorageID,
)
from ..protocols.ptpip.datasets import IDS, DeviceInfo
from ..protocols.ptpip.errors import ProtocolError, Refused
from ..protocols.ptpip.framing import MAX_CONTROL_PACKET, decode, encode
from ..protocols.ptpip.packets import (
    HEADER_SIZE,
    Event,
    InitCommandRequest,
    InitEventRequest,
    InitFail,
    OperationRequest,
)
from ..protocols.ptpip.state import Channel
from .card import Card, Entry
from .connection import SESSION_OPERATIONS, Connection, Reply
from .host import Host
from .photos import InMemory, Part, Photo

_LOGGER = logging.getLogger(__name__)

MANUFACTURER: Final = "CRCP"
GUID: Final = bytes.fromhex("43524350 0000 4000 8000 00000000cafe")

EVENTS: Final = (
    EventCode.OBJECT_ADDED,
    EventCode.OBJECT_REMOVED,
    EventCode.CAPTURE_COMPLETE,
)
FORMATS: Final = (ObjectFormat.EXIF_JPEG, ObjectFormat.ASSOCIATION)

type Handler = Callable[["VirtualCamera", OperationRequest], Awaitable[Reply]]

_HANDLERS: dict[OperationCode, Handler] = {}


def answers(operation: OperationCode) -> Callable[[Handler], Handler]:
    """Declare the handler of an operation."""

    def register(handler: Handler) -> Handler:
        _HANDLERS[operation] = handler
        return handler

    return register


class VirtualCamera:
    """One camera on loopback, with photos on its first card.

    paired: the GUIDs that may come in, None for anybody. max_connections: how many initiators at
    once; real cameras take one. clock: the camera's local time, for the pictures that it takes.
    """

    def __init__(
        self,
        *,
        photos: Iterable[Photo] = (),
        model: str = "Virtual camera",
        serial_number: str = "0000001",
        friendly_name: str = "Virtual camera",
        guid: bytes = GUID,
        port: int = 0,
        paired: set[bytes] | None = None,
        max_connections: int = 8,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """Build the camera; start opens its port."""
        self.model = model
        self.serial_number = serial_number
        self.friendly_name = friendly_name
        self.guid = guid
        self.paired = paired
        self.max_connections = max_connections
        self.cards = [Card()]
        self.connections: dict[int, Connection] = {}
        self.requests: list[OperationRequest] = []
        self._clock = clock or _local_time
        self._numbers = count(1)
        self._shots = 0
        self._host = Host(self._serve, port)
        for photo in photos:
            self.cards[0].add(photo)
            self._shots += 1

    @property
    def port(self) -> int:
        """The port of both connections, once started."""
        return self._host.port

    async def start(self) -> None:
        """Listen on 127.0.0.1. Raises OSError when the port is taken."""
        await self._host.start()

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._host.stop()

    async def press_shutter(self) -> int:
        """Take a picture, store it, tell every initiator; return its handle."""
        self._shots += 1
        taken = self._clock()
        photo = await asyncio.to_thread(Photo.generate, self._shots, taken, model=self.model)
        return self.add_photo(photo)

    def add_photo(self, photo: Photo) -> int:
        """Store a picture as if it was just taken, tell every initiator; return its handle."""
        handle = self.cards[0].add(photo)
        self.tell(Event(EventCode.OBJECT_ADDED, parameters=(handle,)))
        self.tell(Event(EventCode.CAPTURE_COMPLETE))
        return handle

    def tell(self, event: Event) -> None:
        """Send an event to every initiator."""
        for connection in self.connections.values():
            connection.tell(event)

    # -- connections ---------------------------------------------------------------------------

    def turn_away(self, hello: InitCommandRequest) -> InitFailReason | None:
        """Say why an initiator may not come in; None when it may."""
        if self.paired is not None and hello.guid not in self.paired:
            return InitFailReason.REJECTED_INITIATOR
        if len(self.connections) > self.max_connections:
            return InitFailReason.BUSY
        return None

    async def perform(self, request: OperationRequest) -> Reply:
        """Do what a request says. Raises Refused."""
        self.requests.append(request)
        handler = _HANDLERS.get(request.code)
        if handler is None:
            raise Refused(ResponseCode.OPERATION_NOT_SUPPORTED, request.code)
        return await handler(self, request)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one TCP connection; its first packet says which of an initiator's two it is."""
        try:
            first = await _read_packet(reader)
            match decode(first):
                case InitCommandRequest():
                    connection, channel = Connection(self, next(self._numbers)), Channel.COMMAND
                    self.connections[connection.number] = connection
                case InitEventRequest(number) if number in self.connections:
                    connection, channel = self.connections[number], Channel.EVENT
                case _:
                    writer.write(encode(InitFail(InitFailReason.UNSPECIFIED)))
                    return
            try:
                await connection.serve(channel, first, reader, writer)
            finally:
                self.connections.pop(connection.number, None)
                connection.close()
        except ProtocolError as error:
            _LOGGER.debug("An initiator broke the protocol: %s", error)
        except asyncio.IncompleteReadError:
            _LOGGER.debug("A connection ended before it said what it was")

    # -- the device ----------------------------------------------------------------------------

    @answers(OperationCode.GET_DEVICE_INFO)
    async def _get_device_info(self, _request: OperationRequest) -> Reply:
        info = DeviceInfo(
            operations_supported=tuple(sorted(SESSION_OPERATIONS | _HANDLERS.keys())),
            events_supported=EVENTS,
            capture_formats=FORMATS[:1],
            image_formats=FORMATS,
            manufacturer=MANUFACTURER,
            model=self.model,
            device_version="1.0",
            serial_number=self.serial_number,
        )
        return _data(info.encode())

    # -- storages ------------------------------------------------------------------------------

    @answers(OperationCode.GET_STORAGE_IDS)
    async def _get_storage_ids(self, _request: OperationRequest) -> Reply:
        return _data(IDS.write(tuple(card.storage_id for card in self.cards)))

    @answers(OperationCode.GET_STORAGE_INFO)
    async def _get_storage_info(self, request: OperationRequest) -> Reply:
        (card,) = self._cards(request)
        return _data(card.storage_info().encode())

    @answers(OperationCode.GET_NUM_OBJECTS)
    async def _get_num_objects(self, request: OperationRequest) -> Reply:
        return Reply(parameters=(len(self._list(request)),))

    @answers(OperationCode.GET_OBJECT_HANDLES)
    async def _get_object_handles(self, request: OperationRequest) -> Reply:
        return _data(IDS.write(self._list(request)))

    # -- objects -------------------------------------------------------------------------------

    @answers(OperationCode.GET_OBJECT_INFO)
    async def _get_object_info(self, request: OperationRequest) -> Reply:
        card, _ = self._entry(request)
        return _data(card.object_info(request.parameter(1)).encode())

    @answers(OperationCode.GET_OBJECT)
    async def _get_object(self, request: OperationRequest) -> Reply:
        return Reply(self._photo(request).content)

    @answers(OperationCode.GET_THUMB)
    async def _get_thumb(self, request: OperationRequest) -> Reply:
        return _data(await self._photo(request).any_thumb())

    @answers(OperationCode.GET_PARTIAL_OBJECT)
    async def _get_partial_object(self, request: OperationRequest) -> Reply:
        content = self._photo(request).content
        offset, wanted = request.parameter(2), request.parameter(3)
        if offset > content.size:
            raise Refused(ResponseCode.INVALID_PARAMETER, request.code)
        part = Part(content, offset, min(wanted, content.size - offset))
        return Reply(part, (part.size,))

    def _cards(self, request: OperationRequest) -> list[Card]:
        """The cards that parameter 1 names."""
        if not self.cards:
            raise Refused(ResponseCode.STORE_NOT_AVAILABLE, request.code)
        wanted = request.parameter(1)
        cards = [card for card in self.cards if wanted in (StorageID.ALL, card.storage_id)]
        if not cards:
            raise Refused(ResponseCode.INVALID_STORAGE_ID, request.code)
        return cards

    def _list(self, request: OperationRequest) -> tuple[int, ...]:
        """The handles that storage, format and parent ask for."""
        object_format, parent = request.parameter(2), request.parameter(3)
        cards = self._cards(request)
        if not ParentObject(parent).known:
            cards = [card for card in cards if card.is_folder(parent)]
            if not cards:
                raise Refused(ResponseCode.INVALID_PARENT_OBJECT, request.code)
        return tuple(handle for card in cards for handle in card.handles(object_format, parent))

    def _entry(self, request: OperationRequest) -> tuple[Card, Entry]:
        """The object whose handle is parameter 1, and its card."""
        handle = request.parameter(1)
        for card in self.cards:
            if handle in card.entries:
                return card, card.entries[handle]
        raise Refused(ResponseCode.INVALID_OBJECT_HANDLE, request.code)

    def _photo(self, request: OperationRequest) -> Photo:
        """The file whose handle is parameter 1; a folder has no bytes."""
        _, entry = self._entry(request)
        if entry.photo is None:
            raise Refused(ResponseCode.INVALID_OBJECT_HANDLE, request.code)
        return entry.photo


async def _read_packet(reader: asyncio.StreamReader) -> bytes:
    """Read the one packet that begins a connection."""
    header = await reader.readexactly(HEADER_SIZE)
    length = int.from_bytes(header[:4], "little")
    if not HEADER_SIZE <= length <= MAX_CONTROL_PACKET:
        raise ProtocolError(f"a first packet of {length} bytes")
    return header + await reader.readexactly(length - HEADER_SIZE)


def _data(data: bytes) -> Reply:
    return Reply(InMemory(data))


def _local_time() -> datetime:
    """What a camera's clock says: no zone, no fractions."""
    return datetime.now(UTC).astimezone().replace(tzinfo=None, microsecond=0)
