"""A file that is looked into here and there, and never read whole."""

from dataclasses import dataclass, field
from typing import IO, Self

from .errors import NoPreview

#: So many looks find every picture in every camera's files, and end every loop in a forged one.
MAX_LOOKS = 4096

#: So many bytes do, too. Pictures themselves do not count, they are not read through a window.
MAX_BYTES = 4 << 20


@dataclass(slots=True)
class _Budget:
    looks: int = MAX_LOOKS
    bytes: int = MAX_BYTES


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a file, from start on, size bytes long.

    All windows of one file share a budget of looks, so a structure that leads in circles ends.
    """

    file: IO[bytes]
    start: int
    size: int
    _budget: _Budget = field(default_factory=_Budget)

    def read(self, offset: int, size: int) -> bytes:
        """Read exactly so many bytes. Raises NoPreview for what lies outside, or is too much."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise NoPreview("it points outside of itself")
        self._budget.looks -= 1
        self._budget.bytes -= size
        if self._budget.looks < 0 or self._budget.bytes < 0:
            raise NoPreview("it leads on and on")
        self.file.seek(self.start + offset)
        data = self.file.read(size)
        if len(data) != size:
            raise NoPreview("it is cut off")
        return data

    def begins_with(self, magic: bytes, offset: int = 0) -> bool:
        """Whether these bytes are there."""
        return offset + len(magic) <= self.size and self.read(offset, len(magic)) == magic

    def part(self, offset: int, size: int) -> Self:
        """A stretch of this one. Raises NoPreview for what lies outside."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise NoPreview("it points outside of itself")
        return type(self)(self.file, self.start + offset, size, self._budget)
