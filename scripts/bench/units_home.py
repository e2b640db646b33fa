"""A Home Assistant to be measured: with units, or with as many entities of its own.

With --template it is the peer, a process of its own: Home Assistant's template integration, whose
entities are never told anything. It prints what setting them up took; then, after a line on
standard input, what so many seconds of idleness take.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import logging
from pathlib import Path
import sys
import tempfile
import time
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from memory import resident
from pytest_homeassistant_custom_component.common import async_test_home_assistant

ROOT: Final = Path(__file__).resolve().parents[2]

#: What follows a start, such as listings, is no idleness.
SETTLING: Final = 5.0

#: A template entity of each platform that has them; all others are held against a sensor.
_SENSOR: Final = {"state": "{{ 170 }}"}
_TEMPLATES: Final[dict[str, dict[str, Any]]] = {
    "binary_sensor": {"state": "{{ true }}"},
    "button": {"press": []},
    "number": {"state": "{{ 170 }}", "set_value": [], "min": 0, "max": 360, "step": 1},
    "select": {"state": "{{ 'a' }}", "options": "{{ ['a', 'b'] }}", "select_option": []},
    "switch": {"state": "{{ true }}", "turn_on": [], "turn_off": []},
}


@asynccontextmanager
async def home() -> AsyncIterator[HomeAssistant]:
    """A Home Assistant that may load this integration; its warnings are not for whoever measures."""
    logging.basicConfig(level=logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "custom_components").symlink_to(ROOT / "custom_components")
        async with async_test_home_assistant(config_dir=folder) as hass:
            hass.data.pop("custom_components", None)
            yield hass
            await hass.async_stop(force=True)


async def idle(seconds: float) -> dict[str, float]:
    """How much of a core this process takes when nobody does anything."""
    began, used = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return {"idle_core_percent": 100 * (time.process_time() - used) / (time.perf_counter() - began)}


def templates(counts: dict[str, int]) -> dict[str, Any]:
    """A configuration of so many entities of each platform."""
    parts = []
    for platform, count in counts.items():
        kind = platform if platform in _TEMPLATES else "sensor"
        entity = _TEMPLATES.get(kind, _SENSOR)
        named = [
            {"name": f"{platform} {n}", "unique_id": f"{platform}-{n}"} | entity
            for n in range(count)
        ]
        parts.append({kind: named})
    return {"template": parts}


async def be_peer(seconds: float, counts: dict[str, int]) -> None:
    """Set up, wait for the word, do nothing."""
    async with home() as hass:
        before, began = resident(), time.perf_counter()
        if not await async_setup_component(hass, "template", templates(counts)):
            raise SystemExit("the peer could not be set up")
        await hass.async_block_till_done()
        seconds_taken = time.perf_counter() - began
        told = {"set_up_s": seconds_taken, "memory": resident() - before}
        told["entities"] = len(hass.states.async_all())
        print(json.dumps(told), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps(await idle(seconds)), flush=True)


if __name__ == "__main__":
    asyncio.run(be_peer(float(sys.argv[1]), json.loads(sys.argv[2])))
