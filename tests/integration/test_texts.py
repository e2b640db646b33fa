"""Every entity, state and device that there can be has its text."""

from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest

from custom_components.crcp.const import DOMAIN
from custom_components.crcp.coordinator import WORTH_MENDING
from custom_components.crcp.coordinator_camera import NOT_PAIRED, WORTH_TELLING
from custom_components.crcp.photo_progress import Trouble
from custom_components.crcp.virtual import scenes
from tests.integration.texts import Reader, branch
from tests.integration.units import SetUp

#: Named after their devices, or by their owners.
NAMELESS = {"switch", "media_player", "camera", "scene"}


@pytest.fixture
def everything() -> object:
    """Nothing is off by default."""
    with patch.object(Entity, "entity_registry_enabled_default", True):
        yield


def read_entities(hass: HomeAssistant, reader: Reader) -> None:
    found = [e for e in er.async_get(hass).entities.values() if e.platform == DOMAIN]
    assert found
    for entity in found:
        path = f"entity.{entity.domain}.{entity.translation_key}"
        if entity.original_name or entity.domain not in NAMELESS:
            if entity.domain != "scene":
                reader.read(f"{path}.name")
        state = hass.states.get(entity.entity_id)
        options = state.attributes.get("options") if state else None
        if entity.domain in ("sensor", "select") and options:
            assert set(branch(f"{path}.state")) >= set(options), path
        for event in (state.attributes.get("event_types") or ()) if state else ():
            reader.read(f"{path}.state_attributes.event_type.state.{event}")


@pytest.mark.usefixtures("everything")
@pytest.mark.parametrize("personality", ["rack", "crane", "signed"])
async def test_units(hass: HomeAssistant, put: SetUp, reader: Reader, personality: str) -> None:
    await put(scenes.PERSONALITIES[personality]())
    read_entities(hass, reader)
    for device in dr.async_get(hass).child_devices:
        assert device.name, device


@pytest.mark.usefixtures("everything", "camera_entry")
async def test_cameras(hass: HomeAssistant, reader: Reader) -> None:
    await hass.async_block_till_done()
    read_entities(hass, reader)


def test_issues(reader: Reader) -> None:
    keys = {f"unit_{each}" for each in WORTH_MENDING} | set(Trouble)
    keys |= {f"camera_{each}" for each in (WORTH_TELLING | {"in_use"}) - {NOT_PAIRED}}
    assert keys == set(branch("issues"))


def test_kinds_of_subunits() -> None:
    kinds = ("power", "tape", "camera", "stream")
    assert set(branch("device")) >= {f"{kind}{n}" for kind in kinds for n in ("", "_numbered")}
