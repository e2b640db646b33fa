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
from dataclasses import asdict, replace
from datetime import datetime
import json
import logging
import os
from pathlib import Path
import signal
import sys
from typing import Any, Final

from crcp.importer.errors import PhotoRefused
from crcp.importer.ptp import PtpSource
from crcp.importer.source import Photo
from crcp.protocols.ptpip.client import Initiator
from crcp.protocols.ptpip.codes import EventCode, InitFailReason
from crcp.protocols.ptpip.datasets import DeviceInfo
from crcp.protocols.ptpip.errors import Declined, NotAuthorised, PtpIpError, Refused
from crcp.protocols.ptpip.identity import ANY_MAC, Identity, friendly_name, parse_mac
from crcp.protocols.ptpip.packets import PORT, Event
from crcp.protocols.ptpip.remote import battery_level, describe_properties
from ptpip_get import fetch, place, sized
from ptpip_trace import Mask, Trace

IDENTITY: Final = Path(
    os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"), "crcp", "ptpip-identity.json"
)

#: A picture that was asked for is there by then, in seconds, or is not coming.
CAPTURE_TIMEOUT: Final = 30.0


class Failed(Exception):
    """Something that the user has to hear; the exit status is 1."""


class Camera:
    """A camera that is connected, and how what it says is printed."""

    def __init__(
        self, initiator: Initiator, info: DeviceInfo, mask: Mask, *, as_json: bool
    ) -> None:
        self.initiator = initiator
        self.info = info
        self.mask = mask
        self.as_json = as_json
        self.source = PtpSource(initiator, info.serial_number)
        self._cards = 1

    def show(self, facts: dict[str, Any], text: str) -> None:
        """Print one thing, for people or as a line of JSON."""
        print(json.dumps(facts, default=_plain) if self.as_json else text, flush=True)

    async def photos(self) -> AsyncIterator[Photo]:
        """Give every file on every card as it is told."""
        storage_ids = await self.initiator.storage_ids()
        # Low 16 bits of zero are a slot without a usable card.
        self._cards = sum(bool(each & 0xFFFF) for each in storage_ids)
        async for photo in self.source.photos():
            yield photo
        for refused in self.source.left_out:
            print(f"left out: {refused}", file=sys.stderr)

    def path(self, photo: Photo) -> str:
        """Its name with the folders before it, and the card where there are several."""
        card = [f"card{photo.slot}"] if self._cards > 1 else []
        return "/".join(filter(None, (*card, photo.folder, photo.filename)))

    def shown(self, photo: Photo) -> str:
        """Its path as it may be shown."""
        return self.path(replace(photo, filename=self.mask("filename", photo.filename)))


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
    facts = {name: camera.mask(name, value) for name, value in asdict(info).items()}
    return {"storage_id": f"0x{storage_id:08X}"} | facts


async def list_objects(camera: Camera, _arguments: argparse.Namespace) -> None:
    """Every file: its handle, size, date and path, as they are told."""
    async for photo in camera.photos():
        facts = asdict(photo) | {"filename": camera.mask("filename", photo.filename)}
        del facts["serial"]  # "info" says it, once
        date = photo.capture_date
        size = "4 GiB or more" if photo.size is None else photo.size
        when = date.isoformat(" ") if date else "-"
        path = camera.shown(photo)
        camera.show(facts | {"path": path}, f"0x{photo.handle:08X} {size:>14} {when:19} {path}")


async def get_objects(camera: Camera, arguments: argparse.Namespace) -> None:
    """Fetch objects; what goes wrong with one does not keep the others back."""
    missing, failed = set(arguments.objects), 0
    async for photo in camera.photos():
        path = camera.path(photo)
        names = {photo.filename, f"{photo.folder}/{photo.filename}", path}
        meant = {each for each in arguments.objects if each in names or _is_handle(each, photo)}
        if arguments.objects and not meant:
            continue
        missing -= meant
        try:
            await _get(camera, photo, place(arguments.to, path))
        except PhotoRefused as refused:
            failed += 1
            print(f"{camera.shown(photo)}: {refused}", file=sys.stderr)
    if missing:
        raise Failed(f"the camera has none of {', '.join(sorted(missing))}")
    failed += len(camera.source.left_out)
    if failed:
        raise Failed(f"{failed} objects were not fetched")


def _is_handle(text: str, photo: Photo) -> bool:
    """Whether a handle is meant, as it is listed or otherwise."""
    try:
        return int(text, 0) == photo.handle
    except ValueError:
        return False


async def _get(camera: Camera, photo: Photo, wanted: Path) -> None:
    if photo.size is None:
        photo = sized(
            photo, await camera.initiator.vendor.true_size(camera.initiator, photo.handle)
        )
    fetched = await fetch(camera.source, photo, wanted)
    shown = camera.shown(photo) if camera.mask.wanted else str(fetched.path)
    if fetched.there:
        camera.show({"file": shown, "there": True}, f"{shown}: is there already")
    else:
        facts = {"file": shown, "size": fetched.size, "from": fetched.resumed}
        camera.show(facts, f"{shown}: {fetched.size} bytes")


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
    logging.getLogger("crcp").addHandler(logging.NullHandler())  # what there is to say is printed
    try:
        asyncio.run(_run(arguments))
    except BrokenPipeError:
        # Whoever read our output has seen enough. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Refused as refused:
        print(_in_words(refused), file=sys.stderr)
        return 1
    except (Failed, PtpIpError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0 if arguments.action == "watch" else 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/ptpip",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 1 << 16):
        raise Failed(f"{port!r} is no port")
    return host.strip("[]"), int(port)


#: What a person can do when a camera turns us away.
ADVICE: Final = {
    InitFailReason.REJECTED_INITIATOR: (
        "the camera does not know this computer, or a person turned it down; register it in the "
        "camera's menu, and if it was turned down there before, be somebody new: --new-identity"
    ),
    InitFailReason.BUSY: "somebody else is connected, or the camera has not noticed who left",
    InitFailReason.FUJIFILM_NOT_PAIRED: (
        "the camera knows another name than ours, or nobody said yes on it in time"
    ),
}


def _in_words(refused: Refused) -> str:
    if isinstance(refused, NotAuthorised) and refused.operation is not None:
        return f"{refused}; --new-identity makes a new one, if this one was turned down"
    advice = ADVICE.get(InitFailReason(refused.code)) if refused.operation is None else None
    return f"{refused}: {advice}" if advice and not isinstance(refused, Declined) else str(refused)


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
