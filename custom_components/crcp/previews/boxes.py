"""Boxes (ISO/IEC 14496-12), for the pictures in CR3 and HEIF files.

A CR3 file has JPEG files in boxes of Canon's own, as Laurent Clévy and the ExifTool project have
found them. A HEIF file (ISO/IEC 23008-12) has items; what shows without a decoder for HEVC is an
item that is a JPEG, and the thumbnail of its EXIF.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
import struct
from typing import Final

from .errors import NoPreview
from .found import Found
from .tiff import is_tiff, read_tiff
from .window import Window

CANON_HEADER: Final = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
CANON_PREVIEW: Final = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16")

#: Where Canon's boxes have the size of their JPEG, and the JPEG itself, from behind the type on.
_THUMB_SIZE: Final = 8
_PREVIEW_SIZE: Final = 12
_JPEG_AT: Final = 16

#: Canon's preview box stands behind two numbers that nobody has explained.
_BEFORE_PREVIEW: Final = 8

#: The files of cameras have some dozen boxes side by side, and items of each tile of a picture.
MAX_BOXES: Final = 256
MAX_ITEMS: Final = 1024

#: An item may be in pieces; those that are shown are whole.
_WHOLE: Final = 1


@dataclass(frozen=True, slots=True)
class _Box:
    type: bytes
    body: Window


def is_boxes(window: Window) -> bool:
    """Whether this begins like a file of boxes."""
    return window.begins_with(b"ftyp", 4)


def read_boxes(window: Window) -> Found:
    """Find the pictures in a CR3 or a HEIF file, as far as it makes sense. A movie has none."""
    found = Found()
    with suppress(NoPreview):  # it may be cut off, and begin with what is looked for
        for box in _boxes(window):
            _read_box(window, box, found)
    return found


def _read_box(window: Window, box: _Box, found: Found) -> None:
    if box.type == b"moov":
        _read_canon_header(box.body, found)
    elif box.type == b"uuid" and box.body.begins_with(CANON_PREVIEW):
        _read_canon_preview(box.body, found)
    elif box.type == b"meta":
        _read_items(window, box.body, found)


def _boxes(window: Window, offset: int = 0) -> Iterator[_Box]:
    """The boxes side by side, from offset on, until one makes no sense."""
    for _ in range(MAX_BOXES):
        if offset + 8 > window.size:
            return
        size, kind = struct.unpack(">I4s", window.read(offset, 8))
        head = 8
        if size == 1:
            head = 16
            (size,) = struct.unpack(">Q", window.read(offset + 8, 8))
        elif size == 0:
            size = window.size - offset
        if size < head or offset + size > window.size:
            return
        yield _Box(kind, window.part(offset + head, size - head))
        offset += size


# -- Canon's CR3 -----------------------------------------------------------------------------------


def _read_canon_header(moov: Window, found: Found) -> None:
    for box in _boxes(moov):
        if box.type != b"uuid" or not box.body.begins_with(CANON_HEADER):
            continue
        for inner in _boxes(box.body, len(CANON_HEADER)):
            if inner.type == b"CMT1" and is_tiff(inner.body):
                found.orientation = read_tiff(inner.body).orientation
            elif inner.type == b"THMB":
                _add_jpeg(inner.body, _THUMB_SIZE, found)


def _read_canon_preview(body: Window, found: Found) -> None:
    for box in _boxes(body, len(CANON_PREVIEW) + _BEFORE_PREVIEW):
        if box.type == b"PRVW":
            _add_jpeg(box.body, _PREVIEW_SIZE, found)


def _add_jpeg(body: Window, size_at: int, found: Found) -> None:
    (size,) = struct.unpack(">I", body.read(size_at, 4))
    if size and _JPEG_AT + size <= body.size:
        found.pictures.append(body.part(_JPEG_AT, size))


# -- HEIF ------------------------------------------------------------------------------------------


def _read_items(file: Window, meta: Window, found: Found) -> None:
    """Look at the items that need no decoder (23008-12, 10.2.1; 14496-12, 8.11)."""
    inside = {box.type: box.body for box in _boxes(meta, 4)}
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    kinds = dict(_kinds(inside[b"iinf"]))
    for number, place, size in _places(inside[b"iloc"]):
        kind = kinds.get(number)
        if place + size > file.size:
            continue
        if kind == b"jpeg":
            found.pictures.append(file.part(place, size))
        elif kind == b"Exif":
            _read_exif_item(file.part(place, size), found)


def _read_exif_item(item: Window, found: Found) -> None:
    """An item of EXIF begins with how far behind that its TIFF header is."""
    (before,) = struct.unpack(">I", item.read(0, 4))
    if 4 + before < item.size:
        tiff = item.part(4 + before, item.size - 4 - before)
        if is_tiff(tiff):
            # The orientation is said by a property of the picture as well, and not twice applied:
            # its thumbnail is held as the camera was.
            inside = read_tiff(tiff)
            found.orientation = inside.orientation
            found.pictures += inside.pictures


def _kinds(iinf: Window) -> Iterator[tuple[int, bytes]]:
    """The type of each item, by its number."""
    version = iinf.read(0, 1)[0]
    for box in _boxes(iinf, 6 if version == 0 else 8):
        if box.type == b"infe":
            version = box.body.read(0, 1)[0]
            if version == 2:
                number, _, kind = struct.unpack(">HH4s", box.body.read(4, 8))
                yield number, kind
            elif version == 3:
                number, _, kind = struct.unpack(">IH4s", box.body.read(4, 10))
                yield number, kind


def _places(iloc: Window) -> Iterator[tuple[int, int, int]]:
    """The number, place and size of each item that lies in one piece in this file."""
    version, sizes, more = struct.unpack(">B3xBB", iloc.read(0, 6))
    if version > 2:
        raise NoPreview("its items are listed in an unknown way")
    reader = _Reader(iloc, 6)
    offset_size, length_size, base_size = sizes >> 4, sizes & 15, more >> 4
    index_size = more & 15 if version else 0
    wide = 4 if version == 2 else 2
    for _ in range(min(reader.number(wide), MAX_ITEMS)):
        number = reader.number(wide)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)  # which file: this one
        base = reader.number(base_size)
        extents = reader.number(2)
        if extents > MAX_ITEMS:
            raise NoPreview("an item is in too many pieces")
        place = size = 0
        for _ in range(extents):
            reader.number(index_size)
            place, size = base + reader.number(offset_size), reader.number(length_size)
        if extents == _WHOLE and method == 0:
            yield number, place, size


class _Reader:
    """Numbers one after the other."""

    def __init__(self, window: Window, offset: int) -> None:
        self._window = window
        self._offset = offset

    def number(self, size: int) -> int:
        """The next number, of so many bytes; of none it is 0."""
        if size == 0:
            return 0
        data = self._window.read(self._offset, size)
        self._offset += size
        return int.from_bytes(data)
