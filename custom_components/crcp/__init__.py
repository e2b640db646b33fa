"""CRCP units and PTP-IP cameras in Home Assistant: set up and unload an entry."""

from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .const import CONF_KIND, DOMAIN, Kind
from .coordinator import CrcpConfigEntry, UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry, CameraCoordinator

PLATFORMS: Final = {
    Kind.UNIT: [Platform.MEDIA_PLAYER, Platform.NUMBER, Platform.SWITCH],
    Kind.CAMERA: [Platform.EVENT, Platform.SENSOR],
}


async def async_setup_entry(hass: HomeAssistant, entry: CrcpConfigEntry) -> bool:
    """Connect to the device of an entry and add its entities."""
    kind = Kind(entry.data[CONF_KIND])
    if kind is Kind.UNIT:
        await _set_up_unit(hass, entry)
    else:
        await _set_up_camera(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS[kind])
    return True


async def async_unload_entry(hass: HomeAssistant, entry: CrcpConfigEntry) -> bool:
    """Remove the entities; the connection is a task of the entry and ends with it."""
    return await hass.config_entries.async_unload_platforms(
        entry, PLATFORMS[Kind(entry.data[CONF_KIND])]
    )


async def _set_up_unit(hass: HomeAssistant, entry: UnitConfigEntry) -> None:
    coordinator = UnitCoordinator(hass, entry)
    await coordinator.async_config_entry_first_refresh()
    # The unit's device must be there before its subunits, which are its children.
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, coordinator.unit_id)},
        name=entry.title,
        model="CRCP unit",
    )
    coordinator.device_id = device.id
    entry.runtime_data = coordinator


async def _set_up_camera(hass: HomeAssistant, entry: CameraConfigEntry) -> None:
    coordinator = CameraCoordinator(hass, entry)
    await coordinator.async_config_entry_first_refresh()
    entry.runtime_data = coordinator
