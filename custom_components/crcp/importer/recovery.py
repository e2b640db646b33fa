"""A ledger that was lost or damaged: what can be read of it, and what lies in the library.

A photo that is fetched again is held against the files that lay there, by size and then by hash, so
no second copies come to be, also of files that were renamed. Only that a person had deleted a photo
cannot be known any more where the ledger is gone.

All calls block.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import fcntl
import os
from pathlib import Path, PurePosixPath
import sqlite3
from typing import Final

from .errors import LedgerDamaged, LedgerError
from .files import throw_away
from .folders import FOLDER
from .ledger import Ledger
from .naming import PART_NAME

#: What SQLite keeps beside a ledger.
_BESIDE: Final = ("", "-wal", "-shm")

_OLD_ROWS: Final = """
    SELECT serial, filename, announced_size, capture_date, storage, folder, path, size, sha256,
        imported_at FROM imported
    """


def open_ledger(path: Path, library: Path) -> Ledger:
    """Open a ledger; make a new one in place of what is lost or damaged, which is put aside.

    Raises LedgerError, LedgerTooNew among them: that one is not damaged.
    """
    with _alone(path.parent):
        try:
            if path.exists():
                return _checked(path)
            damaged = None
        except LedgerDamaged:
            damaged = _put_aside(path)
        _make(path, library, damaged)
        return Ledger(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other program open a ledger in a folder meanwhile; two would each make one."""
    try:
        descriptor = os.open(folder, FOLDER)
    except OSError as error:
        raise LedgerError(folder, error.strerror or str(error)) from error
    try:
        with suppress(OSError):  # some shares have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _checked(path: Path) -> Ledger:
    ledger = Ledger(path)
    try:
        ledger.check()
    except BaseException:
        ledger.close()
        raise
    return ledger


def _put_aside(path: Path) -> Path:
    """Rename what is damaged, for somebody who may want to look at it."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    try:
        # The ledger itself last: until it is away, the next start does the same again.
        for ending in reversed(_BESIDE):
            with suppress(FileNotFoundError):
                Path(f"{path}{ending}").rename(f"{aside}{ending}")
    except OSError as error:
        raise LedgerError(path, f"it is damaged and cannot be put aside: {error}") from error
    return aside


def _make(path: Path, library: Path, damaged: Path | None) -> None:
    """Make a ledger that knows what lies in the library, and give it its name at the end."""
    new = path.with_name(f"{path.name}.new")
    for ending in _BESIDE:
        with suppress(OSError):
            Path(f"{new}{ending}").unlink()
    with Ledger(new) as ledger:
        ledger.note_found(_files_in(library))
        if damaged:
            ledger.take_over(_rows_of(damaged))
    try:
        new.rename(path)
    except OSError as error:
        raise LedgerError(path, str(error)) from error


def _files_in(library: Path) -> Iterator[tuple[PurePosixPath, int]]:
    """Every file that a person can see; nothing is read but names and sizes.

    Part files are of no use without the ledger that says how much of them is sound.
    """
    for folder, folders, names in os.walk(library):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            place = Path(folder, name)
            if PART_NAME.fullmatch(name):
                throw_away(place)
            elif not name.startswith(".") and not place.is_symlink():
                with suppress(OSError, UnicodeEncodeError):
                    str(place).encode()
                    yield PurePosixPath(place.relative_to(library)), place.stat().st_size


def _rows_of(damaged: Path) -> Iterator[tuple[str | int, ...]]:
    """What can still be read of a damaged ledger."""
    with suppress(sqlite3.Error):
        connection = sqlite3.connect(f"file:{damaged}?mode=ro", uri=True)
        try:
            yield from connection.execute(_OLD_ROWS)
        finally:
            connection.close()
