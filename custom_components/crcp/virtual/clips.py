"""What a virtual unit can play: recordings by name, and the empty picture between them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from ..protocols.crcp.jpeg import payloads, split_picture
from ..protocols.crcp.rtp import TS_PACKET

TRANSPORT_STREAM: Final = 33
JPEG: Final = 26

#: A null packet (ISO 13818-1 section 2.4.3.3): a transport stream with nothing in it.
NULL_PACKET: Final = bytes((0x47, 0x1F, 0xFF, 0x10)) + b"\xff" * (TS_PACKET - 4)

#: What one payload unit is: bytes, the time in the clip that it belongs to, and RTP's marker.
type Piece = tuple[bytes, float, bool]


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

    def pieces(self, payload_type: int, start: float, end: float, packets: int) -> Iterator[Piece]:
        """What is played from start to end, seconds. packets: transport stream packets a piece."""
        if payload_type == JPEG:
            yield from self._picture_pieces(start, end)
        else:
            yield from self._stream_pieces(start, end, packets)

    def _stream_pieces(self, start: float, end: float, packets: int) -> Iterator[Piece]:
        total = len(self.stream) // TS_PACKET
        first, last = (int(total * at / self.duration) for at in (start, end))
        for at in range(first, min(last, total), packets):
            piece = self.stream[at * TS_PACKET : min(at + packets, last, total) * TS_PACKET]
            yield piece, at / total * self.duration, False

    def _picture_pieces(self, start: float, end: float) -> Iterator[Piece]:
        interval = self.duration / len(self.pictures)
        for number in range(int(start / interval), int(end / interval)):
            picture = self.pictures[number % len(self.pictures)]
            for payload, last in payloads(split_picture(picture)):
                yield payload, number * interval, last


def blank_clip(duration: float = 60.0) -> Clip:
    """A recording of nothing, at the rate of one packet a tenth of a second."""
    return Clip(duration, NULL_PACKET * int(duration * 10))


class Shelf:
    """The recordings of a unit by path: "/holiday.ts", "/clips/wedding.ts". Paths are absolute."""

    def __init__(self, clips: dict[str, Clip] | None = None, *, writable: bool = True) -> None:
        """Fill the shelf. writable: whether a recording may replace one of the same name."""
        self.clips = dict(clips or {})
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
        return f"-rw-r--r-- 1 crcp crcp {clip.size:>10} {clip.recorded:%b %d  %Y} {name}"
