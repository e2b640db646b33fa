"""Reading files of the library back, through no symbolic link. All calls block."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
import hashlib
from io import FileIO
import os
from pathlib import Path, PurePosixPath

from .errors import UnsafePath, storage_error
from .files import EXISTING_FILE, FOLDER, open_library


def sha256_of(library: Path, path: PurePosixPath) -> str | None:
    """Read a file of the library back; None when it is not there, or is no plain file."""
    found = read_back(library, path)
    return None if found is None else found[0]


def read_back(
    library: Path, path: PurePosixPath, places: Iterable[int] = (), size: int = 0
) -> tuple[str, list[bytes]] | None:
    """The hash of a file of the library, and size bytes from each of these places of it.

    None when it is not there, or is no plain file.
    """
    try:
        with _reading(library, path) as file:
            _forget_what_is_in_memory(file)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return digest, [os.pread(file.fileno(), size, place) for place in places]
    except FileNotFoundError, NotADirectoryError, IsADirectoryError:
        return None
    except OSError as error:
        said = storage_error(path, error)
        if isinstance(said, UnsafePath):
            return None
        raise said from error


def _forget_what_is_in_memory(file: FileIO) -> None:
    """Have it read from the disk or the share, which is what has to be right; it was flushed."""
    with suppress(OSError):  # a file system that cannot do it is read as it likes
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


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
