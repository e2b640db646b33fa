"""RTP and its framing on TCP, byte by byte from RFC 3550, RFC 4571 and RFC 2435; nothing of ours."""

import pytest

from custom_components.crcp.protocols.crcp.errors import ProtocolError
from custom_components.crcp.protocols.crcp.jpeg import MAX_PICTURE, PictureAssembler
from custom_components.crcp.protocols.crcp.jpeg_tables import CHROMA_QUANTISERS, LUMA_QUANTISERS
from custom_components.crcp.protocols.crcp.rtp import (
    Deframer,
    Framing,
    RtpPacket,
    Sender,
    decode_datagram,
    decode_rtp,
    frame,
)

#: RFC 3550 section 5.1: V=2, P X CC=0 | M=0 PT=33 | sequence | timestamp | SSRC, then the payload.
PLAIN = bytes.fromhex("80 21 12 34 00 01 5f 90 de ad be ef") + b"payload"
#: M=1 (bit 7 of the second byte), payload type 26.
MARKED = bytes.fromhex("80 9a 12 34 00 01 5f 90 de ad be ef") + b"p"
#: CC=2: two contributing sources of four bytes each before the payload.
SOURCES = bytes.fromhex("82 21 12 34 00 01 5f 90 de ad be ef 00000001 00000002") + b"payload"
#: X=1 (section 5.3.1): 16 bits of profile, 16 bits of length in 32-bit words, then the words.
EXTENSION = bytes.fromhex("90 21 12 34 00 01 5f 90 de ad be ef bede 0002 01020304 05060708") + b"p"
#: P=1: the last byte counts the padding, itself included.
PADDED = bytes.fromhex("a0 21 12 34 00 01 5f 90 de ad be ef") + b"payload\0\0\3"
#: All at once.
EVERYTHING = (
    bytes.fromhex("b1 a1 ff ff ff ff ff ff ff ff ff ff 0000000a abcd 0001 11223344") + b"p\0\0\0\4"
)
#: A sender report (section 6.4.1): packet type 200.
SENDER_REPORT = bytes.fromhex("80 c8 00 06") + bytes(24)


@pytest.mark.parametrize(
    ("data", "packet"),
    [
        (PLAIN, RtpPacket(33, 0x1234, 90000, 0xDEADBEEF, b"payload")),
        (MARKED, RtpPacket(26, 0x1234, 90000, 0xDEADBEEF, b"p", marker=True)),
        (SOURCES, RtpPacket(33, 0x1234, 90000, 0xDEADBEEF, b"payload")),
        (EXTENSION, RtpPacket(33, 0x1234, 90000, 0xDEADBEEF, b"p")),
        (PADDED, RtpPacket(33, 0x1234, 90000, 0xDEADBEEF, b"payload")),
        (EVERYTHING, RtpPacket(33, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, b"p", marker=True)),
        (PLAIN[:12], RtpPacket(33, 0x1234, 90000, 0xDEADBEEF, b"")),
        (SENDER_REPORT, None),
    ],
    ids="plain marked sources extension padded everything empty rtcp".split(),
)
def test_rtp_headers(data: bytes, packet: RtpPacket | None) -> None:
    assert decode_rtp(data) == packet
    assert decode_datagram(data) == packet


@pytest.mark.parametrize(
    "data",
    [
        PLAIN[:11],
        b"\x40" + PLAIN[1:],  # version 1
        SOURCES[:19],  # ends among its sources
        EXTENSION[:14],  # ends in the extension's head
        EXTENSION[:20],  # ends in its words
        PADDED[:-1] + b"\0",  # a padding of nothing
        PADDED[:-1] + b"\xff",  # a padding longer than the packet
        b"",
    ],
)
def test_what_is_no_rtp_packet(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_rtp(data)
    assert decode_datagram(data) is None


def test_bare_transport_stream_in_a_datagram() -> None:
    stream = (b"\x47" + bytes(187)) * 3
    found = decode_datagram(stream)
    assert found is not None
    assert (found.payload_type, found.payload) == (33, stream)
    assert decode_datagram(stream[:-1]) is None


def test_our_own_header() -> None:
    packet = RtpPacket(26, 0x1234, 90000, 0xDEADBEEF, b"p", marker=True)
    assert packet.encode() == MARKED
    sender = Sender(RtpPacket(33, 0xFFFF, 0xFFFFFFFF, 7, b""))
    assert sender.packet(b"a", 1).encode() == bytes.fromhex("80 21 ff ff 00000000 00000007") + b"a"
    assert sender.packet(b"b", 2).encode() == bytes.fromhex("80 21 00 00 00000001 00000007") + b"b"


# -- mode S ----------------------------------------------------------------------------------------


def _rtp(
    sequence: int, payload: bytes, kind: int = 33, head: bytes = b"\x80", ssrc: int = 0
) -> bytes:
    numbers = sequence.to_bytes(2) + bytes(4) + ssrc.to_bytes(4)
    return head + bytes((kind,)) + numbers + payload


#: RFC 4571 section 2: LENGTH counts the RTP packet, header included, and not itself.
RFC_4571 = b"".join(
    bytes((0, 12 + 5)) + _rtp(number & 0xFFFF, b"%05d" % number) for number in range(65534, 65539)
)
#: The draft's own words: "the length of the next RTP payload"; here with a CSRC, uncounted too.
PAYLOAD_LENGTH = b"".join(
    bytes((0, 4)) + _rtp(number, b"\1\2\3\4" + b"%04d" % number, head=b"\x81")
    for number in range(5)
)
#: The first edition: transport stream packets without any header.
BARE = b"".join(b"\x47" + bytes((number,)) * 187 for number in range(5))
#: Several payload types on one connection, each with sequence numbers of its own (A25).
SEVERAL = b"".join(
    bytes((0, 13)) + _rtp(sequence, bytes((kind,)), kind)
    for kind, sequence in ((26, 700), (0, 9), (26, 701), (26, 702), (0, 10), (33, 5))
)
#: "A slow receiver: the unit drops whole packets": the second may be one of them.
DROPPED = b"".join(
    bytes((0, 14)) + _rtp(sequence, b"%02d" % sequence, 26) for sequence in (1, 7, 8)
)
DROPPED_UNCOUNTED = b"".join(
    bytes((0, 2)) + each[2:] for each in (DROPPED[:16], DROPPED[16:32], DROPPED[32:])
)
#: RTCP on the same connection (RFC 5761), though none is needed.
REPORTED = RFC_4571[:19] + frame(SENDER_REPORT) + RFC_4571[19:]
#: An empty frame (RFC 4571: LENGTH may be 0) is skipped, at the start and later.
EMPTY = b"\0\0" + RFC_4571[:19] + b"\0\0" + RFC_4571[19:]


@pytest.mark.parametrize(
    ("data", "framing", "contents"),
    [
        (RFC_4571, Framing.PACKET, [b"65534", b"65535", b"65536", b"65537", b"65538"]),
        (PAYLOAD_LENGTH, Framing.PAYLOAD, [b"0000", b"0001", b"0002", b"0003", b"0004"]),
        (BARE, Framing.BARE_TS, [BARE]),
        (SEVERAL, Framing.PACKET, [b"\x1a", b"\0", b"\x1a", b"\x1a", b"\0", b"\x21"]),
        (EMPTY, Framing.PACKET, [b"65534", b"65535", b"65536", b"65537", b"65538"]),
        (DROPPED, Framing.PACKET, [b"01", b"07", b"08"]),
        (DROPPED_UNCOUNTED, Framing.PAYLOAD, [b"01", b"07", b"08"]),
        (REPORTED, Framing.PACKET, [b"65534", b"65535", b"65536", b"65537", b"65538"]),
    ],
    ids="packet payload bare several empty dropped dropped_uncounted reported".split(),
)
@pytest.mark.parametrize("size", [1, 7, 100000])
def test_the_framing_is_told_by_the_first_bytes(
    data: bytes, framing: Framing, contents: list[bytes], size: int
) -> None:
    deframer, found = Deframer(), []
    for at in range(0, len(data), size):
        found += list(deframer.feed(data[at : at + size]))
    found += list(deframer.end())
    assert deframer.framing is framing
    assert b"".join(packet.payload for packet in found) == b"".join(contents)
    if framing is not Framing.BARE_TS:
        assert [packet.payload for packet in found] == contents
    assert data is not SEVERAL or [packet.payload_type for packet in found] == [
        26,
        0,
        26,
        26,
        0,
        33,
    ]


@pytest.mark.parametrize(
    ("length", "framing"), [(12 + 376, Framing.PACKET), (376, Framing.PAYLOAD)]
)
def test_a_picture_that_stands_is_seen_without_another_packet(
    length: int, framing: Framing
) -> None:
    """Whole packets of 188 bytes: the size of the first one tells what its length counts."""
    deframer = Deframer()
    stream = (b"\x47" + bytes(187)) * 2
    found = list(deframer.feed(length.to_bytes(2) + _rtp(1, stream)))
    assert [packet.payload for packet in found] == [stream]
    assert deframer.framing is framing


def test_what_we_send_is_framed_as_rfc_4571_has_it() -> None:
    assert frame(PLAIN) == bytes((0, 19)) + PLAIN
    assert frame(bytes(1328))[:2] == bytes.fromhex("05 30")


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\x47"
        + bytes(187)
        + b"\x48"
        + bytes(200),  # begins as transport stream, goes on otherwise
        # Of another source, and neither the next packet nor another type.
        bytes((0, 16)) + _rtp(1, b"0001") + bytes((0, 16)) + _rtp(99, b"", ssrc=9) + bytes(100),
    ],
)
def test_no_framing_at_all(data: bytes) -> None:
    with pytest.raises(ProtocolError, match="carries no RTP"):
        list(Deframer().feed(data))


def test_a_connection_that_ends_inside_a_packet() -> None:
    deframer = Deframer()
    assert (
        len(list(deframer.feed(bytes((0, 16)) + _rtp(1, b"0001") + bytes((0, 16)) + _rtp(2, b"0"))))
        == 1
    )
    with pytest.raises(ProtocolError, match="inside a packet"):
        list(deframer.end())


# -- JPEG (RFC 2435) -------------------------------------------------------------------------------


def _jpeg(offset: int, scan: bytes, *, kind: int = 1, q: int = 50, more: bytes = b"") -> bytes:
    """Type-specific, offset of 24 bits, type, Q, width and height in units of 8."""
    return bytes((0,)) + offset.to_bytes(3) + bytes((kind, q, 2, 3)) + more + scan


def _feed(*payloads: bytes, timestamps: tuple[int, ...] = ()) -> list[bytes | None]:
    assembler = PictureAssembler()
    return [
        assembler.feed(
            RtpPacket(26, n, (timestamps or (5,) * 9)[n], 1, payload, n == len(payloads) - 1)
        )
        for n, payload in enumerate(payloads)
    ]


def test_a_picture_of_two_packets() -> None:
    none, picture = _feed(_jpeg(0, b"scan"), _jpeg(4, b"data"))
    assert none is None
    assert picture is not None
    assert picture.startswith(b"\xff\xd8\xff\xdb")
    # SOF0 (T.81 B.2.2): length, precision, height 24, width 16, and 4:2:0 as 2x2 luma.
    assert bytes.fromhex("ffc0 0011 08 0018 0010 03 01 22 00 02 11 01 03 11 01") in picture
    assert picture.endswith(b"scandata\xff\xd9")
    assert b"\xff\xdd" not in picture


def test_quality_scales_the_standard_tables() -> None:
    (fifty,) = _feed(_jpeg(0, b"s"))
    assert fifty is not None
    # RFC 2435 section 4.2: at 50 the standard tables themselves; the first of luma, zigzag order.
    assert bytes.fromhex("10 0b 0c 0e 0c 0a 10 0e") in fifty
    (ten,) = _feed(_jpeg(0, b"s", q=10))
    assert ten is not None
    # S = 5000/10 = 500: 16*5 = 80, 11*5 = 55, 12*5 = 60, 14*5 = 70.
    assert bytes((80, 55, 60, 70)) in ten
    assert (LUMA_QUANTISERS[0], CHROMA_QUANTISERS[0]) == (16, 17)


def test_tables_in_the_first_packet_are_kept_for_their_q() -> None:
    luma, chroma = bytes(range(1, 65)), bytes(range(65, 129))
    assembler = PictureAssembler()
    carried = _jpeg(0, b"s", q=200, more=bytes((0, 0, 0, 128)) + luma + chroma)
    again = _jpeg(0, b"t", q=200, more=bytes((0, 0, 0, 0)))
    other = _jpeg(0, b"u", q=201, more=bytes((0, 0, 0, 0)))
    pictures = [
        assembler.feed(RtpPacket(26, n, n, 1, payload, marker=True))
        for n, payload in enumerate((carried, again, other))
    ]
    assert [luma + b"\1" + chroma in (picture or b"") for picture in pictures] == [
        True,
        True,
        False,
    ]
    assert pictures[2] is None


def test_tables_of_one_picture_are_not_taken_for_those_of_the_next() -> None:
    carried = _jpeg(0, b"s", q=255, more=bytes((0, 0, 0, 128)) + bytes(range(1, 129)))
    missing = _jpeg(0, b"t", q=255, more=bytes((0, 0, 0, 0)))
    assembler = PictureAssembler()
    pictures = [
        assembler.feed(RtpPacket(26, n, n, 1, payload, marker=True))
        for n, payload in enumerate((carried, missing))
    ]
    assert pictures[0]
    assert pictures[1] is None


def test_a_restart_interval_becomes_dri() -> None:
    (picture,) = _feed(_jpeg(0, b"s", kind=65, more=bytes.fromhex("0007 ffff")))
    assert picture is not None
    assert bytes.fromhex("ffdd 0004 0007") in picture


@pytest.mark.parametrize(
    "feed",
    [
        (_jpeg(0, b"scan"), _jpeg(5, b"data")),  # an offset that does not follow on
        (_jpeg(4, b"data"),),  # the beginning is lost
        (_jpeg(0, b"s", q=0),),  # reserved
        (_jpeg(0, b"s", q=100),),
        (_jpeg(0, b"s", kind=2),),  # a type that nobody has defined
        (_jpeg(0, b"s", kind=200),),
    ],
)
def test_pictures_that_are_dropped(feed: tuple[bytes, ...]) -> None:
    assert _feed(*feed)[-1] is None


def test_a_picture_with_a_gap_or_another_time_is_dropped() -> None:
    assert _feed(_jpeg(0, b"scan"), _jpeg(4, b"data"), timestamps=(5, 6))[-1] is None
    assembler = PictureAssembler()
    assert assembler.feed(RtpPacket(26, 1, 5, 1, _jpeg(0, b"scan"))) is None
    assert assembler.feed(RtpPacket(26, 3, 5, 1, _jpeg(4, b"data"), marker=True)) is None


@pytest.mark.parametrize("beyond", [0, 1])
def test_a_picture_without_end_is_none(beyond: int) -> None:
    """Its offset has 24 bits, so sixteen megabytes."""
    assembler, size = PictureAssembler(), 1 << 16
    parts = [size] * (MAX_PICTURE // size) + [beyond] * beyond
    picture = None
    for number, length in enumerate(parts):
        # Section 3.1: type-specific, fragment offset, type 1, Q 50, 16 x 16 pixels.
        head = (number * size).to_bytes(4) + bytes((1, 50, 2, 2))
        last = number == len(parts) - 1
        packet = RtpPacket(26, number, 1, 1, head + bytes(length), marker=last)
        picture = assembler.feed(packet)
    assert (picture is None) == bool(beyond)
    assert len(assembler._data) <= MAX_PICTURE


@pytest.mark.parametrize(
    "payload",
    [b"\0" * 7, _jpeg(0, b"", kind=65), _jpeg(0, b"", q=255, more=bytes((0, 0, 0, 128)) + b"x")],
)
def test_a_payload_shorter_than_its_headers(payload: bytes) -> None:
    with pytest.raises(ProtocolError):
        PictureAssembler().feed(RtpPacket(26, 1, 1, 1, payload, marker=True))


def test_nothing_but_empty_frames_behind_the_first_packet_is_no_stream() -> None:
    """They are looked past anew whenever bytes come, so there is an end to it."""
    deframer = Deframer()
    first = bytes.fromhex("000d 80210001000000000000000a 47")
    assert list(deframer.feed(first + bytes(64))) == []
    with pytest.raises(ProtocolError, match="no RTP"):
        list(deframer.feed(bytes(64)))
