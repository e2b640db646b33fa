"""CRCP units and PTP-IP cameras in Home Assistant: set up and unload an entry."""

from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import CONF_KIND, CONF_SERIAL, DOMAIN, Kind
from .coordinator import CrcpConfigEntry, UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .photo_library import async_clean_up
from .photo_options import CONF_MEDIA_DIR
from .services import async_register_actions

PLATFORMS: Final = {
    Kind.UNIT: [Platform.MEDIA_PLAYER, Platform.NUMBER, Platform.SWITCH],
    Kind.CAMERA: [Platform.BUTTON, Platform.EVENT, Platform.SENSOR, Platform.SWITCH],
}


CONFIG_SCHEMA: Final = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register the actions, once and whether or not a device is there."""
    async_register_actions(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: CrcpConfigEntry) -> bool:
    """Connect to the device of an entry and add its entities."""
    kind = Kind(entry.data[CONF_KIND])
    if kind is Kind.UNIT:
        await _set_up_unit(hass, entry)
    else:
        await _set_up_camera(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS[kind])
    if kind is Kind.CAMERA:
        # Not before somebody listens: each picture is told once.
        entry.runtime_data.async_start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: CrcpConfigEntry) -> bool:
    """Remove the entities; a unit's connection is a task of the entry and ends with it."""
    kind = Kind(entry.data[CONF_KIND])
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS[kind])
    if unloaded and kind is Kind.CAMERA:
        await entry.runtime_data.async_close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: CrcpConfigEntry) -> None:
    """Throw unfinished pictures away. The others stay, and so does the ledger that knows them."""
    if entry.data[CONF_KIND] == Kind.CAMERA:
        await async_clean_up(hass, entry.options.get(CONF_MEDIA_DIR, ""), entry.data[CONF_SERIAL])


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
