"""A real importing process is killed at each of its steps and at random moments."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
import json
import math
import os
from pathlib import Path
import random
import signal
import sys
import time

import pytest

from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.virtual.camera import VirtualCamera

from .bench import some_bytes
from .cutter import picture

ROOT = Path(__file__).parents[2]
RANDOM_KILLS = 200

PHOTOS = {
    "1.JPG": some_bytes(1, 40_000),
    "2.NEF": some_bytes(2, 1_300_000),
    "3.JPG": some_bytes(3, 700),
}


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera(serial_number="042")
    for name, data in PHOTOS.items():
        camera.add_photo(picture(name, data))
    await camera.start()
    yield camera
    await camera.stop()


def say(text: str) -> None:
    """Tell whoever reads the tests' output."""
    sys.stdout.write(f"{text}\n")


class Victims:
    """Starts importing processes, kills them, and looks at what they leave."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
        self._process = process
        self._port = port
        self._folder = folder
        self.runs = 0
        self.killed = 0

    def fresh(self) -> None:
        """A library without anything, and no ledger."""
        self.runs += 1
        self.place = self._folder / str(self.runs)
        (self.place / "media").mkdir(parents=True)

    async def run(self, *, die_at: int | None = None, kill_after: float | None = None) -> int:
        """Import in a process of its own; return how it ended."""
        order = {
            "port": self._port,
            "ledger": str(self.place / "ledger.sqlite"),
            "library": str(self.place / "media"),
            "die_at": die_at,
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps(order).encode() + b"\n")
        pid = int(await stdout.readline())
        ended = asyncio.ensure_future(stdout.readline())
        if kill_after is not None:
            await asyncio.wait([ended], timeout=kill_after)
            if not ended.done():
                with suppress(ProcessLookupError):  # it may have just ended
                    os.kill(pid, signal.SIGKILL)
        status = int(await ended)
        self.killed += status == -signal.SIGKILL
        return status

    def look(self, *, complete: bool) -> None:
        """Nothing half under a final name, nothing twice, and the ledger agrees."""
        library = self.place / "media"
        shown = [path for path in library.rglob("*") if path.is_file() and path.name[0] != "."]
        assert len({path.name for path in shown}) == len(shown)
        for path in shown:
            assert path.read_bytes() == PHOTOS[path.name]
        if complete:
            assert {path.name for path in shown} == set(PHOTOS)
            assert not list(library.rglob(".*"))
            with Ledger(self.place / "ledger.sqlite") as ledger:
                rows = ledger.database.all("SELECT filename, path, size FROM imported")
                begun = ledger.database.all("SELECT path FROM begun")
            assert begun == []
            assert sorted(name for name, _, _ in rows) == sorted(PHOTOS)
            assert all((library / path).stat().st_size == size for _, path, size in rows)


@pytest.fixture
async def victims(camera: VirtualCamera, tmp_path: Path) -> AsyncIterator[Victims]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.importer.victim"),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Victims(process, camera.port, tmp_path)
    assert process.stdin
    process.stdin.close()
    assert await process.wait() == 0


async def test_f3_a_process_that_is_killed_at_any_step_loses_and_doubles_nothing(
    victims: Victims,
) -> None:
    for step in range(1000):
        victims.fresh()
        status = await victims.run(die_at=step)
        victims.look(complete=status == 0)
        if status == 0:
            break
        assert status == -signal.SIGKILL
        assert await victims.run() == 0
        victims.look(complete=True)
    say(f"killed at each of {victims.killed} steps")
    assert victims.killed == step > 60


async def test_f3_a_process_that_is_killed_at_random_moments_loses_and_doubles_nothing(
    victims: Victims,
) -> None:
    """Killed again and again in one library, until a run gets through; then a fresh one."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    say(f"seed {seed}")
    whole = math.inf
    for _ in range(4):  # the program has to start, and to become quick
        victims.fresh()
        begun = time.monotonic()
        assert await victims.run() == 0
        whole = min(whole, time.monotonic() - begun)
    libraries = 0
    while victims.killed < RANDOM_KILLS:
        victims.fresh()
        libraries += 1
        for _ in range(4):
            status = await victims.run(kill_after=chance.uniform(0, whole))
            assert status in (0, -signal.SIGKILL)
            victims.look(complete=status == 0)
            if status == 0:
                break
        else:
            assert await victims.run() == 0
            victims.look(complete=True)
    say(f"killed {victims.killed} times in {libraries} libraries")
