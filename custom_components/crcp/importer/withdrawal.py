"""Taking back what a camera brought that was never a real one.

Nothing that a person made is touched: only what has the bytes that this camera sent is deleted.
"""

from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

from .errors import ImporterError
from .ledger import Ledger
from .reading import sha256_of

#: A file that another camera's photo is said to be as well is that camera's.
_BROUGHT: Final = """
    SELECT imported.path, sha256, library.path
    FROM imported LEFT JOIN library ON library.id = imported.library
    WHERE serial = ?1 AND imported.path <> '' AND imported.path NOT IN (
        SELECT path FROM imported WHERE serial <> ?1
    )
    """


def withdraw(ledger: Ledger, library: Path, serial: str) -> set[str]:
    """Delete the files that a camera's photos are, and forget the photos; their hashes. Blocks.

    library: where those lie of which nobody knows. A file that was changed stays, and so does what
    cannot be reached. Folders that are empty then go. Raises LedgerError.
    """
    brought = ledger.database.all(_BROUGHT, serial)
    for path, sha256, home in brought:
        with suppress(ImporterError, OSError):
            _delete(library if home is None else Path(home), PurePosixPath(path), sha256)
    with ledger.database.changes() as connection:
        connection.execute("DELETE FROM imported WHERE serial = ?", (serial,))
        connection.execute("DELETE FROM begun WHERE serial = ?", (serial,))
    return {sha256 for _, sha256, _ in brought}


def _delete(library: Path, path: PurePosixPath, sha256: str) -> None:
    """Delete a file that is still what was stored, and the folders that held nothing else."""
    if sha256_of(library, path) != sha256:
        return
    (library / path).unlink()
    for folder in path.parents[:-1]:
        (library / folder).rmdir()  # refused as soon as there is something in it
