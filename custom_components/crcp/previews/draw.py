"""Paint a picture small: the one place where something foreign is decoded, by Pillow.

What comes out is a JPEG file of our own making, so nothing of the one that came in reaches a
browser. Memory: at most MAX_DECODED pixels of three bytes, and what jpeg bounds; time: PATIENCE.
"""

from collections.abc import Callable
import io
import time
from typing import Final

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from .errors import NoPreview
from .jpeg import Cleaned, Jpeg

#: Seconds that one picture may take. A large one takes one on a slow machine.
PATIENCE: Final = 20.0

#: A decoder halves a large picture while it reads it, up to three times; this is what may be left.
MAX_DECODED: Final = 20_000_000

#: Good enough for a picture on a screen.
QUALITY: Final = 82

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def draw(jpeg: Jpeg, side: int, orientation: int, patience: float = PATIENCE) -> bytes:
    """Make a JPEG file of at most side x side pixels, upright. Raises NoPreview."""
    # The class and not Image.open: no other format is tried, and nothing else of the file is read.
    try:
        with JpegImageFile(io.BufferedReader(Cleaned(jpeg, _clock(patience)))) as image:
            image.draft("RGB", (side, side))
            if image.width * image.height > MAX_DECODED:
                raise NoPreview(f"it has {jpeg.width} x {jpeg.height} pixels")
            return _paint(image, side, orientation)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise NoPreview(f"it cannot be decoded: {error}") from error


def _paint(image: Image.Image, side: int, orientation: int) -> bytes:
    image.thumbnail((side, side), reducing_gap=2.0)
    picture = image.convert("RGB")
    if orientation in _TURNS:
        picture = picture.transpose(_TURNS[orientation])
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()


def _clock(patience: float) -> Callable[[], None]:
    end = time.monotonic() + patience

    def check() -> None:
        if time.monotonic() > end:
            raise NoPreview("it takes too long")

    return check
