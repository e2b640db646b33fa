"""One elementary stream of a transport stream: its packets, gathered into frames."""

from dataclasses import dataclass, field, replace
from typing import Final

from .key_pictures import stands_alone
from .mpeg_video import MissingReferences
from .mpegts_tables import MPEG_VIDEO, payload_of
from .rtp import TS_PACKET, TS_SYNC

#: A frame of 4K pictures at 100 Mbit/s is smaller; what is beyond has no end and is no frame.
MAX_UNIT: Final = 4 << 20

#: Only pictures may leave out their length (ISO 2.4.3.7), which has 16 bits; in packets it is more.
MAX_SOUND: Final = 68 << 10

#: Where a picture stands alone is told within its first packets: after delimiters, parameter sets
#: and messages of the encoder's.
_LOOKED_AT: Final = 24 * TS_PACKET

#: After so many frames that ended where they seemed to, the next ones are believed to.
_HABIT: Final = 3
_NO_HABIT: Final = -1 << 60

#: So many pictures at which one only begins to heal are passed over while a better one is waited
#: for. Where there is none, for all is refreshed stripe by stripe, that is better than no picture.
_PATIENCE: Final = 2

_STARTS, _HAS_FIELD, _HAS_PAYLOAD = 0x400000, 0x20, 0x10
_RANDOM_ACCESS, _DISCONTINUITY = 0x40, 0x80


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """A frame of picture or sound, in whole packets of 188 bytes.

    is_start: a viewer, or a file, can begin here; then PAT and PMT are in front. pts: when it is to
    be shown, in ticks of 90 kHz, 33 bits.
    """

    pid: int
    packets: bytes = field(repr=False)
    is_video: bool = True
    is_start: bool = False
    pts: int | None = None

    def after(self, tables: bytes) -> AccessUnit:
        """The same, behind tables."""
        return replace(self, packets=tables + self.packets)


class Track:
    """Gathers the packets of one PID (ISO 2.4.3). Memory stays below MAX_UNIT, or MAX_SOUND."""

    def __init__(self, pid: int, kind: int, *, is_video: bool, alone: bool) -> None:
        """kind: the stream type. alone: there are no pictures, so any frame can be begun at."""
        self.dropped = 0
        #: The header of the packet that just goes on with the open frame; 0 where there is none.
        self.plain = 0
        self._pid = pid
        self._kind = kind
        self._is_video = is_video
        self._alone = alone
        self._parts: list[bytes] = []
        self._size = 0
        self._clock = b""
        self._last = b""
        self._counter: int | None = None
        self._broken = True  # until a frame begins
        self._ended = False
        self._habit = 0
        self._references = MissingReferences(waiting=is_video)
        self._gap = False
        self._first_pts: int | None = None
        self._passed_over = 0

    def take(self, packet: bytes, word: int) -> list[AccessUnit]:
        """Take a packet with its first four bytes; give the frames that it completes."""
        if not word & _HAS_PAYLOAD:
            self._keep(packet)
            return []
        counter = word & 0xF
        if counter == self._counter and packet == self._last:
            return []  # "duplicate packets", of which the second says nothing (ISO 2.4.3.3)
        follows = self._counter is None or counter == (self._counter + 1 & 0xF)
        if not follows and not (word & _STARTS and _flags(packet) & _DISCONTINUITY):
            self._break()
        self._counter, self._last = counter, packet
        found = self._start() if word & _STARTS else self._continue()
        self._keep(packet)
        self._expect(word)
        if self._parts and self._is_whole(packet):
            found += self._done()
        return found

    def go_on(self, packets: bytes, plain: int) -> None:
        """Take packets that just go on with the open frame. plain: the header of the next one."""
        if packets:
            self._counter, self._last = plain - 1 & 0xF, packets[-TS_PACKET:]
            self._keep(packets)
        self.plain = plain

    def keep_clock(self, packet: bytes) -> None:
        """Take a packet of the clock's own PID: within the open frame, or in front of the next."""
        if self._parts:
            self._keep(packet)
        else:
            self._clock = packet

    def finish(self) -> AccessUnit | None:
        """Give the frame that only the end of the stream completes, if it looks whole."""
        found = self._done() if self._ended else []
        return found[0] if found else None

    def lose(self) -> None:
        """Something is missing, nobody knows how much."""
        self._counter = None
        self._break()

    # -- gathering -----------------------------------------------------------------------------

    def _start(self) -> list[AccessUnit]:
        self._habit += self._ended
        found = self._done()
        self._broken = self._ended = False
        return found

    def _continue(self) -> list[AccessUnit]:
        if self._ended:
            # What looked like the end was not: this sender stuffs where it likes.
            self._habit = _NO_HABIT
            if not self._parts:
                self._break()
        return []

    def _keep(self, packets: bytes) -> None:
        if self._broken or (not self._parts and not packets[1] & 0x40):
            return
        self._parts.append(packets)
        self._size += len(packets)
        if self._size > (MAX_UNIT if self._is_video else MAX_SOUND):
            self._break()

    def _expect(self, word: int) -> None:
        counter = word + 1 & 0xF
        going = self._parts and not self._broken
        self.plain = TS_SYNC << 24 | self._pid << 8 | _HAS_PAYLOAD | counter if going else 0

    def _break(self) -> None:
        if self._parts:
            self.dropped += 1
        self._parts, self._size = [], 0
        self._broken, self._gap, self._ended = True, True, False
        self._references.lose()
        self._passed_over = self.plain = 0

    def _is_whole(self, packet: bytes) -> bool:
        """Whether a packet shows that it is the last of its frame, before the next one begins.

        Only the last one need be stuffed (ISO 2.4.3.5), which saves the time from frame to frame;
        but a length that was told says more, and a sender has to have shown that it does so.
        """
        if not _is_stuffed(packet):
            return False
        told = int.from_bytes(payload_of(self._parts[0][:TS_PACKET])[4:6])
        self._ended = not told or len(_elementary(b"".join(self._parts))) >= told + 6
        return self._ended and (bool(told) or self._habit >= _HABIT)

    # -- frames --------------------------------------------------------------------------------

    def _done(self) -> list[AccessUnit]:
        """The open frame, if there is one and it can be shown."""
        packets = b"".join(self._parts)
        self._parts, self._size, self.plain = [], 0, 0
        if not packets:
            return []
        start = self._alone or (self._is_video and self._stands_alone(packets))
        pts = _pts(payload_of(packets[:TS_PACKET]))
        if self._is_video and not self._may_show(packets, pts, stands_alone=start):
            self.dropped += 1
            self._gap = True
            return []
        if self._gap:
            packets = _discontinuity(self._pid, packets[3] - 1) + packets
            self._gap = False
        packets, self._clock = self._clock + packets, b""
        return [AccessUnit(self._pid, packets, self._is_video, start, pts)]

    def _may_show(self, packets: bytes, pts: int | None, *, stands_alone: bool) -> bool:
        """Whether everything is there that a picture builds on.

        What comes behind the first key picture and is shown before it may build on what is missing.
        """
        if self._references.waiting:
            self._first_pts = pts
        elif self._first_pts is not None and pts is not None and _is_before(pts, self._first_pts):
            return False
        stream = _elementary(packets[:_LOOKED_AT]) if self._kind in MPEG_VIDEO else b""
        return self._references.has_all(stream, stands_alone=stands_alone)

    def _stands_alone(self, packets: bytes) -> bool:
        flagged = bool(_flags(packets) & _RANDOM_ACCESS)
        if stands_alone(self._kind, _elementary(packets[:_LOOKED_AT]), flagged=flagged):
            self._passed_over = 0
            return True
        self._passed_over += flagged
        return flagged and self._passed_over > _PATIENCE


def _flags(packet: bytes) -> int:
    """The flags of the adaptation field (ISO 2.4.3.4); 0 without one."""
    return packet[5] if packet[3] & _HAS_FIELD and packet[4] else 0


def _is_stuffed(packet: bytes) -> bool:
    """Whether the adaptation field is longer than its parts. One of one byte, or none, is stuffing."""
    if not packet[3] & _HAS_FIELD:
        return False
    length, flags = packet[4], _flags(packet)
    if length == 0:
        return True
    used = 1 + 6 * bool(flags & 0x10) + 6 * bool(flags & 0x08) + bool(flags & 0x04)
    return (not flags & 0x03 and length > used) or flags == 0


def _elementary(packets: bytes) -> bytes:
    """The payload of packets, one after the other."""
    return b"".join(
        payload_of(packets[at : at + TS_PACKET]) for at in range(0, len(packets), TS_PACKET)
    )


def _pts(pes: bytes) -> int | None:
    """The time stamp of a PES packet (ISO 2.4.3.7), spread over 33 bits between marker bits."""
    if len(pes) < 14 or pes[:3] != b"\0\0\1" or not pes[7] & 0x80:
        return None
    high, middle, low = pes[9] >> 1 & 7, int.from_bytes(pes[10:12]) >> 1, int.from_bytes(pes[12:14])
    return high << 30 | middle << 15 | low >> 1


def _discontinuity(pid: int, counter: int) -> bytes:
    """A packet without payload which says that the counter may jump (ISO 2.4.3.5)."""
    head = bytes((TS_SYNC, pid >> 8, pid & 0xFF, _HAS_FIELD | counter & 0xF))
    return head + bytes((TS_PACKET - 5, _DISCONTINUITY)) + b"\xff" * (TS_PACKET - 6)


def _is_before(pts: int, other: int) -> bool:
    """Whether a time stamp is earlier; they begin at 0 again after a day (33 bits)."""
    return (pts - other) & (1 << 33) - 1 >= 1 << 32
