"""Adding a camera: by address, by discovery, and what can go wrong in it."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_SSDP, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.ssdp import SsdpServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.const import DOMAIN
from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.flows import add_camera, answer, begin, confirm, connect, discover, wait

EOS = "urn:schemas-canon-com:service:ICPO-WFTEOSSystemService:1"


async def accept(hass: HomeAssistant, flow: ConfigFlowResult) -> ConfigFlowResult:
    """Click on a discovered camera, and take all its pictures."""
    flow = await wait(hass, await confirm(hass, flow))
    assert flow["step_id"] == "camera_start"
    return await answer(hass, flow, start="all")


async def heard(hass: HomeAssistant, target: str, host: str, **upnp: str) -> ConfigFlowResult:
    """A NOTIFY as ptp-ip.md 18 has Canon's and Sony's."""
    info = SsdpServiceInfo(
        ssdp_usn=f"uuid:00000000-0000-0000-0001-60128B7A71A0::{target}",
        ssdp_st=target,
        ssdp_location=f"http://{host}:49152/upnp/CameraDevDesc.xml",
        upnp=upnp,
    )
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_SSDP}, data=info
    )


async def test_a_camera_is_added_by_its_address_and_its_pictures_come(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    result = await add_camera(hass, camera.port)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert (result["title"], result["result"].unique_id) == ("Field camera", "ptpip:F-0042")
    assert len(bytes.fromhex(result["data"]["guid"])) == 16
    assert result["options"] == {"start": "all", "skip_present": False}
    await until(lambda: len(list(media.rglob("*.JPG"))) == 3)
    assert next(camera._numbers) == 2  # one connection in all


async def test_only_pictures_from_now_on_come_where_that_was_chosen(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    result = await add_camera(hass, camera.port, "new")
    entry = result["result"]
    await until(lambda: entry.options["skip_present"] is False)
    await camera.press_shutter()
    await until(lambda: list(media.rglob("*.JPG")))
    assert [path.name for path in media.rglob("*.JPG")] == ["IMG_0004.JPG"]
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_discovered_camera_is_not_touched_before_the_click(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    # A unit at this address is no camera that would be there already.
    unit = {"kind": "unit", "host": "127.0.0.1", "port": camera.port}
    MockConfigEntry(domain="crcp", data=unit).add_to_hass(hass)
    flow = await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff")
    assert (flow["step_id"], camera.requests) == ("camera_confirm", [])
    result = await accept(hass, flow)
    assert (result["title"], result["result"].unique_id) == ("Field camera", "ptpip:F-0042")


async def test_a_camera_that_announces_itself_twice_is_offered_once(
    hass: HomeAssistant, camera: VirtualCamera
) -> None:
    await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff")
    again = await discover(hass, "_nikon._tcp.local.", camera.port)
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_in_progress")
    other = await heard(hass, EOS, "127.0.0.1")
    assert other["reason"] == "already_in_progress"
    assert camera.requests == []


async def test_an_eos_that_notifies_is_offered_by_its_name_and_not_connected_to(
    hass: HomeAssistant, camera: VirtualCamera
) -> None:
    flow = await heard(hass, EOS, "127.0.0.1", modelName="Canon EOS R6", manufacturer="Canon")
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "camera_confirm")
    assert flow["description_placeholders"]["name"] == "Canon EOS R6"
    (running,) = hass.config_entries.flow.async_progress()
    assert running["context"]["unique_id"] == (
        "ptpip:announced:00000000-0000-0000-0001-60128b7a71a0"
    )
    assert next(camera._numbers) == 1


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("urn:microsoft-com:device:mtp:1", "FUJIFILM-X-T4-0A1B"),
        ("urn:schemas-upnp-org:device:MediaServer:1", ""),
    ],
)
async def test_what_cannot_be_used_is_not_offered(
    hass: HomeAssistant, target: str, named: str
) -> None:
    result = await heard(hass, target, "127.0.0.9", friendlyName=named)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_a_camera")


async def test_an_announcement_without_an_address_is_nothing(hass: HomeAssistant) -> None:
    assert (await heard(hass, EOS, ""))["reason"] == "not_a_camera"


async def test_a_camera_that_is_there_is_not_offered_again(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    await accept(hass, await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff"))
    result = await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    result = await add_camera(hass, camera.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_camera_that_is_busy_is_told_in_words(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    camera.max_connections = 0
    flow = await discover(hass, "_ptp._tcp.local.", camera.port, guid="00ff")
    flow = await wait(hass, await confirm(hass, flow))
    assert (flow["step_id"], flow["errors"]) == ("camera_confirm", {"base": "in_use"})
    camera.max_connections = 1
    assert (await accept(hass, flow))["type"] is FlowResultType.CREATE_ENTRY


async def test_nothing_at_the_address_is_told_and_the_address_is_kept_for_correction(
    hass: HomeAssistant, socket_enabled: None
) -> None:
    flow = await connect(hass, await begin(hass, "camera"), 1)
    assert (flow["step_id"], flow["errors"]) == ("camera", {"base": "cannot_connect"})
    schema: Any = flow["data_schema"]
    assert {"suggested_value": 1} in [each.description for each in schema.schema]
