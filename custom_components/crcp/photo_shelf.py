"""The imported pictures as people look at them: newest first, page by page, by keys that are no paths."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
import os
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant

from .importer.catalogue import Catalogue, Day, StoredPhoto
from .importer.errors import ImporterError
from .photo_addresses import key_in, key_of, key_parts
from .photo_library import LOCAL_MEDIA, borrowed_catalogue
from .photo_types import FILM_ENDINGS, is_film, is_media, is_picture, mime_of

#: So many pictures are shown at once; more make a browser slow.
PAGE: Final = 500

#: So many days, which is a picture a day for twenty-seven years.
MAX_DAYS: Final = 10_000

#: So many files have a path that another one's path is a part of.
MAX_ALIKE: Final = 100

#: So many rows are asked for at once while those to be shown are looked for.
_CHUNK: Final = 600


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
    async with _catalogue(hass) as catalogue:
        return await hass.async_add_executor_job(_months, catalogue) if catalogue else []


async def async_days(hass: HomeAssistant, month: str) -> list[DayOnShelf]:
    """The days of a month with pictures, newest first; month: as "2026-05". Raises ShelfError."""
    async with _catalogue(hass) as catalogue:
        return await hass.async_add_executor_job(_days, catalogue, month) if catalogue else []


async def async_cameras(hass: HomeAssistant) -> list[CameraOnShelf]:
    """The cameras that pictures came from, the one with the newest first. Raises ShelfError."""
    async with _catalogue(hass) as catalogue:
        return await hass.async_add_executor_job(_cameras, catalogue) if catalogue else []


@asynccontextmanager
async def _catalogue(hass: HomeAssistant) -> AsyncIterator[Catalogue | None]:
    """Read the ledger; None where no picture ever came."""
    try:
        async with borrowed_catalogue(hass) as catalogue:
            yield catalogue
    except ImporterError as error:
        raise ShelfError(str(error)) from error


def _months(catalogue: Catalogue) -> list[DayOnShelf]:
    months: dict[str, Day] = {}
    for day in catalogue.days(MAX_DAYS):
        months.setdefault(_month_of(day), day)
    return [_day(catalogue, day) for day in months.values()]


def _days(catalogue: Catalogue, month: str) -> list[DayOnShelf]:
    return [_day(catalogue, day) for day in catalogue.days(MAX_DAYS) if _month_of(day) == month]


def _month_of(day: Day) -> str:
    return day.day.isoformat()[: len("2026-05")]


def _day(catalogue: Catalogue, day: Day) -> DayOnShelf:
    return DayOnShelf(day=day.day, newest=_key_of_newest(catalogue, day.newest))


def _cameras(catalogue: Catalogue) -> list[CameraOnShelf]:
    return [
        CameraOnShelf(serial=camera.serial, newest=_key_of_newest(catalogue, camera.newest))
        for camera in catalogue.cameras()
    ]


def _key_of_newest(catalogue: Catalogue, number: int) -> str | None:
    row = catalogue.by_id(number)
    return _key_of(row) if row and is_picture(row.path.name) else None


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


def _key_of(row: StoredPhoto) -> str:
    return key_of(row.id, row.sha256)


type _Ask = Callable[[StoredPhoto | None], list[StoredPhoto]]


def _asker(catalogue: Catalogue, query: Query) -> _Ask:
    """What gives the next rows behind one."""
    day, words, serial = query.day, query.words, query.serial
    endings = () if query.pictures else FILM_ENDINGS
    if day:
        return lambda before: catalogue.of_day(day, _CHUNK, before, serial=serial)
    if words:
        return lambda before: catalogue.find(words, _CHUNK, before, serial=serial, endings=endings)
    return lambda before: catalogue.recent(_CHUNK, before, serial=serial, endings=endings)


def _rows(ask: _Ask, before: StoredPhoto | None) -> Iterator[StoredPhoto]:
    while rows := ask(before):
        yield from rows
        before = rows[-1]
        if len(rows) < _CHUNK:
            return


def _is_there(folder: Path, path: Path) -> bool:
    """Whether a file is there, and is itself: no symbolic link leads anywhere else."""
    try:
        relative = path.relative_to(folder)
        real = Path(os.path.realpath(path, strict=True))
    except OSError, ValueError:
        return False
    return real == Path(os.path.realpath(folder)) / relative and real.is_file()
