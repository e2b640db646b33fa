"""One file on its way into the library: a part file until it is whole, flushed, then its name.

A final name never holds less than the whole photo, and never replaces what has that name already.

All calls block. Errors are ImporterErrors.
"""

from contextlib import suppress
from dataclasses import dataclass
import errno
import fcntl
import hashlib
import os
from pathlib import Path, PurePosixPath
import stat
import threading
from typing import IO, Final

from .errors import AnotherLibrary, BeingImported, NameTaken, UnsafePath
from .folders import EXISTING_FILE, descend, flush, open_library, words
from .naming import TRIED_IN_ORDER, first_free, numbered
from .renaming import rename_to_new

_NEW_FILE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: A pipe that somebody put there must not make us wait for its writer.
_PART_FILE: Final = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: How file systems without hard links refuse one: FAT and exFAT, then some network shares.
_NO_HARD_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})

#: What is read at once when a file is hashed again.
_BLOCK: Final = 1 << 20

#: The part files that are being written. A second importer of the same camera would take a photo's
#: part file for what a killed run left.
_WRITING: Final[set[Path]] = set()

#: For what must not be done by two importers at once. They are threads of one process.
_TURN: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a photo's bytes lie. path: relative to the library, numbered if need was."""

    path: PurePosixPath
    size: int
    sha256: str


def remove_part(library: Path, path: PurePosixPath, part_name: str) -> None:
    """Take away a part file that nobody will need, if it is there and nobody is writing it."""
    place = library / path.parent / part_name
    if place not in _WRITING:
        throw_away(place)


def throw_away(place: Path) -> None:
    """Remove a part file, unless another program is writing it or it cannot be."""
    with suppress(OSError):
        descriptor = os.open(place, _PART_FILE)
        try:
            if _is_free(descriptor):
                place.unlink()
        finally:
            os.close(descriptor)


class PartFile:
    """A file that is being written, and its way to its name: open, write, publish; at last close.

    Folders below the library are made; the library itself never is, because a share that is not
    mounted must not fill the disk below its mount point.
    """

    def __init__(
        self, library: Path, path: PurePosixPath, part_name: str, device: int | None = None
    ) -> None:
        """Nothing is opened yet. path: where the file belongs, relative to the library.

        device: what the library must be on, where that is known.
        """
        self._library = library
        self._path = path
        self._part = part_name
        self._place = library / path.parent / part_name
        self._device = device
        self._mine = False
        self._is_anothers = False
        self._folder = -1
        self._file = -1
        self._hash = hashlib.sha256()
        self._size = 0
        self._is_borrowed = False

    @property
    def sha256(self) -> str:
        """The hash of all that was written, hexadecimal."""
        return "" if self._is_borrowed else self._hash.hexdigest()

    @property
    def size(self) -> int:
        """How many bytes were written."""
        return self._size

    def open(self) -> None:
        """Make the folders and an empty part file; throw away what a killed run left of it.

        Raises BeingImported when another part file of this name is open, and AnotherLibrary.
        """
        self._enter_folder()
        with words(self._path):
            self._clear_the_way()
            new = os.open(self._part, _NEW_FILE, 0o666, dir_fd=self._folder)
            # Between the two another program may take it for what a killed run left.
            self._keep_others_out(new)
            self._file = new

    def reopen(self, size: int, sha256: str) -> bool:
        """Open the part file that an earlier run left; False when it does not begin so.

        What follows the size bytes with this hash was not flushed, and is cut off. Raises as open,
        which comes next after False.
        """
        self._enter_folder()
        with words(self._path):
            try:
                left = os.open(self._part, _PART_FILE, dir_fd=self._folder)
            except FileNotFoundError:
                return False
            self._keep_others_out(left)
            self._file = left
            if self._take_up(size, sha256):
                return True
            self.restart()
        return False

    def restart(self) -> None:
        """Throw away what was written, or taken up; open comes next."""
        os.close(self._file)
        self._file = -1
        self._hash, self._size = hashlib.sha256(), 0

    def read(self, offset: int, size: int) -> bytes:
        """Read back what was written."""
        with words(self._path):
            return os.pread(self._file, size, offset)

    def flush(self) -> None:
        """Put on the disk what was written, name and all, so that it can be taken up again."""
        with words(self._path):
            os.fsync(self._file)
            flush(self._folder)

    def write(self, data: memoryview) -> None:
        """Append data."""
        self._hash.update(data)
        self._size += len(data)
        with words(self._path):
            while data:
                data = data[os.write(self._file, data) :]

    def borrow(self) -> IO[bytes]:
        """The file, for who cannot write in order; flush and close it before publish.

        Nobody knows the hash then: it is "", and the file is taken for no other.
        """
        self._is_borrowed = True
        return os.fdopen(os.dup(self._file), "w+b")

    def publish(self, modified: float | None) -> Stored:
        """Flush the file, give it its name and flush the folder: after that it stays.

        modified: the time to date the file with, in seconds since the epoch. A file of that name
        with the same bytes is taken for this one: a run that was killed left it. One with other
        bytes keeps its name, and this one gets a number.
        """
        with words(self._path):
            if modified is not None:
                self._date(modified)
            os.fsync(self._file)
            if self._is_borrowed:
                self._size = os.fstat(self._file).st_size
            # Of a folder that was deleted the system says it itself.
            if not self._is_named(self._file) and os.fstat(self._folder).st_nlink:
                raise BeingImported(self._path)
            name = self._take_name()
        self.discard()
        return Stored(self._path.with_name(name), self._size, self.sha256)

    def discard(self) -> None:
        """Take the part file's name away and flush the folder, before the ledger knows the photo.

        Of a photo that is known nobody would look for what is left.
        """
        with words(self._path):
            self._unlink()
            flush(self._folder)

    def close(self, *, keep: bool = False) -> None:
        """Close, and throw the part file away if it is still there and is not to be kept."""
        if self._folder >= 0 and not keep and not self._is_anothers:
            # Where this fails, an earlier error says more; the next import of the photo tries again.
            with suppress(OSError, BeingImported):
                self._unlink()
        for descriptor in (self._file, self._folder):
            if descriptor >= 0:
                with suppress(OSError):
                    os.close(descriptor)
        self._file = self._folder = -1
        if self._mine:
            _WRITING.discard(self._place)

    def _enter_folder(self) -> None:
        """Open the folder that the file belongs in, for us alone; once."""
        if self._folder >= 0:
            return
        if self._path.is_absolute() or ".." in self._path.parts:
            raise UnsafePath(self._path)
        self._claim()
        folder = open_library(self._library)
        with words(self._path):
            if self._device not in (None, os.fstat(folder).st_dev):
                os.close(folder)
                raise AnotherLibrary(self._library, errno.ENODEV, "it is on another device now")
            self._folder = descend(folder, self._path)

    def _take_up(self, size: int, sha256: str) -> bool:
        """Whether the open file begins so; then go on behind that."""
        status = os.fstat(self._file)
        # With a second name it is the photo itself: who was killed before the first was taken away
        # must not have what a person sees written into.
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or status.st_size < size:
            return False
        while self._size < size:
            piece = os.pread(self._file, min(_BLOCK, size - self._size), self._size)
            if not piece:
                return False
            self._hash.update(piece)
            self._size += len(piece)
        if self.sha256 != sha256:
            return False
        os.ftruncate(self._file, size)
        os.lseek(self._file, size, os.SEEK_SET)
        return True

    def _claim(self) -> None:
        with _TURN:
            if self._place in _WRITING:
                raise BeingImported(self._path)
            _WRITING.add(self._place)
            self._mine = True

    def _clear_the_way(self) -> None:
        """Take away what a killed run left; what another program is writing stays its own."""
        try:
            left = os.open(self._part, _PART_FILE, dir_fd=self._folder)
        except FileNotFoundError:
            return
        except OSError:
            # A link, or what may not be opened, is nobody's part file.
            os.unlink(self._part, dir_fd=self._folder)
            return
        self._keep_others_out(left)
        try:
            os.unlink(self._part, dir_fd=self._folder)
        finally:
            os.close(left)

    def _keep_others_out(self, descriptor: int) -> None:
        """Lock a part file against other programs, as far as the file system can.

        Its name must still be its own then: a program that locked it before us may have taken the
        name away, and another file may have it now. Raises BeingImported, and closes it.
        """
        try:
            is_ours = _is_free(descriptor) and self._is_named(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if not is_ours:
            os.close(descriptor)
            self._is_anothers = True
            raise BeingImported(self._path)

    def _unlink(self) -> None:
        """Take the part file's name away, unless another program's file has it."""
        if self._file < 0:  # who failed to open it may have made it
            self._clear_the_way()
        elif self._is_named(self._file):
            os.unlink(self._part, dir_fd=self._folder)

    def _is_named(self, descriptor: int) -> bool:
        """Whether the part file's name is that of this file."""
        named = self._status(self._part)
        return named is not None and named.st_ino == os.fstat(descriptor).st_ino

    def _date(self, modified: float) -> None:
        # A courtesy to those who sort by it; some shares refuse it, and not every date fits.
        with suppress(OSError, OverflowError):
            os.utime(self._file, (modified, modified))

    def _take_name(self) -> str:
        """Link to the first name that is free, or has these bytes; of many, to one of the free."""
        for number in range(TRIED_IN_ORDER):
            if name := self._take(number):
                return name
        while (free := first_free(self._is_taken)) is not None:
            if name := self._take(free):  # else somebody else was faster
                return name
        raise NameTaken(self._path)

    def _take(self, number: int) -> str | None:
        name = numbered(self._path.name, number)
        return name if self._link_to(name) or self._is_same(name) else None

    def _is_taken(self, number: int) -> bool:
        return self._status(numbered(self._path.name, number)) is not None

    def _link_to(self, name: str) -> bool:
        """Give the file a name that nobody has, in one step; False when somebody has it."""
        try:
            os.link(
                self._part,
                name,
                src_dir_fd=self._folder,
                dst_dir_fd=self._folder,
                follow_symlinks=False,
            )
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            return self._rename_to(name)
        return True

    def _rename_to(self, name: str) -> bool:
        """The same where there are no hard links."""
        return self._status(name) is None and rename_to_new(self._part, name, self._folder)

    def _is_same(self, name: str) -> bool:
        """Whether a file has this name and the same bytes; then it is on the disk afterwards."""
        status = None if self._is_borrowed else self._status(name)
        if status is None or not stat.S_ISREG(status.st_mode) or status.st_size != self._size:
            return False
        try:
            descriptor = os.open(name, EXISTING_FILE, dir_fd=self._folder)
        except PermissionError:
            return False
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            same = hashlib.file_digest(file, "sha256").digest() == self._hash.digest()
            if same:
                flush(descriptor)
        return same

    def _status(self, name: str) -> os.stat_result | None:
        try:
            return os.stat(name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return None


def _is_free(descriptor: int) -> bool:
    """Lock a file; False when another program has. Some shares have no locks: see _is_in_place."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True
