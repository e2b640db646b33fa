"""What the importer promises, each promise with its test."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
import hashlib
import os
from pathlib import PurePosixPath
from typing import Any, override

import pytest

from custom_components.crcp.importer import transfer
from custom_components.crcp.importer.errors import AnotherLibrary, LibraryFull, LibraryMissing
from custom_components.crcp.importer.importer import LEFT_OVER
from custom_components.crcp.importer.room import Reserve
from custom_components.crcp.importer.source import Photo

from .bench import Bench, FakeSource, LinkLost, some_bytes

FOLDER = "Kitchen/2026/2026-05-01"
MEBI = 1 << 20


@pytest.fixture
def source() -> FakeSource:
    return FakeSource(piece=100_000)


def shown(bench: Bench) -> dict[str, bytes]:
    """What a person sees of the library."""
    return {path: data for path, data in bench.files().items() if "/." not in path}


# -- G1: a final name never holds fewer or other bytes than the camera sent ------------------------


@pytest.mark.parametrize("size", [0, 1, 999, 1000, MEBI, 3 * MEBI + 7])
async def test_g1_a_final_name_holds_what_the_camera_announced_and_sent(
    bench: Bench, source: FakeSource, size: int
) -> None:
    data = some_bytes("g1", size)
    photo = source.add(data=data)
    await bench.importer.run(source)
    record = bench.ledger.find(photo)
    assert record
    assert bench.files() == {str(record.path): data}
    assert (record.size, record.sha256) == (size, hashlib.sha256(data).hexdigest())
    source.add("short.JPG", data=data, size=size + 1)
    assert len((await bench.importer.run(source)).failed) == 1
    assert list(bench.files()) == [str(record.path)]


# -- G3: what was begun is taken up only when it is the same ---------------------------------------


async def cut(bench: Bench, source: FakeSource, after: int) -> Photo:
    """Lose the link in the middle of a long photo, and start again."""
    photo = source.add("MOVIE.MOV", some_bytes("movie", 4 * MEBI))
    source.failures[photo], source.fails_after = LinkLost(), after
    with pytest.raises(LinkLost):
        await bench.importer.run(source)
    assert shown(bench) == {}
    source.failures.clear()
    bench.restart()
    return photo


async def test_g3_a_long_file_goes_on_where_it_was_cut(bench: Bench, source: FakeSource) -> None:
    photo = await cut(bench, source, 3 * MEBI)
    assert (await bench.importer.run(source)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}
    assert source.offsets[0] == 0
    assert source.offsets[1] >= 2 * MEBI


async def test_g3_it_goes_on_more_than_once(bench: Bench, source: FakeSource) -> None:
    photo = await cut(bench, source, 2 * MEBI)
    source.failures[photo], source.fails_after = LinkLost(), MEBI
    with pytest.raises(LinkLost):
        await bench.importer.run(source)
    source.failures.clear()
    assert (await bench.importer.run(source)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}
    assert source.offsets == sorted(source.offsets)


def other_beginning(data: bytes) -> bytes:
    return b"?" + data[1:]


def other_bytes_before_the_cut(data: bytes) -> bytes:
    return data[: 2 * MEBI - 10] + b"?" * MEBI + data[3 * MEBI - 10 :]


@pytest.mark.parametrize("change", [other_beginning, other_bytes_before_the_cut])
async def test_g3_another_object_of_the_same_name_size_and_date_is_fetched_whole(
    bench: Bench, source: FakeSource, change: Any
) -> None:
    photo = await cut(bench, source, 2 * MEBI)
    source.cards[photo] = change(source.cards[photo])
    assert (await bench.importer.run(source)).imported == 1
    assert source.offsets[1:] == [0]
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}


async def test_g3_a_camera_that_gives_no_parts_starts_again(
    bench: Bench, source: FakeSource
) -> None:
    photo = await cut(bench, source, 2 * MEBI)
    source.gives_parts = False
    assert (await bench.importer.run(source)).imported == 1
    assert source.offsets[1:] == [0]
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}


@pytest.mark.parametrize("damage", ["zeroed", "shorter", "gone", "longer"])
async def test_g3_a_part_file_is_trusted_as_far_as_its_hash(
    bench: Bench, source: FakeSource, damage: str
) -> None:
    """A power failure leaves zeros or less; what came after the last flush is cut off."""
    photo = await cut(bench, source, 2 * MEBI)
    (part,) = bench.library.rglob(".*.part")
    match damage:
        case "zeroed":
            with part.open("r+b") as file:
                file.seek(MEBI)
                file.write(bytes(100))
        case "shorter":
            os.truncate(part, MEBI)
        case "gone":
            part.unlink()
        case "longer":
            with part.open("ab") as file:
                file.write(b"unflushed")
    assert (await bench.importer.run(source)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}
    assert (source.offsets[1] > 0) is (damage == "longer")


async def test_g3_a_killed_run_goes_on_from_its_last_checkpoint(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "CHECKPOINT", MEBI)
    monkeypatch.setattr(transfer, "LEAST_TO_KEEP", 1 << 40)  # no clean-up notes anything
    real = transfer.PartFile.close

    def killed(part: Any, *, keep: bool = False) -> None:
        real(part, keep=True)

    with monkeypatch.context() as patch:
        patch.setattr(transfer.PartFile, "close", killed)
        photo = await cut(bench, source, 3 * MEBI)
    assert (await bench.importer.run(source)).imported == 1
    assert source.offsets[1] == 3 * MEBI
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}


async def test_g3_what_nobody_comes_back_for_is_cleaned_away(
    bench: Bench, source: FakeSource
) -> None:
    photo = await cut(bench, source, 2 * MEBI)
    del source.cards[photo]
    source.add("new.JPG")
    await bench.importer.run(source)
    assert list(bench.library.rglob(".*.part"))
    source.add("newer.JPG")
    bench.now += LEFT_OVER + timedelta(days=1)
    await bench.importer.run(source)
    assert not list(bench.library.rglob(".*"))
    assert bench.ledger.begun(photo) is None


async def test_g3_a_file_without_a_row_is_found_where_it_was_to_lie(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop between name and ledger, and come back on another day: no date, so another folder."""
    photo = source.add(capture_date=None)
    with monkeypatch.context() as patch:
        patch.setattr(bench.ledger, "add", _raise_link_lost)
        with pytest.raises(LinkLost):
            await bench.importer.run(source)
    before = bench.files()
    assert list(before.values()) == [source.cards[photo]]
    bench.now += timedelta(days=40)
    bench.restart()
    await bench.importer.run(source)
    assert bench.files() == before


def _raise_link_lost(*_: object) -> None:
    raise LinkLost


async def test_g3_a_part_file_that_has_its_final_name_already_is_not_written_into(
    bench: Bench, source: FakeSource
) -> None:
    """Killed between the second name and the end of the first, and then the link is lost."""
    photo = await cut(bench, source, 2 * MEBI)
    (part,) = bench.library.rglob(".*.part")
    data = source.cards[photo]
    part.write_bytes(data)
    (part.parent / "MOVIE.MOV").hardlink_to(part)
    source.failures[photo], source.fails_after = LinkLost(), 0
    with pytest.raises(LinkLost):
        await bench.importer.run(source)
    assert shown(bench) == {f"{FOLDER}/MOVIE.MOV": data}
    source.failures.clear()
    await bench.importer.run(source)
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": data}


# -- G5: nothing is overwritten --------------------------------------------------------------------


async def test_g5_the_same_name_with_other_bytes_keeps_both_and_knows_both(
    bench: Bench, source: FakeSource
) -> None:
    photos = [source.add(folder=f"DCIM/10{number}CRCP") for number in range(5)]
    await bench.importer.run(source)
    assert sorted(bench.files().values()) == sorted(source.cards.values())
    records = [bench.ledger.find(photo) for photo in photos]
    assert len({record.path for record in records if record}) == 5


# -- G6: deleted stays deleted, and comes again on purpose -----------------------------------------


async def test_g6_what_a_person_deleted_comes_again_only_when_it_is_asked_for(
    bench: Bench, source: FakeSource
) -> None:
    source.add("1.JPG")
    source.add("2.JPG")
    await bench.importer.run(source)
    (bench.library / FOLDER / "1.JPG").unlink()
    await bench.importer.run(source)
    assert list(bench.files()) == [f"{FOLDER}/2.JPG"]
    assert bench.ledger.forget(PurePosixPath(f"{FOLDER}/1.JPG")) == 1
    assert (await bench.importer.run(source)).imported == 1
    assert list(bench.files()) == [f"{FOLDER}/1.JPG", f"{FOLDER}/2.JPG"]
    assert bench.ledger.forget(PurePosixPath("no such file")) == 0


# -- G7: deleting on the camera --------------------------------------------------------------------


async def test_g7_nothing_is_deleted_on_the_camera_unless_it_is_wanted(
    bench: Bench, source: FakeSource
) -> None:
    source.add()
    await bench.importer.run(source)
    assert source.deleted == []


async def test_g7_what_is_safe_here_is_deleted_there_after_the_host_was_told(
    bench: Bench, source: FakeSource
) -> None:
    photos = [source.add(f"{number}.JPG") for number in range(3)]
    report = await bench.make_importer(delete=True).run(source)
    assert (report.imported, report.deleted) == (3, 3)
    assert source.deleted == photos
    assert [told.photo for told in bench.told] == photos
    assert len(bench.files()) == 3


async def test_g7_what_is_protected_stays(bench: Bench, source: FakeSource) -> None:
    source.add("1.JPG", is_protected=True)
    report = await bench.make_importer(delete=True).run(source)
    assert (report.imported, report.deleted, source.deleted) == (1, 0, [])


async def test_g7_what_does_not_read_back_as_it_was_stays(bench: Bench, source: FakeSource) -> None:
    source.add("1.JPG")
    source.add("2.JPG")
    importer = bench.make_importer(delete=True)
    importer._on_imported = lambda imported: (
        (bench.library / imported.path).write_bytes(b"somebody was here")
        if imported.photo.filename == "1.JPG"
        else None
    )
    report = await importer.run(source)
    assert (report.imported, report.deleted) == (2, 1)
    assert [photo.filename for photo in source.deleted] == ["2.JPG"]


@pytest.mark.parametrize("change", ["size", "date", "protection", "gone"])
async def test_g7_what_is_another_object_by_then_stays(
    bench: Bench, source: FakeSource, change: str
) -> None:
    class Changing(FakeSource):
        @override
        async def photo(self, handle: int) -> Photo | None:
            changes: dict[str, Any] = {
                "size": {"size": 2000},
                "date": {"capture_date": None},
                "protection": {"is_protected": True},
            }
            found = await super().photo(handle)
            if found is None or change == "gone":
                return None
            facts = {name: getattr(found, name) for name in Photo.__slots__}
            return Photo(**facts | changes[change])

    changing = Changing()
    changing.add()
    report = await bench.make_importer(delete=True).run(changing)
    assert (report.imported, report.deleted, changing.deleted) == (1, 0, [])


async def test_g7_a_camera_that_keeps_its_photo_is_no_fault(
    bench: Bench, source: FakeSource
) -> None:
    source.add()
    source.refuses_to_delete = True
    report = await bench.make_importer(delete=True).run(source)
    assert (report.imported, report.deleted, report.failed) == (1, 0, ())


# -- G8: the disk ----------------------------------------------------------------------------------


def test_g8_a_reserve_is_a_size_or_a_share() -> None:
    assert Reserve().of(10 << 30) == 1 << 30
    assert Reserve().of(100 << 30) == 5 << 30


async def test_g8_import_stops_before_the_reserve_and_goes_on_by_itself(
    bench: Bench, source: FakeSource
) -> None:
    photo = source.add()
    with pytest.raises(LibraryFull, match="stay free"):
        await bench.make_importer(reserve=Reserve(least=1 << 60)).run(source)
    assert source.fetched == []
    assert bench.files() == {}
    assert bench.ledger.find(photo) is None
    assert (await bench.importer.run(source)).imported == 1


async def test_g8_a_photo_that_is_larger_than_what_is_left_is_not_begun(
    bench: Bench, source: FakeSource
) -> None:
    free = os.statvfs(bench.library)
    small = source.add("1.JPG")
    source.add("2.MOV", size=free.f_bavail * free.f_frsize + (1 << 40))
    with pytest.raises(LibraryFull):
        await bench.importer.run(source)
    assert source.fetched == [small]


# -- G9: the mount ---------------------------------------------------------------------------------


@pytest.fixture
def mounts(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Let every folder be on the device that the test says."""
    state = {"device": 1000}
    real = os.fstat

    class Status:
        def __init__(self, descriptor: int) -> None:
            self._real = real(descriptor)
            self.st_dev = state["device"]

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    monkeypatch.setattr(os, "fstat", Status)
    return state


async def test_g9_a_share_that_is_not_mounted_is_waited_for(
    bench: Bench, source: FakeSource, mounts: dict[str, int]
) -> None:
    source.add("1.JPG")
    await bench.importer.run(source)
    share = bench.library.rename(bench.library.with_name("the share"))
    bench.library.mkdir()
    mounts["device"] = 1
    source.add("2.JPG")
    bench.restart()
    with pytest.raises(AnotherLibrary, match="is not there"):
        await bench.importer.run(source)
    assert list(bench.library.iterdir()) == []
    bench.library.rmdir()
    with pytest.raises(LibraryMissing):
        await bench.importer.run(source)
    assert not bench.library.exists()
    share.rename(bench.library)
    mounts["device"] = 1000
    assert (await bench.importer.run(source)).imported == 1
    assert len(bench.files()) == 2


async def test_g9_a_share_that_vanishes_within_a_run_ends_it(
    bench: Bench, source: FakeSource, mounts: dict[str, int]
) -> None:
    class Unmounting(FakeSource):
        @override
        async def photos(self) -> AsyncIterator[Photo]:
            async for photo in super().photos():
                yield photo
            bench.library.rename(bench.library.with_name("the share"))
            bench.library.mkdir()
            mounts["device"] = 1

    source.add("1.JPG")
    await bench.importer.run(source)
    unmounting = Unmounting()
    unmounting.add("2.JPG")
    with pytest.raises(AnotherLibrary):
        await bench.importer.run(unmounting)
    assert list(bench.library.iterdir()) == []


async def test_g9_a_share_that_comes_back_under_another_number_is_known_by_our_folder(
    bench: Bench, source: FakeSource, mounts: dict[str, int]
) -> None:
    source.add("1.JPG")
    await bench.importer.run(source)
    mounts["device"] = 1001
    source.add("2.JPG")
    assert (await bench.importer.run(source)).imported == 1
    with suppress(FileNotFoundError):
        (bench.library / "Kitchen").rename(bench.library / "moved away")
    source.add("3.JPG")
    assert (await bench.importer.run(source)).imported == 1
