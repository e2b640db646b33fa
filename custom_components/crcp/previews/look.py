"""Find the pictures in a file by how it begins, whatever its name says."""

from itertools import islice
import struct
from typing import Final

from .boxes import is_boxes, read_boxes
from .errors import NoPreview
from .found import Found
from .jpeg import Jpeg, find_exif, is_jpeg, read_jpeg
from .tiff import is_tiff, read_tiff
from .window import Window

#: Fujifilm's RAF begins with this; place and size of its JPEG are numbers further on.
_FUJIFILM: Final = b"FUJIFILMCCD-RAW "
_FUJIFILM_JPEG: Final = 84

#: A raw file has up to five pictures.
MAX_PICTURES: Final = 12


def look(window: Window) -> tuple[int, list[Jpeg]]:
    """How a file is to be held (EXIF's orientation), and its pictures, the smallest first.

    Raises NoPreview when it has none that can be shown.
    """
    found = _find(window)
    jpegs = list(islice(_usable(found), MAX_PICTURES))
    if not jpegs:
        raise NoPreview("there is no picture in it that can be shown")
    return found.orientation, sorted(jpegs, key=lambda jpeg: jpeg.width * jpeg.height)


def orientation_of(window: Window) -> int:
    """How a file is to be held, 1 where that is not told. Most of it may be missing at its end."""
    try:
        if window.begins_with(_FUJIFILM):
            window = _fujifilm_jpeg(window)
        if is_jpeg(window):
            exif = find_exif(window)
            return read_tiff(exif).orientation if exif else 1
        return _find(window).orientation
    except NoPreview:
        return 1


def _find(window: Window) -> Found:
    if is_jpeg(window):
        return _of_jpeg(window)
    if is_tiff(window):
        return read_tiff(window)
    if is_boxes(window):
        return read_boxes(window)
    if window.begins_with(_FUJIFILM):
        return _of_jpeg(_fujifilm_jpeg(window))
    raise NoPreview("it is no picture of a kind that is known")


def _fujifilm_jpeg(window: Window) -> Window:
    place, size = struct.unpack(">II", window.read(_FUJIFILM_JPEG, 8))
    return window.part(place, size)


def _of_jpeg(window: Window) -> Found:
    """A JPEG file, and what its EXIF has."""
    found = Found()
    exif = read_jpeg(window).exif
    if exif:
        try:
            found = read_tiff(exif)
        except NoPreview:
            pass  # a picture is a picture without what it tells of itself
    found.pictures.append(window)
    return found


def _usable(found: Found) -> list[Jpeg]:
    jpegs = []
    for picture in found.pictures:
        try:
            jpegs.append(read_jpeg(picture))
        except NoPreview:
            continue
    return jpegs
