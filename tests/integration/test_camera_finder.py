"""Live view: what the finder shows, while somebody looks and not longer."""

from collections.abc import AsyncIterator
import io
from pathlib import Path

from homeassistant.components.camera import async_get_image
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from PIL import Image
import pytest

from custom_components.crcp import camera_desk
from custom_components.crcp.protocols.ptpip.vendors.canon_events import finder_picture
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.personalities import CANON, NIKON, Personality
from tests.helpers import until
from tests.integration.conftest import set_up

FINDER = "camera.field_camera_finder"


@pytest.fixture(params=[CANON, NIKON], ids=["canon", "nikon"])
async def camera(
    request: pytest.FixtureRequest, socket_enabled: None
) -> AsyncIterator[VirtualCamera]:
    personality: Personality = request.param
    camera = VirtualCamera(model="Field camera", personality=personality)
    camera.faults.hide_card = 1
    await camera.start()
    yield camera
    await camera.stop()


def ready(hass: HomeAssistant) -> bool:
    """Whether the camera is there and nothing is imported."""
    state = hass.states.get("sensor.field_camera_import")
    return bool(hass.states.get(FINDER)) and bool(state) and state.state == "connected"


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has enabled the finder."""
    monkeypatch.setattr("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True)


async def test_the_finder_is_shown_while_somebody_looks(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    wanted: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camera_desk, "LINGER", 3.0)
    entry = await set_up(hass, camera)
    await until(lambda: ready(hass))
    picture = await async_get_image(hass, FINDER)
    with Image.open(io.BytesIO(picture.content)) as shown:
        assert shown.format == "JPEG"
    (connection,) = camera.connections.values()
    first = {0x9114, 0x9201} & set(connection.modes)
    assert first
    await camera.press_shutter()
    await until(lambda: not {0x9114, 0x9201} & set(connection.modes))
    await until(lambda: list(media.rglob("*.JPG")), within=30)
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_camera_that_goes_takes_its_finder_with_it(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, wanted: None
) -> None:
    entry = await set_up(hass, camera)
    await until(lambda: ready(hass))
    await async_get_image(hass, FINDER)
    await camera.stop()
    await until(lambda: hass.states.get(FINDER).state == "unavailable")
    with pytest.raises(HomeAssistantError):
        await entry.runtime_data.desk.async_finder()


@pytest.mark.parametrize(
    ("data", "picture"),
    [
        ("0c000000 01000000 ffd8ffd9", "ffd8ffd9"),
        ("0c000000 03000000 00000000 0c000000 0b000000 ffd8ffd9", "ffd8ffd9"),
        ("0c000000 03000000 00000000", None),
        ("ff000000 01000000 ffd8", None),
        ("00000000 01000000 ffd8ffd9", None),
        ("", None),
    ],
)
def test_the_picture_is_found_among_records(data: str, picture: str | None) -> None:
    found = finder_picture(bytes.fromhex(data))
    assert found == (bytes.fromhex(picture) if picture else None)
