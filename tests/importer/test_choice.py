from datetime import date
from typing import Any

import pytest

from custom_components.crcp.importer.choice import Choice
from custom_components.crcp.importer.kinds import Kind, kind_of

from .bench import Bench, FakeSource, a_photo


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("IMG.JPG", Kind.PHOTO),
        ("IMG.hif", Kind.PHOTO),
        ("DSC.NEF", Kind.RAW),
        ("DSC.cr3", Kind.RAW),
        ("C0001.MP4", Kind.VIDEO),
        ("IMG.XMP", Kind.SIDECAR),
        ("MVI.THM", Kind.SIDECAR),
        ("what.is.this", Kind.PHOTO),
        ("", Kind.PHOTO),
    ],
)
def test_a_kind_is_told_by_the_extension(name: str, kind: Kind) -> None:
    assert kind_of(name) is kind


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        ({}, "raw jpeg movie sidecar undated"),
        ({"kinds": frozenset({Kind.RAW})}, "raw sidecar"),
        ({"kinds": frozenset({Kind.PHOTO, Kind.VIDEO})}, "jpeg movie sidecar undated"),
        ({"slots": frozenset({2})}, "movie"),
        ({"slots": frozenset({1, 2})}, "raw jpeg movie sidecar undated"),
        ({"protected_only": True}, "jpeg"),
        ({"first_day": date(2026, 5, 2)}, ""),
        ({"first_day": date(2026, 5, 1)}, "raw jpeg movie sidecar"),
        ({"last_day": date(2026, 5, 1)}, "raw jpeg movie sidecar"),
        ({"first_day": date(2026, 4, 1), "last_day": date(2026, 4, 30)}, ""),
    ],
)
def test_a_choice_wants_what_it_says(choice: dict[str, Any], wanted: str) -> None:
    photos = {
        "raw": a_photo("1.NEF"),
        "jpeg": a_photo("1.JPG", is_protected=True),
        "movie": a_photo("1.MOV", storage="00020001"),
        "sidecar": a_photo("1.XMP"),
        "undated": a_photo("2.JPG", capture_date=None),
    }
    assert [n for n, photo in photos.items() if Choice(**choice).wants(photo)] == wanted.split()


async def test_what_is_not_chosen_stays_new(bench: Bench) -> None:
    source = FakeSource()
    source.add("1.NEF")
    jpeg = source.add("1.JPG")
    importer = bench.make_importer(choice=Choice(kinds=frozenset({Kind.RAW})))
    report = await importer.run(source)
    assert (report.imported, report.not_chosen) == (1, 1)
    assert await importer.import_photo(source, jpeg) is None
    assert (await bench.importer.run(source)).imported == 1


async def test_from_now_on_means_by_what_is_there_and_not_by_any_clock(bench: Bench) -> None:
    source = FakeSource()
    old = [source.add(f"{number}.JPG") for number in range(3)]
    assert await bench.importer.pass_over(source) == 3
    new = source.add("new.JPG", capture_date=None)
    report = await bench.importer.run(source)
    assert (report.imported, report.known) == (1, 3)
    assert source.fetched == [new]
    assert bench.ledger.count("042") == 1
    assert bench.ledger.find(old[0]) is None
    assert await bench.importer.import_photo(source, old[0]) is None


async def test_who_wants_what_was_passed_over_gets_it_and_nothing_twice(bench: Bench) -> None:
    source = FakeSource()
    for number in range(3):
        source.add(f"{number}.JPG")
    await bench.importer.run(source)
    source.add("3.JPG")
    assert await bench.importer.pass_over(source) == 1
    assert (await bench.importer.run(source)).imported == 0
    report = await bench.importer.run(source, afresh=True)
    assert (report.imported, report.known) == (1, 3)
    assert (await bench.importer.run(source, afresh=True)).imported == 0
