"""What the ledger tells of a photo, and how that lies in its columns. Pure."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

from .kinds import stem_of
from .source import Photo, is_true_date

#: What identity_of gives, as a condition.
IDENTITY: Final = """
    serial = ? AND filename = ? AND announced_size = ? AND capture_date = ? AND storage = ?
        AND folder = ?
    """

#: What stands for a moment that cannot be read.
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What became of a photo. path: relative to the library. sha256: hexadecimal, of the bytes.

    counter: the shot's number, 0 where shots are not numbered. library: None where nobody knows.
    number: of the file's row, 0 where nobody needs it.
    """

    path: PurePosixPath
    size: int
    sha256: str
    imported_at: datetime
    counter: int = 0
    library: Path | None = None
    number: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A photo in hand: where it is to lie, and how much of it is safe in its part file.

    sha256: of those bytes; nothing is said of what may follow them. library: None where nobody
    knows.
    """

    path: PurePosixPath
    counter: int = 0
    flushed: int = 0
    sha256: str = ""
    library: Path | None = None


def identity_of(photo: Photo) -> tuple[str | int, ...]:
    """What tells a photo from others, as its columns; unknown values are -1 and ""."""
    return (
        photo.serial,
        photo.filename,
        -1 if photo.size is None else photo.size,
        "" if photo.capture_date is None else photo.capture_date.isoformat(),
        photo.storage,
        photo.folder,
    )


def photo_of(serial: str, name: str, size: int, taken: str, storage: str, folder: str) -> Photo:
    """The photo that these columns tell of; its handle is lost."""
    return Photo(
        serial=serial,
        filename=name,
        size=None if size < 0 else size,
        capture_date=moment_of(taken),
        storage=storage,
        folder=folder,
        handle=0,
    )


def row_of(photo: Photo, record: Record, library: int) -> tuple[str | int, ...]:
    """A photo and what became of it, as the columns of imported; library: the number of its row."""
    path = "" if record.path == PurePosixPath() else str(record.path)
    return (
        *identity_of(photo),
        *(path, record.size, record.sha256, text_of(record.imported_at)),
        *(stem_of(photo.filename), record.counter, library),
        _naive(photo.taken or record.imported_at),
    )


def record_of(
    path: str, size: int, sha256: str, imported_at: str, counter: int, library: str | None
) -> Record:
    """What these columns of imported tell; library: its path."""
    return Record(
        path=PurePosixPath(path),
        size=size,
        sha256=sha256,
        imported_at=moment_of(imported_at) or _NEVER,
        counter=counter,
        library=None if library is None else Path(library),
    )


def begun_of(path: str, counter: int, flushed: int, sha256: str, library: str | None) -> Begun:
    """What these columns of begun tell; library: its path."""
    return Begun(
        path=PurePosixPath(path),
        counter=counter,
        flushed=flushed,
        sha256=sha256,
        library=None if library is None else Path(library),
    )


def shown_moment(capture_date: str, imported_at: str) -> str:
    """When a photo was taken, else when it came: without a time zone, as it is kept."""
    taken = moment_of(capture_date)
    moment = taken if taken and is_true_date(taken) else moment_of(imported_at)
    return _naive(moment or _NEVER)


def moment_of(text: str) -> datetime | None:
    """A moment; None for what is none: a text that was damaged costs only what it says."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def text_of(moment: datetime) -> str:
    """A moment as it is kept: in UTC."""
    return moment.astimezone(UTC).isoformat()


def _naive(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()
