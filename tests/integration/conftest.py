"""A Home Assistant with real virtual devices on loopback."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension
from syrupy.assertion import SnapshotAssertion

from custom_components.crcp.const import (
    CONF_CAMERA_GUID,
    CONF_DISCOVERY_ID,
    CONF_FRIENDLY_NAME,
    CONF_GUID,
    CONF_KIND,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_SERIAL,
    CONF_VERSION,
    DOMAIN,
    Kind,
)
from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import FIRST_MORNING, Photo, sample_photos
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.integration.texts import reader
from tests.integration.units import put, start, untold

__all__ = ["put", "reader", "start", "untold"]


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Snapshots as Home Assistant writes them: without what is new in every run."""
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


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


@pytest.fixture
def media(hass: HomeAssistant, tmp_path: Path) -> Path:
    """The media folder of this Home Assistant, whose configuration is a folder of the test's."""
    folder = tmp_path / "media"
    folder.mkdir()
    hass.config.media_dirs = {"local": str(folder)}
    return folder


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """A configuration folder that the ledger can be written to."""
    config = tmp_path / "config"
    (config / ".storage").mkdir(parents=True)
    return str(config)


@cache
def painted(count: int) -> tuple[Photo, ...]:
    """The first pictures of a walk, painted once for all tests: nobody can change them."""
    return tuple(sample_photos(count))


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    photos = await asyncio.to_thread(painted, 3)
    camera = VirtualCamera(photos=photos, model="Field camera", serial_number="F-0042")
    await camera.start()
    yield camera
    await camera.stop()


@pytest.fixture
async def camera_entry(hass: HomeAssistant, camera: VirtualCamera, media: Path) -> MockConfigEntry:
    return await set_up(hass, camera)


#: Bytes a second; so a movie takes its three seconds on any machine, and not its share of one.
PACE = 20 << 20
BLOCK = 1 << 10


@dataclass(frozen=True)
class Paced:
    """A large file, which a camera takes its time to read. Each of its blocks says which it is."""

    size: int

    async def read(self, offset: int, size: int) -> bytes:
        end = min(offset + size, self.size)
        await asyncio.sleep(max(end - offset, 0) / PACE)
        first, last = offset // BLOCK, -(-end // BLOCK)
        blocks = b"".join(number.to_bytes(8) * (BLOCK // 8) for number in range(first, last))
        return blocks[offset - first * BLOCK : end - first * BLOCK]


def movie(name: str = "MVI_0009.MOV", size: int = 64 << 20) -> Photo:
    return Photo(name, Paced(size), ObjectFormat.QUICKTIME, FIRST_MORNING, thumb=b"\xff\xd8")


async def set_up(
    hass: HomeAssistant,
    camera: VirtualCamera,
    *,
    works: bool = True,
    serial: str = "",
    title: str = "",
    port: int = 0,
    **options: Any,
) -> MockConfigEntry:
    """Set up an entry for a camera, as its flow would have made it, with these options."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title=title or camera.model,
        unique_id=f"ptpip:{serial or camera.serial_number}",
        data={
            CONF_KIND: Kind.CAMERA,
            CONF_HOST: "127.0.0.1",
            CONF_PORT: port or camera.port,
            CONF_GUID: bytes(range(16)).hex(),
            CONF_FRIENDLY_NAME: "Home Assistant",
            CONF_SERIAL: serial or camera.serial_number,
            CONF_CAMERA_GUID: camera.guid.hex(),
            CONF_DISCOVERY_ID: "",
            CONF_MANUFACTURER: "CRCP",
            CONF_MODEL: camera.model,
            CONF_VERSION: "1.0",
        },
        options=options,
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id) is works
    return entry
