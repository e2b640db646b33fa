"""Run every bench, one after the other, and write what they find into docs/benchmarks.md.

Take a machine with nothing else to do: what is printed beside a peer is fairer than seconds alone,
but on a busy machine both wait for their turn. It takes about six minutes. --quick tries everything
with small sizes and prints the page.
"""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
import json
import os
from pathlib import Path
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Final

from figures import Figure
from page import Run, page

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "benchmarks.md"

#: How much of what a bench said is shown where it gave no figures.
LAST_WORDS: Final = 2000


@dataclass(frozen=True, slots=True)
class Bench:
    """One bench. about: what it does and what it is held against."""

    name: str
    title: str
    about: str
    quick: tuple[str, ...]


BENCHES: Final = (
    Bench(
        "crcp",
        "A command to a unit",
        """\
The *bare echo* is asyncio's own streams and nothing else: lines of the same size, in the same two processes, asked in
turns with ours. *ftplib*, Python's FTP client, reads the same reply and leaves it text; we make values of it, each held
against its range.""",
        ("--turns", "1", "--seconds", "0.2"),
    ),
    Bench(
        "units",
        "A hundred units in one Home Assistant",
        """\
*template* is Home Assistant's own integration, with as many entities of the same platforms, in a Home Assistant of its
own; it has nobody to talk to. The *bare client* is our controller alone, without Home Assistant: it connects to as many
units of its own and reads their states, asks them as often as we do, and sends the command of an action in turns with
it. All are idle during the same minute, each in a process of its own, whose processor time counts.""",
        ("--units", "3", "--minutes", "0.05", "--actions", "4"),
    ),
    Bench(
        "stream",
        "A unit's picture, from the tape to the eye",
        """\
*ffmpeg* is sent the same tape by the same unit as RTP over UDP (mode P 7), with its options for low delay; others make
it no earlier. The pictures are numbered, so each says when it was on the tape; it is seen when it is decoded and its
number is read. Ours receives the same way, and over TCP (mode S), which ffmpeg does not understand. What receiving
costs is processor time at the same tape: ffmpeg copies it into nothing. With ten viewers, ffmpeg serves ten as well,
over TCP.""",
        ("--pictures", "10", "--seconds", "2"),
    ),
    Bench(
        "ptpip",
        "Copying pictures from a camera to the disk",
        """\
*gphoto2* copies from the same virtual camera. The *plain copy* is fed with the same packets by the same sender, looks at
nothing and writes all of it. Each runs in a process of its own, in turns; what was copied is compared with the camera's
bytes. *Growth* is what copying adds to the memory of a process that runs already, as Home Assistant does.
What keeps ours behind the plain copy is told in [ptp-ip.md](ptp-ip.md#how-fast).""",
        ("--rounds", "1", "200x5MB"),
    ),
    Bench(
        "import",
        "Importing pictures: hash, flush, ledger, name",
        """\
*gphoto2* copies all files into a folder on the same disk, in turns with ours; it neither hashes nor flushes. A card that
is known already is looked at by *gphoto2 --skip-existing*, which finds a file of each name in its folder. From the
shutter to the library counts beside the *bare transfer* of the same picture. How long Home Assistant's event loop is
held is measured by asking it every millisecond, idle and while 200 pictures come.""",
        ("--rounds", "1", "--small"),
    ),
)


def run(bench: Bench, *, quick: bool) -> Run:
    """Run a bench, and return what came of it."""
    options = bench.quick if quick else ()
    command = " ".join((f"scripts/bench/{bench.name}", *options))
    print(f"bench: {command}", file=sys.stderr, flush=True)
    before, began = os.getloadavg()[0], time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        done = subprocess.run(
            [ROOT / "scripts" / "bench" / bench.name, *options, "--json", path],
            capture_output=True,
            text=True,
            check=False,
        )
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    seconds, loads = time.monotonic() - began, (before, os.getloadavg()[0])
    print(done.stdout, end="", file=sys.stderr, flush=True)
    said = (done.stdout + done.stderr).strip()
    broke = "" if found else said[-LAST_WORDS:] or f"status {done.returncode}"
    figures = tuple(map(Figure.read, found))
    return Run(bench.title, bench.about, command, seconds, loads, figures, broke)


def machine() -> str:
    """What all of it ran on, and which versions."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    versions = [
        f"Python {platform.python_version()}",
        f"Home Assistant {version('homeassistant')}",
        version_of("gphoto2", "--version"),
        version_of("ffmpeg", "-version"),
    ]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} processors ({cpu}); {', '.join(versions)}."
    )


def version_of(program: str, option: str) -> str:
    """A program's name and version, as it says itself."""
    if not shutil.which(program):
        return f"no {program} (its figures are left out)"
    done = subprocess.run([program, option], capture_output=True, text=True, check=True)
    return " ".join(done.stdout.split("\n", 1)[0].replace(" version ", " ").split()[:2])


def main() -> int:
    """Run what was asked for; 1 when a bench gave no figures."""
    parser = argparse.ArgumentParser(prog="scripts/bench/all", description=__doc__)
    names = [bench.name for bench in BENCHES]
    parser.add_argument("only", nargs="*", metavar="BENCH", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="small sizes; prints, writes nothing")
    given = parser.parse_args()
    if unknown := set(given.only) - set(names):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    chosen = [bench for bench in BENCHES if not given.only or bench.name in given.only]
    about = machine()
    runs = [run(bench, quick=given.quick) for bench in chosen]
    if given.quick or given.only:
        print(page(about, runs))
    else:
        PAGE.write_text(page(about, runs), encoding="utf-8")
    return int(any(each.broke for each in runs))


if __name__ == "__main__":
    sys.exit(main())
