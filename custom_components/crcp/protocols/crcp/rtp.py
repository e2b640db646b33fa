"""RTP (RFC 3550): the header, the payload types of RFC 1890, and the framing of mode S."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto
import struct
from typing import Final

from .errors import ProtocolError

VERSION: Final = 2
HEADER: Final = struct.Struct(">BBHII")

#: MPEG transport stream: the size of its packets and the byte that each begins with (ISO 13818-1).
TS_PACKET: Final = 188
TS_SYNC: Final = 0x47

#: What a 16-bit length can say; also the most that a datagram holds.
MAX_PACKET: Final = 65535

#: So many empty frames between the first two packets are looked past, each time that bytes come.
MAX_EMPTY: Final = 32


@dataclass(frozen=True, slots=True)
class PayloadType:
    """A static payload type (RFC 3551 section 6). clock: ticks a second."""

    number: int
    name: str
    clock: int


PAYLOAD_TYPES: Final = {
    each.number: each
    for each in (
        PayloadType(0, "PCMU", 8000),
        PayloadType(3, "GSM", 8000),
        PayloadType(4, "G723", 8000),
        PayloadType(5, "DVI4", 8000),
        PayloadType(6, "DVI4", 16000),
        PayloadType(7, "LPC", 8000),
        PayloadType(8, "PCMA", 8000),
        PayloadType(9, "G722", 8000),
        PayloadType(10, "L16", 44100),
        PayloadType(11, "L16", 44100),
        PayloadType(12, "QCELP", 8000),
        PayloadType(13, "CN", 8000),
        PayloadType(14, "MPA", 90000),
        PayloadType(15, "G728", 8000),
        PayloadType(16, "DVI4", 11025),
        PayloadType(17, "DVI4", 22050),
        PayloadType(18, "G729", 8000),
        PayloadType(25, "CelB", 90000),
        PayloadType(26, "JPEG", 90000),
        PayloadType(28, "nv", 90000),
        PayloadType(31, "H261", 90000),
        PayloadType(32, "MPV", 90000),
        PayloadType(33, "MP2T", 90000),
        PayloadType(34, "H263", 90000),
    )
}

#: The order in which a controller asks for a payload type when nobody told what a unit has.
PREFERRED_TYPES: Final = (33, 26, 32, 14, 10, 11, 8, 0)


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One RTP packet, its extension and padding taken off."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def encode(self) -> bytes:
        """Return the bytes of the packet."""
        second = (0x80 if self.marker else 0) | self.payload_type
        head = (VERSION << 6, second, self.sequence, self.timestamp, self.ssrc)
        return HEADER.pack(*head) + self.payload


def decode_rtp(data: bytes) -> RtpPacket | None:
    """Read an RTP packet; None for RTCP (RFC 5761 section 4). Raises ProtocolError."""
    if len(data) < HEADER.size or data[0] >> 6 != VERSION:
        raise ProtocolError("not an RTP packet")
    if 192 <= data[1] <= 223:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    start, end = HEADER.size + 4 * (first & 0x0F), len(data)
    if first & 0x10:
        if start + 4 > end:
            raise ProtocolError("an RTP packet ends inside its extension")
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    if first & 0x20:
        end -= data[-1]
    if start > end or (first & 0x20 and not data[-1]):
        raise ProtocolError("an RTP packet is shorter than its header says")
    payload = bytes(data[start:end])
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, payload, bool(second & 0x80))


def decode_datagram(data: bytes) -> RtpPacket | None:
    """Read a datagram of mode P: an RTP packet, or bare transport stream, which -00 allowed.

    None for RTCP and for noise: anybody can send a datagram, and one must not end a transfer.
    """
    if data[:1] == bytes((TS_SYNC,)) and not len(data) % TS_PACKET:
        return RtpPacket(33, 0, 0, 0, bytes(data))
    try:
        return decode_rtp(data)
    except ProtocolError:
        return None


def frame(packet: bytes) -> bytes:
    """Put the two bytes of mode S before a packet: the length of the whole RTP packet."""
    return len(packet).to_bytes(2) + packet


class Framing(Enum):
    """What a sender means by mode S."""

    #: The length of the whole RTP packet follows (RFC 4571), which is how we read the draft.
    PACKET = auto()
    #: The draft's own words: "the length of the next RTP payload", so the header is not counted.
    PAYLOAD = auto()
    #: The draft's first edition: a bare MPEG transport stream.
    BARE_TS = auto()


class Deframer:
    """Cuts the byte stream of mode S into RTP packets, in whichever framing the sender uses.

    The first bytes tell: see Framing. Bare transport stream comes out as packets of type 33 with
    a sequence of our own. Bytes may come in any pieces; memory stays below two packets.
    """

    def __init__(self) -> None:
        """Begin at the start of a data connection."""
        self.framing: Framing | None = None
        self._pending = bytearray()
        self._sequence = 0

    def feed(self, data: bytes) -> Iterator[RtpPacket]:
        """Give the packets that data completes. Raises ProtocolError when it is no framing."""
        self._pending += data
        if self.framing is None:
            self.framing = self._detect()
        while self.framing and (size := self._next_size()):
            chunk = bytes(self._pending[:size])
            del self._pending[:size]
            packet = self._packet(chunk)
            if packet:
                yield packet

    def end(self) -> Iterator[RtpPacket]:
        """Give what is left at the end of the connection. Raises ProtocolError for half a packet.

        A single packet has no next one to be told by, so it is read the normal way.
        """
        if self.framing is None and len(self._pending) > 2:
            self.framing = Framing.PACKET
        yield from self.feed(b"")
        if self._pending:
            raise ProtocolError("the data connection ended inside a packet")

    def _next_size(self) -> int:
        """How many bytes the next whole unit takes; 0 when it is not whole yet."""
        if self.framing is Framing.BARE_TS:
            return len(self._pending) // TS_PACKET * TS_PACKET
        if len(self._pending) < 2:
            return 0
        size = 2 + int.from_bytes(self._pending[:2])
        if self.framing is Framing.PAYLOAD and size > 2:
            if len(self._pending) < 3:
                return 0
            size += HEADER.size + 4 * (self._pending[2] & 0x0F)
        return size if len(self._pending) >= size else 0

    def _packet(self, chunk: bytes) -> RtpPacket | None:
        if self.framing is Framing.BARE_TS:
            self._sequence += 1
            return RtpPacket(33, self._sequence & 0xFFFF, 0, 0, chunk)
        # Length 0 is an empty frame, which is skipped.
        return decode_rtp(chunk[2:]) if len(chunk) > 2 else None

    def _detect(self) -> Framing | None:
        """Tell the framing by what stands at the start; None while that cannot be told yet."""
        while self._pending[:2] == b"\x00\x00":
            del self._pending[:2]
        data = self._pending
        if data[:1] == bytes((TS_SYNC,)) and len(data) > TS_PACKET and data[TS_PACKET] == TS_SYNC:
            return Framing.BARE_TS
        if len(data) < 2 + HEADER.size:
            return None
        if data[2] >> 6 != VERSION:
            return self._wait_or_give_up(data, TS_PACKET + 1)
        length = int.from_bytes(data[:2])
        header = HEADER.size + 4 * (data[2] & 0x0F)
        if framing := _told_by_size(data, length, header):
            return framing
        ends = {
            Framing.PACKET: _past_empty(data, 2 + length),
            Framing.PAYLOAD: _past_empty(data, 2 + length + header),
        }
        for framing, end in ends.items():
            if self._follows(data, end):
                return framing
        # Until both readings are refuted, the next header may still be on its way.
        return self._wait_or_give_up(
            data, min(max(ends.values()) + 2 + HEADER.size, 2 * MAX_PACKET)
        )

    def _follows(self, data: bytearray, end: int) -> bool:
        """Whether a plausible next header stands at end: RTCP, or one of a known payload type.

        One of the same type is from the same source, or has the next sequence number: a unit may
        leave out packets, also the second.
        """
        following = data[end + 2 : end + 2 + HEADER.size]
        if len(following) < 4 or following[0] >> 6 != VERSION:
            return False
        kind = following[1] & 0x7F
        if kind != data[3] & 0x7F:
            return kind in PAYLOAD_TYPES or 192 <= following[1] <= 223
        is_next = int.from_bytes(following[2:4]) == int.from_bytes(data[4:6]) + 1 & 0xFFFF
        return is_next or following[8:] == data[10 : 2 + HEADER.size]

    def _wait_or_give_up(self, data: bytearray, enough: int) -> Framing | None:
        """None while more bytes may still tell. Raises ProtocolError when they cannot."""
        if data[0] == TS_SYNC:
            enough = max(enough, TS_PACKET + 1)
        elif data[2] >> 6 != VERSION:
            enough = 0
        if len(data) < enough:
            return None
        raise ProtocolError("the data connection carries no RTP")


def _told_by_size(data: bytearray, length: int, header: int) -> Framing | None:
    """What the first packet tells alone: of a transport stream only whole packets are sent.

    So a picture that stands is seen without waiting for another. header: how long it is.
    """
    start = 2 + header
    plain = data[2] & 0x30 == 0 and data[3] & 0x7F == 33
    if not plain or length < TS_PACKET or len(data) <= start or data[start] != TS_SYNC:
        return None
    if length % TS_PACKET == header % TS_PACKET:
        return Framing.PACKET
    return Framing.PAYLOAD if length % TS_PACKET == 0 else None


def _past_empty(data: bytearray, at: int) -> int:
    """Where the next frame that holds something begins; an empty one is two zero bytes."""
    end = at + 2 * MAX_EMPTY
    while at < end and data[at : at + 2] == b"\0\0":
        at += 2
    return at


@dataclass(slots=True)
class Sender:
    """Numbers the packets of one stream. first: random starting values (RFC 3550 section 5.1)."""

    first: RtpPacket

    def packet(self, payload: bytes, timestamp: int, *, marker: bool = False) -> RtpPacket:
        """The next packet. timestamp: in the payload type's clock, counted from zero."""
        packet = replace(
            self.first,
            payload=payload,
            timestamp=(self.first.timestamp + timestamp) & 0xFFFFFFFF,
            marker=marker,
        )
        self.first = replace(self.first, sequence=(self.first.sequence + 1) & 0xFFFF)
        return packet
