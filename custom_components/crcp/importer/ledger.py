"""What has been imported, and what is in hand: in SQLite, on the disk before anybody is told.

A photo that has a row is not imported again, also when its file was moved or deleted. All calls
block, and may come from any thread, one after the other or at once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
import sqlite3
from typing import Final, Self

from .database import Database, sql
from .ends import add_ends
from .executor import politely
from .kinds import is_one_shot, stem_of
from .records import (
    IDENTITY,
    Begun,
    Record,
    begun_of,
    identity_of,
    moment_of,
    photo_of,
    record_of,
    row_of,
    text_of,
)
from .source import Photo

#: Of columns with the same name, those of the photo.
_RECORD: Final = """
    SELECT imported.path, size, sha256, imported_at, counter, library.path
    FROM imported LEFT JOIN library ON library.id = imported.library
    """

_HOMELESS: Final = """
    SELECT id, path, size, sha256, imported_at, counter, NULL FROM imported
    WHERE library = 0 AND path <> ''
    """

_FIND: Final = sql(_RECORD, "WHERE", IDENTITY)

_COUNT: Final = sql("SELECT count(*) FROM imported WHERE", IDENTITY)

_FIND_TWIN: Final = sql(_RECORD, "WHERE serial = ? AND filename = ? AND sha256 = ? LIMIT 1")

#: Those of the same folder first, then the newest.
_SHOT: Final = """
    SELECT filename, folder, capture_date, path, counter FROM imported
    WHERE serial = ? AND stem = ? AND path <> '' ORDER BY folder <> ?, id DESC
    """

#: Whether a row is of a library, or may be.
_IS_OF: Final = "(library <= 0 OR library IN (SELECT id FROM library WHERE path = ?))"

#: "/" is the character after ".", so these are the files of one stem.
_OF_STEM: Final = sql(
    "SELECT serial, filename, folder, capture_date FROM imported",
    "WHERE path >= ? || '.' AND path < ? || '/' AND",
    _IS_OF,
)

_LAST: Final = sql(
    "SELECT path, size FROM imported WHERE path <> '' AND",
    _IS_OF,
    "AND id > ifnull((SELECT accepted_after FROM library WHERE path = ?), 0)",
    "ORDER BY id DESC LIMIT ?",
)

_ACCEPT: Final = """
    UPDATE library SET device = ?, accepted_after = (SELECT ifnull(max(id), 0) FROM imported)
    WHERE id = ?
    """

_FORGET: Final = sql("DELETE FROM imported WHERE path = ? AND", _IS_OF)

_FOUND: Final = """
    SELECT library.path, found.path FROM found LEFT JOIN library ON library.id = library
    WHERE size = ?
    """

_IS_FOUND: Final = sql("DELETE FROM found WHERE path = ? AND", _IS_OF)

_COUNT_FILES: Final = """
    SELECT count(*) FROM (
        SELECT DISTINCT library, path FROM imported
        WHERE serial = ? AND path <> '' AND imported_at >= ?
    )
    """

_LAST_COUNTER: Final = """
    SELECT max(counter) FROM (
        SELECT counter FROM imported WHERE serial = ?1
        UNION ALL SELECT counter FROM begun WHERE serial = ?1
    )
    """

#: Who browses sees a file once, and not what lay under its name before.
_IS_GONE: Final = """
    UPDATE imported SET shown = 0
    WHERE path = ? AND library = ? AND sha256 <> ? AND path <> '' AND shown = 1
    """

_SHOWN: Final = "SELECT id FROM imported WHERE path = ? AND library = ? AND shown = 1"

_ADD: Final = """
    INSERT OR IGNORE INTO imported (serial, filename, announced_size, capture_date, storage, folder,
        path, size, sha256, imported_at, stem, counter, library, moment, shown)
    VALUES (?, ?, ?, ?, ?, ?, ?7, ?, ?, ?, ?, ?, ?13, ?, CASE ?7 WHEN '' THEN 0 ELSE NOT EXISTS (
        SELECT 1 FROM imported WHERE path = ?7 AND library = ?13 AND shown = 1
    ) END)
    """

_BEGUN: Final = """
    SELECT serial, filename, announced_size, capture_date, storage, folder, begun.path, counter,
        flushed, sha256, library.path
    FROM begun LEFT JOIN library ON library.id = begun.library
    """

_GIVE_UP: Final = sql("DELETE FROM begun WHERE", IDENTITY)

_TAKE_BACK: Final = sql("DELETE FROM imported WHERE", IDENTITY, "AND path = ''")

#: How many columns an identity has.
_PHOTO: Final = 6


class Ledger:
    """An open ledger. Every method raises LedgerError when the file does not serve."""

    def __init__(self, path: Path) -> None:
        """Open the ledger, and create it where there is none.

        Raises LedgerTooNew for one that a newer version wrote and LedgerDamaged for what is no
        ledger, and leaves it as it was.
        """
        self.database = Database(path)
        self._names: dict[Path, str] = {}

    def __enter__(self) -> Self:
        """Use the ledger as a context manager: it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the ledger."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    # -- what was imported ---------------------------------------------------------------------

    def find(self, photo: Photo) -> Record | None:
        """What became of a photo; None for one that was never imported, or that nobody wanted."""
        return next(iter(self.records(photo)), None)

    def records(self, photo: Photo) -> list[Record]:
        """What became of all photos with this identity: where a clock was reset, of several."""
        return [record_of(*row) for row in self.database.all(_FIND, *identity_of(photo)) if row[0]]

    def knows(self, photo: Photo) -> bool:
        """Whether a photo needs no import: it was imported, or passed over."""
        return self._imported(photo) > 0

    def find_twin(self, photo: Photo, sha256: str) -> Record | None:
        """What became of a photo of this camera with this name and these bytes, wherever it lay.

        Cards move to the other slot, slots mirror each other, and clocks and folders change.
        """
        rows = self.database.all(_FIND_TWIN, photo.serial, photo.filename, sha256)
        return next((record_of(*row) for row in rows), None)

    def unknown(self, photos: Iterable[Photo]) -> list[Photo]:
        """Those of a listing that were never imported, in their order, each once.

        Where several are equal but have different handles, the camera does not tell enough of
        them: all are unknown until as many different ones were imported.
        """
        each = {(photo, photo.handle): photo for photo in politely(photos)}.values()
        equal = Counter(politely(each))
        return [photo for photo in politely(each) if self._imported(photo) < equal[photo]]

    def add(self, photo: Photo, record: Record, ends: str = "") -> int:
        """Remember an import; on return it is on the disk. The first record of a photo stands.

        ends: its hash_of_ends, "" where nobody needs it. Returns the number of the row that stands for the file to who browses; 0 where none does.
        """
        path = str(record.path)
        with self.database.changes() as connection:
            library = self._number(connection, record.library)
            connection.execute(_IS_GONE, (path, library, record.sha256))
            connection.execute(_ADD, row_of(photo, record, library))
            if ends:
                add_ends(connection, photo, record.sha256, ends)
            connection.execute(_GIVE_UP, identity_of(photo))
            connection.execute(_IS_FOUND, (path, str(record.library)))
            row = connection.execute(_SHOWN, (path, library)).fetchone()
        return row[0] if row else 0

    def pass_over(
        self, photos: Sequence[Photo], at: datetime, ends: Mapping[int, str] | None = None
    ) -> None:
        """Remember photos that nobody wants, so that they are not new; ends: by their handles."""
        nothing = Record(path=PurePosixPath(), size=0, sha256="", imported_at=at)
        rows = [row_of(photo, nothing, 0) for photo in photos]
        with self.database.changes() as connection:
            connection.executemany(_ADD, rows)
            for photo in photos:
                if ends and photo.handle in ends:
                    add_ends(connection, photo, nothing.sha256, ends[photo.handle])

    def take_back(self, photos: Iterable[Photo]) -> None:
        """Forget that nobody wanted these photos; what became of others stays known."""
        if self.database.all("SELECT 1 FROM imported WHERE path = '' LIMIT 1"):
            rows = [identity_of(photo) for photo in photos]
            with self.database.changes() as connection:
                connection.executemany(_TAKE_BACK, rows)

    def forget(self, path: PurePosixPath, library: Path) -> int:
        """Forget what led to a file, so that it is imported again; return how many photos did."""
        with self.database.changes() as connection:
            done = connection.execute(_FORGET, (str(path), str(library)))
            return done.rowcount

    def count(self, serial: str, since: datetime | None = None) -> int:
        """How many files were imported from a camera, or how many since a moment."""
        begin = text_of(since) if since else ""
        ((number,),) = self.database.all(_COUNT_FILES, serial, begin)
        return int(number)

    # -- names ---------------------------------------------------------------------------------

    def sibling(self, photo: Photo) -> Record | None:
        """Another file of the same shot, RAW to its JPEG say; what counts is its path."""
        stem, ending = stem_of(photo.filename), PurePosixPath(photo.filename).suffix.lower()
        rows = self.database.all(_SHOT, photo.serial, stem, photo.folder)
        for name, folder, taken, path, counter in rows:
            other = PurePosixPath(name)
            if other.suffix.lower() != ending and _is_shot_of(photo, name, folder, taken):
                return record_of(path, 0, "", "", counter, None)
        return None

    def is_stem_taken(self, path: PurePosixPath, photo: Photo, library: Path) -> bool:
        """Whether another shot's file has this name, with whatever extension."""
        stem = str(path.with_suffix(""))
        return any(
            serial != photo.serial
            or stem_of(name) != stem_of(photo.filename)
            or not _is_shot_of(photo, name, folder, taken)
            for serial, name, folder, taken in self.database.all(_OF_STEM, stem, stem, str(library))
        )

    def next_counter(self, serial: str) -> int:
        """The number of a camera's next shot, from 1."""
        ((last,),) = self.database.all(_LAST_COUNTER, serial)
        return int(last or 0) + 1

    # -- what is in hand -----------------------------------------------------------------------

    def begun(self, photo: Photo) -> Begun | None:
        """How far a photo came that was begun and is not imported."""
        rows = self.database.all(sql(_BEGUN, "WHERE", IDENTITY), *identity_of(photo))
        return next((begun_of(*row[_PHOTO:]) for row in rows), None)

    def begin(self, photo: Photo, begun: Begun, at: datetime) -> None:
        """Remember where a photo is to lie, or how far it came, before anything relies on it."""
        row = (*identity_of(photo), str(begun.path), begun.counter, begun.flushed, begun.sha256)
        with self.database.changes() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO begun VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, text_of(at), self._number(connection, begun.library)),
            )

    def begun_before(self, serial: str, at: datetime) -> list[tuple[Photo, Begun]]:
        """Photos of a camera that were in hand last before a moment."""
        query = sql(_BEGUN, "WHERE serial = ? AND begun_at < ?")
        rows = self.database.all(query, serial, text_of(at))
        return [(photo_of(*row[:_PHOTO]), begun_of(*row[_PHOTO:])) for row in rows]

    def half_done(self, serials: Iterable[str]) -> set[Photo]:
        """Photos of these cameras of which something is safe in a part file."""
        query = sql(_BEGUN, "WHERE serial = ? AND flushed > 0")
        rows = [row for serial in set(serials) for row in self.database.all(query, serial)]
        return {photo_of(*row[:_PHOTO]) for row in rows}

    def give_up(self, photo: Photo) -> None:
        """Forget that a photo was begun."""
        with self.database.changes() as connection:
            connection.execute(_GIVE_UP, identity_of(photo))

    # -- what lay there when the ledger was lost -----------------------------------------------

    def note_found(self, library: Path, files: Iterable[tuple[PurePosixPath, int]]) -> None:
        """Remember files, by path and size, that may be photos which are imported again."""
        with self.database.changes() as connection:
            number = self._number(connection, library)
            rows = ((number, str(path), size) for path, size in files)
            connection.executemany("INSERT OR IGNORE INTO found VALUES (?, ?, ?)", rows)

    def take_over(self, rows: Iterable[tuple[Photo, Record]]) -> None:
        """Take what an older ledger knew."""
        with self.database.changes() as connection:
            for photo, record in rows:
                number = self._number(connection, record.library)
                with suppress(sqlite3.IntegrityError):
                    connection.execute(_ADD, row_of(photo, record, number))

    def found(self, size: int) -> list[tuple[Path | None, PurePosixPath]]:
        """Files of this size that no photo has yet been seen to be, each with its library."""
        rows = self.database.all(_FOUND, size)
        return [(Path(library) if library else None, PurePosixPath(path)) for library, path in rows]

    # -- where the libraries are ---------------------------------------------------------------

    def know_libraries(self, names: Mapping[str, Path]) -> None:
        """Note what the libraries are called and where each lies now.

        One that has its name and lies where none does any more was moved.
        """
        self._names = {path: name for name, path in names.items()}
        known = dict(self.database.all("SELECT path, name FROM library"))
        with self.database.changes() as connection:
            for name, path in names.items():
                new = str(path)
                moved = [at for at in known if known[at] == name and Path(at) not in self._names]
                old = new if new in known or not moved else moved[0]
                connection.execute(
                    "UPDATE library SET name = ?, path = ? WHERE path = ?",
                    (self._names[path], new, old),
                )
                known.pop(old, None)
                known[new] = name

    def device_of(self, library: Path) -> int | None:
        """The device that a library was on; None for one that is new."""
        rows = self.database.all("SELECT device FROM library WHERE path = ?", str(library))
        return next((int(device) for (device,) in rows if device), None)

    def libraries(self) -> list[Path]:
        """Every library that photos were imported into."""
        rows = self.database.all("SELECT path FROM library WHERE device <> ''")
        return [Path(library) for (library,) in rows]

    def note_device(self, library: Path, device: int) -> None:
        """Remember the device that a library is on."""
        with self.database.changes() as connection:
            row = (str(device), self._number(connection, library))
            connection.execute("UPDATE library SET device = ? WHERE id = ?", row)

    def accept(self, library: Path, device: int) -> None:
        """Remember that a library is on this device from now on, because a person says so."""
        with self.database.changes() as connection:
            connection.execute(_ACCEPT, (str(device), self._number(connection, library)))

    def last_files(self, library: Path, number: int) -> list[tuple[PurePosixPath, int]]:
        """The paths and sizes of the files that were imported last, where the library is now."""
        rows = self.database.all(_LAST, str(library), str(library), number)
        return [(PurePosixPath(path), size) for path, size in rows]

    def homeless(self) -> dict[int, Record]:
        """The files of which nobody looked in which library they lie, by the numbers of their rows."""
        rows = self.database.all(_HOMELESS)
        return {number: record_of(*row) for number, *row in rows}

    def settle(self, homes: Mapping[int, Path]) -> None:
        """Note in which library files lie, by their numbers; all others lie in none."""
        with self.database.changes() as connection:
            rows = [(self._number(connection, path), number) for number, path in homes.items()]
            connection.executemany("UPDATE imported SET library = ? WHERE id = ?", rows)
            connection.execute("UPDATE imported SET library = -1 WHERE library = 0 AND path <> ''")

    def _number(self, connection: sqlite3.Connection, library: Path | None) -> int:
        """The number of a library's row, which is made if need be; 0 for None."""
        if library is None:
            return 0
        values = str(library), self._names.get(library, "")
        connection.execute("INSERT OR IGNORE INTO library (path, name) VALUES (?, ?)", values)
        query = "SELECT id FROM library WHERE path = ?"
        ((number,),) = connection.execute(query, values[:1])
        return int(number)

    # -- SQLite --------------------------------------------------------------------------------

    def check(self) -> None:
        """Read through the file. Raises LedgerDamaged."""
        self.database.check()

    def _imported(self, photo: Photo) -> int:
        ((number,),) = self.database.all(_COUNT, *identity_of(photo))
        return int(number)


def _is_shot_of(photo: Photo, name: str, folder: str, taken: str) -> bool:
    other = name, folder, moment_of(taken)
    return is_one_shot(photo.filename, photo.folder, photo.capture_date, other)
