"""What a virtual unit can play: recordings by name, and the empty picture between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, override

from ..protocols.crcp.jpeg import payloads, split_picture
from ..protocols.crcp.mpegts import TransportStreamReader
from ..protocols.crcp.rtp import TS_PACKET
from .reels import Piece, Recording, Reel, Span

TRANSPORT_STREAM: Final = 33
JPEG: Final = 26

#: A null packet (ISO 13818-1 section 2.4.3.3): a transport stream with nothing in it.
NULL_PACKET: Final = bytes((0x47, 0x1F, 0xFF, 0x10)) + b"\xff" * (TS_PACKET - 4)

#: The tables of a stream are looked for in its first bytes: they come several times a second.
TABLES_WITHIN: Final = 2000 * TS_PACKET

#: While a tape stands, so often a packet with nothing in it says that the stream is alive.
BLANK_INTERVAL: Final = 0.2


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording. duration: seconds. stream: MPEG-TS. pictures: JPEG files, evenly spread."""

    duration: float
    stream: bytes = field(default=b"", repr=False)
    pictures: tuple[bytes, ...] = field(default=(), repr=False)
    recorded: datetime = datetime(1998, 3, 20, tzinfo=UTC)

    @property
    def size(self) -> int:
        """Bytes, as a listing shows them."""
        return len(self.stream) or sum(map(len, self.pictures))

    def offers(self, payload_type: int) -> bool:
        """Whether it can be sent as this payload type."""
        return payload_type == TRANSPORT_STREAM or (payload_type == JPEG and bool(self.pictures))

    def reel(self, payload_type: int, packets: int) -> Reel:
        """A player for one transfer. packets: transport stream packets in a piece."""
        return _PictureReel(self) if payload_type == JPEG else _StreamReel(self, packets)


class _StreamReel(Reel):
    """Plays the bytes of a stream, spread evenly over its duration, as they are.

    After a jump they go on at the next key frame, with the tables in front and the seam announced.
    """

    def __init__(self, clip: Clip, packets: int) -> None:
        self._clip = clip
        self._size = packets * TS_PACKET
        self._blank_at = 0.0
        self._end = 0.0
        self._reader: TransportStreamReader | None = None

    @override
    def play(self, tape: Span, air: Span) -> Iterator[Piece]:
        if tape.length < 0:
            yield from self.blank(air)
            return
        if tape.start != self._end:
            self._reader = self._after_jump()
        self._end = tape.end
        total = len(self._clip.stream) // TS_PACKET
        first, last = (int(total * at / self._clip.duration) for at in (tape.start, tape.end))
        stream = self._clip.stream[first * TS_PACKET : min(last, total) * TS_PACKET]
        if self._reader:
            stream = b"".join(unit.packets for unit in self._reader.feed(stream))
        for at in range(0, len(stream), self._size):
            # A transport stream has clocks of its own; RTP's tells when it was sent.
            yield stream[at : at + self._size], air.end, False

    def _after_jump(self) -> TransportStreamReader | None:
        """A reader that knows the tables and waits for a key frame; None where there are no tables."""
        reader = TransportStreamReader()
        reader.feed(self._clip.stream[:TABLES_WITHIN])
        reader.feed(b"", lost=True)
        return reader if reader.programme.streams else None

    @override
    def blank(self, air: Span) -> Iterator[Piece]:
        if air.end >= self._blank_at:
            self._blank_at = air.end + BLANK_INTERVAL
            yield NULL_PACKET, air.end, False


class _PictureReel(Reel):
    """Plays pictures; while there is nothing to see it sends nothing."""

    def __init__(self, clip: Clip) -> None:
        self._pictures = clip.pictures
        self._rate = len(clip.pictures) / clip.duration

    @override
    def play(self, tape: Span, air: Span) -> Iterator[Piece]:
        for number in tape.numbers(self._rate) if tape.length > 0 else ():
            picture = self._pictures[number % len(self._pictures)]
            due = air.at(tape.share(number / self._rate))
            for payload, last in payloads(split_picture(picture)):
                yield payload, due, last

    @override
    def blank(self, air: Span) -> Iterator[Piece]:
        return iter(())


def blank_clip(duration: float = 60.0) -> Clip:
    """A recording of nothing, at the rate of one packet a tenth of a second."""
    return Clip(duration, NULL_PACKET * int(duration * 10))


class Shelf:
    """The recordings of a unit by path: "/holiday.ts", "/clips/wedding.ts". Paths are absolute."""

    def __init__(
        self, clips: Mapping[str, Recording] | None = None, *, writable: bool = True
    ) -> None:
        """Fill the shelf. writable: whether a recording may replace one of the same name."""
        self.clips: dict[str, Recording] = dict(clips or {})
        self.writable = writable

    def resolve(self, working: str, path: str) -> str:
        """Make a path absolute; ".." stops at the root, so nothing lies above it."""
        parts: list[str] = [] if path.startswith("/") else [p for p in working.split("/") if p]
        for part in path.split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in ("", "."):
                parts.append(part)
        return "/" + "/".join(parts)

    def is_directory(self, path: str) -> bool:
        """Whether a path is the root or holds recordings."""
        return path == "/" or any(name.startswith(f"{path}/") for name in self.clips)

    def names(self, directory: str) -> list[str]:
        """The names directly in a directory, sorted; those of directories too."""
        base = directory.rstrip("/") + "/"
        below = (name.removeprefix(base) for name in self.clips if name.startswith(base))
        return sorted({name.partition("/")[0] for name in below})

    def line(self, directory: str, name: str) -> str:
        """What LIST writes of a name, in the manner of ls -l."""
        path = self.resolve(directory, name)
        clip = self.clips.get(path)
        if clip is None:
            return f"drwxr-xr-x 1 crcp crcp {0:>10} Jan 01  1998 {name}"
        return f"-rw-r--r-- 1 crcp crcp {clip.size:>10} {_date(clip.recorded)} {name}"


def _date(recorded: datetime) -> str:
    """Month and day, and then the time of what is younger than half a year, else the year."""
    is_new = timedelta() <= datetime.now(UTC) - recorded < timedelta(days=182)
    return f"{recorded:%b %d %H:%M}" if is_new else f"{recorded:%b %d  %Y}"
