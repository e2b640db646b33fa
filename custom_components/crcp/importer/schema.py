"""The ledger's tables, and how an older ledger becomes a newer one."""

import sqlite3
from typing import Final

from .kinds import stem_of

#: Entry n leads from schema n to schema n + 1.
#: The unique key of imported is the identity, and the bytes for cameras whose photos have no
#: identity, because they have no names or folders. Unknown values are -1 and "" in it, because to
#: SQLite two NULLs differ. The name comes early because twins are looked up by it.
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
    # stem: what the files of one shot share. path is "" for a photo that nobody wanted.
    # begun: photos in hand, so that a run that was killed ends where it was to end. found: files
    # that lay in the library when the ledger was lost. place: on which device a library lies.
    """
    ALTER TABLE imported ADD COLUMN stem TEXT NOT NULL DEFAULT '';
    ALTER TABLE imported ADD COLUMN counter INTEGER NOT NULL DEFAULT 0;
    UPDATE imported SET stem = stem_of(filename);
    CREATE INDEX imported_by_stem ON imported (serial, stem);
    CREATE INDEX imported_by_path ON imported (path);
    CREATE TABLE begun (
        serial TEXT NOT NULL,
        filename TEXT NOT NULL,
        announced_size INTEGER NOT NULL,
        capture_date TEXT NOT NULL,
        storage TEXT NOT NULL,
        folder TEXT NOT NULL,
        path TEXT NOT NULL,
        counter INTEGER NOT NULL,
        flushed INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        begun_at TEXT NOT NULL,
        PRIMARY KEY (serial, filename, announced_size, capture_date, storage, folder)
    ) STRICT;
    CREATE TABLE found (path TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT;
    CREATE INDEX found_by_size ON found (size);
    CREATE TABLE place (library TEXT PRIMARY KEY, device TEXT NOT NULL) STRICT
    """,
)

#: The schema that is written here.
NEWEST: Final = len(_SCHEMAS)


def version_of(connection: sqlite3.Connection) -> int:
    """The schema that a ledger has; 0 for an empty file."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a ledger to the newest schema; each step happens wholly or not at all."""
    connection.create_function("stem_of", 1, stem_of, deterministic=True)
    version = version_of(connection)
    for number, schema in enumerate(_SCHEMAS[version:], version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {number}; COMMIT"
        )
