"""Adding a camera: by address, by discovery, and what can go wrong in it."""

from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.flows import begin, confirm, discover, give


async def test_a_camera_is_added_by_its_address_and_its_pictures_come(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    result = await give(hass, await begin(hass, "camera"), camera.port)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["title"], result["result"].unique_id) == ("Field camera", "ptpip:F-0042")
    assert len(bytes.fromhex(result["data"]["guid"])) == 16
    await until(lambda: len(list(media.rglob("*.JPG"))) == 3)


async def test_a_discovered_camera_is_not_touched_before_the_click(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    flow = await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff")
    assert (flow["step_id"], camera.requests) == ("camera_confirm", [])
    result = await confirm(hass, flow)
    assert (result["title"], result["result"].unique_id) == ("Field camera", "ptpip:F-0042")


async def test_a_camera_that_is_there_is_not_offered_again(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    await confirm(hass, await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff"))
    result = await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    result = await give(hass, await begin(hass, "camera"), camera.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_camera_with_a_new_address_is_found_again(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    flow = await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff")
    entry = (await confirm(hass, flow))["result"]
    await hass.config_entries.async_unload(entry.entry_id)
    await discover(hass, "_ptp._tcp.local.", 4711, host="127.0.0.9", guid="00ff")
    assert (entry.data["host"], entry.data["port"]) == ("127.0.0.9", 4711)


async def test_a_camera_that_turns_us_away_is_told_in_words(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    camera.paired = set()
    flow = await give(hass, await begin(hass, "camera"), camera.port)
    assert flow["errors"] == {"base": "not_authorised"}
    camera.paired = None
    assert (await give(hass, flow, camera.port))["type"] is FlowResultType.CREATE_ENTRY


async def test_a_camera_that_is_busy_is_told_in_words(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    camera.max_connections = 0
    flow = await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff")
    flow = await confirm(hass, flow)
    assert flow["errors"] == {"base": "in_use"}
    camera.max_connections = 1
    assert (await confirm(hass, flow))["type"] is FlowResultType.CREATE_ENTRY
