"""Disks and shares that are mounted on folders of a library. All calls block.

Home Assistant mounts a share for media on a folder of its media folder. When the share is gone the
folder is still there, on the local disk; so what was mounted on the way to a photo is remembered.
"""

from collections.abc import Iterator
import errno
from pathlib import Path, PurePosixPath
import stat
from typing import Final

from .database import Database
from .errors import AnotherLibrary

_KNOWN: Final = """
    SELECT mount.path FROM mount JOIN library ON library.id = mount.library WHERE library.path = ?
    """

_NOTE: Final = "INSERT OR IGNORE INTO mount SELECT id, ? FROM library WHERE path = ?"

_FORGET: Final = "DELETE FROM mount WHERE library IN (SELECT id FROM library WHERE path = ?)"


class Mounts:
    """What is mounted below a library that the ledger's database knows. Paths are relative to it."""

    def __init__(self, library: Path, database: Database) -> None:
        self._library = library
        self._database = database

    def check(self, path: PurePosixPath) -> None:
        """Raise AnotherLibrary when what was mounted on the way to path is not any more.

        What is mounted there now is remembered. Raises OSError.
        """
        mounted = {folder for folder, is_mount in self._way(path) if is_mount}
        rows = self._database.all(_KNOWN, str(self._library))
        known = {PurePosixPath(folder) for (folder,) in rows}
        for gone in known.intersection(path.parents) - mounted:
            text = "the disk or share that photos were on is not mounted there"
            raise AnotherLibrary(self._library / gone, errno.ENODEV, text)
        for new in mounted - known:
            with self._database.changes() as connection:
                connection.execute(_NOTE, (str(new), str(self._library)))

    def nearest(self, path: PurePosixPath) -> Path:
        """The last folder on the way to path that is there: on its disk the file will lie."""
        folders = [folder for folder, _ in self._way(path)]
        return self._library.joinpath(*folders[-1:])

    def forget(self) -> None:
        """Forget what was mounted, because a person says that the place is right as it is."""
        with self._database.changes() as connection:
            connection.execute(_FORGET, (str(self._library),))

    def _way(self, path: PurePosixPath) -> Iterator[tuple[PurePosixPath, bool]]:
        """The folders to path, as far as there are any, and whether something is mounted on each."""
        before = self._library.stat().st_dev
        for folder in reversed(path.parents[:-1]):
            try:
                status = (self._library / folder).lstat()
            except FileNotFoundError, NotADirectoryError:
                return
            if not stat.S_ISDIR(status.st_mode):
                return
            yield folder, status.st_dev != before
            before = status.st_dev
