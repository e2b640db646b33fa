"""The card of the folder frontend: served to browsers, and made known to dashboards."""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components import frontend
from homeassistant.components.http import StaticPathConfig
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.core import HomeAssistant
from homeassistant.helpers.start import async_at_started
from homeassistant.loader import async_get_integration
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

FOLDER: Final = Path(__file__).parent / "frontend"
ENTRANCE: Final = "crcp-card.js"

#: What the address of every version of the card begins with.
BASE: Final = "/crcp_static/"

#: Where this Home Assistant serves the card, and who may tell dashboards of it just now.
_ADDRESS: Final[HassKey[str]] = HassKey("crcp_card_address")
_TURN: Final[HassKey[asyncio.Lock]] = HassKey("crcp_card_turn")


async def async_serve_card(hass: HomeAssistant) -> None:
    """Serve the card's files. To be called once: what is served is so until the next start.

    Browsers keep them for a month. So version and contents are part of the address, as a folder:
    the files find each other there, and never one of another version.
    """
    if frontend.DOMAIN not in hass.config.components:
        return
    integration = await async_get_integration(hass, DOMAIN)
    fingerprint = await hass.async_add_executor_job(fingerprint_of, FOLDER)
    address = f"{BASE}{integration.version}-{fingerprint}"
    await hass.http.async_register_static_paths([StaticPathConfig(address, str(FOLDER))])
    hass.data[_ADDRESS] = f"{address}/{ENTRANCE}"
    hass.data[_TURN] = asyncio.Lock()


async def async_load_card(hass: HomeAssistant) -> None:
    """Have dashboards load the card, once Home Assistant has started. May be called repeatedly."""
    if _ADDRESS in hass.data:
        async_at_started(hass, _load)


async def async_remove_card(hass: HomeAssistant) -> None:
    """Have dashboards load it no more."""
    if resources := _resources(hass):
        for item_id in await _ours(resources):
            await resources.async_delete_item(item_id)
    if address := hass.data.get(_ADDRESS):
        frontend.remove_extra_js_url(hass, address)


def fingerprint_of(folder: Path) -> str:
    """Tell the contents of a folder's files in a few characters. Blocks."""
    digest = sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


async def _load(hass: HomeAssistant) -> None:
    # Several entries are set up side by side, and each asks for it.
    async with hass.data[_TURN]:
        if not hass.config_entries.async_entries(DOMAIN, include_ignore=False):
            return
        address = hass.data[_ADDRESS]
        if resources := _resources(hass):
            await _keep_one(resources, address)
        else:
            # Resources in YAML are the user's; this loads it on every page instead.
            frontend.add_extra_js_url(hass, address)


async def _keep_one(resources: ResourceStorageCollection, address: str) -> None:
    """Make this version of the card the only one that dashboards load."""
    known = await _ours(resources)
    for superfluous in list(known)[1:]:
        await resources.async_delete_item(superfluous)
    if not known:
        await resources.async_create_item({"res_type": "module", "url": address})
    elif (first := next(iter(known))) and known[first] != address:
        await resources.async_update_item(first, {"url": address})


async def _ours(resources: ResourceStorageCollection) -> dict[str, str]:
    """The card's addresses by their ids."""
    await resources.async_get_info()  # loads them where nobody has asked yet
    items = resources.async_items()
    return {item["id"]: item["url"] for item in items if item["url"].startswith(BASE)}


def _resources(hass: HomeAssistant) -> ResourceStorageCollection | None:
    """What dashboards load, where Home Assistant keeps it and not the user's YAML."""
    resources = hass.data[LOVELACE_DATA].resources if LOVELACE_DATA in hass.data else None
    return resources if isinstance(resources, ResourceStorageCollection) else None
