"""Recordings of the test card: made once, kept in a folder, held frame by frame.

Pillow and the encoder take long to load, so only what makes a recording asks for them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
import io
import os
from pathlib import Path
import tempfile
from typing import TYPE_CHECKING, Final

from .encoder import H264, MPEG2, encode, split
from .reels import FrameReel, JpegPacker, MpegVideoPacker, Packer, Reel, TransportStreamPacker
from .tones import SOUNDS, ToneReel

if TYPE_CHECKING:
    from PIL import Image

JPEG, MPEG_VIDEO, TRANSPORT_STREAM = 26, 32, 33

#: Higher, and a minute of pictures takes as much room as an hour of film.
JPEG_QUALITY: Final = 70

#: A filler data NAL unit (ITU-T H.264 section 7.3.2.7): what a decoder throws away.
_FILLER_BEGIN, _FILLER_END = b"\0\0\0\1\x0c", b"\x80"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to record. seconds: how long. rate: pictures a second, and from key frame to key frame."""

    seconds: int = 60
    width: int = 640
    height: int = 360
    rate: int = 25
    payload_types: tuple[int, ...] = (TRANSPORT_STREAM, JPEG)

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"test-card-{self.width}x{self.height}-{self.rate}-{self.seconds}s"


@dataclass(frozen=True, slots=True)
class Frames:
    """The pictures of a recording as one payload type sends them, and those of a blank second."""

    shown: tuple[bytes, ...] = field(repr=False)
    blank: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Footage:
    """A recording of the test card: picture number n is on the tape at n / rate seconds."""

    rate: int
    frames: Mapping[int, Frames]
    recorded: datetime = datetime(1998, 3, 20, tzinfo=UTC)

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(next(iter(self.frames.values())).shown) / self.rate

    @property
    def size(self) -> int:
        """Bytes, as a listing shows them: those of the first payload type."""
        return sum(map(len, next(iter(self.frames.values())).shown))

    def offers(self, payload_type: int) -> bool:
        """Whether it can be sent as this payload type."""
        return payload_type in self.frames or payload_type in SOUNDS

    def reel(self, payload_type: int, packets: int) -> Reel:
        """A player for one transfer. packets: transport stream packets in a piece."""
        if payload_type in SOUNDS:
            return ToneReel(payload_type)
        frames = self.frames[payload_type]
        return FrameReel(frames.shown, frames.blank, self.rate, _packer(payload_type, packets))

    def filled(self, bit_rate: int) -> Footage:
        """The same pictures at so many bits a second: what is missing is filled with nothing."""
        least = bit_rate // 8 // self.rate
        frames = self.frames[TRANSPORT_STREAM]
        shown = tuple(_filled(frame, least) for frame in frames.shown)
        return replace(self, frames={TRANSPORT_STREAM: Frames(shown, frames.blank)})


def make_footage(folder: Path, plan: Plan | None = None) -> Footage:
    """Return a recording, from the folder if it is in there, else made and put there. Blocks.

    Raises NoEncoder where nothing can encode; OSError where the folder cannot be written.
    """
    plan = plan or Plan()
    return Footage(plan.rate, {kind: _frames(folder, plan, kind) for kind in plan.payload_types})


def _packer(payload_type: int, packets: int) -> Packer:
    if payload_type == TRANSPORT_STREAM:
        return TransportStreamPacker(packets)
    return JpegPacker() if payload_type == JPEG else MpegVideoPacker()


def _frames(folder: Path, plan: Plan, kind: int) -> Frames:
    maker = _MAKERS[kind]
    shown, blank = (folder / f"{plan.name}{part}.{maker.suffix}" for part in ("", "-blank"))
    folder.mkdir(parents=True, exist_ok=True)
    if not shown.exists():
        _write(shown, lambda path: maker.make(_pictures(plan), plan.rate, path))
    if not blank.exists():
        _write(blank, lambda path: maker.make(_blank(plan), plan.rate, path))
    return Frames(maker.split(shown.read_bytes()), maker.split(blank.read_bytes()))


def _write(path: Path, make: Callable[[Path], None]) -> None:
    """Make a file whole or not at all: another process may be making the same one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    part = Path(name)
    try:
        make(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _pictures(plan: Plan) -> Iterator[Image.Image]:
    from .test_card import paint

    for number in range(plan.seconds * plan.rate):
        yield paint(number, plan.rate, plan.width, plan.height)


def _blank(plan: Plan) -> Iterator[Image.Image]:
    """One second of black: a key frame, and what keeps a viewer from thinking that it is over."""
    from .test_card import black

    for _ in range(plan.rate):
        yield black(plan.width, plan.height)


# -- one maker for each payload type ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Maker:
    """How a payload type's pictures are coded into a file, and found in it again."""

    suffix: str
    make: Callable[[Iterable[Image.Image], int, Path], None]
    split: Callable[[bytes], tuple[bytes, ...]]


def _make_jpeg(pictures: Iterable[Image.Image], _rate: int, path: Path) -> None:
    with path.open("wb") as file:
        for picture in pictures:
            buffer = io.BytesIO()
            picture.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:0")
            file.write(buffer.getvalue())


def _split_jpeg(stream: bytes) -> tuple[bytes, ...]:
    """At each start of image (ITU-T T.81 table B.1): none of ours has another one inside."""
    begin = b"\xff\xd8\xff"
    return tuple(begin + picture for picture in stream.split(begin)[1:])


_MAKERS: Final = {
    TRANSPORT_STREAM: _Maker("h264", partial(encode, H264), partial(split, H264)),
    JPEG: _Maker("mjpeg", _make_jpeg, _split_jpeg),
    MPEG_VIDEO: _Maker("m2v", partial(encode, MPEG2), partial(split, MPEG2)),
}


def _filled(frame: bytes, least: int) -> bytes:
    missing = least - len(frame) - len(_FILLER_BEGIN) - len(_FILLER_END)
    return frame + _FILLER_BEGIN + b"\xff" * missing + _FILLER_END if missing > 0 else frame
