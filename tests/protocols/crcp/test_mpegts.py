"""Transport streams byte by byte, as ISO/IEC 13818-1 writes them."""

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.protocols.crcp.mpegts import AccessUnit, TransportStreamReader
from custom_components.crcp.protocols.crcp.mpegts_tables import Programme, crc32

# Section 2.4.4.3: programme 1 is described on PID 0x1000. The checksum is what ffmpeg writes.
PAT = bytes.fromhex("00 b00d 0001 c1 00 00 0001 f000 2ab104b2")
# Section 2.4.4.8: PID 0x100 has the clock and is H.264. This checksum is ffmpeg's too.
PMT = bytes.fromhex("02 b012 0001 c1 00 00 e100 f000 1b e100 f000 15bd4d56")

# ITU-T H.264 table 7-1: 9 delimiter, 7 and 8 parameter sets, 5 a picture on its own, 1 another.
KEY = bytes.fromhex("00000001 09 10 00000001 67 42 00000001 68 ce 000001 65 88")
OTHER = bytes.fromhex("00000001 09 30 00000001 41 9a")
# Section 2.4.3.6: video, of any length, with a time stamp. '0010', 3 bits, 1, 15 bits, 1, 15, 1:
# 90000 is 0x15F90, so 0, 2 and 0x5F90.
PES = bytes.fromhex("000001 e0 0000 80 80 05 21 0005 bf21")


def table(pid: int, section: bytes, counter: int = 0) -> bytes:
    head = bytes((0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10 | counter))
    return (head + b"\0" + section).ljust(188, b"\xff")


def packet(
    counter: int, payload: bytes, *, start: bool = False, flags: int = 0, pid: int = 0x100
) -> bytes:
    """A packet; a short payload is stuffed by an adaptation field (section 2.4.3.5)."""
    head = bytes((0x47, start << 6 | pid >> 8, pid & 0xFF))
    room = 184 - len(payload)
    if not room and not flags:
        return head + bytes((0x10 | counter,)) + payload
    field = b"" if room == 1 else bytes((flags,)).ljust(room - 1, b"\xff")
    return head + bytes((0x30 | counter, room - 1)) + field + payload


def picture(counter: int, coded: bytes = OTHER, *, flags: int = 0) -> bytes:
    """A frame in three packets."""
    whole = PES + coded
    return (
        packet(counter & 15, whole.ljust(184, b"\x11"), start=True)
        if not flags
        else packet(counter & 15, whole.ljust(182, b"\x11"), start=True, flags=flags)
    ) + (packet(counter + 1 & 15, b"\x22" * 184) + packet(counter + 2 & 15, b"\x33" * 50))


TABLES = table(0, PAT) + table(0x1000, PMT)
STREAM = TABLES + picture(0, KEY) + picture(3) + picture(6) + picture(9, KEY) + picture(12)


def read(data: bytes, size: int = 1 << 20) -> tuple[list[AccessUnit], TransportStreamReader]:
    reader = TransportStreamReader()
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    units = [unit for piece in pieces for unit in reader.feed(piece)]
    return units + reader.end(), reader


def starts(units: list[AccessUnit]) -> list[bool]:
    return [unit.is_start for unit in units]


def test_the_checksums_are_those_of_another_encoder() -> None:
    assert crc32(PAT) == crc32(PMT) == 0
    assert crc32(PAT[:-1] + b"\0") != 0


@pytest.mark.parametrize("size", [1, 7, 188, 1316, 1 << 20])
def test_frames_come_out_whole_in_whatever_pieces_they_came(size: int) -> None:
    units, reader = read(STREAM, size)
    assert reader.programme == Programme(0x1000, {0x100: 0x1B})
    assert starts(units) == [True, False, False, True, False]
    assert units[0].packets == STREAM[: 188 * 5]
    assert units[1].packets == picture(3)
    assert units[1].pts == 90000
    # The tables come again, counted on.
    assert units[3].packets == table(0, PAT, 1) + table(0x1000, PMT, 1) + picture(9, KEY)
    assert reader.dropped == 0


def test_a_frame_is_given_as_soon_as_its_last_packet_is_there() -> None:
    reader = TransportStreamReader()
    # A sender has to have shown that it stuffs the last packet of a frame and no other.
    assert reader.feed(TABLES + picture(0, KEY)) == []
    assert len(reader.feed(STREAM[len(TABLES) + 3 * 188 :])) == 5
    assert reader.feed(picture(15)[:-188]) == []
    assert len(reader.feed(picture(15)[-188:])) == 1


@pytest.mark.parametrize("told", [False, True])
def test_a_loss_does_not_make_it_doubt_where_frames_end(told: bool) -> None:
    reader = TransportStreamReader()
    reader.feed(STREAM)
    assert reader.feed(picture(15)[188:], lost=told) == []
    assert starts(reader.feed(picture(18, KEY))) == [True]


def test_a_length_that_was_told_says_at_once_where_a_frame_ends() -> None:
    whole = PES[:4] + (len(PES) - 6 + 300).to_bytes(2) + PES[6:] + KEY.ljust(300, b"\x11")
    frame = packet(0, whole[:100], start=True) + packet(1, whole[100:184]) + packet(2, whole[184:])
    reader = TransportStreamReader()
    assert reader.feed(TABLES + frame[:376]) == []
    assert [unit.packets for unit in reader.feed(frame[376:])] == [TABLES + frame]


def test_nothing_is_shown_before_the_first_picture_that_stands_alone() -> None:
    units, reader = read(TABLES + picture(0) + picture(3) + picture(6, KEY) + picture(9))
    assert starts(units) == [True, False]
    assert reader.dropped == 2


def test_a_stream_that_says_where_to_begin_is_believed() -> None:
    """Where its picture is not one that builds on others (slice_type 7)."""
    intra = bytes.fromhex("000001 41 88 84")
    units, _ = read(TABLES + picture(0) + picture(3, flags=0x40) + picture(6, intra, flags=0x40))
    assert starts(units) == [True]


def test_a_stream_without_such_a_picture_is_begun_where_it_says_in_the_end() -> None:
    pictures = [picture(3 * each, flags=0x40) for each in range(5)]
    units, _ = read(TABLES + b"".join(pictures))
    assert starts(units) == [True, True, True]


def test_what_is_shown_before_the_first_key_picture_is_left_out() -> None:
    """It comes behind that and may build on what is missing (an open GOP)."""

    def at(counter: int, coded: bytes, pts: int) -> bytes:
        """A picture with a time stamp (section 2.4.3.7), below 2**15."""
        stamp = bytes((0x21, 0, 1)) + (pts << 1 | 1).to_bytes(2)
        head = b"\0\0\1\xe0\0\0\x80\x80\x05" + stamp
        return packet(counter, (head + coded).ljust(184, b"\x11"), start=True)

    others = [(OTHER, 700), (OTHER, 800), (OTHER, 1000), (KEY, 1300), (OTHER, 1200), (OTHER, 1400)]
    behind = [at(counter, *each) for counter, each in enumerate(others, 1)]
    units, reader = read(TABLES + at(0, KEY, 900) + b"".join(behind))
    assert [unit.pts for unit in units] == [900, 1000, 1300, 1200]
    assert reader.dropped == 2


@pytest.mark.parametrize("missing", range(3))
def test_a_lost_packet_drops_its_frame_and_all_that_builds_on_it(missing: int) -> None:
    damaged = picture(15)[: missing * 188] + picture(15)[missing * 188 + 188 :]
    units, reader = read(STREAM + damaged + picture(18) + picture(21, KEY) + picture(24))
    assert starts(units[5:]) == [True, False]
    # Of a frame without its first packet nobody knows that it was one.
    assert reader.dropped == (2 if missing else 1)
    # The seam is announced, on the frame's PID and one counter before it (section 2.4.3.5).
    seam = units[5].packets[2 * 188 : 3 * 188]
    assert seam == bytes.fromhex("47 01 00 24 b7 80") + b"\xff" * 182


def test_sixteen_lost_packets_look_like_none_so_who_carries_them_has_to_say() -> None:
    reader = TransportStreamReader()
    reader.feed(STREAM)
    assert len(reader.feed(picture(15))) == 1
    assert reader.feed(picture(18), lost=True) == []
    assert starts(reader.feed(picture(21, KEY))) == [True]


def test_a_packet_twice_counts_once() -> None:
    first = picture(0, KEY)
    units, reader = read(TABLES + first[:376] + first[188:376] + first[376:] + picture(3))
    assert units[0].packets == TABLES + first
    assert (len(units), reader.dropped) == (2, 0)


def test_null_packets_and_foreign_ones_are_left_out() -> None:
    null = bytes.fromhex("471fff10").ljust(188, b"\xff")
    foreign = packet(3, b"x" * 184, pid=0x11)
    frame = picture(0, KEY)
    units, _ = read(TABLES + frame[:188] + null + frame[188:376] + foreign + frame[376:])
    assert [unit.packets for unit in units] == [TABLES + frame]


def test_a_clock_between_packets_stays_and_does_not_count() -> None:
    clock = bytes.fromhex("470100 20 b7 10 000000007e00").ljust(188, b"\xff")
    frame = picture(0, KEY)
    units, reader = read(TABLES + frame[:188] + clock + frame[188:])
    assert [unit.packets for unit in units] == [TABLES + frame[:188] + clock + frame[188:]]
    assert reader.dropped == 0


def test_a_clock_on_a_pid_of_its_own_comes_along() -> None:
    """PCR_PID need not be that of the pictures (section 2.4.4.9); players go by it."""
    # The PMT from above with PCR_PID 0x1F0; the checksum is zlib's, its bits mirrored.
    described = bytes.fromhex("02 b012 0001 c1 00 00 e1f0 f000 1b e100 f000 20f549cd")
    clock = [
        bytes.fromhex("4701f0 20 b7 10 0000000000 00").ljust(187, b"\xff") + bytes((number,))
        for number in range(4)
    ]
    frame, other = picture(0, KEY), picture(3)
    tables = table(0, PAT) + table(0x1000, described)
    sent = clock[0] + clock[1] + frame[:188] + clock[2] + frame[188:] + clock[3] + other
    units, reader = read(tables + sent)
    assert reader.programme == Programme(0x1000, {0x100: 0x1B}, clock=0x1F0)
    # Two in front of a frame say what the latter says; one within stays where it was.
    assert b"".join(unit.packets for unit in units) == tables + sent[188:]
    assert reader.dropped == 0


def stuffed_within(counter: int) -> bytes:
    return (
        packet(counter & 15, (PES + OTHER).ljust(100, b"\x11"), start=True)
        + packet(counter + 1 & 15, b"\x22" * 90)
        + packet(counter + 2 & 15, b"\x33" * 50)
    )


def test_a_sender_that_stuffs_within_a_frame_is_never_taken_at_its_word() -> None:
    stream = TABLES + picture(0, KEY) + b"".join(stuffed_within(at) for at in range(3, 30, 3))
    units, reader = read(stream)
    assert [len(unit.packets) for unit in units] == [5 * 188] + [3 * 188] * 9
    assert reader.dropped == 0


def test_a_sender_that_begins_to_stuff_within_a_frame_loses_that_one() -> None:
    stream = STREAM + stuffed_within(15) + picture(18) + picture(21, KEY) + stuffed_within(24)
    units, reader = read(stream)
    assert starts(units[5:]) == [False, True, False]
    assert len(units[-1].packets) == 3 * 188
    assert reader.dropped == 1


def test_a_packet_marked_as_damaged_counts_as_lost() -> None:
    damaged = bytearray(picture(15))
    damaged[189] |= 0x80
    units, _ = read(STREAM + bytes(damaged) + picture(18) + picture(21, KEY))
    assert starts(units[5:]) == [True]


def test_bytes_in_between_are_skipped_and_what_they_cut_is_dropped() -> None:
    units, _ = read(STREAM + b"noise" + picture(15) + picture(18, KEY), 1000)
    assert starts(units[5:]) == [True]


def test_a_table_with_a_wrong_checksum_is_no_table() -> None:
    wrong = PMT[:12] + b"\x02" + PMT[13:]
    _, reader = read(table(0, PAT) + table(0x1000, wrong))
    assert reader.programme.video is None
    assert reader.feed(table(0x1000, PMT, 1)) == []
    assert reader.programme.video == 0x100


def test_sound_alone_can_be_begun_anywhere() -> None:
    body = bytes.fromhex("02 b012 0001 c1 00 00 e100 f000 03 e100 f000")
    sound = body + crc32(body).to_bytes(4)
    units, _ = read(table(0, PAT) + table(0x1000, sound) + picture(0) + picture(3))
    assert starts(units) == [True, True]
    assert not units[0].is_video


def test_a_frame_without_end_is_dropped() -> None:
    reader = TransportStreamReader()
    reader.feed(STREAM + picture(15, KEY)[:188])
    endless = b"".join(packet(at & 15, b"\x22" * 184) for at in range(16))
    for _ in range((5 << 20) // len(endless)):
        assert reader.feed(endless) == []
    assert reader.dropped == 1
    assert starts(reader.feed(picture(0, KEY))) == [True]


@given(st.lists(st.tuples(st.binary(max_size=400), st.booleans()), max_size=8))
def test_any_bytes_give_frames_or_nothing(pieces: list[tuple[bytes, bool]]) -> None:
    reader = TransportStreamReader()
    reader.feed(TABLES + picture(0, KEY)[:376])
    for data, lost in pieces:
        for unit in reader.feed(data, lost=lost):
            assert len(unit.packets) % 188 == 0
    reader.end()


@given(st.binary(min_size=184, max_size=184), st.integers(0, 255), st.integers(0, 255))
def test_any_packet_of_a_known_pid_gives_frames_or_nothing(
    body: bytes, flags: int, control: int
) -> None:
    for pid in (0, 0x1000, 0x100):
        reader = TransportStreamReader()
        reader.feed(TABLES + picture(0, KEY)[:376])
        odd = bytes((0x47, flags & 0xE0 | pid >> 8, pid & 0xFF, control)) + body
        reader.feed(odd + odd + picture(3, KEY))
        reader.end()
