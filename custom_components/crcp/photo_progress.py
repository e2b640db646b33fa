"""How the import of one camera's pictures stands, and how fast it goes."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
import logging
import time
from typing import Any, Final, Self

from homeassistant.util.json import JsonValueType

from .importer.catalogue import StoredPhoto
from .importer.errors import AnotherLibrary, ImporterError, LedgerError, LibraryFull, LibraryMissing
from .importer.run import Imported, Progress, Report
from .importer.source import Photo
from .photo_addresses import key_of, original_id, preview_url, shown_id

_LOGGER = logging.getLogger(__name__)

#: Over how many seconds the rate is taken, and how often it is looked at.
RATE_OVER: Final = 5.0
RATE_STEP: Final = 0.5

#: A card full of broken files must not fill the log.
MAX_COMPLAINTS: Final = 20

#: A change is told at most so often, in seconds; a picture that landed is an event of its own.
TELL_EVERY: Final = 1.0


class Activity(StrEnum):
    """What the importer does at the moment."""

    IDLE = "idle"
    CHECKING = "checking"
    IMPORTING = "importing"


class Trouble(StrEnum):
    """What keeps every picture out; the names are those of states and of repair issues."""

    NO_ROOM = "no_room"
    NO_FOLDER = "no_folder"
    OTHER_FOLDER = "other_folder"
    NOT_WRITABLE = "not_writable"
    NO_LEDGER = "no_ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPhoto:
    """A picture that is safe in the library.

    key: stands for it in ids and addresses. path: relative to the media folder. captured: naive when the camera told no time zone; None
    when it told no time. count: how many of this camera's pictures were imported so far. newest: whether
    none that came with it was taken later.
    """

    key: str
    path: str
    file_name: str
    captured: datetime | None
    imported_at: datetime
    size: int
    count: int
    newest: bool

    @classmethod
    def of(cls, imported: Imported, count: int, *, newest: bool) -> Self:
        """What the importer tells of one, in the words of this house."""
        return cls(
            key=key_of(imported.number, imported.sha256),
            path=str(imported.path),
            file_name=imported.path.name,
            captured=imported.photo.capture_date,
            imported_at=imported.imported_at,
            size=imported.size,
            count=count,
            newest=newest,
        )

    @classmethod
    def kept(cls, key: str, row: StoredPhoto, count: int) -> Self:
        """The latest of them, as the ledger has it."""
        return cls(
            key=key,
            path=str(row.path),
            file_name=row.path.name,
            captured=row.capture_date,
            imported_at=row.imported_at,
            size=row.size,
            count=count,
            newest=True,
        )


class Newest:
    """Knows the newest picture of a run, whose newest come first and whose oldest come last.

    Only within a run: a clock that was reset must not hide what is taken from then on.
    """

    def __init__(self) -> None:
        self._taken: datetime | None = None

    def take(self, photo: Photo) -> bool:
        """Note one; return whether nothing of this run was taken later."""
        taken = photo.taken and photo.taken.replace(tzinfo=None)
        if self._taken and (taken is None or taken < self._taken):
            return False
        self._taken = taken
        return True


PHOTO_ATTRIBUTES: Final = (
    "media_content_id",
    "original",
    "preview",
    "path",
    "file_name",
    "camera",
    "captured",
    "size",
)


def photo_attributes(photo: ImportedPhoto, camera: str) -> dict[str, JsonValueType]:
    """What events, sensors and actions tell of a picture: PHOTO_ATTRIBUTES, in plain values.

    media_content_id: of what every screen shows; original: of the file as it is. preview: the
    address of a small JPEG file of this very picture, for who is logged in, as a phone's app is.
    """
    captured = photo.captured.isoformat() if photo.captured else None
    names = (shown_id(photo.key), original_id(photo.key), preview_url(photo.key))
    about = (*names, photo.path, photo.file_name, camera, captured, photo.size)
    return dict(zip(PHOTO_ATTRIBUTES, about, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportStatus:
    """How it stands. imported: of this camera, None while the ledger is not open.

    percent, remaining, seconds_left: of the run that goes on; None where there is none, or nobody
    knows. rate: bytes a second. failed: pictures that are tried again later; failures: the
    file names of some of them.
    """

    activity: Activity = Activity.IDLE
    trouble: Trouble | None = None
    trouble_detail: str = ""
    auto: bool = True
    imported: int | None = None
    percent: float | None = None
    remaining: int | None = None
    seconds_left: int | None = None
    rate: float = 0.0
    failed: int = 0
    failures: tuple[str, ...] = ()
    last: ImportedPhoto | None = None


def trouble_of(error: ImporterError) -> Trouble:
    """What an error that ended a run means to a person."""
    match error:
        case LedgerError():
            return Trouble.NO_LEDGER
        case LibraryFull():
            return Trouble.NO_ROOM
        case AnotherLibrary():
            return Trouble.OTHER_FOLDER
        case LibraryMissing():
            return Trouble.NO_FOLDER
        case _:
            # Also a disk that fails: the folder is there, and takes nothing.
            return Trouble.NOT_WRITABLE


class Meter:
    """Watches a run: how much of it is done, and how fast it goes. timer: seconds that only grow."""

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._progress: Progress | None = None
        self._marks: deque[tuple[float, int]] = deque()

    def take(self, progress: Progress) -> None:
        """Note how far the run is."""
        now, done = self._timer(), progress.done + progress.received
        self._progress = progress
        if self._marks and done < self._marks[-1][1]:
            self._marks.clear()
        if not self._marks or now - self._marks[-1][0] >= RATE_STEP:
            self._marks.append((now, done))
            while now - self._marks[0][0] > RATE_OVER:
                self._marks.popleft()

    def clear(self) -> None:
        """The run is over."""
        self._progress = None
        self._marks.clear()

    @property
    def percent(self) -> float | None:
        """How much of the run's bytes have come."""
        if self._progress is None:
            return None
        done, total = self._progress.done + self._progress.received, self._progress.total
        return round(min(100.0, 100 * done / total), 1) if total else 0.0

    @property
    def remaining(self) -> int | None:
        """How many of the run's pictures are not here yet; the one in hand is one of them."""
        if self._progress is None:
            return None
        return self._progress.count - self._progress.number + 1

    @property
    def rate(self) -> float:
        """Bytes a second, of late."""
        if len(self._marks) < 2:
            return 0.0
        (first, before), (last, now) = self._marks[0], self._marks[-1]
        return round((now - before) / (last - first), 1)

    @property
    def seconds_left(self) -> int | None:
        """How long the rest of the run takes at this rate."""
        if self._progress is None or not self.rate:
            return None
        left = self._progress.total - self._progress.done - self._progress.received
        return max(0, round(left / self.rate))


class Complaints:
    """Says in the log what is wrong: each thing once, until all was well, and not too many."""

    def __init__(self, camera_name: str) -> None:
        self._camera_name = camera_name
        self._told: set[str] = set()

    def tell(self, text: str) -> None:
        """Log a complaint that was not told yet."""
        if text not in self._told and len(self._told) < MAX_COMPLAINTS:
            self._told.add(text)
            _LOGGER.warning("%s: %s", self._camera_name, text)

    def tell_of(self, report: Report) -> tuple[str, ...]:
        """Log what a run could not import; return the names of some of that."""
        names = tuple(failure.photo.filename[:64] for failure in report.failed)
        for name, failure in zip(names, report.failed, strict=True):
            self.tell(f"{name!r} is not imported yet: {failure.error}")
        if not report.unfinished:
            self.forget()
        return names[:MAX_COMPLAINTS]

    def forget(self) -> None:
        """All is well."""
        self._told.clear()


class Board:
    """Holds the status and tells of its changes, at once or a little later, but not too often.

    tell: called in the event loop. meter: its readings are part of the status.
    """

    def __init__(self, status: ImportStatus, tell: Callable[[], None]) -> None:
        self.status = status
        self.meter = Meter()
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._told_at = -TELL_EVERY
        self._timer: asyncio.TimerHandle | None = None

    def change(self, **changes: Any) -> None:
        """Change fields of the status."""
        meter = self.meter
        status = replace(
            self.status,
            percent=meter.percent,
            remaining=meter.remaining,
            seconds_left=meter.seconds_left,
            rate=meter.rate,
            **changes,
        )
        if status != self.status:
            self.status = status
            self._tell_soon()

    def close(self) -> None:
        """Tell no more."""
        if self._timer:
            self._timer.cancel()

    def _tell_soon(self) -> None:
        if self._timer is None:
            wait = self._told_at + TELL_EVERY - self._loop.time()
            if wait > 0:
                self._timer = self._loop.call_later(wait, self._tell_now)
            else:
                self._tell_now()

    def _tell_now(self) -> None:
        self._timer = None
        self._told_at = self._loop.time()
        self._tell()
