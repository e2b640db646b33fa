"""How many pictures came today."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .const import CONF_SERIAL
from .coordinator_camera import CameraCoordinator
from .importer.errors import LedgerError
from .photo_library import not_usable


async def async_count_today(hass: HomeAssistant, entity_ids: Iterable[str]) -> int:
    """Count the pictures that came since midnight of the cameras that entities belong to.

    Raises HomeAssistantError where the ledger cannot be read.
    """
    midnight = dt_util.start_of_local_day()
    count = 0
    for camera in _cameras(hass, entity_ids):
        library, serial = camera.photos.library, camera.config_entry.data[CONF_SERIAL]
        try:
            count += await library.blocking(library.ledger.count, serial, midnight)
        except LedgerError as error:
            raise not_usable(str(error)) from error
    return count


def _cameras(hass: HomeAssistant, entity_ids: Iterable[str]) -> Iterable[CameraCoordinator]:
    registry = er.async_get(hass)
    for entity_id in entity_ids:
        entity = registry.async_get(entity_id)
        entry = hass.config_entries.async_get_entry((entity and entity.config_entry_id) or "")
        if entry:
            yield entry.runtime_data
