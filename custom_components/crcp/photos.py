"""The importer's host: its folder, its thread, its ledger, and the camera's events that drive it."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
import logging
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .importer.errors import ImporterError
from .importer.files import check_library
from .importer.importer import Imported, Importer
from .importer.ledger import Ledger
from .importer.ptp import PtpSource
from .protocols.ptpip.client import Initiator
from .protocols.ptpip.codes import EventCode
from .protocols.ptpip.packets import Event

_LOGGER = logging.getLogger(__name__)

#: One ledger for all cameras, beside Home Assistant's own storage, so that it travels with backups.
LEDGER: Final = ".storage/crcp_photos.sqlite"

#: What failed is tried again after so many seconds, then after twice as many, up to the last: a
#: camera that was busy is ready soon, and a file that it cannot read will not be read every minute.
FIRST_RETRY: Final = 30.0
LAST_RETRY: Final = 1800.0

#: A card full of broken files must not fill the log.
MAX_COMPLAINTS: Final = 20

#: Events after which the whole card is looked at again: a card came, or events were lost.
LOOK_AGAIN: Final = frozenset(
    {EventCode.STORE_ADDED, EventCode.UNREPORTED_STATUS, EventCode.DEVICE_RESET}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPhoto:
    """A picture that is safe in the library.

    path: relative to the library. captured: naive when the camera told no time zone; None when it
    told no time. count: how many of this camera's pictures were imported so far.
    """

    path: str
    file_name: str
    media_content_id: str
    captured: datetime | None
    size: int
    count: int


class PhotoHost:
    """Imports one camera's pictures into Home Assistant's media folder."""

    def __init__(
        self,
        hass: HomeAssistant,
        camera_name: str,
        serial: str,
        on_imported: Callable[[ImportedPhoto], None],
    ) -> None:
        self._hass = hass
        self._camera_name = camera_name
        self._serial = serial
        self._tell = on_imported
        self._media_dir, folder = _media_dir(hass)
        self._library = Path(folder)
        # One thread: the importer writes one picture at a time, and the ledger is used from there.
        self._executor = ThreadPoolExecutor(1, f"{DOMAIN}_importer")
        self._ledger: Ledger | None = None
        self._importer: Importer | None = None
        self._count = 0
        self._retry_after = FIRST_RETRY
        self._complaints: set[str] = set()

    async def async_open(self) -> None:
        """Open the ledger and look for the media folder. Raises ConfigEntryNotReady."""
        try:
            self._ledger = await self._blocking(self._open)
        except ImporterError as error:
            await self.async_close()
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key="library_not_usable",
                translation_placeholders={"detail": str(error)},
            ) from error
        self._count = await self._blocking(self._ledger.count, self._serial)
        self._importer = Importer(
            self._ledger,
            self._library,
            self._camera_name,
            run_blocking=self._blocking,
            clock=dt_util.now,
            on_imported=self._on_imported,
        )

    @property
    def count(self) -> int:
        """How many of this camera's pictures were imported so far."""
        return self._count

    async def async_import(self, initiator: Initiator) -> None:
        """Import what is on the cards, then what is announced, until the connection ends.

        Raises what ended the connection.
        """
        source = PtpSource(initiator, self._serial)
        events = initiator.events()
        self._retry_after = FIRST_RETRY
        complete = await self._import_all(source)
        coming: asyncio.Future[Event] = asyncio.ensure_future(anext(events))
        try:
            while True:
                await asyncio.wait({coming}, timeout=None if complete else self._retry_after)
                if coming.done():
                    complete &= await self._react(source, coming.result())
                    coming = asyncio.ensure_future(anext(events))
                else:
                    self._retry_after = min(2 * self._retry_after, LAST_RETRY)
                    complete = await self._import_all(source)
        finally:
            coming.cancel()
            await asyncio.wait({coming})

    async def async_close(self) -> None:
        """Close the ledger and end the thread."""
        if self._ledger:
            await self._blocking(self._ledger.close)
        await self._hass.async_add_executor_job(self._executor.shutdown)

    async def _react(self, source: PtpSource, event: Event) -> bool:
        """Do what an event asks for; return whether nothing is left to try again."""
        if event.code in LOOK_AGAIN:
            return await self._import_all(source)
        if event.code != EventCode.OBJECT_ADDED or self._importer is None:
            return True
        try:
            for handle in event.parameters[:1]:
                if photo := await source.photo(handle):
                    await self._importer.import_photo(source, photo)
        except ImporterError as error:
            # Often the camera is still writing it. Looking at the whole card again will find it.
            _LOGGER.debug("%s: a picture is not imported yet: %s", self._camera_name, error)
            self._retry_after = FIRST_RETRY
            return False
        return True

    async def _import_all(self, source: PtpSource) -> bool:
        """Import everything that is new; return whether nothing is left to try again."""
        if self._importer is None:
            return True
        try:
            report = await self._importer.run(source)
        except ImporterError as error:
            self._complain(f"pictures cannot be imported: {error}")
            return False
        for failure in report.failed:
            self._complain(f"{failure.photo.filename[:64]!r} is not imported yet: {failure.error}")
        if not report.failed:
            self._complaints.clear()
        return not report.failed

    def _complain(self, text: str) -> None:
        """Log a complaint, and not again until all was well."""
        if text not in self._complaints and len(self._complaints) < MAX_COMPLAINTS:
            self._complaints.add(text)
            _LOGGER.warning("%s: %s", self._camera_name, text)

    def _on_imported(self, imported: Imported) -> None:
        self._count += 1
        path = str(imported.path)
        self._tell(
            ImportedPhoto(
                path=path,
                file_name=imported.path.name,
                media_content_id=f"media-source://media_source/{self._media_dir}/{path}",
                captured=imported.photo.capture_date,
                size=imported.size,
                count=self._count,
            )
        )

    def _open(self) -> Ledger:
        config = Path(self._hass.config.config_dir)
        if self._library.is_relative_to(config):
            # Below the configuration it can be no mount that is missing, so it may be made.
            self._library.mkdir(exist_ok=True)
        check_library(self._library)
        return Ledger(config / LEDGER)

    def _blocking[*Args, Result](
        self, func: Callable[[*Args], Result], /, *args: *Args
    ) -> Awaitable[Result]:
        return asyncio.get_running_loop().run_in_executor(self._executor, func, *args)


def _media_dir(hass: HomeAssistant) -> tuple[str, str]:
    """The media folder that pictures go to, by its key: "local", or the first where there is none."""
    folders = hass.config.media_dirs
    key = "local" if "local" in folders else next(iter(folders))
    return key, folders[key]
