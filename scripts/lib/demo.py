"""A real Home Assistant with a virtual unit and a virtual camera, all on this machine."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
import fcntl
import hashlib
import json
from pathlib import Path
import shutil
import signal
import sys
from typing import Any

from aiohttp import ClientError
from home_assistant import (
    LOG_NAME,
    PASSWORD,
    ROOT,
    USERNAME,
    HomeAssistant,
    Process,
    StartFailed,
    port_must_be_free,
)

FOLDER = ROOT / ".demo"

#: The unit's picture is coded once and kept.
CARD = ROOT / ".cache" / "footage"
DEFAULT_PORT = 8123

#: A device announces itself within a second; Home Assistant needs a few to start its browser.
DISCOVERY_TIMEOUT = 20

#: A parameter that moves, a tape that starts: all of it is quick in the virtual unit.
EFFECT_TIMEOUT = 20

#: Photos are copied within milliseconds; a person's own folder of thousands takes longer.
IMPORT_TIMEOUT = 600


@dataclass(frozen=True)
class Devices:
    """The virtual devices' process, and what it said when they were ready."""

    process: Process
    unit: dict[str, Any]
    camera: dict[str, Any]
    not_announced: str

    @classmethod
    @asynccontextmanager
    async def run(cls, identity: str, photos: Path | None) -> AsyncIterator[Devices]:
        """Start both in a process of their own, and stop them at the end."""
        room = str(ROOT / "scripts" / "lib" / "room.py")
        options = ["--card", str(CARD), *(["--photos", str(photos)] if photos else [])]
        process = await Process.start(
            "virtual devices",
            *(sys.executable, room, "virtual", "demo", "--identity", identity, *options),
        )
        try:
            line = await process.read_line()
            if not line:
                raise StartFailed("the virtual devices did not start; what they say stands above")
            yield cls(process, **json.loads(line))
        finally:
            await process.stop()

    def press_shutter(self) -> None:
        """Take a picture."""
        self.process.process.send_signal(signal.SIGUSR1)


class Demo:
    """What the demo does, step by step, and its live account."""

    def __init__(self, home: HomeAssistant, devices: Devices, say: Callable[[str], None]) -> None:
        self.home = home
        self.devices = devices
        self.say = say
        self.landed = asyncio.Event()
        self.entities: dict[str, list[str]] = {}

    async def add_devices(self) -> None:
        """Confirm both devices as discovered; add by address what was not discovered in time."""
        await self.home.subscribe(self._on_event, "subscribe_events", event_type="state_changed")
        wanted = {"unit": self.devices.unit, "camera": self.devices.camera}
        if self.devices.not_announced:
            self.say(f"no multicast here ({self.devices.not_announced}): adding by address")
        else:
            await self._confirm_discovered(wanted)
            if wanted:
                self.say(f"not discovered in {DISCOVERY_TIMEOUT} s: {', '.join(wanted)}")
        for kind, device in wanted.items():
            self.say(f"adding the {kind} by its address, 127.0.0.1 port {device['port']}")
            await self._add_by_address(kind, device)
        await self._account_for_devices()

    async def _confirm_discovered(self, wanted: dict[str, dict[str, Any]]) -> None:
        """Confirm what Home Assistant shows as discovered, and take it out of wanted."""
        known = {entry["title"] for entry in await self._entries()}
        for kind in [kind for kind, device in wanted.items() if device["name"] in known]:
            del wanted[kind]
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCOVERY_TIMEOUT):
                while wanted:
                    await self._confirm_once(wanted)
                    await asyncio.sleep(0.2)

    async def _confirm_once(self, wanted: dict[str, dict[str, Any]]) -> None:
        for flow in await self.home.ask("config_entries/flow/progress"):
            identity = flow["context"].get("unique_id")
            for kind, device in list(wanted.items()):
                if flow["handler"] == "crcp" and identity == device["unique_id"]:
                    self.say(f"Home Assistant discovered {device['name']}; confirming it")
                    await self._finish(flow["flow_id"], {})
                    del wanted[kind]

    async def _add_by_address(self, kind: str, device: dict[str, Any]) -> None:
        flow = await self.home.api("POST", "config/config_entries/flow", {"handler": "crcp"})
        flow_id = flow["flow_id"]
        await self.home.api("POST", f"config/config_entries/flow/{flow_id}", {"next_step_id": kind})
        await self._finish(flow_id, {"host": "127.0.0.1", "port": device["port"]})

    async def _finish(self, flow_id: str, answer: dict[str, Any]) -> None:
        path = f"config/config_entries/flow/{flow_id}"
        result = await self.home.api("POST", path, answer)
        while result["type"] == "progress":
            await asyncio.sleep(0.1)
            result = await self.home.api("GET", path)
        if result.get("step_id") == "camera_start":
            result = await self.home.api("POST", path, {"start": "all"})
        if result["type"] != "create_entry":
            raise StartFailed(f"Home Assistant did not add the device: {result}")

    async def _entries(self) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = await self.home.ask("config_entries/get", domain="crcp")
        return entries

    async def _account_for_devices(self) -> None:
        await until(self._all_loaded, "the devices are set up")
        devices = {d["id"]: d for d in await self.home.ask("config/device_registry/list")}
        for entity in await self.home.ask("config/entity_registry/list"):
            if entity["platform"] == "crcp" and entity["disabled_by"] is None:
                device = devices[entity["device_id"]]
                parent = devices.get(device.get("parent_device_id") or device["id"], device)
                name = parent["name_by_user"] or parent["name"]
                self.entities.setdefault(name, []).append(entity["entity_id"])
        for name, entities in self.entities.items():
            self.say(f"device {name}")
            for entity_id in sorted(entities):
                state = await self.home.state(entity_id)
                self.say(f"  {entity_id}: {state['state']}")

    async def _all_loaded(self) -> bool:
        entries = await self._entries()
        for entry in entries:
            if entry["state"] in ("setup_error", "migration_error", "failed_unload"):
                raise StartFailed(f"{entry['title']}: {entry['reason'] or entry['state']}")
        return len(entries) >= 2 and all(entry["state"] == "loaded" for entry in entries)

    def _on_event(self, event: dict[str, Any]) -> None:
        new = event["data"]["new_state"]
        if new and new["entity_id"].startswith("event.") and "path" in new["attributes"]:
            details = new["attributes"]
            self.say(f"photo {details['path']} ({details['size']} bytes)")
            self.landed.set()

    # -- proofs --------------------------------------------------------------------------------

    async def command_everything(self) -> None:
        """Command POWER, TAPE and CAMERA through actions, and read each back."""
        switch, player = self._entity("switch.", "_power"), self._entity("media_player.")
        pan = self._entity("number.", "_pan")
        await self._command(switch, "switch", "turn_off", "off")
        await self._command(switch, "switch", "turn_on", "on")
        await self._command(player, "media_player", "media_play", "playing")
        await self._command(player, "media_player", "media_pause", "paused")
        target = 200.0
        await self.home.act("number", "set_value", pan, value=target)
        await until(self._is_number(pan, target), f"{pan} is at {target:g}")
        self.say(f"{pan} set to {target:g} and read back")

    async def _command(self, entity_id: str, domain: str, action: str, expected: str) -> None:
        await self.home.act(domain, action, entity_id)

        async def reached() -> bool:
            return bool((await self.home.state(entity_id))["state"] == expected)

        await until(reached, f"{entity_id} is {expected}")
        self.say(f"{entity_id} after {action}: {expected}")

    def _is_number(self, entity_id: str, target: float) -> Callable[[], Any]:
        async def reached() -> bool:
            with suppress(ValueError):
                return float((await self.home.state(entity_id))["state"]) == target
            return False

        return reached

    def _entity(self, prefix: str, suffix: str = "") -> str:
        for entities in self.entities.values():
            for entity_id in entities:
                if entity_id.startswith(prefix) and entity_id.endswith(suffix):
                    return entity_id
        raise StartFailed(f"no entity {prefix}*{suffix}")

    async def every_photo_landed(self) -> None:
        """Wait until every picture of the camera is in the library, byte for byte."""
        wanted = set(self.devices.camera["sha256"])
        async with asyncio.timeout(IMPORT_TIMEOUT):
            while missing := wanted - await asyncio.to_thread(hashes_below, self.home.media):
                self.landed.clear()
                try:
                    async with asyncio.timeout(5):
                        await self.landed.wait()
                except TimeoutError:
                    self.say(f"still waiting for {len(missing)} photos; log: {self.home.log}")
                if self.devices.process.process.returncode is not None:
                    raise StartFailed(f"the camera is gone; {len(missing)} photos are missing")
        self.say(f"all {len(wanted)} photos are in the library, byte for byte")

    # -- staying up ----------------------------------------------------------------------------

    async def stay(self) -> None:
        """Tell where to look, and take a picture whenever Enter is pressed."""
        self.say(f"photos: {self.home.media}")
        self.say(f"open {self.home.address} and log in as {USERNAME}, password {PASSWORD}")
        if sys.stdin.isatty():
            self.say("Enter takes a picture, Ctrl-C ends the demo")
            loop = asyncio.get_running_loop()
            loop.add_reader(sys.stdin, self._on_key)
        await self._until_somebody_ends()

    async def _until_somebody_ends(self) -> None:
        """Wait for what should not happen: one of the processes ends by itself."""
        processes = [each for each in (self.home.process, self.devices.process) if each]
        endings = {asyncio.ensure_future(each.process.wait()): each.name for each in processes}
        try:
            done, _ = await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
            names = " and ".join(endings[each] for each in done)
            raise StartFailed(f"{names} ended; its log: {self.home.log}")
        finally:
            for each in endings:
                each.cancel()

    def _on_key(self) -> None:
        if sys.stdin.readline():
            self.devices.press_shutter()
        else:
            asyncio.get_running_loop().remove_reader(sys.stdin)

    async def as_json(self) -> str:
        """One line with what a script needs to drive this Home Assistant."""
        return json.dumps(
            {
                "address": self.home.address,
                "token": await self.home.long_lived_token(),
                "entities": self.entities,
                "media": str(self.home.media),
            }
        )


async def until(condition: Callable[[], Any], what: str) -> None:
    """Wait until a condition holds. Raises StartFailed naming what did not come."""
    try:
        async with asyncio.timeout(EFFECT_TIMEOUT):
            while not await condition():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise StartFailed(f"not within {EFFECT_TIMEOUT} s: {what}") from None


def hashes_below(folder: Path) -> set[str]:
    """The SHA-256 of every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    found = set()
    for path in files:
        with path.open("rb") as file:
            found.add(hashlib.file_digest(file, "sha256").hexdigest())
    return found


@contextmanager
def own_folder(folder: Path, *, keep: bool) -> Iterator[Path]:
    """The demo's folder, emptied of the last demo unless kept, and ours alone while it runs."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartFailed(f"another demo is running in {folder}") from None
        if not keep:
            for name in ("config", "media"):
                shutil.rmtree(folder / name, ignore_errors=True)
            (folder / LOG_NAME).unlink(missing_ok=True)
        yield folder


async def demo(arguments: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Run the demo until it is done (--once) or cancelled."""
    if arguments.photos and not arguments.photos.is_dir():
        raise StartFailed(f"{arguments.photos} is not a folder")
    port_must_be_free(arguments.port)
    with own_folder(arguments.folder, keep=arguments.keep) as folder:
        say("starting the virtual unit and the virtual camera")
        async with Devices.run(identity_of(folder), arguments.photos) as devices:
            say(f"starting Home Assistant on 127.0.0.1 port {arguments.port}")
            async with HomeAssistant.run(folder, arguments.port, say=say) as home:
                await present(Demo(home, devices, say), arguments)


def identity_of(folder: Path) -> str:
    """The devices of one folder's demo stay the same ones, and differ from another's."""
    return f"demo-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"


async def present(demo: Demo, arguments: argparse.Namespace) -> None:
    """Show the devices, then prove everything (--once) or stay."""
    await demo.add_devices()
    if arguments.json:
        print(await demo.as_json(), flush=True)
    if arguments.once:
        await demo.every_photo_landed()
        await demo.command_everything()
        demo.say(f"photos: {demo.home.media}")
    else:
        await demo.stay()


def port_number(text: str) -> int:
    """A port that something can listen on and that others can be told."""
    number = int(text)
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port of 1 to 65535")
    return number


def absolute(path: str) -> Path:
    """A path as the user means it, whatever folder is worked in later."""
    return Path(path).resolve()


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="prove that everything works, and exit")
    parser.add_argument("--photos", type=absolute, metavar="DIR", help="serve these pictures")
    parser.add_argument(
        "--port", type=port_number, default=DEFAULT_PORT, help="default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="print one line for scripts, once up")
    parser.add_argument(
        "--folder", type=absolute, default=FOLDER, metavar="DIR", help="its files; default: .demo"
    )
    parser.add_argument("--keep", action="store_true", help="go on with the last demo's files")
    return parser.parse_args()


async def main() -> int:
    """Run until done, failed, or told to stop."""
    arguments = parse_arguments()
    # With --json, standard output is for the script that reads it.
    out = sys.stderr if arguments.json else sys.stdout
    task = asyncio.ensure_future(
        demo(arguments, lambda text: print(f"demo: {text}", file=out, flush=True))
    )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        print("demo: stopped", file=out)
        return 130 if arguments.once else 0
    except (StartFailed, RuntimeError, TimeoutError, OSError, ClientError) as error:
        print(f"demo: failed: {error or type(error).__name__}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
