"""A repair with a button: the folder that is there now is the one."""

from pathlib import Path
import shutil
import sqlite3

from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp import photos
from custom_components.crcp.photo_library import LEDGER
from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until

COUNT = "sensor.field_camera_photos_imported"
STATE = "sensor.field_camera_import"


@pytest.fixture
async def moved_away(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    camera_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """Three pictures were imported; then the disk was changed, and the pictures moved away."""
    monkeypatch.setattr(photos, "LIBRARY_RETRY", 0.05)
    await until(lambda: hass.states.get(COUNT).state == "3", within=60)
    await hass.config_entries.async_unload(camera_entry.entry_id)
    shutil.rmtree(media / "Field camera")
    with sqlite3.connect(hass.config.path(LEDGER)) as ledger:
        ledger.execute("UPDATE library SET device = '1'")
    ledger.close()
    await camera.press_shutter()
    assert await async_setup_component(hass, "repairs", {})
    await hass.config_entries.async_setup(camera_entry.entry_id)
    issue_id = f"other_folder_{camera_entry.entry_id}"
    await until(lambda: ir.async_get(hass).async_get_issue("crcp", issue_id), within=60)
    return issue_id


async def test_a_person_says_that_the_folder_is_the_one(
    hass: HomeAssistant, media: Path, moved_away: str
) -> None:
    assert hass.states.get(STATE).state == "other_folder"
    issue = ir.async_get(hass).async_get_issue("crcp", moved_away)
    assert issue
    assert issue.is_fixable
    dialogues = hass.data[REPAIRS]["flow_manager"]
    flow = await dialogues.async_init("crcp", data={"issue_id": moved_away})
    assert flow["step_id"] == "confirm"
    assert flow["description_placeholders"]["folder"] == str(media)
    assert not list(media.rglob("*.JPG"))
    flow = await dialogues.async_configure(flow["flow_id"], {})
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await until(lambda: hass.states.get(COUNT).state == "4", within=60)
    assert [path.name for path in media.rglob("*.JPG")] == ["IMG_0004.JPG"]
    await until(lambda: not ir.async_get(hass).issues)


async def test_what_keeps_the_folder_from_being_used_is_told(
    hass: HomeAssistant, media: Path, moved_away: str
) -> None:
    dialogues = hass.data[REPAIRS]["flow_manager"]
    flow = await dialogues.async_init("crcp", data={"issue_id": moved_away})
    media.rmdir()
    flow = await dialogues.async_configure(flow["flow_id"], {})
    assert flow["errors"] == {"base": "folder_not_usable"}
    assert "No such file" in flow["description_placeholders"]["problem"]
    assert not media.exists()


async def test_for_a_camera_that_was_removed_there_is_nothing_to_do(
    hass: HomeAssistant, camera_entry: MockConfigEntry, moved_away: str
) -> None:
    dialogues = hass.data[REPAIRS]["flow_manager"]
    flow = await dialogues.async_init("crcp", data={"issue_id": moved_away})
    await hass.config_entries.async_remove(camera_entry.entry_id)
    flow = await dialogues.async_configure(flow["flow_id"], {})
    assert flow["type"] is FlowResultType.CREATE_ENTRY
