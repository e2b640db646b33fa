"""Files of any size that nobody has to store: the same bytes every time, at every place its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import shake_256
from typing import Final

from ..protocols.ptpip.codes import ObjectFormat
from .photos import FIRST_MORNING, InMemory, Photo

BLOCK: Final = 1 << 20

#: Each block begins at another place of the pattern, so that no two of a file are mixed up unseen.
_STEP: Final = 4093


@cache
def _pattern() -> memoryview:
    """Two blocks of noise, the same in every run."""
    return memoryview(shake_256(b"PTP-IP").digest(2 * BLOCK))


@dataclass(frozen=True, slots=True)
class Synthetic:
    """Content that is made when it is read."""

    size: int

    async def read(self, offset: int, size: int) -> bytes | memoryview:
        """Return size bytes from offset, or fewer where they end; a view where one block has all."""
        return self.bytes_at(offset, min(size, self.size - offset))

    def bytes_at(self, offset: int, size: int) -> bytes | memoryview:
        """The bytes at a place."""
        number, start = divmod(offset, BLOCK)
        if start + size <= BLOCK:
            return _block(number)[start : start + size]
        parts = []
        while size > 0:
            part = _block(number)[start : start + size]
            parts.append(part)
            size -= len(part)
            number, start = number + 1, 0
        return b"".join(parts)


def synthetic_movie(size: int, number: int = 1) -> Photo:
    """A movie of so many bytes."""
    name = f"MVI_{number:04}.MOV"
    return Photo(name, Synthetic(size), ObjectFormat.QUICKTIME, FIRST_MORNING)


def small_files(count: int) -> Iterator[Photo]:
    """So many pictures that are none, of a few bytes each: a full card for little memory."""
    for number in range(1, count + 1):
        content = InMemory(f"no picture {number}".encode())
        name = f"DSC_{(number - 1) % 9999 + 1:04}.JPG"
        yield Photo(name, content, ObjectFormat.EXIF_JPEG, FIRST_MORNING)


def _block(number: int) -> memoryview:
    start = number * _STEP % BLOCK
    return _pattern()[start : start + BLOCK]
