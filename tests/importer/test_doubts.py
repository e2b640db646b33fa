"""Content decides: a photo without a true date is known by its bytes, once in each session."""

from datetime import datetime

import pytest

from custom_components.crcp.protocols.ptpip.codes import OperationCode

from .bench import Bench, some_bytes
from .wire import WiredCamera

RESET = datetime(2000, 1, 1)
NEW_YEAR = datetime(2019, 1, 1, 0, 0, 7)
LARGE = 200_000


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
    parts = OperationCode.GET_PARTIAL_OBJECT_64, OperationCode.GET_PARTIAL_OBJECT
    assert sum(len(wired.asked(part)) for part in parts) == 2
    assert len(wired.asked(OperationCode.GET_OBJECT)) == 2


async def test_f22_an_undated_picture_that_a_person_deleted_stays_deleted(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG", taken=None)
    await wired.run(bench.importer)
    next(bench.library.rglob("1.JPG")).unlink()
    assert (await wired.run(bench.make_importer())).known == 1
    assert bench.files() == {}
