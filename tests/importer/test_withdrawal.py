"""What a camera brought that was never real is taken back, and nothing else."""

from hashlib import sha256
from pathlib import Path, PurePosixPath

import pytest

from custom_components.crcp.importer.records import Begun, Record
from custom_components.crcp.importer.withdrawal import withdraw

from .bench import NOW, Bench, a_photo

PLACE = PurePosixPath("Trial/2026/IMG_0001.JPG")
DATA = b"made up"


def bring(bench: Bench, path: PurePosixPath = PLACE, serial: str = "trial") -> Path:
    """Have a photo in the library and in the ledger; return where."""
    file = bench.library / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(DATA)
    digest = sha256(DATA).hexdigest()
    record = Record(
        path=path, size=len(DATA), sha256=digest, imported_at=NOW, library=bench.library
    )
    bench.ledger.add(a_photo(path.name, serial=serial), record)
    return file


def test_files_rows_and_empty_folders_go_and_others_stay(bench: Bench) -> None:
    bring(bench)
    begun = Begun(
        path=PurePosixPath("Trial/2026/IMG_0002.JPG"), counter=2, flushed=1, library=bench.library
    )
    bench.ledger.begin(a_photo("IMG_0002.JPG", serial="trial"), begun, NOW)
    real = bring(bench, PurePosixPath("Kitchen/IMG_0001.JPG"), serial="real")
    assert withdraw(bench.ledger, bench.library, "trial") == {sha256(DATA).hexdigest()}
    assert list(bench.library.rglob("*.JPG")) == [real]
    assert not (bench.library / "Trial").exists()
    assert (bench.ledger.count("trial"), bench.ledger.count("real")) == (0, 1)
    assert bench.ledger.half_done(["trial"]) == set()
    assert bench.ledger.next_counter("trial") == 1


@pytest.mark.parametrize("made", ["edited", "linked", "anothers", "a folder"])
def test_what_is_a_persons_stays(bench: Bench, tmp_path: Path, made: str) -> None:
    file = bring(bench)
    if made == "edited":
        file.write_bytes(b"cropped")
    elif made == "anothers":
        bring(bench, serial="real")
    else:
        file.unlink()
        elsewhere = tmp_path / "own.jpg"
        elsewhere.write_bytes(DATA)
        if made == "linked":
            file.symlink_to(elsewhere)
        else:
            file.mkdir()
    withdraw(bench.ledger, bench.library, "trial")
    assert file.is_symlink() or file.exists()
    assert bench.ledger.count("trial") == 0


def test_a_library_that_is_away_keeps_its_files_and_the_rest_is_forgotten(bench: Bench) -> None:
    bring(bench)
    away = bench.library.rename(bench.library.with_name("away"))
    withdraw(bench.ledger, bench.library, "trial")
    assert (away / PLACE).read_bytes() == DATA
    assert bench.ledger.count("trial") == 0
