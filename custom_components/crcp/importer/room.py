"""Whether the library is there, is the library, and has room. All calls block.

A share that is not mounted leaves an empty folder on the local disk. So the device that the library
is on is remembered; on another one it must have a folder that photos were put into before.
"""

from dataclasses import dataclass
import errno
import os
from pathlib import Path
from typing import Final

from .errors import AnotherLibrary, LibraryFull, NotStorable
from .files import open_library, words
from .ledger import Ledger

GIB: Final = 1 << 30


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

    def check(self) -> int:
        """Return the device that the library is on. Raises LibraryMissing, AnotherLibrary."""
        descriptor = open_library(self._library)
        try:
            with words(self._library):
                device = os.fstat(descriptor).st_dev
                known = self._ledger.device_of(self._library)
                if known == device:
                    return device
                if known is not None and not self._has_our_folder(descriptor):
                    text = "the disk or share that the photos were on is not there"
                    raise AnotherLibrary(self._library, errno.ENODEV, text)
        finally:
            os.close(descriptor)
        self._ledger.note_device(self._library, device)
        return device

    def check_space(self, size: int) -> None:
        """Raise LibraryFull when so many bytes would leave less free than is to stay free.

        What even the empty disk could not hold costs only itself: NotStorable.
        """
        with words(self._library):
            disk = os.statvfs(self._library)
        if not disk.f_blocks:  # some shares do not tell
            return
        total = disk.f_blocks * disk.f_frsize
        stays = self._reserve.of(total)
        if size > total:
            raise NotStorable(self._library, errno.EFBIG, f"the disk has {total >> 20} MiB in all")
        free = disk.f_bavail * disk.f_frsize
        if free - size < stays:
            text = f"{free >> 20} MiB are free, and {stays >> 20} MiB stay free"
            raise LibraryFull(self._library, errno.ENOSPC, text)

    def _has_our_folder(self, descriptor: int) -> bool:
        with os.scandir(descriptor) as entries:
            ours = self._ledger.top_folders()
            return any(entry.name in ours for entry in entries)
