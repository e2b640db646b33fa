"""What the importer's tests share: a camera that is a dictionary, and an importer with all it needs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
import hashlib
from pathlib import Path
from typing import Any

from custom_components.crcp.importer.errors import PhotoRefused
from custom_components.crcp.importer.importer import Importer
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.room import Reserve
from custom_components.crcp.importer.run import Imported
from custom_components.crcp.importer.source import Photo, Write

#: A time zone in which nothing is what it would be in UTC.
ZONE = timezone(timedelta(hours=9))
NOW = datetime(2026, 11, 21, 0, 30, tzinfo=ZONE)
#: The tests' own disk may be as full as it likes.
NOTHING_KEPT = Reserve(least=0, share=0.0)
TAKEN = datetime(2026, 5, 1, 6, 42, 10)


def a_photo(filename: str = "IMG_0001.JPG", **changes: Any) -> Photo:
    """A photo of a camera, on its first card."""
    facts: dict[str, Any] = {
        "serial": "042",
        "storage": "00010001",
        "folder": "DCIM/100CRCP",
        "size": 1000,
        "capture_date": TAKEN,
        "handle": 7,
    }
    return Photo(filename=filename, **facts | changes)


def some_bytes(seed: object, size: int = 1000) -> bytes:
    """Bytes that are different for each seed."""
    return hashlib.shake_128(repr(seed).encode()).digest(size)


class LinkLost(Exception):
    """What a source raises when its connection is gone."""


@dataclass
class FakeSource:
    """A camera's cards as a dictionary, and what it does wrong."""

    cards: dict[Photo, bytes] = field(default_factory=dict)
    thumbnails: dict[Photo, bytes] = field(default_factory=dict)
    failures: dict[Photo, Exception] = field(default_factory=dict)
    thumbnail_failure: Exception | None = None
    #: After so many bytes of the photo, its failure happens.
    fails_after: int = 0
    piece: int = 300
    fetched: list[Photo] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    deleted: list[Photo] = field(default_factory=list)
    gives_parts: bool = True
    refuses_to_delete: bool = False
    listings: int = 0
    left_out: list[PhotoRefused] = field(default_factory=list)
    serial: str = "042"

    def add(
        self, filename: str = "IMG_0001.JPG", data: bytes | None = None, **changes: Any
    ) -> Photo:
        """Put a photo on the card."""
        data = some_bytes((filename, changes)) if data is None else data
        photo = a_photo(filename, **{"size": len(data), "handle": len(self.cards) + 1} | changes)
        self.cards[photo] = data
        return photo

    async def photos(self) -> AsyncIterator[Photo]:
        self.listings += 1
        for photo in list(self.cards):
            await asyncio.sleep(0)
            yield photo

    async def photo(self, handle: int) -> Photo | None:
        return next((photo for photo in self.cards if photo.handle == handle), None)

    async def fetch(self, photo: Photo, write: Write, offset: int = 0) -> int:
        self.fetched.append(photo)
        self.offsets.append(offset)
        data = self.cards[photo][offset:]
        for start in range(0, len(data), self.piece):
            if photo in self.failures and start >= self.fails_after:
                raise self.failures[photo]
            await self._give(data[start : start + self.piece], write)
        if photo in self.failures:
            raise self.failures[photo]
        return len(data)

    def came_at_once(self, photo: Photo) -> bool:
        return not self.offsets[-1]

    async def sample(self, photo: Photo, offset: int, size: int) -> bytes | None:
        return self.cards[photo][offset : offset + size] if self.gives_parts else None

    async def delete(self, photo: Photo) -> None:
        if self.refuses_to_delete:
            raise PhotoRefused("read only")
        del self.cards[photo]
        self.deleted.append(photo)

    async def _give(self, piece: bytes, write: Write) -> None:
        """Give a view that is worth nothing once write has returned, as a real connection does."""
        buffer = bytearray(piece)
        await write(memoryview(buffer))
        buffer[:] = b"\xee" * len(buffer)

    async def thumbnail(self, photo: Photo) -> bytes | None:
        if self.thumbnail_failure:
            raise self.thumbnail_failure
        return self.thumbnails.get(photo)


class Bench:
    """A library, a ledger, and an importer over them that can be started again."""

    def __init__(self, folder: Path) -> None:
        self.library = folder / "media"
        self.library.mkdir()
        self.ledger_path = folder / "ledger.sqlite"
        self.ledger = Ledger(self.ledger_path)
        self.told: list[Imported] = []
        self.now = NOW
        self.importer = self.make_importer()

    def make_importer(self, camera_name: str = "Kitchen", **options: Any) -> Importer:
        return Importer(
            self.ledger,
            self.library,
            camera_name,
            run_blocking=asyncio.to_thread,
            clock=lambda: self.now,
            on_imported=self.told.append,
            **{"reserve": NOTHING_KEPT, **options},
        )

    def restart(self) -> None:
        """What a restart of Home Assistant does: nothing is left but what is on the disk."""
        self.ledger.close()
        self.ledger = Ledger(self.ledger_path)
        self.importer = self.make_importer()

    def files(self) -> dict[str, bytes]:
        """Everything in the library, by its path."""
        return {
            str(path.relative_to(self.library)): path.read_bytes()
            for path in sorted(self.library.rglob("*"))
            if path.is_file()
        }
