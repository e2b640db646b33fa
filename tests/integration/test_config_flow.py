"""Adding a unit or a camera: by address, by discovery, and what can go wrong in it."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_USER, SOURCE_ZEROCONF, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.const import DOMAIN
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.host import Host
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until

FTP_SERVER = {
    b"STAT": b"211-FTP server status:\r\n     Logged in as ha\r\n     TYPE: ASCII\r\n211 End\r\n",
    b"QUIT": b"221 Goodbye.\r\n",
}


async def begin(hass: HomeAssistant, kind: str) -> ConfigFlowResult:
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert menu["type"] is FlowResultType.MENU
    return await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": kind})


async def give(hass: HomeAssistant, flow: ConfigFlowResult, port: int) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"host": "127.0.0.1", "port": port}
    )


async def discover(
    hass: HomeAssistant, service: str, port: int, host: str = "127.0.0.1", **properties: str
) -> ConfigFlowResult:
    info = ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=port,
        hostname="device.local.",
        type=service,
        name=f"Some device.{service}",
        properties=properties,
    )
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info
    )


async def confirm(hass: HomeAssistant, flow: ConfigFlowResult) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(flow["flow_id"], {})


@pytest.fixture
async def stranger(socket_enabled: None) -> AsyncIterator[Any]:
    """Run something that is no device: give it its greeting and its answers."""
    hosts = []

    async def start(greeting: bytes, answers: dict[bytes, bytes]) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(greeting)
            while line := await reader.readline():
                writer.write(answers.get(line.strip(), b""))

        host = Host(serve)
        await host.start()
        hosts.append(host)
        return host.port

    yield start
    for host in hosts:
        await host.stop()


# -- units -------------------------------------------------------------------------------------


async def test_a_unit_is_added_by_its_address(hass: HomeAssistant, unit: VirtualUnit) -> None:
    result = await give(hass, await begin(hass, "unit"), unit.port)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Attic deck"
    assert result["data"] == {"kind": "unit", "host": "127.0.0.1", "port": unit.port}
    await hass.async_block_till_done()
    assert hass.states.get("switch.attic_deck_power").state == "on"


async def test_a_discovered_unit_is_added_with_one_click(
    hass: HomeAssistant, unit: VirtualUnit
) -> None:
    flow = await discover(hass, "_crcp._tcp.local.", unit.port, id="attic-1", fn="Attic <b>VCR</b>")
    assert flow["step_id"] == "unit_confirm"
    assert flow["description_placeholders"]["name"] == "Attic b VCR /b"
    result = await confirm(hass, flow)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == "crcp:attic-1"


async def test_a_unit_that_is_there_is_not_offered_again(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    result = await discover(hass, "_crcp._tcp.local.", unit.port, id="attic-1")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    result = await give(hass, await begin(hass, "unit"), unit.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_unit_with_a_new_address_is_found_again(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    await hass.config_entries.async_unload(unit_entry.entry_id)
    result = await discover(hass, "_crcp._tcp.local.", 4711, host="127.0.0.9", id="attic-1")
    assert result["reason"] == "already_configured"
    assert (unit_entry.data["host"], unit_entry.data["port"]) == ("127.0.0.9", 4711)


@pytest.mark.parametrize(
    ("greeting", "answers", "error"),
    [
        (b"220 (vsFTPd 3.0.3)\r\n", FTP_SERVER, "not_a_unit"),
        (b"421 In use by another controller\r\n", {}, "in_use"),
        (b"220 ready\r\n", {b"STAT": b"530 Please login\r\n"}, "not_authorised"),
        (b"220 ready\r\n", {b"STAT": b"502 No\r\n"}, "refused"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", {}, "not_understood"),
    ],
)
async def test_what_is_no_unit_is_told_in_words_and_can_be_mended(
    hass: HomeAssistant,
    unit: VirtualUnit,
    stranger: Any,
    greeting: bytes,
    answers: dict[bytes, bytes],
    error: str,
) -> None:
    flow = await give(hass, await begin(hass, "unit"), await stranger(greeting, answers))
    assert (flow["type"], flow["errors"]) == (FlowResultType.FORM, {"base": error})
    result = await give(hass, flow, unit.port)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_nothing_at_the_address_is_told_in_words(
    hass: HomeAssistant, unit: VirtualUnit
) -> None:
    port = unit.port
    await unit.stop()
    flow = await give(hass, await begin(hass, "unit"), port)
    assert flow["errors"] == {"base": "cannot_connect"}
    assert str(port) in flow["description_placeholders"]["detail"]
    flow = await discover(hass, "_crcp._tcp.local.", port, id="attic-1")
    assert (await confirm(hass, flow))["errors"] == {"base": "cannot_connect"}


async def test_a_unit_is_the_same_under_every_name(hass: HomeAssistant, unit: VirtualUnit) -> None:
    MockConfigEntry(
        domain=DOMAIN,
        unique_id=f"crcp:127.0.0.1:{unit.port}",
        data={"kind": "unit", "host": "attic.local", "port": unit.port},
    ).add_to_hass(hass)
    result = await give(hass, await begin(hass, "unit"), unit.port)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_a_unit_added_by_address_takes_the_id_that_it_announces(
    hass: HomeAssistant, unit: VirtualUnit
) -> None:
    entry = (await give(hass, await begin(hass, "unit"), unit.port))["result"]
    assert entry.unique_id == f"crcp:127.0.0.1:{unit.port}"
    result = await discover(hass, "_crcp._tcp.local.", unit.port, id="attic-1")
    assert result["reason"] == "already_configured"
    assert entry.unique_id == "crcp:attic-1"


async def test_a_sighting_brings_a_lost_unit_back_at_once(
    hass: HomeAssistant, unit: VirtualUnit, unit_entry: MockConfigEntry
) -> None:
    coordinator = unit_entry.runtime_data
    coordinator._link._failures = 5
    port = unit.port
    await unit.stop()
    await until(lambda: hass.states.get("switch.attic_deck_power").state == "unavailable")
    again = VirtualUnit(name=unit.name, unit_id=unit.unit_id, port=port)
    await again.start()
    await discover(hass, "_crcp._tcp.local.", port, id="attic-1")
    await until(lambda: hass.states.get("switch.attic_deck_power").state == "on", within=5)
    await hass.config_entries.async_unload(unit_entry.entry_id)
    await again.stop()


# -- cameras -----------------------------------------------------------------------------------


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
