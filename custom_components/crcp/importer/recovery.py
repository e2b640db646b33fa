"""A ledger that was lost or damaged: what can be read of it, and what lies in the library.

A photo that is fetched again is held against the files that lay there, by size and then by hash, so
no second copies come to be, also of files that were renamed. Only that a person had deleted a photo
cannot be known any more where the ledger is gone.

All calls block.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
import fcntl
import os
from pathlib import Path, PurePosixPath
import sqlite3
from types import MappingProxyType
from typing import Any, Final

from .errors import LedgerDamaged, LedgerError, LibraryError
from .files import throw_away
from .folders import FOLDER, check_library
from .ledger import Ledger
from .naming import PART_NAME
from .reading import files_named, sha256_of
from .records import Record, photo_of, record_of
from .source import Photo

#: What SQLite keeps beside a ledger.
_BESIDE: Final = ("", "-wal", "-shm")

#: What each schema, the newest first, tells of a photo and of what became of it: in which library,
#: too. That is a number, so that nothing else is lost where the table of the libraries is damaged.
_OLD_ROWS: Final = (
    """
    SELECT id, serial, filename, announced_size, capture_date, storage, folder, path, size, sha256,
        imported_at, counter, library FROM imported WHERE id BETWEEN ? AND ?
    """,
    """
    SELECT id, serial, filename, announced_size, capture_date, storage, folder, path, size, sha256,
        imported_at, counter, 0 FROM imported WHERE id BETWEEN ? AND ?
    """,
    """
    SELECT id, serial, filename, announced_size, capture_date, storage, folder, path, size, sha256,
        imported_at, 0, 0 FROM imported WHERE id BETWEEN ? AND ?
    """,
)

#: The columns of them that tell of the photo, and those that tell what became of it.
_PHOTO: Final = slice(1, 7)
_RECORD: Final = slice(7, -1)

#: So many rows are read at once.
_ROWS: Final = 4096

#: A row takes more bytes, so no file has rows with larger numbers than its size in these.
_LEAST_ROW: Final = 32


def open_ledger(
    path: Path, *libraries: Path, names: Mapping[str, Path] = MappingProxyType({})
) -> Ledger:
    """Open a ledger; make a new one in place of what is lost or damaged, which is put aside.

    libraries: the folders that are in use; what lies in them is looked at where the ledger was
    lost, so then all must be there. names: what libraries are called and where each is now.
    Raises LibraryMissing, and LedgerError, LedgerTooNew among them: that one is not damaged.
    """
    with _alone(path.parent):
        try:
            if path.exists():
                return _ready(_checked(path), names)
            damaged = None
        except LedgerDamaged:
            for library in libraries:
                check_library(library)
            damaged = _put_aside(path)
        _make(path, libraries, damaged)
        return _ready(Ledger(path), names)


def _ready(ledger: Ledger, names: Mapping[str, Path]) -> Ledger:
    try:
        ledger.know_libraries(names)
        _settle(ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def _settle(ledger: Ledger) -> None:
    """Find out where the files of an older ledger lie, which did not say it of several libraries.

    Once, and when all of them are there, each on its own device: an empty mount point is none of
    them. What lies nowhere was deleted.
    """
    homeless, libraries = ledger.homeless(), ledger.libraries()
    if not homeless or not all(_is_there(ledger, library) for library in libraries):
        return
    homes = {}
    with suppress(LibraryError):  # a library that cannot be read is waited for as well
        for number, record in homeless.items():
            if home := _home_of(record, libraries):
                homes[number] = home
        ledger.settle(homes)


def _is_there(ledger: Ledger, library: Path) -> bool:
    with suppress(OSError):
        return library.stat().st_dev == ledger.device_of(library)
    return False


def _home_of(record: Record, libraries: list[Path]) -> Path | None:
    """The library that a file lies in; of several that have one of its name, the hash tells."""
    path = record.path
    here = [each for each in libraries if (path, record.size) in files_named(each, path)]
    if len(here) > 1:
        here = [library for library in here if sha256_of(library, path) == record.sha256]
    return here[0] if here else None


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


def _make(path: Path, libraries: Iterable[Path], damaged: Path | None) -> None:
    """Make a ledger that knows what lies in the libraries, and give it its name at the end."""
    new = path.with_name(f"{path.name}.new")
    for ending in _BESIDE:
        with suppress(OSError):
            Path(f"{new}{ending}").unlink()
    with Ledger(new) as ledger:
        for library in libraries:
            check_library(library)
            ledger.note_found(library, _files_in(library))
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


def _rows_of(damaged: Path) -> Iterator[tuple[Photo, Record]]:
    """What can still be read of a damaged ledger."""
    with suppress(sqlite3.Error), _reading(damaged) as connection:
        libraries = _libraries_of(connection)
        for query in _OLD_ROWS:
            if not _fits(connection, query):
                continue
            last = _last_of(connection, damaged)
            for first in range(1, last + 1, _ROWS):
                for row in _readable(connection, query, first, min(first + _ROWS - 1, last)):
                    with suppress(TypeError, ValueError):  # what makes no sense is left out
                        told: tuple[Any, ...] = (*row[_RECORD], libraries.get(row[-1]))
                        yield photo_of(*row[_PHOTO]), record_of(*told)
            return


def _libraries_of(connection: sqlite3.Connection) -> dict[int, str]:
    """The libraries by their numbers; none where that cannot be read, or was not kept yet."""
    with suppress(sqlite3.Error):
        return dict(connection.execute("SELECT id, path FROM library"))
    return {}


def _fits(connection: sqlite3.Connection, query: str) -> bool:
    """Whether a query is one of the ledger's schema."""
    try:
        connection.execute(f"EXPLAIN {query}", (1, 1))
    except sqlite3.OperationalError:
        return False
    return True


def _last_of(connection: sqlite3.Connection, damaged: Path) -> int:
    """The number of the last row, or a larger one where that cannot be read."""
    with suppress(sqlite3.Error):
        ((last,),) = connection.execute("SELECT ifnull(max(id), 0) FROM imported")
        return int(last)
    return damaged.stat().st_size // _LEAST_ROW


def _readable(
    connection: sqlite3.Connection, query: str, first: int, last: int
) -> Iterator[tuple[Any, ...]]:
    """The rows with these numbers, without those that cannot be read: by halves around them."""
    while first <= last:
        row, is_whole = None, True
        try:
            for row in connection.execute(query, (first, last)):
                yield row
        except sqlite3.DatabaseError:
            is_whole = False
        if is_whole or first == last:
            return
        if row:
            first = row[0] + 1
        else:
            middle = (first + last) // 2
            yield from _readable(connection, query, first, middle)
            first = middle + 1


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        yield connection
    finally:
        connection.close()
