"""Set up both kinds of entry in this process's Home Assistant, use them, unload them, read the log.

Exits with 1 when something did not work, or when the log has a complaint about this integration.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
import json
import logging
from pathlib import Path
import platform
import re
import socket
import sys
import tempfile
import time
from typing import Any, Final, override
import warnings

from homeassistant import bootstrap
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.runner import RuntimeConfig

ROOT: Final = Path(__file__).resolve().parents[2]

#: Everything here is quick; a first start installs what Home Assistant asks for, which is not.
PATIENCE: Final = 60

#: How many pictures both cameras have to begin with.
PHOTOS: Final = 24

CONFIGURATION: Final = """\
homeassistant:
  name: Smoke
  time_zone: UTC
  country: JP
  media_dirs:
    local: {media}
http:
  server_host: 127.0.0.1
  server_port: {port}
media_source:
stream:
system_health:
"""

#: A line that tells of something that will end, or that must not be.
COMPLAINT: Final = re.compile(r"deprecat|will stop working|breaks in Home Assistant|Detected that")
BLOCKING: Final = "Detected blocking call"
OURS: Final = "crcp"


class Log(logging.Handler):
    """Every line of the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[tuple[int, str]] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.name}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1]:
            text += f" ({record.exc_info[1]!r})"
        self.lines.append((record.levelno, text))

    def wrongs(self) -> dict[str, list[str]]:
        """What must not be in the log, by kind."""
        blocking = [text for _, text in self.lines if BLOCKING in text]
        ours = [(level, text) for level, text in self.lines if OURS in text.lower()]
        return {
            "blocking calls": blocking,
            "deprecations that name us": [
                text for _, text in ours if COMPLAINT.search(text) and BLOCKING not in text
            ],
            "errors that name us": [text for level, text in ours if level >= logging.ERROR],
        }


class Smoke:
    """What is done with a running Home Assistant, step by step."""

    def __init__(self, hass: HomeAssistant, media: Path) -> None:
        self.hass = hass
        self.media = media

    async def add(self, kind: str, **answers: Any) -> None:
        """Add a device as a person does; answers: what is typed at its address."""
        flows = self.hass.config_entries.flow
        flow: Any = await flows.async_init("crcp", context={"source": "user"})
        for step in (kind,) if kind in ("unit", "camera") else ("demo", kind):
            flow = await flows.async_configure(flow["flow_id"], {"next_step_id": step})
        while (shown := flow["type"].value) != "create_entry":
            given = None
            if shown == "form":
                if flow.get("errors"):
                    raise RuntimeError(f"{kind} could not be added: {flow['errors']}")
                given = {"start": "all"} if flow["step_id"] == "camera_start" else answers
            elif shown not in ("progress", "progress_done"):
                raise RuntimeError(f"{kind} could not be added: {flow}")
            await asyncio.sleep(0.05 if given is None else 0)
            flow = await flows.async_configure(flow["flow_id"], given)
        await self.hass.async_block_till_done()
        say(f"added: {flow['title']}")

    async def use(self) -> None:
        """Move what can be moved, and wait for what should come."""
        await self.act("media_player.media_play", "media_player.virtual_unit_tape")
        await self.until(
            "a tape plays", lambda: self.state("media_player.virtual_unit_tape", "playing")
        )
        await self.act("number.set_value", "number.virtual_unit_camera_pan", value=100)
        await self.act("switch.turn_off", "switch.virtual_unit_power")
        await self.until("a unit is off", lambda: self.state("switch.virtual_unit_power", "off"))
        await self.until(
            f"{PHOTOS} photos are in the library", lambda: len(self.photos()) == PHOTOS
        )
        button = "button.virtual_camera_take_a_picture"
        await self.until("a camera can take a picture", lambda: self.state(button, "unknown"))
        await self.act("button.press", button)
        await self.until("its picture comes", lambda: len(self.photos()) == PHOTOS + 1)

    async def reload_all(self) -> None:
        """Set every entry up anew."""
        for entry in self.hass.config_entries.async_entries("crcp"):
            await self.hass.config_entries.async_reload(entry.entry_id)
            if entry.state.value != "loaded":
                raise RuntimeError(f"{entry.title} does not load again: {entry.reason}")
        say("every entry was loaded anew")

    async def remove_all(self) -> None:
        """Unload and remove every entry."""
        for entry in self.hass.config_entries.async_entries("crcp"):
            if not await self.hass.config_entries.async_unload(entry.entry_id):
                raise RuntimeError(f"{entry.title} does not unload")
            await self.hass.config_entries.async_remove(entry.entry_id)
        left = [s.entity_id for s in self.hass.states.async_all() if "virtual" in s.entity_id]
        if left:
            raise RuntimeError(f"entities stay behind: {left}")
        say("every entry was unloaded and removed, and left no entity")

    async def act(self, action: str, entity_id: str, **data: Any) -> None:
        """Call an action for an entity."""
        domain, _, name = action.partition(".")
        await self.hass.services.async_call(
            domain, name, {"entity_id": entity_id, **data}, blocking=True
        )

    def state(self, entity_id: str, expected: str) -> bool:
        """Whether an entity has a state."""
        state = self.hass.states.get(entity_id)
        return state is not None and state.state == expected

    def photos(self) -> list[Path]:
        """The pictures in the library."""
        return list(self.media.rglob("*.JPG"))

    async def until(self, what: str, condition: Callable[[], object]) -> None:
        """Wait for something that should happen. Raises RuntimeError when it does not."""
        for _ in range(PATIENCE * 10):
            if await asyncio.to_thread(condition):
                say(what)
                return
            await asyncio.sleep(0.1)
        raise RuntimeError(f"not within {PATIENCE} s: {what}")


@asynccontextmanager
async def home(folder: Path, log: Log) -> AsyncIterator[HomeAssistant]:
    """A running Home Assistant with its files in a folder."""
    config, media = folder / "config", folder / "media"
    config.mkdir()
    media.mkdir()
    (config / "custom_components").symlink_to(ROOT / "custom_components")
    text = CONFIGURATION.format(media=json.dumps(str(media)), port=free_port())
    (config / "configuration.yaml").write_text(text)
    hass = await bootstrap.async_setup_hass(
        RuntimeConfig(
            config_dir=str(config),
            skip_pip=False,
            safe_mode=False,
            recovery_mode=False,
            verbose=False,
        )
    )
    if hass is None:
        raise RuntimeError("Home Assistant did not start")
    # Not earlier: it sets up logging anew. Nothing of ours is loaded before an entry is added.
    logging.getLogger().addHandler(log)
    await hass.async_start()
    try:
        yield hass
    finally:
        await hass.async_stop(force=True)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def device(kind: str, *options: str) -> AsyncIterator[int]:
    """A virtual device in a process of its own, of this checkout's environment; gives its port."""
    process = await asyncio.create_subprocess_exec(
        str(ROOT / "scripts" / "virtual"),
        *(kind, "--port", "0", *options),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        line = await process.stdout.readline() if process.stdout else b""
        if not line.startswith(b"ready "):
            raise RuntimeError(f"the virtual {kind} did not start")
        yield int(line.rpartition(b":")[2])
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def smoke(log: Log) -> None:
    """Do all of it. Raises RuntimeError or HomeAssistantError."""
    temporary = tempfile.TemporaryDirectory(prefix="crcp-smoke-")
    try:
        await _smoke(Path(temporary.name), log)
    finally:
        # What watches the event loop for blocking calls watches us as well.
        await asyncio.to_thread(temporary.cleanup)


async def _smoke(folder: Path, log: Log) -> None:
    async with device("unit") as unit, device("camera") as camera, home(folder, log) as hass:
        steps = Smoke(hass, folder / "media")
        await steps.add("unit", host="127.0.0.1", port=unit, channel="tcp", verify_ssl=False)
        await steps.add("camera", host="127.0.0.1", port=camera)
        await steps.add("demo_unit")
        await steps.add("demo_camera")
        await steps.use()
        await steps.reload_all()
        await steps.remove_all()


def say(text: str) -> None:
    """Print a line at once."""
    print(f"smoke: {text}", flush=True)


def main() -> int:
    """Run, and judge the log."""
    log = Log()
    logging.captureWarnings(capture=True)
    warnings.simplefilter("default")
    say(f"Home Assistant {__version__}, Python {platform.python_version()}")
    began = time.monotonic()
    worked = True
    try:
        asyncio.run(smoke(log))
    except (HomeAssistantError, RuntimeError) as error:
        say(f"failed: {error or type(error).__name__}")
        worked = False
    wrongs = log.wrongs()
    for kind, lines in wrongs.items():
        say(f"{kind}: {len(lines)}")
        for line in lines:
            say(f"  {line}")
    if not worked:
        for _, line in log.lines:
            say(f"  log: {line}")
    say(f"took {time.monotonic() - began:.0f} s")
    return 0 if worked and not any(wrongs.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
