"""The ledger's tables, and how an older ledger becomes a newer one."""

import sqlite3
from typing import Final

from .kinds import stem_of
from .records import shown_moment

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
    # library: the folders that photos lie in, by name and path; a row that names none (0) may lie
    # in any of them, and in none that is known (-1) when all were looked through. moment: when a
    # photo was taken, else when it came. shown: one row for each file, for who browses them.
    """
    CREATE TABLE library (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL DEFAULT '',
        path TEXT NOT NULL UNIQUE,
        device TEXT NOT NULL DEFAULT ''
    ) STRICT;
    INSERT INTO library (path, device) SELECT library, device FROM place;
    DROP TABLE place;
    CREATE TEMP TABLE only_one AS
        SELECT CASE count(*) WHEN 1 THEN max(id) ELSE 0 END AS id FROM library;
    ALTER TABLE imported ADD COLUMN library INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE imported ADD COLUMN moment TEXT NOT NULL DEFAULT '';
    ALTER TABLE imported ADD COLUMN day TEXT GENERATED ALWAYS AS (substr(moment, 1, 10)) VIRTUAL;
    ALTER TABLE imported ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
    UPDATE imported SET
        library = (SELECT id FROM only_one),
        moment = shown_moment(capture_date, imported_at),
        shown = NOT EXISTS (
            SELECT 1 FROM imported AS later
            WHERE later.path = imported.path AND later.id > imported.id
                AND (later.sha256 = imported.sha256 OR (SELECT id FROM only_one) <> 0)
        )
    WHERE path <> '';
    DROP INDEX imported_by_path;
    CREATE INDEX imported_by_place ON imported (path, library);
    CREATE INDEX shown_by_day ON imported (day, moment) WHERE shown = 1;
    CREATE INDEX shown_by_camera ON imported (serial, day, moment) WHERE shown = 1;
    ALTER TABLE begun ADD COLUMN library INTEGER NOT NULL DEFAULT 0;
    UPDATE begun SET library = (SELECT id FROM only_one);
    ALTER TABLE found RENAME TO found_before;
    CREATE TABLE found (
        library INTEGER NOT NULL,
        path TEXT NOT NULL,
        size INTEGER NOT NULL,
        PRIMARY KEY (library, path)
    ) STRICT;
    INSERT INTO found SELECT (SELECT id FROM only_one), path, size FROM found_before;
    DROP TABLE found_before;
    CREATE INDEX found_by_size ON found (size);
    DROP TABLE only_one
    """,
    # accepted_after: what was imported later shows that a folder is this library. What came before
    # a person said where it is now lies somewhere else, below a mount point perhaps.
    "ALTER TABLE library ADD COLUMN accepted_after INTEGER NOT NULL DEFAULT 0",
    # mount: folders of a library that another disk or share was mounted on when photos went there.
    """
    CREATE TABLE mount (
        library INTEGER NOT NULL,
        path TEXT NOT NULL,
        PRIMARY KEY (library, path)
    ) STRICT
    """,
    # ends: what photos begin and end with of which name, size and date are no proof. A row of
    # imported has several where objects are alike that nobody wanted. look: see Doubts.
    """
    CREATE TABLE ends (
        photo INTEGER NOT NULL,
        ends TEXT NOT NULL,
        look INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (photo, ends)
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER ends_of_nothing AFTER DELETE ON imported
        BEGIN DELETE FROM ends WHERE photo = old.id; END
    """,
    # latest: the last photo of each camera that came, and of those of one run the newest.
    """
    CREATE TABLE latest (serial TEXT PRIMARY KEY, photo INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TRIGGER latest_of_nothing AFTER DELETE ON imported
        BEGIN DELETE FROM latest WHERE photo = old.id; END
    """,
    # handle: what the camera called it when it was seen last. turn: later for what was read later.
    """
    ALTER TABLE ends ADD COLUMN handle INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE ends ADD COLUMN turn INTEGER NOT NULL DEFAULT 0
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
    connection.create_function("shown_moment", 2, shown_moment, deterministic=True)
    version = version_of(connection)
    for number, schema in enumerate(_SCHEMAS[version:], version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {schema}; PRAGMA user_version = {number}; COMMIT"
        )
