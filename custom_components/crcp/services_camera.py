"""The actions of photo cameras."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.service import async_register_admin_service
import voluptuous as vol

from .const import CONF_KIND, DOMAIN, Kind
from .coordinator_camera import CameraCoordinator
from .errors import invalid
from .photo_card import async_get_cards
from .photo_options import CONF_KINDS, CONF_PROTECTED_ONLY, CONF_SLOTS, KINDS, SLOTS, choice_of
from .photo_previews import async_get_previews
from .photo_progress import photo_attributes
from .photo_shelf import NotOnShelf, ShelfError, async_key_of, async_local_id, async_photo

IMPORT_PHOTOS: Final = "import_photos"
FORGET_PHOTO: Final = "forget_photo"
DELETE_PHOTO: Final = "delete_photo"

ATTR_FIRST_DAY: Final = "first_day"
ATTR_LAST_DAY: Final = "last_day"
ATTR_PHOTO: Final = "photo"
ATTR_PHOTOS: Final = "photos"


def _media_id(value: Any) -> str:
    """What a media selector gives, or its id alone."""
    return cv.string(value.get("media_content_id") if isinstance(value, dict) else value)


_IMPORT_SCHEMA: Final = vol.Schema(
    {
        vol.Required(ATTR_DEVICE_ID): cv.string,
        vol.Optional(ATTR_PHOTOS, default=[]): vol.All(cv.ensure_list, [_media_id]),
        vol.Optional(ATTR_FIRST_DAY): cv.date,
        vol.Optional(ATTR_LAST_DAY): cv.date,
        # What is in them is looked at by the action: a schema refuses in no words of a person's.
        vol.Optional(CONF_KINDS, default=list(KINDS)): vol.All(cv.ensure_list, [vol.Coerce(str)]),
        vol.Optional(CONF_SLOTS, default=[]): vol.All(cv.ensure_list, [vol.Coerce(str)]),
        vol.Optional(CONF_PROTECTED_ONLY, default=False): cv.boolean,
    }
)

_FORGET_SCHEMA: Final = vol.Schema({vol.Required(ATTR_PHOTO): cv.string})


@callback
def async_register_camera_actions(hass: HomeAssistant) -> None:
    """Register them."""
    hass.services.async_register(
        DOMAIN,
        IMPORT_PHOTOS,
        _import_photos,
        schema=_IMPORT_SCHEMA,
        supports_response=SupportsResponse.OPTIONAL,
    )
    # As with files in the media browser, only administrators and automations may.
    async_register_admin_service(
        hass,
        DOMAIN,
        FORGET_PHOTO,
        _forget_photo,
        _FORGET_SCHEMA,
        SupportsResponse.OPTIONAL,
    )
    async_register_admin_service(hass, DOMAIN, DELETE_PHOTO, _delete_photo, _FORGET_SCHEMA)


async def _import_photos(call: ServiceCall) -> ServiceResponse:
    """Import what is on a camera's cards now, and return what came of it."""
    camera = _camera(call.hass, call.data[ATTR_DEVICE_ID])
    first: date | None = call.data.get(ATTR_FIRST_DAY)
    last: date | None = call.data.get(ATTR_LAST_DAY)
    if first and last and first > last:
        raise invalid("dates_in_wrong_order")
    kinds, slots = call.data[CONF_KINDS], call.data[CONF_SLOTS]
    if not kinds or not set(KINDS).issuperset(kinds):
        raise invalid("kinds_unknown", kinds=", ".join(KINDS))
    if not set(SLOTS).issuperset(slots):
        raise invalid("slots_unknown", slots=", ".join(SLOTS))
    choice = choice_of(
        kinds,
        slots,
        protected_only=call.data[CONF_PROTECTED_ONLY],
        first_day=first,
        last_day=last,
    )
    if chosen := call.data[ATTR_PHOTOS]:
        cards = async_get_cards(call.hass)
        choice = replace(choice, photos=await cards.async_chosen(camera.photos, chosen))
    result = await camera.photos.order(choice)
    return {
        "imported": len(result.photos),
        "already_imported": result.known,
        "not_chosen": result.not_chosen,
        "deleted_on_camera": result.deleted,
        "failed": [{"file_name": name, "reason": reason} for name, reason in result.failed],
        "photos": [photo_attributes(photo, camera.name) for photo in result.photos],
    }


async def _forget_photo(call: ServiceCall) -> ServiceResponse:
    """Forget that a picture was imported, so that it comes again while it is on a card."""
    place = await async_local_id(call.hass, call.data[ATTR_PHOTO])
    forgotten = 0
    cameras = _cameras(call.hass)
    if not cameras:
        raise invalid("no_camera")
    for camera in cameras:
        path = camera.photos.library.path_of(place)
        if path is not None and not forgotten:
            forgotten = await camera.photos.library.async_forget(path)
    if not forgotten:
        raise invalid("photo_unknown", photo=place)
    for camera in cameras:
        await camera.photos.async_forgotten()
    return {"forgotten": forgotten}


async def _delete_photo(call: ServiceCall) -> None:
    """Delete the file of an imported picture here. It stays known, so it does not come again."""
    place = await async_local_id(call.hass, call.data[ATTR_PHOTO])
    try:
        photo = await async_photo(call.hass, await _key_of(call.hass, place))
        await call.hass.async_add_executor_job(photo.path.unlink)
    except ShelfError, OSError:
        raise invalid("photo_unknown", photo=place) from None
    await async_get_previews(call.hass).async_forget(photo.sha256)
    for camera in _cameras(call.hass):
        await camera.photos.async_find_latest()


async def _key_of(hass: HomeAssistant, place: str) -> str:
    """The key of a picture that is in the ledger; no other file is touched. Raises ShelfError."""
    for camera in _cameras(hass):
        library = camera.photos.library
        path = library.path_of(place)
        if path is not None:
            with suppress(NotOnShelf):
                return await async_key_of(hass, library.media_dir, path)
    raise NotOnShelf(place)


def _camera(hass: HomeAssistant, device_id: str) -> CameraCoordinator:
    """The camera that a device is. Raises ServiceValidationError."""
    registry = dr.async_get(hass)
    for entry in hass.config_entries.async_entries(DOMAIN):
        devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
        if entry.data[CONF_KIND] == Kind.CAMERA and device_id in {each.id for each in devices}:
            if entry.state is not ConfigEntryState.LOADED:
                raise invalid("camera_not_loaded", camera=entry.title)
            camera: CameraCoordinator = entry.runtime_data
            return camera
    raise invalid("not_a_photo_camera")


def _cameras(hass: HomeAssistant) -> list[CameraCoordinator]:
    entries = hass.config_entries.async_loaded_entries(DOMAIN)
    return [entry.runtime_data for entry in entries if entry.data[CONF_KIND] == Kind.CAMERA]
