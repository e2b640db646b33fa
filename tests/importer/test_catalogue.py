"""Who browses what was imported gets pages, newest first, at the same price in any ledger."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from custom_components.crcp.importer.catalogue import Catalogue, Day, StoredPhoto
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.records import Record

from .bench import NOW, Bench, a_photo

MEDIA = Path("/media")
MAY = datetime.fromisoformat("2026-05-01T06:00:00")


@pytest.fixture
def catalogue(bench: Bench) -> Iterator[Catalogue]:
    bench.ledger.know_libraries({"local": MEDIA})
    with Catalogue(bench.ledger_path) as catalogue:
        yield catalogue


def put(
    ledger: Ledger, name: str, taken: datetime | None = MAY, *, path: str = "", **changes: Any
) -> None:
    """Have a photo imported into MEDIA."""
    record: dict[str, Any] = {
        "path": PurePosixPath(path or f"Kitchen/{name}"),
        "size": 1000,
        "sha256": f"hash of {name}",
        "imported_at": NOW,
        "library": MEDIA,
    }
    record |= {key: changes.pop(key) for key in record.keys() & changes.keys()}
    ledger.add(a_photo(name, capture_date=taken, **changes), Record(**record))


def names(photos: list[StoredPhoto]) -> list[str]:
    return [photo.path.name for photo in photos]


def test_a_photo_is_all_that_the_ledger_knows_of_it(bench: Bench, catalogue: Catalogue) -> None:
    put(bench.ledger, "A.JPG")
    (photo,) = catalogue.recent(10)
    assert photo == StoredPhoto(
        id=photo.id,
        serial="042",
        library="local",
        path=PurePosixPath("Kitchen/A.JPG"),
        filename="A.JPG",
        size=1000,
        capture_date=MAY,
        imported_at=NOW.astimezone(UTC),
        sha256="hash of A.JPG",
        moment=MAY,
    )
    assert catalogue.by_id(photo.id) == photo
    assert catalogue.by_id(photo.id + 1) is None


def test_photos_of_some_kinds_are_found_by_what_their_names_end_in(
    bench: Bench, catalogue: Catalogue
) -> None:
    for number, name in enumerate(("A.MOV", "B.JPG", "C.mp4", "D.MOV.JPG", "E.xmov")):
        put(bench.ledger, name, MAY + timedelta(days=number))
    assert names(catalogue.recent(10, endings=["mov", "mp4"])) == ["C.mp4", "A.MOV"]
    assert names(catalogue.find(["kitchen", "a"], 10, endings=["mov", "mp4"])) == ["A.MOV"]


def test_the_newest_comes_first_and_what_has_no_true_date_when_it_came(
    bench: Bench, catalogue: Catalogue
) -> None:
    put(bench.ledger, "old.JPG", MAY)
    put(bench.ledger, "lost clock.JPG", MAY.replace(year=1980))
    put(bench.ledger, "no clock.JPG", None, imported_at=NOW + timedelta(hours=1))
    put(bench.ledger, "new.JPG", NOW.replace(tzinfo=None) + timedelta(days=1))
    photos = catalogue.recent(10)
    assert names(photos) == ["new.JPG", "no clock.JPG", "lost clock.JPG", "old.JPG"]
    assert [photo.capture_date for photo in photos[1:3]] == [None, None]
    assert photos[2].moment == NOW.replace(tzinfo=None)


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(hours=7)], ids=["at once", "apart"])
@pytest.mark.parametrize("serial", [None, "042"])
def test_pages_follow_each_other_and_hold_each_photo_once(
    bench: Bench, catalogue: Catalogue, apart: timedelta, serial: str | None
) -> None:
    for number in range(25):
        put(bench.ledger, f"{number}.JPG", MAY + number * apart)
    seen: list[StoredPhoto] = []
    while page := catalogue.recent(4, seen[-1] if seen else None, serial=serial):
        seen += page
        assert len(page) == 4 or len(seen) == 25
    assert names(seen) == [f"{number}.JPG" for number in reversed(range(25))]


def test_days_have_their_photos(bench: Bench, catalogue: Catalogue) -> None:
    for number in range(6):
        put(bench.ledger, f"{number}.JPG", MAY + number * timedelta(hours=12))
    put(bench.ledger, "other.JPG", MAY, serial="043")
    days = catalogue.days(10)
    assert [(each.day, each.count) for each in days] == [
        (date(2026, 5, 3), 2),
        (date(2026, 5, 2), 2),
        (date(2026, 5, 1), 3),
    ]
    newest = catalogue.by_id(days[0].newest)
    assert newest
    assert newest.filename == "5.JPG"
    assert catalogue.days(1, date(2026, 5, 3)) == days[1:2]
    assert [each.count for each in catalogue.days(10, serial="042")] == [2, 2, 2]
    may = catalogue.of_day(date(2026, 5, 1), 10, serial="042")
    assert names(may) == ["1.JPG", "0.JPG"]
    assert catalogue.of_day(date(2026, 5, 1), 10, may[0], serial="042") == may[1:]
    assert len(catalogue.of_day(date(2026, 5, 1), 10)) == 3
    assert catalogue.of_day(date(2026, 5, 4), 10) == []
    assert catalogue.of_day(date.max, 10) == []


def test_cameras_come_by_their_newest_photo(bench: Bench, catalogue: Catalogue) -> None:
    put(bench.ledger, "1.JPG")
    put(bench.ledger, "2.JPG")
    put(bench.ledger, "3.JPG", MAY + timedelta(1), serial="043")
    assert [(each.serial, each.count) for each in catalogue.cameras()] == [("043", 1), ("042", 2)]
    newest = catalogue.by_id(catalogue.cameras()[1].newest)
    assert newest
    assert newest.serial == "042"


def test_words_are_looked_for_in_path_name_and_date(bench: Bench, catalogue: Catalogue) -> None:
    put(bench.ledger, "DSC_1.NEF", path="Garden/roses.NEF")
    put(bench.ledger, "DSC_2.NEF", MAY + timedelta(days=40), path="Kitchen/100%.NEF")
    put(bench.ledger, "DSCX3.JPG", MAY + timedelta(days=41), serial="043")

    def found(*words: str) -> list[str]:
        return names(catalogue.find(words, 10))

    assert found("ROSES") == ["roses.NEF"]
    assert found("dsc_1", "garden") == ["roses.NEF"]
    assert found("nef", "2026-06") == ["100%.NEF"]
    assert found("%") == ["100%.NEF"]
    assert found("dsc_") == ["100%.NEF", "roses.NEF"]
    assert found("\\") == []
    assert found() == ["DSCX3.JPG", "100%.NEF", "roses.NEF"]
    first = catalogue.find(["nef"], 1)
    assert names(catalogue.find(["nef"], 1, first[0])) == ["roses.NEF"]
    assert names(catalogue.find(["dsc"], 10, serial="043")) == ["DSCX3.JPG"]


@pytest.mark.parametrize(
    "typed", ["Ärmel", "ärmel", "A\u0308RMEL", "Straße", "STRASSE", "stra", "rmel"]
)
def test_a_word_is_found_as_it_is_typed_in_any_alphabet(
    bench: Bench, catalogue: Catalogue, typed: str
) -> None:
    put(bench.ledger, "1.JPG", path="Ärmel Straße/2026/1.JPG")
    put(bench.ledger, "2.JPG")
    assert names(catalogue.find([typed], 10)) == ["1.JPG"]
    assert names(catalogue.find([typed.casefold()], 10)) == ["1.JPG"]


def test_a_word_of_any_length_is_only_not_found(bench: Bench, catalogue: Catalogue) -> None:
    put(bench.ledger, "1.JPG")
    assert catalogue.find(["_" * 60_000], 10) == []


def test_a_file_comes_once_and_what_lay_under_its_name_before_not_at_all(
    bench: Bench, catalogue: Catalogue
) -> None:
    """Slots mirror each other; and a deleted file's name is free for another picture."""
    put(bench.ledger, "A.JPG")
    put(bench.ledger, "A.JPG", storage="00020001")
    assert len(catalogue.recent(10)) == 1
    put(bench.ledger, "A.JPG", MAY + timedelta(1), sha256="another")
    assert [photo.sha256 for photo in catalogue.recent(10)] == ["another"]
    assert catalogue.days(10) == [Day(day=date(2026, 5, 2), count=1, newest=3)]
    bench.ledger.forget(PurePosixPath("Kitchen/A.JPG"), MEDIA)
    assert catalogue.recent(10) == []


def test_what_nobody_wanted_does_not_come(bench: Bench, catalogue: Catalogue) -> None:
    bench.ledger.pass_over([a_photo("A.JPG")], NOW)
    assert catalogue.recent(10) == catalogue.days(10) == catalogue.cameras() == []


def test_a_damaged_moment_costs_only_itself(bench: Bench, catalogue: Catalogue) -> None:
    put(bench.ledger, "A.JPG")
    put(bench.ledger, "B.JPG")
    bench.ledger.database.connection.execute(
        "UPDATE imported SET moment = '2026-13-99', capture_date = 'x', imported_at = 'y' "
        "WHERE filename = 'B.JPG'"
    )
    assert sorted(names(catalogue.recent(10))) == ["A.JPG", "B.JPG"]
    assert [each.day for each in catalogue.days(10)] == [MAY.date()]


QUERIES: dict[str, Callable[[Catalogue], object]] = {
    "recent": lambda catalogue: catalogue.recent(50),
    "recent of one": lambda catalogue: catalogue.recent(50, serial="042"),
    "next": lambda catalogue: catalogue.recent(50, catalogue.recent(1)[0]),
    "of day": lambda catalogue: catalogue.of_day(MAY.date(), 50),
    "of day of one": lambda catalogue: catalogue.of_day(MAY.date(), 50, serial="042"),
    "days": lambda catalogue: catalogue.days(10),
    "days of one": lambda catalogue: catalogue.days(10, serial="042"),
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_first_page_costs_the_same_in_a_large_ledger(
    bench: Bench, catalogue: Catalogue, query: str
) -> None:
    """Counted in steps of SQLite's machine, which no other load on this one changes."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    costs = []
    for size, newest in ((300, MAY), (3000, MAY - timedelta(days=300))):
        bench.ledger.take_over(
            (
                a_photo(f"{size}-{number}.JPG", capture_date=newest - number * timedelta(hours=1)),
                Record(
                    path=PurePosixPath(f"{size}/{number}.JPG"),
                    size=1,
                    sha256=f"{size}-{number}",
                    imported_at=NOW,
                    library=MEDIA,
                ),
            )
            for number in range(size)
        )
        catalogue._database.connection.set_progress_handler(step, 10)
        steps = 0
        QUERIES[query](catalogue)
        costs.append(steps)
    assert costs[1] < 2 * costs[0] + 100
