"""What reaches a unit comes in the order in which people asked, with a slow disk and a slow unit."""

import asyncio
from collections.abc import AsyncIterator
from copy import deepcopy
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
import pytest

from custom_components.crcp import link as link_module, memory
from custom_components.crcp.endings import Endings
from custom_components.crcp.moves import Key
from custom_components.crcp.protocols.crcp.errors import LinkError, Refused
from custom_components.crcp.protocols.crcp.messages import Subunit
from tests.helpers import until
from tests.integration.scripted import ScriptedDeck, Unwritten, nothing
from tests.integration.units import act, add

CAMERA = "number.attic_camera_pan"
PLAYER = "media_player.attic_tape"
HOUR = {"hours": 1}
PAN: Key = (Subunit("CAMERA"), "PAN")
DRIVE: Key = (Subunit("TAPE"), "PLAY")


@pytest.fixture
async def unit(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ScriptedDeck]:
    monkeypatch.setattr(link_module, "RECONNECT_DELAYS", (0.05,) * 6)
    unit = ScriptedDeck()
    await unit.start()
    yield unit
    await unit.stop()


@pytest.fixture
async def entry(hass: HomeAssistant, unit: ScriptedDeck) -> Any:
    entry = await add(hass, unit)
    await act(hass, "crcp.save_preset", CAMERA, name="door")
    await hass.async_block_till_done()
    await act(hass, "switch.turn_on", "switch.attic_tape_recording_allowed")
    unit.heard.clear()
    return hass.config_entries.async_get_entry(entry.entry_id)


class Disk:
    """A disk that takes as long as a test wants, once it is held."""

    def __init__(self) -> None:
        self.waiting = 0
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def free(self) -> None:
        self._free.set()

    async def pass_by(self) -> None:
        self.waiting += 1
        await self._free.wait()
        self.waiting -= 1


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk, write = Disk(), Store.async_save

    async def save(self: Store[Any], data: Any) -> None:
        await disk.pass_by()
        await write(self, data)

    monkeypatch.setattr(Store, "async_save", save)
    return disk


def subject(line: str) -> str:
    """What an order is about: a parameter, or the tape."""
    return line.split()[1] if line.startswith("CAMERA") else line.split(maxsplit=1)[0]


@pytest.mark.parametrize(
    ("first", "then", "wire"),
    [
        (("crcp.move", CAMERA, {"pan": 100, "tilt": 50}), ("button.press", "stop", {}), "+0"),
        (
            ("crcp.move", CAMERA, {"pan": 100}),
            ("crcp.recall_preset", CAMERA, {"name": "door"}),
            "10",
        ),
        (("crcp.move", CAMERA, {"pan": 100}), ("number.set_value", CAMERA, {"value": 50}), "50"),
        (("crcp.play", PLAYER, {}), ("media_player.media_pause", PLAYER, {}), "PAUS"),
        (("crcp.play", PLAYER, {}), ("crcp.record", PLAYER, {}), "RECO"),
    ],
)
async def test_what_waits_for_the_disk_is_not_sent_after_what_replaced_it(
    hass: HomeAssistant,
    unit: ScriptedDeck,
    entry: Any,
    disk: Disk,
    first: tuple[str, str, dict[str, Any]],
    then: tuple[str, str, dict[str, Any]],
    wire: str,
) -> None:
    disk.hold()
    waiting = asyncio.create_task(act(hass, first[0], first[1], **first[2], duration=HOUR))
    await until(lambda: disk.waiting)
    target = "button.attic_camera_stop" if then[1] == "stop" else then[1]
    replacing = asyncio.create_task(act(hass, then[0], target, **then[2]))
    await until(unit.orders)
    disk.free()
    await asyncio.gather(waiting, replacing)
    about = subject(unit.orders()[0])
    assert [each for each in unit.orders() if subject(each) == about] == unit.orders()[:1]
    assert unit.orders()[0].split()[-1] == wire
    assert not [each for each in unit.orders() if each == "CAMERA0 TILT 50"]


async def test_two_ways_on_are_both_gone(
    hass: HomeAssistant, unit: ScriptedDeck, entry: Any, disk: Disk
) -> None:
    disk.hold()
    moving = [
        asyncio.create_task(
            act(hass, "crcp.move", CAMERA, pan=pan, relative=True, duration={"hours": 1})
        )
        for pan in (5, 7)
    ]
    await until(lambda: len(entry.runtime_data.endings._ordered) == 2)
    disk.free()
    await asyncio.gather(*moving)
    assert unit.orders() == ["CAMERA0 PAN +5", "CAMERA0 PAN +7"]


async def test_a_stop_comes_after_what_asks_before_it_moves(
    hass: HomeAssistant, unit: ScriptedDeck, entry: Any
) -> None:
    unit.held["STAT TAPE0"] = asyncio.Event()
    going = asyncio.create_task(act(hass, "crcp.go_to", PLAYER, position=50))
    await until(lambda: entry.runtime_data.endings.is_awaited(DRIVE))
    pausing = asyncio.create_task(act(hass, "media_player.media_pause", PLAYER))
    await until(lambda: len(entry.runtime_data.endings._ordered) == 2)
    unit.held.pop("STAT TAPE0").set()
    await asyncio.gather(going, pausing)
    assert [each.split()[1] for each in unit.orders()] == ["FF", "PAUS"]


@pytest.fixture
async def ending(
    hass: HomeAssistant, unit: ScriptedDeck, entry: Any, hass_storage: dict[str, Any]
) -> asyncio.Event:
    """A play whose end is overdue, and asks what the tape does. The event: it is told."""
    key = f"crcp.unit_{entry.entry_id}"
    await act(hass, "crcp.play", PLAYER, duration=HOUR)
    noted = deepcopy(hass_storage[key])
    await hass.config_entries.async_unload(entry.entry_id)
    hass_storage[key] = noted
    unit.operation = "PLAY"
    unit.heard.clear()
    told = asyncio.Event()

    def hold(line: str) -> None:
        if unit.heard.count("STAT TAPE0") == 2:
            unit.held["STAT TAPE0"] = told

    unit.on_hearing = hold
    await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "STAT TAPE0" in unit.held)
    await act(hass, "switch.turn_on", "switch.attic_tape_recording_allowed")
    return told


@pytest.mark.parametrize("action", ["crcp.record", "crcp.play"])
async def test_an_end_spares_what_is_begun_while_it_asks(
    hass: HomeAssistant, unit: ScriptedDeck, entry: Any, ending: asyncio.Event, action: str
) -> None:
    begun = asyncio.create_task(act(hass, action, PLAYER))
    await until(lambda: entry.runtime_data.endings.is_awaited(DRIVE))
    ending.set()
    await begun
    await until(lambda: not entry.runtime_data.endings.unended)
    (only,) = unit.orders()
    assert only.split()[1] == {"crcp.record": "RECO", "crcp.play": "PLAY"}[action]


async def test_an_end_that_gave_way_to_what_is_refused_comes_after_it(
    hass: HomeAssistant, unit: ScriptedDeck, entry: Any, ending: asyncio.Event
) -> None:
    unit.answers["TAPE0 PLAY"] = [b"450 busy\r\n"]
    begun = asyncio.create_task(act(hass, "crcp.play", PLAYER))
    await until(lambda: entry.runtime_data.endings.is_awaited(DRIVE))
    ending.set()
    with pytest.raises(HomeAssistantError, match="450"):
        await begun
    await until(lambda: unit.orders() == ["TAPE0 PLAY", "TAPE0 PAUS"])


@pytest.mark.parametrize("action", ["crcp.record", "crcp.play"])
async def test_what_replaced_a_play_is_not_paused_after_a_power_cut(
    hass: HomeAssistant,
    unit: ScriptedDeck,
    entry: Any,
    hass_storage: dict[str, Any],
    action: str,
) -> None:
    key = f"crcp.unit_{entry.entry_id}"
    await act(hass, "crcp.play", PLAYER, duration=HOUR)
    assert hass_storage[key]["data"]["owed"] == [["TAPE0", "PLAY"]]
    await act(hass, action, PLAYER)
    assert hass_storage[key]["data"]["owed"] == []


async def test_a_pad_that_is_used_all_day_does_not_wear_the_disk(
    hass: HomeAssistant,
    unit: ScriptedDeck,
    entry: Any,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "DELAY", 3600.0)
    await act(hass, "crcp.move", CAMERA, pan=100, tilt=50, duration=HOUR)
    hass_storage.pop(f"crcp.unit_{entry.entry_id}")
    for pan in (200, 300):
        await act(hass, "button.press", "button.attic_camera_stop")
        await act(hass, "crcp.move", CAMERA, pan=pan, duration=HOUR)
    assert f"crcp.unit_{entry.entry_id}" not in hass_storage


async def test_a_move_after_one_that_ended_is_noted_anew(
    hass: HomeAssistant,
    unit: ScriptedDeck,
    entry: Any,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = f"crcp.unit_{entry.entry_id}"
    monkeypatch.setattr(memory, "DELAY", 0.01)
    await act(hass, "crcp.move", CAMERA, pan=100, duration={"milliseconds": 20})
    await until(lambda: "CAMERA0 PAN +0" in unit.orders())
    await until(lambda: hass_storage[key]["data"]["owed"] == [])
    monkeypatch.setattr(memory, "DELAY", 3600.0)
    found: list[Any] = []
    unit.on_hearing = lambda line: found.append((line, deepcopy(hass_storage[key]["data"]["owed"])))
    await act(hass, "crcp.move", CAMERA, pan=200, duration=HOUR)
    assert ("CAMERA0 PAN 200", [["CAMERA0", "PAN"]]) in found


class Stops:
    """The stops of endings, which take as long as a test wants."""

    def __init__(self) -> None:
        self.begun: list[Key] = []
        self.done: list[Key] = []
        self.free = asyncio.Event()

    async def __call__(self, key: Key) -> None:
        self.begun.append(key)
        await self.free.wait()
        self.done.append(key)


class Slow(Unwritten):
    """Notes on a disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def note(self) -> None:
        await self._disk.pass_by()


async def test_what_waits_for_the_disk_is_neither_sent_nor_stopped_after_the_unloading() -> None:
    stops, disk, sent = Stops(), Disk(), []
    stops.free.set()
    endings = Endings(stops, set(), Slow(disk))

    async def command() -> None:
        sent.append(PAN)

    disk.hold()
    moving = asyncio.create_task(endings.send(PAN, command, 60))
    await until(lambda: disk.waiting)
    await endings.end_all()
    disk.free()
    with pytest.raises(LinkError):
        await moving
    assert (sent, stops.begun) == ([], [])
    assert not endings.unended


async def test_a_move_ends_while_the_next_waits_for_the_disk() -> None:
    stops, disk = Stops(), Disk()
    stops.free.set()
    endings = Endings(stops, set(), Slow(disk))
    await endings.send(PAN, nothing, 0)
    disk.hold()
    moving = asyncio.create_task(endings.send(PAN, nothing, 60))
    await until(lambda: disk.waiting and stops.done == [PAN])
    disk.free()
    await moving
    await endings.end_all()
    assert stops.done == [PAN, PAN]


async def test_a_move_that_was_taken_ends_though_the_next_is_refused() -> None:
    stops = Stops()
    stops.free.set()
    endings = Endings(stops, set(), Unwritten())
    taken = asyncio.Event()

    async def take() -> None:
        await taken.wait()

    async def refuse() -> None:
        raise Refused(501, "no")

    first = asyncio.create_task(endings.send(PAN, take, 60))
    await until(lambda: endings.is_awaited(PAN))
    second = asyncio.create_task(endings.send(PAN, refuse, 60))
    taken.set()
    await first
    with pytest.raises(Refused):
        await second
    assert endings.unended == {PAN}
    await endings.end_all()
    assert stops.done == [PAN]


async def test_who_unloads_waits_for_what_is_being_settled() -> None:
    stops = Stops()
    endings = Endings(stops, {PAN}, Unwritten())
    settling = asyncio.create_task(endings.settle())
    await until(lambda: stops.begun)
    # Whoever is killed now leaves it to the next.
    assert endings.unended == {PAN}
    settling.cancel()
    ending = asyncio.create_task(endings.end_all())
    await asyncio.wait({settling})
    stops.free.set()
    await ending
    assert stops.done == [PAN]


async def test_what_was_on_its_way_has_ended_when_the_unloading_is_over() -> None:
    stops, taken = Stops(), asyncio.Event()
    endings = Endings(stops, set(), Unwritten())

    async def take() -> None:
        await taken.wait()

    moving = asyncio.create_task(endings.send(PAN, take, 60))
    await until(lambda: endings.is_awaited(PAN))
    ending = asyncio.create_task(endings.end_all())
    await until(lambda: endings._tasks)
    taken.set()
    await moving
    await until(lambda: stops.begun)
    assert not ending.done()
    stops.free.set()
    await ending
    assert stops.done == [PAN]
