"""A move with a duration always ends: with a unit that is slow, busy, off, lost, or set up anew."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from copy import deepcopy
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.crcp import link as link_module, polling
from custom_components.crcp.endings import Endings
from custom_components.crcp.moves import Key
from custom_components.crcp.protocols.crcp.errors import Refused
from custom_components.crcp.protocols.crcp.messages import Subunit
from tests.helpers import until
from tests.integration.scripted import ScriptedUnit, Unwritten, nothing
from tests.integration.units import act, add, attribute, state

PAN = "number.attic_camera_pan"


@pytest.fixture
async def unit(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedUnit]:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.05,) * 6)
    unit = ScriptedUnit()
    await unit.start()
    yield unit
    await unit.stop()


@pytest.fixture
async def entry(hass: HomeAssistant, unit: ScriptedUnit) -> Any:
    return await add(hass, unit)


type Move = Callable[..., Awaitable[None]]


@pytest.fixture
def move(hass: HomeAssistant, entry: Any) -> Move:
    async def move_for(seconds: float, **values: float) -> None:
        await act(hass, "crcp.move", PAN, **values, duration={"seconds": seconds})

    return move_for


async def test_a_stop_comes_after_the_move_that_it_ends(unit: ScriptedUnit, move: Move) -> None:
    unit.delays["CAMERA0"] = 0.15
    await move(0.1, pan=100, tilt=50)
    await until(lambda: len(unit.orders()) == 4)
    for name, value in (("PAN", 100), ("TILT", 50)):
        orders = [each for each in unit.orders() if name in each]
        assert orders == [f"CAMERA0 {name} {value}", f"CAMERA0 {name} +0"]


async def test_a_move_waits_for_the_power_and_then_ends(
    hass: HomeAssistant, unit: ScriptedUnit
) -> None:
    unit.is_on = False
    await add(hass, unit)
    # What a unit's camera can do, it may well tell while it is off.
    unit.delays["POWER0"] = 0.4
    power = asyncio.create_task(act(hass, "switch.turn_on", "switch.attic_power"))
    await until(lambda: "POWER0 ON" in unit.heard)
    await act(hass, "crcp.move", PAN, pan=100, duration={"seconds": 0.1})
    await power
    await until(lambda: unit.orders()[-1] == "CAMERA0 PAN +0")
    assert unit.orders() == ["POWER0 ON", "CAMERA0 PAN 100", "CAMERA0 PAN +0"]


async def test_a_move_without_time_is_refused_in_words(unit: ScriptedUnit, move: Move) -> None:
    with pytest.raises(ServiceValidationError, match="above zero"):
        await move(0, pan=100)
    assert unit.orders() == []


async def test_a_stop_that_is_refused_for_the_moment_is_sent_again(
    unit: ScriptedUnit, move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.crcp.endings.STOP_AGAIN", 0.05)
    unit.answers["CAMERA0 PAN +0"] = [b"450 busy\r\n"] * 2
    await move(0.05, pan=100)
    await until(lambda: unit.orders().count("CAMERA0 PAN +0") == 3)


async def test_a_stop_that_is_answered_with_the_end_of_the_connection_is_sent_again(
    unit: ScriptedUnit, move: Move
) -> None:
    unit.answers["CAMERA0 PAN +0"] = [b"421 Another controller took over\r\n"]
    await move(0.05, pan=100)
    await until(lambda: unit.orders().count("CAMERA0 PAN +0") == 2)
    assert unit.connections == 2


async def test_a_stop_that_is_on_its_way_is_waited_for() -> None:
    answered, asked = asyncio.Event(), asyncio.Event()

    async def stop(_key: Key) -> None:
        asked.set()
        await answered.wait()

    endings = Endings(stop, set(), Unwritten())
    await endings.send((Subunit("CAMERA"), "PAN"), nothing, 0)
    await asked.wait()
    ending = asyncio.create_task(endings.end_all())
    await asyncio.wait({ending}, timeout=0.1)
    assert not ending.done()
    answered.set()
    await ending


async def test_a_move_that_was_never_sent_leaves_no_stop_behind(
    hass: HomeAssistant, unit: ScriptedUnit, move: Move
) -> None:
    await unit.stop()
    await until(lambda: state(hass, PAN) == "unavailable")
    with pytest.raises(HomeAssistantError, match="not connected"):
        await move(0.01, focus=3)
    unit.heard.clear()
    await unit.start()
    await until(lambda: state(hass, PAN) == "10.0")
    await until(lambda: unit.heard.count("STAT CAMERA0") >= 2)
    assert unit.orders() == []


async def test_a_move_that_is_refused_leaves_the_end_of_the_one_before(
    unit: ScriptedUnit, move: Move
) -> None:
    await move(0.3, pan=100)
    unit.answers["CAMERA0 PAN 20"] = [b"501 no\r\n"]
    with pytest.raises(HomeAssistantError, match="501"):
        await move(60, pan=20)
    await until(lambda: unit.orders()[-1] == "CAMERA0 PAN +0")


async def test_what_could_not_be_ended_is_ended_by_whoever_sets_the_unit_up_next(
    hass: HomeAssistant, unit: ScriptedUnit, move: Move, entry: Any, hass_storage: dict[str, Any]
) -> None:
    await move(60, pan=300)
    await unit.stop()
    await until(lambda: state(hass, PAN) == "unavailable")
    await hass.config_entries.async_unload(entry.entry_id)
    # Also after a restart of Home Assistant: nothing but what is stored is known.
    stored = hass_storage[f"crcp.unit_{entry.entry_id}"]["data"]
    assert stored["owed"] == [["CAMERA0", "PAN"]]
    for key in [key for key in hass.data if str(key).startswith("crcp")]:
        del hass.data[key]
    await unit.start()
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "CAMERA0 PAN +0" in unit.orders())
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[f"crcp.unit_{entry.entry_id}"]["data"]["owed"] == []
    assert unit.orders().count("CAMERA0 PAN +0") == 1


async def test_what_the_camera_controls_by_now_is_not_stopped(
    hass: HomeAssistant, unit: ScriptedUnit, move: Move, entry: Any
) -> None:
    await move(60, focus=3, pan=100)
    await unit.stop()
    await until(lambda: state(hass, PAN) == "unavailable")
    await hass.config_entries.async_unload(entry.entry_id)
    unit.automatic = "AUTO"
    unit.heard.clear()
    await unit.start()
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: not entry.runtime_data.endings.unended)
    assert unit.orders() == ["CAMERA0 PAN +0"]


async def test_what_is_owed_is_remembered_when_home_assistant_stops(
    hass: HomeAssistant, unit: ScriptedUnit, move: Move, entry: Any, hass_storage: dict[str, Any]
) -> None:
    await move(60, pan=300)
    await unit.stop()
    await until(lambda: state(hass, PAN) == "unavailable")
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert hass_storage[f"crcp.unit_{entry.entry_id}"]["data"]["owed"] == [["CAMERA0", "PAN"]]


async def test_a_move_is_stopped_by_whoever_comes_after_a_power_cut(
    hass: HomeAssistant, unit: ScriptedUnit, move: Move, entry: Any, hass_storage: dict[str, Any]
) -> None:
    key = f"crcp.unit_{entry.entry_id}"
    found: list[Any] = []
    # What is on the disk when the unit hears of the move is all that is left of us then.
    unit.on_hearing = lambda line: found.append((line, deepcopy(hass_storage.get(key))))
    await move(60, pan=300)
    # The pad of the card says it again each second, and the disk is not worn by that.
    hass_storage.pop(key)
    await move(60, pan=310)
    assert key not in hass_storage
    (before,) = (stored for line, stored in found if line == "CAMERA0 PAN 300")
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[key]["data"]["owed"] == []
    unit.heard.clear()
    hass_storage[key] = before
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: unit.orders() == ["CAMERA0 PAN +0"])
    await hass.config_entries.async_unload(entry.entry_id)
    assert hass_storage[key]["data"]["owed"] == []


async def test_a_stop_that_is_refused_while_the_unit_is_unloaded_is_owed() -> None:
    async def stop(_key: Key) -> None:
        raise Refused(450, "busy")

    pan, owed = (Subunit("CAMERA"), "PAN"), set[Key]()
    endings = Endings(stop, owed, Unwritten())
    await endings.send(pan, nothing, 60)
    await endings.end_all()
    assert owed == {pan}


async def test_nothing_begins_to_move_after_the_unloading(
    hass: HomeAssistant, unit: ScriptedUnit, move: Move, entry: Any
) -> None:
    unit.delays["CAMERA0"] = 0.2
    moving = asyncio.create_task(move(60, pan=100, tilt=50))
    await until(unit.orders)
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(HomeAssistantError):
        await moving
    assert unit.orders()[0] == "CAMERA0 PAN 100"
    assert set(unit.orders()[1:]) == {"CAMERA0 PAN +0"}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is asked many times a second."""
    for part in (None, "POWER"):
        monkeypatch.setitem(polling.RESTING, part, 0.02)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("question", ["STAT", "STAT POWER0"])
async def test_not_now_is_no_lost_connection(
    hass: HomeAssistant, unit: ScriptedUnit, entry: Any, question: str
) -> None:
    busy = unit.answers[question] = [b"450 busy\r\n"]
    await until(lambda: not busy)
    asked = unit.heard.count(question)
    await until(lambda: unit.heard.count(question) >= asked + 2)
    assert unit.connections == 1
    assert attribute(hass, "switch.attic_power", "assumed_state") is None
    assert (state(hass, "switch.attic_power"), state(hass, PAN)) == ("on", "10.0")


async def test_a_preset_takes_the_place_of_an_ending(
    hass: HomeAssistant, unit: ScriptedUnit, move: Move, entry: Any
) -> None:
    await act(hass, "crcp.save_preset", PAN, name="door")
    await move(60, pan=100, tilt=50)
    await act(hass, "crcp.recall_preset", PAN, name="door")
    await move(60, tilt=50)
    # Whatever is still to be ended is ended now.
    await hass.config_entries.async_unload(entry.entry_id)
    assert "CAMERA0 TILT +0" in unit.orders()
    assert [each for each in unit.orders() if "PAN" in each] == [
        "CAMERA0 PAN 100",
        "CAMERA0 PAN 10",
    ]


async def test_all_who_drag_a_number_hear_that_it_failed(
    hass: HomeAssistant, unit: ScriptedUnit, entry: Any
) -> None:
    unit.answers["CAMERA0 PAN 109"] = [b"501 no\r\n"]
    calls = [act(hass, "number.set_value", PAN, value=value) for value in range(100, 110)]
    heard = await asyncio.gather(*calls, return_exceptions=True)
    assert "CAMERA0 PAN 109" in unit.orders()
    assert len([each for each in heard if "501" in str(each)]) >= 9
