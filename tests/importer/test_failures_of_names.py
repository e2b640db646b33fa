"""How imports fail by names, dates and identities, F6 to F12 and F20, over real sockets."""

from datetime import datetime
import os
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from custom_components.crcp.importer.kinds import endings_of_shots
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.template import Template

from .bench import TAKEN, Bench, FakeSource, some_bytes
from .wire import WiredCamera

FOLDER = "Kitchen/2026/2026-05-01"


def names(bench: Bench) -> list[str]:
    return [path.rpartition("/")[2] for path in bench.files()]


async def check_all_came_once(bench: Bench, wired: WiredCamera, number: int) -> None:
    """Import, then again after a restart: every file is there once, and the second run has none."""
    assert (await wired.run(bench.importer)).imported == number
    assert sorted(bench.files().values()) == wired.contents
    bench.restart()
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (0, number)
    assert bench.ledger.count("042") == number


# -- F6, F7: names ---------------------------------------------------------------------------------


async def test_f6_numbers_that_wrap_and_repeat_lose_nothing(
    bench: Bench, wired: WiredCamera
) -> None:
    """From 9999 to 0001 and into the next folder, on two cards, and again in a third folder."""
    numbers = [*range(9990, 10000), *range(1, 16)]
    for slot in (0, 1):
        for number in numbers:
            folder = "DCIM/100NIKON" if number > 1000 else "DCIM/101NIKON"
            wired.add(f"DSC_{number:04}.JPG", slot=slot, folder=folder)
    for number in numbers:
        wired.add(f"DSC_{number:04}.JPG", folder="DCIM/102NIKON")
    await check_all_came_once(bench, wired, 75)


async def test_f7_a_burst_within_a_second_keeps_all_shots(bench: Bench, wired: WiredCamera) -> None:
    for number in range(30):
        wired.add(f"DSC_{number:04}.JPG")
    bench.importer = bench.make_importer(template=Template("{date}_{hour}{minute}{second}"))
    await check_all_came_once(bench, wired, 30)


# -- F8: clocks ------------------------------------------------------------------------------------


async def test_f8_no_clock_decides_what_is_new(bench: Bench, wired: WiredCamera) -> None:
    clocks = [None, *(datetime(year, 1, 1) for year in (1970, 1980, 2000, 2026, 2099))]
    for number, taken in enumerate(clocks):
        wired.add(f"{number}.JPG", taken=taken)
    await check_all_came_once(bench, wired, 6)
    bench.now = bench.now.replace(year=2010)
    wired.add("late.JPG", taken=datetime(1970, 1, 1))
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (1, 6)


@pytest.mark.parametrize("year", [1970, 1980, 2000])
async def test_f8_a_clock_that_was_reset_files_by_the_day_of_arrival_and_is_told(
    bench: Bench, wired: WiredCamera, year: int
) -> None:
    wired.add("1.JPG", taken=datetime(year, 1, 1, 0, 3))
    wired.add("2.JPG", taken=None)
    await wired.run(bench.importer)
    assert list(bench.files()) == [f"Kitchen/2026/2026-11-21/{number}.JPG" for number in (1, 2)]
    assert [told.photo.taken for told in bench.told] == [None, None]


async def test_f8_an_hour_that_comes_twice_in_autumn_loses_nothing(
    bench: Bench, wired: WiredCamera
) -> None:
    """The clock goes back, and the numbers began anew in between."""
    for minute in (10, 40):
        for folder in ("DCIM/100CRCP", "DCIM/101CRCP"):
            taken = datetime(2026, 10, 25, 2, minute)
            wired.add(f"DSC_{minute:04}.JPG", folder=folder, taken=taken)
    await check_all_came_once(bench, wired, 4)


# -- F9, F20: identities ---------------------------------------------------------------------------


async def test_f9_another_card_with_the_same_handles_is_another_card(
    bench: Bench, wired: WiredCamera
) -> None:
    before = [wired.add(f"{number}.JPG", b"before %d" % number) for number in range(3)]
    await wired.run(bench.importer)
    wired.swap_cards()
    after = [wired.add(f"{number}.JPG", b"after it %d" % number) for number in range(3)]
    assert before == after
    assert (await wired.run(bench.importer)).imported == 3
    assert len(bench.files()) == 6


async def test_f20_two_cameras_of_one_model_and_name_keep_apart(
    bench: Bench, wired: WiredCamera
) -> None:
    """They have all but the serial number in common. That a serial comes twice, the flow refuses."""
    wired.add("1.JPG", b"one")
    await wired.run(bench.importer)
    other = WiredCamera("043")
    await other.camera.start()
    try:
        other.add("1.JPG", b"two")
        assert (await other.run(bench.make_importer())).imported == 1
    finally:
        await other.camera.stop()
    assert sorted(bench.files().values()) == [b"one", b"two"]
    assert (bench.ledger.count("042"), bench.ledger.count("043")) == (1, 1)


# -- F10: two slots --------------------------------------------------------------------------------


async def test_f10_slots_that_mirror_each_other_give_one_file_of_each(
    bench: Bench, wired: WiredCamera
) -> None:
    """The second card's clock is a second behind, as it is in some bodies."""
    for number in range(3):
        data = some_bytes(number)
        wired.add(f"{number}.JPG", data)
        wired.add(f"{number}.JPG", data, slot=1, taken=TAKEN.replace(second=TAKEN.second + 1))
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (3, 3)
    assert names(bench) == ["0.JPG", "1.JPG", "2.JPG"]
    bench.restart()
    assert (await wired.run(bench.importer)).known == 6
    assert len(bench.files()) == 3


async def test_f10_an_overflow_card_and_a_raw_card_give_all_files(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG")
    wired.add("2.JPG", slot=1)
    wired.add("3.NEF")
    wired.add("3.JPG", slot=1)
    await check_all_came_once(bench, wired, 4)
    assert names(bench) == ["1.JPG", "2.JPG", "3.JPG", "3.NEF"]


# -- F11: the files of one shot --------------------------------------------------------------------

PARTS = ["NEF", "JPG", "MOV", "XMP", "WAV"]


@pytest.mark.parametrize("first", PARTS)
async def test_f11_the_files_of_a_shot_stay_together_in_whatever_runs_they_come(
    bench: Bench, wired: WiredCamera, first: str
) -> None:
    """Another shot of the same name and day is there already, so the suffix goes to all."""
    wired.add("DSC_1.JPG", taken=TAKEN.replace(hour=1))
    await wired.run(bench.importer)
    for ending in dict.fromkeys([first, *PARTS]):
        wired.add(f"DSC_1.{ending}", folder="DCIM/101CRCP")
        bench.restart()
        assert (await wired.run(bench.importer)).imported == 1
    assert names(bench) == [*sorted(f"DSC_1-1.{ending}" for ending in PARTS), "DSC_1.JPG"]


async def test_f11_a_raw_file_does_not_join_another_shot_s_picture(
    bench: Bench, wired: WiredCamera
) -> None:
    """The card was formatted at noon, and numbers began again."""
    wired.add("DSC_1.JPG", taken=TAKEN)
    await wired.run(bench.importer)
    wired.swap_cards()
    wired.add("DSC_1.NEF", taken=TAKEN.replace(hour=18))
    wired.add("DSC_1.JPG", taken=TAKEN.replace(hour=18))
    await wired.run(bench.importer)
    assert names(bench) == ["DSC_1-1.JPG", "DSC_1-1.NEF", "DSC_1.JPG"]


async def test_f11_a_shot_around_midnight_is_not_torn_apart(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("DSC_1.NEF", taken=datetime(2026, 5, 1, 23, 59, 59))
    wired.add("DSC_1.JPG", taken=datetime(2026, 5, 2))
    await wired.run(bench.importer)
    first, second = (path.rpartition("/") for path in bench.files())
    assert first[0] == second[0]


@pytest.mark.parametrize("strange", ["DSC_1.NEF", "DSC_1.JPG"])
@pytest.mark.parametrize("order", [("JPG", "NEF"), ("NEF", "JPG")])
@pytest.mark.parametrize("at_once", [True, False], ids=["in one run", "in two runs"])
async def test_f11_a_strangers_file_in_the_way_of_one_of_a_shot_gives_both_the_suffix(
    bench: Bench, wired: WiredCamera, strange: str, order: tuple[str, str], *, at_once: bool
) -> None:
    folder = bench.library / "Kitchen/2026/2026-05-01"
    folder.mkdir(parents=True)
    (folder / strange).write_bytes(b"mine")
    for ending in order:
        wired.add(f"DSC_1.{ending}")
        if not at_once:
            assert (await wired.run(bench.importer)).imported == 1
    assert (await wired.run(bench.importer)).imported == 2 * at_once
    assert names(bench) == ["DSC_1-1.JPG", "DSC_1-1.NEF", strange]
    assert (folder / strange).read_bytes() == b"mine"


@pytest.mark.parametrize(
    "card",
    [["1.JPG"], ["1.jpg"], ["1.NEF", "1.JPG"], ["1.jpg", "1.nef"], ["1.jpg", "other.JPG"]],
)
async def test_f21_what_lies_there_is_taken_for_ours_where_its_bytes_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, card: list[str]
) -> None:
    """A whole shot that a person has forgotten, on a share that takes X.JPG and x.jpg for one."""
    source = FakeSource()
    for name in card:
        source.add(name)
    await bench.importer.run(source)
    before = bench.files()
    for path in before:
        assert bench.ledger.forget(PurePosixPath(path), bench.library)
    monkeypatch.setattr(os.path, "lexists", exists_in_whatever_case)
    assert (await bench.make_importer().run(source)).imported == len(card)
    assert bench.files() == before


def exists_in_whatever_case(path: Path) -> bool:
    here = path.parent.iterdir() if path.parent.is_dir() else ()
    return path.name.casefold() in {each.name.casefold() for each in here}


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ([], {".JPG", ".NEF"}),
        (["a.jpg"], {".jpg", ".nef"}),
        (["a.nef"], {".jpg", ".nef"}),
        (["a.jpg", "A.MOV"], {".jpg", ".MOV", ".NEF"}),
        (["A.NEF"], {".JPG", ".NEF"}),
    ],
)
def test_f11_endings_are_looked_for_as_the_camera_writes_them(
    names: list[str], wanted: set[str]
) -> None:
    endings = endings_of_shots(names)
    assert wanted <= endings
    assert len({ending.casefold() for ending in endings}) == len(endings)


async def test_f11_hundreds_of_pictures_of_one_name_cost_few_questions_each(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    real = Ledger.is_stem_taken

    def counted(*args: Any) -> bool:
        nonlocal asked
        asked += 1
        return real(*args)

    monkeypatch.setattr(Ledger, "is_stem_taken", counted)
    for number in range(300):
        wired.add(f"DSC_{number}.JPG")
    bench.importer = bench.make_importer(template=Template("{camera}"))
    assert (await wired.run(bench.importer)).imported == 300
    assert len(bench.files()) == 300
    assert asked < 300 * 30


# -- F12: what is done in the camera ---------------------------------------------------------------


async def test_f12_what_is_edited_in_the_camera_is_kept_beside(
    bench: Bench, wired: WiredCamera
) -> None:
    """One is cropped and so smaller, the other is as long as before and dated again."""
    one, two = wired.add("1.JPG"), wired.add("2.JPG")
    await wired.run(bench.importer)
    before = bench.files()
    wired.remove(one)
    wired.remove(two)
    wired.add("1.JPG", some_bytes("cropped", 900))
    wired.add("2.JPG", some_bytes("rotated"), taken=TAKEN.replace(second=59))
    assert (await wired.run(bench.importer)).imported == 2
    assert names(bench) == ["1-1.JPG", "1.JPG", "2-1.JPG", "2.JPG"]
    assert before.items() <= bench.files().items()


async def test_f12_what_is_only_protected_or_rated_is_nothing_new(
    bench: Bench, wired: WiredCamera
) -> None:
    handle = wired.add("1.JPG", b"same")
    await wired.run(bench.importer)
    wired.remove(handle)
    wired.add("1.JPG", b"same", protected=True)
    assert (await wired.run(bench.importer)).known == 1
    assert names(bench) == ["1.JPG"]
