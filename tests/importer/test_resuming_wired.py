"""G3 and what goes with it, over real sockets: a link that is cut, and the run that goes on."""

from pathlib import PurePosixPath

import pytest

from custom_components.crcp.importer.choice import Choice
from custom_components.crcp.importer.errors import LibraryFull
from custom_components.crcp.importer.room import Reserve, Room
from custom_components.crcp.protocols.ptpip.codes import OperationCode
from custom_components.crcp.protocols.ptpip.errors import LinkError
from custom_components.crcp.virtual.card import Card
from custom_components.crcp.virtual.personalities import GENERIC, NIKON, SONY, Personality

from .bench import Bench, some_bytes
from .wire import WiredCamera

FOLDER = "Kitchen/2026/2026-05-01"
MEBI = 1 << 20
LONG = some_bytes("movie", 4 * MEBI)

PARTS = (OperationCode.GET_PARTIAL_OBJECT_64, OperationCode.GET_PARTIAL_OBJECT)


async def cut(bench: Bench, wired: WiredCamera, after: int) -> None:
    """Lose the link within a photo; nothing of it is seen, and the host starts again."""
    wired.camera.faults.drop_after = after
    with pytest.raises(LinkError):
        await wired.run(bench.importer)
    wired.camera.faults.drop_after = -1
    assert [path for path in bench.files() if "/." not in path] == []
    bench.restart()


def flushed(bench: Bench) -> int:
    """How much of the photo in hand is safe."""
    (photo,) = bench.ledger.half_done(["042"])
    begun = bench.ledger.begun(photo)
    assert begun
    return begun.flushed


@pytest.mark.parametrize("maker", [GENERIC, NIKON, SONY], ids=lambda maker: maker.name)
async def test_g3_a_long_file_goes_on_where_it_was_cut(
    bench: Bench, wired: WiredCamera, maker: Personality
) -> None:
    wired.camera.personality = maker
    wired.add("MOVIE.MOV", LONG)
    await cut(bench, wired, 3 * MEBI)
    there = flushed(bench)
    assert there >= 2 * MEBI
    before = len(wired.asked(OperationCode.GET_OBJECT))
    assert (await wired.run(bench.importer)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": LONG}
    assert len(wired.asked(OperationCode.GET_OBJECT)) == before


async def test_g3_it_goes_on_more_than_once(bench: Bench, wired: WiredCamera) -> None:
    wired.add("MOVIE.MOV", LONG)
    await cut(bench, wired, 2 * MEBI)
    first = flushed(bench)
    await cut(bench, wired, 3 * MEBI // 2)
    assert flushed(bench) > first
    assert (await wired.run(bench.importer)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": LONG}


async def test_g3_another_object_of_the_same_name_size_and_date_is_fetched_whole(
    bench: Bench, wired: WiredCamera
) -> None:
    handle = wired.add("MOVIE.MOV", LONG)
    await cut(bench, wired, 3 * MEBI)
    wired.remove(handle)
    wired.add("MOVIE.MOV", LONG[::-1])
    assert (await wired.run(bench.importer)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": LONG[::-1]}


async def test_g3_a_part_file_that_a_power_failure_left_zeros_in_is_not_taken_up(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("MOVIE.MOV", LONG)
    await cut(bench, wired, 3 * MEBI)
    (part,) = bench.library.rglob(".*.part")
    with part.open("r+b") as file:
        file.seek(MEBI)
        file.write(bytes(100))
    assert (await wired.run(bench.importer)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": LONG}


async def test_g8_room_is_asked_only_for_what_is_missing_of_a_file(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there already takes its room already."""
    wired.add("MOVIE.MOV", LONG)
    await cut(bench, wired, 3 * MEBI)
    missing = len(LONG) - flushed(bench)
    asked: list[int] = []
    real = Room.check_space

    def check(room: Room, size: int, *way: PurePosixPath) -> None:
        asked.append(size)
        real(room, size, *way)

    monkeypatch.setattr(Room, "check_space", check)
    assert (await wired.run(bench.importer)).imported == 1
    assert asked == [missing]


async def test_g8_a_reserve_that_is_larger_than_the_disk_keeps_all_out(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG")
    with pytest.raises(LibraryFull):
        await wired.run(bench.make_importer(reserve=Reserve(least=1 << 60)))
    assert bench.files() == {}


async def test_f10_three_slots_are_three_sources_of_one_library(
    bench: Bench, wired: WiredCamera
) -> None:
    """One is mirrored, one is chosen; which slot a picture lay in is known."""
    wired.camera.cards.append(Card(0x0003_0001))
    data = some_bytes("everywhere")
    for slot in range(3):
        wired.add("ALL.JPG", data, slot=slot)
        wired.add(f"{slot}.JPG", slot=slot)
    only = bench.make_importer(choice=Choice(slots=frozenset({3})))
    assert (await wired.run(only)).imported == 2
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (2, 4)
    assert [path.rpartition("/")[2] for path in bench.files()] == [
        "0.JPG",
        "1.JPG",
        "2.JPG",
        "ALL.JPG",
    ]
