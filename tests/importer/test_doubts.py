"""Content decides: a photo without a true date is known by its bytes, and read as seldom as can be."""

from datetime import datetime
from pathlib import PurePosixPath

import pytest

from custom_components.crcp.importer import doubts
from custom_components.crcp.importer.ptp import PtpSource
from custom_components.crcp.importer.source import Photo
from custom_components.crcp.protocols.ptpip.codes import OperationCode
from custom_components.crcp.protocols.ptpip.errors import LinkError

from .bench import TAKEN, Bench, some_bytes
from .wire import WiredCamera

RESET = datetime(2000, 1, 1)
NEW_YEAR = datetime(2019, 1, 1, 0, 0, 7)
LARGE = 200_000


def reads(wired: WiredCamera) -> int:
    """How many parts were asked for so far."""
    parts = OperationCode.GET_PARTIAL_OBJECT_64, OperationCode.GET_PARTIAL_OBJECT
    return sum(len(wired.asked(part)) for part in parts)


def fetches(wired: WiredCamera) -> int:
    """How many objects were asked for whole so far."""
    return len(wired.asked(OperationCode.GET_OBJECT))


@pytest.mark.parametrize("taken", [None, RESET, NEW_YEAR], ids=["no date", "old", "New Year"])
@pytest.mark.parametrize("place", [0, LARGE - 1], ids=["begins", "ends"])
async def test_f9_another_picture_of_the_same_name_size_and_date_is_imported(
    bench: Bench, wired: WiredCamera, taken: datetime | None, place: int
) -> None:
    before = some_bytes("before", LARGE)
    after = before[:place] + bytes([before[place] ^ 1]) + before[place + 1 :]
    wired.add("DSC_0001.NEF", before, taken=taken)
    await wired.run(bench.importer)
    wired.swap_cards()
    wired.add("DSC_0001.NEF", after, taken=taken)
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (1, 0)
    assert sorted(bench.files().values()) == sorted([before, after])
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (0, 1)
    wired.swap_cards()
    wired.add("DSC_0001.NEF", before, taken=taken)
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.imported, report.known, report.deleted) == (0, 1, 1)


async def test_f9_such_a_picture_is_imported_when_it_is_announced(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("IMG.JPG", b"A" * 5000, taken=None)
    await wired.run(bench.importer)
    handle = wired.add("IMG.JPG", b"B" * 5000, taken=None)
    async with wired.session() as source:
        photo = await source.photo(handle)
        assert photo
        assert await bench.importer.import_photo(source, photo)
        assert await bench.importer.import_photo(source, photo) is None
    assert sorted(bench.files().values()) == [b"A" * 5000, b"B" * 5000]


async def test_f9_the_same_picture_is_compared_once_in_a_session_and_a_dated_one_never(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG", taken=RESET)
    wired.add("2.JPG")
    await wired.run(bench.importer)
    async with wired.session() as source:
        for _ in range(3):
            assert (await bench.importer.run(source)).known == 2
    assert reads(wired) == 1
    assert len(wired.asked(OperationCode.GET_OBJECT)) == 2


async def test_f22_an_undated_picture_that_a_person_deleted_stays_deleted(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG", taken=None)
    await wired.run(bench.importer)
    next(bench.library.rglob("1.JPG")).unlink()
    assert (await wired.run(bench.make_importer())).known == 1
    assert bench.files() == {}


async def test_f9_another_picture_comes_also_when_the_first_was_moved_away_by_its_owner(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("DSC_0001.NEF", b"A" * 5000, taken=None)
    await wired.run(bench.importer)
    next(bench.library.rglob("*.NEF")).unlink()
    wired.swap_cards()
    wired.add("DSC_0001.NEF", b"B" * 5000, taken=None)
    report = await wired.run(bench.make_importer())
    assert (report.imported, report.known) == (1, 0)
    assert list(bench.files().values()) == [b"B" * 5000]


async def test_f9_another_picture_comes_also_when_the_first_was_passed_over(
    bench: Bench, wired: WiredCamera
) -> None:
    """The one that was passed over does not, also where two are alike in all that is told of them."""
    handle = wired.add("DSC_0001.NEF", b"A" * 5000, taken=None)
    for byte in (b"1", b"2"):
        wired.add("ALIKE.NEF", byte * 5000)
    async with wired.session() as source:
        assert await bench.importer.pass_over(source) == 3
    report = await wired.run(bench.make_importer())
    assert (report.imported, report.known, fetches(wired)) == (0, 3, 0)
    wired.remove(handle)
    wired.add("DSC_0001.NEF", b"B" * 5000, taken=None)
    report = await wired.run(bench.make_importer())
    assert (report.imported, report.known) == (1, 2)
    wired.swap_cards()
    wired.add("DSC_0001.NEF", b"C" * 5000, taken=None)
    async with wired.session() as source:
        assert await bench.importer.pass_over(source) == 1
    assert (await wired.run(bench.make_importer())).known == 1
    assert list(bench.files().values()) == [b"B" * 5000]


async def test_two_objects_that_are_alike_to_the_last_byte_are_fetched_once_each(
    bench: Bench, wired: WiredCamera
) -> None:
    for taken in (None, TAKEN):
        for _ in range(2):
            wired.add("IMG_0001.JPG", b"x" * 3000, taken=taken)
    for _ in range(3):
        report = await wired.run(bench.make_importer())
        assert report.imported + report.known == 4
        for path in bench.library.rglob("*.JPG"):
            path.write_bytes(b"turned")
    assert fetches(wired) == 4
    assert list(bench.files().values()) == [b"turned"]


async def test_of_two_objects_that_are_alike_the_one_that_comes_later_is_fetched_too(
    bench: Bench, wired: WiredCamera
) -> None:
    """The first one's file was moved away, so that nothing shows which of the two it was."""
    wired.add("IMG_0001.JPG", b"A" * 3000)
    await wired.run(bench.importer)
    next(bench.library.rglob("*.JPG")).unlink()
    wired.add("IMG_0001.JPG", b"B" * 3000)
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (1, 1)
    assert list(bench.files().values()) == [b"B" * 3000]


async def test_f22_what_its_owner_turned_is_not_fetched_again(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG", taken=NEW_YEAR)
    await wired.run(bench.importer)
    next(bench.library.rglob("1.JPG")).write_bytes(b"turned")
    for _ in range(2):
        assert (await wired.run(bench.make_importer())).known == 1
    assert (fetches(wired), reads(wired)) == (1, 2)


async def test_of_pictures_that_were_seen_together_the_last_one_and_one_other_are_read(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them come, some go, and those that take their numbers are other ones."""
    monkeypatch.setattr(doubts, "TURN", 1)

    async def run() -> tuple[int, int, int]:
        before = reads(wired)
        report = await wired.run(bench.make_importer())
        return report.imported, report.known, reads(wired) - before

    def shoot(*numbers: int) -> list[int]:
        return [wired.add(f"DSC_{n:04}.NEF", some_bytes(n, 5000), taken=None) for n in numbers]

    shoot(*range(1, 11))
    assert await run() == (10, 0, 0)
    assert await run() == (0, 10, 10)
    assert await run() == (0, 10, 2)
    more = shoot(11, 12)
    assert await run() == (2, 10, 2)
    assert await run() == (0, 12, 4)
    assert await run() == (0, 12, 2)
    for handle in more:
        wired.remove(handle)
    assert await run() == (0, 10, 2)
    wired.add("DSC_0011.NEF", some_bytes("another", 5000), taken=None)
    assert await run() == (1, 10, 3)
    assert await run() == (0, 11, 3)
    wired.swap_cards()
    for n in range(1, 6):
        wired.add(f"DSC_{n:04}.NEF", some_bytes(("another card", n), 5000), taken=None)
    assert await run() == (5, 0, 5)
    assert len(bench.files()) == 18


async def test_a_camera_that_gives_numbers_out_of_turn_is_found_out(
    bench: Bench, wired: WiredCamera
) -> None:
    first = wired.add("DSC_0001.NEF", b"A" * 5000, taken=None)
    wired.add("DSC_0002.NEF", b"B" * 5000, taken=None)
    for _ in range(2):
        await wired.run(bench.importer)
    wired.remove(first)
    wired.add("DSC_0001.NEF", b"C" * 5000, taken=None)
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (1, 1)


async def test_what_was_read_before_the_link_was_lost_is_not_read_again(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "TURN", 1)
    for n in range(1, 9):
        wired.add(f"DSC_{n:04}.NEF", taken=None)
    await wired.run(bench.importer)
    sample, left = PtpSource.sample, 5

    async def cut(self: PtpSource, photo: Photo, offset: int, size: int) -> bytes | None:
        nonlocal left
        left -= 1
        if not left:
            raise LinkError("lost")
        return await sample(self, photo, offset, size)

    monkeypatch.setattr(PtpSource, "sample", cut)
    with pytest.raises(LinkError):
        await wired.run(bench.importer)
    before = reads(wired)
    assert (await wired.run(bench.importer)).known == 8
    assert reads(wired) - before == 1 + 4 + 1  # the last one, what is left, and one other


@pytest.mark.parametrize("case", ["here", "moved", "turned", "passed over"])
async def test_of_a_ledger_of_version_5_files_are_compared_and_what_has_none_is_what_it_seems(
    bench: Bench, wired: WiredCamera, case: str
) -> None:
    """Each is known by its ends from then on; where the file is whole, another photo is seen."""
    wired.add("DSC_0001.NEF", b"A" * 5000, taken=None)
    if case == "passed over":
        async with wired.session() as source:
            await bench.importer.pass_over(source)
    else:
        await wired.run(bench.importer)
    for change in (
        "TRIGGER ends_of_nothing", "TABLE ends", "TRIGGER latest_of_nothing", "TABLE latest"
    ):  # fmt: skip
        bench.ledger.database.all(f"DROP {change}")
    bench.ledger.database.all("PRAGMA user_version = 5")
    bench.restart()
    for path in bench.library.rglob("*.NEF"):
        if case == "moved":
            path.unlink()
        elif case == "turned":
            path.write_bytes(b"turned")
    assert (await wired.run(bench.make_importer())).known == 1
    assert bench.ledger.database.all("SELECT count(*) FROM ends") == [(1,)]
    if case == "here":
        bench.ledger.database.all("DELETE FROM ends")
    fetched = fetches(wired)
    wired.swap_cards()
    wired.add("DSC_0001.NEF", b"B" * 5000, taken=None)
    assert (await wired.run(bench.make_importer())).imported == 1
    assert fetches(wired) == fetched + 1


async def test_what_is_forgotten_has_no_ends(bench: Bench, wired: WiredCamera) -> None:
    wired.add("DSC_0001.NEF", taken=None)
    await wired.run(bench.importer)
    (path,) = bench.files()
    assert bench.ledger.forget(PurePosixPath(path), bench.library) == 1
    assert bench.ledger.database.all("SELECT * FROM ends") == []
    assert (await wired.run(bench.importer)).imported == 1
