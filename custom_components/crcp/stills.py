"""Stills out of a live picture: JPEG pictures as they are, of others the newest key frame.

Not those of Home Assistant's player: it would go on to fetch the picture for minutes, and one that
is just ending ends the next one with it.
"""

from collections.abc import Awaitable, Callable
import io
from typing import TYPE_CHECKING, Final

from PIL import Image

from .live.feed import Feed
from .protocols.crcp.depacketise import MediaFrame

if TYPE_CHECKING:
    import av

JPEG: Final = 26

#: Pillow's, 1 to 95.
QUALITY: Final = 85

#: PyAV's names of what a frame holds, by payload type.
_FORMS: Final = {33: "mpegts", 32: "mpegvideo"}


async def next_still(
    feed: Feed, run: Callable[[Callable[[MediaFrame], bytes], MediaFrame], Awaitable[bytes]]
) -> bytes | None:
    """The newest picture that can be shown by itself, or the next one to come, as a JPEG file.

    run: has blocking work done elsewhere. None when there is no picture any more.
    """
    while not feed.closed:
        with feed.watch() as viewer:
            async for frame in viewer:
                if frame.payload_type == JPEG:
                    return frame.data
                if frame.is_start and (still := await run(make_still, frame)):
                    return still
    return None


def make_still(frame: MediaFrame) -> bytes:
    """A key frame as a JPEG file; b"" where there is no picture in it, or no PyAV. Blocking."""
    try:
        import av
    except ImportError:
        return b""
    if frame.payload_type not in _FORMS:
        return b""
    try:
        with av.open(io.BytesIO(frame.data), "r", format=_FORMS[frame.payload_type]) as opened:
            picture = next(opened.decode(video=0), None)
    except av.FFmpegError, IndexError, ValueError:
        return b""
    return _as_jpeg(picture) if picture else b""


def _as_jpeg(picture: av.VideoFrame) -> bytes:
    """Code a picture, each line of which may be longer than it is wide."""
    colours = picture.reformat(format="rgb24").planes[0]
    size = (picture.width, picture.height)
    made = io.BytesIO()
    image = Image.frombuffer("RGB", size, bytes(colours), "raw", "RGB", colours.line_size, 1)
    image.save(made, "JPEG", quality=QUALITY)
    return made.getvalue()
