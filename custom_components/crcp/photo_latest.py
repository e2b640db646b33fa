"""Which picture of a camera is its latest: the one that came last, and of many at once the newest.

What was taken last would be another one for as long as a clock was wrong that ran ahead.
"""

from contextlib import suppress

from homeassistant.core import HomeAssistant

from .importer.errors import ImporterError
from .importer.latest import note_latest
from .importer.run import Imported
from .photo_library import PhotoLibrary
from .photo_progress import ImportedPhoto, Newest
from .photo_shelf import ShelfError, async_latest
from .photo_types import is_media


class Latest:
    """Knows it for one camera: while pictures come, and from the ledger at all other times."""

    def __init__(self, hass: HomeAssistant, serial: str, library: PhotoLibrary) -> None:
        self._hass = hass
        self._serial = serial
        self._library = library
        self._newest = Newest()
        self._goes_on = False

    def begin(self) -> None:
        """A run begins; one that goes on with what was broken off brings nothing newer."""
        if not self._goes_on:
            self._newest = Newest()
        self._goes_on = True

    def end(self) -> None:
        """A run came to its end: what is found next came later."""
        self._goes_on = False

    def begin_one(self) -> None:
        """A single picture comes, which was announced just now."""
        self._newest = Newest()

    def take(self, imported: Imported) -> bool:
        """Note a picture that landed; return whether it is the latest now."""
        if not is_media(imported.path.name) or not self._newest.take(imported.photo):
            return False
        self._hass.async_create_task(self._async_note(imported.number), eager_start=True)
        return True

    async def async_find(self, count: int) -> ImportedPhoto | None:
        """The latest by the ledger; None where there is none. count: of all that were imported."""
        try:
            photos = await async_latest(self._hass, self._serial, 1)
        except ShelfError:  # which is told elsewhere
            return None
        return next((ImportedPhoto.kept(photo.key, photo.row, count) for photo in photos), None)

    async def _async_note(self, number: int) -> None:
        with suppress(ImporterError):  # the next picture will meet it, and say so
            await self._library.blocking(note_latest, self._library.ledger, self._serial, number)
