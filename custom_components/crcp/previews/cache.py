"""Small pictures on the disk, the latest used, up to a size. What is lost is made anew."""

from collections.abc import Iterator
from contextlib import suppress
import os
from pathlib import Path
from threading import Lock
from typing import Final

#: Twenty thousand thumbnails of about 12 kB, or what was looked at lately of a larger library.
MAX_SIZE: Final = 256 << 20

#: So much is left when there was too much, so that this is seldom.
_LEFT: Final = 0.9

_SUFFIX: Final = ".jpg"


class Cache:
    """A folder of small pictures. All calls block, and may come from any thread.

    A name is hexadecimal with dashes, so it is no path. A disk that does not serve costs time only.
    """

    def __init__(self, folder: Path, max_size: int = MAX_SIZE) -> None:
        self._folder = folder
        self._max_size = max_size
        self._size: int | None = None
        self._turn = Lock()

    def find(self, name: str) -> Path | None:
        """Where a picture is, which is used hereby; None where there is none."""
        path = self._path(name)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def keep(self, name: str, data: bytes) -> Path:
        """Keep a picture, and return where; what was used longest ago makes room."""
        path = self._path(name)
        with self._turn:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(data)
            self._size = self._measured() + len(data) - _size_of(path)
            part.replace(path)
            if self._size > self._max_size:
                self._make_room()
        return path

    def forget(self, name: str) -> None:
        """Remove a picture, if it is there. Raises OSError."""
        path = self._path(name)
        with self._turn:
            size = _size_of(path)
            path.unlink(missing_ok=True)
            if self._size is not None:
                self._size -= size

    def _path(self, name: str) -> Path:
        if not name or set(name) - set("0123456789abcdef-"):
            raise ValueError(name)
        return self._folder / name[:2] / f"{name}{_SUFFIX}"

    def _measured(self) -> int:
        """How large everything is; asked of the disk once, and counted from then on."""
        if self._size is None:
            self._size = sum(size for _, size, _ in self._files())
        return self._size

    def _make_room(self) -> None:
        files = sorted(self._files())
        size = sum(each for _, each, _ in files)
        for _, each, path in files:
            if size <= self._max_size * _LEFT:
                break
            path.unlink(missing_ok=True)
            size -= each
        self._size = size

    def _files(self) -> Iterator[tuple[int, int, Path]]:
        """When each file was used last, its size, and where it is."""
        for path in self._folder.glob(f"*/*{_SUFFIX}"):
            with suppress(OSError):  # somebody else may tidy up as well
                stat = path.stat()
                yield stat.st_mtime_ns, stat.st_size, path


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
