"""Transport streams to films that browsers play, and back: packed anew, never coded anew. Blocking.

PyAV comes with Home Assistant's player. Without it a stream stays what it is, and a film cannot be
made into one.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
import logging
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet

_LOGGER = logging.getLogger(__name__)

#: What Home Assistant's media browser shows, and what it does not know the ending of.
FILM: Final = ".mp4"
STREAM: Final = ".ts"

#: Where a time stamp is so many seconds from the one before, the sender's clock was set anew.
JUMP: Final = 10.0

#: A picture without a length is taken for one of television.
PICTURE: Final = 0.04


class NoFilm(Exception):
    """This cannot be packed anew. Its text says why."""


class Readable(Protocol):
    """What can be read once."""

    def read(self, size: int) -> bytes:
        """The next bytes; b"" at the end."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a transport stream, whole packets. moment: when it is due, in seconds."""

    moment: float
    data: bytes


def can_pack() -> bool:
    """Whether films can be made here."""
    try:
        import av
    except ImportError:
        return False
    return True


def make_film(stream: Readable, film: IO[bytes], begin: float, end: float) -> float:
    """Pack what lies between two moments of a stream, in seconds behind its first picture.

    A film begins with a key frame. What it has in front of begin is not shown (an edit list does
    that), and what comes behind end is left out. Returns how many seconds it shows: what is damaged
    ends it. Raises NoFilm where that is nothing, OSError.
    """
    av = _library()
    packing = _Packing(begin, end)
    try:
        with (
            av.open(stream, "r", format="mpegts") as opened,
            av.open(film, "w", format="mp4") as made,
        ):
            packing.copy(opened, made)
    except (av.FFmpegError, ValueError) as error:
        if packing.shown <= 0:
            raise NoFilm(str(error)) from error
        _LOGGER.warning("A clip ends after %.1f s: %s", packing.shown, error)
    if packing.shown <= 0:
        raise NoFilm("there is nothing in it")
    return packing.shown


class _Packing:
    """What lies between two moments, on its way from one container into another."""

    def __init__(self, begin: float, end: float) -> None:
        self.shown = 0.0
        self._begin = begin
        self._end = end
        self._first: float | None = None
        self._timeline = _Timeline()

    def copy(self, opened: InputContainer, made: OutputContainer) -> None:
        tracks = _tracks(opened, made)
        for packet in opened.demux(*_chosen(opened)):
            if packet.dts is None or packet.pts is None:
                continue
            dts = self._timeline.straighten(packet)
            if self._is_wanted(packet, dts, packet.pts, alone=len(tracks) == 1):
                packet.stream = tracks[packet.stream.index]
                made.mux(packet)

    def _is_wanted(self, packet: Packet[Any], dts: int, pts: int, *, alone: bool) -> bool:
        """Whether it belongs there; then it is moved so that the first moment is 0."""
        is_video = packet.stream.type == "video"
        if self._first is None:
            if not is_video and not alone:
                return False
            self._first = _seconds(packet, pts)
        moment = _seconds(packet, dts) - self._first
        # What is heard needs nothing in front of it.
        if moment >= self._end or (moment < self._begin and not is_video):
            return False
        shift = round((self._first + self._begin) / packet.time_base)
        packet.dts, packet.pts = dts - shift, pts - shift
        if (is_video or alone) and pts >= shift:
            length = _seconds(packet, packet.duration or 0) or PICTURE
            until = min(_seconds(packet, pts - shift) + length, self._end - self._begin)
            self.shown = max(self.shown, until)
        return True


class FilmStream:
    """A film as a transport stream, made while it is read: it takes no room."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises NoFilm, OSError."""
        self._av = _library()
        try:
            self._opened = self._av.open(str(path))
        except self._av.FFmpegError as error:
            raise NoFilm(str(error)) from error
        #: How many seconds it lasts, as it says itself.
        self.duration = (self._opened.duration or 0) / self._av.time_base
        if not _chosen(self._opened):
            self.close()
            raise NoFilm("there is nothing in it")

    def pieces(self) -> Generator[Piece]:
        """Its packets in their order. Raises NoFilm, OSError."""
        written = _Written()
        try:
            with self._av.open(
                written, "w", format="mpegts", options={"flush_packets": "1"}
            ) as made:
                for moment in self._copy(made):
                    if data := written.take():
                        yield Piece(moment, data)
        except (self._av.FFmpegError, ValueError) as error:
            raise NoFilm(str(error)) from error
        if data := written.take():
            yield Piece(self.duration, data)

    def _copy(self, made: OutputContainer) -> Iterator[float]:
        tracks = _tracks(self._opened, made)
        timeline, first = _Timeline(), None
        for packet in self._opened.demux(*_chosen(self._opened)):
            if packet.dts is None:
                continue
            moment = _seconds(packet, timeline.straighten(packet))
            first = moment if first is None else first
            packet.stream = tracks[packet.stream.index]
            made.mux(packet)
            yield max(moment - first, 0.0)

    def close(self) -> None:
        """Close it."""
        self._opened.close()


class _Written:
    """What a muxer writes, until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data


class _Timeline:
    """Makes time stamps rise, each track's for itself: a sender's clock may be set anew."""

    def __init__(self) -> None:
        self._shifts: dict[int, int] = {}
        self._next: dict[int, int] = {}

    def straighten(self, packet: Packet[Any]) -> int:
        """Move a packet that has a dts to where it belongs; return that."""
        index, dts = packet.stream.index, packet.dts or 0
        length = packet.duration or max(round(PICTURE / packet.time_base), 1)
        due = self._next.get(index)
        moved = dts + self._shifts.get(index, 0)
        least = due - length + 1 if due is not None else moved
        if due is not None and (moved < least or (moved - due) * packet.time_base > JUMP):
            self._shifts[index] = due - dts
            moved = due
        packet.dts = moved
        if packet.pts is not None:
            packet.pts += moved - dts
        self._next[index] = moved + length
        return moved


def _library() -> Any:
    try:
        import av
    except ImportError as error:
        raise NoFilm("PyAV is not installed") from error
    return av


def _chosen(opened: InputContainer) -> list[Any]:
    """Its pictures and its sound."""
    return [each for each in opened.streams if each.type in ("video", "audio")]


def _tracks(opened: InputContainer, made: OutputContainer) -> dict[int, Any]:
    return {each.index: made.add_stream_from_template(each) for each in _chosen(opened)}


def _seconds(packet: Packet[Any], ticks: int) -> float:
    return float(ticks * packet.time_base)
