"""Pieces of an object, gathered into larger ones: a write to a disk costs the same for each."""

from collections.abc import Awaitable, Callable
from typing import Final

#: Cameras send Data packets of 64 KiB or less, and sockets cut them further.
PIECE: Final = 1 << 20

#: A piece of this size is worth a write of its own, and is not copied.
LARGE: Final = PIECE // 4

#: Takes a piece of an object. The view is valid until the call returns.
type Write = Callable[[memoryview], Awaitable[object]]


class Gather:
    """Hands pieces on to write in order, small ones together; flush hands on the last of them."""

    def __init__(self, write: Write) -> None:
        """Hold nothing yet."""
        self._write = write
        self._buffer: memoryview | None = None
        self._held = 0

    async def write(self, piece: memoryview) -> None:
        """Take a piece of any size."""
        if not self._held and len(piece) >= LARGE:
            await self._write(piece)
            return
        if self._buffer is None:
            self._buffer = memoryview(bytearray(PIECE))
        while piece:
            part = piece[: PIECE - self._held]
            self._buffer[self._held : self._held + len(part)] = part
            self._held += len(part)
            piece = piece[len(part) :]
            if self._held == PIECE:
                await self.flush()

    async def flush(self) -> None:
        """Hand on what is held."""
        if self._held and self._buffer is not None:
            held, self._held = self._held, 0
            await self._write(self._buffer[:held])
