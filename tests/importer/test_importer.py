import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
import errno
import hashlib
import os
import threading
from typing import Any, override

import pytest

from custom_components.crcp.importer import transfer as module
from custom_components.crcp.importer.errors import (
    LedgerError,
    LibraryFull,
    LibraryMissing,
    NotStorable,
    PhotoRefused,
    UnsafePath,
    WrongLength,
)
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.run import Imported
from custom_components.crcp.importer.source import Photo, Write

from ..helpers import until
from .bench import NOW, Bench, FakeSource, LinkLost, a_photo, some_bytes
from .fake_os import Call, lay_over
from .hostile import HOSTILE_NAMES

FOLDER = "Kitchen/2026/2026-05-01"


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


async def test_all_photos_land_byte_for_byte(bench: Bench, source: FakeSource) -> None:
    photos = [source.add(f"IMG_{number}.JPG") for number in range(5)]
    report = await bench.importer.run(source)
    assert (report.imported, report.known, report.failed, report.size) == (5, 0, (), 5000)
    assert bench.files() == {f"{FOLDER}/{photo.filename}": source.cards[photo] for photo in photos}


async def test_a_second_run_imports_nothing(bench: Bench, source: FakeSource) -> None:
    source.add()
    await bench.importer.run(source)
    report = await bench.importer.run(source)
    assert (report.imported, report.known) == (0, 1)
    assert len(source.fetched) == 1


async def test_a_restart_forgets_nothing(bench: Bench, source: FakeSource) -> None:
    source.add()
    await bench.importer.run(source)
    bench.restart()
    report = await bench.importer.run(source)
    assert (report.imported, report.known) == (0, 1)
    assert len(source.fetched) == 1


async def test_renumbered_handles_are_nothing_new(bench: Bench, source: FakeSource) -> None:
    first, second = source.add("1.JPG"), source.add("2.JPG")
    await bench.importer.run(source)
    swapped = FakeSource()
    swapped.add("2.JPG", source.cards[second], handle=first.handle)
    swapped.add("1.JPG", source.cards[first], handle=second.handle)
    report = await bench.importer.run(swapped)
    assert (report.imported, report.known, swapped.fetched) == (0, 2, [])


async def test_a_used_handle_does_not_hide_a_new_photo(bench: Bench, source: FakeSource) -> None:
    first = source.add("1.JPG")
    await bench.importer.run(source)
    formatted = FakeSource()
    formatted.add("1.JPG", some_bytes("new", 999), handle=first.handle)
    report = await bench.importer.run(formatted)
    assert report.imported == 1
    assert bench.files() == {
        f"{FOLDER}/1.JPG": source.cards[first],
        f"{FOLDER}/1-1.JPG": some_bytes("new", 999),
    }


async def test_what_was_deleted_in_the_library_does_not_come_back(
    bench: Bench, source: FakeSource
) -> None:
    source.add()
    await bench.importer.run(source)
    (bench.library / FOLDER / "IMG_0001.JPG").unlink()
    await bench.importer.run(source)
    assert bench.files() == {}


async def test_the_host_is_told_of_each_photo_when_it_is_stored(
    bench: Bench, source: FakeSource
) -> None:
    photo = source.add()
    source.thumbnails[photo] = b"small"
    seen: list[tuple[bool, bool]] = []

    def look(imported: Imported) -> None:
        stored = bench.library / imported.path
        seen.append((stored.is_file(), bench.ledger.find(imported.photo) is not None))
        bench.told.append(imported)

    importer = bench.make_importer()
    importer._on_imported = look
    await importer.run(source)
    assert seen == [(True, True)]
    (told,) = bench.told
    assert told.photo == photo
    assert str(told.path) == f"{FOLDER}/IMG_0001.JPG"
    assert told.sha256 == hashlib.sha256(source.cards[photo]).hexdigest()
    assert (told.size, told.imported_at, told.thumbnail) == (1000, NOW, b"small")


async def test_the_ledger_says_where_and_when(bench: Bench, source: FakeSource) -> None:
    photo = source.add()
    await bench.importer.run(source)
    record = bench.ledger.find(photo)
    assert record
    assert str(record.path) == f"{FOLDER}/IMG_0001.JPG"
    assert (record.size, record.imported_at) == (1000, NOW.astimezone(UTC))
    assert record.sha256 == hashlib.sha256(source.cards[photo]).hexdigest()


async def test_files_are_dated_in_the_camera_s_time(bench: Bench, source: FakeSource) -> None:
    source.add("local.JPG", capture_date=datetime(2026, 5, 1, 6, 42))
    source.add("zoned.JPG", capture_date=datetime(2026, 5, 1, 6, 42, tzinfo=UTC))
    source.add("undated.JPG", capture_date=None)
    source.add("first.JPG", capture_date=datetime.min)
    source.add("last.JPG", capture_date=datetime.max)
    assert (await bench.importer.run(source)).imported == 5
    times = {path.name: path.stat().st_mtime for path in bench.library.rglob("*.JPG")}
    assert times["local.JPG"] == datetime.fromisoformat("2026-05-01T06:42+09:00").timestamp()
    assert times["zoned.JPG"] == datetime.fromisoformat("2026-05-01T06:42+00:00").timestamp()


async def test_an_undated_photo_lies_where_it_arrived_and_is_known_later(
    bench: Bench, source: FakeSource
) -> None:
    source.add(capture_date=None)
    await bench.importer.run(source)
    bench.now = NOW.replace(year=2027)
    assert (await bench.importer.run(source)).known == 1
    assert list(bench.files()) == ["Kitchen/2026/2026-11-21/IMG_0001.JPG"]


# -- one photo that fails --------------------------------------------------------------------------


async def test_a_refused_photo_is_reported_and_the_others_are_imported(
    bench: Bench, source: FakeSource
) -> None:
    source.add("1.JPG")
    refused = source.add("2.JPG")
    source.add("3.JPG")
    source.failures[refused] = PhotoRefused("busy")
    report = await bench.importer.run(source)
    assert report.imported == 2
    assert [(failure.photo, str(failure.error)) for failure in report.failed] == [(refused, "busy")]
    assert set(bench.files()) == {f"{FOLDER}/1.JPG", f"{FOLDER}/3.JPG"}
    source.failures.clear()
    assert (await bench.importer.run(source)).imported == 1


@pytest.mark.parametrize("announced", [0, 1, 999, 1001, 5000])
async def test_a_photo_of_another_length_gets_no_name(
    bench: Bench, source: FakeSource, announced: int
) -> None:
    photo = source.add(size=announced, data=some_bytes("x"))
    report = await bench.importer.run(source)
    (failure,) = report.failed
    assert isinstance(failure.error, WrongLength)
    assert (failure.error.announced, failure.error.received) == (announced, 1000)
    assert bench.files() == {}
    assert bench.ledger.find(photo) is None
    assert bench.told == []


async def test_a_photo_without_end_is_given_up(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_EXCESS", 300)
    source.add(size=100, data=some_bytes("x"))
    (failure,) = (await bench.importer.run(source)).failed
    assert isinstance(failure.error, WrongLength)
    assert failure.error.received == 600


async def test_an_untold_size_must_be_one_that_cannot_be_told(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.add(size=None)
    (failure,) = (await bench.importer.run(source)).failed
    assert isinstance(failure.error, WrongLength)
    assert "over 4 GiB" in str(failure.error)
    monkeypatch.setattr(module, "LEAST_UNTOLD_SIZE", 1000)
    assert (await bench.importer.run(source)).imported == 1


async def test_a_source_that_miscounts_is_not_believed(bench: Bench, source: FakeSource) -> None:
    class Miscounting(FakeSource):
        @override
        async def fetch(self, photo: Photo, write: Write, offset: int = 0) -> int:
            return await super().fetch(photo, write, offset) + 1

    miscounting = Miscounting()
    miscounting.add()
    assert len((await bench.importer.run(miscounting)).failed) == 1


async def test_an_empty_file_is_copied_like_any_other(bench: Bench, source: FakeSource) -> None:
    source.add(data=b"")
    assert (await bench.importer.run(source)).imported == 1
    assert bench.files() == {f"{FOLDER}/IMG_0001.JPG": b""}


async def test_a_link_in_the_way_costs_only_the_photos_behind_it(
    bench: Bench, source: FakeSource
) -> None:
    source.add("1.JPG")
    source.add("2.JPG", capture_date=datetime(2026, 6, 1))
    (bench.library / "Kitchen/2026").mkdir(parents=True)
    (bench.library / FOLDER).symlink_to("/etc")
    report = await bench.importer.run(source)
    assert report.imported == 1
    assert isinstance(report.failed[0].error, UnsafePath)
    assert source.fetched == [photo for photo in source.cards if photo.filename == "2.JPG"]


async def test_a_file_that_the_disk_cannot_hold_costs_only_itself(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.add("movie.MOV", size=4000, data=some_bytes("movie", 4000))
    source.add("2.JPG")
    real = os.write

    def limited(file: int, data: memoryview) -> int:
        if len(data) > 2000:
            raise OSError(errno.EFBIG, "File too large")
        return real(file, data)

    monkeypatch.setattr(os, "write", limited)
    report = await bench.importer.run(source)
    assert report.imported == 1
    assert isinstance(report.failed[0].error, NotStorable)


# -- what ends a run -------------------------------------------------------------------------------


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("fails_after", range(0, 1300, 100))
async def test_a_lost_link_ends_the_run_and_leaves_nothing_half(
    bench: Bench, source: FakeSource, fails_after: int
) -> None:
    source.add("1.JPG")
    lost = source.add("2.JPG")
    source.add("3.JPG")
    source.failures[lost] = LinkLost()
    source.fails_after, source.piece = fails_after, 100
    with pytest.raises(LinkLost):
        await bench.importer.run(source)
    assert list(bench.files()) == [f"{FOLDER}/1.JPG"]
    source.failures.clear()
    assert (await bench.importer.run(source)).imported == 2
    assert list(bench.files().values()) == list(source.cards.values())
    assert len(bench.told) == 3


async def test_a_photo_that_ends_every_session_does_not_hold_up_the_others(
    bench: Bench, source: FakeSource
) -> None:
    deadly = source.add("1.JPG")
    source.add("2.JPG")
    source.failures[deadly] = LinkLost()
    for _ in range(2):
        with pytest.raises(LinkLost):
            await bench.importer.run(source)
    assert list(bench.files()) == [f"{FOLDER}/2.JPG"]


async def test_a_link_that_is_lost_with_the_thumbnail_does_not_cost_the_photo(
    bench: Bench, source: FakeSource
) -> None:
    photo = source.add()
    source.thumbnail_failure = LinkLost()
    with pytest.raises(LinkLost):
        await bench.importer.run(source)
    assert bench.ledger.find(photo)
    assert [told.thumbnail for told in bench.told] == [None]
    assert (await bench.importer.run(source)).known == 1


async def test_a_missing_library_ends_the_run_before_anything_is_asked(
    bench: Bench, source: FakeSource
) -> None:
    source.add()
    bench.library.rmdir()
    with pytest.raises(LibraryMissing):
        await bench.importer.run(source)
    assert source.listings == 0
    assert not bench.library.exists()


@pytest.mark.usefixtures("small_pieces")
@pytest.mark.parametrize("call", range(9))
async def test_a_full_disk_ends_the_run_and_leaves_nothing_half(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    """Each photo is written in four pieces; the ninth write is never made."""
    photos = [source.add("1.JPG"), source.add("2.JPG")]
    real, calls = os.write, 0

    def filling(file: int, data: memoryview) -> int:
        nonlocal calls
        calls += 1
        if calls > call:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", filling)
        if call < 8:
            with pytest.raises(LibraryFull):
                await bench.importer.run(source)
        else:
            await bench.importer.run(source)
    whole = photos[: call // 4]
    assert bench.files() == {f"{FOLDER}/{photo.filename}": source.cards[photo] for photo in whole}
    assert [photo for photo in photos if bench.ledger.find(photo)] == whole
    await bench.importer.run(source)
    assert list(bench.files().values()) == list(source.cards.values())
    assert len(bench.told) == 2


async def test_a_ledger_that_fails_ends_the_run_and_the_file_is_found_again(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.add()

    def full(*_: object) -> None:
        raise LedgerError(bench.ledger_path, "database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(bench.ledger, "add", full)
        with pytest.raises(LedgerError):
            await bench.importer.run(source)
    assert bench.told == []
    before = (bench.library / FOLDER / "IMG_0001.JPG").stat().st_ino
    assert (await bench.importer.run(source)).imported == 1
    assert list(bench.files()) == [f"{FOLDER}/IMG_0001.JPG"]
    assert (bench.library / FOLDER / "IMG_0001.JPG").stat().st_ino == before


async def test_a_lost_ledger_costs_no_second_copies(bench: Bench, source: FakeSource) -> None:
    for number in range(3):
        source.add(f"{number}.JPG")
    await bench.importer.run(source)
    before = bench.files()
    bench.ledger.close()
    bench.ledger_path.unlink()
    bench.ledger = Ledger(bench.ledger_path)
    bench.importer = bench.make_importer()
    assert (await bench.importer.run(source)).imported == 3
    assert bench.files() == before


# -- the same and the different --------------------------------------------------------------------


async def test_a_mirrored_card_gives_each_photo_once(bench: Bench, source: FakeSource) -> None:
    """Cards that mirror each other have dates that differ by a second, here around midnight."""
    data = some_bytes("mirrored")
    source.add(data=data, capture_date=datetime(2026, 5, 1, 23, 59, 59))
    source.add(data=data, storage="00020001", capture_date=datetime(2026, 5, 2))
    report = await bench.importer.run(source)
    assert (report.imported, report.known) == (1, 1)
    assert len(bench.files()) == 1
    assert (await bench.importer.run(source)).known == 2
    assert len(source.fetched) == 2
    assert len(bench.told) == 1


async def test_equal_bytes_under_two_names_are_two_files(bench: Bench, source: FakeSource) -> None:
    source.add("1.THM", b"same")
    source.add("2.THM", b"same")
    assert (await bench.importer.run(source)).imported == 2


async def test_the_same_name_in_two_folders_and_two_slots_gives_all_files(
    bench: Bench, source: FakeSource
) -> None:
    source.add(folder="DCIM/100CRCP")
    source.add(folder="DCIM/101CRCP")
    source.add(storage="00020001")
    assert (await bench.importer.run(source)).imported == 3
    assert {name.rpartition("/")[2] for name in bench.files()} == {
        "IMG_0001.JPG",
        "IMG_0001-1.JPG",
        "IMG_0001-2.JPG",
    }
    assert sorted(bench.files().values()) == sorted(source.cards.values())


async def test_a_photo_that_was_edited_is_another_photo(bench: Bench, source: FakeSource) -> None:
    source.add(data=some_bytes("raw"))
    await bench.importer.run(source)
    edited = FakeSource()
    edited.add(data=some_bytes("rotated", 1001))
    assert (await bench.importer.run(edited)).imported == 1
    assert len(bench.files()) == 2


async def test_two_cameras_of_one_name_do_not_collide(bench: Bench) -> None:
    """Both at once, with photos of equal names."""
    sources = FakeSource(), FakeSource()
    for serial, source in enumerate(sources):
        for number in range(10):
            source.add(f"{number}.JPG", serial=str(serial))
    first, second = bench.make_importer(), bench.make_importer()
    reports = await asyncio.gather(first.run(sources[0]), second.run(sources[1]))
    assert [report.imported for report in reports] == [10, 10]
    expected = sorted([*sources[0].cards.values(), *sources[1].cards.values()])
    assert sorted(bench.files().values()) == expected


async def test_an_object_that_is_listed_twice_is_fetched_once(
    bench: Bench, source: FakeSource
) -> None:
    photo = source.add()

    class Repeating(FakeSource):
        @override
        async def photos(self) -> AsyncIterator[Photo]:
            for _ in range(3):
                yield photo

    repeating = Repeating(source.cards)
    report = await bench.importer.run(repeating)
    assert (report.imported, report.known, repeating.fetched) == (1, 0, [photo])


async def test_photos_without_any_identity_are_told_apart_by_their_bytes(
    bench: Bench, source: FakeSource
) -> None:
    nameless = [a_photo("", capture_date=None, folder="", handle=handle) for handle in (1, 2, 3)]

    class Nameless(FakeSource):
        @override
        async def photos(self) -> AsyncIterator[Photo]:
            for photo in nameless:
                yield photo

        @override
        async def photo(self, handle: int) -> Photo | None:
            return nameless[handle - 1]

        @override
        async def fetch(self, photo: Photo, write: Write, offset: int = 0) -> int:
            self.fetched.append(photo)
            self.offsets.append(offset)
            await write(memoryview(some_bytes(photo.handle)))
            return 1000

        @override
        async def sample(self, photo: Photo, offset: int, size: int) -> bytes | None:
            return some_bytes(photo.handle)[offset : offset + size]

    source = Nameless()
    assert (await bench.importer.run(source)).imported == 3
    assert sorted(bench.files().values()) == sorted(map(some_bytes, (1, 2, 3)))
    assert (await bench.importer.run(source)).known == 3
    assert len(source.fetched) == 3


async def test_hostile_names_in_every_field_stay_in_the_library(
    bench: Bench, source: FakeSource
) -> None:
    for number, name in enumerate(HOSTILE_NAMES):
        source.add(name, some_bytes(number, 10), folder=name, storage=name, serial=name)
    for name in HOSTILE_NAMES:
        await bench.make_importer(camera_name=name).run(source)
    outside = set(bench.library.parent.iterdir()) - {bench.library}
    assert {path.name.partition("-")[0] for path in outside} == {"ledger.sqlite"}
    assert sorted(bench.files().values()) == sorted(source.cards.values())
    assert not [path for path in bench.files() if "/." in path]
    assert (await bench.importer.run(source)).known == len(HOSTILE_NAMES)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
async def test_a_camera_may_have_any_name(bench: Bench, source: FakeSource, name: str) -> None:
    source.add()
    await bench.make_importer(camera_name=name).run(source)
    (path,) = bench.files()
    assert path.count("/") == 3


# -- one photo, and many tasks ---------------------------------------------------------------------


async def test_one_photo_is_imported_once(bench: Bench, source: FakeSource) -> None:
    photo = source.add()
    imported = await bench.importer.import_photo(source, photo)
    assert imported
    assert imported.photo == photo
    assert await bench.importer.import_photo(source, photo) is None
    assert (await bench.importer.run(source)).known == 1


async def test_one_photo_that_fails_raises(bench: Bench, source: FakeSource) -> None:
    photo = source.add()
    source.failures[photo] = PhotoRefused("busy")
    with pytest.raises(PhotoRefused):
        await bench.importer.import_photo(source, photo)
    assert bench.files() == {}


async def test_runs_of_one_importer_wait_for_each_other(bench: Bench, source: FakeSource) -> None:
    for number in range(3):
        source.add(f"{number}.JPG")
    first, second = await asyncio.gather(bench.importer.run(source), bench.importer.run(source))
    assert (first.imported, second.imported, second.known) == (3, 0, 3)
    assert len(source.fetched) == 3


@pytest.mark.usefixtures("small_pieces")
async def test_a_cancelled_run_leaves_nothing_half_and_nothing_running(
    bench: Bench, source: FakeSource
) -> None:
    """Cancel at each turn of the event loop that a run has, until it is through."""
    photo = source.add()
    turns = 0
    while True:
        turns += 1 + turns // 20  # a slow thread takes thousands
        run = asyncio.create_task(bench.importer.run(source))
        for _ in range(turns):
            await asyncio.sleep(0)
        run.cancel()
        try:
            await run
        except asyncio.CancelledError:
            stored = bench.ledger.find(photo)
            assert bench.files() == (
                {f"{FOLDER}/IMG_0001.JPG": source.cards[photo]} if stored else {}
            )
            if stored:
                break
        else:
            break
    report = await bench.importer.run(source)
    assert report.known == 1


@pytest.mark.usefixtures("small_pieces")
async def test_a_lost_link_waits_for_the_disk_before_it_closes_the_file(
    bench: Bench, source: FakeSource
) -> None:
    photo = source.add()
    source.failures[photo], source.fails_after = LinkLost(), 600
    free, writing = threading.Event(), threading.Event()
    done: list[str] = []

    def step(name: str, args: tuple[Any, ...], call: Call) -> Any:
        if name == "write":
            writing.set()
            assert free.wait(10)
        done.append(name)
        return call()

    with pytest.MonkeyPatch.context() as patch:
        lay_over(patch, step)
        run = asyncio.create_task(bench.importer.run(source))
        await until(writing.is_set)
        await asyncio.sleep(0)
        free.set()
        with pytest.raises(LinkLost):
            await run
    last = [name for name in done if name in ("write", "unlink", "close")]
    assert last[last.index("write") :][:3] == ["write", "write", "unlink"]
    assert last[-2:] == ["close", "close"]


async def test_the_event_loop_goes_on_while_the_disk_is_slow(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.add()
    loop_thread, free, flushing = threading.get_ident(), threading.Event(), threading.Event()
    real = os.fsync

    def slow(descriptor: int) -> None:
        assert threading.get_ident() != loop_thread
        flushing.set()
        assert free.wait(10)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    run = asyncio.create_task(bench.importer.run(source))
    await until(flushing.is_set)
    assert not run.done()
    free.set()
    assert (await run).imported == 1


async def test_nothing_blocks_in_the_event_loop(bench: Bench, source: FakeSource) -> None:
    source.add()
    loop_thread = threading.get_ident()
    names: set[str] = set()

    def step(name: str, args: tuple[Any, ...], call: Call) -> Any:
        assert threading.get_ident() != loop_thread
        names.add(name)
        return call()

    with pytest.MonkeyPatch.context() as patch:
        lay_over(patch, step)
        await bench.importer.run(source)
    assert names >= {"open", "write", "fsync", "link", "unlink", "close", "ledger.add"}
    assert len(bench.files()) == 1


async def test_a_photo_from_the_session_is_found_by_its_handle(source: FakeSource) -> None:
    photo = source.add()
    assert await source.photo(photo.handle) == photo
    assert await source.photo(99) is None
    assert a_photo(handle=1) == a_photo(handle=2)
    assert hash(a_photo(handle=1)) == hash(a_photo(handle=2))
