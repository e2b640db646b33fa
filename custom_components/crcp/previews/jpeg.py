"""A JPEG file's head (ITU-T T.81, annex B), and the file without all that a decoder does not need.

A decoder is given tables and picture only: no EXIF, no colour profiles, no comments, nothing that
could lead it astray, and no more work than bounds allow.
"""

from collections.abc import Buffer, Callable
from dataclasses import dataclass
import io
import struct
from typing import Final, override

from .errors import NoPreview
from .window import Window

SOI: Final = b"\xff\xd8"

#: Markers before the picture. Cameras write about twenty, of at most 64 KiB each.
MAX_SEGMENTS: Final = 256

#: What cameras have: 150 million pixels, and panoramas.
MAX_PIXELS: Final = 200_000_000

#: A picture that comes in several scans is held in memory whole, with two bytes for each sample.
MAX_PIXELS_IN_SCANS: Final = 16_000_000

#: An encoder makes about ten; each one is work on the whole picture.
MAX_SCANS: Final = 64

_SOF: Final = frozenset({0xC0, 0xC1, 0xC2})
_PROGRESSIVE: Final = 0xC2
_NEEDED: Final = frozenset({*_SOF, 0xC4, 0xDB, 0xDD, 0xEE})  # frame, tables, restarts, Adobe's
_SOS: Final = 0xDA
_SOS_MARKER: Final = b"\xff\xda"
_APP1: Final = 0xE1
_EXIF: Final = b"Exif\0\0"

#: Markers that mean another process, and end the search: lossless, hierarchical, arithmetic.
_OTHER_PROCESSES: Final = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Jpeg:
    """A JPEG file that may be decoded. head: its needed markers; the picture begins at scan.

    exif: where the TIFF structure of its EXIF is, if it has any.
    """

    window: Window
    width: int
    height: int
    head: bytes
    scan: int
    exif: Window | None


def is_jpeg(window: Window) -> bool:
    """Whether this begins like a JPEG file."""
    return window.begins_with(SOI + b"\xff")


def read_jpeg(window: Window) -> Jpeg:
    """Read the head. Raises NoPreview for what is no JPEG file, or not to be decoded here."""
    if not is_jpeg(window):
        raise NoPreview("it is no JPEG file")
    head = bytearray(SOI)
    width = height = components = 0
    progressive = False
    exif: Window | None = None
    offset = 2
    for _ in range(MAX_SEGMENTS):
        marker, size = _segment(window, offset)
        if marker in _OTHER_PROCESSES:
            raise NoPreview("it is a JPEG file of an unusual kind")
        if marker in _SOF:
            _depth, height, width, components = struct.unpack(">BHHB", window.read(offset + 4, 6))
            progressive = marker == _PROGRESSIVE
        if marker == _SOS:
            in_scan = window.read(offset + 4, 1)[0]
            _check(width, height, in_scans=progressive or in_scan < components)
            return Jpeg(window, width, height, bytes(head), offset, exif)
        if marker in _NEEDED:
            head += window.read(offset, 2 + size)
        elif exif is None:
            exif = _exif(window, offset, marker, size)
        offset += 2 + size
    raise NoPreview("its head has no end")


def find_exif(window: Window) -> Window | None:
    """Where the TIFF structure of the EXIF of a JPEG file is; what follows is not looked at.

    Raises NoPreview.
    """
    offset = 2
    for _ in range(MAX_SEGMENTS):
        marker, size = _segment(window, offset)
        exif = _exif(window, offset, marker, size)
        if exif or marker == _SOS:
            return exif
        offset += 2 + size
    return None


def _exif(window: Window, offset: int, marker: int, size: int) -> Window | None:
    """What a segment has of it."""
    if marker != _APP1 or size <= 2 + len(_EXIF):
        return None
    if window.read(offset + 4, len(_EXIF)) != _EXIF:
        return None
    return window.part(offset + 10, size - 8)


def _segment(window: Window, offset: int) -> tuple[int, int]:
    """A marker and its length, which counts itself."""
    start, marker, size = struct.unpack(">BBH", window.read(offset, 4))
    if start != 0xFF or marker < 0xC0 or size < 2:
        raise NoPreview("its head makes no sense")
    return marker, size


def _check(width: int, height: int, *, in_scans: bool) -> None:
    bound = MAX_PIXELS_IN_SCANS if in_scans else MAX_PIXELS
    if not 0 < width * height <= bound:
        raise NoPreview(f"it has {width} x {height} pixels")


class Cleaned(io.RawIOBase):
    """A JPEG file as a decoder gets it. check: called with each piece, and may raise."""

    def __init__(self, jpeg: Jpeg, check: Callable[[], None]) -> None:
        super().__init__()
        self._jpeg = jpeg
        self._check = check
        self._place = 0
        self._scans = 0
        self._last = b""

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._place

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("only from the beginning")
        self._place, self._scans, self._last = offset, 0, b""
        return offset

    @override
    def readinto(self, buffer: Buffer) -> int:
        """Read some of the head, or of the picture. Raises NoPreview when it is too much."""
        self._check()
        view, head = memoryview(buffer), self._jpeg.head
        if self._place < len(head):
            data = head[self._place :][: len(view)]
        else:
            data = self._picture(self._place - len(head), len(view))
            self._count_scans(data)
        view[: len(data)] = data
        self._place += len(data)
        return len(data)

    def _picture(self, offset: int, size: int) -> bytes:
        window = self._jpeg.window
        left = max(window.size - self._jpeg.scan - offset, 0)
        window.file.seek(window.start + self._jpeg.scan + offset)
        return window.file.read(min(size, left))

    def _count_scans(self, data: bytes) -> None:
        """Count them; within a scan such a marker cannot be (B.1.1.5)."""
        self._scans += (self._last + data).count(_SOS_MARKER)
        self._last = data[-1:]
        if self._scans > MAX_SCANS:
            raise NoPreview("it comes in too many scans")
