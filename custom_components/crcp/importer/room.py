"""Whether the library is there, is the library, and has room. All calls block.

A share that is not mounted leaves a folder on the local disk, empty or with what was put there
before. So the device that the library is on is remembered; on another one, one of the photos that
came last must lie there. Who moved them all away can say that this is the place all the same; of
what came before that, nothing is looked for any more: it may lie below the mount point. A share that
is mounted on a folder of the library is remembered too, and has to be there for whatever goes there.
"""

from contextlib import suppress
from dataclasses import dataclass
import errno
import os
from pathlib import Path, PurePosixPath
import stat
from typing import Final

from .errors import AnotherLibrary, NoRoomForPhoto, NotStorable
from .folders import open_library, words
from .ledger import Ledger
from .mounts import Mounts

GIB: Final = 1 << 30

#: A person who puts an empty file of this name into a folder says: the photos go here now. It is
#: taken away when that was understood.
HERE: Final = "crcp-library"

#: So many photos are looked for; older ones may lie below a mount point since before it was one.
LAST_PHOTOS: Final = 50

#: The library itself, relative to it.
_LIBRARY: Final = PurePosixPath()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """What stays free on the library's disk: so many bytes, or this share of it if that is more."""

    least: int = GIB
    share: float = 0.05

    def of(self, total: int) -> int:
        """How many bytes stay free on a disk of this size."""
        return max(self.least, int(total * self.share))


class Room:
    """The place that a library has."""

    def __init__(self, library: Path, ledger: Ledger, reserve: Reserve) -> None:
        self._library = library
        self._ledger = ledger
        self._reserve = reserve
        self._mounts = Mounts(library, ledger.database)

    def check(self) -> int:
        """Return the device that the library is on. Raises LibraryMissing, AnotherLibrary."""
        descriptor = open_library(self._library)
        try:
            with words(self._library):
                device = os.fstat(descriptor).st_dev
                known = self._ledger.device_of(self._library)
                if known == device:
                    return device
                if known is None or self._has_our_photos(descriptor):
                    self._ledger.note_device(self._library, device)
                else:
                    self._ask(descriptor, device)
                return device
        finally:
            os.close(descriptor)

    def check_way(self, path: PurePosixPath) -> None:
        """Raise AnotherLibrary when a share that was mounted on the way to path is not any more.

        path: of a file, relative to the library.
        """
        with words(path):
            self._mounts.check(path)

    def check_space(self, size: int, path: PurePosixPath = _LIBRARY) -> None:
        """Raise NoRoomForPhoto when so many bytes would leave less free than is to stay free.

        What even the empty disk could not hold costs only itself: NotStorable. path: of the file
        that they are for, relative to the library; a share may be mounted on the way.
        """
        with words(self._library):
            disk = os.statvfs(self._mounts.nearest(path))
        if not disk.f_blocks:  # some shares do not tell
            return
        total = disk.f_blocks * disk.f_frsize
        stays = self._reserve.of(total)
        if size > total:
            raise NotStorable(self._library, errno.EFBIG, f"the disk has {total >> 20} MiB in all")
        free = disk.f_bavail * disk.f_frsize
        if free - size < stays:
            text = f"{free >> 20} MiB are free, and {stays >> 20} MiB stay free"
            raise NoRoomForPhoto(self._library, errno.ENOSPC, text)

    def accept(self) -> None:
        """Take the folder for the library, whatever it is on, because a person says so."""
        self._mounts.forget()
        descriptor = open_library(self._library)
        try:
            with words(self._library):
                device = os.fstat(descriptor).st_dev
                if device == self._ledger.device_of(self._library):
                    return
                if self._has_our_photos(descriptor):
                    self._ledger.note_device(self._library, device)
                else:
                    self._ledger.accept(self._library, device)
        finally:
            os.close(descriptor)

    def _has_our_photos(self, descriptor: int) -> bool:
        """Whether one of the last photos lies in the folder."""
        last = self._ledger.last_files(self._library, LAST_PHOTOS)
        return any(_size_of(path, descriptor) == size for path, size in last)

    def _ask(self, descriptor: int, device: int) -> None:
        """Take the folder for the library if a person said so there. Raises AnotherLibrary."""
        if _size_of(PurePosixPath(HERE), descriptor) != 0:
            text = "the disk or share that the photos were on is not there"
            text += f" (if it is, put an empty file with the name {HERE} into the folder)"
            raise AnotherLibrary(self._library, errno.ENODEV, text)
        self._ledger.accept(self._library, device)
        with suppress(OSError):
            os.unlink(HERE, dir_fd=descriptor)


def _size_of(path: PurePosixPath, folder: int) -> int | None:
    """The size of a plain file below a folder; None where there is none."""
    try:
        status = os.stat(str(path), dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError, NotADirectoryError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None
