"""Which photo of a camera is its latest: the ledger remembers it, since no date of a camera tells."""

from typing import Final

from .ledger import Ledger

_NOTE: Final = "INSERT OR REPLACE INTO latest SELECT ?, id FROM imported WHERE id = ?"


def note_latest(ledger: Ledger, serial: str, number: int) -> None:
    """Remember a camera's latest photo, by the number of its row. Blocks. Raises LedgerError."""
    with ledger.database.changes() as connection:
        connection.execute(_NOTE, (serial, number))
