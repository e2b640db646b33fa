"""A virtual camera: a PTP-IP responder with cards, a personality, and faults."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
import logging
from typing import Final

from ..protocols.ptpip.codes import (
    DevicePropCode,
    EventCode,
    InitFailReason,
    ObjectFormat,
    OperationCode,
    ResponseCode,
)
from ..protocols.ptpip.datasets import DeviceInfo, ObjectInfo
from ..protocols.ptpip.datatypes import format_date_time, parse_date_time
from ..protocols.ptpip.errors import ProtocolError, Refused
from ..protocols.ptpip.framing import MAX_CONTROL_PACKET, decode, encode
from ..protocols.ptpip.packets import (
    HEADER_SIZE,
    Event,
    InitCommandRequest,
    InitEventRequest,
    InitFail,
    OperationRequest,
    Packet,
)
from ..protocols.ptpip.properties import DevicePropDesc
from ..protocols.ptpip.state import Channel
from ..protocols.ptpip.vendors.canon import CanonOperation
from .camera_faults import CameraFaults
from .camera_handlers import Question
from .camera_properties import standard_properties
from .card import FIRST_STORAGE, SECOND_STORAGE, Card
from .connection import SESSION_OPERATIONS, Connection, Reply
from .host import Host
from .personalities import GENERIC, Personality
from .photos import Photo
from .vigil import MILLISECOND, Vigil

_LOGGER = logging.getLogger(__name__)

#: So many requests are remembered.
MAX_REMEMBERED: Final = 100_000

GUID: Final = bytes.fromhex("43524350 0000 4000 8000 00000000cafe")


class VirtualCamera:
    """One camera on loopback, with photos on its first card.

    paired: the GUIDs that may come in, None for anybody. max_connections: how many initiators at
    once; the personality's, unless said. clock: the camera's local time, for the pictures that it
    takes. slots: how many cards. faults: what goes wrong; they may be changed while it runs.
    """

    def __init__(
        self,
        *,
        photos: Iterable[Photo] = (),
        model: str = "",
        serial_number: str = "0000001",
        friendly_name: str = "Virtual camera",
        guid: bytes = GUID,
        port: int = 0,
        paired: set[bytes] | None = None,
        max_connections: int = 0,
        clock: Callable[[], datetime] | None = None,
        personality: Personality = GENERIC,
        slots: int = 1,
        faults: CameraFaults | None = None,
    ) -> None:
        """Build the camera; start opens its port."""
        self.personality = personality
        self.model = model or personality.model
        self.serial_number = serial_number
        self.friendly_name = friendly_name
        self.guid = guid
        self.paired = paired
        self.max_connections = max_connections or personality.max_connections
        self.faults = faults or CameraFaults()
        self.data_style = personality.data_style
        storages = (FIRST_STORAGE, SECOND_STORAGE)[:slots]
        self.cards = [Card(each, folder_name=personality.folder_name) for each in storages]
        self.connections: dict[int, Connection] = {}
        #: What was asked, the latest at the end; and the data that came in last, and with what.
        self.requests: list[OperationRequest] = []
        self.brought: tuple[int, bytes] | None = None
        #: Objects that were announced by SendObjectInfo, by connection.
        self.expected: dict[int, tuple[Card, int, int, ObjectInfo]] = {}
        self._clock = clock or _local_time
        self._clock_set_to: tuple[datetime, datetime] | None = None
        described = (*standard_properties(self._clock()), *personality.properties)
        self._properties = {each.code: each for each in described}
        self._approved: set[tuple[bytes, str]] = set()
        self._numbers = count(1)
        self._shots = 0
        self._captures: set[asyncio.Task[int]] = set()
        self._vigil = Vigil(self.faults)
        self._host = Host(self._serve, port)
        self.store(photos)

    @property
    def port(self) -> int:
        """The port of both connections, once started."""
        return self._host.port

    async def start(self) -> None:
        """Listen on 127.0.0.1. Raises OSError when the port is taken."""
        await self._host.start()

    async def stop(self) -> None:
        """Close the port and every connection."""
        for capture in self._captures:
            capture.cancel()
        await self._host.stop()

    # -- scenes --------------------------------------------------------------------------------

    def store(self, photos: Iterable[Photo], slot: int = 0) -> None:
        """Put pictures on a card before anybody looks at it."""
        for photo in photos:
            self.cards[slot].add(photo)
            self._shots += slot == 0

    async def press_shutter(self) -> int:
        """Take a picture, store it, tell every initiator; return its handle."""
        self._shots += 1
        photo = await asyncio.to_thread(Photo.generate, self._shots, self.now(), model=self.model)
        return self.add_photo(photo)

    async def finder(self) -> bytes:
        """What the finder shows: the next picture, small, as a JPEG."""
        shots, now = self._shots + 1, self.now()
        return await asyncio.to_thread(
            lambda: Photo.generate(shots, now, model=self.model).thumb or b""
        )

    def capture(self) -> None:
        """Take a picture soon, as an initiator asked for."""
        task = asyncio.create_task(self.press_shutter())
        self._captures.add(task)
        task.add_done_callback(self._captures.discard)

    def add_photo(self, photo: Photo, slot: int = 0) -> int:
        """Store a picture as if it was just taken, tell every initiator; return its handle."""
        card = self.cards[slot]
        handle = card.add(photo)
        if self.faults.folder_events:
            self.tell(Event(EventCode.OBJECT_ADDED, parameters=(card.entries[handle].parent,)))
        self.tell(Event(EventCode.OBJECT_ADDED, parameters=(handle,)))
        self.tell(Event(EventCode.CAPTURE_COMPLETE))
        return handle

    def delete(self, handle: int, told_by: Connection | None = None) -> None:
        """Delete an object, as the person who holds the camera does."""
        for card in self.cards:
            card.entries.pop(handle, None)
        self.tell(Event(EventCode.OBJECT_REMOVED, parameters=(handle,)), but=told_by)

    def take_card_out(self, slot: int = 0) -> Card:
        """Open the door and take a card; every initiator is told."""
        card = self.cards.pop(slot)
        self.tell(Event(EventCode.STORE_REMOVED, parameters=(card.storage_id,)))
        return card

    def put_card_in(self, card: Card) -> None:
        """Put a card into its slot; every initiator is told."""
        self.cards.append(card)
        self.tell(Event(EventCode.STORE_ADDED, parameters=(card.storage_id,)))

    def turn(self, code: int, value: int) -> None:
        """Turn a dial on the body; every initiator is told."""
        described = self._properties[DevicePropCode(code)]
        self.set_property(replace(described, current=value))
        self.tell(Event(EventCode.DEVICE_PROP_CHANGED, parameters=(code,)))

    def lock(self, code: int) -> None:
        """Turn the mode dial to where a property can only be read; every initiator is told."""
        described = self._properties[DevicePropCode(code)]
        self.set_property(replace(described, writable=False, form=None))
        self.tell(Event(EventCode.DEVICE_PROP_CHANGED, parameters=(code,)))

    def hang_up(self) -> None:
        """End every connection, as a half press of the shutter does on some bodies."""
        for connection in list(self.connections.values()):
            connection.close()

    def tell(self, event: Event, but: Connection | None = None) -> None:
        """Tell an event to every initiator but one: at once, or when it asks."""
        if self.faults.mute:
            return
        for connection in self.connections.values():
            for _ in range(0 if connection is but else 1 + self.faults.echo):
                if not self.personality.asks:
                    connection.tell(event)
                elif not self.personality.arms or self.personality.arms in connection.modes:
                    connection.waiting.append(event)

    # -- connections ---------------------------------------------------------------------------

    def turn_away(self, hello: InitCommandRequest) -> InitFailReason | None:
        """Say why an initiator may not come in; None when it may."""
        if self.faults.init_fail:
            return InitFailReason(self.faults.init_fail)
        if self.paired is not None and hello.guid not in self.paired:
            return InitFailReason.REJECTED_INITIATOR
        if self._vigil.is_haunted():
            return InitFailReason.BUSY
        if self.faults.evict:
            for other in list(self.connections.values())[:-1]:
                other.close()
            return None
        if len(self.connections) > self.max_connections:
            return InitFailReason.BUSY
        return None

    def approve(self, connection: Connection) -> None:
        """Remember a visitor: from its next connection on, nothing is hollow."""
        if connection.hello:
            self._approved.add((connection.hello.guid, connection.hello.friendly_name))

    def operations(self, connection: Connection) -> frozenset[OperationCode]:
        """What this initiator may ask for."""
        hello = connection.hello
        stranger = hello and (hello.guid, hello.friendly_name) not in self._approved
        if self.faults.hollow and stranger:
            return self.personality.hollow
        return frozenset(SESSION_OPERATIONS | self.personality.operations.keys())

    def knows(self, request: OperationRequest) -> bool:
        """Whether an operation is one that this camera has."""
        return request.code in SESSION_OPERATIONS | self.personality.operations.keys()

    def takes_data(self, request: OperationRequest) -> bool:
        """Whether data that a request announces are wanted."""
        return request.code in self.personality.operations.taking

    async def perform(
        self, connection: Connection, request: OperationRequest, data: bytes
    ) -> Reply:
        """Do what a request says, with the data that came with it. Raises Refused."""
        self._remember(request, data)
        if self.cards and self._is_over("card_out"):
            self.take_card_out()
        handler = self.personality.operations.get(request.code)
        if handler is None or request.code not in self.operations(connection):
            raise Refused(ResponseCode.OPERATION_NOT_SUPPORTED, request.code)
        if self.faults.use("busy"):
            raise Refused(ResponseCode.DEVICE_BUSY, request.code)
        return await handler(Question(self, connection, request, data))

    def _remember(self, request: OperationRequest, data: bytes) -> None:
        """Keep what was asked for those who look on; a camera may run for months."""
        if len(self.requests) >= MAX_REMEMBERED:
            del self.requests[: MAX_REMEMBERED // 2]
        self.requests.append(request)
        if data:
            self.brought = (request.code, data)

    def _is_over(self, countdown: str) -> bool:
        """Count a fault down that begins after a number of operations; whether it begins now."""
        left: int = getattr(self.faults, countdown)
        if left >= 0:
            setattr(self.faults, countdown, left - 1)
        return left == 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one TCP connection; its first packet says which of an initiator's two it is."""
        try:
            async with asyncio.timeout(self.faults.join_within * MILLISECOND):
                first = await _read_packet(reader)
            packet = decode(first)
            if await self._vigil.ignores(packet):
                return
            place = self._place(packet)
            if place is None:
                writer.write(encode(InitFail(InitFailReason.UNSPECIFIED)))
                return
            connection, channel = place
            try:
                with self._vigil.over(connection, channel):
                    await connection.serve(channel, first, reader, writer)
            finally:
                self.connections.pop(connection.number, None)
                connection.close()
                self._vigil.ended(connection)
        except ProtocolError as error:
            _LOGGER.debug("An initiator broke the protocol: %s", error)
        except asyncio.IncompleteReadError, TimeoutError:
            _LOGGER.debug("A connection ended before it said what it was")

    def _place(self, first: Packet) -> tuple[Connection, Channel] | None:
        """To which connection a TCP connection belongs, by its first packet."""
        match first:
            case InitCommandRequest():
                connection = Connection(self, next(self._numbers))
                self.connections[connection.number] = connection
                return connection, Channel.COMMAND
            case InitEventRequest(number):
                found = self.connections.get(number)
                return (found, Channel.EVENT) if found and found.awaits_events else None
            case _:
                return None

    # -- the device ----------------------------------------------------------------------------

    def now(self) -> datetime:
        """The camera's local time, as it was set."""
        if self._clock_set_to is None:
            return self._clock()
        when, to = self._clock_set_to
        return to + (self._clock() - when)

    def device_info(self, connection: Connection) -> DeviceInfo:
        """What the camera says of itself to one initiator."""
        personality = self.personality
        return DeviceInfo(
            vendor_extension_id=personality.vendor_extension_id,
            vendor_extension_version=100,
            vendor_extension_desc=personality.vendor_extension_desc,
            operations_supported=tuple(sorted(self.operations(connection))),
            events_supported=personality.events,
            device_properties_supported=tuple(self._properties),
            capture_formats=personality.capture_formats,
            image_formats=(*personality.capture_formats, ObjectFormat.ASSOCIATION),
            manufacturer=personality.manufacturer,
            model=self.model,
            device_version=personality.device_version,
            serial_number=self.serial_number,
        )

    def property(self, code: int) -> DevicePropDesc | None:
        """Describe a property as it is now; None where there is none of this code."""
        described = self._properties.get(DevicePropCode(code))
        if described and described.code == DevicePropCode.DATE_TIME:
            return replace(described, current=format_date_time(self.now()))
        return described

    def vendor_properties(self) -> tuple[DevicePropDesc, ...]:
        """The maker's own properties."""
        return tuple(self._properties[each.code] for each in self.personality.properties)

    def set_property(self, described: DevicePropDesc) -> None:
        """Make a property what it is described as."""
        self._properties[described.code] = described
        if described.code == DevicePropCode.DATE_TIME and isinstance(described.current, str):
            wanted = parse_date_time(described.current)
            if wanted:
                self._clock_set_to = self._clock(), wanted.replace(tzinfo=None)

    def hides_card(self, connection: Connection) -> bool:
        """Whether an initiator sees no files, because it is in remote mode."""
        return bool(self.faults.hide_card) and CanonOperation.SET_REMOTE_MODE in connection.modes


async def _read_packet(reader: asyncio.StreamReader) -> bytes:
    """Read the one packet that begins a connection."""
    header = await reader.readexactly(HEADER_SIZE)
    length = int.from_bytes(header[:4], "little")
    if not HEADER_SIZE <= length <= MAX_CONTROL_PACKET:
        raise ProtocolError(f"a first packet of {length} bytes")
    return header + await reader.readexactly(length - HEADER_SIZE)


def _local_time() -> datetime:
    """What a camera's clock says: no zone, no fractions."""
    return datetime.now(UTC).astimezone().replace(tzinfo=None, microsecond=0)
