"""Import pictures from the virtual camera as a host does: hash, flush and ledger for each file.

copy: beside gphoto2 --get-all-files, in turns, into folders on the same disk. shots: from the
camera's ObjectAdded to the host's being told. known: a card of 20 000 known pictures is looked at
again. large: one file of 5 GiB. home: into a running Home Assistant. Each importer and each camera is a process of its own. Printed are
the best turn, by how much the process grew, and how long its event loop was held.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import hashlib
import json
import os
from pathlib import Path
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any, Final

from crcp.importer.importer import Importer
from crcp.importer.ledger import Ledger
from crcp.importer.ptp import PtpSource
from crcp.importer.room import Reserve
from crcp.importer.run import Imported, Report
from crcp.protocols.ptpip.client import Initiator
from crcp.protocols.ptpip.codes import EventCode, ObjectFormat
from crcp.virtual.camera import VirtualCamera
from crcp.virtual.personalities import PERSONALITIES
from crcp.virtual.photos import FIRST_MORNING, Photo
from crcp.virtual.synthetic import BLOCK, Synthetic
from memory import peak, resident

MB: Final = 1_000_000
MS: Final = 1000
ROOM: Final = Path(__file__).parents[1] / "lib" / "room.py"
HOME: Final = Path(__file__).with_name("import_home.py")
GUID: Final = bytes(range(16))

#: How often the event loop is asked whether it is free, in seconds.
PROBE: Final = 0.001


@dataclass(frozen=True, slots=True)
class Load:
    """So many files of so many bytes."""

    count: int
    size: int

    @property
    def total(self) -> int:
        """All bytes."""
        return self.count * self.size


LOADS: Final = {
    "copy": Load(200, 5 * MB),
    "shots": Load(0, 0),
    "known": Load(20_000, 5 * MB),
    "large": Load(1, 5 << 30),
    "home": Load(200, 5 * MB),
}
SHOTS: Final = 20


# -- the camera's process ------------------------------------------------------------------------


async def serve_camera(load: Load, maker: str) -> None:
    """Be a camera that holds the load; shoot, and tell what was asked, as standard input says."""
    camera = VirtualCamera(personality=PERSONALITIES[maker])
    for number in range(1, load.count + 1):
        camera.cards[0].add(_picture(number, load.size))
    await camera.start()
    print(camera.port, flush=True)
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str]()
    loop.add_reader(sys.stdin, lambda: lines.put_nowait(sys.stdin.readline()))
    while line := await lines.get():
        match line.split():
            case ["shoot", number]:
                print(time.monotonic(), flush=True)
                camera.add_photo(_picture(int(number), 5 * MB))
            case ["asked"]:
                print(len(camera.requests), flush=True)


def _picture(number: int, size: int) -> Photo:
    taken = FIRST_MORNING + number * timedelta(seconds=2)
    name = f"IMG_{(number - 1) % 9999 + 1:04}.JPG"
    # No two have the same bytes, though all have the same length.
    content = Synthetic(size)
    return Photo(name, Numbered(content, number), ObjectFormat.EXIF_JPEG, taken, thumb=b"small")


@dataclass(frozen=True, slots=True)
class Numbered:
    """Content that begins with a number."""

    rest: Synthetic
    number: int

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self.rest.size

    async def read(self, offset: int, size: int) -> bytes | memoryview:
        """Return size bytes from offset."""
        piece = self.rest.bytes_at(offset, min(size, self.size - offset))
        if offset:
            return piece
        return self.number.to_bytes(min(8, len(piece)), "big") + bytes(piece[8:])


class Child:
    """A process of this bench, talked to by lines."""

    def __init__(self, *options: object) -> None:
        """Start it."""
        command = [sys.executable, str(ROOM), __file__, *map(str, options)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def say(self, line: str) -> None:
        """Send a line."""
        if self._process.stdin:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def hear(self) -> str:
        """Receive a line; empty at the end."""
        return self._process.stdout.readline() if self._process.stdout else ""

    def last(self) -> dict[str, Any]:
        """What it says at its end."""
        out, _ = self._process.communicate()
        said: dict[str, Any] = json.loads(out.splitlines()[-1])
        return said

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


class Camera(Child):
    """The camera's process."""

    def __init__(self, load: str, maker: str) -> None:
        """Start it; port: where it listens."""
        super().__init__("--camera", load, "--maker", maker)
        self.port = int(self.hear())

    def ask(self, line: str) -> float:
        """Say a line; give the answer."""
        self.say(line)
        return float(self.hear())


# -- the importer's process ----------------------------------------------------------------------


class Probe:
    """Measures how long the event loop is held, and how long of that it computes.

    The rest is waiting, for the processor and for Python's lock, or a call that blocks.
    """

    def __init__(self) -> None:
        self.held: list[float] = []
        self.computed: list[float] = []
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        while True:
            begun, used = time.monotonic(), time.thread_time()
            await asyncio.sleep(PROBE)
            self.held.append(time.monotonic() - begun - PROBE)
            self.computed.append(time.thread_time() - used)

    def result(self) -> dict[str, float]:
        """The longest and the 99th percentile, in milliseconds."""
        self._task.cancel()
        ordered = sorted(self.held) or [0.0]
        return {
            "held": ordered[-1] * MS,
            "held99": ordered[int(len(ordered) * 0.99)] * MS,
            "computed": max(self.computed, default=0.0) * MS,
        }


async def import_once(port: int, folder: Path, act: Callable[..., Awaitable[Any]]) -> Any:
    """Open what a host opens: a thread, a ledger, a library, a session; and act."""
    library = folder / "media"
    library.mkdir(exist_ok=True)
    with ThreadPoolExecutor(1) as executor, Ledger(folder / "ledger.sqlite") as ledger:

        def blocking(func: Any, /, *args: Any) -> Any:
            return asyncio.get_running_loop().run_in_executor(executor, func, *args)

        told: asyncio.Queue[tuple[float, Imported]] = asyncio.Queue()
        importer = Importer(
            ledger,
            library,
            "Bench",
            run_blocking=blocking,
            clock=lambda: datetime.now(UTC),
            on_imported=lambda imported: told.put_nowait((time.monotonic(), imported)),
            reserve=Reserve(least=0, share=0.0),
        )
        async with await Initiator.connect(
            "127.0.0.1", port, guid=GUID, friendly_name="bench"
        ) as initiator:
            info = await initiator.begin()
            return await act(importer, initiator, PtpSource(initiator, info.serial_number), told)


async def act_idle(*_: Any) -> dict[str, Any]:
    """Do nothing: how long the machine itself holds a loop that is idle."""
    probe = Probe()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return probe.result()


async def act_copy(importer: Importer, _: Initiator, source: PtpSource, __: Any) -> dict[str, Any]:
    """Import everything."""
    before, probe = resident(), Probe()
    begun = time.monotonic()
    report = await importer.run(source)
    seconds = time.monotonic() - begun
    return _said(report) | probe.result() | {"seconds": seconds, "grown": peak() - before}


async def act_known(importer: Importer, _: Initiator, source: PtpSource, __: Any) -> dict[str, Any]:
    """Let everything be known, then look at it again."""
    before, probe = resident(), Probe()
    await importer.pass_over(source)
    print("passed", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    begun = time.monotonic()
    report = await importer.run(source)
    seconds = time.monotonic() - begun
    return _said(report) | probe.result() | {"seconds": seconds, "grown": peak() - before}


async def act_shots(
    importer: Importer, initiator: Initiator, source: PtpSource, told: Any
) -> dict[str, Any]:
    """Import what is announced; then measure the bare transfer of the same."""
    events, probe = initiator.events(), Probe()
    await importer.run(source)
    print("listening", flush=True)
    seen, bare = [], []
    async for event in events:
        if event.code != EventCode.OBJECT_ADDED:
            continue
        photo = await source.photo(event.parameters[0])
        if photo and await importer.import_photo(source, photo):
            moment, _ = await told.get()
            seen.append(moment)
            begun = time.monotonic()
            await source.fetch(photo, _away)
            bare.append(time.monotonic() - begun)
            print(json.dumps({"at": seen[-1], "bare": bare[-1]}), flush=True)
        if len(seen) == SHOTS:
            break
    return probe.result()


async def _away(_: memoryview) -> None:
    pass


def _said(report: Report) -> dict[str, Any]:
    return {
        "imported": report.imported,
        "known": report.known,
        "failed": len(report.failed),
        "bytes": report.size,
    }


# -- the bench -----------------------------------------------------------------------------------


@contextlib.contextmanager
def place(where: Path | None) -> Iterator[Path]:
    """A folder that goes afterwards, with all that is still to be written of it."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=where))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        os.sync()


def ours(act: str, port: int, folder: Path) -> Child:
    """Start an importer."""
    return Child("--act", act, "--port", port, "--folder", folder)


def gphoto2(port: int, folder: Path) -> dict[str, Any]:
    """Let gphoto2 copy everything."""
    command = ["gphoto2", "--port", f"ptpip:127.0.0.1:{port}:{port}", "--get-all-files"]
    environment = {"HOME": str(folder), "LC_ALL": "C", "PATH": os.environ["PATH"]}
    begun = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    seconds = time.monotonic() - begun
    copied = sum(path.stat().st_size for path in folder.glob("IMG_*"))
    return {"seconds": seconds, "bytes": copied, "grown": usage.ru_maxrss * 1024}


def bench_copy(arguments: argparse.Namespace) -> None:
    """Copy in turns."""
    load = LOADS["copy"]
    best: dict[str, dict[str, Any]] = {}
    camera = Camera("copy", arguments.maker)
    try:
        for _ in range(arguments.rounds):
            for peer in ("ours", "gphoto2") if shutil.which("gphoto2") else ("ours",):
                with place(arguments.where) as folder:
                    said = (
                        gphoto2(camera.port, folder)
                        if peer == "gphoto2"
                        else ours("copy", camera.port, folder).last()
                    )
                if peer not in best or said["seconds"] < best[peer]["seconds"]:
                    best[peer] = said
    finally:
        camera.close()
    print(f"copy: {load.count} files of {load.size / MB:.0f} MB")
    for peer, said in best.items():
        whole = "" if said["bytes"] == load.total else f"  ONLY {said['bytes']} OF {load.total}"
        print(
            f"  {peer:8}{said['bytes'] / said['seconds'] / MB:8.0f} MB/s "
            f" grew by {said['grown'] / MB:6.1f} MB{_held(said)}{whole}"
        )
    if "gphoto2" in best:
        ratio = best["gphoto2"]["seconds"] / best["ours"]["seconds"]
        print(f"  ours is {ratio:.2f} times as fast (goal: 1.2)")


def bench_shots(arguments: argparse.Namespace) -> None:
    """Shoot, and see when the host is told."""
    camera = Camera("shots", arguments.maker)
    beyond, whole = [], []
    try:
        with place(arguments.where) as folder:
            process = ours("shots", camera.port, folder)
            process.hear()
            for number in range(1, SHOTS + 1):
                shot = camera.ask(f"shoot {number}")
                said = json.loads(process.hear())
                whole.append((said["at"] - shot) * MS)
                beyond.append(whole[-1] - said["bare"] * MS)
            end = process.last()
    finally:
        camera.close()
    print(
        f"shots: {SHOTS} of 5 MB; from ObjectAdded to told {statistics.median(whole):.0f} ms, "
        f"{statistics.median(beyond):.0f} ms beyond the transfer, at most {max(beyond):.0f} ms "
        f"(goal: 100 ms){_held(end)}"
    )


def bench_known(arguments: argparse.Namespace) -> None:
    """Look at known pictures again."""
    load = LOADS["known"]
    camera = Camera("known", arguments.maker)
    try:
        with place(arguments.where) as folder:
            process = ours("known", camera.port, folder)
            process.hear()
            before = camera.ask("asked")
            process.say("go")
            said = process.last()
            asked = camera.ask("asked") - before
    finally:
        camera.close()
    whole = "" if said["known"] == load.count else f"  ONLY {said['known']} ARE KNOWN"
    print(
        f"known: {load.count} pictures in {said['seconds']:.2f} s, {asked:.0f} round trips, "
        f"grew by {said['grown'] / MB:.1f} MB{_held(said)}{whole}"
    )


def bench_large(arguments: argparse.Namespace) -> None:
    """Import a file whose length has more than 32 bits, and read it back."""
    load = LOADS["large"]
    camera = Camera("large", arguments.maker)
    try:
        with place(arguments.where) as folder:
            said = ours("large", camera.port, folder).last()
            (path,) = (folder / "media").rglob("IMG_*")
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            right = path.stat().st_size == load.size and digest == _digest(load)
    finally:
        camera.close()
    print(
        f"large: {load.size} bytes at {said['bytes'] / said['seconds'] / MB:.0f} MB/s, grew by "
        f"{said['grown'] / MB:.1f} MB{_held(said)}  {'read back whole' if right else 'WRONG BYTES'}"
    )


def bench_home(arguments: argparse.Namespace) -> None:
    """Import into a running Home Assistant."""
    load = LOADS["home"]
    camera = Camera("home", arguments.maker)
    command = [sys.executable, str(HOME), "--camera", camera.port, "--count", load.count]
    command += ["--where", arguments.where] if arguments.where else []
    try:
        done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, text=True, check=True)
    finally:
        camera.close()
    said = json.loads(done.stdout)
    whole = "" if said["bytes"] == load.total else f"  ONLY {said['bytes']} OF {load.total}"
    print(
        f"home: {load.count} files of 5 MB into Home Assistant, from adding the camera on "
        f"{said['bytes'] / said['seconds'] / MB:.0f} MB/s{_held(said['busy'])}{whole}\n"
        f"  while it is idle:{_held(said['idle'])} (goal: 20 ms)"
    )


def _digest(load: Load) -> str:
    """The hash of the only file of a load."""
    content, digest = Synthetic(load.size), hashlib.sha256((1).to_bytes(8, "big"))
    digest.update(content.bytes_at(8, BLOCK - 8))
    for at in range(BLOCK, load.size, BLOCK):
        digest.update(content.bytes_at(at, min(BLOCK, load.size - at)))
    return digest.hexdigest()


def _held(said: dict[str, Any]) -> str:
    if "held" not in said:
        return ""
    return (
        f"  loop held {said['held']:.1f} ms at most (computing {said['computed']:.1f} ms), "
        f"{said['held99']:.1f} ms in 99 %"
    )


@contextlib.contextmanager
def idle_beside() -> Iterator[None]:
    """Tell how an idle event loop fared meanwhile: what the machine adds to every figure."""
    child = Child("--act", "idle")
    try:
        yield
        child.say("end")
        print(f"  an idle loop beside it:{_held(child.last())}", flush=True)
    finally:
        child.close()


BENCHES: Final = {
    "copy": bench_copy,
    "shots": bench_shots,
    "known": bench_known,
    "large": bench_large,
    "home": bench_home,
}
ACTS: Final[dict[str, Callable[..., Awaitable[Any]]]] = {
    "copy": act_copy,
    "shots": act_shots,
    "known": act_known,
    "large": act_copy,
}


def main() -> int:
    """Serve, import, or run the bench."""
    arguments = _parser().parse_args()
    if arguments.camera:
        asyncio.run(serve_camera(LOADS[arguments.camera], arguments.maker))
    elif arguments.act:
        if arguments.act == "idle":
            print(json.dumps(asyncio.run(act_idle())))
            return 0
        act = ACTS[arguments.act]
        print(json.dumps(asyncio.run(import_once(arguments.port, arguments.folder, act))))
    else:
        for name in arguments.benches or ["copy", "shots", "known"]:
            with idle_beside():
                BENCHES[name](arguments)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=", ".join(BENCHES))
    parser.add_argument("--rounds", type=int, default=2, help="turns of each in copy")
    parser.add_argument("--where", type=Path, help="a folder on the disk to write to")
    parser.add_argument("--maker", choices=list(PERSONALITIES), default="generic")
    for hidden in ("--camera", "--act", "--port", "--folder"):
        kind = {"--port": int, "--folder": Path}.get(hidden, str)
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
