"""The imported pictures as people look at them: newest first, page by page, by keys that are no paths."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, islice
import os
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant

from .importer.catalogue import Catalogue, Day, StoredPhoto
from .importer.errors import ImporterError
from .photo_addresses import key_in, key_of, key_parts
from .photo_library import LOCAL_MEDIA, borrowed_catalogue
from .photo_types import FILM_ENDINGS, is_film, is_media, mime_of

#: So many pictures are shown at once; more make a browser slow.
PAGE: Final = 500

#: So many days, which is a picture a day for twenty-seven years.
MAX_DAYS: Final = 10_000

#: So many files have a path that another one's path is a part of.
MAX_ALIKE: Final = 100

#: So many rows are asked for at once while those to be shown are looked for.
_CHUNK: Final = 600

#: So many, where the first of them will nearly always do.
_FEW: Final = 1


class ShelfError(Exception):
    """The pictures cannot be looked through; the text says why."""


class NotOnShelf(ShelfError):
    """There is no such picture."""


class FolderMissing(ShelfError):
    """The pictures' folder is not there: a share that is not mounted. folder: which."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfPhoto:
    """A picture or film of the library. key: stands for it in ids and addresses. path: the file."""

    key: str
    row: StoredPhoto
    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def sha256(self) -> str:
        """The hash of the bytes that were imported."""
        return self.row.sha256

    @property
    def mime_type(self) -> str:
        """What kind of media the file is."""
        return mime_of(self.name)

    @property
    def is_film(self) -> bool:
        """Whether it is a film."""
        return is_film(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which ones: of a camera, of a day, with words in name or date; pictures or films or both."""

    serial: str | None = None
    day: date | None = None
    words: tuple[str, ...] = ()
    pictures: bool = True
    films: bool = True

    def wants(self, name: str) -> bool:
        """Whether a file by its name is of a kind that is wanted."""
        return is_media(name) and (self.films if is_film(name) else self.pictures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some pictures, and the key behind which older ones follow; None at the end."""

    photos: list[ShelfPhoto]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOnShelf:
    """A day with pictures. newest: the key of one to stand for it, where there is one."""

    day: date
    newest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraOnShelf:
    """A camera that pictures came from. newest: as for a day."""

    serial: str
    newest: str | None


async def async_page(
    hass: HomeAssistant, query: Query, after: str | None = None, limit: int = PAGE
) -> Page:
    """A page of pictures, newest first. Raises ShelfError."""
    reader = _Reader(hass)
    async with _catalogue(hass) as catalogue:
        if catalogue is None:
            return Page(photos=[], after=None)
        return await hass.async_add_executor_job(reader.page, catalogue, query, after, limit)


async def async_latest(hass: HomeAssistant, serial: str, limit: int) -> list[ShelfPhoto]:
    """A camera's latest picture, as photo_latest.py has it, then its newest. Raises ShelfError.

    One in a folder that is not there now may lie in it, and one that was deleted does not come.
    """
    reader = _Reader(hass)
    async with _catalogue(hass) as catalogue:
        if catalogue is None:
            return []
        return await hass.async_add_executor_job(reader.latest, catalogue, serial, limit)


async def async_photo(hass: HomeAssistant, key: str) -> ShelfPhoto:
    """One picture, whose file is there. Raises ShelfError."""
    reader = _Reader(hass)
    async with _catalogue(hass) as catalogue:
        if catalogue is None:
            raise NotOnShelf(key)
        return await hass.async_add_executor_job(reader.photo, catalogue, key)


async def async_local_id(hass: HomeAssistant, media_content_id: str) -> str:
    """What Home Assistant's own source calls a picture of ours, also one whose file is gone.

    Anything else as it is.
    """
    key = key_in(media_content_id)
    if key is None:
        return media_content_id
    try:
        async with _catalogue(hass) as catalogue:
            row = await hass.async_add_executor_job(_row, catalogue, key) if catalogue else None
    except ShelfError:
        return media_content_id
    return f"{LOCAL_MEDIA}{row.library}/{row.path}" if row else media_content_id


async def async_key_of(hass: HomeAssistant, library: str, path: str) -> str:
    """The key of a file of a media folder, by its path below that. Raises ShelfError."""

    def find(catalogue: Catalogue) -> str | None:
        rows = catalogue.find([path], MAX_ALIKE)
        same = (row for row in rows if str(row.path) == path and row.library in {library, ""})
        return next((_key_of(row) for row in same), None)

    async with _catalogue(hass) as catalogue:
        key = await hass.async_add_executor_job(find, catalogue) if catalogue else None
    if key is None:
        raise NotOnShelf(path)
    return key


async def async_months(hass: HomeAssistant) -> list[DayOnShelf]:
    """The last day with pictures of each month, newest first. Raises ShelfError."""
    return await _async_folders(hass, _Reader.months)


async def async_days(hass: HomeAssistant, month: str) -> list[DayOnShelf]:
    """The days of a month with pictures, newest first; month: as "2026-05". Raises ShelfError."""
    return await _async_folders(hass, _Reader.days, month)


async def async_cameras(hass: HomeAssistant) -> list[CameraOnShelf]:
    """The cameras that pictures came from, the one with the newest first. Raises ShelfError."""
    return await _async_folders(hass, _Reader.cameras)


async def _async_folders[*Args, Result](
    hass: HomeAssistant,
    find: Callable[[_Reader, Catalogue, *Args], list[Result]],
    *args: *Args,
) -> list[Result]:
    reader = _Reader(hass)
    async with _catalogue(hass) as catalogue:
        if catalogue is None:
            return []
        return await hass.async_add_executor_job(find, reader, catalogue, *args)


@asynccontextmanager
async def _catalogue(hass: HomeAssistant) -> AsyncIterator[Catalogue | None]:
    """Read the ledger; None where no picture ever came."""
    try:
        async with borrowed_catalogue(hass) as catalogue:
            yield catalogue
    except ImporterError as error:
        raise ShelfError(str(error)) from error


def _month_of(day: Day) -> str:
    return day.day.isoformat()[: len("2026-05")]


class _Reader:
    """Finds pictures and their files. Blocks."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._folders = {key: Path(folder) for key, folder in hass.config.media_dirs.items()}

    def page(self, catalogue: Catalogue, query: Query, after: str | None, limit: int) -> Page:
        before = None if after is None else _row(catalogue, after)
        photos: list[ShelfPhoto] = []
        missing: set[Path] = set()
        for row in _rows(_asker(catalogue, query), before):
            if not query.wants(row.path.name):
                continue
            if len(photos) == limit:
                return Page(photos=photos, after=photos[-1].key)
            if photo := self._found(row, missing):
                photos.append(photo)
        if not photos and missing:
            raise FolderMissing(missing.pop())
        return Page(photos=photos, after=None)

    def months(self, catalogue: Catalogue) -> list[DayOnShelf]:
        months: dict[str, DayOnShelf] = {}
        for day in catalogue.days(MAX_DAYS):
            if _month_of(day) not in months and (shown := self._day(catalogue, day)):
                months[_month_of(day)] = shown
        return list(months.values())

    def days(self, catalogue: Catalogue, month: str) -> list[DayOnShelf]:
        days = [day for day in catalogue.days(MAX_DAYS) if _month_of(day) == month]
        return [shown for day in days if (shown := self._day(catalogue, day))]

    def cameras(self, catalogue: Catalogue) -> list[CameraOnShelf]:
        return [
            CameraOnShelf(serial=camera.serial, newest=_shown_key(front))
            for camera in catalogue.cameras()
            if (front := self._front(catalogue, Query(serial=camera.serial)))
        ]

    def latest(self, catalogue: Catalogue, serial: str, limit: int) -> list[ShelfPhoto]:
        first = catalogue.latest(serial)
        newest = _rows(_asker(catalogue, Query(serial=serial)), None, _FEW)
        # What a clock dated that ran ahead is not the newest for years.
        others = (row for row in newest if row != first and not _is_ahead(row))
        rows = chain([first] if first else [], others)
        wanted = (self._known(row) for row in rows if is_media(row.path.name))
        return list(islice((photo for photo in wanted if photo), limit))

    def photo(self, catalogue: Catalogue, key: str) -> ShelfPhoto:
        row = _row(catalogue, key)
        for folder in self._folders_of(row):
            path = folder / row.path
            if _is_there(folder, path):
                return ShelfPhoto(key=key, row=row, path=path)
        raise NotOnShelf(key)

    def _found(self, row: StoredPhoto, missing: set[Path]) -> ShelfPhoto | None:
        """A row with its file; None for one whose file its owner deleted or moved."""
        for folder in self._folders_of(row):
            path = folder / row.path
            if path.exists():
                return ShelfPhoto(key=_key_of(row), row=row, path=path)
            if folder not in missing and not folder.is_dir():
                missing.add(folder)
        return None

    def _day(self, catalogue: Catalogue, day: Day) -> DayOnShelf | None:
        front = self._front(catalogue, Query(day=day.day))
        return DayOnShelf(day=day.day, newest=_shown_key(front)) if front else None

    def _front(self, catalogue: Catalogue, query: Query) -> ShelfPhoto | None:
        """What stands for a folder; None for one whose files were all deleted."""
        rows = _rows(_asker(catalogue, query), None, _FEW)
        wanted = (self._known(row) for row in rows if query.wants(row.path.name))
        return next((photo for photo in wanted if photo), None)

    def _known(self, row: StoredPhoto) -> ShelfPhoto | None:
        """A row with its file, or with where that was; None for one whose file was deleted."""
        missing: set[Path] = set()
        photo = self._found(row, missing)
        if photo is None and missing:
            photo = ShelfPhoto(key=_key_of(row), row=row, path=missing.pop() / row.path)
        return photo

    def _folders_of(self, row: StoredPhoto) -> Iterator[Path]:
        """The folder of a row; each, where the ledger does not know it."""
        if row.library in self._folders:
            yield self._folders[row.library]
        elif not row.library:
            yield from self._folders.values()


def _row(catalogue: Catalogue, key: str) -> StoredPhoto:
    parts = key_parts(key)
    row = catalogue.by_id(parts[0]) if parts else None
    if row is None or parts is None or not row.sha256.startswith(parts[1]):
        raise NotOnShelf(key)
    return row


def _is_ahead(row: StoredPhoto) -> bool:
    """Whether it was taken after it came, by a day at least: nobody knows the time zones."""
    return row.moment > row.imported_at.replace(tzinfo=None) + timedelta(days=1)


def _key_of(row: StoredPhoto) -> str:
    return key_of(row.id, row.sha256)


def _shown_key(photo: ShelfPhoto) -> str | None:
    """The key of what a folder shows; None for a film and a share that is away: what is there to see?"""
    return photo.key if not photo.is_film and photo.path.exists() else None


type _Ask = Callable[[int, StoredPhoto | None], list[StoredPhoto]]


def _asker(catalogue: Catalogue, query: Query) -> _Ask:
    """What gives the next rows behind one."""
    day, words, serial = query.day, query.words, query.serial
    endings = () if query.pictures else FILM_ENDINGS
    if day:
        return lambda number, before: catalogue.of_day(day, number, before, serial=serial)
    if words:
        return lambda number, before: catalogue.find(
            words, number, before, serial=serial, endings=endings
        )
    return lambda number, before: catalogue.recent(number, before, serial=serial, endings=endings)


def _rows(ask: _Ask, before: StoredPhoto | None, number: int = _CHUNK) -> Iterator[StoredPhoto]:
    """All rows behind one; number: of those that are asked for first."""
    while rows := ask(number, before):
        yield from rows
        if len(rows) < number:
            return
        before, number = rows[-1], min(8 * number, _CHUNK)


def _is_there(folder: Path, path: Path) -> bool:
    """Whether a file is there, and is itself: no symbolic link leads anywhere else."""
    try:
        relative = path.relative_to(folder)
        real = Path(os.path.realpath(path, strict=True))
    except OSError, ValueError:
        return False
    return real == Path(os.path.realpath(folder)) / relative and real.is_file()
