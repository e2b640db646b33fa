"""Put many virtual units with all subunits into one Home Assistant, and see what that costs.

The units run in a process of their own, so that the processor time told is Home Assistant's alone.
Beside it run a Home Assistant with as many entities of its template integration, and our controller
alone, which asks as many units as often: each in a process of its own. Told are the time to set
everything up, the share of one core while nobody does anything, the memory for each entity, and how
long an action takes from its call to the unit's answer, beside the same command sent by the bare
client. The machine's other work disturbs seconds more than processor time.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
import json
import subprocess
import sys
import time
from types import MappingProxyType
from typing import Any, Final

from figures import Figure, Goal, add_option, conclude
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from memory import resident
from units_home import ROOT, SETTLING, home, idle

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.messages import Subunit

BENCH: Final = ROOT / "scripts" / "bench"
ROOM: Final = ROOT / "scripts" / "lib" / "room.py"

#: Two values in turns, a step apart, so that each command is one and the camera hardly moves.
VALUES: Final = (170, 171)

#: The integration sends one value a parameter in so many seconds; measuring must not wait for it.
PACE: Final = 0.3

type Told = dict[str, Any]


class Peer:
    """A process that does the like; it says a line when it is set up, and one when it was idle."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Take over a process."""
        self._process = process

    @classmethod
    @contextmanager
    def run(cls, *command: object) -> Iterator[Peer]:
        """Start one, and end it."""
        with subprocess.Popen(
            [sys.executable, *map(str, command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield cls(process)
            finally:
                process.terminate()

    def hear(self) -> Any:
        """Wait for its next line."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit("a process of this bench has ended before its time")
        return json.loads(line)

    def say(self) -> None:
        """Let it go on."""
        if self._process.stdin:
            self._process.stdin.write("\n")
            self._process.stdin.flush()


async def measure(ports: list[int], seconds: float, actions: int) -> list[Figure]:
    """Set everything up, watch it do nothing, and act. A unit has one controller at a time.

    ports: of the units for Home Assistant, of as many for the bare client, and of one for its
    actions.
    """
    *ports, spare = ports
    half = len(ports) // 2
    ports, others = ports[:half], ports[half:]
    with Peer.run(ROOM, BENCH / "units_bare.py", seconds, json.dumps(others)) as bare:
        begun = bare.hear()
        async with home() as hass:
            ours = await _set_up(hass, ports)
            with Peer.run(BENCH / "units_home.py", seconds, json.dumps(ours["counts"])) as template:
                theirs = await asyncio.to_thread(template.hear)
                await asyncio.sleep(SETTLING)
                peers = (bare, template)
                for peer in peers:
                    peer.say()
                ours |= await idle(seconds)
                begun |= await asyncio.to_thread(bare.hear)
                theirs |= await asyncio.to_thread(template.hear)
            latencies = await _latencies(hass, ports, spare, actions)
    return _figures(len(ports), ours, theirs, begun, latencies)


def _figures(
    units: int, ours: Told, template: Told, bare: Told, latencies: tuple[list[float], list[float]]
) -> list[Figure]:
    entities = sum(ours["counts"].values())

    def beside(what: str, name: str, unit: str, most: float) -> list[Figure]:
        peers = (("template", template, Goal("ours", most)), ("bare client", bare, None))
        return [
            Figure.of(what, [ours[name]], peer, [told[name]], unit, goal)
            for peer, told, goal in peers
        ]

    share = f"idle, {units} units, {entities} entities, of a core"
    through, alone = latencies
    return [
        *beside(f"set up {units} units", "set_up_s", "s", 15),
        *beside(share, "idle_core_percent", "%", 5),
        Figure.of(
            "memory for an entity",
            [ours["memory"] / entities / 1000],
            "template",
            [template["memory"] / template["entities"] / 1000],
            "kB",
        ),
        Figure.of(
            "an action until the unit's answer",
            through,
            "bare client",
            alone,
            "ms",
            Goal("over", 2),
        ),
    ]


async def _set_up(hass: HomeAssistant, ports: list[int]) -> Told:
    before = resident()
    entries = [_entry(number, port) for number, port in enumerate(ports)]
    began = time.perf_counter()
    await asyncio.gather(*(hass.config_entries.async_add(entry) for entry in entries))
    await hass.async_block_till_done()
    told: Told = {"set_up_s": time.perf_counter() - began}
    if not all(entry.state is ConfigEntryState.LOADED for entry in entries):
        raise SystemExit("not every unit could be set up")
    told["counts"] = Counter(state.domain for state in hass.states.async_all())
    told["memory"] = resident() - before
    return told


async def _latencies(
    hass: HomeAssistant, ports: list[int], spare: int, actions: int
) -> tuple[list[float], list[float]]:
    """Time the same command as an action and from the bare client, in turns, in milliseconds."""
    camera, number = Subunit("CAMERA"), "number.unit_0_camera_pan"
    coordinator = next(
        entry.runtime_data
        for entry in hass.config_entries.async_entries("crcp")
        if entry.data["port"] == ports[0]
    )
    answered: list[float] = []
    real = coordinator.controller.set_value

    async def set_value(*args: Any) -> None:
        await real(*args)
        answered.append(time.perf_counter())

    coordinator.controller.set_value = set_value
    through, bare = [], []
    async with await Controller.connect("127.0.0.1", spare) as controller:
        for turn in range(actions):
            value = VALUES[turn % 2]
            data = {"entity_id": number, "value": value}
            began = time.perf_counter()
            await hass.services.async_call("number", "set_value", data, blocking=True)
            through.append(1000 * (answered[-1] - began))
            # What Home Assistant does after an action must not stand in the bare client's way.
            await asyncio.sleep(PACE)
            began = time.perf_counter()
            await controller.set_value(camera, "PAN", value)
            bare.append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(PACE)
    return through, bare


def _entry(number: int, port: int) -> ConfigEntry[Any]:
    return ConfigEntry(
        data={"kind": "unit", "host": "127.0.0.1", "port": port},
        discovery_keys=MappingProxyType({}),
        domain="crcp",
        minor_version=1,
        options={},
        source="user",
        subentries_data=(),
        title=f"Unit {number}",
        unique_id=f"crcp:unit-{number}",
        version=1,
    )


def main() -> int:
    """Read the arguments, measure, and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench/units", description=__doc__)
    parser.add_argument("--units", type=int, default=100, help="how many (100)")
    parser.add_argument("--minutes", type=float, default=1.0, help="of idleness (1)")
    parser.add_argument("--actions", type=int, default=20, help="to be timed (20)")
    add_option(parser)
    given = parser.parse_args()
    with Peer.run(ROOM, BENCH / "units_serve.py", 2 * given.units + 1) as units:
        figures = asyncio.run(measure(units.hear(), given.minutes * 60, given.actions))
    return conclude(figures, given.json)


if __name__ == "__main__":
    sys.exit(main())
