"""Every entity of a unit, platform by platform, as Home Assistant's users and dashboards see it."""

import time
from unittest.mock import patch

from homeassistant.components.camera import Camera
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity import Entity
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion
from syrupy.filters import props

from custom_components.crcp import PLATFORMS
from custom_components.crcp.const import Kind
from custom_components.crcp.media_player import TapePlayer
from custom_components.crcp.protocols.crcp.status import MAX_SUBUNITS
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.clips import Shelf
from custom_components.crcp.virtual.head import Head
from tests.integration.units import SetUp, act

PRESETS = {
    "presets": {
        "a1": {"name": "Door", "camera": "CAMERA0", "values": {"PAN": 20.0}, "automatic": ["FOCU"]}
    }
}


@pytest.mark.parametrize("platform", PLATFORMS[Kind.UNIT])
async def test_entities(
    hass: HomeAssistant,
    put: SetUp,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # When a position was read is new in every run, and without one it is not told.
    monkeypatch.setattr(TapePlayer, "media_position_updated_at", None)
    monkeypatch.setattr(Camera, "async_update_token", lambda self: self.access_tokens.append("0"))
    everybody = patch.object(Entity, "entity_registry_enabled_default", True)
    with patch.dict("custom_components.crcp.PLATFORMS", {Kind.UNIT: [platform]}), everybody:
        # Without a shelf, or the list of its tapes would come when it likes.
        entry = await put(scenes.studio(shelf=None), options=PRESETS)
        await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


@pytest.mark.parametrize("personality", sorted(scenes.PERSONALITIES))
async def test_each_personality(
    hass: HomeAssistant, put: SetUp, entity_registry: er.EntityRegistry, personality: str
) -> None:
    entry = await put(scenes.PERSONALITIES[personality]())
    found = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    enabled = [each.entity_id for each in found if not each.disabled_by]
    assert enabled
    for entity_id in enabled:
        assert hass.states.get(entity_id).state != "unavailable", entity_id
    assert len(enabled) <= 40, len(enabled)


async def test_the_second_of_a_kind_has_what_nothing_else_does(
    hass: HomeAssistant, put: SetUp, entity_registry: er.EntityRegistry
) -> None:
    entry = await put(scenes.rack())
    found = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    off = {each.entity_id for each in found if each.disabled_by}
    assert {
        "button.attic_camera_3_pan_left",
        "button.attic_tape_2_rewind",
        "number.attic_tape_2_play_speed",
        "switch.attic_camera_3_automatic_iris",
        "button.attic_camera_focus_nearer",
    } <= off
    assert not off & {
        "button.attic_camera_pan_left",
        "button.attic_tape_rewind",
        "button.attic_tape_2_record",
        "number.attic_camera_3_pan",
        "button.attic_camera_3_stop",
        "switch.attic_camera_automatic_iris",
        "switch.attic_tape_2_recording_allowed",
    }


async def test_a_unit_without_end_has_an_end_here_and_is_told_of_once(
    hass: HomeAssistant, put: SetUp, caplog: pytest.LogCaptureFixture
) -> None:
    heads = {number: Head(time.monotonic) for number in range(500)}
    entry = await put(scenes.studio(heads=heads))
    await act(hass, "homeassistant.update_entity", "number.attic_camera_pan")
    await hass.async_block_till_done()
    devices = dr.async_child_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert len(devices) <= MAX_SUBUNITS
    assert len(hass.states.async_all()) < 10 * MAX_SUBUNITS
    told = [each for each in caplog.messages if "only the first 32" in each]
    assert len(told) == 1
    assert "lists 50" in told[0]


async def test_devices(hass: HomeAssistant, put: SetUp, device_registry: dr.DeviceRegistry) -> None:
    entry = await put(scenes.rack(), manufacturer="JVC", model="GR-DV1", version="1.4")
    (unit,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
    assert (unit.name, unit.manufacturer, unit.model, unit.sw_version) == (
        "Attic",
        "JVC",
        "GR-DV1",
        "1.4",
    )
    names = {child.name for child in dr.async_entries_for_parent_device(device_registry, unit.id)}
    assert names == {
        *("Power", "Power 2", "Picture", "Picture 2"),
        *("Tape", "Tape 2", "Camera", "Camera 3"),
    }


async def test_diagnostics_tell_everything_but_secrets(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    put: SetUp,
    snapshot: SnapshotAssertion,
) -> None:
    unit = scenes.studio(account=Account("ha", "correct horse"), shelf=Shelf())
    entry = await put(unit, username="ha", password="correct horse", options=PRESETS)
    told = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    text = str(told)
    assert "correct horse" not in text
    assert "127.0.0.1" not in text
    assert told == snapshot(exclude=props("entry_id", "created_at", "modified_at", "port"))
