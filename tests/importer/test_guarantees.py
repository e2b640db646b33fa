"""What the importer promises, G1 to G9, over real sockets; G3 is in test_resuming.py."""

from collections.abc import Callable
from dataclasses import replace
import hashlib
import os
from pathlib import Path, PurePosixPath
import shutil
from types import SimpleNamespace
from typing import Any, override

import pytest

from custom_components.crcp.importer import importer as run_of_one
from custom_components.crcp.importer.errors import AnotherLibrary, LibraryFull
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.room import Reserve
from custom_components.crcp.importer.run import Imported
from custom_components.crcp.importer.source import Photo
from custom_components.crcp.protocols.ptpip.codes import OperationCode
from custom_components.crcp.virtual.personalities import GENERIC, NIKON, Personality

from .bench import TAKEN, Bench, FakeSource, a_photo, some_bytes
from .disks import Share, SmallDisk
from .fake_os import Call, lay_over
from .wire import WiredCamera

FOLDER = "Kitchen/2026/2026-05-01"
MEBI = 1 << 20


# -- G1: a final name never holds fewer or other bytes than the camera sent ------------------------


@pytest.mark.parametrize("maker", [GENERIC, NIKON], ids=["whole", "in parts"])
@pytest.mark.parametrize("size", [0, 1, 999, 1000, MEBI, 3 * MEBI + 7])
async def test_g1_a_final_name_holds_what_the_camera_announced_and_sent(
    bench: Bench, wired: WiredCamera, size: int, maker: Personality
) -> None:
    wired.camera.personality = maker
    data = some_bytes("g1", size)
    wired.add("1.JPG", data)
    await wired.run(bench.importer)
    assert bench.files() == {f"{FOLDER}/1.JPG": data}
    (told,) = bench.told
    record = bench.ledger.find(told.photo)
    assert record
    assert (record.size, record.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert str(record.path) == f"{FOLDER}/1.JPG"


# -- G2: the order ---------------------------------------------------------------------------------


async def test_g2_each_step_is_done_before_the_next(bench: Bench, wired: WiredCamera) -> None:
    """Part file, flush, name without replacing, folder, ledger, event, and then only the rest."""
    wired.add("1.JPG")
    steps: list[str] = []

    def note(name: str, _: tuple[Any, ...], call: Call) -> Any:
        steps.append(name)
        return call()

    def told(imported: Imported) -> None:
        steps.append("event")
        with Ledger(bench.ledger_path) as elsewhere:
            assert elsewhere.knows(imported.photo)

    importer = bench.make_importer(delete=True)
    importer._on_imported = told
    real = wired.camera.delete
    wired.camera.delete = lambda *args, **kwargs: (steps.append("deleted"), real(*args, **kwargs))
    with pytest.MonkeyPatch.context() as patch:
        lay_over(patch, note)
        await wired.run(importer)
    wanted = ["ledger.begin", "write", "fsync", "link", "unlink", "fsync", "ledger.add", "event"]
    places = [steps.index("ledger.begin")]
    for step in [*wanted[1:], "deleted"]:
        places.append(steps.index(step, places[-1] + 1))
    assert "rename" not in steps
    # The file is read back between event and deletion.
    assert steps[places[-2] :].index("deleted") > 0


# -- G4: identity ----------------------------------------------------------------------------------


async def test_g4_all_of_a_photo_s_identity_counts_and_its_handle_does_not(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG", b"same")
    await wired.run(bench.importer)
    photo = bench.told[0].photo
    wired.swap_cards()
    for number in range(5):
        wired.add(f"other-{number}.JPG")
    wired.add("1.JPG", b"same")
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (5, 1)
    for part, other in {
        "serial": "1",
        "storage": "00020001",
        "folder": "DCIM/101CRCP",
        "filename": "2.JPG",
        "size": 5,
        "capture_date": None,
    }.items():
        facts = {name: getattr(photo, name) for name in Photo.__slots__}
        assert not bench.ledger.knows(Photo(**facts | {part: other}))
        assert bench.ledger.knows(Photo(**facts | {"handle": 99}))


async def test_g4_the_bytes_decide_where_the_identity_does_not(
    bench: Bench, wired: WiredCamera
) -> None:
    """The same picture in another folder with another date is the same; so it is one file."""
    wired.add("1.JPG", b"same")
    await wired.run(bench.importer)
    wired.add("1.JPG", b"same", folder="DCIM/105CRCP", taken=TAKEN.replace(hour=1))
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (0, 2)
    assert list(bench.files()) == [f"{FOLDER}/1.JPG"]


# -- G5: nothing is overwritten --------------------------------------------------------------------


async def test_g5_the_same_name_with_other_bytes_keeps_both_and_knows_both(
    bench: Bench, wired: WiredCamera
) -> None:
    place = bench.library / FOLDER
    place.mkdir(parents=True)
    (place / "1.JPG").write_bytes(b"a person's own")
    for number in range(5):
        wired.add("1.JPG", folder=f"DCIM/10{number}CRCP")
    await wired.run(bench.importer)
    assert sorted(bench.files().values()) == sorted([*wired.contents, b"a person's own"])
    assert (place / "1.JPG").read_bytes() == b"a person's own"
    assert len({told.path for told in bench.told}) == 5
    assert bench.ledger.count("042") == 5


async def test_g5_the_same_name_with_the_same_bytes_is_done(
    bench: Bench, wired: WiredCamera
) -> None:
    place = bench.library / FOLDER
    place.mkdir(parents=True)
    (place / "1.JPG").write_bytes(b"copied by hand")
    wired.add("1.JPG", b"copied by hand")
    await wired.run(bench.importer)
    assert bench.files() == {f"{FOLDER}/1.JPG": b"copied by hand"}
    assert bench.ledger.count("042") == 1


# -- G6: deleted stays deleted, and comes again on purpose -----------------------------------------


async def test_g6_what_a_person_deleted_comes_again_only_when_it_is_asked_for(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG")
    wired.add("2.JPG")
    await wired.run(bench.importer)
    (bench.library / FOLDER / "1.JPG").unlink()
    bench.restart()
    await wired.run(bench.importer)
    assert list(bench.files()) == [f"{FOLDER}/2.JPG"]
    assert bench.ledger.forget(PurePosixPath(f"{FOLDER}/1.JPG"), bench.library) == 1
    assert (await wired.run(bench.importer)).imported == 1
    assert list(bench.files()) == [f"{FOLDER}/1.JPG", f"{FOLDER}/2.JPG"]
    assert bench.ledger.forget(PurePosixPath("no such file"), bench.library) == 0


# -- G7: deleting on the camera --------------------------------------------------------------------


async def test_g7_nothing_is_deleted_on_the_camera_unless_it_is_wanted(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG")
    await wired.run(bench.importer)
    assert wired.asked(OperationCode.DELETE_OBJECT) == []


async def test_g7_what_is_safe_here_is_deleted_there_and_what_is_protected_stays(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG")
    kept = some_bytes("kept")
    wired.add("2.JPG", kept, protected=True)
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.imported, report.deleted) == (2, 1)
    assert wired.contents == [kept]
    assert len(bench.files()) == 2


async def test_g7_a_single_photo_is_deleted_too(bench: Bench, wired: WiredCamera) -> None:
    handle = wired.add("1.JPG")
    async with wired.session() as source:
        photo = await source.photo(handle)
        assert photo
        assert await bench.make_importer(delete=True).import_photo(source, photo)
    assert wired.contents == []


@pytest.mark.parametrize("parts", [True, False], ids=["samples", "whole"])
async def test_g7_what_was_imported_earlier_is_deleted_when_that_is_wanted_later(
    bench: Bench, wired: WiredCamera, parts: bool
) -> None:
    """Also what mirrors another slot; without samples the camera's bytes are all read again."""
    if not parts:
        wired.camera.personality = without_parts()
    data = some_bytes("large", 300_000)
    wired.add("1.JPG", data)
    wired.add("1.JPG", data, slot=1)
    wired.add("2.JPG", b"")
    await wired.run(bench.importer)
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.imported, report.known, report.deleted) == (0, 3, 3)
    assert wired.contents == []
    assert len(bench.files()) == 2


def without_parts() -> Personality:
    """A camera that gives whole files only."""
    lacking = {OperationCode.GET_PARTIAL_OBJECT}
    operations = type(GENERIC.operations)(
        {code: each for code, each in GENERIC.operations.items() if code not in lacking}
    )
    operations.taking = GENERIC.operations.taking
    return replace(GENERIC, operations=operations)


def deleted_here(bench: Bench, _: WiredCamera) -> None:
    (bench.library / FOLDER / "1.JPG").unlink()


def edited_here(bench: Bench, _: WiredCamera) -> None:
    with (bench.library / FOLDER / "1.JPG").open("r+b") as file:
        file.write(b"?")


def protected_there(_: Bench, wired: WiredCamera) -> None:
    wired.swap_cards()
    wired.add("1.JPG", some_bytes("g7", 300_000), protected=True)


def other_beginning_there(_: Bench, wired: WiredCamera) -> None:
    """The same name, date and length, and another picture: numbers and clock began anew."""
    wired.swap_cards()
    wired.add("1.JPG", b"?" + some_bytes("g7", 300_000)[1:])


def other_end_there(_: Bench, wired: WiredCamera) -> None:
    wired.swap_cards()
    wired.add("1.JPG", some_bytes("g7", 300_000)[:-1] + b"?")


@pytest.mark.parametrize("parts", [True, False], ids=["samples", "whole"])
@pytest.mark.parametrize(
    "change",
    [deleted_here, edited_here, protected_there, other_beginning_there, other_end_there],
)
async def test_g7_what_is_not_the_same_by_then_is_kept(
    bench: Bench,
    wired: WiredCamera,
    change: Callable[[Bench, WiredCamera], None],
    parts: bool,
) -> None:
    if not parts:
        wired.camera.personality = without_parts()
    wired.add("1.JPG", some_bytes("g7", 300_000))
    await wired.run(bench.importer)
    change(bench, wired)
    before = wired.contents
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.imported, report.known, report.deleted) == (0, 1, 0)
    assert wired.asked(OperationCode.DELETE_OBJECT) == []
    assert wired.contents == before


async def test_g7_what_nobody_wanted_is_not_deleted(bench: Bench, wired: WiredCamera) -> None:
    wired.add("1.JPG")
    importer = bench.make_importer(delete=True)
    async with wired.session() as source:
        await importer.pass_over(source)
    assert (await wired.run(importer)).deleted == 0
    assert len(wired.contents) == 1


@pytest.mark.parametrize("handle", [0, 0xFFFFFFFF])
async def test_g7_the_handle_that_means_everything_is_never_deleted(
    bench: Bench, handle: int
) -> None:
    """No camera that is in its senses lists it."""
    source = FakeSource()
    source.cards[a_photo("1.JPG", handle=handle)] = some_bytes(1)
    importer = bench.make_importer(delete=True)
    for imported in (1, 0):
        report = await importer.run(source)
        assert (report.imported, report.deleted, source.deleted) == (imported, 0, [])


@pytest.mark.parametrize("change", ["size", "date", "protection", "gone"])
async def test_g7_what_becomes_another_object_after_the_import_stays(
    bench: Bench, change: str
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
            if found is None or not bench.told:
                return found
            if change == "gone":
                return None
            facts = {name: getattr(found, name) for name in Photo.__slots__}
            return Photo(**facts | changes[change])

    changing = Changing()
    changing.add()
    report = await bench.make_importer(delete=True).run(changing)
    assert (report.imported, report.deleted, changing.deleted) == (1, 0, [])


# -- G8: the disk ----------------------------------------------------------------------------------


def test_g8_a_reserve_is_a_size_or_a_share() -> None:
    assert Reserve().of(10 << 30) == 1 << 30
    assert Reserve().of(100 << 30) == 5 << 30


async def test_g8_import_stops_before_the_reserve_and_goes_on_by_itself(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG")
    with pytest.raises(LibraryFull, match="stay free"):
        await wired.run(bench.make_importer(reserve=Reserve(least=1 << 60)))
    assert wired.asked(OperationCode.GET_OBJECT) == []
    assert bench.files() == {}
    assert bench.ledger.count("042") == 0
    assert (await wired.run(bench.importer)).imported == 1


async def test_g8_a_full_disk_leaves_no_file_and_no_row_and_goes_on_by_itself(
    disk: SmallDisk, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newer one is in before the disk is full, and stays."""
    monkeypatch.setattr(run_of_one, "MAX_EARLY", 0)  # else the disk may be full before it is in
    bench = Bench(disk.place)
    first = some_bytes("first", 5000)
    wired.add("1.JPG", first, taken=TAKEN.replace(hour=20))
    second = some_bytes("second", 5000)
    wired.add("2.JPG", second)
    bench.importer = bench.make_importer(
        on_progress=lambda progress: disk.fill() if progress.number == 2 else None
    )
    with pytest.raises(LibraryFull):
        await wired.run(bench.importer)
    assert [data for path, data in bench.files().items() if "/." not in path] == [first]
    assert bench.ledger.count("042") == len(bench.told) == 1
    disk.free()
    assert (await wired.run(bench.make_importer())).imported == 1
    assert list(bench.files().values()) == [first, second]
    bench.ledger.close()


async def test_g8_a_photo_that_is_larger_than_what_is_left_is_not_begun(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But one that no disk could hold, as a camera may say, keeps nothing else from coming."""
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**DISK))
    source = FakeSource()
    source.add("huge.MOV", size=1 << 62, capture_date=TAKEN.replace(hour=22))
    small = source.add("1.JPG", capture_date=TAKEN.replace(hour=20))
    source.add("2.MOV", size=101 << 20)
    with pytest.raises(LibraryFull):
        await bench.importer.run(source)
    assert source.fetched == [small]


#: 1000 MiB, and 100 are free.
DISK = {"f_frsize": 1 << 20, "f_blocks": 1000, "f_bavail": 100}


# -- G9: the mount ---------------------------------------------------------------------------------


async def test_g9_a_share_that_vanishes_is_waited_for_and_nothing_is_put_in_its_place(
    bench: Bench, wired: WiredCamera, share: Share
) -> None:
    """Between the listing and the first photo, where no check of before helps."""
    wired.add("1.JPG")
    await wired.run(bench.importer)
    wired.add("2.JPG", taken=TAKEN.replace(hour=20))
    async with wired.session() as source:
        photos = [photo async for photo in source.photos()]
        share.take_off()
        with pytest.raises(AnotherLibrary):
            await bench.importer.import_photo(source, photos[-1])
        assert list(bench.library.iterdir()) == []
        share.put_on()
        assert await bench.importer.import_photo(source, photos[-1])
    assert sorted(bench.files().values()) == wired.contents


@pytest.mark.parametrize("share", [False], ids=["played"], indirect=True)
async def test_g9_a_share_that_comes_back_under_another_number_is_known_by_our_folder(
    bench: Bench, wired: WiredCamera, share: Share
) -> None:
    wired.add("1.JPG")
    await wired.run(bench.importer)
    share.take_off()
    share.put_on(device=1001)
    wired.add("2.JPG")
    assert (await wired.run(bench.importer)).imported == 1
    # It is remembered under the new number, so a person may now move what is there.
    shutil.move(Path(bench.library, "Kitchen"), Path(bench.library, "moved away"))
    wired.add("3.JPG")
    assert (await wired.run(bench.importer)).imported == 1
