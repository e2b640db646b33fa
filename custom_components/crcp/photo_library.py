"""Where a camera's pictures go: a media folder, the ledger of what came, and a thread for both.

There is one ledger and one thread for all cameras, as long as one of them uses them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady, HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import CONF_KIND, DOMAIN, Kind
from .importer.catalogue import Catalogue
from .importer.errors import ImporterError, LedgerError, LedgerTooNew
from .importer.files import remove_part
from .importer.folders import check_library
from .importer.importer import RESERVE
from .importer.ledger import Ledger
from .importer.naming import part_name
from .importer.recovery import open_ledger
from .importer.room import Room
from .importer.withdrawal import withdraw
from .photo_options import CONF_MEDIA_DIR, PhotoOptions, TemplateError
from .photo_previews import async_get_previews

#: Beside Home Assistant's own storage, so that it travels with backups.
LEDGER: Final = ".storage/crcp_photos.sqlite"

#: So much more than the reserve has to be free before an import goes on, or it would stop at once.
WORTH_A_TRY: Final = 64 << 20

#: What a local file's media content id begins with.
LOCAL_MEDIA: Final = "media-source://media_source/"


class NoMediaDir(Exception):
    """The media folder that was chosen is no longer one of Home Assistant's. key: its name."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class PhotoLibrary:
    """A media folder, and what is known of the pictures in it.

    folder: where it lies; media_dir: its name among Home Assistant's. Raises NoMediaDir.
    """

    def __init__(self, hass: HomeAssistant, media_dir: str) -> None:
        self.media_dir, self.folder = media_folder(hass, media_dir)
        self._hass = hass
        self._shared = hass.data.setdefault(_SHARED, _Shared())
        self._executor: ThreadPoolExecutor | None = None
        self._ledger: Ledger | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger. Raises HomeAssistantError while it is not open."""
        if self._ledger is None:
            raise not_usable("the ledger is not open")
        return self._ledger

    async def async_open(self) -> None:
        """Open the ledger, if it is not. Raises ImporterError."""
        if self._ledger is None:
            # A ledger that was lost is made from what lies in the folder, so that must be there.
            await self.blocking(open_library, Path(self._hass.config.config_dir), self.folder)
            self._ledger = await _async_borrow_ledger(self._hass)

    async def async_check(self) -> None:
        """Look whether pictures can be stored now. Raises ImporterError."""
        await self.async_open()
        await self.blocking(self._check)

    async def async_accept(self) -> None:
        """Take the folder for the library, whatever it is on. Raises HomeAssistantError."""
        try:
            await self.async_open()
            await self.blocking(Room(self.folder, self.ledger, RESERVE).accept)
        except ImporterError as error:
            raise not_usable(str(error)) from error

    async def async_close(self) -> None:
        """Give the ledger back, and end the thread."""
        if self._ledger:
            self._ledger = None
            await _async_return_ledger(self._hass)
        if self._executor:
            self._executor = None
            await self._shared.async_leave_thread(self._hass)

    async def async_forget(self, path: str) -> int:
        """Forget a picture, so that it is imported again; return how many led to this file."""
        try:
            return await self.blocking(self.ledger.forget, PurePosixPath(path), self.folder)
        except LedgerError as error:
            raise not_usable(str(error)) from error

    def path_of(self, place: str) -> str | None:
        """The path below the folder of a media content id, a full or a relative path.

        None for what does not lie in the folder.
        """
        if place.startswith(LOCAL_MEDIA):
            media_dir, _, path = place.removeprefix(LOCAL_MEDIA).partition("/")
            return path if media_dir == self.media_dir else None
        if not place.startswith("/"):
            return place
        whole = PurePosixPath(place)
        return str(whole.relative_to(self.folder)) if whole.is_relative_to(self.folder) else None

    def blocking[*Args, Result](
        self, func: Callable[[*Args], Result], /, *args: *Args
    ) -> Awaitable[Result]:
        """Run a function in the libraries' thread."""
        if self._executor is None:
            self._executor = self._shared.enter_thread()
        return asyncio.get_running_loop().run_in_executor(self._executor, func, *args)

    def _check(self) -> None:
        room = Room(self.folder, self.ledger, RESERVE)
        # Written, and not only read: that may be what does not work.
        self.ledger.note_device(self.folder, room.check())
        room.check_space(WORTH_A_TRY)


def read_options(
    hass: HomeAssistant, options: Mapping[str, Any]
) -> tuple[PhotoOptions, PhotoLibrary]:
    """Read an entry's options, and find the folder in them. Raises ConfigEntryError."""
    try:
        read = PhotoOptions.read(options)
        return read, PhotoLibrary(hass, read.media_dir)
    except TemplateError as error:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="template_not_usable",
            translation_placeholders={"detail": str(error)},
        ) from error
    except NoMediaDir as error:
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="media_dir_unknown",
            translation_placeholders={"media_dir": error.key},
        ) from error


def media_folder(hass: HomeAssistant, key: str) -> tuple[str, Path]:
    """A media folder by its key; for "" the one that is called "local", or else the first.

    Raises NoMediaDir.
    """
    folders = hass.config.media_dirs
    key = key or ("local" if "local" in folders else next(iter(folders), "local"))
    if key not in folders:
        raise NoMediaDir(key)
    return key, Path(folders[key])


def prepare_library(config: Path, library: Path) -> str | None:
    """Look whether pictures can be stored in a folder; return why not, or None. Blocks."""
    try:
        open_library(config, library)
    except ImporterError as error:
        return str(error)
    return None


def open_library(config: Path, library: Path) -> None:
    """Look whether the media folder is there. Blocks. Raises ImporterError."""
    if library.is_relative_to(config) and config.is_dir():
        # Below the configuration it can be no mount that is missing, so it may be made.
        library.mkdir(exist_ok=True)
    check_library(library)


async def async_clean_up(
    hass: HomeAssistant, media_dir: str, serial: str, *, wholly: bool = False
) -> None:
    """Throw the unfinished pictures of a camera away that is not coming back.

    Its pictures stay, and so does what is known of them: it may come back all the same. What
    cannot be reached is left: it is hidden, and no picture. wholly: for a camera that was none;
    its pictures go as well, small and large, and nothing is known of them any more.
    """
    with suppress(ImporterError, NoMediaDir):
        library = PhotoLibrary(hass, media_dir)
        try:
            await library.async_open()
            await library.blocking(_throw_parts_away, library.ledger, library.folder, serial)
            if wholly:
                gone = await library.blocking(withdraw, library.ledger, library.folder, serial)
                for sha256 in gone:
                    await async_get_previews(hass).async_forget(sha256)
        finally:
            await library.async_close()


def _throw_parts_away(ledger: Ledger, folder: Path, serial: str) -> None:
    for photo, begun in ledger.begun_before(serial, dt_util.now() + timedelta(days=1)):
        remove_part(begun.library or folder, begun.path, part_name(begun.path.name, photo))
        ledger.give_up(photo)


@asynccontextmanager
async def borrowed_catalogue(hass: HomeAssistant) -> AsyncIterator[Catalogue | None]:
    """What lies in the media folders, for who browses it; None where nothing was ever imported.

    Raises LedgerError, LibraryMissing.
    """
    path = Path(hass.config.path(LEDGER))
    if not await hass.async_add_executor_job(path.exists):
        yield None
        return
    shared = hass.data.setdefault(_SHARED, _Shared())
    # A ledger is read through when it is opened. Where no camera holds it, once is enough.
    borrows = shared.ledger is not None or not shared.was_sound
    if borrows:
        await _async_borrow_ledger(hass)
    try:
        catalogue = await hass.async_add_executor_job(Catalogue, path)
        try:
            yield catalogue
        finally:
            await hass.async_add_executor_job(catalogue.close)
    finally:
        if borrows:
            await _async_return_ledger(hass)


def not_usable(detail: str) -> HomeAssistantError:
    """The error of an action that needs the library or the ledger."""
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="library_not_usable",
        translation_placeholders={"detail": detail},
    )


def no_ledger(error: LedgerError) -> HomeAssistantError:
    """The error that keeps an entry from being set up: for now, or until an update comes."""
    too_new = isinstance(error, LedgerTooNew)
    return (ConfigEntryError if too_new else ConfigEntryNotReady)(
        translation_domain=DOMAIN,
        translation_key="library_not_usable",
        translation_placeholders={"detail": str(error)},
    )


# -- the ledger and the thread that all share ---------------------------------------------------------------------


@dataclass(slots=True)
class _Shared:
    ledger: Ledger | None = None
    users: int = 0
    was_sound: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    # One thread for all: each camera sends one picture at a time, and the ledger is used from there.
    executor: ThreadPoolExecutor | None = None
    inside: int = 0

    def enter_thread(self) -> ThreadPoolExecutor:
        """Use the thread, until async_leave_thread."""
        self.executor = self.executor or ThreadPoolExecutor(1, f"{DOMAIN}_importer")
        self.inside += 1
        return self.executor

    async def async_leave_thread(self, hass: HomeAssistant) -> None:
        """Use it no more; the last one ends it."""
        self.inside -= 1
        if not self.inside and self.executor:
            executor, self.executor = self.executor, None
            await hass.async_add_executor_job(executor.shutdown)


_SHARED: Final[HassKey[_Shared]] = HassKey("crcp_ledger")


async def _async_borrow_ledger(hass: HomeAssistant) -> Ledger:
    """Open the ledger, or join those who use it; give it back when it is not needed any more.

    Raises LedgerError, and LibraryMissing where the ledger was lost and a folder that it told of is
    not there.
    """
    shared = hass.data.setdefault(_SHARED, _Shared())
    async with shared.turn:
        if shared.ledger is None:
            path, folders = Path(hass.config.path(LEDGER)), _folders_in_use(hass)
            names = {name: Path(folder) for name, folder in hass.config.media_dirs.items()}
            shared.ledger = await hass.async_add_executor_job(_open, path, folders, names)
            shared.was_sound = True
        shared.users += 1
        return shared.ledger


def _open(path: Path, folders: list[Path], names: dict[str, Path]) -> Ledger:
    if not path.exists():
        for folder in folders:
            open_library(path.parent.parent, folder)
    return open_ledger(path, *folders, names=names)


def _folders_in_use(hass: HomeAssistant) -> list[Path]:
    """The media folders that cameras' pictures go to: what was lost is found in all of them."""
    folders = set()
    for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False):
        if entry.data[CONF_KIND] == Kind.CAMERA:
            with suppress(NoMediaDir):
                folders.add(media_folder(hass, entry.options.get(CONF_MEDIA_DIR, ""))[1])
    return sorted(folders)


async def _async_return_ledger(hass: HomeAssistant) -> None:
    """Give it back; the last one closes it."""
    shared = hass.data[_SHARED]
    async with shared.turn:
        shared.users -= 1
        if not shared.users and shared.ledger:
            ledger, shared.ledger = shared.ledger, None
            await hass.async_add_executor_job(ledger.close)
