"""JPEG over RTP (RFC 2435), payload type 26: a picture to payloads and back.

The payload has no JPEG headers: size, quantisation tables and restart interval travel in a header
of its own, and the Huffman tables are always those of ITU-T T.81 annex K.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from .errors import ProtocolError
from .jpeg_tables import CHROMA_QUANTISERS, HUFFMAN, LUMA_QUANTISERS, ZIGZAG
from .rtp import RtpPacket

#: So much scan data goes into one packet: an Ethernet frame less the headers around it.
PAYLOAD_SIZE: Final = 1400

#: The sizes are told in units of 8 pixels in one byte.
MAX_SIDE: Final = 2040

#: A picture of MAX_SIDE squared at the finest quality is smaller; beyond it is no picture.
MAX_PICTURE: Final = 8 << 20

#: Q of 128..255 says that the quantisation tables are in the first packet (section 3.1.8).
TABLES_FOLLOW: Final = 255

_SOI, _EOI, _SOF0, _DHT, _DQT, _DRI, _SOS = 0xD8, 0xD9, 0xC0, 0xC4, 0xDB, 0xDD, 0xDA


@dataclass(frozen=True, slots=True)
class Scan:
    """What of a baseline JPEG picture goes over RTP.

    kind: 0 is 4:2:2, 1 is 4:2:0. tables: the quantisers, 64 bytes each in zigzag order, luma
    first. restart: MCUs between restart markers, 0 for none.
    """

    kind: int
    width: int
    height: int
    tables: bytes
    restart: int
    data: bytes = field(repr=False)


def split_picture(picture: bytes) -> Scan:
    """Take a JPEG file apart. Raises ValueError for one that RFC 2435 cannot carry."""
    tables: dict[int, bytes] = {}
    restart, size, order = 0, (-1, 0, 0), b"\0\1"
    for marker, body in _segments(picture):
        match marker:
            case 0xDB:
                tables.update(_quantisers(body))
            case 0xDD:
                restart = int.from_bytes(body[:2])
            case 0xC4:
                _check_huffman(body)
            case 0xC0:
                size, order = _frame_header(body)
            case 0xDA:
                kind, width, height = size
                if kind < 0 or not all(number in tables for number in order):
                    raise ValueError("the picture's tables are missing")
                quantisers = b"".join(tables[number] for number in order)
                return Scan(kind, width, height, quantisers, restart, _scan_data(body))
            case number if 0xC1 <= number <= 0xCF:
                raise ValueError("only baseline JPEG can be carried")
    raise ValueError("the picture has no scan")


def payloads(scan: Scan) -> Iterator[tuple[bytes, bool]]:
    """Give the payloads of a picture, each with whether it is the last."""
    data = memoryview(scan.data)
    for offset in range(0, len(data), PAYLOAD_SIZE):
        piece = data[offset : offset + PAYLOAD_SIZE]
        last = offset + len(piece) == len(data)
        yield _header(scan, offset) + bytes(piece), last


def _header(scan: Scan, offset: int) -> bytes:
    kind = scan.kind + (64 if scan.restart else 0)
    head = bytes((0,)) + offset.to_bytes(3)
    head += bytes((kind, TABLES_FOLLOW, scan.width // 8, scan.height // 8))
    if scan.restart:
        # 0xFFFF: the packet boundaries say nothing of where the restart intervals lie.
        head += scan.restart.to_bytes(2) + b"\xff\xff"
    if offset == 0:
        head += bytes((0, 0)) + len(scan.tables).to_bytes(2) + scan.tables
    return head


@dataclass(slots=True)
class PictureAssembler:
    """Puts the packets of pictures together again. A picture with a gap is dropped whole."""

    _tables: dict[int, bytes] = field(default_factory=dict)
    _head: bytes = b""
    _data: bytearray = field(default_factory=bytearray)
    _timestamp: int = -1
    _sequence: int = -1

    def feed(self, packet: RtpPacket) -> bytes | None:
        """Take the next packet; return the JPEG file that it completes. Raises ProtocolError."""
        payload = packet.payload
        if len(payload) < 8:
            raise ProtocolError("a JPEG payload is shorter than its header")
        offset = int.from_bytes(payload[1:4])
        follows = packet.sequence == self._sequence + 1 & 0xFFFF
        self._sequence = packet.sequence
        if offset == 0:
            self._begin(packet)
        elif not self._head or not follows or packet.timestamp != self._timestamp:
            self._head = b""
            return None
        rest = self._rest(payload)
        if offset != len(self._data) or offset + len(rest) > MAX_PICTURE:
            self._head = b""
            return None
        self._data += rest
        return self._picture() if packet.marker else None

    def _begin(self, packet: RtpPacket) -> None:
        self._head = packet.payload[4:12]
        self._timestamp = packet.timestamp
        self._data.clear()

    def _rest(self, payload: bytes) -> bytes:
        """The scan data of a payload; the quantisation tables are kept on the way."""
        at = 12 if 64 <= payload[4] <= 127 else 8
        quality = payload[5]
        if payload[1:4] == b"\0\0\0" and quality >= 128:
            precision, length = payload[at + 1 : at + 2], int.from_bytes(payload[at + 2 : at + 4])
            at += 4 + length
            if length or quality == TABLES_FOLLOW:  # "MUST NOT be 0" for that one
                self._tables.pop(quality, None)
            if length in (64, 128) and precision == b"\0" and at <= len(payload):
                self._tables[quality] = payload[at - length : at]
        if at > len(payload):
            raise ProtocolError("a JPEG payload is shorter than its headers say")
        return payload[at:]

    def _picture(self) -> bytes | None:
        kind, quality, width, height = self._head[:4]
        restart = int.from_bytes(self._head[4:6]) if 64 <= kind <= 127 else 0
        tables = self._tables.get(quality) if quality >= 128 else _scaled_tables(quality)
        self._head = b""
        if tables is None or kind & 63 > 1 or kind > 127 or not width or not height:
            return None
        scan = Scan(kind & 63, width * 8, height * 8, tables, restart, bytes(self._data))
        return join_picture(scan)


def join_picture(scan: Scan) -> bytes:
    """Make a JPEG file of a scan again."""
    luma, chroma = scan.tables[:64], scan.tables[-64:]
    sampling = 0x21 if scan.kind == 0 else 0x22
    parts = [
        _segment(_DQT, bytes((0,)) + luma + bytes((1,)) + chroma),
        _segment(_DRI, scan.restart.to_bytes(2)) if scan.restart else b"",
        _segment(
            _SOF0,
            bytes((8,))
            + scan.height.to_bytes(2)
            + scan.width.to_bytes(2)
            + bytes((3, 1, sampling, 0, 2, 0x11, 1, 3, 0x11, 1)),
        ),
        *(_segment(_DHT, table) for table in HUFFMAN),
        _segment(_SOS, bytes((3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0))),
    ]
    return bytes((0xFF, _SOI)) + b"".join(parts) + scan.data + bytes((0xFF, _EOI))


def _scaled_tables(quality: int) -> bytes | None:
    """The standard tables at a quality of 1..99 (RFC 2435 section 4.2)."""
    if not 1 <= quality <= 99:
        return None
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    tables = (LUMA_QUANTISERS, CHROMA_QUANTISERS)
    return b"".join(
        bytes(min(max((table[at] * scale + 50) // 100, 1), 255) for at in ZIGZAG)
        for table in tables
    )


def _segments(picture: bytes) -> Iterator[tuple[int, bytes]]:
    """The segments of a JPEG file; that of SOS holds all the rest."""
    if picture[:2] != bytes((0xFF, _SOI)):
        raise ValueError("this is no JPEG picture")
    at = 2
    while at + 4 <= len(picture):
        marker, length = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4])
        if picture[at] != 0xFF or length < 2:
            raise ValueError("the picture's segments do not follow each other")
        if marker == _SOS:
            yield marker, picture[at + 2 + length :]
            return
        yield marker, picture[at + 4 : at + 2 + length]
        at += 2 + length


def _quantisers(body: bytes) -> dict[int, bytes]:
    tables = {}
    while len(body) >= 65:
        if body[0] >> 4:
            raise ValueError("16-bit quantisers cannot be carried")
        tables[body[0] & 15], body = body[1:65], body[65:]
    return tables


def _frame_header(body: bytes) -> tuple[tuple[int, int, int], bytes]:
    """Kind, width and height, and the numbers of the luma and chroma quantisers."""
    if len(body) < 15 or body[0] != 8 or body[5] != 3:
        raise ValueError("only pictures of three 8-bit components can be carried")
    height, width = int.from_bytes(body[1:3]), int.from_bytes(body[3:5])
    kind = {0x21: 0, 0x22: 1}.get(body[7], -1)
    if kind < 0 or body[10] != 0x11 or body[13] != 0x11 or body[11] != body[14]:
        raise ValueError("only 4:2:2 and 4:2:0 can be carried")
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or width % 8 or height % 8:
        raise ValueError(f"a picture of {width} x {height} cannot be carried")
    return (kind, width, height), bytes((body[8], body[11]))


def _check_huffman(body: bytes) -> None:
    """Refuse Huffman tables of the picture's own: the receiver would decode garbage silently."""
    standard = b"".join(HUFFMAN)
    while body:
        size = 17 + sum(body[1:17])
        if body[:size] not in standard:
            raise ValueError("only the standard Huffman tables can be carried")
        body = body[size:]


def _scan_data(rest: bytes) -> bytes:
    return rest.removesuffix(bytes((0xFF, _EOI)))


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2) + body
