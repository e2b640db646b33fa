"""Datagrams of mode P to packets in order: one source a payload type, late ones waited for.

No clock inside: now is handed in, in seconds of any steady clock.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

from .rtp import PREFERRED_TYPES, TS_PACKET, TS_SYNC, RtpPacket, decode_datagram

#: A gap is waited for until so many packets beyond it have come, or one has waited so long: a
#: network that changes its way swaps neighbours, and what is later than that is lost.
REORDER_PACKETS: Final = 32
REORDER_SECONDS: Final = 0.05

#: A source that was silent for so long has made room for another: a unit that was restarted.
SOURCE_SILENCE: Final = 2.0

#: So far behind, a packet is no late one but a sender that counts anew (RFC 3550 appendix A.1).
MAX_MISORDER: Final = 100


class Receiver:
    """Takes the datagrams of one port and gives their packets, each payload type in its order.

    A type keeps to the source that was heard first (its SSRC). Another one is followed after 2 s
    of silence, or once two of its packets have come in sequence. What is missing after 32 packets
    or 50 ms is skipped; the sequence numbers then show the gap. Memory: 32 packets a type, and of
    what was not asked for, nothing: anybody can put a number into a packet.
    """

    def __init__(self, payload_types: Collection[int] = ()) -> None:
        """payload_types: those asked for; none for the unit's default, which may be any we know."""
        self._wanted = frozenset(payload_types or PREFERRED_TYPES)
        self._sources: dict[int, _Source] = {}
        self._bare = 0

    def feed(self, datagram: bytes, now: float) -> Iterator[RtpPacket]:
        """Give the packets that a datagram completes; RTCP and noise give none."""
        packet = self._read(datagram)
        if packet is None or packet.payload_type not in self._wanted:
            return
        source = self._sources.get(packet.payload_type)
        if source is None:
            source = _Source(packet.ssrc, packet.sequence, now)
            self._sources[packet.payload_type] = source
        yield from source.feed(packet, now)

    @property
    def due(self) -> float | None:
        """When to call release, if no datagram comes before; None while nothing waits."""
        return min((each.due for each in self._sources.values() if each.waiting), default=None)

    def release(self, now: float) -> Iterator[RtpPacket]:
        """Give what has waited long enough for what is missing before it."""
        for source in self._sources.values():
            yield from source.release(now)

    def end(self) -> Iterator[RtpPacket]:
        """Give all that waits: nothing more will come."""
        for source in self._sources.values():
            yield from source.give_up_gaps()

    def _read(self, datagram: bytes) -> RtpPacket | None:
        if datagram[:1] == bytes((TS_SYNC,)) and not len(datagram) % TS_PACKET:
            # Bare transport stream has no numbers to be put in order by.
            self._bare += 1
            return RtpPacket(33, self._bare & 0xFFFF, 0, 0, bytes(datagram))
        return decode_datagram(datagram)


@dataclass(slots=True)
class _Source:
    """Who sends one payload type. next: the sequence number that is due."""

    ssrc: int
    next: int
    heard: float
    #: Packets beyond a gap, and when they came.
    waiting: dict[int, tuple[RtpPacket, float]] = field(default_factory=dict)
    #: A packet that may be the first of another source, or of a count begun anew.
    stranger: RtpPacket | None = None

    @property
    def due(self) -> float:
        return min(came for _, came in self.waiting.values()) + REORDER_SECONDS

    def feed(self, packet: RtpPacket, now: float) -> Iterator[RtpPacket]:
        ahead = _distance(self.next, packet.sequence)
        if packet.ssrc == self.ssrc and ahead >= -MAX_MISORDER:
            self.heard, self.stranger = now, None
            yield from self._put(packet, ahead, now)
        elif now - self.heard >= SOURCE_SILENCE or self._is_second(packet):
            yield from self._follow(packet, now)
        else:
            self.stranger = packet

    def release(self, now: float) -> Iterator[RtpPacket]:
        while self.waiting and self.due <= now:
            yield from self._skip_gap()

    def give_up_gaps(self) -> Iterator[RtpPacket]:
        while self.waiting:
            yield from self._skip_gap()

    def _put(self, packet: RtpPacket, ahead: int, now: float) -> Iterator[RtpPacket]:
        if ahead < 0 or packet.sequence in self.waiting:
            return  # too late, or once more
        if ahead == 0 and not self.waiting:
            self.next = packet.sequence + 1 & 0xFFFF
            yield packet
            return
        self.waiting[packet.sequence] = packet, now
        yield from self._run()
        while self.waiting and self._reach() >= REORDER_PACKETS:
            yield from self._skip_gap()

    def _reach(self) -> int:
        """How far the packets that wait reach beyond what is due."""
        return max(_distance(self.next, sequence) for sequence in self.waiting)

    def _run(self) -> Iterator[RtpPacket]:
        """Give what follows without a gap."""
        while self.next in self.waiting:
            packet, _ = self.waiting.pop(self.next)
            self.next = self.next + 1 & 0xFFFF
            yield packet

    def _skip_gap(self) -> Iterator[RtpPacket]:
        self.next = min(self.waiting, key=lambda sequence: _distance(self.next, sequence))
        yield from self._run()

    def _is_second(self, packet: RtpPacket) -> bool:
        first = self.stranger
        return (
            first is not None
            and first.ssrc == packet.ssrc
            and _distance(first.sequence, packet.sequence) == 1
        )

    def _follow(self, packet: RtpPacket, now: float) -> Iterator[RtpPacket]:
        """Keep to another source from now on; of the old one nothing is missing any more."""
        yield from self.give_up_gaps()
        if self.stranger and self._is_second(packet):
            yield self.stranger
        self.ssrc, self.heard, self.stranger = packet.ssrc, now, None
        self.next = packet.sequence + 1 & 0xFFFF
        yield packet


def _distance(start: int, end: int) -> int:
    """How far one sequence number is ahead of another, -32768..32767: they count in a circle."""
    return (end - start + 0x8000 & 0xFFFF) - 0x8000
