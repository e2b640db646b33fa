"""Pictures and sound to MPEG: by PyAV where it is installed, else by the program ffmpeg.

Everything is coded so that it can be cut and joined: a key frame each second on which nothing
before it depends, pictures in the order in which they are shown, parameters in the stream.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from ..protocols.crcp.mpeg_video import split_pictures

if TYPE_CHECKING:
    import av
    from PIL import Image


class NoEncoder(RuntimeError):
    """Neither PyAV nor the program ffmpeg is installed, so there is no picture to send."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to code. options: as both ffmpeg and PyAV take them. form: ffmpeg's name of the file."""

    name: str
    form: str
    options: dict[str, str]


#: An access unit delimiter (ITU-T H.264 section 7.3.2.4) is put before each picture.
_DELIMITER: Final = b"\0\0\0\1\x09"

#: "sliced-threads" would cut pictures into many small parts that gain nothing here.
H264: Final = Codec(
    "libx264",
    "h264",
    {
        "preset": "veryfast",
        "tune": "zerolatency",
        "crf": "24",
        "x264-params": "aud=1:repeat-headers=1:open-gop=0:scenecut=0:sliced-threads=0",
    },
)
MPEG2: Final = Codec("mpeg2video", "mpeg2video", {"b": "2000000"})


def encode(
    codec: Codec, pictures: Iterable[Image.Image], rate: int, path: Path, *, program: bool = False
) -> None:
    """Code pictures, rate a second, into a file. Blocks.

    program: use ffmpeg even where there is PyAV. Raises NoEncoder; OSError when ffmpeg fails.
    """
    if find_spec("av") and not program:
        path.write_bytes(b"".join(_by_pyav(codec, pictures, rate)))
    elif found := shutil.which("ffmpeg"):
        _by_ffmpeg(found, codec, pictures, rate, path)
    else:
        raise NoEncoder("a test picture needs PyAV (pip install av) or the program ffmpeg")


def split(codec: Codec, stream: bytes) -> tuple[bytes, ...]:
    """Cut a coded stream into its pictures."""
    if codec is MPEG2:
        return tuple(split_pictures(stream))
    return tuple(_DELIMITER + unit for unit in stream.split(_DELIMITER)[1:])


def _by_pyav(codec: Codec, pictures: Iterable[Image.Image], rate: int) -> Iterator[bytes]:
    import av

    context: av.VideoCodecContext | None = None
    for number, picture in enumerate(pictures):
        if context is None:
            context = _open(codec, picture.size, rate)
        data = picture.convert("RGBA").tobytes()
        frame = av.VideoFrame.from_bytes(data, *picture.size)
        frame.pts, frame.time_base = number, Fraction(1, rate)
        yield from map(bytes, context.encode(frame))
    if context:
        yield from map(bytes, context.encode(None))


def _open(codec: Codec, size: tuple[int, int], rate: int) -> av.VideoCodecContext:
    import av

    context = av.CodecContext.create(codec.name, "w")
    if not isinstance(context, av.VideoCodecContext):
        raise NoEncoder(f"{codec.name} codes no pictures")
    context.width, context.height = size
    context.pix_fmt, context.framerate = "yuv420p", Fraction(rate)
    context.gop_size, context.max_b_frames = rate, 0
    context.options = codec.options
    return context


def _by_ffmpeg(
    program: str, codec: Codec, pictures: Iterable[Image.Image], rate: int, path: Path
) -> None:
    left = iter(pictures)
    first = next(left)
    size = f"{first.width}x{first.height}"
    given = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(rate), "-i", "pipe:0")
    options = chain.from_iterable((f"-{name}", value) for name, value in codec.options.items())
    wanted = ("-c:v", codec.name, *options, "-g", str(rate), "-bf", "0", "-pix_fmt", "yuv420p")
    quiet = (program, "-hide_banner", "-loglevel", "error", "-y")
    process = subprocess.Popen(
        (*quiet, *given, *wanted, "-f", codec.form, str(path)),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        for picture in chain((first,), left):
            if process.stdin:
                process.stdin.write(picture.convert("RGB").tobytes())
        _, said = process.communicate()
    if process.returncode:
        raise OSError(f"ffmpeg failed: {said.decode(errors='replace')[:200]}")
