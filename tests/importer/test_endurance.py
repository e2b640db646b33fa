"""What one photo, one row or one file costs: itself, and not the others."""

import asyncio
import fcntl
import os
from pathlib import Path
import threading
from types import SimpleNamespace

import pytest

from custom_components.crcp.importer import reading
from custom_components.crcp.importer.errors import LedgerError, LibraryFull
from custom_components.crcp.importer.recovery import open_ledger
from tests.helpers import until

from .bench import NOW, TAKEN, Bench, a_photo, some_bytes
from .wire import WiredCamera


def lay_disk(patch: pytest.MonkeyPatch, free: int) -> None:
    """Let the disk have 10 GB, and so many KiB of it free."""
    disk = SimpleNamespace(f_blocks=10_000_000, f_frsize=1024, f_bavail=free)
    patch.setattr(os, "statvfs", lambda _: disk)


async def test_f5_a_photo_without_room_is_left_and_the_smaller_ones_come(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest first, by an importer that knows of no run before."""
    lay_disk(monkeypatch, 2000)
    for number in range(3):
        wired.add(f"{number}.JPG")
    wired.add("LARGE.MOV", some_bytes("large", 3_000_000), taken=TAKEN.replace(day=9))
    with pytest.raises(LibraryFull):
        await wired.run(bench.make_importer(newest_first=True))
    assert [path.rpartition("/")[2] for path in bench.files()] == ["0.JPG", "1.JPG", "2.JPG"]
    lay_disk(monkeypatch, 9_000_000)
    assert (await wired.run(bench.make_importer(newest_first=True))).imported == 1


async def test_f13_an_empty_file_needs_no_room(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_disk(monkeypatch, 3_000_000)
    wired.add("0.JPG", b"")
    wired.add("1.JPG", b"x")
    assert (await wired.run(bench.importer)).imported == 2


@pytest.mark.parametrize(
    "damage", ["imported_at = '2026-13-99'", "capture_date = '2026-05-01T06:42:1x'"]
)
async def test_f18_a_damaged_date_in_the_ledger_stops_nothing(
    bench: Bench, wired: WiredCamera, damage: str
) -> None:
    wired.add("1.JPG")
    await wired.run(bench.importer)
    with bench.ledger.database.changes() as connection:
        connection.execute(f"UPDATE imported SET {damage}")
    bench.restart()
    wired.add("1.NEF")
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.imported, report.known, report.failed) == (1, 1, ())
    assert len(bench.files()) == 2


async def test_f18_a_recovery_reads_each_file_once(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        wired.add(f"{number}.NEF")
    await wired.run(bench.importer)
    bench.ledger.close()
    for path in bench.ledger_path.parent.glob(f"{bench.ledger_path.name}*"):
        path.unlink()
    bench.ledger = open_ledger(bench.ledger_path, bench.library)
    hashed: list[Path] = []
    real = reading.sha256_of
    monkeypatch.setattr(
        reading, "sha256_of", lambda library, path: hashed.append(path) or real(library, path)
    )
    assert (await wired.run(bench.make_importer())).known == 12
    assert len(hashed) == len(set(hashed)) == 12


async def test_f18_a_ledger_that_is_deleted_while_it_is_open_is_not_written_to(
    bench: Bench, wired: WiredCamera
) -> None:
    for path in bench.ledger_path.parent.glob(f"{bench.ledger_path.name}*"):
        path.unlink()
    wired.add("1.JPG")
    with pytest.raises(LedgerError, match="deleted"):
        await wired.run(bench.importer)
    bench.ledger.close()
    bench.ledger = open_ledger(bench.ledger_path, bench.library)
    assert (await wired.run(bench.make_importer())).imported == 1


async def test_f18_two_programs_that_make_one_ledger_get_the_same(tmp_path: Path) -> None:
    library, path = tmp_path / "media", tmp_path / "ledger.sqlite"
    library.mkdir()
    for number in range(300):
        (library / f"{number}.JPG").touch()
    opened = await asyncio.gather(
        *(asyncio.to_thread(open_ledger, path, library) for _ in range(4))
    )
    try:
        opened[0].pass_over([a_photo()], NOW)
        assert all(ledger.knows(a_photo()) for ledger in opened)
    finally:
        for ledger in opened:
            ledger.close()


async def test_f18_who_opens_a_ledger_waits_for_another_program_that_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    lock = fcntl.flock

    def flock(descriptor: int, operation: int) -> None:
        asked.set()
        lock(descriptor, operation)

    another = os.open(tmp_path, os.O_RDONLY)
    lock(another, fcntl.LOCK_EX)
    monkeypatch.setattr(fcntl, "flock", flock)
    opening = asyncio.ensure_future(asyncio.to_thread(open_ledger, tmp_path / "ledger.sqlite"))
    await until(lambda: opening.done() or asked.is_set())
    assert not opening.done()
    assert list(tmp_path.iterdir()) == []
    os.close(another)
    (await opening).close()
