"""The importer's host: its folder, its thread, its ledger, and the camera's events that drive it."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .errors import DEVICE_ERRORS, as_home_assistant_error
from .importer.choice import Choice
from .importer.errors import (
    ImporterError,
    LedgerError,
    LibraryError,
    PhotoError,
    Stopped,
)
from .importer.importer import Importer
from .importer.run import Imported, Progress, Report
from .photo_agenda import Agenda
from .photo_latest import Latest
from .photo_library import no_ledger, not_usable, read_options
from .photo_orders import ImportResult, Order, stopped
from .photo_previews import async_get_previews
from .photo_progress import (
    Activity,
    Board,
    Complaints,
    ImportedPhoto,
    ImportStatus,
    trouble_of,
)
from .photo_source import StoppableSource
from .protocols.ptpip.client import Initiator

_LOGGER = logging.getLogger(__name__)

#: How often a library that takes no pictures is looked at, in seconds: it is on our side, and
#: whoever made room wants to see that it helped.
LIBRARY_RETRY: Final = 30.0

#: How long a stop may take, in seconds: the camera ends the transfer, the disk what it writes.
STOP_WITHIN: Final = 30.0


class PhotoHost:
    """Imports one camera's pictures into Home Assistant's media folder.

    options: the entry's. on_imported: told of each picture that is safe. on_change: told that
    status has changed. on_skipped: told that the pictures that were on the cards are taken for
    known. Raises ConfigEntryError for options that cannot be used.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        camera_name: str,
        serial: str,
        options: Mapping[str, Any],
        *,
        on_imported: Callable[[ImportedPhoto], None],
        on_change: Callable[[], None],
        on_skipped: Callable[[], None],
    ) -> None:
        self.serial = serial
        #: The open connection, while there is one.
        self.camera: Initiator | None = None
        self._camera_name = camera_name
        self._options, self.library = read_options(hass, options)
        self._previews = async_get_previews(hass)
        self._on_imported = on_imported
        self._on_skipped = on_skipped
        self._importer: Importer | None = None
        self._source: StoppableSource | None = None
        self._board = Board(ImportStatus(auto=self._options.auto), on_change)
        self._skip_present = self._options.skip_present
        self._closing = False
        self._on_trial = False
        self._agenda = Agenda()
        self._order: Order | None = None
        self._resting = asyncio.Event()
        self._resting.set()
        self._troubled = asyncio.Event()
        self._complaints = Complaints(camera_name)
        self._latest = Latest(hass, serial, self.library)

    # -- what others ask -----------------------------------------------------------------------

    @property
    def status(self) -> ImportStatus:
        """How it stands."""
        return self._board.status

    @property
    def card_changes(self) -> int:
        """A number that grows whenever the camera tells that something else is on its cards."""
        return self._agenda.card_changes

    async def async_open(self) -> None:
        """Open the ledger; a media folder that is not there is waited for.

        Raises ConfigEntryNotReady or ConfigEntryError for a ledger that cannot be used.
        """
        try:
            await self._open()
        except LibraryError as error:
            self._in_trouble(error)
        except LedgerError as error:
            raise no_ledger(error) from error
        await self.async_find_latest()

    async def async_stop(self) -> None:
        """Stop what is under way, and begin nothing more."""
        self._closing = True
        await self._interrupt()

    async def async_close(self) -> None:
        """Close the ledger and end the thread, after async_stop and when nobody serves."""
        self._board.close()
        await self.library.async_close()

    async def async_set_auto(self, auto: bool) -> None:
        """Import by itself, or pause: what is under way is stopped, and nothing that came is lost."""
        self._board.change(auto=auto)
        if auto:
            self.look_again()
        else:
            await self._interrupt()

    def order(self, choice: Choice | None = None) -> asyncio.Future[ImportResult]:
        """Ask for an import of what is on the cards now; raises HomeAssistantError, or it does so.

        choice: instead of what the options say, also among the pictures that were passed over.
        """
        if self._source is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_connected")
        order = Order(choice or self._options.choice, afresh=choice is not None)
        self._agenda.put(order)
        return order.done

    def look_again(self) -> None:
        """Look at the whole card, as soon as that is possible."""
        self._agenda.look_again()

    async def async_find_latest(self) -> None:
        """Look which picture is the latest: one was deleted, say."""
        self._board.change(last=await self._latest.async_find(self.status.imported or 0))

    async def async_forgotten(self) -> None:
        """Count anew after pictures were forgotten, and look for them on the cards."""
        with suppress(ImporterError):  # the next run will meet it, and say so
            await self._count()
        await self.async_find_latest()
        self.look_again()

    async def async_accept_folder(self) -> None:
        """Take the media folder for the one to use, as a person says. Raises HomeAssistantError."""
        await self.library.async_accept()
        self._out_of_trouble()
        self.look_again()

    # -- one connection ------------------------------------------------------------------------

    async def async_serve(self, initiator: Initiator) -> None:
        """Import what is on the cards, then what is announced, until the connection ends.

        Raises what ended it. Returns when there is nothing more to do for a camera that has one
        session only.
        """
        self.camera = initiator
        self._source = source = StoppableSource(initiator, self.serial)
        self._agenda.begin()
        listening = asyncio.create_task(self._agenda.listen(initiator))
        try:
            while True:
                self._agenda.all_is_seen()
                await self._work_on(source)
                if initiator.vendor.single_session and self._is_done():
                    return
                await self._agenda.wait()
                if listening.done():
                    listening.result()
        finally:
            self.camera = self._source = None
            self._agenda.fail_orders()
            listening.cancel()
            await asyncio.wait({listening})

    async def _work_on(self, source: StoppableSource) -> None:
        """Do what there is to do, until somebody says stop."""
        self._resting.clear()
        source.go_on()
        try:
            await self._work(source)
        except Stopped:
            self._agenda.due = True
        finally:
            self._resting.set()
            self._board.meter.clear()
            self._board.change(activity=Activity.IDLE)

    async def _work(self, source: StoppableSource) -> None:
        agenda = self._agenda
        while self._importer and not self._closing:
            if agenda.orders:
                await self._fulfil(agenda.orders.popleft(), source)
            elif not self._may_import():
                return
            elif self._skip_present:
                await self._skip_what_is_present(source, self._importer)
            elif agenda.due:
                if agenda.begin_look():
                    self._importer.unsettle()
                agenda.complete = await self._import_all(source, self._importer)
            elif agenda.added:
                agenda.complete &= await self._import_added(source, self._importer)
            else:
                return
        if self._importer is None:
            agenda.fail_orders(not_usable(self.status.trouble_detail))

    def _may_import(self) -> bool:
        return self.status.auto and (self.status.trouble is None or self._on_trial)

    def _is_done(self) -> bool:
        return self._agenda.complete and self._may_import() and not self._agenda.orders

    # -- importing -----------------------------------------------------------------------------

    async def _import_all(self, source: StoppableSource, importer: Importer) -> bool:
        """Import everything that is new; return whether nothing is left to try again."""
        try:
            afresh = not self._options.new_only
            await self._run(source, importer, afresh=afresh, urgent=self._agenda.added)
        except ImporterError as error:
            self._in_trouble(error)
            return True  # it is the library that is waited for
        return not self.status.failed

    async def _run(
        self,
        source: StoppableSource,
        importer: Importer,
        *,
        afresh: bool,
        urgent: deque[int] | None,
    ) -> Report:
        self._board.change(activity=Activity.CHECKING)
        self._latest.begin()
        report = await importer.run(source, afresh=afresh, urgent=urgent, told=self._agenda.told)
        self._latest.end()
        await self._count()
        self._out_of_trouble()
        names = self._complaints.tell_of(report)
        self._board.change(failed=report.unfinished, failures=names)
        return report

    async def _import_added(self, source: StoppableSource, importer: Importer) -> bool:
        """Import what was announced; return whether nothing is left to try again."""
        self._latest.begin_one()
        try:
            if photo := await source.photo(self._agenda.added.popleft()):
                await importer.import_photo(source, photo)
        except PhotoError as error:
            # Often the camera is still writing it. Looking at the whole card again will find it.
            _LOGGER.debug("%s: a picture is not imported yet: %s", self._camera_name, error)
            self._agenda.retry_soon()
            return False
        except ImporterError as error:
            self._in_trouble(error)
        return True

    async def _skip_what_is_present(self, source: StoppableSource, importer: Importer) -> None:
        """Take what is on the cards for known, once."""
        self._board.change(activity=Activity.CHECKING)
        try:
            await importer.pass_over(source)
        except ImporterError as error:
            self._in_trouble(error)
        else:
            self._skip_present = False
            self._on_skipped()

    async def _fulfil(self, order: Order, source: StoppableSource) -> None:
        """Import what somebody asked for; what keeps us from it, they are told."""
        self._order = order
        # One of its own: it tries again what failed too often.
        importer = self._make_importer(order.choice)
        try:
            # What is announced is for the options to choose, and not for an order of some days.
            urgent = None if order.afresh or not self._may_import() else self._agenda.added
            report = await self._run(source, importer, afresh=order.afresh, urgent=urgent)
        except ImporterError as error:
            self._in_trouble(error)
            order.fail(not_usable(str(error)))
        except DEVICE_ERRORS as error:
            order.fail(as_home_assistant_error(error))
            raise
        except BaseException:
            order.fail(stopped())
            raise
        else:
            order.answer(report)
        finally:
            self._order = None

    def _made(self, imported: Imported) -> None:
        """Tell of a picture: it is stored, and the ledger knows it."""
        count = (self.status.imported or 0) + 1
        photo = ImportedPhoto.of(imported, count, newest=self._latest.take(imported))
        if self._order:
            self._order.photos.append(photo)
        self._previews.async_keep(
            self.library.folder / imported.path, imported.sha256, imported.thumbnail
        )
        self._out_of_trouble()
        self._board.change(imported=count, last=photo if photo.newest else self.status.last)
        self._on_imported(photo)

    def _progress(self, progress: Progress) -> None:
        self._board.meter.take(progress)
        self._board.change(activity=Activity.IMPORTING)

    # -- the library and its trouble -----------------------------------------------------------

    async def async_watch(self) -> None:
        """Look after a library that takes no pictures, until it does; never returns."""
        while True:
            await self._troubled.wait()
            await asyncio.sleep(LIBRARY_RETRY)
            try:
                await self._open()
                await self.library.async_check()
            except ImporterError as error:
                self._in_trouble(error)
                continue
            self._on_trial = True
            if self._source is None or not self.status.auto:
                self._out_of_trouble()
            self.look_again()

    async def _open(self) -> None:
        await self.library.async_open()
        if self._importer is None:
            self._importer = self._make_importer(self._options.choice)
            await self._count()

    async def _count(self) -> None:
        """Ask the ledger how many there are. Raises LedgerError."""
        if self._importer:
            count = await self.library.blocking(self.library.ledger.count, self.serial)
            self._board.change(imported=count)

    def _make_importer(self, choice: Choice) -> Importer:
        return Importer(
            self.library.ledger,
            self.library.folder,
            self._camera_name,
            run_blocking=self.library.blocking,
            clock=dt_util.now,
            on_imported=self._made,
            on_progress=self._progress,
            template=self._options.template,
            choice=choice,
            delete=self._options.delete,
            newest_first=True,
        )

    def _in_trouble(self, error: ImporterError) -> None:
        self._on_trial = False
        self._agenda.due = True
        self._troubled.set()
        trouble = trouble_of(error)
        if trouble is not self.status.trouble:
            self._complaints.tell(f"pictures cannot be imported: {error}")
        self._board.change(trouble=trouble, trouble_detail=str(error))

    def _out_of_trouble(self) -> None:
        if self.status.trouble:
            self._on_trial = False
            self._troubled.clear()
            self._complaints.forget()
            self._board.change(trouble=None, trouble_detail="")

    # -- helpers -------------------------------------------------------------------------------

    async def _interrupt(self) -> None:
        """Stop what is under way, at a place where nothing is lost and the connection stays."""
        if self._source is None or self._resting.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN):
                await self._source.stop()
                await self._resting.wait()
