"""What is still on a camera's cards: listed over its open connection, and imported one by one.

Whatever is asked of the camera is seen to its end, also when nobody waits for it any more: a
question that is broken off would cost the connection.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
import hashlib
from pathlib import Path
import re
from typing import Final
from weakref import WeakKeyDictionary

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from .const import CONF_KIND, DOMAIN, Kind
from .coordinator_camera import CameraConfigEntry
from .errors import DEVICE_ERRORS, as_home_assistant_error
from .importer.choice import Choice
from .importer.errors import ImporterError, PhotoRefused
from .importer.ledger import Ledger
from .importer.ptp import PtpSource
from .importer.source import Photo
from .photo_library import not_usable
from .photo_previews import async_get_previews
from .photo_types import is_film, is_media, mime_of
from .photos import PhotoHost
from .protocols.ptpip.client import Initiator

#: What was listed is true for a while, and longer where listing takes a slow camera minutes.
FRESH_FOR: Final = 60.0
FRESH_FOR_TIMES: Final = 5.0

#: So long somebody waits for a listing, and for a picture; both go on without them.
LISTED_WITHIN: Final = 30.0
IMPORTED_WITHIN: Final = 120.0

#: Every camera has written by then how a picture is to be held.
HEAD: Final = 16 << 10

#: A place in a list: when what stands before it was taken, "0" without a date, and its handle.
_PLACE: Final = re.compile(r"([0-9]{20}|0)-([0-9a-f]{1,8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPhoto:
    """A picture or film on a card. key: stands for it as long as the connection lasts."""

    key: str
    photo: Photo

    @property
    def place(self) -> str:
        """Where it stands in a list, also in one that it is no longer part of."""
        moment, handle = _order_of(self.photo)
        return f"{moment}-{handle:x}"

    @property
    def name(self) -> str:
        """The camera's name for it."""
        return self.photo.filename

    @property
    def mime_type(self) -> str:
        """What kind of media it is."""
        return mime_of(self.name)

    @property
    def is_film(self) -> bool:
        """Whether it is a film."""
        return is_film(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPage:
    """Some of what is on the cards, and the place behind which older ones follow; None at the end."""

    photos: list[CardPhoto]
    after: str | None


class NoSuchPlace(Exception):
    """What was given as a place in a list is none."""


@dataclass(slots=True)
class Card:
    """The cards of one camera, as one connection shows them. photos: by key, newest first.

    fresh_until: in the event loop's time. changes: the camera's count of them when it was listed.
    """

    photos: dict[str, CardPhoto] = field(default_factory=dict)
    fresh_until: float = 0.0
    changes: int = 0
    listing: asyncio.Task[None] | None = None


class Cards:
    """The cards of all cameras. Methods raise HomeAssistantError, in words for people."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        # By their connection, and gone with it: in another one a handle may mean another picture.
        self._cards: WeakKeyDictionary[Initiator, Card] = WeakKeyDictionary()

    async def async_page(self, host: PhotoHost, after: str | None, limit: int) -> CardPage:
        """What is on the cards and was not imported, newest first; after: a place in it.

        Who pages on goes on in the list that was begun, also while pictures are being taken.
        Raises NoSuchPlace.
        """
        behind = None if after is None else _order_at(after)
        card = self._card(host)
        await self._async_listed(host, card, anew=behind is None and _has_changed(card, host))
        photos = await self._async_not_imported(host, card)
        if behind:
            photos = [each for each in photos if _order_of(each.photo) < behind]
        shown = photos[:limit]
        return CardPage(photos=shown, after=shown[-1].place if len(photos) > limit else None)

    def photo(self, host: PhotoHost, key: str) -> CardPhoto:
        """One of those that were listed last."""
        photo = self._card(host).photos.get(key)
        if photo is None:
            raise _failed("card_photo_gone")
        return photo

    async def async_chosen(self, host: PhotoHost, ids: Iterable[str]) -> frozenset[Photo]:
        """Those of the camera's that the media browser has under these ids."""
        keys = [each.rpartition("/")[2] for each in ids]
        card = self._card(host)
        if not all(key in card.photos for key in keys):
            # Chosen before this connection began, perhaps, or before another card was put in.
            await self._async_listed(host, card, anew=_has_changed(card, host))
        return frozenset(self.photo(host, key).photo for key in keys)

    async def async_thumbnail(self, host: PhotoHost, key: str) -> Path | None:
        """The camera's small picture of one, as a JPEG file; None where it has none."""
        photo = self.photo(host, key).photo
        name = hashlib.sha256(f"{photo.serial} {photo.token} {photo.capture_date}".encode())
        previews = async_get_previews(self._hass)
        if kept := await previews.async_kept(name.hexdigest()):
            return kept
        asking = self._begin(_thumbnail(PtpSource(_connection(host), photo.serial), photo))
        try:
            data, head = await self._wait_for(asking, LISTED_WITHIN, _failed("card_is_read"))
        except DEVICE_ERRORS as error:
            raise as_home_assistant_error(error) from error
        except PhotoRefused:
            self._card(host).fresh_until = 0.0  # the list is of another card
            raise _failed("card_photo_gone") from None
        if not data:
            return None
        return await previews.async_of_camera(name.hexdigest(), data, head, photo.size or 0)

    async def async_import(self, host: PhotoHost, key: str) -> str:
        """Import one, whatever the options choose; return its path below the library."""
        (photo,) = chosen = await self.async_chosen(host, [key])
        if path := await self._async_path(host, photo):
            return path
        importing = asyncio.ensure_future(host.order(Choice(photos=chosen)))
        result = await self._wait_for(importing, IMPORTED_WITHIN, _failed("camera_busy"))
        if result.failed:
            name, reason = result.failed[0]
            raise _failed("photo_not_imported", file_name=name or photo.filename, reason=reason)
        if path := await self._async_path(host, photo):
            return path
        self._card(host).fresh_until = 0.0
        raise _failed("card_photo_gone")

    # -- helpers -----------------------------------------------------------------------------------

    def _card(self, host: PhotoHost) -> Card:
        """The cards of a camera in the connection that there is now."""
        return self._cards.setdefault(_connection(host), Card())

    async def _async_listed(self, host: PhotoHost, card: Card, *, anew: bool) -> None:
        """Have a list that is true for now, or one made anew."""
        if card.listing is None and (anew or self._hass.loop.time() > card.fresh_until):
            card.changes = host.card_changes
            source = PtpSource(_connection(host), host.serial)
            card.listing = self._begin(self._async_list(source, card))
        if card.listing:
            await self._wait_for(card.listing, LISTED_WITHIN, _failed("card_is_read"))

    async def _async_list(self, source: PtpSource, card: Card) -> None:
        began = self._hass.loop.time()
        try:
            listed = [photo async for photo in source.photos() if is_media(photo.filename)]
            listed.sort(key=_order_of, reverse=True)
            keys = (f"{photo.token}-{photo.handle:x}" for photo in listed)
            card.photos = {
                key: CardPhoto(key=key, photo=photo)
                for key, photo in zip(keys, listed, strict=True)
            }
            now = self._hass.loop.time()
            card.fresh_until = now + max(FRESH_FOR, FRESH_FOR_TIMES * (now - began))
        except DEVICE_ERRORS as error:
            raise as_home_assistant_error(error) from error
        finally:
            card.listing = None

    async def _async_not_imported(self, host: PhotoHost, card: Card) -> list[CardPhoto]:
        library = host.library
        try:
            return await library.blocking(_not_imported, library.ledger, [*card.photos.values()])
        except ImporterError as error:
            raise not_usable(str(error)) from error

    async def _async_path(self, host: PhotoHost, photo: Photo) -> str | None:
        library = host.library
        try:
            record = await library.blocking(library.ledger.find, photo)
        except ImporterError as error:
            raise not_usable(str(error)) from error
        return str(record.path) if record else None

    def _begin[Result](self, work: Coroutine[None, None, Result]) -> asyncio.Task[Result]:
        task = self._hass.async_create_background_task(work, f"{DOMAIN} card")
        # Perhaps nobody waits for it any more when it fails.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _wait_for[Result](
        self, work: asyncio.Future[Result], seconds: float, late: HomeAssistantError
    ) -> Result:
        """Wait for what goes on in any case; after a while say that it takes long."""
        done, _ = await asyncio.wait({work}, timeout=seconds)
        if not done:
            raise late
        return work.result()


def _connection(host: PhotoHost) -> Initiator:
    if host.camera is None:
        raise _failed("not_connected")
    return host.camera


def _not_imported(ledger: Ledger, photos: list[CardPhoto]) -> list[CardPhoto]:
    return [each for each in photos if ledger.find(each.photo) is None]


def _has_changed(card: Card, host: PhotoHost) -> bool:
    return card.changes != host.card_changes


async def _thumbnail(source: PtpSource, photo: Photo) -> tuple[bytes | None, bytes]:
    """Ask for it, for how its file begins, and whether it was this one's. Raises PhotoRefused.

    A handle may be another picture's meanwhile, and what is shown is kept for good.
    """
    data = await source.thumbnail(photo)
    if data is None:
        return None, b""
    head = b""
    with suppress(PhotoRefused):  # a camera that gives no parts; then it may lie on its side
        head = await source.sample(photo, 0, min(photo.size or 0, HEAD)) or b""
    if await source.photo(photo.handle) != photo:
        raise PhotoRefused("another card was put in")
    return data, head


def _order_of(photo: Photo) -> tuple[str, int]:
    """What they are put in order by: what has no date comes last."""
    return f"{photo.taken:%Y%m%d%H%M%S%f}" if photo.taken else "0", photo.handle


def _order_at(place: str) -> tuple[str, int]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise NoSuchPlace(place)
    return match[1], int(match[2], 16)


def _failed(key: str, **placeholders: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
    )


_CARDS: Final[HassKey[Cards]] = HassKey("crcp_cards")


@callback
def async_cameras_set_up(hass: HomeAssistant) -> list[CameraConfigEntry]:
    """The cameras of this Home Assistant, connected or not."""
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    return [entry for entry in entries if entry.data[CONF_KIND] == Kind.CAMERA]


@callback
def async_camera_entry(hass: HomeAssistant, entry_id: str) -> CameraConfigEntry | None:
    """One of them."""
    entries = async_cameras_set_up(hass)
    return next((entry for entry in entries if entry.entry_id == entry_id), None)


@callback
def async_get_cards(hass: HomeAssistant) -> Cards:
    """The cards of the cameras of this Home Assistant."""
    return hass.data.setdefault(_CARDS, Cards(hass))
