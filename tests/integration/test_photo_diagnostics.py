"""What a report about a defect of a camera tells, and what it leaves out."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import set_up


async def test_a_camera_tells_its_state_and_its_counts_and_not_whose_it_is(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, camera: VirtualCamera, media: Path
) -> None:
    entry = await set_up(hass, camera)
    await until(lambda: hass.states.get("sensor.field_camera_import").state == "connected")
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert (told["state"], told["connected"], told["refusal"]) == ("connected", True, "")
    assert told["photos"]["imported"] == entry.runtime_data.data.photos.imported
    assert told["entry"]["data"]["manufacturer"] == entry.data["manufacturer"]
    text = str(told)
    secrets = [entry.data[key] for key in ("serial", "guid", "camera_guid", "discovery_id", "host")]
    for secret in filter(None, [*secrets, str(media)]):
        assert secret not in text
    # One that is not set up has most reason to be reported.
    assert await hass.config_entries.async_unload(entry.entry_id)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert (told["state"], told["why"]) == ("not_loaded", None)
    assert told["entry"]["data"]["manufacturer"] == entry.data["manufacturer"]
    for secret in filter(None, [*secrets, str(media)]):
        assert secret not in str(told)
