"""Reading files of the library back, through no symbolic link. All calls block."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
import hashlib
from io import FileIO
import os
from pathlib import Path, PurePosixPath
import stat

from .ends import hash_of_ends
from .errors import UnsafePath, storage_error
from .folders import EXISTING_FILE, FOLDER, open_library
from .naming import TRIED_IN_ORDER, numbered


def sha256_of(library: Path, path: PurePosixPath) -> str | None:
    """Read a file of the library back; None when it is not there, or is no plain file."""
    return _read(library, path, _hash_of_what_is_stored)


class Hashes:
    """The hashes of files of the library; each is read once, as long as it does not change."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, PurePosixPath, int, int, int], str] = {}

    def of(self, library: Path, path: PurePosixPath) -> str | None:
        """A file's hash; None as for sha256_of."""
        state = _read(library, path, lambda file: os.fstat(file.fileno()))
        if state is None:
            return None
        key = library, path, state.st_ino, state.st_size, state.st_mtime_ns
        if key not in self._known:
            found = sha256_of(library, path)
            if found is None:
                return None
            self._known[key] = found
        return self._known[key]


def ends_of(library: Path, path: PurePosixPath, size: int | None) -> str | None:
    """The hash of both ends of a file as a photo of this size has them; None as for sha256_of."""

    def ends(file: FileIO) -> str:
        return hash_of_ends(size, lambda offset, length: os.pread(file.fileno(), length, offset))

    return _read(library, path, ends)


def files_named(library: Path, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, int]]:
    """The files that a photo of this path may be, by path and size: a name that was taken is numbered."""
    for number in range(TRIED_IN_ORDER):
        place = path.with_name(numbered(path.name, number))
        try:
            status = (library / place).lstat()
        except OSError:
            return
        if stat.S_ISREG(status.st_mode):
            yield place, status.st_size


def _read[Result](
    library: Path, path: PurePosixPath, read: Callable[[FileIO], Result]
) -> Result | None:
    """Read a file; what the system says is said in the importer's words."""
    try:
        with _reading(library, path) as file:
            return read(file)
    except FileNotFoundError, NotADirectoryError, IsADirectoryError:
        return None
    except OSError as error:
        said = storage_error(path, error)
        if isinstance(said, UnsafePath):
            return None
        raise said from error


def _hash_of_what_is_stored(file: FileIO) -> str:
    """Have it read from the disk or the share, and not from memory: it was flushed."""
    with suppress(OSError):  # a file system that cannot do it is read as it likes
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _reading(library: Path, path: PurePosixPath) -> Iterator[FileIO]:
    """Open a file of the library for reading, through no symbolic link."""
    folder = open_library(library)
    try:
        for name in path.parts[:-1]:
            below = os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = below
        descriptor = os.open(path.name, EXISTING_FILE, dir_fd=folder)
    finally:
        os.close(folder)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield file
