"""Make a small picture of a file: of the camera's own, of one in the file, or of all of it."""

import io
from typing import IO, Final

from .draw import draw
from .errors import NoPreview
from .jpeg import Jpeg, read_jpeg
from .look import look, orientation_of
from .window import Window

#: The longest side of a picture in a list, and of one to look at, in pixels.
THUMBNAIL: Final = 320
PREVIEW: Final = 2048

#: A picture that serves as a thumbnail; cameras make them 160 pixels wide.
_LARGE_ENOUGH: Final = 120

#: A camera's thumbnail is some ten kilobytes large.
MAX_CAMERAS: Final = 1 << 20


def make_thumbnail(file: IO[bytes], size: int, cameras: bytes | None = None) -> bytes:
    """A JPEG file for a list. cameras: the thumbnail that the camera gave. Raises NoPreview.

    Blocks. The smallest picture that is large enough is taken: it costs the least.
    """
    try:
        orientation, jpegs = look(Window(file, 0, size))
    except NoPreview:
        if not cameras:
            raise
        orientation, jpegs = 1, []
    small = [jpeg for jpeg in jpegs if max(jpeg.width, jpeg.height) >= _LARGE_ENOUGH]
    return _first(_of_camera(cameras) + small + jpegs[::-1], THUMBNAIL, orientation)


def make_of_camera(cameras: bytes, head: bytes = b"", size: int = 0) -> bytes:
    """A JPEG file for a list, of a camera's thumbnail alone. Raises NoPreview. Blocks.

    head: how the file begins, which has that many bytes: a thumbnail does not tell how it is held.
    """
    orientation = orientation_of(Window(io.BytesIO(head), 0, size))
    return _first(_of_camera(cameras), THUMBNAIL, orientation)


def make_preview(file: IO[bytes], size: int) -> bytes:
    """A JPEG file to look at, of the largest picture in a file. Raises NoPreview. Blocks."""
    orientation, jpegs = look(Window(file, 0, size))
    return _first(jpegs[::-1], PREVIEW, orientation)


def _of_camera(data: bytes | None) -> list[Jpeg]:
    if not data or len(data) > MAX_CAMERAS:
        return []
    try:
        return [read_jpeg(Window(io.BytesIO(data), 0, len(data)))]
    except NoPreview:
        return []


def _first(jpegs: list[Jpeg], side: int, orientation: int) -> bytes:
    """Of the first that can be decoded."""
    error = NoPreview("there is no picture in it that can be shown")
    for jpeg in jpegs:
        try:
            return draw(jpeg, side, orientation)
        except NoPreview as no_preview:
            error = no_preview
    raise error
