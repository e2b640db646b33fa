"""The library's folder and the folders below it, opened one component after the other.

No symbolic link is followed, so neither a name nor what somebody put in the way leads out of the
library. All calls block. Errors are ImporterErrors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import os
from pathlib import Path, PurePath, PurePosixPath
from typing import Final

from .errors import LibraryMissing, storage_error

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
EXISTING_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

#: How file systems say that they cannot flush a folder, or what was not opened for writing.
_NOTHING_TO_FLUSH: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})

#: The folders whose names are known to be on the disk: to flush them for each photo takes longer
#: than all the rest of a small one.
_FLUSHED: Final[set[tuple[int, int]]] = set()


def check_library(library: Path) -> None:
    """Raise LibraryMissing when the library's folder is not there."""
    os.close(open_library(library))


def open_library(library: Path) -> int:
    """Open the library's folder; whoever calls closes it. Raises LibraryMissing."""
    try:
        return os.open(library, FOLDER)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LibraryMissing(library, error.errno or 0, error.strerror or "") from error
    except OSError as error:
        raise storage_error(library, error) from error


def descend(folder: int, path: PurePosixPath) -> int:
    """Open the folder that path lies in, making what is missing; closes the one it starts from."""
    for name in path.parts[:-1]:
        try:
            below = _enter(folder, name)
        finally:
            os.close(folder)
        folder = below
    return folder


def flush(descriptor: int) -> None:
    """Have a file or a folder on the disk, where the file system can do that."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOTHING_TO_FLUSH:
            raise


@contextmanager
def words(path: PurePath) -> Iterator[None]:
    """Say what the system says in the importer's words."""
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error


def _enter(folder: int, name: str) -> int:
    made = True
    try:
        os.mkdir(name, dir_fd=folder)
    except FileExistsError:
        made = False
    below = os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=folder)
    try:
        status = os.fstat(below)
        # Also for a folder that was there: whoever made it may have been killed before this line.
        if made or (status.st_dev, status.st_ino) not in _FLUSHED:
            flush(folder)
            _FLUSHED.add((status.st_dev, status.st_ino))
    except BaseException:
        os.close(below)
        raise
    return below
