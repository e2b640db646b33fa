"""The page "System information": how many are connected, and how the imports stand."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.crcp.const import DOMAIN
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.conftest import set_up


async def told(hass: HomeAssistant) -> dict[str, Any]:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    return await get_system_health_info(hass, DOMAIN)


async def test_it_tells_who_is_connected_and_what_has_come(
    hass: HomeAssistant, unit_entry: MockConfigEntry, camera: VirtualCamera, media: Path
) -> None:
    entry = await set_up(hass, camera)
    await until(lambda: entry.runtime_data.data.photos.imported == 3)
    assert await told(hass) == {
        "units": "1 / 1",
        "cameras": "1 / 1",
        "imports_blocked": 0,
        "photos_imported": 3,
        "photos_failed": 0,
    }


async def test_it_counts_what_is_not_there(
    hass: HomeAssistant, unit_entry: MockConfigEntry, unit: VirtualUnit
) -> None:
    await unit.stop()
    await until(lambda: not unit_entry.runtime_data.last_update_success)
    assert (await told(hass))["units"] == "0 / 1"
    await hass.config_entries.async_unload(unit_entry.entry_id)
    assert (await told(hass))["units"] == "0 / 1"


async def test_everything_that_it_tells_has_a_name(
    hass: HomeAssistant, unit_entry: MockConfigEntry
) -> None:
    texts = await async_get_translations(hass, "en", "system_health", [DOMAIN])
    named = {key.rpartition(".")[2] for key in texts}
    assert set(await told(hass)) == named
