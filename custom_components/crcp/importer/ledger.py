"""What has been imported: one row a photo, in SQLite, on the disk before anybody is told.

A photo that has a row is not imported again, also when its file was moved or deleted. All calls
block, and may come from any thread, one after the other or at once.

The file must lie on a local file system, because SQLite's WAL needs one; the library need not.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
import sqlite3
from threading import Lock
from typing import Final, Self

from .errors import LedgerError, LedgerTooNew
from .source import Photo

#: Entry n leads from schema n to schema n + 1.
#: The unique key is the identity, and the bytes for cameras whose photos have no identity, because
#: they have no names or folders. Unknown values are -1 and "" in it, because to SQLite two NULLs
#: differ. The name comes early because twins are looked up by it.
_SCHEMAS: Final = (
    """
    CREATE TABLE imported (
        id INTEGER PRIMARY KEY,
        serial TEXT NOT NULL,
        filename TEXT NOT NULL,
        announced_size INTEGER NOT NULL,
        capture_date TEXT NOT NULL,
        storage TEXT NOT NULL,
        folder TEXT NOT NULL,
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        imported_at TEXT NOT NULL,
        UNIQUE (serial, filename, announced_size, capture_date, storage, folder, sha256)
    ) STRICT
    """,
)

_FIND: Final = """
    SELECT path, size, sha256, imported_at FROM imported
    WHERE serial = ? AND filename = ? AND announced_size = ? AND capture_date = ?
        AND storage = ? AND folder = ?
    """

_FIND_TWIN: Final = """
    SELECT path, size, sha256, imported_at FROM imported
    WHERE serial = ? AND filename = ? AND sha256 = ?
    LIMIT 1
    """

_COUNT_FILES: Final = "SELECT count(DISTINCT path) FROM imported WHERE serial = ?"

_ADD: Final = "INSERT OR IGNORE INTO imported VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What became of a photo. path: relative to the library. sha256: hexadecimal, of the bytes."""

    path: PurePosixPath
    size: int
    sha256: str
    imported_at: datetime


class Ledger:
    """An open ledger. Every method raises LedgerError when the file does not serve."""

    def __init__(self, path: Path) -> None:
        """Open the ledger, and create it where there is none.

        Raises LedgerTooNew for one that a newer version wrote, and leaves it as it was.
        """
        self._path = path
        self._turn = Lock()
        with self._told():
            self._connection = sqlite3.connect(path, autocommit=True, check_same_thread=False)
        try:
            with self._told():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        """Use the ledger as a context manager: it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the ledger."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._turn, self._told():
            self._connection.close()

    def find(self, photo: Photo) -> Record | None:
        """What became of a photo; None for one that was never imported."""
        return next(iter(self._records(_FIND, _identity(photo))), None)

    def find_twin(self, photo: Photo, sha256: str) -> Record | None:
        """What became of a photo of this camera with this name and these bytes, wherever it lay.

        Cards move to the other slot, slots mirror each other, and clocks and folders change.
        """
        twins = self._records(_FIND_TWIN, (photo.serial, photo.filename, sha256))
        return next(iter(twins), None)

    def unknown(self, photos: Iterable[Photo]) -> list[Photo]:
        """Those of a listing that were never imported, in their order, each once.

        Where several are equal but have different handles, the camera does not tell enough of
        them: all are unknown until as many different ones were imported.
        """
        each = {(photo, photo.handle): photo for photo in photos}.values()
        equal = Counter(each)
        return [photo for photo in each if self._imported(photo) < equal[photo]]

    def add(self, photo: Photo, record: Record) -> None:
        """Remember an import; on return it is on the disk. The first record of a photo stands."""
        row = (str(record.path), record.size, record.sha256, _text(record.imported_at))
        with self._turn, self._told():
            self._connection.execute(_ADD, (*_identity(photo), *row))

    def count(self, serial: str) -> int:
        """How many files were imported from a camera."""
        with self._turn, self._told():
            (number,) = self._connection.execute(_COUNT_FILES, (serial,)).fetchone()
        return int(number)

    def _imported(self, photo: Photo) -> int:
        return len(self._records(_FIND, _identity(photo)))

    def _records(self, query: str, values: tuple[str | int, ...]) -> list[Record]:
        with self._turn, self._told():
            rows = self._connection.execute(query, values).fetchall()
        return [_record(*row) for row in rows]

    def _prepare(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > len(_SCHEMAS):
            raise LedgerTooNew(self._path, version, len(_SCHEMAS))
        self._connection.execute("PRAGMA journal_mode = WAL")
        # With less than FULL, a commit in WAL mode may be gone after a power failure.
        self._connection.execute("PRAGMA synchronous = FULL")
        for number, schema in enumerate(_SCHEMAS[version:], version + 1):
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {number}; COMMIT"
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what SQLite says in the importer's words."""
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(self._path, str(error)) from error


def _identity(photo: Photo) -> tuple[str | int, ...]:
    return (
        photo.serial,
        photo.filename,
        -1 if photo.size is None else photo.size,
        "" if photo.capture_date is None else photo.capture_date.isoformat(),
        photo.storage,
        photo.folder,
    )


def _record(path: str, size: int, sha256: str, imported_at: str) -> Record:
    moment = datetime.fromisoformat(imported_at)
    return Record(path=PurePosixPath(path), size=size, sha256=sha256, imported_at=moment)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
