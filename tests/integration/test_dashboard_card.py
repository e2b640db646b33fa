"""The card is served, loaded by dashboards once, and gone with the last entry."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.frontend import DATA_EXTRA_MODULE_URL
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.crcp.dashboard_card import BASE, FOLDER, fingerprint_of
from custom_components.crcp.virtual import scenes
from tests.integration.units import SetUp, entry_for


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[None]:
    """Home Assistant's own pages, which are a large package, as an empty folder."""
    for folder in ("static", "frontend_latest", "frontend_es5"):
        (tmp_path / folder).mkdir()
    with patch("homeassistant.components.frontend._frontend_root", return_value=tmp_path):
        yield


async def set_up_dashboards(hass: HomeAssistant, **lovelace: str) -> None:
    assert await async_setup_component(hass, "lovelace", {"lovelace": lovelace})
    assert await async_setup_component(hass, "frontend", {})


async def loaded(hass: HomeAssistant) -> list[dict[str, Any]]:
    resources = hass.data[LOVELACE_DATA].resources
    await resources.async_get_info()
    return resources.async_items()


async def test_a_unit_brings_the_card(
    hass: HomeAssistant, pages: None, put: SetUp, hass_client_no_auth: ClientSessionGenerator
) -> None:
    await set_up_dashboards(hass)
    await put(scenes.bare())
    [resource] = await loaded(hass)
    assert resource["type"] == "module"
    assert resource["url"].startswith(f"{BASE}0.1.0-")
    client = await hass_client_no_auth()
    folder = resource["url"].rpartition("/")[0]
    for path in FOLDER.iterdir():
        answer = await client.get(f"{folder}/{path.name}")
        assert (answer.status, await answer.text()) == (200, path.read_text())
        assert answer.headers["Content-Type"].startswith("text/javascript")


async def test_two_units_bring_one_card_that_the_last_takes_away(
    hass: HomeAssistant, pages: None, put: SetUp
) -> None:
    await set_up_dashboards(hass)
    one = await put(scenes.bare())
    other = await put(scenes.bare(unit_id="other"))
    assert len(await loaded(hass)) == 1
    await hass.config_entries.async_remove(one.entry_id)
    assert len(await loaded(hass)) == 1
    await hass.config_entries.async_remove(other.entry_id)
    assert await loaded(hass) == []
    await put(scenes.bare())
    assert len(await loaded(hass)) == 1


async def test_entries_that_are_set_up_side_by_side_at_a_start_bring_one_card(
    hass: HomeAssistant, pages: None, start: Any
) -> None:
    await set_up_dashboards(hass)
    hass.set_state(CoreState.starting)
    entries: list[MockConfigEntry] = []
    for unit_id in "abc":
        unit = scenes.bare(unit_id=unit_id)
        await start(unit)
        entries.append(entry_for(unit))
        entries[-1].add_to_hass(hass)
    assert await async_setup_component(hass, "crcp", {})
    await hass.async_block_till_done()
    assert await loaded(hass) == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire("homeassistant_started")
    await hass.async_block_till_done()
    assert len(await loaded(hass)) == 1


async def test_the_card_of_an_older_version_is_replaced_and_what_is_not_ours_stays(
    hass: HomeAssistant, pages: None, put: SetUp
) -> None:
    await set_up_dashboards(hass)
    resources = hass.data[LOVELACE_DATA].resources
    for url in (
        "/local/other.js",
        f"{BASE}0.0.1-abc/crcp-card.js",
        f"{BASE}0.0.2-def/crcp-card.js",
    ):
        await resources.async_create_item({"res_type": "module", "url": url})
    await put(scenes.bare())
    other, ours = await loaded(hass)
    assert other["url"] == "/local/other.js"
    assert ours["url"].startswith(f"{BASE}0.1.0-")


async def test_where_resources_are_yaml_every_page_loads_the_card(
    hass: HomeAssistant, pages: None, put: SetUp
) -> None:
    await set_up_dashboards(hass, resource_mode="yaml")
    entry = await put(scenes.bare())
    assert await loaded(hass) == []
    [address] = hass.data[DATA_EXTRA_MODULE_URL].urls
    assert address.startswith(BASE)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not hass.data[DATA_EXTRA_MODULE_URL].urls


async def test_without_dashboards_there_is_no_card_and_no_failure(
    hass: HomeAssistant, put: SetUp
) -> None:
    entry = await put(scenes.bare())
    assert LOVELACE_DATA not in hass.data
    await hass.config_entries.async_remove(entry.entry_id)


def test_any_change_of_a_file_changes_the_address(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("one")
    before = fingerprint_of(tmp_path)
    (tmp_path / "a.js").write_text("two")
    changed = fingerprint_of(tmp_path)
    (tmp_path / "a.js").rename(tmp_path / "b.js")
    assert len({before, changed, fingerprint_of(tmp_path)}) == 3
