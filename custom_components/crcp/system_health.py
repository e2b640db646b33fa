"""What the page "System information" says of this integration."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .const import CONF_KIND, DOMAIN, Kind
from .coordinator import CrcpConfigEntry
from .coordinator_camera import CameraCoordinator


@callback
def async_register(_hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Say who knows."""
    register.async_register_info(_information, "/config/integrations/integration/crcp")


async def _information(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[CrcpConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    loaded: list[CrcpConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    coordinators = [entry.runtime_data for entry in loaded]
    cameras = [each for each in coordinators if isinstance(each, CameraCoordinator)]
    units = [each for each in coordinators if each not in cameras]
    kinds = [entry.data[CONF_KIND] for entry in entries]
    photos = [camera.data.photos for camera in cameras]
    return {
        "units": _of(sum(unit.last_update_success for unit in units), kinds.count(Kind.UNIT)),
        "cameras": _of(sum(each.data.connected for each in cameras), kinds.count(Kind.CAMERA)),
        "imports_blocked": sum(bool(each.trouble) for each in photos),
        "photos_imported": sum(each.imported or 0 for each in photos),
        "photos_failed": sum(each.failed for each in photos),
    }


def _of(connected: int, added: int) -> str:
    return f"{connected} / {added}"
