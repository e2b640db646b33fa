"""MPEG transport streams (ISO/IEC 13818-1, "ISO" below): cut into frames that are whole.

A frame that lost a packet is dropped, and so is every picture that builds on it: the picture goes
on at the next one that stands alone. Each such picture comes with the tables in front (PAT, PMT),
so whoever comes late, and any file, can begin at it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
import struct
from typing import Final

from .mpegts_tables import NO_PROGRAMME, NULL_PID, Programme, Tables
from .mpegts_track import AccessUnit, Track
from .rtp import TS_PACKET, TS_SYNC

__all__ = ["AccessUnit", "Programme", "TransportStreamReader"]

#: The first four bytes of a packet (ISO 2.4.3.2).
_HEADERS: Final = struct.Struct(f">I{TS_PACKET - 4}x")
_ERROR: Final = 0x00800000
_HAS_PAYLOAD: Final = 0x10
_SYNC: Final = bytes((TS_SYNC,))


@dataclass(slots=True)
class TransportStreamReader:
    """Reads one programme, the first that the PAT names. Memory is bounded, see Track."""

    programme: Programme = NO_PROGRAMME
    _tables: Tables = field(default_factory=Tables)
    _tracks: dict[int, Track] = field(default_factory=dict)
    _leading: Track | None = None
    _open: Track | None = None
    _pending: bytes = b""
    _was_dropped: int = 0

    @property
    def dropped(self) -> int:
        """How many frames were not shown because a part of them, or of what they build on, is lost."""
        return self._was_dropped + sum(track.dropped for track in self._tracks.values())

    def feed(self, data: bytes, *, lost: bool = False) -> list[AccessUnit]:
        """Take bytes in any pieces; give the frames that they complete.

        lost: something is missing before data. The stream's own counters tell of less than sixteen
        packets (ISO 2.4.3.3); what carries it, RTP, may know of more.
        """
        if lost:
            self._lose()
        found: list[AccessUnit] = []
        for run in self._in_step(data):
            self._read(run, found)
        return found

    def end(self) -> list[AccessUnit]:
        """Give the frames that only the end of the stream completes."""
        units = [track.finish() for track in self._tracks.values()]
        return [self._told(unit) for unit in units if unit]

    def _in_step(self, data: bytes) -> Iterator[bytes]:
        """The runs of whole packets, each from a sync byte on."""
        data = self._pending + data if self._pending else data
        while data:
            firsts = data[::TS_PACKET]
            good = len(firsts) - len(firsts.lstrip(_SYNC))
            whole = min(good, len(data) // TS_PACKET) * TS_PACKET
            yield data[:whole]
            data = data[whole:]
            if good == len(firsts):
                break
            self._lose()
            data = data[_sync(data) :]
        self._pending = data

    def _read(self, data: bytes, found: list[AccessUnit]) -> None:
        plain, run, at = self._open.plain if self._open else 0, 0, 0
        # Most packets just go on with the frame of the one before: those cost a comparison.
        for (word,) in _HEADERS.iter_unpack(data):
            if word == plain:
                plain = word + 1 if word & 0xF != 0xF else word - 0xF
            else:
                self._go_on(data[run:at], plain)
                run = at + TS_PACKET
                plain = self._look_at(data[at:run], word, found)
            at += TS_PACKET
        self._go_on(data[run:], plain)

    def _go_on(self, packets: bytes, plain: int) -> None:
        if self._open:
            self._open.go_on(packets, plain)

    def _look_at(self, packet: bytes, word: int, found: list[AccessUnit]) -> int:
        """Take a packet that is more than a continuation; return the header of the one that is."""
        self._open = None
        pid = word >> 8 & 0x1FFF
        if word & _ERROR:
            self._lose()
        elif track := self._tracks.get(pid):
            found += [self._told(unit) for unit in track.take(packet, word)]
            self._open = track
            return track.plain
        elif self._leading and pid == self.programme.clock and not word & _HAS_PAYLOAD:
            # It stays where it stands between the packets of what it is the clock of.
            self._leading.keep_clock(packet)
        elif pid != NULL_PID and (programme := self._tables.take(packet, pid)):
            self._begin(programme)
        return 0

    def _begin(self, programme: Programme) -> None:
        self._was_dropped = self.dropped
        self.programme = programme
        self._tracks = {
            pid: Track(pid, kind, is_video=pid == programme.video, alone=programme.video is None)
            for pid, kind in programme.streams.items()
        }
        self._leading = self._tracks.get(programme.video or next(iter(self._tracks), 0))

    def _told(self, unit: AccessUnit) -> AccessUnit:
        return unit.after(self._tables.repeat()) if unit.is_start else unit

    def _lose(self) -> None:
        self._open = None
        self._tables.lose()
        for track in self._tracks.values():
            track.lose()


def _sync(data: bytes) -> int:
    """Where packets begin: a sync byte, and where there is that much a second one a packet on."""
    at = data.find(TS_SYNC)
    while at >= 0 and at + TS_PACKET < len(data) and data[at + TS_PACKET] != TS_SYNC:
        at = data.find(TS_SYNC, at + 1)
    return at if at >= 0 else len(data)
