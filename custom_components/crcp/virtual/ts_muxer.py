"""A transport stream of one video track (ISO/IEC 13818-1), made while it is sent.

Its clocks count on however the tape jumps, and so do its continuity counters, so a receiver never
sees a seam.
"""

from typing import Final

from ..protocols.crcp.mpegts_tables import PAT_PID, crc32
from ..protocols.crcp.rtp import TS_PACKET, TS_SYNC

PMT_PID: Final = 0x1000
VIDEO_PID: Final = 0x100

#: A frame is shown so long after its first byte was due, in seconds: what arriving may take.
HEADROOM: Final = 0.1

#: The clocks begin here, so that what is shown before the first frame is no negative time.
_BEGIN: Final = 1.0

_BODY: Final = TS_PACKET - 4
_RANDOM_ACCESS, _HAS_CLOCK = 0x40, 0x10


class Muxer:
    """Puts frames into packets. stream_type: ISO table 2-34."""

    def __init__(self, stream_type: int) -> None:
        """Begin with counters at zero."""
        self._counters = {PAT_PID: 0, PMT_PID: 0, VIDEO_PID: 0}
        self._tables = {PAT_PID: _pat(), PMT_PID: _pmt(stream_type)}

    def frame(self, data: bytes, moment: float, *, key: bool) -> bytes:
        """The packets of a frame that is due at a moment, seconds; a key frame has tables first."""
        tables = [self._table(pid) for pid in self._tables] if key else []
        pes = _pes_header(moment) + data
        field = bytes((_HAS_CLOCK | (_RANDOM_ACCESS if key else 0),)) + _clock(moment)
        packets = [self._packet(pes[: _BODY - 1 - len(field)], field, start=True)]
        at = _BODY - 1 - len(field)
        while len(pes) - at >= _BODY:
            packets.append(self._header(VIDEO_PID, 0x10) + pes[at : at + _BODY])
            at += _BODY
        if at < len(pes):
            packets.append(self._packet(pes[at:], b""))
        return b"".join((*tables, *packets))

    def clock(self, moment: float) -> bytes:
        """A packet with nothing but the time: receivers want it ten times a second (ISO 2.7.2)."""
        counter = self._counters[VIDEO_PID] - 1 & 0xF
        head = bytes((TS_SYNC, VIDEO_PID >> 8, VIDEO_PID & 0xFF, 0x20 | counter, _BODY - 1))
        return (head + bytes((_HAS_CLOCK,)) + _clock(moment)).ljust(TS_PACKET, b"\xff")

    def _table(self, pid: int) -> bytes:
        head = self._header(pid, 0x10, start=True)
        return (head + b"\0" + self._tables[pid]).ljust(TS_PACKET, b"\xff")

    def _packet(self, payload: bytes, field: bytes, *, start: bool = False) -> bytes:
        """A packet with an adaptation field, stuffed to its full size."""
        room = _BODY - 1 - len(payload)
        if room and not field:
            field = b"\0"
        head = self._header(VIDEO_PID, 0x30, start=start)
        return head + bytes((room,)) + field.ljust(room, b"\xff") + payload

    def _header(self, pid: int, control: int, *, start: bool = False) -> bytes:
        counter = self._counters[pid]
        self._counters[pid] = counter + 1 & 0xF
        return bytes((TS_SYNC, start << 6 | pid >> 8, pid & 0xFF, control | counter))


def _pat() -> bytes:
    """Programme 1 is described in the PMT (ISO 2.4.4.3)."""
    return _section(0x00, (0xE000 | PMT_PID).to_bytes(2), b"\0\1")


def _pmt(stream_type: int) -> bytes:
    """One stream, which carries the clock too (ISO 2.4.4.8)."""
    pid = (0xE000 | VIDEO_PID).to_bytes(2)
    return _section(0x02, pid + b"\xf0\0" + bytes((stream_type,)) + pid + b"\xf0\0")


def _section(table: int, body: bytes, between: bytes = b"") -> bytes:
    """A whole table: its number 1, version 0, in force, section 0 of 0."""
    rest = b"\0\1\xc1\0\0" + between + body
    data = bytes((table,)) + (0xB000 | len(rest) + 4).to_bytes(2) + rest
    return data + crc32(data).to_bytes(4)


def _ticks(moment: float) -> int:
    return int((moment + _BEGIN) * 90000) & (1 << 33) - 1


def _clock(moment: float) -> bytes:
    """program_clock_reference (ISO 2.4.3.5): 33 bits of 90 kHz, 6 reserved, 9 of 27 MHz."""
    return (_ticks(moment) << 15 | 0x3F << 9).to_bytes(6)


def _pes_header(moment: float) -> bytes:
    """A video PES packet of any length with a time stamp, aligned to its frame (ISO 2.4.3.6)."""
    ticks = _ticks(moment + HEADROOM)
    spread = (
        0x20 | ticks >> 29 & 0x0E | 1,
        ticks >> 22 & 0xFF,
        ticks >> 14 & 0xFE | 1,
        ticks >> 7 & 0xFF,
        ticks << 1 & 0xFE | 1,
    )
    return b"\0\0\1\xe0\0\0\x84\x80\x05" + bytes(spread)
