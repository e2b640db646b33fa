"""Import pictures from the virtual camera as a host does: hash, flush and ledger for each file.

copy: beside gphoto2 --get-all-files, in turns, into folders on the same disk. shots: from the
camera's ObjectAdded to the host's being told, beside the bare transfer. known: a card of 20 000
known pictures is looked at again, beside gphoto2 --skip-existing. home: into a running Home
Assistant, whose event loop is watched, beside the same while it is idle. large: one file of 5 GiB,
read back; only when asked for. Each importer and each camera is a process of its own.
"""

import argparse
from collections.abc import Callable, Iterator
import contextlib
from dataclasses import dataclass
import hashlib
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any, Final, Self

from crcp.virtual.personalities import PERSONALITIES
from figures import Figure, Goal, add_option, conclude
from gphoto2 import gphoto2
from import_camera import MB, PICTURE, digest_of, name_of

MS: Final = 1000
HERE: Final = Path(__file__).parent
ROOM: Final = HERE.parent / "lib" / "room.py"

LARGE: Final = 5 << 30


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many pictures there are in each bench."""

    copied: int = 200
    known: int = 20_000
    shots: int = 20


SMALL: Final = Sizes(copied=20, known=500, shots=3)

#: What is measured in one bench and held against in another: gphoto2's MB/s.
type Seen = dict[str, list[float]]


class Child:
    """A process of this bench, talked to by lines."""

    def __init__(self, file: str, *options: object) -> None:
        """Start it."""
        command = [sys.executable, str(ROOM), str(HERE / file), *map(str, options)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def say(self, line: str) -> None:
        """Send a line."""
        if self._process.stdin:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def hear(self) -> str:
        """Receive a line."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit("a process of this bench has ended before its time")
        return line

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

    def __init__(self, count: int, size: int, maker: str) -> None:
        """Start it; port: where it listens."""
        super().__init__("import_camera.py", count, size, maker)
        self.port = int(self.hear())

    @classmethod
    @contextlib.contextmanager
    def run(cls, count: int, maker: str, size: int = PICTURE) -> Iterator[Self]:
        """Start it, and end it."""
        camera = cls(count, size, maker)
        try:
            yield camera
        finally:
            camera.close()

    def ask(self, line: str) -> float:
        """Say a line; give the answer."""
        self.say(line)
        return float(self.hear())


@contextlib.contextmanager
def place(where: Path | None) -> Iterator[Path]:
    """A folder that goes afterwards, with all that is still to be written of it."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=where))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        os.sync()


def ours(act: str, port: int, folder: Path, shots: int = 0) -> Child:
    """Start an importer."""
    return Child("import_act.py", act, port, folder, shots)


def bench_copy(given: argparse.Namespace, sizes: Sizes, seen: Seen) -> Iterator[Figure]:
    """Copy in turns."""
    total = sizes.copied * PICTURE
    results: dict[str, list[dict[str, Any]]] = {"ours": [], "gphoto2": []}
    with Camera.run(sizes.copied, given.maker) as camera:
        for _ in range(given.rounds):
            for name, copier in (("ours", _copy_ours), ("gphoto2", _copy_gphoto2)):
                with place(given.where) as folder:
                    said = copier(camera.port, folder)
                if said["bytes"] != total:
                    raise SystemExit(f"{name} copied {said['bytes']} of {total} bytes")
                results[name].append(said)
    rates = {
        name: [total / said["seconds"] / MB for said in each] for name, each in results.items()
    }
    peaks = {name: [said["peak"] / MB for said in each] for name, each in results.items()}
    seen["gphoto2"] = rates["gphoto2"]
    what, goal = f"{sizes.copied} files of 5 MB", Goal("ratio", 1.2, at_least=True)
    yield Figure.of(f"{what}: speed", rates["ours"], "gphoto2", rates["gphoto2"], "MB/s", goal)
    yield Figure.of(
        f"{what}: memory of the process", peaks["ours"], "gphoto2", peaks["gphoto2"], "MB"
    )


def _copy_ours(port: int, folder: Path) -> dict[str, Any]:
    return ours("copy", port, folder).last()


def _copy_gphoto2(port: int, folder: Path) -> dict[str, Any]:
    began = time.monotonic()
    usage = gphoto2(port, folder, "--get-all-files")
    seconds = time.monotonic() - began
    copied = sum(path.stat().st_size for path in folder.glob("IMG_*"))
    return {"seconds": seconds, "bytes": copied, "peak": usage.ru_maxrss * 1024}


def bench_shots(given: argparse.Namespace, sizes: Sizes, _: Seen) -> Iterator[Figure]:
    """Shoot, and see when the host is told."""
    bare, whole = [], []
    with Camera.run(0, given.maker) as camera, place(given.where) as folder:
        process = ours("shoot", camera.port, folder, sizes.shots)
        process.hear()
        for number in range(1, sizes.shots + 1):
            shot = camera.ask(f"shoot {number}")
            said = json.loads(process.hear())
            whole.append((said["at"] - shot) * MS)
            bare.append(said["bare"] * MS)
        process.last()
    goal = Goal("over", 100)
    yield Figure.of("from the shutter to the library", whole, "bare transfer", bare, "ms", goal)


def bench_known(given: argparse.Namespace, sizes: Sizes, _: Seen) -> Iterator[Figure]:
    """Look at known pictures again."""
    with Camera.run(sizes.known, given.maker) as camera, place(given.where) as folder:
        process = ours("known", camera.port, folder)
        process.hear()
        before = camera.ask("asked")
        process.say("go")
        said = process.last()
        between = camera.ask("asked")
        for number in range(1, sizes.known + 1):
            (folder / name_of(number)).touch()
        began = time.monotonic()
        gphoto2(camera.port, folder, "--skip-existing", "--get-all-files")
        seconds = time.monotonic() - began
        after = camera.ask("asked")
    if said["known"] != sizes.known:
        raise SystemExit(f"only {said['known']} of {sizes.known} are known")
    what, peer = f"{sizes.known} known pictures looked at", "gphoto2 --skip-existing"
    yield Figure.of(what, [said["seconds"]], peer, [seconds], "s")
    yield Figure.of(what, [between - before], peer, [after - between], "requests")


def bench_large(given: argparse.Namespace, _sizes: Sizes, _: Seen) -> Iterator[Figure]:
    """Import a file whose length has more than 32 bits, and read it back."""
    with Camera.run(1, given.maker, LARGE) as camera:
        with place(given.where) as folder:
            said = _copy_ours(camera.port, folder)
            (path,) = (folder / "media").rglob("IMG_*")
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if path.stat().st_size != LARGE or digest != digest_of(LARGE):
                raise SystemExit("the large file has not the camera's bytes")
        with place(given.where) as folder:
            theirs = _copy_gphoto2(camera.port, folder)
    rates = [[each["bytes"] / each["seconds"] / MB] for each in (said, theirs)]
    yield Figure.of("a file of 5 GiB: speed", rates[0], "gphoto2", rates[1], "MB/s")


def bench_home(given: argparse.Namespace, sizes: Sizes, seen: Seen) -> Iterator[Figure]:
    """Import into a running Home Assistant."""
    count = sizes.copied
    with Camera.run(count, given.maker) as camera:
        command = [sys.executable, HERE / "import_home.py"]
        command += ["--camera", camera.port, "--count", count]
        command += ["--where", given.where] if given.where else []
        done = subprocess.run([*map(str, command)], stdout=subprocess.PIPE, text=True, check=True)
    said = json.loads(done.stdout)
    if said["bytes"] != count * PICTURE:
        raise SystemExit(f"Home Assistant has {said['bytes']} of {count * PICTURE} bytes")
    held, idle = said["busy"], said["idle"]
    for what, name, goal in (
        ("at most", "held", Goal("ours", 20)),
        ("in 99 of 100 looks", "held99", None),
    ):
        yield Figure.of(
            f"Home Assistant's loop held meanwhile, {what}",
            *([held[name]], "the same, idle", [idle[name]], "ms"),
            goal,
        )
    if "gphoto2" in seen:
        rate = [said["bytes"] / said["seconds"] / MB] * len(seen["gphoto2"])
        what = f"{count} files of 5 MB into Home Assistant: speed"
        yield Figure.of(what, rate, "gphoto2", seen["gphoto2"], "MB/s")


BENCHES: Final[dict[str, Callable[[argparse.Namespace, Sizes, Seen], Iterator[Figure]]]] = {
    "copy": bench_copy,
    "shots": bench_shots,
    "known": bench_known,
    "home": bench_home,
    "large": bench_large,
}


def main() -> int:
    """Run what was asked for; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench/import", description=__doc__)
    parser.add_argument("benches", nargs="*", metavar="BENCH", help=", ".join(BENCHES))
    parser.add_argument("--rounds", type=int, default=2, help="turns of each in copy")
    parser.add_argument("--small", action="store_true", help="few pictures, to see that it works")
    parser.add_argument("--where", type=Path, help="a folder on the disk to write to")
    parser.add_argument("--maker", choices=list(PERSONALITIES), default="generic")
    add_option(parser)
    given = parser.parse_args()
    if not shutil.which("gphoto2"):
        raise SystemExit("gphoto2, the peer, is not installed (apt install gphoto2)")
    sizes: Sizes = SMALL if given.small else Sizes()
    seen: Seen = {}
    chosen = given.benches or [name for name in BENCHES if name != "large"]
    figures = [figure for name in chosen for figure in BENCHES[name](given, sizes, seen)]
    return conclude(figures, given.json)


if __name__ == "__main__":
    sys.exit(main())
