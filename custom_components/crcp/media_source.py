"""Photos from your cameras: what was imported, in Home Assistant's media browser."""

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
import re
from typing import Final, override
from urllib.parse import unquote

from homeassistant.components.media_player import (
    BrowseError,
    MediaClass,
    SearchMedia,
    SearchMediaQuery,
)
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .const import CONF_SERIAL, DOMAIN
from .photo_addresses import (
    card_thumbnail_url,
    file_url,
    preview_url,
    thumbnail_url,
)
from .photo_card import (
    CardPhoto,
    NoSuchPlace,
    async_camera_entry,
    async_cameras_set_up,
    async_get_cards,
)
from .photo_places import is_month, place_of, query_of, scope_of
from .photo_previews import async_get_previews
from .photo_shelf import (
    PAGE,
    FolderMissing,
    NotOnShelf,
    Page,
    Query,
    ShelfError,
    ShelfPhoto,
    async_cameras,
    async_days,
    async_key_of,
    async_months,
    async_page,
    async_photo,
)
from .photo_types import JPEG, is_previewed
from .photo_words import words_of

#: More than this nobody looks through; another word narrows it down.
MAX_FOUND: Final = 200

#: A place among the newest, as many as a wall has room for.
_PLACE: Final = re.compile(r"[1-9][0-9]?")

_PICTURES: Final = [MediaClass.IMAGE, MediaClass.VIDEO]


async def async_get_media_source(hass: HomeAssistant) -> CameraPhotos:
    """Give Home Assistant the source, once; entries are looked up when somebody browses."""
    return CameraPhotos(hass)


class CameraPhotos(MediaSource):
    """The imported pictures.

    Identifiers: "recent", "videos", "dates", "dates/2026-05", "dates/2026-05-01", "cameras",
    "cameras/SERIAL"; those of pictures, with "/KEY" for what follows behind a picture; "photo/KEY"
    for a picture to look at, and "original/KEY" for its file as the camera sent it; "newest/1" for
    a small one of whichever picture is the newest, and so on, for walls and frames. "card",
    "card/ENTRY" and "card_photo/ENTRY/KEY" for what is still on a camera's cards.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__(DOMAIN)
        self.hass = hass
        self.name = self._text("photos")

    # -- what Home Assistant asks ------------------------------------------------------------------

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Show a folder."""
        return await self._told(self._browse(item.identifier or ""), BrowseError)

    @override
    async def async_search_media(
        self, item: MediaSourceItem, query: SearchMediaQuery
    ) -> SearchMedia:
        """Find pictures by words of name or date, in the folder that is shown."""
        return await self._told(self._search(item.identifier or "", query), BrowseError)

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Say where a picture is, for browsers and for other integrations."""
        return await self._told(self._resolve(item.identifier or ""), Unresolvable)

    async def _told[Result](
        self, work: Awaitable[Result], error: type[BrowseError | Unresolvable]
    ) -> Result:
        """Do it; what keeps us from it is said in words."""
        try:
            return await work
        except NotOnShelf as reason:
            raise error(translation_domain=DOMAIN, translation_key="photo_not_there") from reason
        except FolderMissing as reason:
            raise error(
                translation_domain=DOMAIN,
                translation_key="folder_missing",
                translation_placeholders={"folder": str(reason.folder)},
            ) from reason
        except HomeAssistantError as reason:
            # Already in words for people, but of another kind than who asked expects.
            raise error(
                translation_domain=reason.translation_domain,
                translation_key=reason.translation_key,
                translation_placeholders=reason.translation_placeholders,
            ) from reason
        except ShelfError as reason:
            raise error(
                translation_domain=DOMAIN,
                translation_key="library_not_usable",
                translation_placeholders={"detail": str(reason)},
            ) from reason

    # -- folders -----------------------------------------------------------------------------------

    async def _browse(self, identifier: str) -> BrowseMediaSource:
        match identifier.split("/"):
            case [""]:
                return await self._root()
            case ["dates"]:
                return await self._months()
            case ["dates", month] if is_month(month):
                return await self._days(month)
            case ["cameras"]:
                return await self._cameras()
            case ["card"]:
                return self._connected_cameras()
            case ["card", entry_id]:
                return await self._card(entry_id)
            case ["card", entry_id, after]:
                return await self._card(entry_id, after)
        query, folder, behind = query_of(identifier)
        page = await async_page(self.hass, query, behind)
        if not page.photos and not await self._is_camera(query.serial):
            raise NotOnShelf(identifier)
        return await self._pictures(folder, page)

    async def _root(self) -> BrowseMediaSource:
        newest = None
        with suppress(ShelfError):  # whoever opens a folder is told
            page = await async_page(self.hass, Query(films=False), limit=1)
            newest = page.photos[0].key if page.photos else None
        folders = [
            self._folder("recent", self._text("recent"), newest=newest),
            *(self._folder(each, self._text(each)) for each in ("dates", "cameras", "videos")),
            self._folder("card", self._text("card"), can_search=False),
        ]
        return self._folder("", self._text("photos"), folders)

    async def _months(self) -> BrowseMediaSource:
        folders = [
            self._folder(f"dates/{day.day:%Y-%m}", f"{day.day:%Y-%m}", newest=day.newest)
            for day in await async_months(self.hass)
        ]
        return self._folder("dates", self._text("dates"), folders)

    async def _days(self, month: str) -> BrowseMediaSource:
        folders = [
            self._folder(f"dates/{day.day}", f"{day.day}", newest=day.newest)
            for day in await async_days(self.hass, month)
        ]
        return self._folder(f"dates/{month}", month, folders)

    async def _cameras(self) -> BrowseMediaSource:
        names = self._camera_names()
        folders = [
            self._folder(
                f"cameras/{place_of(camera.serial)}",
                names.get(camera.serial, camera.serial),
                newest=camera.newest,
            )
            for camera in await async_cameras(self.hass)
        ]
        return self._folder("cameras", self._text("cameras"), folders)

    async def _is_camera(self, serial: str | None) -> bool:
        """Whether a serial is of a camera that there is, or was; none stands for all of them."""
        if serial is None or serial in self._camera_names():
            return True
        return serial in {camera.serial for camera in await async_cameras(self.hass)}

    def _connected_cameras(self) -> BrowseMediaSource:
        folders = [
            self._folder(f"card/{entry.entry_id}", entry.title, can_search=False)
            for entry in async_cameras_set_up(self.hass)
        ]
        return self._folder("card", self._text("card"), folders, can_search=False)

    async def _card(self, entry_id: str, after: str | None = None) -> BrowseMediaSource:
        entry = async_camera_entry(self.hass, entry_id)
        if entry is None:
            raise NotOnShelf(entry_id)
        cards = async_get_cards(self.hass)
        try:
            page = await cards.async_page(entry.runtime_data.photos, after, PAGE)
        except NoSuchPlace:
            raise NotOnShelf(after) from None
        children = [_card_item(entry_id, photo) for photo in page.photos]
        if page.after:
            older = f"card/{entry_id}/{page.after}"
            children.append(self._folder(older, self._text("older"), can_search=False))
        hint = self._text("open_to_import" if children else "all_imported")
        title = f"{entry.title}: {hint}"
        return self._folder(f"card/{entry_id}", title, children, MediaClass.IMAGE, can_search=False)

    async def _pictures(self, folder: str, page: Page) -> BrowseMediaSource:
        children = await self._items(page.photos)
        if page.after:
            children.append(self._folder(f"{folder}/{page.after}", self._text("older")))
        return self._folder(folder, self._title(folder), children, MediaClass.IMAGE)

    # -- pictures ----------------------------------------------------------------------------------

    async def _search(self, identifier: str, query: SearchMediaQuery) -> SearchMedia:
        config = self.hass.config
        words = words_of(query.search_query, dt_util.now().date(), config.language, config.country)
        if not words:
            return SearchMedia(result=[])
        where = scope_of(identifier)
        classes = query.media_filter_classes or _PICTURES
        wanted = replace(
            where,
            words=where.words + words,
            pictures=where.pictures and MediaClass.IMAGE in classes,
            films=where.films and MediaClass.VIDEO in classes,
        )
        page = await async_page(self.hass, wanted, limit=MAX_FOUND)
        return SearchMedia(result=[*await self._items(page.photos)])

    async def _resolve(self, identifier: str) -> PlayMedia:
        kind, _, key = identifier.partition("/")
        if kind == "card_photo":
            key, kind = await self._import(key), "photo"
        elif kind == "newest":
            key = await self._newest(key)
        if kind not in {"photo", "original", "newest"}:
            raise NotOnShelf(identifier)
        photo = await async_photo(self.hass, key)
        if kind == "newest" or (kind == "photo" and is_previewed(photo.name)):
            path = await async_get_previews(self.hass).async_preview(photo.path, photo.sha256)
            if path:  # else it is downloaded
                return PlayMedia(preview_url(key), JPEG, path=path)
        return PlayMedia(file_url(key), photo.mime_type, path=photo.path)

    async def _import(self, identifier: str) -> str:
        """Import a picture from a card, and give its key: whoever opens it wants it here."""
        entry_id, _, key = identifier.partition("/")
        entry = async_camera_entry(self.hass, entry_id)
        if entry is None:
            raise NotOnShelf(identifier)
        host = entry.runtime_data.photos
        path = await async_get_cards(self.hass).async_import(host, key)
        return await async_key_of(self.hass, host.library.media_dir, path)

    async def _newest(self, place: str) -> str:
        """The key of a picture by its place among the newest."""
        if not _PLACE.fullmatch(place):
            raise NotOnShelf(place)
        page = await async_page(self.hass, Query(films=False), limit=int(place))
        if len(page.photos) < int(place):
            raise NotOnShelf(place)
        return page.photos[-1].key

    async def _items(self, photos: list[ShelfPhoto]) -> list[BrowseMediaSource]:
        shown = await async_get_previews(self.hass).async_which_show(
            [(photo.sha256, photo.is_film) for photo in photos]
        )
        return [
            BrowseMediaSource(
                domain=DOMAIN,
                identifier=f"photo/{photo.key}",
                media_class=MediaClass.VIDEO if photo.is_film else MediaClass.IMAGE,
                media_content_type=JPEG if is_previewed(photo.name) else photo.mime_type,
                title=photo.name,
                can_play=True,
                can_expand=False,
                thumbnail=thumbnail_url(photo.key) if photo.sha256 in shown else None,
            )
            for photo in photos
        ]

    # -- helpers -----------------------------------------------------------------------------------

    def _folder(
        self,
        identifier: str,
        title: str,
        children: list[BrowseMediaSource] | None = None,
        children_class: MediaClass = MediaClass.DIRECTORY,
        newest: str | None = None,
        can_search: bool = True,
    ) -> BrowseMediaSource:
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=identifier,
            media_class=MediaClass.DIRECTORY,
            media_content_type=MediaClass.IMAGE,
            title=title,
            can_play=False,
            can_expand=True,
            can_search=can_search,
            search_media_classes=_PICTURES if can_search else None,
            children=children,
            children_media_class=children_class,
            thumbnail=thumbnail_url(newest) if newest else None,
        )

    def _title(self, folder: str) -> str:
        match folder.split("/"):
            case ["cameras", serial]:
                serial = unquote(serial)
                return self._camera_names().get(serial, serial)
            case ["dates", day]:
                return day
        return self._text(folder)

    def _camera_names(self) -> dict[str, str]:
        return {
            entry.data[CONF_SERIAL]: entry.title
            for entry in self.hass.config_entries.async_entries(DOMAIN)
            if CONF_SERIAL in entry.data
        }

    def _text(self, key: str) -> str:
        language = self.hass.config.language
        texts = async_get_cached_translations(self.hass, language, "common", DOMAIN)
        return texts.get(f"component.{DOMAIN}.common.{key}", key)


def _card_item(entry_id: str, photo: CardPhoto) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=f"card_photo/{entry_id}/{photo.key}",
        media_class=MediaClass.VIDEO if photo.is_film else MediaClass.IMAGE,
        media_content_type=JPEG if is_previewed(photo.name) else photo.mime_type,
        title=photo.name,
        can_play=True,
        can_expand=False,
        thumbnail=card_thumbnail_url(entry_id, photo.key),
    )
