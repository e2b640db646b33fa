"""What a run is to do, how far it is, and what came of it."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from .errors import NoRoomForPhoto, PhotoError, PhotoRefused
from .records import Record
from .source import LEAST_UNTOLD_SIZE, Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A photo that is in the library and the ledger. path: relative to the library.

    number: of the file's row in the ledger.
    """

    photo: Photo
    path: PurePosixPath
    size: int
    sha256: str
    imported_at: datetime
    thumbnail: bytes | None
    number: int

    @property
    def record(self) -> Record:
        """What the ledger tells of it, as far as it matters to who compares the file."""
        return Record(
            path=self.path, size=self.size, sha256=self.sha256, imported_at=self.imported_at
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """A photo that was not imported, and why."""

    photo: Photo
    error: PhotoError


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is. photo: the one in hand, number: which of count. received: bytes of it.

    done: bytes of the photos before it. total: of all of them, as far as the camera tells.
    """

    photo: Photo
    number: int
    count: int
    received: int
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run did. known: photos that the ledger had, or had the bytes of.

    not_chosen: photos that nobody wants. waiting: photos that failed too often, and are not tried
    now. deleted: on the camera. left_out: what the camera would not list or describe, so that nobody
    can say whether it is wanted; a later run may find it.
    """

    imported: int
    known: int
    failed: tuple[Failure, ...]
    size: int
    not_chosen: int = 0
    waiting: int = 0
    deleted: int = 0
    left_out: tuple[PhotoRefused, ...] = ()

    @property
    def unfinished(self) -> int:
        """How many photos may still have to come; none of them is a run that did all it was to."""
        return len(self.failed) + self.waiting + len(self.left_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do. ready: in this order. known: photos that need no import.

    half_done: photos of which an earlier run left a part. alike: of which there are more on the cards
    than are known, though some are.
    """

    ready: list[Photo]
    known: list[Photo]
    not_chosen: int
    waiting: int
    half_done: set[Photo]
    alike: set[Photo]

    @property
    def total(self) -> int:
        """The bytes to come, as far as the camera tells."""
        return sum(photo.size or 0 for photo in self.ready)


class Run:
    """The counts of a run that goes on. twins: photos whose bytes were in the library already.

    overtook: photos that came before their turn, with their handles. gone: the handles of what was
    deleted. left_out: what was announced and not described.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.imported = self.size = self.deleted = 0
        self.twins: list[Photo] = []
        self.failed: list[Failure] = []
        self.overtook: set[tuple[Photo, int]] = set()
        self.gone: set[int] = set()
        self.left_out: list[PhotoRefused] = []
        self.no_room: NoRoomForPhoto | None = None
        self._too_large = LEAST_UNTOLD_SIZE

    def has_no_room(self, photo: Photo, error: NoRoomForPhoto) -> None:
        """Note that there is no room for a photo; the run ends so when the smaller ones are here."""
        self.no_room = error
        self._too_large = LEAST_UNTOLD_SIZE if photo.size is None else photo.size

    def may_have_room_for(self, photo: Photo) -> bool:
        """Whether a photo is smaller than what there was no room for."""
        return self.no_room is None or (photo.size is not None and photo.size < self._too_large)

    async def count(self, photo: Photo, storing: Awaitable[Imported | None]) -> None:
        """Count a photo when it is stored, or was refused by the library."""
        try:
            imported = await storing
        except PhotoError as error:
            self.failed.append(Failure(photo, error))
            return
        if imported is None:
            self.twins.append(photo)
        else:
            self.imported += 1
            self.size += imported.size

    def report(self) -> Report:
        """What came of it."""
        return Report(
            imported=self.imported,
            known=len(self._plan.known) + len(self.twins),
            failed=tuple(self.failed),
            size=self.size,
            not_chosen=self._plan.not_chosen,
            waiting=self._plan.waiting,
            deleted=self.deleted,
        )
