"""Copy pictures from the virtual camera to the disk: our initiator, gphoto2, and a plain copy.

Each runs in a process of its own, in turns, against the same camera; the plain copy reads the same
bytes from a bare socket that is fed by a process like the camera's. Printed are MB/s of the best
turn, the ratios to the others, and by how much the process grew while it copied.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterator
import contextlib
from dataclasses import dataclass
import json
import os
from pathlib import Path
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

from crcp.protocols.ptpip.client import Initiator
from crcp.protocols.ptpip.codes import ObjectFormat
from crcp.protocols.ptpip.reading import read_object, size_of
from crcp.virtual.camera import VirtualCamera
from crcp.virtual.data_phase import DataStyle
from crcp.virtual.photos import FIRST_MORNING, Photo
from crcp.virtual.synthetic import BLOCK, Synthetic

MB: Final = 1_000_000
ROOM: Final = Path(__file__).parents[1] / "lib" / "room.py"

GUID: Final = bytes(range(16))

#: What lies between the initiator and the disk, in bytes.
BUFFER: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class Load:
    """So many files of so many bytes."""

    name: str
    count: int
    size: int

    @property
    def total(self) -> int:
        """All bytes."""
        return self.count * self.size


LOADS: Final = {
    load.name: load
    for load in (
        Load("200x5MB", 200, 5 * MB),
        Load("1GB", 1, 1000 * MB),
        Load("5GiB", 1, 5 << 30),
    )
}


# -- processes that serve ----------------------------------------------------------------------


async def serve_camera(load: Load, style: DataStyle) -> None:
    """Be a virtual camera that holds the load."""
    camera = VirtualCamera()
    camera.data_style = style
    for number in range(1, load.count + 1):
        content = Synthetic(load.size)
        name = f"IMG_{number:04}.JPG"
        camera.cards[0].add(Photo(name, content, ObjectFormat.EXIF_JPEG, FIRST_MORNING))
    await camera.start()
    print(camera.port, flush=True)
    await asyncio.Event().wait()


def serve_plain(load: Load) -> None:
    """Send the load to whoever connects, from memory and without a protocol."""
    content = Synthetic(load.size)
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            link, _ = server.accept()
            with link, contextlib.suppress(ConnectionError):
                for _ in range(load.count):
                    for at in range(0, load.size, BLOCK):
                        link.sendall(content.bytes_at(at, min(BLOCK, load.size - at)))


# -- processes that copy -----------------------------------------------------------------------


async def copy_ours(port: int, folder: Path) -> dict[str, int]:
    """Copy everything with our initiator."""
    before, copied = _resident(), 0
    async with await Initiator.connect(
        "127.0.0.1", port, guid=GUID, friendly_name="bench"
    ) as initiator:
        await initiator.begin()
        sink = Sink()
        for handle in await initiator.object_handles():
            info = await initiator.object_info(handle)
            if not info.is_association:
                size = await size_of(initiator, initiator.vendor, handle, info)
                copied += await _fetch(initiator, handle, size, folder / info.filename, sink)
        return {"bytes": copied, "grown": _peak() - before}


async def _fetch(
    initiator: Initiator, handle: int, size: int | None, path: Path, sink: Sink
) -> int:
    sink.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        read = await read_object(initiator, initiator.vendor, handle, sink.write, size=size)
        await sink.flush()
        return read
    finally:
        os.close(sink.file)


class Sink:
    """Writes to a file in another thread, in pieces so large that the hops to it cost little."""

    def __init__(self) -> None:
        self.file = -1
        self._buffer = memoryview(bytearray(BUFFER))
        self._held = 0

    async def write(self, piece: memoryview) -> None:
        """Keep a copy of a piece; write when there is no room for more."""
        while piece:
            part = piece[: BUFFER - self._held]
            self._buffer[self._held : self._held + len(part)] = part
            self._held += len(part)
            piece = piece[len(part) :]
            if self._held == BUFFER:
                await self.flush()

    async def flush(self) -> None:
        """Write what is held."""
        held, self._held = self._held, 0
        await asyncio.to_thread(self._write_all, self._buffer[:held])

    def _write_all(self, piece: memoryview) -> None:
        while piece:
            piece = piece[os.write(self.file, piece) :]


def copy_plain(port: int, folder: Path, load: Load) -> dict[str, int]:
    """Copy everything from a bare socket."""
    before = _resident()
    buffer = memoryview(bytearray(BLOCK))
    with socket.create_connection(("127.0.0.1", port)) as link:
        for number in range(load.count):
            with (folder / f"{number}").open("wb", buffering=0) as file:
                left = load.size
                while left:
                    got = link.recv_into(buffer, min(BLOCK, left))
                    file.write(buffer[:got])
                    left -= got
    return {"bytes": load.total, "grown": _peak() - before}


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


# -- the bench ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Result:
    """One copy."""

    seconds: float
    copied: int
    grown: int

    @property
    def rate(self) -> float:
        """Bytes in a second."""
        return self.copied / self.seconds


def bench(load: Load, style: DataStyle, rounds: int, peers: list[str]) -> None:
    """Copy a load in turns and print what came of it."""
    best: dict[str, Result] = {}
    with serving("camera", load, style) as camera, serving("plain", load, style) as plain:
        for _ in range(rounds):
            for peer in peers:
                result = turn(peer, plain if peer == "plain" else camera, load, style)
                if peer not in best or result.rate > best[peer].rate:
                    best[peer] = result
    print(f"{load.name}, {style.name.lower()}:")
    ours = best["ours"]
    for peer, result in best.items():
        whole = (
            "" if result.copied == load.total else f"  ONLY {result.copied} OF {load.total} BYTES"
        )
        ratio = f"  ours is {ours.rate / result.rate:5.2f} times that" if peer != "ours" else ""
        print(
            f"  {peer:8} {result.rate / MB:8.0f} MB/s  grew by {result.grown / MB:7.1f} MB{ratio}{whole}",
            flush=True,
        )


@contextlib.contextmanager
def serving(what: str, load: Load, style: DataStyle) -> Iterator[int]:
    """Run a process that serves; give its port."""
    command = [sys.executable, str(ROOM), __file__, f"--{what}", load.name, "--style", style.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(process.stdout.readline() if process.stdout else 0)
        finally:
            process.send_signal(signal.SIGKILL)


def turn(peer: str, port: int, load: Load, style: DataStyle) -> Result:
    """Let one of them copy into a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    began = time.monotonic()
    try:
        run: Callable[..., dict[str, int]] = _gphoto2 if peer == "gphoto2" else _copier
        said = run(peer, port, folder, load, style)
        seconds = time.monotonic() - began
        return Result(said.get("seconds", seconds), said["bytes"], said["grown"])
    finally:
        shutil.rmtree(folder)
        os.sync()


def _copier(peer: str, port: int, folder: Path, load: Load, _style: DataStyle) -> dict[str, Any]:
    command = [sys.executable, str(ROOM), __file__, f"--{peer}", load.name]
    command += ["--port", str(port), "--folder", str(folder)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    said: dict[str, Any] = json.loads(output)
    return said


def _gphoto2(_peer: str, port: int, folder: Path, _load: Load, _style: DataStyle) -> dict[str, Any]:
    command = ["gphoto2", "--port", f"ptpip:127.0.0.1:{port}:{port}", "--get-all-files"]
    environment = {"HOME": str(folder), "LC_ALL": "C", "PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    copied = sum(path.stat().st_size for path in folder.glob("IMG_*"))
    return {"bytes": copied, "grown": usage.ru_maxrss * 1024}


def main() -> int:
    """Serve, copy, or run the bench."""
    arguments = _parser().parse_args()
    style = DataStyle[arguments.style]
    began = time.monotonic()
    if arguments.camera:
        asyncio.run(serve_camera(LOADS[arguments.camera], style))
    elif arguments.plain and not arguments.port:
        serve_plain(LOADS[arguments.plain])
    elif arguments.port:
        if arguments.plain:
            said = copy_plain(arguments.port, arguments.folder, LOADS[arguments.plain])
        else:
            said = asyncio.run(copy_ours(arguments.port, arguments.folder))
        # Python's own start is no part of a copy that a running Home Assistant makes.
        print(json.dumps(said | {"seconds": time.monotonic() - began}))
    else:
        peers = ["ours", "plain"] + ["gphoto2"] * bool(shutil.which("gphoto2"))
        for name in arguments.loads or ["200x5MB", "1GB"]:
            bench(LOADS[name], style, arguments.rounds, peers)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=", ".join(LOADS))
    parser.add_argument("--rounds", type=int, default=2, help="turns of each")
    parser.add_argument("--style", choices=[style.name for style in DataStyle], default="PIECES")
    for hidden in ("--camera", "--plain", "--ours", "--port", "--folder"):
        kind = {"--port": int, "--folder": Path}.get(hidden, str)
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
