"""A Home Assistant with real virtual devices on loopback."""

from collections.abc import AsyncIterator

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.const import CONF_KIND, DOMAIN, Kind
from custom_components.crcp.virtual.unit import VirtualUnit


@pytest.fixture
async def unit(socket_enabled: None) -> AsyncIterator[VirtualUnit]:
    unit = VirtualUnit(name="Attic deck", unit_id="attic-1")
    await unit.start()
    yield unit
    await unit.stop()


@pytest.fixture
async def unit_entry(hass: HomeAssistant, unit: VirtualUnit) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=unit.name,
        unique_id=f"crcp:{unit.unit_id}",
        data={CONF_KIND: Kind.UNIT, CONF_HOST: "127.0.0.1", CONF_PORT: unit.port},
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry
