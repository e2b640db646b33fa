"""Transport streams to films that browsers play, and back: packed anew, never coded anew. Blocking.

PyAV comes with Home Assistant's player. Without it a stream stays what it is, and a film cannot be
made into one.
"""

from dataclasses import dataclass
from pathlib import Path
import tempfile
from typing import IO, Final

from .protocols.crcp.rtp import TS_PACKET

#: What Home Assistant's media browser shows, and what it does not know the ending of.
FILM: Final = ".mp4"
STREAM: Final = ".ts"


class NoFilm(Exception):
    """This cannot be packed anew. Its text says why."""


@dataclass(slots=True)
class StreamFile:
    """A transport stream in a file without a name, and how many seconds it lasts."""

    file: IO[bytes]
    duration: float


def can_pack() -> bool:
    """Whether films can be made here."""
    try:
        import av
    except ImportError:
        return False
    return True


def make_film(stream: IO[bytes], folder: Path, lead: float = 0.0) -> tuple[IO[bytes], float]:
    """Pack a stream into a film, in a file without a name in a folder, and tell how long it is.

    lead: so many seconds at its beginning are there to be decoded, and are not to be shown. Raises
    NoFilm, OSError.
    """
    film = tempfile.TemporaryFile(dir=folder)
    try:
        duration = _pack(stream, film, "mpegts", "mp4", lead)
    except BaseException:
        film.close()
        raise
    film.seek(0)
    return film, duration


def make_stream(path: Path) -> StreamFile:
    """Pack a film into a transport stream. Raises NoFilm, OSError."""
    # Beside it, since the folder for temporary files may be memory.
    stream = tempfile.TemporaryFile(dir=path.parent)
    try:
        with path.open("rb") as film:
            duration = _pack(film, stream, None, "mpegts")
        if not stream.tell() or stream.tell() % TS_PACKET:
            raise NoFilm("there is nothing in it")
    except BaseException:
        stream.close()
        raise
    stream.seek(0)
    return StreamFile(stream, duration)


def _pack(
    source: IO[bytes], target: IO[bytes], form: str | None, wanted: str, lead: float = 0.0
) -> float:
    """Copy the picture and the sound; return how many seconds there are, behind the lead.

    What is before zero is there to be decoded and not to be shown: a film tells that (its edit
    list).
    """
    try:
        import av
    except ImportError as error:
        raise NoFilm("PyAV is not installed") from error
    source.seek(0)
    try:
        with (
            av.open(source, "r", format=form) as opened,
            av.open(target, "w", format=wanted) as made,
        ):
            chosen = [each for each in opened.streams if each.type in ("video", "audio")]
            tracks = {each.index: made.add_stream_from_template(each) for each in chosen}
            first = last = 0.0
            begun = False
            for packet in opened.demux(chosen):
                if packet.dts is None or packet.pts is None:
                    continue
                moment = float(packet.pts * packet.time_base)
                length = float((packet.duration or 0) * packet.time_base)
                first = moment + lead if not begun else first
                last, begun = max(last, moment + length), True
                if lead:
                    if packet.stream.type == "audio" and moment < first:
                        continue
                    shift = round(first / packet.time_base)
                    packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
                packet.stream = tracks[packet.stream.index]
                made.mux(packet)
    except (av.FFmpegError, ValueError) as error:
        raise NoFilm(str(error)) from error
    if not begun:
        raise NoFilm("there is nothing in it")
    return max(last - first, 0.04)
