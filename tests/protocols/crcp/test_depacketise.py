"""Payloads byte by byte, as RFC 2250, RFC 2435 and RFC 3551 write them."""

from dataclasses import replace

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.protocols.crcp.depacketise import MediaFrame, MediaReader
from custom_components.crcp.protocols.crcp.mpeg_audio import audio_payloads, frame_length
from custom_components.crcp.protocols.crcp.mpeg_video import (
    PAYLOAD_SIZE,
    split_pictures,
    video_payloads,
)
from custom_components.crcp.protocols.crcp.rtp import RtpPacket

ALL = (33, 26, 32, 14, 0, 8, 10, 11)

# ISO/IEC 13818-2 sections 6.2.2.1, 6.2.2.6 and 6.2.3. Pictures: temporal_reference in 10 bits,
# picture_coding_type in 3, vbv_delay in 16, then the codes of the vectors.
SEQUENCE = bytes.fromhex("000001b3 14008013 ffff e018")
GROUP = bytes.fromhex("000001b8 00080000")
INTRA = bytes.fromhex("00000100 000ffff8")  # 0, type 1
PREDICTED = bytes.fromhex("00000100 0057fffb 80")  # 1, type 2, forward_f_code 7
BIDIRECTIONAL = bytes.fromhex("00000100 009ffffb b8")  # 2, type 3, both codes 7
SLICE_1, SLICE_2 = bytes.fromhex("00000101 0a"), bytes.fromhex("00000102 0b")
KEY = SEQUENCE + GROUP + INTRA + SLICE_1 + SLICE_2
NEXT = PREDICTED + SLICE_1 + SLICE_2
BETWEEN = BIDIRECTIONAL + SLICE_1 + SLICE_2


def fed(*packets: RtpPacket, types: tuple[int, ...] = ALL) -> list[MediaFrame]:
    receiver = MediaReader(types)
    return [frame for packet in packets for frame in receiver.feed(packet)] + receiver.end()


def numbered(kind: int, *payloads: bytes, first: int = 65535) -> list[RtpPacket]:
    return [
        RtpPacket(kind, first + at & 0xFFFF, at, 1, payload, marker=True)
        for at, payload in enumerate(payloads)
    ]


# -- samples ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0, 8, 10, 11])
def test_samples_come_as_they_are(kind: int) -> None:
    assert fed(RtpPacket(kind, 7, 160, 1, b"\1\2\3\4")) == [MediaFrame(kind, 160, b"\1\2\3\4")]


@pytest.mark.parametrize(("kind", "whole"), [(0, 5), (8, 5), (10, 4), (11, 4)])
def test_half_a_sample_is_none(kind: int, whole: int) -> None:
    assert [len(frame.data) for frame in fed(RtpPacket(kind, 7, 0, 1, b"12345"))] == [whole]
    assert fed(RtpPacket(kind, 7, 0, 1, b"")) == []


# -- MPEG audio ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "length"),
    [
        ("fffd84c0", 384),  # Layer II, 128 kbit/s, 48 kHz: 144 * 128000 / 48000
        ("fffb9000", 417),  # Layer III, 128 kbit/s, 44.1 kHz
        ("fffb9200", 418),  # the same, padded
        ("ffff1000", 32),  # Layer I, 32 kbit/s, 44.1 kHz: 12 * 32000 / 44100 * 4
        ("fff38000", 208),  # MPEG-2 Layer III, 64 kbit/s, 22.05 kHz: 72 * 64000 / 22050
        ("fff58000", 417),  # MPEG-2 Layer II, 64 kbit/s, 22.05 kHz
        ("fffbf000", None),  # reserved
        ("fffb0000", None),  # "free format"
        ("fffb9c00", None),
        ("ffe99000", None),
        ("fff99000", None),
        ("00fb9000", None),
        ("fffb", None),
    ],
)
def test_how_long_a_frame_of_sound_is(header: str, length: int | None) -> None:
    assert frame_length(bytes.fromhex(header)) == length


SOUND = bytes.fromhex("fffd84c0").ljust(384, b"s")


def test_frames_of_sound_in_one_packet_and_over_several() -> None:
    two = bytes(4) + SOUND + SOUND
    cut = (bytes(4) + SOUND[:200], b"\0\0" + (200).to_bytes(2) + SOUND[200:])
    assert [frame.data for frame in fed(*numbered(14, two, *cut))] == [SOUND * 2, SOUND]
    assert list(audio_payloads(SOUND)) == [bytes(4) + SOUND]
    assert [len(each) for each in audio_payloads(bytes(1500))] == [1404, 104]


def test_a_frame_of_sound_that_lost_a_part_is_dropped() -> None:
    parts = [
        bytes(4) + SOUND[:200],
        b"\0\0" + (200).to_bytes(2) + SOUND[200:300],
        b"\0\0" + (300).to_bytes(2) + SOUND[300:],
        bytes(4) + SOUND,
    ]
    for missing in range(3):
        packets = numbered(14, *parts)
        del packets[missing]
        assert [frame.data for frame in fed(*packets)] == [SOUND]


# -- MPEG video ------------------------------------------------------------------------------------


def test_pictures_are_cut_before_their_headers() -> None:
    assert list(split_pictures(KEY + NEXT + BETWEEN + KEY)) == [KEY, NEXT, BETWEEN, KEY]


@pytest.mark.parametrize(
    ("picture", "header"),
    [
        # MBZ, T, TR | AN, N, S, B, E, P | FBV, BFC, FFV, FFC (RFC 2250 section 3.4)
        (KEY, "0000 39 00"),
        (NEXT, "0001 1a 07"),
        (BETWEEN, "0002 1b 77"),
    ],
)
def test_the_header_of_a_picture_in_one_packet(picture: bytes, header: str) -> None:
    assert list(video_payloads(picture)) == [(bytes.fromhex(header) + picture, True)]


def test_slices_that_fit_stay_whole_and_a_long_one_is_cut() -> None:
    long = b"\0\0\1\2" + b"x" * PAYLOAD_SIZE
    payloads = list(video_payloads(PREDICTED + SLICE_1 + long + b"\0\0\1\3y"))
    # Begins with a slice and ends with one; begins with one; neither, to its end; and both.
    assert [payload[2] >> 3 for payload, _ in payloads] == [0b011, 0b010, 0b001]
    assert [len(payload) - 4 for payload, _ in payloads] == [14, PAYLOAD_SIZE, 4 + 5]
    assert [last for _, last in payloads] == [False, False, True]


def test_what_has_no_slices_is_no_picture() -> None:
    with pytest.raises(ValueError, match="no MPEG picture"):
        list(video_payloads(INTRA))


def pictures(*whole: bytes) -> list[RtpPacket]:
    """Each in two packets, the second with the marker."""
    found = []
    for at, picture in enumerate(whole):
        pieces = (picture[:-5], picture[-5:])
        found += [
            RtpPacket(32, 2 * at + n, at, 1, bytes(4) + piece, marker=n == 1)
            for n, piece in enumerate(pieces)
        ]
    return found


def data(packets: list[RtpPacket]) -> list[bytes]:
    return [frame.data for frame in fed(*packets)]


def test_pictures_are_put_together() -> None:
    frames = fed(*pictures(KEY, NEXT, NEXT, BETWEEN))
    assert [frame.data for frame in frames] == [KEY, NEXT, NEXT, BETWEEN]
    assert [(frame.is_start, frame.timestamp) for frame in frames] == [
        (True, 0),
        (False, 1),
        (False, 2),
        (False, 3),
    ]


def test_the_longer_header_of_mpeg_2_is_taken_off_too() -> None:
    packet = RtpPacket(32, 1, 0, 1, bytes.fromhex("0400 3900 00000000") + KEY, marker=True)
    assert data([packet]) == [KEY]


@pytest.mark.parametrize("missing", range(2, 4))
def test_a_lost_picture_drops_what_builds_on_it(missing: int) -> None:
    packets = pictures(KEY, NEXT, NEXT, KEY, NEXT)
    del packets[missing]
    assert data(packets) == [KEY, KEY, NEXT]


def test_nothing_is_shown_before_a_picture_that_stands_alone() -> None:
    assert data(pictures(NEXT, BETWEEN, KEY, NEXT)) == [KEY, NEXT]


def test_pictures_shown_before_the_first_one_build_on_one_that_nobody_has() -> None:
    assert data(pictures(KEY, BETWEEN, BETWEEN, NEXT, BETWEEN)) == [KEY, NEXT, BETWEEN]


# -- JPEG ------------------------------------------------------------------------------------------


def jpeg(quality: int, tables: bytes) -> bytes:
    """Offset 0, type 1, 16 x 16, then tables behind MBZ, precision and length."""
    return bytes((0, 0, 0, 0, 1, quality, 2, 2)) + tables + b"scan"


CARRIED = bytes.fromhex("00 00 0080") + bytes(range(1, 129))
SIXTEEN_BIT = bytes.fromhex("00 01 0080") + bytes(range(1, 129))
NONE = bytes.fromhex("00 00 0000")


@pytest.mark.parametrize(
    ("payloads", "seen"),
    [
        ((jpeg(200, CARRIED), jpeg(200, NONE)), 2),
        # "A Q of 255 ... MUST NOT" leave them out (RFC 2435 section 3.1.8).
        ((jpeg(255, CARRIED), jpeg(255, NONE)), 1),
        # Tables of another kind replace those that were known, and cannot be used here.
        ((jpeg(200, CARRIED), jpeg(200, SIXTEEN_BIT), jpeg(200, NONE)), 1),
    ],
)
def test_a_picture_is_never_shown_with_tables_of_another(
    payloads: tuple[bytes, ...], seen: int
) -> None:
    assert len(fed(*numbered(26, *payloads))) == seen


# -- several -----------------------------------------------------------------------------------------


def test_several_types_on_one_connection_do_not_disturb_each_other() -> None:
    sounds = [RtpPacket(0, 100 + at, 160 * at, 2, b"s" * 160) for at in range(6)]
    mixed = [each for pair in zip(pictures(KEY, NEXT, NEXT), sounds, strict=True) for each in pair]
    frames = fed(*mixed, types=(32, 0))
    assert [frame.data for frame in frames if frame.payload_type == 32] == [KEY, NEXT, NEXT]
    assert sum(frame.payload_type == 0 for frame in frames) == 6


def test_a_type_that_was_not_asked_for_is_ignored() -> None:
    assert fed(RtpPacket(8, 1, 0, 1, b"x"), types=(0,)) == []
    with pytest.raises(ValueError, match="payload type 31"):
        MediaReader((33, 31))


def test_another_source_begins_anew_even_where_its_numbers_go_on() -> None:
    one, other = pictures(KEY, NEXT), pictures(KEY, NEXT, NEXT)[4:]
    other = [replace(packet, ssrc=2) for packet in other]
    assert data(one + other) == [KEY, NEXT]


def test_it_counts_what_it_dropped() -> None:
    receiver = MediaReader((32, 26))
    for packet in (*pictures(NEXT, NEXT), RtpPacket(26, 1, 0, 1, b"short", marker=True)):
        assert receiver.feed(packet) == []
    assert receiver.dropped == 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ALL),
            st.integers(0, 5),
            st.integers(0, 2),
            st.binary(max_size=60) | st.sampled_from([bytes(4) + KEY, bytes(4) + SOUND]),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_any_packets_give_frames_or_nothing(
    packets: list[tuple[int, int, int, bytes, bool]],
) -> None:
    made = [RtpPacket(kind, seq, at, 1, body, last) for kind, seq, at, body, last in packets]
    for frame in fed(*made):
        assert frame.data
