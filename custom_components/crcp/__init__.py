"""CRCP units and PTP-IP cameras in Home Assistant: set up and unload an entry."""

from types import ModuleType
from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.typing import ConfigType

from .camera_desk import facts_store
from .clips import async_sweep
from .const import CONF_CHANNEL, CONF_DEMO, CONF_KIND, CONF_SERIAL, DOMAIN, Channel, Kind
from .coordinator import CrcpConfigEntry, UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .dashboard_card import async_load_card, async_remove_card, async_serve_card
from .devices import async_add_unit
from .identity import fix_identity
from .memory import async_forget
from .one_way import OneWayCoordinator
from .photo_library import async_clean_up
from .photo_options import CONF_MEDIA_DIR
from .photo_views import async_register_photo_views
from .services_camera import async_register_camera_actions
from .services_stream import async_register_stream_actions
from .services_unit import async_register_unit_actions
from .voice import async_listen_for_sentences

PLATFORMS: Final = {
    Kind.UNIT: [
        Platform.BUTTON,
        Platform.CAMERA,
        Platform.MEDIA_PLAYER,
        Platform.NUMBER,
        Platform.SCENE,
        Platform.SENSOR,
        Platform.SWITCH,
    ],
    Kind.CAMERA: [
        Platform.BINARY_SENSOR,
        Platform.BUTTON,
        Platform.CAMERA,
        Platform.EVENT,
        Platform.IMAGE,
        Platform.NUMBER,
        Platform.SELECT,
        Platform.SENSOR,
        Platform.SWITCH,
    ],
}


CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register what is there whether or not a device is."""
    async_register_camera_actions(hass)
    async_register_unit_actions(hass)
    async_register_stream_actions(hass)
    async_register_photo_views(hass)
    # A media folder may be a share that does not answer: nobody waits for it.
    hass.async_create_background_task(async_sweep(hass), "crcp rests of clips")
    await async_serve_card(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: CrcpConfigEntry) -> bool:
    """Connect to the device of an entry and add its entities."""
    # Before the device is looked for: a dashboard also shows what is away.
    await async_load_card(hass)
    kind = Kind(entry.data[CONF_KIND])
    if entry.data.get(CONF_DEMO):
        await (await _demo(hass)).async_start(hass, entry)
    if kind is Kind.UNIT:
        await _set_up_unit(hass, entry)
    else:
        await _set_up_camera(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS[kind])
    if kind is Kind.CAMERA:
        # Not before somebody listens: each picture is told once.
        entry.runtime_data.async_start()
    async_listen_for_sentences(hass, entry)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: CrcpConfigEntry) -> bool:
    """Remove the entities, and close the connection."""
    kind = Kind(entry.data[CONF_KIND])
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS[kind])
    if unloaded:
        await entry.runtime_data.async_close()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: CrcpConfigEntry) -> None:
    """Forget a unit; of a camera, throw unfinished pictures away.

    The others stay, and so does the ledger that knows them; but what a virtual camera made up goes
    with it. The card goes with the last entry.
    """
    is_demo = bool(entry.data.get(CONF_DEMO))
    if not hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        await async_remove_card(hass)
    if entry.data[CONF_KIND] == Kind.UNIT:
        await async_forget(hass, entry.entry_id)
    if entry.data[CONF_KIND] == Kind.CAMERA:
        await facts_store(hass, entry.entry_id).async_remove()
        media_dir, serial = entry.options.get(CONF_MEDIA_DIR, ""), entry.data[CONF_SERIAL]
        await async_clean_up(hass, media_dir, serial, wholly=is_demo)
    if is_demo:
        await (await _demo(hass)).async_forget(hass, entry)


async def _set_up_unit(hass: HomeAssistant, entry: UnitConfigEntry) -> None:
    fix_identity(hass, entry)
    one_way = entry.data.get(CONF_CHANNEL) == Channel.UDP
    coordinator = (OneWayCoordinator if one_way else UnitCoordinator)(hass, entry)
    await coordinator.async_begin()
    entry.async_on_unload(
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, coordinator.async_stopping)
    )
    # The unit's device must be there before its subunits, which are its children.
    async_add_unit(hass, coordinator)
    entry.runtime_data = coordinator


async def _set_up_camera(hass: HomeAssistant, entry: CameraConfigEntry) -> None:
    coordinator = CameraCoordinator(hass, entry)
    try:
        await coordinator.async_config_entry_first_refresh()
    except BaseException:
        await coordinator.async_close()
        raise
    entry.runtime_data = coordinator


async def _demo(hass: HomeAssistant) -> ModuleType:
    """The file that knows virtual devices: nobody else loads them all, which takes a while."""
    return await async_import_module(hass, f"{__package__}.demo")
