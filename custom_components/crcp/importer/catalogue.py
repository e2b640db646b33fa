"""What lies in the libraries, for who browses it: pages of photos, newest first, and their days.

Each file comes once, whichever photos led to it; what nobody wanted does not come. A file that its
owner moved or deleted is still known here, so look whether it is there. The disk with the photos is
never touched. A page costs the same in a ledger of any size, and however far down it lies; only what
looks for words or endings reads on until it has found enough. All calls block, and may come from any
thread.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final, Self
import unicodedata

from .database import Database, sql
from .records import moment_of
from .source import is_true_date

#: One row for each file; the indexes are over these rows alone.
_FILES: Final = "shown = 1"

_PHOTOS: Final = """
    SELECT imported.id, serial, coalesce(library.name, ''), imported.path, filename, size,
        capture_date, imported_at, sha256, moment
    FROM imported LEFT JOIN library ON library.id = imported.library
    """

#: A day is the beginning of a moment, so this is the order of the moments, as the indexes have it.
_PAGE: Final = "ORDER BY day DESC, moment DESC, imported.id DESC LIMIT ?"

_DAYS: Final = "SELECT day, count(*), max(moment), id FROM imported"

#: What stands for a moment that cannot be read.
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

#: SQLite's own LIKE knows the capitals of ASCII alone, and no bound but its own on a word.
_HAS_WORD: Final = "instr(folded(imported.path || ' ' || filename || ' ' || moment), ?) > 0"

_ENDS_IN: Final = "imported.path LIKE ?"

#: Before every date, and after.
_FIRST: Final = ""
_LAST: Final = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPhoto:
    """A file of a library. id: the ledger's, the same until the photo is forgotten.

    library: the name of the library, "" where nobody knows it. path: relative to the library.
    filename: the camera's own. size: in bytes. capture_date: None where none is known that can be
    true; naive means the camera's local time. imported_at: in UTC. sha256: of the bytes,
    hexadecimal. moment: when it was taken, else when it came; naive. Photos are in the order of
    their moments, then of their ids.
    """

    id: int
    serial: str
    library: str
    path: PurePosixPath
    filename: str
    size: int
    capture_date: datetime | None
    imported_at: datetime
    sha256: str
    moment: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day with photos. newest: the id of the last one."""

    day: date
    count: int
    newest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera with photos. newest: the id of the last one."""

    serial: str
    count: int
    newest: int


class Catalogue:
    """Reads a ledger beside those who write it. Every method raises LedgerError."""

    def __init__(self, path: Path) -> None:
        """Open the ledger, which exists."""
        self._database = Database(path)
        self._database.connection.create_function("folded", 1, _folded, deterministic=True)

    def __enter__(self) -> Self:
        """Use it as a context manager: it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close it."""
        self._database.close()

    def recent(
        self,
        limit: int,
        before: StoredPhoto | None = None,
        *,
        serial: str | None = None,
        endings: Iterable[str] = (),
    ) -> list[StoredPhoto]:
        """The newest photos, of one camera or of all; before: the last one of the page before.

        endings: what their paths end in, "mov" say, in upper or lower case; none for all.
        """
        wanted = _Wanted(serial=serial, endings=tuple(endings))
        return self._page(wanted, limit, before)

    def of_day(
        self,
        day: date,
        limit: int,
        before: StoredPhoto | None = None,
        *,
        serial: str | None = None,
    ) -> list[StoredPhoto]:
        """The photos of a day."""
        wanted = _Wanted(serial=serial, start=day.isoformat(), end=_behind(day))
        return self._page(wanted, limit, before)

    def find(
        self,
        words: Iterable[str],
        limit: int,
        before: StoredPhoto | None = None,
        *,
        serial: str | None = None,
        endings: Iterable[str] = (),
    ) -> list[StoredPhoto]:
        """Photos with each of these words in their path, the camera's name for them or their date.

        Upper and lower case are one, and so are ss and its one letter. endings: as for recent.
        """
        wanted = _Wanted(serial=serial, words=tuple(words), endings=tuple(endings))
        return self._page(wanted, limit, before)

    def days(
        self, limit: int, before: date | None = None, *, serial: str | None = None
    ) -> list[Day]:
        """The last days with photos; before: the last one of the page before."""
        wanted = _Wanted(serial=serial, end=_LAST if before is None else before.isoformat())
        rows = self._database.all(
            sql(_DAYS, "WHERE", wanted.clause, "GROUP BY day ORDER BY day DESC LIMIT ?"),
            *wanted.values,
            limit,
        )
        return [
            Day(day=moment.date(), count=count, newest=newest)
            for day, count, _, newest in rows
            if (moment := moment_of(day))
        ]

    def cameras(self) -> list[Camera]:
        """The cameras with photos; the one with the newest comes first."""
        rows = self._database.all(
            "SELECT serial, count(*), max(moment), id FROM imported WHERE shown = 1 "
            "GROUP BY serial ORDER BY max(moment) DESC"
        )
        return [
            Camera(serial=serial, count=count, newest=newest) for serial, count, _, newest in rows
        ]

    def latest(self, serial: str) -> StoredPhoto | None:
        """The photo of a camera that came last; None where that is not known, or not any more."""
        rows = self._database.all("SELECT photo FROM latest WHERE serial = ?", serial)
        return next((self.by_id(number) for (number,) in rows), None)

    def by_id(self, number: int) -> StoredPhoto | None:
        """One photo; None when there is none, or none any more."""
        rows = self._database.all(sql(_PHOTOS, "WHERE imported.id = ? AND", _FILES), number)
        return next((_stored(*row) for row in rows), None)

    def _page(self, wanted: _Wanted, limit: int, before: StoredPhoto | None) -> list[StoredPhoto]:
        if before:
            # The index is entered at this day: everything newer is not even looked at.
            wanted = replace(wanted, end=min(wanted.end, _behind(before.moment.date())))
        clause, values = wanted.clause, wanted.values
        if before:
            clause += " AND (moment, imported.id) < (?, ?)"
            values += (before.moment.isoformat(), before.id)
        query = sql(_PHOTOS, "WHERE", clause, _PAGE)
        return [_stored(*row) for row in self._database.all(query, *values, limit)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """Which photos: of a camera, in a span of time, with some words, of some kinds."""

    serial: str | None = None
    start: str = _FIRST
    end: str = _LAST
    words: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()

    @property
    def clause(self) -> str:
        parts = [_FILES, "day >= ?", "day < ?"]
        if self.serial is not None:
            parts.append("serial = ?")
        parts += [_HAS_WORD] * len(self.words)
        if self.endings:
            parts.append(f"({' OR '.join([_ENDS_IN] * len(self.endings))})")
        return " AND ".join(parts)

    @property
    def values(self) -> tuple[str | int, ...]:
        serial = () if self.serial is None else (self.serial,)
        endings = (f"%.{ending}" for ending in self.endings)
        return (self.start, self.end, *serial, *map(_folded, self.words), *endings)


def _behind(day: date) -> str:
    """What every moment of a day is less than."""
    return (day + timedelta(days=1)).isoformat() if day < date.max else _LAST


def _folded(text: str) -> str:
    """A text in which what people take for the same letter is the same, however it is written."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _stored(
    number: int,
    serial: str,
    library: str,
    path: str,
    filename: str,
    size: int,
    capture_date: str,
    imported_at: str,
    sha256: str,
    moment: str,
) -> StoredPhoto:
    taken, arrived = moment_of(capture_date), moment_of(imported_at)
    return StoredPhoto(
        id=number,
        serial=serial,
        library=library,
        path=PurePosixPath(path),
        filename=filename,
        size=size,
        capture_date=taken if taken and is_true_date(taken) else None,
        imported_at=arrived or _NEVER,
        sha256=sha256,
        moment=(moment_of(moment) or _NEVER).replace(tzinfo=None),
    )
