"""How imports fail by the disk, the ledger and the person, F5, F18, F19, F21 and F22.

Over real sockets and file systems. F3 is in test_kills.py and, with F4, in test_crashes.py.
"""

import errno
import os
import sqlite3
from typing import Any

import pytest

from custom_components.crcp.importer import executor
from custom_components.crcp.importer.errors import (
    AnotherLibrary,
    LedgerError,
    LedgerTooNew,
    LibraryError,
    LibraryFull,
    LibraryMissing,
    NotWritable,
)
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.recovery import open_ledger
from custom_components.crcp.importer.template import Template
from custom_components.crcp.protocols.ptpip.codes import OperationCode, ProtectionStatus
from custom_components.crcp.virtual.data_phase import DataStyle

from .bench import Bench, FakeSource, some_bytes
from .disks import Share, SmallDisk, lay_fat
from .fake_os import Call, lay_over
from .wire import WiredCamera

FOLDER = "Kitchen/2026/2026-05-01"


# -- F5: the disk is full --------------------------------------------------------------------------


async def test_f5_a_disk_that_fills_at_any_byte_costs_nothing_but_time(
    disk: SmallDisk, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else takes the last block after k bytes of the second photo."""
    monkeypatch.setattr(executor, "PIECE", 4096)
    wired.camera.data_style = DataStyle.SMALL_PIECES
    bench = Bench(disk.place)
    data = some_bytes("f5", 600_000)
    handle = wired.add("2.JPG", data)
    for k in range(0, 600_000, 70_000):
        bench.importer = bench.make_importer(
            on_progress=lambda progress, k=k: disk.fill() if progress.received >= k else None
        )
        with pytest.raises(LibraryFull):
            await wired.run(bench.importer)
        assert not [path for path in bench.files() if path.endswith((".JPG", ".part"))]
        assert bench.ledger.count("042") == 0
        assert bench.told == []
        disk.free()
        wired.remove(handle)
        handle = wired.add("2.JPG", data)
    bench.importer = bench.make_importer()
    assert (await wired.run(bench.importer)).imported == 1
    assert list(bench.files().values()) == [data]
    bench.ledger.close()


async def test_f5_a_disk_that_is_full_at_the_ledger_s_commit_doubles_nothing(
    disk: SmallDisk, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The photo has its name by then; the next run finds it by its bytes."""
    bench = Bench(disk.place)
    wired.add("1.JPG")
    real = Ledger.add

    def add(ledger: Ledger, *args: Any) -> None:
        disk.fill()
        if not disk.is_real:
            raise LedgerError(bench.ledger_path, "database or disk is full")
        real(ledger, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "add", add)
        with pytest.raises(LedgerError, match="full"):
            await wired.run(bench.importer)
    assert bench.told == []
    disk.free()
    bench.restart()
    assert (await wired.run(bench.importer)).imported == 1
    assert sorted(bench.files().values()) == wired.contents
    assert bench.ledger.count("042") == len(bench.told) == 1
    bench.ledger.close()


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
    bench: Bench, wired: WiredCamera, damage: str
) -> None:
    """Not even of what a person renamed, nor of what lies elsewhere by another template."""
    for number in range(30):
        wired.add(f"{number}.JPG")
    await wired.run(bench.importer)
    (bench.library / FOLDER / "1.JPG").rename(bench.library / "grandma.JPG")
    before = bench.files()
    lose(bench, damage)
    bench.importer = bench.make_importer(template=Template("{name}"))
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (0, 30)
    assert bench.files() == before
    aside = list(bench.ledger_path.parent.glob("ledger.sqlite.damaged-*"))
    assert bool(aside) is (damage != "lost")
    assert (await wired.run(bench.importer)).known == 30
    assert bench.ledger.count("042") == 30


async def test_f18_a_recovery_that_is_stopped_begins_again(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    wired.add("1.JPG")
    await wired.run(bench.importer)
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.rename", _refuse)
        with pytest.raises(Exception, match="no rename"):
            lose(bench, "lost")
    bench.ledger = open_ledger(bench.ledger_path, bench.library)
    bench.importer = bench.make_importer(template=Template("{name}"))
    assert (await wired.run(bench.importer)).known == 1


def _refuse(*_: object) -> None:
    raise OSError("no rename")


async def test_f18_an_older_ledger_is_brought_up_and_forgets_nothing(bench: Bench) -> None:
    """As the first version wrote it."""
    source = FakeSource()
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


# -- F19: deleting on the camera -------------------------------------------------------------------


async def test_f19_what_does_not_read_back_with_its_hash_is_never_deleted(
    bench: Bench, wired: WiredCamera
) -> None:
    for number in range(3):
        wired.add(f"{number}.JPG")

    def spoil(imported: Any) -> None:
        (bench.library / imported.path).write_bytes(b"somebody was here")

    importer = bench.make_importer(delete=True)
    importer._on_imported = spoil
    report = await wired.run(importer)
    assert (report.imported, report.deleted) == (3, 0)
    assert wired.asked(OperationCode.DELETE_OBJECT) == []


async def test_f19_each_photo_is_deleted_by_its_own_handle_and_once(
    bench: Bench, wired: WiredCamera
) -> None:
    handles = [wired.add(f"{number}.JPG") for number in range(3)]
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.imported, report.deleted) == (3, 3)
    asked = wired.asked(OperationCode.DELETE_OBJECT)
    assert sorted(handle for handle, *_ in asked) == handles
    assert wired.contents == []


async def test_f19_a_camera_that_refuses_keeps_its_photo_and_is_not_asked_without_end(
    bench: Bench, wired: WiredCamera
) -> None:
    """Protected after it was listed, then a card whose switch is at "lock"."""
    handles = [wired.add(f"{number}.JPG") for number in range(8)]
    await wired.run(bench.importer)
    card = wired.camera.cards[0]
    listing = card.object_info
    for handle in handles:
        card.protect(handle, ProtectionStatus.READ_ONLY)

    def not_telling(handle: int) -> Any:
        entry = card.entries[handle]
        card.entries[handle] = type(entry)(entry.name, entry.parent, entry.photo)
        told = listing(handle)
        card.entries[handle] = entry
        return told

    card.object_info = not_telling
    importer = bench.make_importer(delete=True)
    for expected in (3, 6, 8, 8):
        assert (await wired.run(importer)).deleted == 0
        assert len(wired.asked(OperationCode.DELETE_OBJECT)) == expected
    assert len(wired.contents) == 8


# -- F21: the place --------------------------------------------------------------------------------


async def test_f21_a_share_that_is_gone_is_waited_for_and_never_made(
    bench: Bench, wired: WiredCamera, share: Share
) -> None:
    """Unmounted with the folder left, the folder gone too, and mounted again."""
    wired.add("1.JPG")
    await wired.run(bench.importer)
    share.take_off()
    wired.add("2.JPG")
    bench.restart()
    with pytest.raises(AnotherLibrary, match="is not there"):
        await wired.run(bench.importer)
    assert list(bench.library.iterdir()) == []
    bench.library.rmdir()
    with pytest.raises(LibraryMissing):
        await wired.run(bench.importer)
    assert not bench.library.exists()
    share.put_on()
    assert (await wired.run(bench.importer)).imported == 1
    assert sorted(bench.files().values()) == wired.contents


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.EROFS, NotWritable),
        (errno.ESTALE, LibraryMissing),
        (errno.EIO, LibraryError),
        (errno.EACCES, NotWritable),
    ],
)
async def test_f21_a_share_that_is_stale_or_read_only_is_told_apart_and_goes_on(
    bench: Bench, wired: WiredCamera, code: int, error: type[LibraryError]
) -> None:
    """From the first write on; played, because no mount can be made stale."""
    wired.add("1.JPG")

    def refuse(name: str, args: tuple[Any, ...], call: Call) -> Any:
        if name in ("mkdir", "write"):
            raise OSError(code, os.strerror(code))
        return call()

    with pytest.MonkeyPatch.context() as patch:
        lay_over(patch, refuse)
        with pytest.raises(error) as raised:
            await wired.run(bench.importer)
    assert type(raised.value) is error
    assert bench.files() == {}
    assert (await wired.run(bench.importer)).imported == 1


@pytest.mark.parametrize("fat", [False, True], ids=["here", "FAT"])
async def test_f21_names_that_one_file_system_takes_for_one_are_all_kept(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch, fat: bool
) -> None:
    """Composed and decomposed, upper and lower case, and characters that FAT has not."""
    if fat:
        lay_fat(monkeypatch)
    given = ("caf\u00e9.JPG", "cafe\u0301.JPG", "img_1.JPG", "IMG_1.JPG", "IMG_1.jpg", 'a:b?"*.JPG')
    for name in given:
        wired.add(name)
    wired.add("IMG_1.JPG", folder="DCIM/101CRCP")
    wired.add("trailing.JPG. ")
    assert (await wired.run(bench.importer)).imported == 8
    assert sorted(bench.files().values()) == wired.contents
    bench.restart()
    assert (await wired.run(bench.importer)).known == 8


# -- F22: the person -------------------------------------------------------------------------------


async def test_f22_what_a_person_moves_renames_or_deletes_stays_so(
    bench: Bench, wired: WiredCamera
) -> None:
    for number in range(4):
        wired.add(f"{number}.JPG")
    await wired.run(bench.importer)
    folder = bench.library / FOLDER
    (folder / "0.JPG").unlink()
    (folder / "1.JPG").rename(folder / "holiday.JPG")
    (folder / "2.JPG").rename(bench.library / "2.JPG")
    (folder / "3.JPG").write_bytes(b"edited here")
    before = bench.files()
    bench.restart()
    assert (await wired.run(bench.importer)).known == 4
    assert bench.files() == before
