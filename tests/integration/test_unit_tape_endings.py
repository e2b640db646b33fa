"""A tape that is played for a time is paused after it, whatever happens meanwhile."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.crcp import link as link_module
from custom_components.crcp.protocols.crcp.messages import Motion, Subunit
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.units import SetUp, act, drop, state

PLAYER = "media_player.attic_tape"
TAPE = Subunit("TAPE")
LONG, SHORT = {"minutes": 1}, {"milliseconds": 50}


def orders(unit: VirtualUnit) -> list[str]:
    """What the tape was told to do."""
    return [each.name for each in unit.commands if each.subunit == TAPE]


async def test_it_is_paused_after_its_time(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.deck()
    await put(unit)
    await act(hass, "crcp.play", PLAYER, speed=2, duration=SHORT)
    await until(lambda: orders(unit) == ["PLAY", "PAUS"])
    await until(lambda: state(hass, PLAYER) == "paused")


async def test_a_time_that_is_given_anew_begins_anew(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.deck()
    entry = await put(unit)
    for _ in range(3):
        await act(hass, "crcp.play", PLAYER, speed=-2, duration=LONG)
    await hass.config_entries.async_unload(entry.entry_id)
    assert orders(unit) == ["PLAY"] * 3 + ["PAUS"]


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("crcp.play", {}),
        ("crcp.wind", {}),
        ("crcp.go_to", {"position": 100}),
        ("crcp.record", {}),
        ("media_player.select_source", {"source": "wedding.ts"}),
    ],
)
async def test_any_other_order_takes_its_place(
    hass: HomeAssistant, put: SetUp, action: str, data: dict[str, Any]
) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    await act(hass, "switch.turn_on", "switch.attic_tape_recording_allowed")
    await act(hass, "crcp.play", PLAYER, duration=LONG)
    await act(hass, action, PLAYER, **data)
    # Whatever is still to be ended is ended now.
    await hass.config_entries.async_unload(entry.entry_id)
    assert "PLAY" in orders(unit)
    assert "PAUS" not in orders(unit)


async def test_it_is_paused_also_when_the_connection_was_lost(
    hass: HomeAssistant, put: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.3,) * 6)
    unit = scenes.deck()
    await put(unit)
    await act(hass, "crcp.play", PLAYER, duration=SHORT)
    drop(unit)
    await until(lambda: unit.decks[0].operation == "PAUS")
    assert orders(unit)[-1] == "PAUS"


async def test_what_somebody_records_meanwhile_goes_on(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.studio()
    entry = await put(unit)
    await act(hass, "crcp.play", PLAYER, duration=LONG)
    unit.decks[0].record(Motion())
    await hass.config_entries.async_unload(entry.entry_id)
    assert unit.decks[0].operation == "RECO"


async def test_a_time_is_above_zero_and_the_only_end(hass: HomeAssistant, put: SetUp) -> None:
    unit = scenes.deck()
    await put(unit)
    with pytest.raises(ServiceValidationError, match="above zero"):
        await act(hass, "crcp.play", PLAYER, duration={"seconds": 0})
    for also in ({"stop_position": 5}, {"speed": 10**6}):
        with pytest.raises(vol.Invalid):
            await act(hass, "crcp.play", PLAYER, duration=LONG, **also)
    assert orders(unit) == []
