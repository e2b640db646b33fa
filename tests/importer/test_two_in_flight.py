"""A photo is fetched while the one before it is stored: each is safe, whatever becomes of the other."""

import asyncio
from collections.abc import Iterator
import errno
from pathlib import PurePosixPath
import threading
from typing import Any

import pytest

from custom_components.crcp.importer import importer
from custom_components.crcp.importer.errors import LibraryFull, NameTaken
from custom_components.crcp.importer.files import PartFile, Stored
from custom_components.crcp.importer.room import Room
from custom_components.crcp.importer.source import Photo, Write

from ..helpers import until
from .bench import Bench, FakeSource, LinkLost
from .wire import WiredCamera

FOLDER = "Kitchen/2026/2026-05-01"


@pytest.fixture
def source() -> FakeSource:
    source = FakeSource()
    for number in (1, 2, 3):
        source.add(f"{number}.JPG")
    return source


class Publishing:
    """Holds the first photo at the point where it is whole and has no name yet."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.reached, self.free = threading.Event(), threading.Event()
        self.error: BaseException | None = None
        real = PartFile.publish

        def publish(part: PartFile, modified: float | None) -> Stored:
            if not self.reached.is_set():
                self.reached.set()
                assert self.free.wait(10)
                if self.error:
                    raise self.error
            return real(part, modified)

        patch.setattr(PartFile, "publish", publish)


@pytest.fixture
def publishing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publishing]:
    publishing = Publishing(monkeypatch)
    yield publishing
    publishing.free.set()


def names(source: FakeSource) -> list[str]:
    return [photo.filename for photo in source.fetched]


def shown(bench: Bench) -> list[str]:
    return [path for path in bench.files() if "/." not in path]


async def both_in_flight(
    bench: Bench, source: FakeSource, publishing: Publishing
) -> asyncio.Task[Any]:
    """Begin a run, and come back when the second photo is fetched and the first not stored."""
    run = asyncio.create_task(bench.importer.run(source))
    await until(publishing.reached.is_set)
    await until(lambda: len(source.fetched) == 2)
    assert not bench.told
    return run


async def test_a_photo_is_fetched_while_the_one_before_it_is_stored(
    bench: Bench, source: FakeSource, publishing: Publishing
) -> None:
    run = await both_in_flight(bench, source, publishing)
    # Of the second there is nothing yet, neither in the library nor in the ledger.
    assert [path.rpartition("/")[2][:7] for path in bench.files()] == [".1.JPG."]
    assert bench.ledger.half_done(["042"]) == set()
    assert bench.ledger.begun(next(reversed(source.cards))) is None
    publishing.free.set()
    assert (await run).imported == 3
    assert [imported.photo.filename for imported in bench.told] == ["1.JPG", "2.JPG", "3.JPG"]
    assert list(bench.files().values()) == list(source.cards.values())


async def test_a_disk_that_fills_under_the_first_keeps_the_second_out(
    bench: Bench, source: FakeSource, publishing: Publishing
) -> None:
    run = await both_in_flight(bench, source, publishing)
    publishing.error = LibraryFull(bench.library, errno.ENOSPC, "full")
    publishing.free.set()
    with pytest.raises(LibraryFull):
        await run
    assert bench.files() == {}
    assert bench.told == []
    assert names(source) == ["1.JPG", "2.JPG"]
    assert (await bench.importer.run(source)).imported == 3
    assert list(bench.files().values()) == list(source.cards.values())


async def test_a_first_that_cannot_be_stored_costs_only_itself(
    bench: Bench, source: FakeSource, publishing: Publishing
) -> None:
    run = await both_in_flight(bench, source, publishing)
    publishing.error = NameTaken("1.JPG")
    publishing.free.set()
    report = await run
    assert [failure.photo.filename for failure in report.failed] == ["1.JPG"]
    assert report.imported == 2
    assert shown(bench) == [f"{FOLDER}/2.JPG", f"{FOLDER}/3.JPG"]


async def test_a_link_that_is_lost_in_the_second_does_not_cost_the_first(
    bench: Bench, source: FakeSource, publishing: Publishing
) -> None:
    second = list(source.cards)[1]
    source.failures[second] = LinkLost()
    run = await both_in_flight(bench, source, publishing)
    publishing.free.set()
    with pytest.raises(LinkLost):
        await run
    assert list(bench.files()) == [f"{FOLDER}/1.JPG"]
    assert [imported.photo.filename for imported in bench.told] == ["1.JPG"]
    source.failures.clear()
    assert (await bench.importer.run(source)).imported == 2


async def test_a_cancelled_run_ends_when_the_first_is_stored(
    bench: Bench, source: FakeSource, publishing: Publishing
) -> None:
    run = await both_in_flight(bench, source, publishing)
    for _ in range(3):
        run.cancel()
        await asyncio.sleep(0)
        assert not run.done()
    publishing.free.set()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert list(bench.files()) == [f"{FOLDER}/1.JPG"]
    assert [imported.photo.filename for imported in bench.told] == ["1.JPG"]
    report = await bench.importer.run(source)
    assert (report.imported, report.known) == (2, 1)


async def test_a_second_of_the_same_name_finds_it_taken_and_a_pair_stays_one(
    bench: Bench, publishing: Publishing
) -> None:
    source = FakeSource()
    source.add("1.JPG", folder="DCIM/100CRCP")
    source.add("1.JPG", folder="DCIM/101CRCP")
    source.add("1.NEF", folder="DCIM/101CRCP")
    run = await both_in_flight(bench, source, publishing)
    publishing.free.set()
    assert (await run).imported == 3
    assert list(bench.files()) == [f"{FOLDER}/{name}" for name in ("1-1.JPG", "1-1.NEF", "1.JPG")]


async def test_a_mirrored_card_in_flight_gives_one_file(
    bench: Bench, publishing: Publishing
) -> None:
    source = FakeSource()
    source.add("1.JPG", b"the same" * 100)
    source.add("1.JPG", b"the same" * 100, storage="00020001")
    run = await both_in_flight(bench, source, publishing)
    publishing.free.set()
    report = await run
    assert (report.imported, report.known) == (1, 1)
    assert list(bench.files()) == [f"{FOLDER}/1.JPG"]


@pytest.mark.parametrize("reason", ["large", "half done"])
async def test_a_photo_that_has_reasons_waits_until_the_first_is_stored(
    bench: Bench,
    source: FakeSource,
    publishing: Publishing,
    monkeypatch: pytest.MonkeyPatch,
    reason: str,
) -> None:
    second = list(source.cards)[1]
    if reason == "large":
        monkeypatch.setattr(importer, "MAX_EARLY", 999)
    else:
        monkeypatch.setattr(bench.ledger, "half_done", lambda _: {second})
    run = asyncio.create_task(bench.importer.run(source))
    await until(publishing.reached.is_set)
    for _ in range(20):
        await asyncio.sleep(0)
    assert names(source) == ["1.JPG"]
    publishing.free.set()
    assert (await run).imported == 3


class CountingSource(FakeSource):
    """Remembers how many photos were deleted when each was asked for."""

    async def fetch(self, photo: Photo, write: Write, offset: int = 0) -> int:
        self.offsets.append(len(self.deleted))
        return await super().fetch(photo, write, offset)


async def test_what_is_deleted_on_the_camera_is_stored_before_anything_else_is_fetched(
    bench: Bench,
) -> None:
    source = CountingSource()
    for number in (1, 2, 3):
        source.add(f"{number}.JPG")
    assert (await bench.make_importer(delete=True).run(source)).deleted == 3
    assert source.offsets[::2] == [0, 1, 2]


async def test_a_second_without_room_costs_no_session(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The camera's answer is read to its end, and the bytes go nowhere."""
    for number in (1, 2):
        wired.add(f"{number}.JPG", bytes(3_000_000 + number))
    real, asked = Room.check_space, 0

    def check_space(room: Room, size: int, *way: PurePosixPath) -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise LibraryFull(bench.library, errno.ENOSPC, "full")
        real(room, size, *way)

    monkeypatch.setattr(Room, "check_space", check_space)
    async with wired.session() as camera:
        with pytest.raises(LibraryFull):
            await bench.importer.run(camera)
        assert shown(bench) == list(bench.files()) == [f"{FOLDER}/1.JPG"]
        report = await bench.importer.run(camera)
        assert (report.imported, report.known) == (1, 1)
    assert sorted(bench.files().values(), key=len) == sorted(wired.contents, key=len)
