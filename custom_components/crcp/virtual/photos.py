"""The photos on a virtual camera's card: generated ones, or files of one's own.

Pillow takes long to load, so only what makes or reads a picture asks for it.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from typing import Final, Protocol, Self
from zlib import crc32

from ..protocols.ptpip.codes import ObjectFormat
from ..protocols.ptpip.datatypes import Bytes

#: A small camera's picture.
WIDTH, HEIGHT = 640, 427

#: A PTP string ends in a zero and counts 255 at most; surrogates count twice.
MAX_NAME_LENGTH: Final = 127

#: When the first generated picture was taken, and how long the photographer walks to the next.
FIRST_MORNING: Final = datetime.fromisoformat("2026-05-01T06:42:10")
WALK: Final = timedelta(hours=5, minutes=17, seconds=23)

#: The number of the place before the first one that only a second card shows.
TWINS: Final = 5000

#: RAW files have a small JPEG file of what they show near their beginning; so it begins.
HEAD: Final = 1 << 20
JPEG: Final = b"\xff\xd8\xff"

#: What a camera's card holds, by file name. Cameras say "undefined" of RAW files.
FORMATS: Final = {
    ".jpg": ObjectFormat.EXIF_JPEG,
    ".jpeg": ObjectFormat.EXIF_JPEG,
    ".png": ObjectFormat.PNG,
    ".tif": ObjectFormat.TIFF,
    ".tiff": ObjectFormat.TIFF,
    ".dng": ObjectFormat.DNG,
    ".avi": ObjectFormat.AVI,
    ".mov": ObjectFormat.QUICKTIME,
    ".mp4": ObjectFormat.MP4,
    ".wav": ObjectFormat.WAV,
    **dict.fromkeys(
        (".arw", ".cr2", ".cr3", ".heic", ".nef", ".orf", ".pef", ".raf", ".rw2"),
        ObjectFormat.UNDEFINED,
    ),
}


class Content(Protocol):
    """The bytes of an object."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    async def read(self, offset: int, size: int) -> Bytes:
        """Return size bytes from offset, or fewer where they end."""


@dataclass(frozen=True, slots=True)
class InMemory:
    """Bytes at hand."""

    data: bytes

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    async def read(self, offset: int, size: int) -> Bytes:
        """Return a view of them."""
        return memoryview(self.data)[offset : offset + size]


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file, read in pieces; size is what it was when the card was filled.

    A file that is gone by now has no bytes, so its transfer is broken off.
    """

    path: Path
    size: int

    async def read(self, offset: int, size: int) -> Bytes:
        """Read a piece, away from the event loop."""
        return await asyncio.to_thread(self._read, offset, size)

    def _read(self, offset: int, size: int) -> bytes:
        try:
            file = os.open(self.path, os.O_RDONLY)
        except OSError:  # gone, or not ours to read: the object comes up short, as from a bad card
            return b""
        try:
            return os.pread(file, size, offset)
        finally:
            os.close(file)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of other content."""

    whole: Content
    start: int
    size: int

    async def read(self, offset: int, size: int) -> Bytes:
        """Return size bytes from offset, or fewer where the part ends."""
        return await self.whole.read(self.start + offset, min(size, self.size - offset))


@dataclass(frozen=True, slots=True)
class Photo:
    """A file on the card.

    captured: the camera's local time. thumb: a JPEG; where there is none, any_thumb makes one.
    """

    name: str
    content: Content
    object_format: ObjectFormat
    captured: datetime | None = None
    width: int = 0
    height: int = 0
    thumb: bytes | None = None

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Describe a file of one's own. Blocks.

        The capture date is EXIF's; only what has no EXIF at all, a movie say, has the file's time.
        """
        from .pictures import facts

        found = facts(path)
        status = path.stat()
        modified = datetime.fromtimestamp(status.st_mtime, UTC).astimezone().replace(tzinfo=None)
        return cls(
            _object_name(path),
            OnDisk(path, status.st_size),
            format_of(path.name),
            found.captured if found.has_exif else modified,
            found.width,
            found.height,
            found.thumb,
        )

    @classmethod
    def generate(cls, number: int, captured: datetime, name: str = "", model: str = "") -> Self:
        """Paint a picture: the same number, the same place. Blocks."""
        from .pictures import landscape, make_thumb

        data = landscape(number, captured, WIDTH, HEIGHT, model or "Virtual camera")
        return cls(
            name or dcf_name(number),
            InMemory(data),
            ObjectFormat.EXIF_JPEG,
            captured,
            WIDTH,
            HEIGHT,
            make_thumb(data),
        )

    async def any_thumb(self) -> bytes:
        """Return the thumbnail, or make one: of what Pillow can read, or else of some place."""
        if self.thumb:
            return self.thumb
        if self.object_format.is_image:
            picture = bytes(await self.content.read(0, self.content.size))
        else:
            head = bytes(await self.content.read(0, min(self.content.size, HEAD)))
            picture = head[head.find(JPEG) :] if JPEG in head else b""
        return await asyncio.to_thread(self._make_thumb, picture)

    def _make_thumb(self, picture: bytes) -> bytes:
        from .pictures import DECOMPRESSION_BOMB, landscape, make_thumb

        try:
            return make_thumb(picture)
        except OSError, ValueError, DECOMPRESSION_BOMB:
            place = crc32(self.name.encode())
            return make_thumb(landscape(place, FIRST_MORNING, WIDTH, HEIGHT, self.name))


def _object_name(path: Path) -> str:
    """A file name as an object has it: a PTP string holds 254 characters."""
    return path.stem[: MAX_NAME_LENGTH - len(path.suffix)] + path.suffix


def sample_photos(count: int) -> Iterator[Photo]:
    """Paint the first pictures of a walk through a landscape. Blocks."""
    for number in range(1, count + 1):
        yield Photo.generate(number, FIRST_MORNING + (number - 1) * WALK)


def twin_photos(count: int) -> Iterator[Photo]:
    """Paint other pictures with the names of the first, as a second card may hold. Blocks."""
    for number in range(1, count + 1):
        captured = FIRST_MORNING + (number - 1) * WALK
        yield Photo.generate(TWINS + number, captured, dcf_name(number))


def photos_in(folder: Path) -> Iterator[Photo]:
    """Describe the pictures and movies in a folder, by name. Blocks."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in FORMATS and path.is_file():
            yield Photo.from_file(path)


def dcf_name(number: int) -> str:
    """The file name of a camera's picture by DCF; after 9999 comes 0001 again."""
    return f"IMG_{(number - 1) % 9999 + 1:04}.JPG"


def format_of(name: str) -> ObjectFormat:
    """The object format that a camera gives to a file of this name."""
    return FORMATS.get(Path(name).suffix.lower(), ObjectFormat.UNDEFINED)
