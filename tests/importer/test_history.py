"""Random histories of a camera, a library and its person, against a model of what must come of it."""

from contextlib import suppress
from copy import copy
from datetime import timedelta
import errno
import os
from pathlib import Path
import random
import sys
from typing import Any

import pytest

from custom_components.crcp.importer import executor, transfer
from custom_components.crcp.importer.errors import LibraryFull
from custom_components.crcp.importer.naming import part_name
from custom_components.crcp.importer.recovery import open_ledger
from custom_components.crcp.importer.source import Photo

from .bench import NOW, TAKEN, Bench, FakeSource, LinkLost
from .fake_os import Call, lay_over
from .test_crashes import Stopped, World

HISTORIES = 500
STEPS = 10
#: So the first pictures of a card are numbered 9998, 9999 and 0001.
FIRST = 9997
ENDINGS = ("JPG", "NEF", "MOV")


class Camera(FakeSource):
    """Cards as a dictionary; its number wraps early, its handles begin anew with each card."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.number = FIRST
        self.folder = 100
        self.shots = 0
        self.mirrors = False

    def shoot(self) -> list[bytes]:
        """Take a picture, in one format or more; return the bytes of its files."""
        self.shots += 1
        self.number += 1
        if self.number > 9999:
            self.number, self.folder = 1, self.folder + 1
        # Its clock is lost now and then, and undated ones are soon alike in all.
        dated = self.chance.random() < 0.4
        taken = TAKEN + self.shots * timedelta(minutes=1) if dated else None
        made = []
        for ending in self.chance.sample(ENDINGS, self.chance.choice((1, 1, 2))):
            size = self.chance.choice((0, 50, 900, 2500)) if dated else 900
            data = self.chance.randbytes(size + 8)
            folder = f"DCIM/{self.folder}CRCP"
            about = {"folder": folder, "capture_date": taken}
            self.add(f"DSC_{self.number:04}.{ending}", data, **about)
            if self.mirrors:
                self.add(f"DSC_{self.number:04}.{ending}", data, storage="00020001", **about)
            made.append(data)
        return made

    def edit(self) -> None:
        """Crop a picture, which takes the place of what it was."""
        photo = self.chance.choice(list(self.cards))
        data = self.cards.pop(photo) + self.chance.randbytes(9)
        self.add(
            photo.filename,
            data,
            folder=photo.folder,
            storage=photo.storage,
            capture_date=photo.capture_date,
            handle=photo.handle,
        )

    def swap(self) -> dict[Photo, bytes]:
        """Put another card in; return the one that was there."""
        card, self.cards = self.cards, {}
        return card


class Model:
    """What must be in the library: what was imported, less what the person deleted."""

    def __init__(self) -> None:
        self.expected: set[bytes] = set()
        self.deleted: set[bytes] = set()

    def imported(self, card: dict[Photo, bytes]) -> None:
        """A run got through."""
        self.expected |= set(card.values()) - self.deleted


class History:
    """One random life."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.bench = Bench(folder)
        self.chance = chance
        self.camera = Camera(chance)
        self.model = Model()
        self.drawer: list[dict[Photo, bytes]] = []
        self.counts: dict[str, int] = {}

    async def live(self) -> None:
        """Do things in any order, then import; the library must be as the model says."""
        events = (self.shoot, self.shoot, self.run, self.cut, self.kill, self.delete, self.format)
        for _ in range(STEPS):
            others = (self.swap, self.lose_ledger, self.edit, self.mirror, self.fill_the_disk)
            event = self.chance.choice((*events, *others))
            self.counts[event.__name__] = self.counts.get(event.__name__, 0) + 1
            await event()
            self.check_nothing_is_half_or_twice()
        await self.run()
        shown = sorted(self.shown())
        assert shown == sorted(self.model.expected)
        assert {path.name for path in self.bench.library.rglob(".*")} <= self.part_names()
        assert self.bench.ledger.unknown(self.camera.cards) == []
        self.bench.ledger.close()

    def session(self) -> Camera:
        """The camera over a connection of its own: what was settled in one is not in the next."""
        return copy(self.camera)

    def shown(self) -> list[bytes]:
        """What a person sees in the library."""
        return [data for path, data in self.bench.files().items() if "/." not in path]

    def part_names(self) -> set[str]:
        """The part files of photos on other cards, that a run may yet come back for."""
        begun = self.bench.ledger.begun_before("042", NOW + timedelta(days=1))
        here = set(self.camera.cards)
        return {part_name(b.path.name, photo) for photo, b in begun if photo not in here}

    def check_nothing_is_half_or_twice(self) -> None:
        """True at any moment."""
        shown = self.shown()
        assert len(shown) == len(set(shown))
        on_cards = {data for card in (self.camera.cards, *self.drawer) for data in card.values()}
        assert set(shown) <= self.model.expected | on_cards
        assert self.model.expected <= set(shown)
        assert not set(shown) & self.model.deleted

    async def shoot(self) -> None:
        self.camera.shoot()

    async def run(self) -> None:
        report = await self.bench.importer.run(self.session())
        assert not report.failed
        self.model.imported(self.camera.cards)

    async def cut(self) -> None:
        """Lose the link within a photo; what came before it stays."""
        if self.camera.cards:
            photo = self.chance.choice(list(self.camera.cards))
            self.camera.failures[photo] = LinkLost()
            self.camera.fails_after = self.chance.randrange(3000)
            with suppress(LinkLost):
                await self.bench.importer.run(self.session())
            self.camera.failures.clear()
        self.learn()

    async def kill(self) -> None:
        """Kill at some step; no clean-up has any effect."""
        world = World(self.chance.randrange(80), kill=True, after=self.chance.random() < 0.5)
        with pytest.MonkeyPatch.context() as patch:
            lay_over(patch, world.step)
            with suppress(Stopped):
                await self.bench.importer.run(self.session())
            world.bury()
        self.bench.restart()
        self.learn()

    async def delete(self) -> None:
        """The person deletes a file that is there and known."""
        files = [path for path in self.bench.files() if "/." not in path]
        known = self.bench.ledger.database.all("SELECT path FROM imported")
        files = [path for path in files if (path,) in known]
        if files:
            path = self.bench.library / self.chance.choice(files)
            data = path.read_bytes()
            path.unlink()
            self.model.deleted.add(data)
            self.model.expected.discard(data)

    async def format(self) -> None:
        """Format a card; only a run that got through made its photos safe."""
        await self.run()
        self.camera.cards.clear()
        self.camera.number = self.chance.choice((0, FIRST, self.camera.number))
        self.camera.folder = 100

    async def edit(self) -> None:
        if self.camera.cards:
            self.camera.edit()

    async def mirror(self) -> None:
        """Let each slot have all that is taken from now on, or no more."""
        self.camera.mirrors = not self.camera.mirrors

    async def fill_the_disk(self) -> None:
        """Have it full after some writes; then somebody makes room."""
        left = self.chance.randrange(12)

        def write(name: str, _: tuple[Any, ...], call: Call) -> Any:
            nonlocal left
            left -= name == "write"
            if name == "write" and left < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return call()

        with pytest.MonkeyPatch.context() as patch:
            lay_over(patch, write)
            with suppress(LibraryFull):
                await self.bench.importer.run(self.session())
        self.learn()

    async def swap(self) -> None:
        """Change the card, for an empty one or one from the drawer."""
        self.drawer.append(self.camera.swap())
        if self.chance.random() < 0.5:
            self.camera.cards = self.drawer.pop(self.chance.randrange(len(self.drawer)))

    async def lose_ledger(self) -> None:
        """Lose the ledger, as long as it holds nothing that only it knows."""
        if self.model.deleted:
            return
        self.bench.ledger.close()
        for path in self.bench.ledger_path.parent.glob("ledger.sqlite*"):
            path.unlink()
        self.bench.ledger = open_ledger(self.bench.ledger_path, self.bench.library)
        self.bench.importer = self.bench.make_importer()

    def learn(self) -> None:
        """A run that ended early imported some; which, the library shows. The rest is checked."""
        self.model.expected |= set(self.shown())


async def test_whatever_happens_the_library_is_what_the_model_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "LEAST_TO_KEEP", 400)
    monkeypatch.setattr(executor, "PIECE", 400)
    monkeypatch.setattr(transfer, "CHECKPOINT", 800)
    seed = random.randrange(1 << 32)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    counts: dict[str, int] = {}
    for number in range(HISTORIES):
        place = tmp_path / str(number)
        place.mkdir()
        history = History(place, chance)
        await history.live()
        for name, count in history.counts.items():
            counts[name] = counts.get(name, 0) + count
    sys.stdout.write(f"{HISTORIES} histories: {counts}\n")
