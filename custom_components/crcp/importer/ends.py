"""What photos begin and end with of which name, size and date are no proof: kept in the ledger.

What nobody wanted has its ends here too, and what several objects of one card share. A photo that
was seen lately need not be read again to be known; see Doubts for what a look is. All calls block.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
import hashlib
from pathlib import Path, PurePosixPath
import sqlite3
from typing import Final

from .database import Database, sql
from .executor import politely
from .records import IDENTITY, identity_of
from .source import Photo

#: How much of the beginning and of the end is compared.
SAMPLE: Final = 64 << 10

_OF: Final = sql(
    "SELECT imported.id, ifnull(ends, ''), ifnull(look, 0), ifnull(handle, 0), ifnull(turn, 0),",
    "imported.path, sha256, library.path",
    "FROM imported LEFT JOIN ends ON ends.photo = imported.id",
    "LEFT JOIN library ON library.id = imported.library WHERE",
    IDENTITY,
)

_ADD: Final = sql(
    "INSERT OR IGNORE INTO ends (photo, ends) SELECT id, ? FROM imported WHERE",
    IDENTITY,
    "AND sha256 = ?",
)

_NOTE: Final = "INSERT OR REPLACE INTO ends SELECT id, ?, ?, ?, ? FROM imported WHERE id = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A row of the ledger that a photo may be. number: the row's.

    ends: as hash_of_ends; "" where nobody noted them. look: the number of the look in which these
    ends were seen last, 0 for none. handle: what the camera called it then, 0 where nobody noted
    it. turn: grows from one that was read to those that were read later. path: None for what nobody
    wanted. library: None where nobody knows.
    """

    number: int
    ends: str
    look: int
    handle: int
    turn: int
    path: PurePosixPath | None
    sha256: str
    library: Path | None


def places(size: int | None) -> list[tuple[int, int]]:
    """Where the ends of a photo of this size lie, and how long they are."""
    first, last = (0, SAMPLE), (SAMPLE, 0)
    if size is not None:
        first = 0, min(SAMPLE, size)
        last = max(SAMPLE, size - SAMPLE), min(SAMPLE, size - SAMPLE)
    return [(offset, length) for offset, length in (first, last) if length > 0]


def hash_of_ends(size: int | None, read: Callable[[int, int], bytes]) -> str:
    """The hash of both ends, hexadecimal. read: gives so many bytes from an offset on."""
    return hashlib.sha256(b"".join(read(*place) for place in places(size))).hexdigest()


def add_ends(connection: sqlite3.Connection, photo: Photo, sha256: str, ends: str) -> None:
    """Note the ends of a photo in the row that has these bytes; "" for what nobody wanted."""
    connection.execute(_ADD, (ends, *identity_of(photo), sha256))


class Ends:
    """The ends that a ledger's database knows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, photos: Iterable[Photo]) -> dict[int, list[Seen]]:
        """The rows that each of the photos may be, by their handles."""
        return {photo.handle: self._rows_of(photo) for photo in politely(photos)}

    def note(self, seen: Mapping[int, Seen], read: Collection[int]) -> None:
        """Remember what was seen on one card at once, by its handles now; read: those that were.

        It is a look: the one that it was, or a new one where it was not one.
        """
        if not seen:
            return
        with self._database.changes() as connection:
            ((last,),) = connection.execute("SELECT ifnull(max(max(look, turn)), 0) FROM ends")
            looks = {row.look for row in seen.values()}
            look = last + 1 if len(looks) > 1 or 0 in looks else looks.pop()
            for handle, row in seen.items():
                turn = last + 1 if handle in read else row.turn
                if replace(row, look=look, handle=handle, turn=turn) != row:
                    connection.execute(_NOTE, (row.ends, look, handle, turn, row.number))

    def _rows_of(self, photo: Photo) -> list[Seen]:
        return [
            Seen(
                number=number,
                ends=ends,
                look=look,
                handle=handle,
                turn=turn,
                path=PurePosixPath(path) if path else None,
                sha256=sha256,
                library=None if library is None else Path(library),
            )
            for number, ends, look, handle, turn, path, sha256, library in self._database.all(
                _OF, *identity_of(photo)
            )
        ]
