"""What the logbook tells of a camera beyond what Home Assistant says of an event entity."""

from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import set_up


@pytest.fixture(autouse=True)
def find_the_integration(recorder_mock: Any, enable_custom_integrations: None) -> Any:
    """The recorder has to be there before Home Assistant is."""
    return recorder_mock


async def ours_of(browser: WebSocketGenerator, device: str, since: Any) -> list[Any]:
    """What the logbook of the camera shows of pictures beyond the states of its entities."""
    client = await browser()
    asked = {"type": "logbook/get_events", "start_time": since.isoformat()}
    await client.send_json_auto_id({**asked, "device_ids": [device]})
    answer = await client.receive_json()
    return [each for each in answer["result"] if each.get("domain") == "crcp"]


async def told(hass: HomeAssistant, browser: WebSocketGenerator, since: Any) -> list[Any]:
    """What the logbook shows of the camera's event entity: types, and what they are put down to."""
    client, events = await browser(), hass.states.async_entity_ids("event")  # named by language
    await client.send_json_auto_id(
        {"type": "logbook/get_events", "start_time": since.isoformat(), "entity_ids": events}
    )
    answer = await client.receive_json()
    assert answer["success"], answer
    lines = [line for line in answer["result"] if line["state"] not in ("unknown", "unavailable")]
    assert {line["entity_id"] for line in lines} == {*events}
    return [(line["attributes"]["event_type"], line.get("context_name")) for line in lines]


@pytest.mark.parametrize(
    ("language", "imported", "full"),
    [
        ("en", "was imported from Field camera", "Field camera has no room left on card 2"),
        (
            "de",
            "wurde von Field camera importiert",
            "Field camera hat auf Karte 2 keinen Platz mehr",
        ),
    ],
)
async def test_the_logbook_names_the_picture_and_the_full_card(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    camera: VirtualCamera,
    media: Path,
    language: str,
    imported: str,
    full: str,
) -> None:
    hass.config.language = language
    await async_get_translations(hass, language, "common", ["crcp"])  # as at a real start
    since = dt_util.utcnow()
    assert await async_setup_component(hass, "logbook", {})
    entry = await set_up(hass, camera)
    await until(lambda: len(list(media.rglob("*.JPG"))) == 3)
    entry.runtime_data._on_trouble("card_full", {"slot": 2})
    await hass.async_block_till_done()
    await async_wait_recording_done(hass)
    pictures = [("imported", f"IMG_000{number}.JPG") for number in (1, 2, 3)]
    lines = await told(hass, hass_ws_client, since)
    assert sorted(lines) == sorted([*pictures, ("card_full", full)])  # each of them once
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    shown = await ours_of(hass_ws_client, device.id, since)
    ours = {each["name"]: each.get("message") for each in shown}
    assert ours == dict.fromkeys([name for _, name in pictures], imported) | {full: None}
