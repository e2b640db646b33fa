"""TIFF's directories (TIFF 6.0; EXIF 2.32; DNG 1.4), for the JPEG files that they point to.

EXIF is a TIFF file, and so are the raw files CR2, NEF, NRW, ARW, DNG, PEF, SRW, RW2 and ORF. A
directory is read entry by entry; the window's budget ends what leads in circles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
import struct
from typing import Final

from .errors import NoPreview
from .found import Found
from .window import Window

#: TIFF's own number, and those of Olympus (ORF) and Panasonic (RW2), after the byte order.
MAGICS: Final = frozenset({42, 0x4F52, 0x5352, 0x55})

#: Raw files have up to ten directories, each of some dozen entries.
MAX_DIRECTORIES: Final = 32
MAX_ENTRIES: Final = 512
MAX_CHILDREN: Final = 16

#: Old-style JPEG, and JPEG as DNG and later TIFF have it.
_JPEG: Final = frozenset({6, 7})

_ENTRY: Final = 12


class Tag(IntEnum):
    """The entries that matter here."""

    PANASONIC_JPEG = 0x002E
    COMPRESSION = 0x0103
    STRIP_OFFSETS = 0x0111
    ORIENTATION = 0x0112
    STRIP_BYTE_COUNTS = 0x0117
    SUB_DIRECTORIES = 0x014A
    JPEG_OFFSET = 0x0201
    JPEG_BYTE_COUNT = 0x0202


_TAGS: Final = frozenset(Tag)

#: Types SHORT, LONG and IFD hold numbers; a picture in an entry is UNDEFINED bytes.
_NUMBERS: Final = {3: "H", 4: "I", 13: "I"}
_UNDEFINED: Final = 7


@dataclass(frozen=True, slots=True)
class _Entry:
    type: int
    count: int
    value: bytes


def is_tiff(window: Window) -> bool:
    """Whether this begins like a TIFF file."""
    return window.size >= 8 and _byte_order(window.read(0, 4)) is not None


def read_tiff(window: Window) -> Found:
    """Find the pictures that the directories point to, as far as they make sense."""
    order = _byte_order(window.read(0, 4))
    if order is None:
        raise NoPreview("it is no TIFF file")
    found = Found()
    ahead = [_number(order, window.read(4, 4))]
    seen: set[int] = set()
    while ahead and len(seen) < MAX_DIRECTORIES:
        place = ahead.pop(0)
        if place == 0 or place in seen:
            continue
        try:
            directory, after = _directory(window, order, place)
            pictures = list(_pictures(window, order, directory))
        except NoPreview:
            continue
        if not seen:
            found.orientation = _orientation(order, directory)
        seen.add(place)
        found.pictures += pictures
        ahead += [*_numbers(window, order, directory.get(Tag.SUB_DIRECTORIES)), after]
    return found


def _byte_order(head: bytes) -> str | None:
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or struct.unpack(f"{order}H", head[2:4])[0] not in MAGICS:
        return None
    return order


def _directory(window: Window, order: str, place: int) -> tuple[dict[int, _Entry], int]:
    """Read a directory; also where the next one is, 0 for none."""
    (count,) = struct.unpack(f"{order}H", window.read(place, 2))
    if count > MAX_ENTRIES:
        raise NoPreview("a directory is too long")
    data = window.read(place + 2, count * _ENTRY)
    entries = {
        tag: _Entry(kind, number, value)
        for tag, kind, number, value in struct.iter_unpack(f"{order}HHI4s", data)
        if tag in _TAGS
    }
    end = place + 2 + len(data)
    # What writes the last directory at the end of the file may leave out that there is no next.
    after = _number(order, window.read(end, 4)) if end + 4 <= window.size else 0
    return entries, after


def _pictures(window: Window, order: str, directory: dict[int, _Entry]) -> Iterator[Window]:
    """The pictures of a directory, in the three ways in which cameras have them."""
    places = _numbers(window, order, directory.get(Tag.JPEG_OFFSET))
    sizes = _numbers(window, order, directory.get(Tag.JPEG_BYTE_COUNT))
    if len(places) == len(sizes) == 1:
        yield from _part(window, places[0], sizes[0])
    places = _numbers(window, order, directory.get(Tag.STRIP_OFFSETS))
    sizes = _numbers(window, order, directory.get(Tag.STRIP_BYTE_COUNTS))
    compression = _numbers(window, order, directory.get(Tag.COMPRESSION))
    if len(places) == len(sizes) == 1 and _JPEG.issuperset(compression):
        yield from _part(window, places[0], sizes[0])
    whole = directory.get(Tag.PANASONIC_JPEG)
    if whole and whole.type == _UNDEFINED:
        yield from _part(window, _number(order, whole.value), whole.count)


def _part(window: Window, place: int, size: int) -> Iterator[Window]:
    if place and size and place + size <= window.size:
        yield window.part(place, size)


def _numbers(window: Window, order: str, entry: _Entry | None) -> list[int]:
    """The numbers of an entry; none where there are more than anybody has pictures."""
    if entry is None or entry.type not in _NUMBERS or entry.count > MAX_CHILDREN:
        return []
    form = f"{order}{entry.count}{_NUMBERS[entry.type]}"
    size = struct.calcsize(form)
    data = entry.value[:size] if size <= 4 else window.read(_number(order, entry.value), size)
    return list(struct.unpack(form, data))


def _orientation(order: str, directory: dict[int, _Entry]) -> int:
    entry = directory.get(Tag.ORIENTATION)
    if entry is None or entry.type != 3:
        return 1
    (number,) = struct.unpack(f"{order}H", entry.value[:2])
    return number if 1 <= number <= 8 else 1


def _number(order: str, data: bytes) -> int:
    (number,) = struct.unpack(f"{order}I", data)
    return int(number)
