"""G3: what an earlier run left is taken up only when it is the same, and never doubled."""

from datetime import timedelta
import os
from typing import Any

import pytest

from custom_components.crcp.importer import transfer
from custom_components.crcp.importer.importer import LEFT_OVER
from custom_components.crcp.importer.source import Photo

from .bench import Bench, FakeSource, LinkLost, some_bytes

FOLDER = "Kitchen/2026/2026-05-01"
MEBI = 1 << 20


@pytest.fixture
def source() -> FakeSource:
    return FakeSource(piece=100_000)


def shown(bench: Bench) -> dict[str, bytes]:
    """What a person sees of the library."""
    return {path: data for path, data in bench.files().items() if "/." not in path}


# -- G3: what was begun is taken up only when it is the same ---------------------------------------


async def cut(bench: Bench, source: FakeSource, after: int) -> Photo:
    """Lose the link in the middle of a long photo, and start again."""
    photo = source.add("MOVIE.MOV", some_bytes("movie", 4 * MEBI))
    source.failures[photo], source.fails_after = LinkLost(), after
    with pytest.raises(LinkLost):
        await bench.importer.run(source)
    assert shown(bench) == {}
    source.failures.clear()
    bench.restart()
    return photo


async def test_g3_a_long_file_goes_on_where_it_was_cut(bench: Bench, source: FakeSource) -> None:
    photo = await cut(bench, source, 3 * MEBI)
    assert (await bench.importer.run(source)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}
    assert source.offsets[0] == 0
    assert source.offsets[1] >= 2 * MEBI


async def test_g3_it_goes_on_more_than_once(bench: Bench, source: FakeSource) -> None:
    photo = await cut(bench, source, 2 * MEBI)
    source.failures[photo], source.fails_after = LinkLost(), MEBI
    with pytest.raises(LinkLost):
        await bench.importer.run(source)
    source.failures.clear()
    assert (await bench.importer.run(source)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}
    assert source.offsets == sorted(source.offsets)


def other_beginning(data: bytes) -> bytes:
    return b"?" + data[1:]


def other_bytes_before_the_cut(data: bytes) -> bytes:
    return data[: 2 * MEBI - 10] + b"?" * MEBI + data[3 * MEBI - 10 :]


@pytest.mark.parametrize("change", [other_beginning, other_bytes_before_the_cut])
async def test_g3_another_object_of_the_same_name_size_and_date_is_fetched_whole(
    bench: Bench, source: FakeSource, change: Any
) -> None:
    photo = await cut(bench, source, 2 * MEBI)
    source.cards[photo] = change(source.cards[photo])
    assert (await bench.importer.run(source)).imported == 1
    assert source.offsets[1:] == [0]
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}


async def test_g3_a_camera_that_gives_no_parts_starts_again(
    bench: Bench, source: FakeSource
) -> None:
    photo = await cut(bench, source, 2 * MEBI)
    source.gives_parts = False
    assert (await bench.importer.run(source)).imported == 1
    assert source.offsets[1:] == [0]
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}


@pytest.mark.parametrize("damage", ["zeroed", "shorter", "gone", "longer"])
async def test_g3_a_part_file_is_trusted_as_far_as_its_hash(
    bench: Bench, source: FakeSource, damage: str
) -> None:
    """A power failure leaves zeros or less; what came after the last flush is cut off."""
    photo = await cut(bench, source, 2 * MEBI)
    (part,) = bench.library.rglob(".*.part")
    match damage:
        case "zeroed":
            with part.open("r+b") as file:
                file.seek(MEBI)
                file.write(bytes(100))
        case "shorter":
            os.truncate(part, MEBI)
        case "gone":
            part.unlink()
        case "longer":
            with part.open("ab") as file:
                file.write(b"unflushed")
    assert (await bench.importer.run(source)).imported == 1
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}
    assert (source.offsets[1] > 0) is (damage == "longer")


async def test_g3_a_killed_run_goes_on_from_its_last_checkpoint(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.piece = MEBI
    monkeypatch.setattr(transfer, "CHECKPOINT", MEBI)
    monkeypatch.setattr(transfer, "LEAST_TO_KEEP", 1 << 40)  # no clean-up notes anything
    real = transfer.PartFile.close

    def killed(part: Any, *, keep: bool = False) -> None:
        real(part, keep=True)

    with monkeypatch.context() as patch:
        patch.setattr(transfer.PartFile, "close", killed)
        photo = await cut(bench, source, 3 * MEBI)
    assert (await bench.importer.run(source)).imported == 1
    assert source.offsets[1] == 3 * MEBI
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": source.cards[photo]}


async def test_g3_what_nobody_comes_back_for_is_cleaned_away(
    bench: Bench, source: FakeSource
) -> None:
    """Also when the card has nothing on it any more."""
    photo = await cut(bench, source, 2 * MEBI)
    del source.cards[photo]
    source.add("new.JPG")
    await bench.importer.run(source)
    assert list(bench.library.rglob(".*.part"))
    source.cards.clear()
    bench.now += LEFT_OVER + timedelta(days=1)
    await bench.importer.run(source)
    assert not list(bench.library.rglob(".*"))
    assert bench.ledger.begun(photo) is None


async def test_g3_a_file_without_a_row_is_found_where_it_was_to_lie(
    bench: Bench, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop between name and ledger, and come back on another day: no date, so another folder."""
    photo = source.add(capture_date=None)
    with monkeypatch.context() as patch:
        patch.setattr(bench.ledger, "add", _raise_link_lost)
        with pytest.raises(LinkLost):
            await bench.importer.run(source)
    before = bench.files()
    assert list(before.values()) == [source.cards[photo]]
    bench.now += timedelta(days=40)
    bench.restart()
    await bench.importer.run(source)
    assert bench.files() == before


def _raise_link_lost(*_: object) -> None:
    raise LinkLost


async def test_g3_a_part_file_that_has_its_final_name_already_is_not_written_into(
    bench: Bench, source: FakeSource
) -> None:
    """Killed between the second name and the end of the first, and then the link is lost."""
    photo = await cut(bench, source, 2 * MEBI)
    (part,) = bench.library.rglob(".*.part")
    data = source.cards[photo]
    part.write_bytes(data)
    (part.parent / "MOVIE.MOV").hardlink_to(part)
    source.failures[photo], source.fails_after = LinkLost(), 0
    with pytest.raises(LinkLost):
        await bench.importer.run(source)
    assert shown(bench) == {f"{FOLDER}/MOVIE.MOV": data}
    source.failures.clear()
    await bench.importer.run(source)
    assert bench.files() == {f"{FOLDER}/MOVIE.MOV": data}
