"""Copy pictures from the virtual camera to the disk: our initiator, gphoto2, and a plain copy.

Each runs in a process of its own, in turns, against the same camera. The plain copy reads a bare
socket that is fed with the same packets by the same sender as the camera's; it asks for each file
with one byte, looks at nothing, and writes everything it gets into it. Printed are the medians of all
rounds: MB/s, seconds of processor time for each GB, and by how much the process grew while it copied;
ratios are those of two neighbours in time. The machine's other work disturbs seconds more than
processor time. What ours and gphoto2 copied is compared with the camera's bytes afterwards.

--full takes every load, 5 GiB too, and 1 GB in every style in which cameras cut their data.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterator
import contextlib
from dataclasses import dataclass
from functools import partial
import json
import os
from pathlib import Path
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

from crcp.importer.executor import Sink
from crcp.protocols.ptpip.client import Initiator
from crcp.protocols.ptpip.codes import DataPhase, ObjectFormat, OperationCode
from crcp.protocols.ptpip.datatypes import Bytes
from crcp.protocols.ptpip.framing import encode
from crcp.protocols.ptpip.packets import OperationRequest, Packet
from crcp.protocols.ptpip.reading import read_object, size_of
from crcp.virtual.camera import VirtualCamera
from crcp.virtual.camera_faults import CameraFaults
from crcp.virtual.data_phase import DataSender, DataStyle
from crcp.virtual.host import Host
from crcp.virtual.photos import FIRST_MORNING, Photo
from crcp.virtual.synthetic import Synthetic
from figures import Figure, Goal, add_option, conclude
from gphoto2 import gphoto2
from memory import peak, resident

MB: Final = 1_000_000
ROOM: Final = Path(__file__).parents[1] / "lib" / "room.py"

GUID: Final = bytes(range(16))

#: What the plain copy reads at once: it fits a processor's own cache.
BUFFER: Final = 1 << 20

#: How fast ours should be of the plain copy, and by how many MB it may grow.
PLAIN_GOAL: Final = 0.8
GROWTH_GOAL: Final = 16


@dataclass(frozen=True, slots=True)
class Load:
    """So many files of so many bytes. goal: how many times as fast as gphoto2 ours should be."""

    name: str
    count: int
    size: int
    goal: float

    @property
    def total(self) -> int:
        """All bytes."""
        return self.count * self.size


LOADS: Final = {
    load.name: load
    for load in (
        Load("200x5MB", 200, 5 * MB, 1.5),
        Load("1GB", 1, 1000 * MB, 3.0),
        Load("5GiB", 1, 5 << 30, 3.0),
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


async def serve_plain(load: Load, style: DataStyle) -> None:
    """Send a file for each byte that comes, as a camera sends it."""

    async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def put(data: Bytes) -> None:
            writer.write(data)
            await writer.drain()

        while await reader.read(1):
            await _send_file(load, style, put)

    host = Host(send)
    await host.start()
    print(host.port, flush=True)
    await asyncio.Event().wait()


_GET_OBJECT: Final = OperationRequest(DataPhase.NONE_OR_IN, OperationCode.GET_OBJECT, 1)


async def _send_file(
    load: Load, style: DataStyle, put: Callable[[Bytes], Awaitable[object]]
) -> None:
    await DataSender(_PlainWire(put), _GET_OBJECT, CameraFaults(), style).send(Synthetic(load.size))


class _PlainWire:
    """A connection on which nobody follows the protocol."""

    def __init__(self, put: Callable[[Bytes], Awaitable[object]]) -> None:
        self.put = put

    def is_cancelled(self, _transaction_id: int) -> bool:
        return False

    def account(self, packet: Packet) -> bytes:
        return encode(packet)


# -- processes that copy -----------------------------------------------------------------------


async def copy_ours(port: int, folder: Path) -> dict[str, int]:
    """Copy everything with our initiator."""
    before, copied = resident(), 0
    async with await Initiator.connect(
        "127.0.0.1", port, guid=GUID, friendly_name="bench"
    ) as initiator:
        await initiator.begin()
        for handle in await initiator.object_handles():
            info = await initiator.object_info(handle)
            if not info.is_association:
                size = await size_of(initiator, initiator.vendor, handle, info)
                copied += await _fetch(initiator, handle, size, folder / info.filename)
        return {"bytes": copied, "grown": peak() - before}


async def _fetch(initiator: Initiator, handle: int, size: int | None, path: Path) -> int:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        sink = Sink(partial(_write_all, file), asyncio.to_thread)
        read = await read_object(initiator, initiator.vendor, handle, sink.write, size=size)
        await sink.finish()
        return read
    finally:
        os.close(file)


def _write_all(file: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(file, piece) :]


def copy_plain(port: int, folder: Path, load: Load, size: int) -> dict[str, int]:
    """Copy everything from a bare socket; size: of a file with the packets' headers."""
    before = resident()
    buffer = memoryview(bytearray(BUFFER))
    with socket.create_connection(("127.0.0.1", port)) as link:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(load.count):
            with (folder / f"{number}").open("wb", buffering=0) as file:
                link.sendall(b"?")
                left = size
                while left:
                    got = link.recv_into(buffer)
                    file.write(buffer[:got])
                    left -= got
    return {"bytes": size * load.count, "grown": peak() - before}


async def size_with_headers(load: Load, style: DataStyle) -> int:
    """How many bytes of packets a file is."""
    size = 0

    async def count(data: Bytes) -> None:
        nonlocal size
        size += len(data)

    await _send_file(load, style, count)
    return size


# -- the bench ---------------------------------------------------------------------------------


@dataclass(slots=True)
class Result:
    """One copy. cpu: seconds of processor time. grown, peak: bytes; of gphoto2 only the peak."""

    seconds: float
    cpu: float
    copied: int
    grown: int
    peak: int

    @property
    def rate(self) -> float:
        """MB in a second."""
        return self.copied / self.seconds / MB

    @property
    def effort(self) -> float:
        """Seconds of processor time for each GB."""
        return self.cpu / self.copied * 1000 * MB


def bench(load: Load, style: DataStyle, rounds: int, peers: list[str]) -> list[Figure]:
    """Copy a load in turns, and return what came of it."""
    results: dict[str, list[Result]] = {peer: [] for peer in peers}
    with serving("camera", load, style) as camera, serving("plain", load, style) as plain:
        for _ in range(rounds):
            for peer in peers:
                port = plain if peer == "plain" else camera
                results[peer].append(turn(peer, port, load, style))
    name = load.name if style is DataStyle.PIECES else f"{load.name}, {style.name.lower()}"
    return [
        figure
        for peer in peers[1:]
        for figure in _figures(name, load, results["ours"], peer, results[peer])
    ]


def _figures(
    name: str, load: Load, ours: list[Result], peer: str, theirs: list[Result]
) -> Iterator[Figure]:
    called = f"{peer} copy" if peer == "plain" else peer

    def beside(
        what: str, of: Callable[[Result], float], unit: str, goal: Goal | None = None
    ) -> Figure:
        values = list(map(of, ours)), called, list(map(of, theirs))
        return Figure.of(f"{name}: {what}", *values, unit, goal)

    speed = PLAIN_GOAL if peer == "plain" else load.goal
    yield beside("speed", lambda each: each.rate, "MB/s", Goal("ratio", speed, at_least=True))
    yield beside("processor time for a GB", lambda each: each.effort, "s")
    if peer == "plain":
        yield beside("growth", lambda each: each.grown / MB, "MB", Goal("ours", GROWTH_GOAL))
    else:
        yield beside("memory of the process", lambda each: each.peak / MB, "MB")


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
        run: Callable[..., dict[str, Any]] = _gphoto2 if peer == "gphoto2" else _copier
        said = run(peer, port, folder, load, style)
        seconds = said.get("seconds", time.monotonic() - began)
        if said["bytes"] < load.total:
            raise SystemExit(f"{peer} copied {said['bytes']} of {load.total} bytes")
        if peer != "plain" and not all(map(_is_right, folder.glob("IMG_*"))):
            raise SystemExit(f"{peer} did not copy the camera's bytes")
        return Result(seconds, said["cpu"], said["bytes"], said["grown"], said["peak"])
    finally:
        shutil.rmtree(folder)
        os.sync()


def _is_right(path: Path) -> bool:
    """Whether a file has the camera's bytes; how many there should be is counted elsewhere."""
    camera, at = Synthetic(path.stat().st_size), 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(BUFFER):
            if piece != camera.bytes_at(at, len(piece)):
                return False
            at += len(piece)
    return True


def _copier(peer: str, port: int, folder: Path, load: Load, style: DataStyle) -> dict[str, Any]:
    command = [sys.executable, str(ROOM), __file__, f"--{peer}", load.name, "--style", style.name]
    command += ["--port", str(port), "--folder", str(folder)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    said: dict[str, Any] = json.loads(output)
    return said


def _gphoto2(_peer: str, port: int, folder: Path, _load: Load, _style: DataStyle) -> dict[str, Any]:
    began = time.monotonic()
    usage = gphoto2(port, folder, "--get-all-files")
    seconds = time.monotonic() - began
    copied = sum(path.stat().st_size for path in folder.glob("IMG_*"))
    cpu = usage.ru_utime + usage.ru_stime
    most = usage.ru_maxrss * 1024
    return {"bytes": copied, "grown": 0, "peak": most, "cpu": cpu, "seconds": seconds}


def main() -> int:
    """Serve, copy, or run the bench."""
    arguments = _parser().parse_args()
    style = DataStyle[arguments.style]
    if arguments.camera:
        asyncio.run(serve_camera(LOADS[arguments.camera], style))
    elif arguments.plain and not arguments.port:
        asyncio.run(serve_plain(LOADS[arguments.plain], style))
    elif arguments.port:
        load = LOADS[arguments.plain or arguments.ours]
        size = asyncio.run(size_with_headers(load, style)) if arguments.plain else 0
        began, cpu = time.monotonic(), time.process_time()
        if arguments.plain:
            said = copy_plain(arguments.port, arguments.folder, load, size)
        else:
            said = asyncio.run(copy_ours(arguments.port, arguments.folder))
        # Python's own start is no part of a copy that a running Home Assistant makes.
        cpu = time.process_time() - cpu
        spent = {"seconds": time.monotonic() - began, "cpu": cpu, "peak": peak()}
        print(json.dumps(said | spent))
    else:
        return conclude(_bench_all(arguments, style), arguments.json)
    return 0


def _bench_all(arguments: argparse.Namespace, style: DataStyle) -> Iterator[Figure]:
    peers = ["ours", "plain"] + ["gphoto2"] * bool(shutil.which("gphoto2"))
    for name in arguments.loads or (LOADS if arguments.full else ["200x5MB", "1GB"]):
        yield from bench(LOADS[name], style, arguments.rounds, peers)
    for other in DataStyle if arguments.full else ():
        if other is not style:
            yield from bench(LOADS["1GB"], other, arguments.rounds, peers)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/bench/ptpip", description=__doc__)
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=", ".join(LOADS))
    parser.add_argument("--rounds", type=int, default=3, help="turns of each")
    parser.add_argument("--style", choices=[style.name for style in DataStyle], default="PIECES")
    parser.add_argument("--full", action="store_true", help="every load, and every style")
    add_option(parser)
    for hidden in ("--camera", "--plain", "--ours", "--port", "--folder"):
        kind = {"--port": int, "--folder": Path}.get(hidden, str)
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
