"""Datagrams of mode P put in order: the reorder window, the source, and what is lost."""

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.protocols.crcp.jpeg import PictureAssembler
from custom_components.crcp.protocols.crcp.receiver import (
    MAX_MISORDER,
    REORDER_PACKETS,
    REORDER_SECONDS,
    SOURCE_SILENCE,
    Receiver,
)
from custom_components.crcp.protocols.crcp.rtp import RtpPacket


def datagram(sequence: int, *, kind: int = 33, ssrc: int = 7, payload: bytes = b"x") -> bytes:
    """RFC 3550 section 5.1, typed: V=2, PT, sequence, timestamp, SSRC."""
    head = bytes((0x80, kind)) + (sequence & 0xFFFF).to_bytes(2) + b"\0\0\0\1" + ssrc.to_bytes(4)
    return head + payload


def fed(receiver: Receiver, *datagrams: bytes, now: float = 0.0) -> list[int]:
    return [packet.sequence for each in datagrams for packet in receiver.feed(each, now)]


def test_what_comes_in_order_is_given_at_once() -> None:
    receiver = Receiver()
    # The numbers count in a circle of 65536.
    assert fed(receiver, *map(datagram, (65534, 65535, 0, 1))) == [65534, 65535, 0, 1]
    assert receiver.due is None


def test_neighbours_that_changed_places_change_them_again() -> None:
    receiver = Receiver()
    assert fed(receiver, *map(datagram, (1, 3, 4, 2, 5))) == [1, 2, 3, 4, 5]


def test_one_that_comes_twice_or_too_late_is_given_once() -> None:
    receiver = Receiver()
    assert fed(receiver, *map(datagram, (1, 2, 2, 1, 4, 4, 3, 3))) == [1, 2, 3, 4]


def test_what_was_not_asked_for_is_not_kept() -> None:
    """Of 96 other types two megabytes each could wait for what never comes."""
    receiver = Receiver((33, 14))
    others = [
        datagram(at, kind=kind) for kind in range(64) for at in (1, 3) if kind not in (33, 14)
    ]
    assert fed(receiver, *others) == []
    assert receiver.due is None
    assert list(receiver.end()) == []
    assert fed(receiver, datagram(1), datagram(7, kind=14), datagram(2)) == [1, 7, 2]
    # A bare TYPE I leaves the choice to the unit: any that can be read, and no other.
    assert fed(Receiver(), datagram(1, kind=26), datagram(1, kind=34)) == [1]


def test_a_gap_is_waited_for_50_ms() -> None:
    receiver = Receiver()
    assert fed(receiver, datagram(1), now=10) == [1]
    assert fed(receiver, datagram(3), now=10) == []
    assert fed(receiver, datagram(5), now=10.02) == []
    assert receiver.due == 10 + REORDER_SECONDS
    assert list(receiver.release(10.04)) == []
    assert [packet.sequence for packet in receiver.release(10.05)] == [3]
    assert receiver.due == 10.02 + REORDER_SECONDS
    assert fed(receiver, datagram(2), datagram(4), now=10.06) == [4, 5]


def test_a_gap_is_waited_for_32_packets() -> None:
    receiver = Receiver()
    first, *others = range(1, REORDER_PACKETS + 2)
    assert fed(receiver, datagram(0)) == [0]
    assert fed(receiver, *map(datagram, others[:-1])) == []
    assert fed(receiver, datagram(others[-1])) == others
    assert fed(receiver, datagram(first)) == []


def test_what_waits_at_the_end_is_given() -> None:
    receiver = Receiver()
    assert fed(receiver, datagram(1), datagram(3), datagram(5)) == [1]
    assert [packet.sequence for packet in receiver.end()] == [3, 5]


def test_types_share_a_port_and_are_numbered_apart() -> None:
    receiver = Receiver()
    mixed = (datagram(1), datagram(500, kind=0, ssrc=8), datagram(3), datagram(501, kind=0, ssrc=8))
    assert fed(receiver, *mixed) == [1, 500, 501]
    assert fed(receiver, datagram(2)) == [2, 3]


def test_a_source_is_kept_to_until_another_is_there_for_good() -> None:
    receiver = Receiver()
    assert fed(receiver, datagram(1)) == [1]
    # One packet is anybody's; two in sequence are a sender.
    assert fed(receiver, datagram(900, ssrc=9), datagram(700, ssrc=9), datagram(2)) == [2]
    assert fed(receiver, datagram(40, ssrc=9), datagram(41, ssrc=9)) == [40, 41]
    assert fed(receiver, datagram(3), datagram(42, ssrc=9)) == [42]


def test_a_source_that_was_silent_for_2_s_makes_room() -> None:
    receiver = Receiver()
    assert fed(receiver, datagram(1), now=5) == [1]
    assert fed(receiver, datagram(700, ssrc=9), now=5 + SOURCE_SILENCE - 0.01) == []
    assert fed(receiver, datagram(900, ssrc=9), now=5 + SOURCE_SILENCE) == [900]


def test_a_sender_that_counts_anew_is_followed() -> None:
    receiver = Receiver()
    assert fed(receiver, datagram(5000)) == [5000]
    assert fed(receiver, datagram(5000 - MAX_MISORDER)) == []
    assert fed(receiver, datagram(10), datagram(11), datagram(12)) == [10, 11, 12]


def test_a_jump_ahead_is_followed_at_once() -> None:
    receiver = Receiver()
    assert fed(receiver, datagram(1), now=1) == [1]
    assert fed(receiver, datagram(20000), now=1) == [20000]


def test_bare_transport_stream_has_no_order_to_be_put_in() -> None:
    bare = b"\x47" + bytes(187)
    assert fed(Receiver(), bare, bare) == [1, 2]


@pytest.mark.parametrize("noise", [b"", b"\x80", b"\x80\xc8" + bytes(26), b"hello, is it me"])
def test_noise_and_rtcp_are_left_out(noise: bytes) -> None:
    assert fed(Receiver(), noise, datagram(1)) == [1]


def _picture(first: int, timestamp: int, scan: bytes) -> list[bytes]:
    """A picture in three packets (RFC 2435): offset, type 1, Q 50, 16 x 24 pixels."""
    parts = [scan[at : at + 4] for at in (0, 4, 8)]
    return [
        bytes((0x80, 26 | (0x80 if at == 2 else 0)))
        + (first + at).to_bytes(2)
        + timestamp.to_bytes(4)
        + b"\0\0\0\7"
        + bytes((0, 0, 0, 4 * at, 1, 50, 2, 3))
        + part
        for at, part in enumerate(parts)
    ]


@pytest.mark.parametrize("lost", range(9))
def test_a_lost_packet_costs_its_picture_and_makes_no_wrong_one(lost: int) -> None:
    scans = (b"aaaabbbbcccc", b"ddddeeeeffff", b"gggghhhhiiii")
    sent = [
        each
        for number, scan in enumerate(scans)
        for each in _picture(10 + 3 * number, 5 + number, scan)
    ]
    receiver, assembler = Receiver(), PictureAssembler()
    packets = [
        packet for each in sent[:lost] + sent[lost + 1 :] for packet in receiver.feed(each, 0)
    ]
    packets += receiver.end()
    pictures = [picture for packet in packets if (picture := assembler.feed(packet))]
    kept = [scan for number, scan in enumerate(scans) if number != lost // 3]
    assert [picture[-14:-2] for picture in pictures] == kept


@given(
    start=st.integers(0, 0xFFFF),
    keys=st.lists(st.tuples(st.integers(0, 15), st.booleans()), max_size=200),
)
def test_any_shuffle_inside_the_window_is_undone(start: int, keys: list[tuple[int, bool]]) -> None:
    """Each packet is late by up to 15 places, and some are lost: what is given is in order."""
    kept = [at for at, (_, lost) in enumerate(keys) if at == 0 or not lost]
    shuffled = [kept[0], *sorted(kept[1:], key=lambda at: at + keys[at][0])] if kept else []
    receiver = Receiver()
    given_out = fed(receiver, *(datagram(start + at) for at in shuffled))
    given_out += [packet.sequence for packet in receiver.end()]
    assert given_out == [start + at & 0xFFFF for at in kept]


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.binary(max_size=40),
                st.builds(
                    datagram,
                    st.integers(0, 0xFFFF),
                    kind=st.sampled_from((0, 26, 33)),
                    ssrc=st.integers(1, 3),
                ),
            ),
            st.floats(0, 1),
        ),
        max_size=300,
    )
)
def test_any_datagrams_give_packets_and_memory_stays_flat(
    pieces: list[tuple[bytes, float]],
) -> None:
    receiver, now = Receiver(), 0.0
    for data, pause in pieces:
        now += pause
        assert all(isinstance(packet, RtpPacket) for packet in receiver.feed(data, now))
        assert all(len(each.waiting) < REORDER_PACKETS for each in receiver._sources.values())
        assert receiver.due is None or receiver.due <= now + REORDER_SECONDS
