"""How importers fail, each way with its test. What needs crash points is in test_crashes.py."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import PurePosixPath
import sqlite3
import time

import pytest

from custom_components.crcp.importer.errors import LedgerTooNew, PhotoRefused, WrongLength
from custom_components.crcp.importer.recovery import open_ledger
from custom_components.crcp.importer.source import Photo
from custom_components.crcp.importer.template import Template
from custom_components.crcp.protocols.ptpip.errors import LinkError, TimedOut
from custom_components.crcp.virtual.camera import VirtualCamera

from .bench import TAKEN, Bench, FakeSource, a_photo, some_bytes
from .cutter import Cable, Ending, picture, session

FOLDER = "Kitchen/2026/2026-05-01"


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera(serial_number="042")
    await camera.start()
    yield camera
    await camera.stop()


@pytest.fixture
async def cable(camera: VirtualCamera) -> AsyncIterator[Cable]:
    cable = Cable(camera)
    async with cable.laid():
        yield cable


def names(bench: Bench) -> list[str]:
    return [path.rpartition("/")[2] for path in bench.files()]


async def import_all(bench: Bench, cable: Cable) -> bool:
    """Import over the cable; whether the link held."""
    try:
        async with session(cable.port) as source:
            await bench.importer.run(source)
    except LinkError, TimedOut:
        return False
    return True


# -- F1, F2: the link ------------------------------------------------------------------------------


async def test_f1_a_link_cut_after_any_byte_gives_one_whole_file_in_the_end(
    bench: Bench, camera: VirtualCamera, cable: Cable
) -> None:
    """Every eighth byte of the session, and every byte around the photo's first ones."""
    data = some_bytes("f1", 150)
    camera.add_photo(picture("1.JPG", data))
    cable.plug_in()
    assert await import_all(bench, cable)
    whole, at = cable.carried, cable.seen.index(data[:16])
    bench.ledger.forget(PurePosixPath(f"{FOLDER}/1.JPG"))
    (bench.library / FOLDER / "1.JPG").unlink()
    bench.told.clear()
    cuts = 0
    for cut_after in sorted({*range(0, whole, 8), *range(at - 16, at + 64)}):
        cable.plug_in(cut_after)
        if not await import_all(bench, cable):
            cuts += 1
        assert names(bench) in ([], ["1.JPG"])
        if names(bench):
            break
    assert cuts > 150
    cable.plug_in()
    assert await import_all(bench, cable)
    assert bench.files() == {f"{FOLDER}/1.JPG": data}
    assert len(bench.told) == 1


@pytest.mark.parametrize("ending", Ending)
async def test_f2_however_a_camera_goes_the_next_run_gets_through(
    bench: Bench, camera: VirtualCamera, cable: Cable, ending: Ending
) -> None:
    data = some_bytes("f2", 3 << 20)
    camera.add_photo(picture("1.JPG", data))
    cable.ending = ending
    cable.plug_in(2 << 20)
    assert not await import_all(bench, cable)
    assert not [name for name in names(bench) if not name.startswith(".")]
    cable.plug_in()
    bench.restart()
    assert await import_all(bench, cable)
    assert bench.files() == {f"{FOLDER}/1.JPG": data}
    # It went on in the middle: the second time less came than the photo has.
    assert cable.carried < len(data)


# -- F6, F7: names ---------------------------------------------------------------------------------


async def test_f6_numbers_that_wrap_and_repeat_lose_nothing(
    bench: Bench, source: FakeSource
) -> None:
    numbers = [*range(9980, 10000), *range(1, 30)]
    for storage in ("00010001", "00020001"):
        for number in numbers:
            folder = "DCIM/100NIKON" if number > 1000 else "DCIM/101NIKON"
            source.add(f"DSC_{number:04}.JPG", storage=storage, folder=folder)
    for number in numbers:
        source.add(f"DSC_{number:04}.JPG", folder="DCIM/102NIKON")
    assert (await bench.importer.run(source)).imported == 3 * 49
    assert sorted(bench.files().values()) == sorted(source.cards.values())
    bench.restart()
    assert (await bench.importer.run(source)).known == 3 * 49


async def test_f7_a_burst_within_a_second_keeps_all_shots(bench: Bench, source: FakeSource) -> None:
    for number in range(30):
        source.add(f"DSC_{number:04}.JPG")
    bench.importer = bench.make_importer(template=Template("{date}_{hour}{minute}{second}"))
    assert (await bench.importer.run(source)).imported == 30
    assert sorted(bench.files().values()) == sorted(source.cards.values())
    bench.restart()
    assert (await bench.importer.run(source)).known == 30


# -- F8: clocks ------------------------------------------------------------------------------------


async def test_f8_no_clock_decides_what_is_new(bench: Bench, source: FakeSource) -> None:
    clocks = [None, *(datetime(year, 1, 1) for year in (1970, 1980, 2000, 2026, 2099))]
    for number, taken in enumerate(clocks):
        source.add(f"{number}.JPG", capture_date=taken)
    assert (await bench.importer.run(source)).imported == 6
    bench.now = bench.now.replace(year=1999)
    source.add("late.JPG", capture_date=datetime(1970, 1, 1))
    report = await bench.importer.run(source)
    assert (report.imported, report.known) == (1, 6)


# -- F9, F20: identities ---------------------------------------------------------------------------


async def test_f9_another_card_with_the_same_handles_is_another_card(
    bench: Bench, camera: VirtualCamera, cable: Cable
) -> None:
    handle = camera.add_photo(picture("1.JPG", b"before"))
    assert await import_all(bench, cable)
    camera.cards[0].entries.clear()
    camera.cards = [type(camera.cards[0])()]
    assert camera.add_photo(picture("1.JPG", b"after it all")) == handle
    assert await import_all(bench, cable)
    assert sorted(bench.files().values()) == [b"after it all", b"before"]


async def test_f20_two_cameras_of_one_model_and_name_keep_apart(bench: Bench) -> None:
    one, other = FakeSource(), FakeSource()
    one.add(serial="1", data=b"one")
    other.add(serial="2", data=b"two")
    await bench.importer.run(one)
    assert (await bench.make_importer().run(other)).imported == 1
    assert sorted(bench.files().values()) == [b"one", b"two"]


# -- F10: two slots --------------------------------------------------------------------------------


async def test_f10_an_overflow_card_and_a_raw_card_give_all_files(
    bench: Bench, source: FakeSource
) -> None:
    source.add("1.JPG")
    source.add("2.JPG", storage="00020001")
    source.add("3.NEF")
    source.add("3.JPG", storage="00020001")
    assert (await bench.importer.run(source)).imported == 4
    assert names(bench) == ["1.JPG", "2.JPG", "3.JPG", "3.NEF"]


# -- F11: the files of one shot --------------------------------------------------------------------

PARTS = ["NEF", "JPG", "MOV", "XMP", "WAV"]


@pytest.mark.parametrize("first", PARTS)
async def test_f11_the_files_of_a_shot_stay_together_in_whatever_runs_they_come(
    bench: Bench, source: FakeSource, first: str
) -> None:
    """Another shot of the same name and day is there already, so the suffix goes to all."""
    source.add("DSC_1.JPG", capture_date=TAKEN.replace(hour=1), folder="DCIM/100CRCP")
    await bench.importer.run(source)
    for ending in [first, *PARTS]:
        name = f"DSC_1.{ending}"
        if (name, "DCIM/101CRCP") not in [(p.filename, p.folder) for p in source.cards]:
            source.add(name, folder="DCIM/101CRCP")
            bench.restart()
            assert (await bench.importer.run(source)).imported == 1
    assert names(bench) == [*sorted(f"DSC_1-1.{ending}" for ending in PARTS), "DSC_1.JPG"]


async def test_f11_a_raw_file_does_not_join_another_shot_s_picture(
    bench: Bench, source: FakeSource
) -> None:
    """The card was formatted at noon, and numbers began again."""
    source.add("DSC_1.JPG", capture_date=TAKEN)
    await bench.importer.run(source)
    source.add("DSC_1.NEF", capture_date=TAKEN.replace(hour=18))
    source.add("DSC_1.JPG", capture_date=TAKEN.replace(hour=18))
    await bench.importer.run(source)
    assert names(bench) == ["DSC_1-1.JPG", "DSC_1-1.NEF", "DSC_1.JPG"]


async def test_f11_a_shot_around_midnight_is_not_torn_apart(
    bench: Bench, source: FakeSource
) -> None:
    source.add("DSC_1.NEF", capture_date=datetime(2026, 5, 1, 23, 59, 59))
    source.add("DSC_1.JPG", capture_date=datetime(2026, 5, 2))
    await bench.importer.run(source)
    assert list(bench.files()) == [f"{FOLDER}/DSC_1.JPG", f"{FOLDER}/DSC_1.NEF"]


# -- F12 to F17: objects ---------------------------------------------------------------------------


async def test_f12_what_is_edited_in_the_camera_is_kept_beside(
    bench: Bench, source: FakeSource
) -> None:
    source.add("1.JPG", some_bytes("raw"))
    source.add("2.JPG", some_bytes("two"))
    await bench.importer.run(source)
    edited = FakeSource()
    edited.add("1.JPG", some_bytes("cropped", 900))
    edited.add("2.JPG", some_bytes("two, and dated again"), capture_date=TAKEN.replace(second=59))
    assert (await bench.importer.run(edited)).imported == 2
    assert names(bench) == ["1-1.JPG", "1.JPG", "2-1.JPG", "2.JPG"]


async def test_f12_what_is_only_protected_is_nothing_new(bench: Bench, source: FakeSource) -> None:
    source.add("1.JPG", b"same")
    await bench.importer.run(source)
    protected = FakeSource()
    protected.add("1.JPG", b"same", is_protected=True)
    assert (await bench.importer.run(protected)).known == 1


async def test_f14_a_file_that_still_grows_comes_when_it_is_whole(
    bench: Bench, source: FakeSource
) -> None:
    growing = source.add("MOVIE.MOV", some_bytes("m", 2000), size=1000)
    (failure,) = (await bench.importer.run(source)).failed
    assert isinstance(failure.error, WrongLength)
    assert bench.files() == {}
    data = source.cards.pop(growing)
    source.add("MOVIE.MOV", data)
    assert (await bench.importer.run(source)).imported == 1
    assert list(bench.files().values()) == [data]


async def test_f15_a_session_that_is_out_of_step_is_not_used_again(
    bench: Bench, camera: VirtualCamera, cable: Cable
) -> None:
    camera.add_photo(picture("1.JPG", some_bytes("f15", 3 << 20)))

    class Full(Exception):
        pass

    async def refuse(_: memoryview) -> None:
        raise Full

    async with session(cable.port) as source:
        (photo,) = [photo async for photo in source.photos()]
        with pytest.raises(Full):
            await source.fetch(photo, refuse)
        with pytest.raises(LinkError):
            await source.thumbnail(photo)
    assert await import_all(bench, cable)
    assert len(bench.files()) == 1


async def test_f16_a_camera_that_is_busy_costs_time_and_no_photo(
    bench: Bench, source: FakeSource
) -> None:
    busy = source.add("1.JPG")
    source.add("2.JPG")
    source.failures[busy] = PhotoRefused("busy")
    seconds = 0.0
    importer = bench.make_importer(timer=lambda: seconds)
    failed = [len((await importer.run(source)).failed) for _ in range(3)]
    assert failed == [1, 1, 1]
    assert (await importer.run(source)).waiting == 1
    assert len(source.fetched) == 4
    waits = []
    for _ in range(10):
        begun = seconds
        while (await importer.run(source)).waiting:
            seconds += 30
        waits.append(seconds - begun)
    assert waits[:3] == [60, 120, 240]
    assert max(waits) == 3600
    source.failures.clear()
    seconds += 3600
    assert (await importer.run(source)).imported == 1


async def test_f17_an_empty_card_is_no_fault(bench: Bench, camera: VirtualCamera) -> None:
    async with session(camera.port) as source:
        report = await bench.importer.run(source)
    assert (report.imported, report.known, report.failed) == (0, 0, ())


async def test_f17_twenty_thousand_known_pictures_are_looked_up_and_not_fetched(
    bench: Bench,
) -> None:
    class Large(FakeSource):
        async def photos(self) -> AsyncIterator[Photo]:
            for number in range(20_000):
                yield a_photo(f"{number}.JPG", handle=number)

    source = Large()
    assert await bench.importer.pass_over(source) == 20_000
    begun = time.monotonic()
    report = await bench.importer.run(source)
    assert (report.known, source.fetched) == (20_000, [])
    assert time.monotonic() - begun < 10


# -- F18: the ledger -------------------------------------------------------------------------------


def lose(bench: Bench, damage: str) -> None:
    bench.ledger.close()
    match damage:
        case "lost":
            bench.ledger_path.unlink()
        case "nonsense":
            bench.ledger_path.write_bytes(b"nonsense" * 1000)
        case "torn":
            data = bench.ledger_path.read_bytes()
            bench.ledger_path.write_bytes(data[:4096] + b"\xff" * 4096 + data[8192:])
    bench.ledger = open_ledger(bench.ledger_path, bench.library)
    bench.importer = bench.make_importer()


@pytest.mark.parametrize("damage", ["lost", "nonsense", "torn"])
async def test_f18_a_lost_or_damaged_ledger_costs_no_second_copies(
    bench: Bench, source: FakeSource, damage: str
) -> None:
    """Not even of what a person renamed, nor of what lies elsewhere by another template."""
    for number in range(30):
        source.add(f"{number}.JPG")
    await bench.importer.run(source)
    (bench.library / FOLDER / "1.JPG").rename(bench.library / "grandma.JPG")
    before = bench.files()
    lose(bench, damage)
    bench.importer = bench.make_importer(template=Template("{name}"))
    report = await bench.importer.run(source)
    assert (report.imported, report.known) == (0, 30)
    assert bench.files() == before
    aside = list(bench.ledger_path.parent.glob("ledger.sqlite.damaged-*"))
    assert bool(aside) is (damage != "lost")
    assert (await bench.importer.run(source)).known == 30
    assert bench.ledger.count("042") == 30


async def test_f18_a_recovery_that_is_stopped_begins_again(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.add()
    await bench.importer.run(source)
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.rename", _refuse)
        with pytest.raises(Exception, match="no rename"):
            lose(bench, "lost")
    bench.ledger = open_ledger(bench.ledger_path, bench.library)
    bench.importer = bench.make_importer(template=Template("{name}"))
    assert (await bench.importer.run(source)).known == 1


def _refuse(*_: object) -> None:
    raise OSError("no rename")


async def test_f18_an_older_ledger_is_brought_up_and_forgets_nothing(
    bench: Bench, source: FakeSource
) -> None:
    """As the first version wrote it."""
    photo = source.add("DSC_1.JPG")
    bench.ledger.close()
    bench.ledger_path.unlink()
    with sqlite3.connect(bench.ledger_path) as old:
        old.execute(
            "CREATE TABLE imported (id INTEGER PRIMARY KEY, serial TEXT NOT NULL, filename TEXT NOT"
            " NULL, announced_size INTEGER NOT NULL, capture_date TEXT NOT NULL, storage TEXT NOT"
            " NULL, folder TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT"
            " NOT NULL, imported_at TEXT NOT NULL, UNIQUE (serial, filename, announced_size,"
            " capture_date, storage, folder, sha256)) STRICT"
        )
        old.execute(
            "INSERT INTO imported VALUES (NULL, '042', 'DSC_1.JPG', 1000, '2026-05-01T06:42:10',"
            " '00010001', 'DCIM/100CRCP', 'Elsewhere/x-7.JPG', 1000, 'ab', '2026-05-02T00:00:00Z')"
        )
        old.execute("PRAGMA user_version = 1")
    old.close()
    bench.ledger = open_ledger(bench.ledger_path, bench.library)
    bench.importer = bench.make_importer()
    record = bench.ledger.find(photo)
    assert record
    assert str(record.path) == "Elsewhere/x-7.JPG"
    raw = source.add("DSC_1.NEF")
    assert (await bench.importer.run(source)).imported == 1
    assert list(bench.files()) == ["Elsewhere/x-7.NEF"]
    assert bench.ledger.unknown([photo, raw]) == []


def test_f18_a_newer_ledger_is_not_taken_for_a_damaged_one(bench: Bench) -> None:
    bench.ledger.close()
    with sqlite3.connect(bench.ledger_path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LedgerTooNew):
        open_ledger(bench.ledger_path, bench.library)
    assert not list(bench.ledger_path.parent.glob("*.damaged-*"))


# -- F21, F22: the library -------------------------------------------------------------------------


async def test_f21_names_that_one_file_system_takes_for_one_are_all_kept(
    bench: Bench, source: FakeSource
) -> None:
    for name in ("caf\u00e9.JPG", "cafe\u0301.JPG", "img_1.JPG", "IMG_1.JPG", "IMG_1.jpg"):
        source.add(name)
    assert (await bench.importer.run(source)).imported == 5
    assert sorted(bench.files().values()) == sorted(source.cards.values())


async def test_f22_what_a_person_moves_renames_or_deletes_stays_so(
    bench: Bench, source: FakeSource
) -> None:
    for number in range(4):
        source.add(f"{number}.JPG")
    await bench.importer.run(source)
    folder = bench.library / FOLDER
    (folder / "0.JPG").unlink()
    (folder / "1.JPG").rename(folder / "holiday.JPG")
    (folder / "2.JPG").rename(bench.library / "2.JPG")
    (folder / "3.JPG").write_bytes(b"edited here")
    before = bench.files()
    bench.restart()
    assert (await bench.importer.run(source)).known == 4
    assert bench.files() == before
