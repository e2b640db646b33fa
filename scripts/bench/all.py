"""Run every bench, one after the other, and write what they say into docs/benchmarks.md.

Take a machine with nothing else to do: what is printed beside a peer is fair on a busy one too, but
seconds and milliseconds are not. --quick tries everything with small sizes and prints the page.
"""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
import os
from pathlib import Path
import platform
import subprocess
import sys
import time
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Bench:
    """One bench. peer: what it is held against, on the same machine and in turns with ours."""

    name: str
    title: str
    peer: str
    full: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


WRITTEN: Final = """\
Written by `scripts/bench/all`. A figure counts beside its peer, which ran on the same machine, in turns with
ours: seconds alone tell of the machine.
"""

BENCHES: Final = (
    Bench(
        "crcp",
        "A command to a unit",
        "A bare echo: asyncio's own streams, lines of the same size, and nothing else.",
        quick=("--turns", "1", "--seconds", "0.2"),
    ),
    Bench(
        "units",
        "A hundred units in one Home Assistant",
        "The same command sent by the bare client; the action's time is what is above it.",
        quick=("--units", "3", "--minutes", "0.05", "--actions", "4"),
    ),
    Bench(
        "stream",
        "A unit's picture, from the tape to the eye",
        "The tape itself: each picture says when it was on it.",
        quick=("--pictures", "10", "--seconds", "2"),
    ),
    Bench(
        "ptpip",
        "Copying pictures from a camera to the disk",
        "gphoto2, and a plain copy of the same bytes that looks at nothing.",
        quick=("--rounds", "1", "200x5MB"),
    ),
    Bench(
        "import",
        "Importing pictures: hash, flush, ledger, name",
        "gphoto2 --get-all-files into a folder on the same disk.",
        quick=("--rounds", "1", "copy"),
    ),
)


def run(bench: Bench, *, quick: bool) -> str:
    """Run a bench, and return its part of the page."""
    options = bench.quick if quick else bench.full
    print(f"bench: {bench.name} {' '.join(options)}".rstrip(), file=sys.stderr, flush=True)
    began = time.monotonic()
    done = subprocess.run(
        [ROOT / "scripts" / "bench" / bench.name, *options],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    took = time.monotonic() - began
    verdict = "" if done.returncode == 0 else " It missed a goal that it names, or did not work."
    command = " ".join((f"scripts/bench/{bench.name}", *options))
    return (
        f"## {bench.title}\n\nBeside ours: {bench.peer}\n\n"
        f"```\n{done.stdout.strip()}\n```\n\n`{command}`, {took:.0f} s.{verdict}\n"
    )


def machine() -> str:
    """What all of it ran on."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} "
        f"processors ({cpu}), load {load:.1f} at the beginning."
    )


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [bench.name for bench in BENCHES]
    parser.add_argument("only", nargs="*", metavar="BENCH", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="small sizes; prints, writes nothing")
    given = parser.parse_args()
    if unknown := set(given.only) - set(names):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    about = machine()
    parts = [
        run(bench, quick=given.quick)
        for bench in BENCHES
        if not given.only or bench.name in given.only
    ]
    page = "\n".join(
        [
            "# Benchmarks\n",
            WRITTEN,
            f"{about}\n",
            *parts,
        ]
    )
    if given.quick or given.only:
        print(page)
    else:
        PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
