"""Import into a running Home Assistant, and measure there how long its event loop is held.

A small integration of this bench's own asks the loop every millisecond whether it is free; first
while Home Assistant is idle, then while the pictures come.
"""

import argparse
import asyncio
import json
import os
from pathlib import Path
import sys
import tempfile
import time
from typing import Any, Final, override

sys.path.insert(0, str(Path(__file__).parents[1] / "lib"))

from home_assistant import ROOT, HomeAssistant, StartFailed

PROBE: Final = '''
"""Ask the event loop every millisecond whether it is free."""

import asyncio
import time

from homeassistant.core import SupportsResponse

held, computed = [], []


async def _run():
    while True:
        begun, used = time.monotonic(), time.thread_time()
        await asyncio.sleep(0.001)
        held.append(time.monotonic() - begun - 0.001)
        computed.append(time.thread_time() - used)


async def async_setup(hass, config):
    async def report(call):
        ordered, most = sorted(held), max(computed)
        held.clear()
        computed.clear()
        return {
            "held": ordered[-1] * 1000,
            "held99": ordered[int(len(ordered) * 0.99)] * 1000,
            "computed": most * 1000,
        }

    hass.services.async_register(
        "loop_probe", "report", report, supports_response=SupportsResponse.ONLY
    )
    hass.async_create_background_task(_run(), "loop_probe")
    return True
'''

MANIFEST: Final = {
    "domain": "loop_probe",
    "name": "Loop probe",
    "version": "1.0.0",
    "codeowners": [],
    "dependencies": [],
    "documentation": "https://example.invalid",
    "iot_class": "calculated",
    "requirements": [],
}

#: How long Home Assistant is watched while nothing is imported, in seconds.
IDLE: Final = 10.0

#: How long the import may take, in seconds.
PATIENCE: Final = 300.0


class ProbedHome(HomeAssistant):
    """A Home Assistant with the probe in it."""

    @override
    def write_configuration(self) -> None:
        """Write the configuration, and the probe beside the integration."""
        super().write_configuration()
        folder = self.config / "custom_components"
        folder.unlink()
        probe = folder / "loop_probe"
        probe.mkdir(parents=True)
        (folder / "crcp").symlink_to(ROOT / "custom_components" / "crcp")
        (probe / "__init__.py").write_text(PROBE)
        (probe / "manifest.json").write_text(json.dumps(MANIFEST))
        with (self.config / "configuration.yaml").open("a") as file:
            file.write("loop_probe:\n")

    async def held(self) -> dict[str, float]:
        """How long the loop was held since the last time, in milliseconds."""
        answer = await self.ask(
            "call_service", domain="loop_probe", service="report", return_response=True
        )
        response: dict[str, float] = answer["response"]
        return response

    async def add_camera(self, port: int) -> None:
        """Add the camera as a person does who types its address."""
        flow = await self.api("POST", "config/config_entries/flow", {"handler": "crcp"})
        path = f"config/config_entries/flow/{flow['flow_id']}"
        await self.api("POST", path, {"next_step_id": "camera"})
        result = await self.api("POST", path, {"host": "127.0.0.1", "port": port})
        while result["type"] == "progress":
            await asyncio.sleep(0.1)
            result = await self.api("GET", path)
        result = await self.api("POST", path, {"start": "all"})
        if result["type"] != "create_entry":
            raise StartFailed(f"Home Assistant did not add the camera: {result}")


async def bench(folder: Path, camera: int, port: int, count: int) -> dict[str, Any]:
    """Start, watch, import, watch."""
    async with ProbedHome.run(folder, port, say=lambda text: print(text, file=sys.stderr)) as home:
        if "loop_probe" not in await home.ask("get_services"):
            raise StartFailed(home.log.read_text()[-4000:])
        await home.held()
        await asyncio.sleep(IDLE)
        idle = await home.held()
        begun = time.monotonic()
        await home.add_camera(camera)
        async with asyncio.timeout(PATIENCE):
            while len(await asyncio.to_thread(pictures, home.media)) < count:
                await asyncio.sleep(0.2)
        seconds = time.monotonic() - begun
        busy = await home.held()
        size = sum(path.stat().st_size for path in pictures(home.media))
    return {"idle": idle, "busy": busy, "seconds": seconds, "bytes": size}


def pictures(media: Path) -> list[Path]:
    """What is in the library under a final name."""
    return [path for path in media.rglob("IMG_*") if path.is_file()]


def main() -> int:
    """Run, and say it in JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--camera", type=int, required=True, help="its port on 127.0.0.1")
    parser.add_argument("--port", type=int, default=8199, help="Home Assistant's")
    parser.add_argument("--count", type=int, required=True, help="pictures that will come")
    parser.add_argument("--where", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.where) as folder:
        # Where there is a custom_components in the working folder, Python would find that one.
        os.chdir(folder)
        said = asyncio.run(bench(Path(folder), arguments.camera, arguments.port, arguments.count))
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
