"""Put many virtual units with all subunits into one Home Assistant, and see what that costs.

The units run in a process of their own, so that the processor time told is Home Assistant's alone.
Told are the time to set them all up, the share of one core while nobody does anything, the memory
for each, and how long an action takes from its call to the unit's answer, beside the same command
sent by the bare client. The machine's other work disturbs seconds more than processor time.
"""

import argparse
import asyncio
import json
from pathlib import Path
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.messages import Subunit

ROOT: Final = Path(__file__).resolve().parents[2]
LIB: Final = ROOT / "scripts" / "lib"

#: Two values in turns, a step apart, so that each command is one and the camera hardly moves.
VALUES: Final = (170, 171)

#: The integration sends one value a parameter in so many seconds; measuring must not wait for it.
PACE: Final = 0.3

#: What follows a start, such as listings, is no idleness.
SETTLING: Final = 5.0


async def measure(ports: list[int], spare: int, minutes: float, actions: int) -> dict[str, Any]:
    """Set everything up in this process and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "custom_components").symlink_to(ROOT / "custom_components")
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop("custom_components", None)
            told = await _measure_in(hass, ports, spare, minutes, actions)
            await hass.async_stop(force=True)
    return told


async def _measure_in(
    hass: HomeAssistant, ports: list[int], spare: int, minutes: float, actions: int
) -> dict[str, Any]:
    before = _resident()
    entries = [_entry(number, port) for number, port in enumerate(ports)]
    began = time.perf_counter()
    await asyncio.gather(*(hass.config_entries.async_add(entry) for entry in entries))
    await hass.async_block_till_done()
    told: dict[str, Any] = {"set_up_s": time.perf_counter() - began}
    if not all(entry.state is ConfigEntryState.LOADED for entry in entries):
        raise SystemExit("not every unit could be set up")
    told["entities"] = len(hass.states.async_all())
    told["memory_mb_each"] = (_resident() - before) / len(ports)
    await asyncio.sleep(SETTLING)
    return told | await _idle(minutes * 60) | await _latency(hass, ports, spare, actions)


async def _idle(seconds: float) -> dict[str, float]:
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return {"idle_core_percent": 100 * (time.process_time() - used) / (time.perf_counter() - began)}


async def _latency(
    hass: HomeAssistant, ports: list[int], spare: int, actions: int
) -> dict[str, float]:
    """Time the same command as an action and from the bare client, in turns, on units in turns."""
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
            through.append(answered[-1] - began)
            # What Home Assistant does after an action must not stand in the bare client's way.
            await asyncio.sleep(PACE)
            began = time.perf_counter()
            await controller.set_value(camera, "PAN", value)
            bare.append(time.perf_counter() - began)
            await asyncio.sleep(PACE)
    return {
        "action_ms_median": 1000 * statistics.median(through),
        "bare_ms_median": 1000 * statistics.median(bare),
        "over_bare_ms_median": 1000 * (statistics.median(through) - statistics.median(bare)),
    }


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


def _resident() -> float:
    """Memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Read the arguments and print what was measured, a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=100, help="how many (100)")
    parser.add_argument("--minutes", type=float, default=1.0, help="of idleness (1)")
    parser.add_argument("--actions", type=int, default=50, help="to be timed (50)")
    given = parser.parse_args()
    # One more, for the bare client.
    command = [sys.executable, str(LIB / "room.py"), str(LIB / "units_serve.py")]
    with subprocess.Popen(
        [*command, str(given.units + 1)], stdout=subprocess.PIPE, text=True
    ) as units:
        try:
            *ports, spare = json.loads(units.stdout.readline() if units.stdout else "[]")
            told = asyncio.run(measure(ports, spare, given.minutes, given.actions))
        finally:
            units.terminate()
    print(f"{'units':<22}{given.units:>10}")
    for name, value in told.items():
        print(f"{name:<22}{value:>10.2f}" if isinstance(value, float) else f"{name:<22}{value:>10}")


if __name__ == "__main__":
    main()
