"""What is deleted on the camera is in the library, whole: compared byte for byte by its hash."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from custom_components.crcp.importer.errors import Changed
from custom_components.crcp.importer.run import Progress
from custom_components.crcp.importer.transfer import PROBE, SAMPLE, probes
from custom_components.crcp.protocols.ptpip.codes import OperationCode
from custom_components.crcp.protocols.ptpip.errors import LinkError
from custom_components.crcp.virtual.personalities import (
    GENERIC,
    NIKON,
    SONY,
    Personality,
)
from custom_components.crcp.virtual.photos import InMemory

from .bench import Bench, FakeSource, LinkLost, some_bytes
from .wire import WiredCamera

MEBI = 1 << 20


@pytest.mark.parametrize("maker", [GENERIC, NIKON, SONY], ids=lambda maker: maker.name)
@pytest.mark.parametrize("name", ["1.JPG", "1.MOV"])
async def test_g1_f13_an_object_that_was_told_too_small_is_not_cut_and_stays_on_the_camera(
    bench: Bench, wired: WiredCamera, maker: Personality, name: str
) -> None:
    wired.camera.personality = maker
    wired.add(name, some_bytes("short", 3_000_000))
    wired.camera.faults.info_more = -1_000_000
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.imported, report.deleted, len(report.failed)) == (0, 0, 1)
    assert bench.files() == {}
    assert wired.asked(OperationCode.DELETE_OBJECT) == []
    wired.camera.faults.info_more = 0
    assert (await wired.run(bench.make_importer(delete=True))).deleted == 1
    assert list(bench.files().values()) == [some_bytes("short", 3_000_000)]


@pytest.mark.parametrize("less", [5000, 4999, 1])
async def test_g1_f13_a_camera_that_cannot_be_asked_for_sizes_gives_no_picture_cut_short(
    bench: Bench, wired: WiredCamera, less: int
) -> None:
    """An old Nikon: what is read in parts ends where the size says, or so it seems."""
    operations = dict(NIKON.operations)
    del operations[OperationCode(0x9421)]
    wired.camera.personality = replace(NIKON, operations=operations)
    wired.add("1.JPG", some_bytes("short", 5000))
    wired.camera.faults.info_more = -less
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.imported, report.deleted, len(report.failed)) == (0, 0, 1)
    assert bench.files() == {}
    assert wired.asked(OperationCode.DELETE_OBJECT) == []


async def test_g7_a_picture_that_differs_anywhere_from_the_known_one_is_not_deleted(
    bench: Bench, wired: WiredCamera
) -> None:
    """Uncompressed pictures of the dark differ in few places."""
    data = some_bytes("dark", 2_000_000)
    wired.add("1.JPG", data)
    await wired.run(bench.importer)
    wired.swap_cards()
    wired.add("1.JPG", data[:300_000] + b"?" + data[300_001:])
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.known, report.deleted) == (1, 0)
    assert wired.asked(OperationCode.DELETE_OBJECT) == []


async def test_f14_what_is_replaced_while_it_is_read_in_parts_is_no_mixture(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.camera.personality = NIKON
    before, after = some_bytes("before", 6_000_000), some_bytes("after", 6_000_000)
    handle = wired.add("1.JPG", before)
    replace_it = once(lambda: edit(wired, handle, after))

    def progress(progress: Progress) -> None:
        if progress.received > 2_000_000:
            replace_it()

    importer = bench.make_importer(on_progress=progress, delete=True)
    report = await wired.run(importer)
    assert (report.imported, report.deleted) == (0, 0)
    assert isinstance(report.failed[0].error, Changed)
    assert wired.contents == [after]
    assert bench.files() == {}
    assert (await wired.run(importer)).deleted == 1
    assert list(bench.files().values()) == [after]


async def test_g7_what_was_taken_up_again_is_deleted_only_when_all_of_it_is_the_same(
    bench: Bench,
) -> None:
    source = FakeSource()
    data = some_bytes("long", 4 << 20)
    photo = source.add(data=data)
    source.failures[photo], source.fails_after = LinkLost(), 3 << 20
    importer = bench.make_importer(delete=True)
    with pytest.raises(LinkLost):
        await importer.run(source)
    del source.failures[photo]
    source.cards[photo] = data[: 1 << 20] + b"?" + data[(1 << 20) + 1 :]
    report = await importer.run(source)
    assert source.offsets[1]
    assert report.deleted == 0
    # One byte is met by a probe only by chance; what is deleted is compared whole.
    assert report.imported + len(report.failed) == 1


@pytest.mark.parametrize("seam", [MEBI, 2 * MEBI, 3 * MEBI + 5])
async def test_g3_what_was_replaced_between_two_sessions_is_no_mixture(
    bench: Bench, wired: WiredCamera, seam: int
) -> None:
    """Another picture that begins alike, and is alike before the seam as far as one looks."""
    before, after = some_bytes("before", 4 * MEBI), some_bytes("after", 4 * MEBI)
    handle = wired.add("1.JPG", before)
    wired.camera.faults.drop_after = seam + 100_000
    with pytest.raises(LinkError):
        await wired.run(bench.importer)
    wired.camera.faults.drop_after = -1
    (begun,) = bench.ledger.half_done(["042"])
    flushed = bench.ledger.begun(begun)
    assert flushed
    looked_at = flushed.flushed - SAMPLE
    mixed = before[:SAMPLE] + after[SAMPLE:looked_at] + before[looked_at : flushed.flushed]
    edit(wired, handle, mixed + after[flushed.flushed :])
    report = await wired.run(bench.importer)
    assert (report.imported, len(report.failed)) == (0, 1)
    assert bench.files() == {}
    assert (await wired.run(bench.importer)).imported == 1
    assert list(bench.files().values()) == wired.contents


@pytest.mark.parametrize("size", [0, 1, PROBE - 1, SAMPLE, SAMPLE + 1, MEBI, 100 * MEBI + 7])
def test_a_probe_lies_before_every_seam(size: int) -> None:
    """And between it and the nearest one there is no more than what lies before that."""
    places = sorted(probes(size, Random(1)))
    assert places[0] == 0
    assert all(0 <= place <= max(0, size - PROBE) for place in places)
    for at, after in pairwise(places):
        assert after <= max(4 * at, 2 * SAMPLE)
    assert len(places) < 25


def once(func: Callable[[], None]) -> Callable[[], None]:
    """The function, which does nothing when it is called again."""
    left = [func]
    return lambda: left.pop()() if left else None


def edit(wired: WiredCamera, handle: int, data: bytes) -> None:
    """Give an object other bytes, and say nothing."""
    card = wired.camera.cards[0]
    entry = card.entries[handle]
    assert entry.photo
    card.entries[handle] = replace(entry, photo=replace(entry.photo, content=InMemory(data)))
