"""Bytes to packets, and back.

A control packet comes whole, and its length meets a bound before anything is kept. Data and End
Data may be 4 GiB long, so their payload is passed on as it arrives: a view into the bytes that were
fed, as a Data for every part but the last. A data phase means the same however it is cut.
"""

from dataclasses import dataclass
import struct
from typing import Final, final, override

from .codes import PacketType
from .datatypes import UINT32, Bytes
from .errors import Misuse, ProtocolError
from .packets import DATA_HEADER_SIZE, HEADER_SIZE, PACKETS, Data, EndData, Packet

#: The longest control packet is an Init Command Ack of 112 bytes; some cameras pad theirs.
MAX_CONTROL_PACKET: Final = 1024

#: Packets of an unknown type are skipped; one longer than this is a stream out of step.
MAX_UNKNOWN_PACKET: Final = 65536

#: So many of an unknown type in what one read brought are a flood, and nobody's keep-alive.
MAX_UNKNOWN_AT_ONCE: Final = 1024

_HEADER: Final = struct.Struct("<II")

# What carries a payload, and so is not read whole.
_CARRIERS: Final[dict[PacketType, type[Data | EndData]]] = {
    PacketType.DATA: Data,
    PacketType.END_DATA: EndData,
}


@final
class NeedData:
    """The type of NEED_DATA: nothing more is complete yet."""

    @override
    def __repr__(self) -> str:
        """Show the constant's name."""
        return "NEED_DATA"


NEED_DATA: Final = NeedData()


def encode(packet: Packet) -> bytes:
    """Return a packet's bytes, header included."""
    parts = packet.parts()
    length = HEADER_SIZE + sum(map(len, parts))
    return b"".join((_HEADER.pack(length, packet.type), *parts))


def decode(data: Bytes) -> Packet:
    """Return the one packet that data is. Raises ProtocolError for anything else."""
    reader = PacketReader()
    reader.feed(data)
    packet = reader.next_packet()
    if isinstance(packet, NeedData) or reader.unread:
        raise ProtocolError(f"{len(data)} bytes are not one packet")
    return packet


@dataclass(slots=True)
class _Payload:
    """Where we are in a Data or End Data packet."""

    carrier: type[Data | EndData]
    transaction_id: int
    left: int


class PacketReader:
    """Cuts a byte stream into packets; any cut of the stream gives the same data phases.

    Drain next_packet before the next feed: what it returns looks into the bytes that were fed.
    """

    def __init__(self) -> None:
        """Begin at the start of a packet."""
        self._data = memoryview(b"")
        self._at = 0
        self._held = bytearray()
        self._header: tuple[PacketType, int] | None = None
        self._payload: _Payload | None = None
        self._skipping = 0
        self._unknown = 0
        #: How many packets have begun, those that were skipped included.
        self.packets = 0

    @property
    def unread(self) -> int:
        """How many of the fed bytes are not yet read."""
        return len(self._data) - self._at

    def feed(self, data: Bytes) -> None:
        """Read from data next. Raises Misuse when the last data were not drained."""
        if self.unread:
            raise Misuse("feed before next_packet returned NEED_DATA")
        self._data = memoryview(data)
        self._at = self._unknown = 0

    def next_packet(self) -> Packet | NeedData:
        """Return the next packet, the next piece of a payload, or NEED_DATA.

        Raises ProtocolError for bytes that are no packet; the stream is then of no more use.
        """
        while True:
            if self._payload:
                return self._next_piece(self._payload)
            if self._skipping and not self._skip():
                return NEED_DATA
            if not self._header:
                self._header = self._read_header()
            if not self._header:
                return NEED_DATA
            packet = self._read_body(*self._header)
            if packet:
                return packet

    def _read_header(self) -> tuple[PacketType, int] | None:
        """Return a packet's type and the size of its body, if its header is there."""
        head = self._take(HEADER_SIZE)
        if head is None:
            return None
        length, number = _HEADER.unpack(head)
        kind = PacketType(number)
        if bytes(head[:5]) == b"HTTP/":
            raise ProtocolError("the peer speaks HTTP and not PTP-IP")
        _check_length(kind, length)
        self.packets += 1
        return kind, length - HEADER_SIZE

    def _read_body(self, kind: PacketType, size: int) -> Packet | NeedData | None:
        """Read what follows the header; None when a payload or a skipped packet begins."""
        if kind in _CARRIERS:
            return self._begin_payload(_CARRIERS[kind], size)
        if kind not in PACKETS:
            self._begin_unknown(size)
            return None
        body = self._take(size)
        if body is None:
            return NEED_DATA
        self._header = None
        return PACKETS[kind].decode(body)

    def _begin_payload(self, carrier: type[Data | EndData], size: int) -> NeedData | None:
        """Read the transaction id, so that the payload is next."""
        head = self._take(UINT32.size)
        if head is None:
            return NEED_DATA
        self._header = None
        self._payload = _Payload(carrier, int.from_bytes(head, "little"), size - UINT32.size)
        return None

    def _begin_unknown(self, size: int) -> None:
        """Skip a packet, unless there is nothing else."""
        self._header, self._skipping = None, size
        self._unknown += 1
        if self._unknown > MAX_UNKNOWN_AT_ONCE:
            raise ProtocolError("a flood of packets of unknown types")

    def _next_piece(self, payload: _Payload) -> Packet | NeedData:
        """Return as much of the payload as is there."""
        piece = self._data[self._at : self._at + payload.left]
        if payload.left and not piece:
            return NEED_DATA
        self._at += len(piece)
        payload.left -= len(piece)
        if payload.left:
            return Data(payload.transaction_id, piece)
        self._payload = None
        return payload.carrier(payload.transaction_id, piece)

    def _skip(self) -> bool:
        """Pass over a packet of an unknown type; whether its end was reached."""
        step = min(self._skipping, self.unread)
        self._at += step
        self._skipping -= step
        return not self._skipping

    def _take(self, size: int) -> Bytes | None:
        """Return the next size bytes in one piece; hold what is there of them until all are."""
        start = self._at
        missing = size - len(self._held)
        self._at = min(start + missing, len(self._data))
        part = self._data[start : self._at]
        if len(part) == size:
            return part
        self._held += part
        if len(self._held) < size:
            return None
        whole, self._held = self._held, bytearray()
        return whole


def _check_length(kind: PacketType, length: int) -> None:
    """Hold a packet's length against its bounds, before anything is kept of it."""
    if kind in _CARRIERS:
        shortest, longest = DATA_HEADER_SIZE, 0xFFFFFFFF
    elif kind in PACKETS:
        shortest, longest = HEADER_SIZE, MAX_CONTROL_PACKET
    else:
        shortest, longest = HEADER_SIZE, MAX_UNKNOWN_PACKET
    if not shortest <= length <= longest:
        raise ProtocolError(f"a packet of type {kind.name} and {length} bytes")
