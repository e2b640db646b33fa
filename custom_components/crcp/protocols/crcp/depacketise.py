"""From RTP packets to what they carry: pictures, stretches of sound, pieces of transport stream.

One door for all payload types, also when several share a data connection. Packets come in their
order, with gaps where some were lost; a gap drops what it has damaged, whole.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, override

from .errors import ProtocolError
from .jpeg import PictureAssembler
from .mpeg_audio import MAX_FRAME, split_frames
from .mpeg_video import MAX_PICTURE, MissingReferences, starts_sequence, strip_header
from .mpegts import AccessUnit, TransportStreamReader
from .rtp import TS_PACKET, RtpPacket


@dataclass(frozen=True, slots=True)
class MediaFrame:
    """A whole picture or stretch of sound.

    timestamp: RTP's, in the payload type's clock. data: for 33 whole transport stream packets, for
    26 a JPEG file, for 32 a picture of an MPEG video stream, for 14 MPEG audio frames, for 0 and 8
    samples of a byte, for 10 and 11 of two, the higher first. is_start: one can begin with it.
    pts: when it is to be shown, in ticks of 90 kHz, 33 bits; only a transport stream tells.
    """

    payload_type: int
    timestamp: int
    data: bytes = field(repr=False)
    is_start: bool = True
    pts: int | None = None


class Depacketiser(ABC):
    """Puts the frames of one payload type together."""

    def __init__(self, payload_type: int) -> None:
        """Begin anywhere in a stream."""
        self.payload_type = payload_type
        #: How many frames were damaged, or build on one that was.
        self.dropped = 0
        self._last: RtpPacket | None = None

    def feed(self, packet: RtpPacket) -> list[MediaFrame]:
        """Take the next packet; give the frames that it completes. A malformed one counts as lost."""
        last, self._last = self._last, packet
        return self._take(packet, lost=last is not None and not _follows(packet, last))

    def end(self) -> list[MediaFrame]:
        """Give what only the end of the stream completes."""
        return []

    @abstractmethod
    def _take(self, packet: RtpPacket, *, lost: bool) -> list[MediaFrame]:
        """Take a packet. lost: one or more before it are missing."""


class TransportStreamDepacketiser(Depacketiser):
    """Payload type 33 (RFC 2250 section 2)."""

    def __init__(self, payload_type: int) -> None:
        """Begin anywhere in a stream."""
        super().__init__(payload_type)
        self.reader = TransportStreamReader()
        self._timestamp = 0

    @override
    def _take(self, packet: RtpPacket, *, lost: bool) -> list[MediaFrame]:
        self._timestamp = packet.timestamp
        whole = len(packet.payload) % TS_PACKET == 0
        found = self.reader.feed(packet.payload if whole else b"", lost=lost or not whole)
        return self._told(found)

    @override
    def end(self) -> list[MediaFrame]:
        return self._told(self.reader.end())

    def _told(self, units: Iterable[AccessUnit]) -> list[MediaFrame]:
        self.dropped = self.reader.dropped
        return [
            MediaFrame(self.payload_type, self._timestamp, unit.packets, unit.is_start, unit.pts)
            for unit in units
        ]


class JpegDepacketiser(Depacketiser):
    """Payload type 26 (RFC 2435)."""

    def __init__(self, payload_type: int) -> None:
        """Begin anywhere in a stream."""
        super().__init__(payload_type)
        self._assembler = PictureAssembler()

    @override
    def _take(self, packet: RtpPacket, *, lost: bool) -> list[MediaFrame]:
        try:
            picture = self._assembler.feed(packet)
        except ProtocolError:
            picture = None
        if picture:
            return [MediaFrame(self.payload_type, packet.timestamp, picture)]
        self.dropped += packet.marker
        return []


class MpegVideoDepacketiser(Depacketiser):
    """Payload type 32 (RFC 2250 section 3.4)."""

    def __init__(self, payload_type: int) -> None:
        """Begin anywhere in a stream."""
        super().__init__(payload_type)
        self._data = bytearray()
        self._timestamp: int | None = None
        self._whole = False
        self._references = MissingReferences()

    @override
    def _take(self, packet: RtpPacket, *, lost: bool) -> list[MediaFrame]:
        if lost:
            self._lose()
        if packet.timestamp != self._timestamp:
            if self._data:  # its last packet is missing
                self._lose()
            self._timestamp, self._whole = packet.timestamp, not lost
        piece = strip_header(packet.payload)
        if piece is None or len(self._data) + len(piece) > MAX_PICTURE:
            self._lose()
        elif self._whole:
            self._data += piece
        return self._done(packet.timestamp) if packet.marker else []

    def _lose(self) -> None:
        self._data.clear()
        self._whole = False
        self._references.lose()

    def _done(self, timestamp: int) -> list[MediaFrame]:
        data, whole = bytes(self._data), self._whole
        self._data.clear()
        self._timestamp = None
        start = whole and starts_sequence(data)
        if whole and self._references.has_all(data, stands_alone=start):
            return [MediaFrame(self.payload_type, timestamp, data, start)]
        self.dropped += 1
        return []


class AudioDepacketiser(Depacketiser):
    """Payload type 14 (RFC 2250 section 3.5): a frame may be cut over packets."""

    def __init__(self, payload_type: int) -> None:
        """Begin anywhere in a stream."""
        super().__init__(payload_type)
        self._rest = b""

    @override
    def _take(self, packet: RtpPacket, *, lost: bool) -> list[MediaFrame]:
        offset, data = int.from_bytes(packet.payload[2:4]), packet.payload[4:]
        if offset and (lost or offset != len(self._rest)):
            data = b""
        elif offset:
            data = self._rest + data
        frames, self._rest = split_frames(data)
        if not data or len(self._rest) > MAX_FRAME:
            self._rest = b""
            self.dropped += 1
        sound = b"".join(frames)
        return [MediaFrame(self.payload_type, packet.timestamp, sound)] if sound else []


class SampleDepacketiser(Depacketiser):
    """Payload types 0, 8, 10 and 11 (RFC 3551 section 4.5): nothing but samples."""

    def __init__(self, payload_type: int) -> None:
        """Begin anywhere in a stream."""
        super().__init__(payload_type)
        self._size = _SAMPLE_SIZES[payload_type]

    @override
    def _take(self, packet: RtpPacket, *, lost: bool) -> list[MediaFrame]:
        whole = len(packet.payload) // self._size * self._size
        data = packet.payload[:whole]
        return [MediaFrame(self.payload_type, packet.timestamp, data)] if data else []


def _follows(packet: RtpPacket, last: RtpPacket) -> bool:
    """Whether nothing is missing between two packets; of two sources nobody knows."""
    return packet.ssrc == last.ssrc and packet.sequence == last.sequence + 1 & 0xFFFF


#: Bytes of one sample in all channels.
_SAMPLE_SIZES: Final = {0: 1, 8: 1, 10: 4, 11: 2}

_DEPACKETISERS: Final[dict[int, Callable[[int], Depacketiser]]] = {
    33: TransportStreamDepacketiser,
    26: JpegDepacketiser,
    32: MpegVideoDepacketiser,
    14: AudioDepacketiser,
    **dict.fromkeys(_SAMPLE_SIZES, SampleDepacketiser),
}


class MediaReader:
    """Takes the packets of a data connection apart by payload type, each type for itself.

    What was not asked for is ignored: anybody can put a number into a packet.
    """

    def __init__(self, payload_types: Iterable[int]) -> None:
        """payload_types: those asked for. Raises ValueError for one that nobody can read here."""
        wanted = tuple(payload_types)
        if unknown := [number for number in wanted if number not in _DEPACKETISERS]:
            raise ValueError(f"payload type {unknown[0]} cannot be read")
        self.by_type = {number: _DEPACKETISERS[number](number) for number in wanted}

    @property
    def dropped(self) -> int:
        """How many frames were dropped."""
        return sum(each.dropped for each in self.by_type.values())

    def feed(self, packet: RtpPacket) -> list[MediaFrame]:
        """Take the next packet; give the frames that it completes."""
        depacketiser = self.by_type.get(packet.payload_type)
        return depacketiser.feed(packet) if depacketiser else []

    def end(self) -> list[MediaFrame]:
        """Give what only the end of the data completes."""
        return [frame for each in self.by_type.values() for frame in each.end()]
