"""What a clip is gathered in: files without names, so a crash leaves nothing behind. Blocking."""

from collections import deque
from pathlib import Path
import tempfile
from typing import IO, Final

#: What was read is given back to the disk in pieces of so many bytes.
SEGMENT: Final = 64 << 20


class Spool:
    """Written first, and then read once from its front; what was read takes no room any more.

    So what is made of it needs no room beside it. One cannot go back in it: it has no seek.
    """

    def __init__(self, folder: Path, segment: int = SEGMENT) -> None:
        """Nothing is on the disk yet."""
        self._folder = folder
        self._segment = segment
        self._files: deque[IO[bytes]] = deque()
        self._room = 0
        self._is_read = False

    def write(self, piece: memoryview) -> None:
        """Append a piece. Raises OSError."""
        while piece:
            if not self._room:
                self._files.append(tempfile.TemporaryFile(dir=self._folder, buffering=0))
                self._room = self._segment
            written = self._files[-1].write(piece[: self._room])
            self._room -= written
            piece = piece[written:]

    def read(self, size: int) -> bytes:
        """Take the next bytes, at most so many; b"" at the end. Raises OSError."""
        if not self._is_read:
            self._is_read = True
            for file in self._files:
                file.seek(0)
        while self._files:
            if piece := self._files[0].read(size):
                return piece
            self._files.popleft().close()
        return b""

    def close(self) -> None:
        """Throw away what is left; one can begin anew then."""
        while self._files:
            self._files.popleft().close()
        self._room, self._is_read = 0, False
