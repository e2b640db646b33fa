"""The tables of a transport stream (ISO/IEC 13818-1 section 2.4.4): which PID carries what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .rtp import TS_PACKET

PAT_PID: Final = 0
NULL_PID: Final = 0x1FFF
_PAT_ID, _PMT_ID = 0x00, 0x02

#: "shall not exceed 1021 (0x3FD)" after three bytes of header (ISO 2.4.4.5 and 2.4.4.9).
MAX_SECTION: Final = 1024

#: More elementary streams than any camera has.
MAX_STREAMS: Final = 32

#: Stream types that are pictures (ISO table 2-34): MPEG-1, MPEG-2, MPEG-4 part 2, H.264, H.265.
MPEG_VIDEO: Final = frozenset({0x01, 0x02})
H264: Final = 0x1B
H265: Final = 0x24
VIDEO: Final = MPEG_VIDEO | {0x10, H264, H265}


@dataclass(frozen=True, slots=True)
class Programme:
    """What a stream carries. streams: the stream type of each PID, in the PMT's order.

    clock: the PID of its clock (PCR_PID), where that is none of the streams'.
    """

    pmt: int | None = None
    streams: Mapping[int, int] = field(default_factory=dict)
    clock: int | None = None

    @property
    def video(self) -> int | None:
        """The PID of the pictures, None where there is only sound."""
        return next((pid for pid, kind in self.streams.items() if kind in VIDEO), None)


NO_PROGRAMME: Final = Programme()


class Tables:
    """Collects PAT and PMT as they come by, and repeats them where a viewer can begin."""

    def __init__(self) -> None:
        """Begin with none."""
        self._pat, self._pmt = _Section(_PAT_ID), _Section(_PMT_ID)
        self._pmt_pid: int | None = None
        self._programme = NO_PROGRAMME
        self._repeated: dict[int, int] = {}

    def take(self, packet: bytes, pid: int) -> Programme | None:
        """Take a packet of any PID; return the programme when it is another than before."""
        if pid == PAT_PID and (section := self._pat.take(packet)):
            self._pmt_pid = _first_programme(section)
            self._pmt = _Section(_PMT_ID)
        elif pid == self._pmt_pid and (section := self._pmt.take(packet)):
            streams = _streams(section)
            programme = Programme(pid, streams, _clock(section, streams))
            if programme != self._programme:
                self._programme = programme
                return programme
        return None

    def lose(self) -> None:
        """Forget half a table: the rest of it may be lost."""
        self._pat.lose()
        self._pmt.lose()

    def repeat(self) -> bytes:
        """The packets of both tables, their continuity counters counted on from the last time."""
        packets = [(PAT_PID, packet) for packet in self._pat.packets]
        packets += [(self._pmt_pid or 0, packet) for packet in self._pmt.packets]
        return b"".join(self._stamped(pid, packet) for pid, packet in packets)

    def _stamped(self, pid: int, packet: bytes) -> bytes:
        counter = self._repeated.get(pid, -1) + 1 & 0xF
        self._repeated[pid] = counter
        return packet[:3] + bytes((packet[3] & 0xF0 | counter,)) + packet[4:]


class _Section:
    """A table and the packets that it came in. One with another checksum replaces it."""

    def __init__(self, table: int) -> None:
        self.packets: tuple[bytes, ...] = ()
        self._table = table
        self._checksum = b""
        self._collected: list[bytes] = []
        self._data = b""

    def take(self, packet: bytes) -> bytes | None:
        """Return the section that a packet completes, when it is new."""
        payload = payload_of(packet)
        if packet[1] & 0x40 and payload:
            self._collected, self._data = [], b""
            payload = payload[1 + payload[0] :]
        elif not self._collected:
            return None
        self._collected.append(packet)
        self._data += payload
        length = 3 + (int.from_bytes(self._data[1:3]) & 0xFFF)
        if length > MAX_SECTION or self._data[:1] != bytes((self._table,)):
            self.lose()
            return None
        return self._complete(self._data[:length]) if len(self._data) >= length else None

    def lose(self) -> None:
        self._collected, self._data = [], b""

    def _complete(self, section: bytes) -> bytes | None:
        collected, checksum = tuple(self._collected), section[-4:]
        self.lose()
        # "current_next_indicator": a table for later is none yet.
        if checksum == self._checksum or len(section) < 12 or not section[5] & 1:
            return None
        if crc32(section):
            return None
        self.packets, self._checksum = collected, checksum
        return section


def crc32(data: bytes) -> int:
    """The checksum of a section (ISO annex A); 0 over a section that ends in its own."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def payload_of(packet: bytes) -> bytes:
    """What a packet carries behind its header and adaptation field; b"" for a field alone."""
    if not packet[3] & 0x10:
        return b""
    start = 5 + packet[4] if packet[3] & 0x20 else 4
    return packet[start:TS_PACKET]


def _first_programme(section: bytes) -> int | None:
    """The PID of the first PMT; programme number 0 is the network's table (ISO 2.4.4.3)."""
    for at in range(8, len(section) - 4, 4):
        if section[at : at + 2] != b"\0\0":
            return int.from_bytes(section[at + 2 : at + 4]) & 0x1FFF
    return None


def _clock(section: bytes, streams: Mapping[int, int]) -> int | None:
    """PCR_PID, where it is one of its own; 0x1FFF says that there is no clock (ISO 2.4.4.9)."""
    pid = int.from_bytes(section[8:10]) & 0x1FFF
    return None if pid in streams or pid == NULL_PID else pid


def _streams(section: bytes) -> dict[int, int]:
    """The stream types by PID (ISO 2.4.4.8)."""
    at = 12 + (int.from_bytes(section[10:12]) & 0xFFF)
    found: dict[int, int] = {}
    while at + 5 <= len(section) - 4 and len(found) < MAX_STREAMS:
        found[int.from_bytes(section[at + 1 : at + 3]) & 0x1FFF] = section[at]
        at += 5 + (int.from_bytes(section[at + 3 : at + 5]) & 0xFFF)
    return found
