from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path, PurePosixPath
import sqlite3
import threading
from typing import Any

import pytest

from custom_components.crcp.importer.errors import LedgerError, LedgerTooNew
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.records import Record

from .bench import NOW, TAKEN, Bench, a_photo
from .hostile import HOSTILE_NAMES

RECORD = Record(
    path=PurePosixPath("Kitchen/2026/2026-05-01/IMG_0001.JPG"),
    size=1000,
    sha256="ab" * 32,
    imported_at=NOW,
)

#: For each part of the identity, another value than a_photo's.
OTHERS: dict[str, Any] = {
    "serial": "043",
    "storage": "00020001",
    "folder": "DCIM/101CRCP",
    "filename": "IMG_0002.JPG",
    "size": 1001,
    "capture_date": TAKEN + timedelta(seconds=1),
}


def test_what_was_added_is_found(bench: Bench) -> None:
    bench.ledger.add(a_photo(), RECORD)
    assert bench.ledger.find(a_photo()) == RECORD
    assert bench.ledger.find(a_photo(handle=1234)) == RECORD


@pytest.mark.parametrize("part", OTHERS)
def test_every_part_of_the_identity_counts(bench: Bench, part: str) -> None:
    bench.ledger.add(a_photo(), RECORD)
    other = a_photo(**{part: OTHERS[part]})
    assert bench.ledger.find(other) is None
    assert bench.ledger.unknown([a_photo(), other]) == [other]
    assert other != a_photo()
    assert other.token != a_photo().token


@pytest.mark.parametrize("part", ["size", "capture_date"])
def test_unknown_is_a_value_of_its_own(bench: Bench, part: str) -> None:
    nothing: dict[str, Any] = {part: None}
    photo = a_photo(**nothing)
    bench.ledger.add(photo, RECORD)
    bench.ledger.add(photo, RECORD)
    assert bench.ledger.find(photo) == RECORD
    assert bench.ledger.find(a_photo()) is None
    assert bench.ledger.find(a_photo(size=0)) is None
    assert bench.ledger.count("042") == 1


def test_local_time_and_utc_are_different_dates(bench: Bench) -> None:
    bench.ledger.add(a_photo(), RECORD)
    assert bench.ledger.find(a_photo(capture_date=TAKEN.replace(tzinfo=UTC))) is None


def test_unknown_photos_come_in_their_order_and_once(bench: Bench) -> None:
    photos = [a_photo(f"{number}.JPG", handle=number) for number in (3, 1, 2)]
    bench.ledger.add(photos[1], RECORD)
    assert bench.ledger.unknown([*photos, photos[0]]) == [photos[0], photos[2]]


def test_equal_photos_are_unknown_until_as_many_were_imported(bench: Bench) -> None:
    twice = [a_photo("", handle=1), a_photo("", handle=2)]
    assert bench.ledger.unknown(twice) == twice
    bench.ledger.add(twice[0], RECORD)
    assert bench.ledger.unknown(twice) == twice
    bench.ledger.add(twice[1], replace(RECORD, sha256="cd" * 32))
    assert bench.ledger.unknown(twice) == []


def test_the_first_record_of_a_photo_stands(bench: Bench) -> None:
    bench.ledger.add(a_photo(), RECORD)
    bench.ledger.add(a_photo(), replace(RECORD, path=PurePosixPath("x")))
    assert bench.ledger.find(a_photo()) == RECORD


def test_a_twin_has_camera_name_and_bytes(bench: Bench) -> None:
    bench.ledger.add(a_photo(), RECORD)
    moved = a_photo(storage="00020001", capture_date=None, folder="")
    assert bench.ledger.find_twin(moved, RECORD.sha256) == RECORD
    assert bench.ledger.find_twin(moved, "cd" * 32) is None
    assert bench.ledger.find_twin(a_photo("IMG_0002.JPG"), RECORD.sha256) is None
    assert bench.ledger.find_twin(a_photo(serial="043"), RECORD.sha256) is None


def test_twins_are_one_file(bench: Bench) -> None:
    bench.ledger.add(a_photo(), RECORD)
    bench.ledger.add(a_photo(storage="00020001"), RECORD)
    bench.ledger.add(a_photo(serial="043"), RECORD)
    assert bench.ledger.count("042") == 1
    assert bench.ledger.count("044") == 0


def test_files_are_counted_since_a_moment(bench: Bench) -> None:
    moment = RECORD.imported_at
    bench.ledger.add(a_photo(), RECORD)
    assert bench.ledger.count("042", moment) == 1
    assert bench.ledger.count("042", moment.astimezone(timezone(timedelta(hours=9)))) == 1
    assert bench.ledger.count("042", moment + timedelta(seconds=1)) == 0


def test_the_ledger_survives_a_restart(bench: Bench) -> None:
    bench.ledger.add(a_photo(), RECORD)
    bench.restart()
    assert bench.ledger.find(a_photo()) == RECORD


def test_a_row_is_on_the_disk_without_a_close(bench: Bench) -> None:
    bench.ledger.add(a_photo(), RECORD)
    with Ledger(bench.ledger_path) as other:
        assert other.find(a_photo()) == RECORD


def test_commits_are_flushed_and_leave_the_file_readable_meanwhile(bench: Bench) -> None:
    connection = bench.ledger.database.connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_any_text_can_be_a_photo_s(bench: Bench) -> None:
    for name in HOSTILE_NAMES:
        bench.ledger.add(a_photo(name, folder=name, serial=name, storage=name), RECORD)
    for name in HOSTILE_NAMES:
        assert bench.ledger.find(a_photo(name, folder=name, serial=name, storage=name)) == RECORD


def test_a_newer_ledger_is_refused_in_words_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LedgerTooNew, match=r"ledger\.sqlite: .*newer version") as caught:
        Ledger(path)
    assert (caught.value.version, caught.value.supported) == (99, 8)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"this is no ledger" * 100, b"SQLite format 3\0" * 100])
def test_what_is_no_ledger_is_refused_in_words_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=r"ledger\.sqlite"):
        Ledger(path)
    assert path.read_bytes() == content


def test_a_ledger_in_a_missing_folder_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="unable to open"):
        Ledger(tmp_path / "missing" / "ledger.sqlite")


def test_a_closed_ledger_is_an_error_in_words(bench: Bench) -> None:
    ledger = Ledger(bench.ledger_path)
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.find(a_photo())


def test_threads_may_use_a_ledger_at_once(bench: Bench) -> None:
    def add(start: int) -> None:
        for number in range(start, start + 20):
            bench.ledger.add(
                a_photo(f"{number}.JPG"),
                Record(path=PurePosixPath(f"{number}"), size=1, sha256="", imported_at=NOW),
            )

    threads = [threading.Thread(target=add, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bench.ledger.count("042") == 60


def test_a_look_up_does_not_take_longer_in_a_large_ledger(bench: Bench) -> None:
    plan = bench.ledger.database.connection.execute(
        "EXPLAIN QUERY PLAN SELECT path FROM imported WHERE serial = ? AND filename = ? "
        "AND announced_size = ? AND capture_date = ? AND storage = ? AND folder = ?",
        ("", "", 0, "", "", ""),
    ).fetchall()
    assert "SEARCH" in plan[0][3]
    assert "folder=?" in plan[0][3]


def test_moments_are_kept_exactly(bench: Bench) -> None:
    moment = datetime(2026, 10, 25, 2, 30, 0, 123456, tzinfo=UTC)
    record = Record(path=PurePosixPath("x"), size=1, sha256="", imported_at=moment)
    bench.ledger.add(a_photo(), record)
    assert bench.ledger.find(a_photo()) == record


def test_f18_a_ledger_that_was_deleted_while_it_is_open_is_noticed(bench: Bench) -> None:
    """What is written to it would not be found again."""
    bench.ledger_path.unlink()
    with pytest.raises(LedgerError, match="deleted or replaced"):
        bench.ledger.pass_over([a_photo()], NOW)
    bench.ledger_path.write_bytes(b"")
    with pytest.raises(LedgerError, match="deleted or replaced"):
        bench.ledger.pass_over([a_photo()], NOW)
