"""The ledger's file: SQLite, used from any thread, its errors in the importer's words.

The file must lie on a local file system, because SQLite's WAL needs one. All calls block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import sqlite3
from threading import Lock
from typing import Any, Final

from .errors import LedgerDamaged, LedgerError, LedgerTooNew
from .schema import NEWEST, migrate, version_of

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def sql(*parts: str) -> str:
    """Put a query together; all parts are written here, what others say comes as values."""
    return " ".join(parts)


class Database:
    """An open file. Every method raises LedgerError when it does not serve."""

    def __init__(self, path: Path) -> None:
        """Open the file, and create it where there is none.

        Raises LedgerTooNew for one that a newer version wrote and LedgerDamaged for what is no
        ledger, and leaves it as it was.
        """
        self._path = path
        self._turn = Lock()
        with self._told():
            self.connection = sqlite3.connect(path, autocommit=True, check_same_thread=False)
        try:
            with self._told():
                self._prepare()
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._turn, self._told():
            self.connection.close()

    def all(self, query: str, *values: str | int) -> list[Any]:
        """The rows that a query gives."""
        with self._turn, self._told():
            return self.connection.execute(query, values).fetchall()

    @contextmanager
    def changes(self) -> Iterator[sqlite3.Connection]:
        """Make changes that are on the disk afterwards, all or none."""
        with self._turn, self._told():
            if self._is_gone():
                raise LedgerError(self._path, "the file was deleted or replaced while it is in use")
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def check(self) -> None:
        """Read through the file. Raises LedgerDamaged."""
        ((verdict,), *_) = self.all("PRAGMA quick_check(1)")
        if verdict != "ok":
            raise LedgerDamaged(self._path, str(verdict))

    def _is_gone(self) -> bool:
        """Whether what is written here would not be found again."""
        try:
            return self._path.stat().st_ino != self._number
        except OSError:
            return True

    def _prepare(self) -> None:
        version = version_of(self.connection)
        if version > NEWEST:
            raise LedgerTooNew(self._path, version, NEWEST)
        self.connection.execute("PRAGMA journal_mode = WAL")
        # With less than FULL, a commit in WAL mode may be gone after a power failure.
        self.connection.execute("PRAGMA synchronous = FULL")
        migrate(self.connection)
        self._number = self._path.stat().st_ino

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what SQLite says in the importer's words."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            said = LedgerDamaged if code in _DAMAGE else LedgerError
            raise said(self._path, str(error)) from error
