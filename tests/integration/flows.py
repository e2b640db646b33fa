"""Dialogues: begun by a person or by an announcement, and answered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from homeassistant.config_entries import SOURCE_USER, SOURCE_ZEROCONF, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest

from custom_components.crcp.const import DOMAIN
from custom_components.crcp.virtual.host import Host
from tests.helpers import until

FTP_SERVER = {
    b"STAT": b"211-FTP server status:\r\n     Logged in as ha\r\n     TYPE: ASCII\r\n211 End\r\n",
    b"QUIT": b"221 Goodbye.\r\n",
}


async def begin(hass: HomeAssistant, kind: str) -> ConfigFlowResult:
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert menu["type"] is FlowResultType.MENU
    return await hass.config_entries.flow.async_configure(menu["flow_id"], {"next_step_id": kind})


async def give(
    hass: HomeAssistant, flow: ConfigFlowResult, port: int, **more: Any
) -> ConfigFlowResult:
    return await answer(hass, flow, host="127.0.0.1", port=port, **more)


async def answer(hass: HomeAssistant, flow: ConfigFlowResult, **given: Any) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(flow["flow_id"], given)


async def wait(hass: HomeAssistant, flow: ConfigFlowResult) -> ConfigFlowResult:
    """Watch a dialogue's progress until it asks something, or ends."""
    manager, flow_id = hass.config_entries.flow, flow["flow_id"]
    while flow["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
        await until(lambda: not _works(hass, flow_id))
        flow = await manager.async_configure(flow_id)
    return flow


def _works(hass: HomeAssistant, flow_id: str) -> bool:
    handler = hass.config_entries.flow._progress.get(flow_id)
    works = (getattr(handler, "_work", None), getattr(handler, "_approval", None))
    return any(work and not work.done() for work in works)


async def connect(
    hass: HomeAssistant, flow: ConfigFlowResult, port: int, **more: Any
) -> ConfigFlowResult:
    """Give a camera's address, and wait until it is connected or was not."""
    return await wait(hass, await give(hass, flow, port, **more))


async def add_camera(hass: HomeAssistant, port: int, start: str = "all") -> ConfigFlowResult:
    """Add the camera at a port as a person does."""
    flow = await connect(hass, await begin(hass, "camera"), port)
    if flow["type"] is not FlowResultType.FORM or flow["step_id"] != "camera_start":
        return flow
    return await answer(hass, flow, start=start)


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


@dataclass
class Stranger:
    """Something that is no device of ours: what it says, and what it was told."""

    greeting: bytes = b""
    answers: dict[bytes, bytes] = field(default_factory=dict)
    heard: bytes = b""
    connections: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(self.greeting)
        while line := await reader.readline():
            self.heard += line
            writer.write(self.answers.get(line.split()[0], b""))


type Start = Callable[..., Awaitable[Stranger]]


@pytest.fixture
async def stranger(socket_enabled: None) -> AsyncIterator[Start]:
    """Run strangers: give each its greeting and its answers."""
    hosts = []

    async def start(greeting: bytes, answers: dict[bytes, bytes] | None = None) -> Stranger:
        stranger = Stranger(greeting, answers or {})
        host = Host(stranger.serve)
        await host.start()
        hosts.append(host)
        stranger.port = host.port
        return stranger

    yield start
    for host in hosts:
        await host.stop()
