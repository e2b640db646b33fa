"""A move with a duration always ends: with a unit that is slow, busy, off, lost, or set up anew."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from copy import deepcopy
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.crcp import link as link_module, polling
from custom_components.crcp.moves import Endings, Key
from custom_components.crcp.protocols.crcp.errors import Refused
from custom_components.crcp.protocols.crcp.messages import Subunit
from custom_components.crcp.virtual.host import Host
from tests.helpers import until
from tests.integration.units import act, add, attribute, state

PAN = "number.attic_camera_pan"


class ScriptedUnit:
    """A unit with a power and a camera whose answers a test gives: what it heard, in order."""

    unit_id = "scripted"

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[str] = []
        self.answers: dict[str, list[bytes]] = {}
        self.delays: dict[str, float] = {}
        self.is_on = True
        self.automatic = ""
        self.connections = 0
        self.on_hearing: Callable[[str], None] = lambda _line: None

    async def start(self) -> None:
        self._host = Host(self._serve, self.port)
        await self._host.start()
        self.port = self._host.port

    async def stop(self) -> None:
        await self._host.stop()

    def orders(self) -> list[str]:
        return [each for each in self.heard if not each.startswith(("STAT", "QUIT"))]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"220 Scripted ready\r\n")
        while line := (await reader.readline()).decode().strip():
            self.heard.append(line)
            self.on_hearing(line)
            await asyncio.sleep(self.delays.get(line.split()[0], 0))
            waiting = self.answers.get(line)
            writer.write(waiting.pop(0) if waiting else self._answer(line))

    def _answer(self, line: str) -> bytes:
        match line.split():
            case ["STAT"]:
                return b"211-status\r\n POWER0\r\n CAMERA0\r\n211 end\r\n"
            case ["STAT", "POWER0"]:
                return b"211-%s\r\n211 end\r\n" % (b"ON" if self.is_on else b"OFF")
            case ["STAT", "CAMERA0"]:
                focus = f"FOCU 0,5,9 {self.automatic}".encode().strip()
                return b"211-OK\r\nPAN 0,10,359\r\nTILT 0,10,90\r\n%s\r\n211 end\r\n" % focus
            case ["POWER0", "ON"]:
                self.is_on = True
            case ["CAMERA0", *_] if not self.is_on:
                return b"503 off\r\n"
        return b"200 ok\r\n"


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


class Unwritten:
    """Notes that nobody reads."""

    def keep(self) -> None:
        """Forget it."""

    async def note(self) -> None:
        """Forget it."""


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
    monkeypatch.setattr("custom_components.crcp.moves.STOP_AGAIN", 0.05)
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
    async with endings.sending((Subunit("CAMERA"), "PAN"), 0):
        pass
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
    async with endings.sending(pan, 60):
        pass
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


async def test_a_move_that_was_taken_ends_though_the_next_was_on_its_way_and_refused() -> None:
    stopped: list[Key] = []

    async def stop(key: Key) -> None:
        stopped.append(key)

    pan = (Subunit("CAMERA"), "PAN")
    endings = Endings(stop, set(), Unwritten())
    first = AsyncExitStack()
    await first.enter_async_context(endings.sending(pan, 60))
    with suppress(Refused):
        async with endings.sending(pan, 60):
            await first.aclose()
            raise Refused(501, "no")
    await endings.end_all()
    assert stopped == [pan]


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
