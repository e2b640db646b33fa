"""What the ledger tells of a photo, and how that lies in its columns. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from .kinds import stem_of
from .source import Photo


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What became of a photo. path: relative to the library. sha256: hexadecimal, of the bytes.

    counter: the shot's number, 0 where shots are not numbered.
    """

    path: PurePosixPath
    size: int
    sha256: str
    imported_at: datetime
    counter: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A photo in hand: where it is to lie, and how much of it is safe in its part file.

    sha256: of those bytes; nothing is said of what may follow them.
    """

    path: PurePosixPath
    counter: int = 0
    flushed: int = 0
    sha256: str = ""


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


def row_of(photo: Photo, record: Record) -> tuple[str | int, ...]:
    """A photo and what became of it, as the columns of imported."""
    path = "" if record.path == PurePosixPath() else str(record.path)
    moment = text_of(record.imported_at)
    stem = stem_of(photo.filename)
    return (
        *identity_of(photo),
        *(path, record.size, record.sha256, moment, stem, record.counter),
    )


def record_of(path: str, size: int, sha256: str, imported_at: str, counter: int) -> Record:
    """What these columns of imported tell."""
    moment = moment_of(imported_at) or datetime.min.replace(tzinfo=UTC)
    place = PurePosixPath(path)
    return Record(path=place, size=size, sha256=sha256, imported_at=moment, counter=counter)


def begun_of(path: str, counter: int, flushed: int, sha256: str) -> Begun:
    """What these columns of begun tell."""
    return Begun(path=PurePosixPath(path), counter=counter, flushed=flushed, sha256=sha256)


def moment_of(text: str) -> datetime | None:
    """A moment; None for what is none: a text that was damaged costs only what it says."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def text_of(moment: datetime) -> str:
    """A moment as it is kept: in UTC."""
    return moment.astimezone(UTC).isoformat()
