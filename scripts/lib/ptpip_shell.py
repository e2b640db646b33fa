"""Ask a PTP-IP camera what it is and what it holds, fetch its pictures, follow its events.

For people with a new camera: "info" says what it is and can do, "list" what is on its cards, "get"
fetches all of it, or the objects that are named, "watch" follows its events until Ctrl-C, and
"capture" takes a picture. The first connection may have to be confirmed at the camera; it knows
this computer by an identity that is kept in --identity. --trace writes every packet with its
meaning, and --mask takes names and serial numbers out, so that it can be shown to others.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator
import contextlib
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any, Final

from crcp.importer.executor import Sink
from crcp.importer.ptp import Listing
from crcp.protocols.ptpip.client import Initiator
from crcp.protocols.ptpip.codes import EventCode
from crcp.protocols.ptpip.datasets import DeviceInfo, ObjectInfo
from crcp.protocols.ptpip.errors import PtpIpError, Refused
from crcp.protocols.ptpip.identity import ANY_MAC, Identity, friendly_name, parse_mac
from crcp.protocols.ptpip.listing import ObjectInfos
from crcp.protocols.ptpip.packets import PORT, Event
from crcp.protocols.ptpip.reading import read_object, size_of
from crcp.protocols.ptpip.remote import battery_level, describe_properties
from ptpip_trace import Mask, Trace

IDENTITY: Final = Path(
    os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"), "crcp", "ptpip-identity.json"
)

#: A picture that was asked for is there by then, in seconds, or is not coming.
CAPTURE_TIMEOUT: Final = 30.0


class Failed(Exception):
    """Something that the user has to hear; the exit status is 1."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object on a card, and its folders."""

    handle: int
    folder: str
    info: ObjectInfo

    @property
    def path(self) -> str:
        """Its name with the folders before it."""
        return f"{self.folder}/{self.info.filename}".lstrip("/")


class Camera:
    """A camera that is connected, and how what it says is printed."""

    def __init__(
        self, initiator: Initiator, info: DeviceInfo, mask: Mask, *, as_json: bool
    ) -> None:
        self.initiator = initiator
        self.info = info
        self.mask = mask
        self.as_json = as_json

    def show(self, facts: dict[str, Any], text: str) -> None:
        """Print one thing, for people or as a line of JSON."""
        print(json.dumps(facts, default=_plain) if self.as_json else text, flush=True)

    async def objects(self) -> AsyncIterator[Found]:
        """Give every file on every card, and the names of the folders above it."""
        listing = Listing(self.initiator, ObjectInfos(self.initiator, self.initiator.vendor).info)
        for storage_id in await self.initiator.storage_ids():
            # Low 16 bits of zero are a slot without a usable card.
            if storage_id & 0xFFFF:
                async for handle, info in listing.files(storage_id):
                    yield Found(handle, await listing.folder_of(info), info)
        for refused in listing.left_out:
            print(f"left out: {refused}", file=sys.stderr)


# -- what can be asked -------------------------------------------------------------------------


async def show_info(camera: Camera, _arguments: argparse.Namespace) -> None:
    """What it is, what it can do, how full it is."""
    info = camera.info
    about = asdict(info) | {"serial_number": camera.mask("serial_number", info.serial_number)}
    about["vendor"] = type(camera.initiator.vendor).__name__
    about["battery"] = await battery_level(camera.initiator, info)
    about["storages"] = [
        await _storage(camera, each) for each in await camera.initiator.storage_ids()
    ]
    about["properties"] = {
        f"0x{code:04X} {code.name}": camera.mask(code.name.lower(), described.current)
        for code, described in (await describe_properties(camera.initiator, info)).items()
    }
    named = tuple(map(camera.initiator.vendor.name_of, info.operations_supported))
    said = about | {"operations_supported": named}
    lines = [f"{name.replace('_', ' ')}: {_text(value)}" for name, value in said.items()]
    camera.show(about, "\n".join(lines))


async def _storage(camera: Camera, storage_id: int) -> dict[str, Any]:
    if not storage_id & 0xFFFF:
        return {"storage_id": f"0x{storage_id:08X}", "card": None}
    try:
        info = await camera.initiator.storage_info(storage_id)
    except Refused as refused:
        return {"storage_id": f"0x{storage_id:08X}", "refused": refused.text}
    label = camera.mask("volume_label", info.volume_label)
    return {"storage_id": f"0x{storage_id:08X}"} | asdict(info) | {"volume_label": label}


async def list_objects(camera: Camera, _arguments: argparse.Namespace) -> None:
    """Every file: its handle, size, date and path."""
    async for found in camera.objects():
        _show_object(camera, found)


def _show_object(camera: Camera, found: Found) -> None:
    info = found.info
    name = camera.mask("filename", info.filename)
    facts = asdict(info) | {"handle": found.handle, "folder": found.folder, "filename": name}
    date = info.capture_date or info.modification_date
    size = "4 GiB or more" if info.size is None else info.size
    when = date.isoformat(" ") if date else "-"
    camera.show(facts, f"0x{found.handle:08X} {size:>14} {when:19} {found.folder}/{name}")


async def get_objects(camera: Camera, arguments: argparse.Namespace) -> None:
    """Fetch objects; each is written under another name and gets its own when it is whole."""
    wanted = set(arguments.objects)
    got = 0
    async for found in camera.objects():
        names = {found.info.filename, found.path, f"0x{found.handle:08x}", str(found.handle)}
        if wanted and not wanted & names:
            continue
        await _get(camera, found, arguments.to)
        got += 1
    if wanted and not got:
        raise Failed(f"the camera has none of {', '.join(sorted(wanted))}")


async def _get(camera: Camera, found: Found, folder: Path) -> None:
    target = folder.joinpath(*map(_safe, found.path.split("/")))
    size = await size_of(camera.initiator, camera.initiator.vendor, found.handle, found.info)
    if target.exists():
        camera.show({"file": str(target), "there": True}, f"{target}: is there already")
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    offset = part.stat().st_size if part.exists() else 0
    if size is None or offset > size:
        offset = 0
    with part.open("r+b" if offset else "wb") as file:
        file.seek(offset)
        sink = Sink(partial(_write_all, file.fileno()), asyncio.to_thread)
        initiator = camera.initiator
        reading = read_object(
            initiator, initiator.vendor, found.handle, sink.write, size=size, offset=offset
        )
        try:
            read = await reading
        finally:
            # What came before a failure is where the next time begins.
            await sink.finish()
        os.fsync(file.fileno())
    part.rename(target)
    shown = camera.mask("filename", target.name)
    camera.show({"file": str(target), "size": read, "from": offset}, f"{shown}: {read} bytes")


def _write_all(file: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(file, piece) :]


def _safe(name: str) -> str:
    """A camera's own text as a name that stays in its folder."""
    kept = "".join("_" if c in '/\\:*?"<>|' or not c.isprintable() else c for c in name)
    return kept.strip(". ") or "_"


async def watch(camera: Camera, arguments: argparse.Namespace) -> None:
    """Follow the camera's events."""
    left = arguments.count
    async for event in camera.initiator.events():
        await _show_event(camera, event)
        left -= 1
        if not left:
            return


async def _show_event(camera: Camera, event: Event) -> None:
    facts: dict[str, Any] = {"event": event.code.name, "parameters": event.parameters}
    text = f"{event.code.name} {' '.join(f'0x{each:08X}' for each in event.parameters)}".rstrip()
    if event.code == EventCode.OBJECT_ADDED:
        with contextlib.suppress(Refused):
            info = await camera.initiator.object_info(event.parameter(1))
            facts["filename"] = camera.mask("filename", info.filename)
            text += f" {facts['filename']}"
    camera.show(facts | {"time": datetime.now().astimezone()}, text)


async def capture(camera: Camera, _arguments: argparse.Namespace) -> None:
    """Take a picture, and say what it is called."""
    events = camera.initiator.events()
    await camera.initiator.vendor.capture(camera.initiator)
    try:
        async with asyncio.timeout(CAPTURE_TIMEOUT):
            async for event in events:
                if event.code == EventCode.OBJECT_ADDED:
                    await _show_event(camera, event)
                    return
    except TimeoutError:
        raise Failed("the camera did not say that there is a picture") from None


ACTIONS: Final = {
    "info": show_info,
    "list": list_objects,
    "get": get_objects,
    "watch": watch,
    "capture": capture,
}


# -- the shell ---------------------------------------------------------------------------------


def main() -> int:
    """Do what the command line says; return the exit status."""
    arguments = _parser().parse_args()
    try:
        asyncio.run(_run(arguments))
    except (Failed, PtpIpError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if arguments.action == "watch" else 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("address", metavar="HOST[:PORT]")
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("objects", nargs="*", metavar="NAME|HANDLE", help="what get fetches")
    parser.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="where get puts it")
    parser.add_argument("--count", type=int, default=0, help="watch so many events only")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each thing")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write every packet")
    parser.add_argument("--mask", action="store_true", help="take names and serial numbers out")
    parser.add_argument("--identity", type=Path, default=IDENTITY, metavar="FILE")
    parser.add_argument("--new-identity", action="store_true", help="after the camera refused us")
    parser.add_argument("--name", default="", help="what the camera shows while it is paired")
    parser.add_argument(
        "--mac", metavar="MAC|any", help="of the computer that a Sony was registered with"
    )
    return parser


async def _run(arguments: argparse.Namespace) -> None:
    host, port = _address(arguments.address)
    identity = _identity(arguments)
    mask = Mask(wanted=arguments.mask)
    with contextlib.ExitStack() as opened:
        trace = None
        if arguments.trace:
            file = opened.enter_context(arguments.trace.open("w"))
            trace = Trace(file, mask)
        async with await Initiator.connect(
            host, port, guid=identity.guid, friendly_name=identity.friendly_name, trace=trace
        ) as initiator:
            info = await initiator.begin(remote=arguments.action == "capture")
            camera = Camera(initiator, info, mask, as_json=arguments.json)
            await _until_interrupted(ACTIONS[arguments.action](camera, arguments))


async def _until_interrupted(doing: Any) -> None:
    """Do it; at Ctrl-C stop, so that the camera hears a goodbye."""
    task = asyncio.ensure_future(doing)
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or (":" in host and not host.startswith("[")):
        return text.strip("[]"), PORT
    if not port.isdecimal():
        raise Failed(f"{port!r} is no port")
    return host.strip("[]"), int(port)


def _identity(arguments: argparse.Namespace) -> Identity:
    """Who we were the last time, or somebody new; kept for the next time."""
    path: Path = arguments.identity
    identity = Identity.new(arguments.name or "crcp")
    if path.exists():
        kept = json.loads(path.read_text())
        identity = Identity(bytes.fromhex(kept["guid"]), kept["friendly_name"])
    if arguments.new_identity:
        identity = identity.renewed()
    if arguments.name:
        identity = Identity(identity.guid, friendly_name(arguments.name))
    if not path.exists() or arguments.new_identity or arguments.name:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {"guid": identity.guid.hex(), "friendly_name": identity.friendly_name}
        path.write_text(json.dumps(kept))
    if arguments.mac:
        identity = identity.with_mac(
            ANY_MAC if arguments.mac == "any" else parse_mac(arguments.mac)
        )
    return identity


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(getattr(each, "name", str(each)) for each in value)
    if isinstance(value, dict):
        return "".join(f"\n    {name}: {each}" for name, each in value.items())
    if isinstance(value, list):
        return "".join(_text(each) for each in value)
    return getattr(value, "name", str(value))


if __name__ == "__main__":
    sys.exit(main())
