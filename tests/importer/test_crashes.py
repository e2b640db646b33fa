"""Stop a run at each of its steps, start again, and find every photo once, whole, and known."""

from collections.abc import Callable, Iterator
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from custom_components.crcp.importer import files, folders
from custom_components.crcp.importer.errors import LibraryError

from .bench import Bench, FakeSource, some_bytes
from .fake_os import Call, lay_over

#: More than a run has. The tests stop at the first step that a run does not come to.
ENDLESS = 1000


class Stopped(BaseException):
    """What stops a run: no handler of ours expects it."""


class World:
    """Counts the steps of a run, and ends before or after one of them.

    kill: nothing happens from then on, as after SIGKILL: no clean-up has any effect. Otherwise the
    step raises once, and clean-up works.
    """

    def __init__(self, at: int = ENDLESS, *, kill: bool = False, after: bool = False) -> None:
        self.at = at
        self.kill = kill
        self.after = after
        self.names: list[str] = []
        self.opened: set[int] = set()

    @property
    def ended(self) -> bool:
        return len(self.names) > self.at

    def step(self, name: str, args: tuple[Any, ...], call: Call) -> Any:
        if self.ended and self.kill:
            raise Stopped
        self.names.append(name)
        if len(self.names) - 1 != self.at:
            return self._call(name, args, call)
        if self.after:
            result = self._call(name, args, call)
            if hasattr(result, "close"):
                result.close()  # nobody gets it who could
        raise Stopped

    def bury(self) -> None:
        """Do what the end of a process does."""
        for descriptor in self.opened:
            os.close(descriptor)
        files._WRITING.clear()
        folders._FLUSHED.clear()

    def _call(self, name: str, args: tuple[Any, ...], call: Call) -> Any:
        result = call()
        if name == "open":
            self.opened.add(result)
        elif name in ("close", "fdopen"):
            self.opened.discard(args[0])
        return result


def nothing_yet(bench: Bench, source: FakeSource) -> None:
    """An empty library."""


def names_taken(bench: Bench, source: FakeSource) -> None:
    """Somebody else's files have the photos' names."""
    folder = bench.library / "Kitchen/2026/2026-05-01"
    folder.mkdir(parents=True)
    for photo in source.cards:
        (folder / photo.filename).write_bytes(b"somebody else's")


def mirrored(bench: Bench, source: FakeSource) -> None:
    """The second card mirrors the first."""
    for photo, data in list(source.cards.items()):
        source.add(photo.filename, data, storage="00020001")


def no_hard_links(bench: Bench, source: FakeSource) -> None:
    """The library's file system is FAT, say; see test_f3_stopped_at_any_step."""
    names_taken(bench, source)


SCENES: list[Callable[[Bench, FakeSource], None]] = [
    nothing_yet,
    names_taken,
    mirrored,
    no_hard_links,
]


@pytest.fixture(params=SCENES, ids=lambda scene: scene.__name__)
def scene(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param is no_hard_links:

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    return request.param


def photos(bench: Bench) -> list[bytes]:
    """The files that a user sees, without what somebody else put there."""
    return sorted(
        data
        for path, data in bench.files().items()
        if not path.rpartition("/")[2].startswith(".") and data != b"somebody else's"
    )


def check_what_is_there(bench: Bench, source: FakeSource) -> None:
    """At no time is there half a photo under a final name, or a row without its photo."""
    whole = set(source.cards.values())
    seen = photos(bench)
    assert set(seen) <= whole
    assert len(seen) == len(set(seen))
    for photo, data in source.cards.items():
        record = bench.ledger.find(photo)
        assert record is None or (bench.library / record.path).read_bytes() == data


def check_all_is_done(bench: Bench, source: FakeSource) -> None:
    """Every photo is there once and known, and nothing else is left."""
    assert photos(bench) == sorted(set(source.cards.values()))
    assert not list(bench.library.rglob(".*"))
    assert bench.ledger.unknown(source.cards) == []
    told = [imported.photo for imported in bench.told]
    assert len(told) == len(set(told))
    check_what_is_there(bench, source)


def benches(folder: Path) -> Iterator[tuple[int, Bench, FakeSource]]:
    """A fresh library for each step."""
    for at in range(ENDLESS):
        place = folder / str(at)
        place.mkdir()
        source = FakeSource()
        source.add("1.JPG", some_bytes(1))
        yield at, Bench(place), source


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("kill", [False, True], ids=["raise", "kill"])
async def test_f3_stopped_at_any_step_a_run_loses_and_doubles_nothing(
    tmp_path: Path, scene: Callable[[Bench, FakeSource], None], kill: bool, after: bool
) -> None:
    for at, bench, source in benches(tmp_path):
        scene(bench, source)
        world = World(at, kill=kill, after=after)
        with pytest.MonkeyPatch.context() as patch:
            lay_over(patch, world.step)
            if await run_was_stopped(bench, source):
                assert world.ended
            world.bury()
        check_what_is_there(bench, source)
        if not kill:
            assert not list(bench.library.rglob(".*"))
        bench.restart()
        await bench.importer.run(source)
        check_all_is_done(bench, source)
        bench.ledger.close()
        if not world.ended:
            break
    assert at > 20


async def run_was_stopped(bench: Bench, source: FakeSource) -> bool:
    try:
        await bench.importer.run(source)
    except Stopped:
        return True
    return False


@pytest.mark.usefixtures("small_pieces")
async def test_f3_stopped_again_and_again_a_run_gets_through(bench: Bench) -> None:
    """One more step each time, and never a clean-up."""
    source = FakeSource()
    for number in range(3):
        source.add(f"{number}.JPG", some_bytes(number))
    for at in range(ENDLESS):
        world = World(at, kill=True)
        with pytest.MonkeyPatch.context() as patch:
            lay_over(patch, world.step)
            stopped = await run_was_stopped(bench, source)
            world.bury()
        check_what_is_there(bench, source)
        if not stopped:
            break
        bench.restart()
    check_all_is_done(bench, source)


class Journal:
    """Knows what a power failure would take: files and folders, by inode, that are not flushed."""

    def __init__(self) -> None:
        self.unflushed: set[tuple[str, int]] = set()
        self.committed = 0

    def step(self, name: str, args: tuple[Any, ...], call: Call) -> Any:
        result = call()
        match name:
            case "mkdir":
                self.unflushed.add(("entry", self.inode(call)))
            case "write":
                self.unflushed.add(("data", os.fstat(args[0]).st_ino))
            case "fsync":
                inode = os.fstat(args[0]).st_ino
                self.unflushed -= {("data", inode), ("entry", inode)}
            case "unlink":
                self.unflushed = {item for item in self.unflushed if item[0] != "data"}
                self.unflushed.add(("entry", self.inode(call)))
            case "link" | "rename":
                # The part file's bytes must be safe before they get a final name.
                assert "data" not in dict(self.unflushed)
                self.unflushed.add(("entry", self.inode(call)))
            case "ledger.add":
                assert self.unflushed == set()
                self.committed += 1
        return result

    @staticmethod
    def inode(call: Any) -> int:
        descriptor = call.keywords.get("dir_fd", call.keywords.get("dst_dir_fd"))
        return os.fstat(descriptor).st_ino


async def test_f4_each_step_is_on_the_disk_before_the_next(
    bench: Bench, scene: Callable[[Bench, FakeSource], None]
) -> None:
    source = FakeSource()
    source.add("1.JPG", some_bytes(1))
    source.add("2.JPG", some_bytes(2))
    scene(bench, source)
    journal = Journal()
    with pytest.MonkeyPatch.context() as patch:
        lay_over(patch, journal.step)
        await bench.importer.run(source)
    assert journal.committed == len(source.cards)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.usefixtures("small_pieces")
async def test_f5_whatever_call_the_system_refuses_nothing_is_lost_or_doubled(
    tmp_path: Path, code: int
) -> None:
    for at, bench, source in benches(tmp_path):
        count = 0

        def refuse(name: str, args: tuple[Any, ...], call: Call, at: int = at) -> Any:
            nonlocal count
            count += 1
            # What was flushed has nothing left that a close could refuse.
            if count - 1 == at and name != "close" and not name.startswith("ledger."):
                raise OSError(code, os.strerror(code))
            return call()

        with pytest.MonkeyPatch.context() as patch:
            lay_over(patch, refuse)
            try:
                await bench.importer.run(source)
            except LibraryError:
                pass
        check_what_is_there(bench, source)
        await bench.importer.run(source)
        check_all_is_done(bench, source)
        bench.ledger.close()
        if count <= at:
            break
