"""Which of the pictures without a true date are read in a session: within a bound, all of them."""

from collections.abc import Iterable

import pytest

from custom_components.crcp.importer import doubts
from custom_components.crcp.importer.errors import PhotoRefused
from custom_components.crcp.importer.ptp import PtpSource
from custom_components.crcp.importer.source import Photo, Write
from custom_components.crcp.protocols.ptpip.codes import OperationCode
from custom_components.crcp.virtual.card import Entry

from .bench import Bench, FakeSource, some_bytes
from .cutter import picture
from .wire import WiredCamera

SIZE = 5000


def shoot(wired: WiredCamera, numbers: Iterable[int]) -> dict[int, int]:
    """Take pictures with a clock that was never set; return their handles by their numbers."""
    return {n: wired.add(name(n), some_bytes(n, SIZE), taken=None) for n in numbers}


def name(number: int) -> str:
    return f"DSC_{number:04}.NEF"


def take_anew(wired: WiredCamera, number: int, handle: int) -> None:
    """Put another picture in the place of one, which has its handle and all that is told of it."""
    (card,) = [card for card in wired.camera.cards if handle in card.entries]
    folder = card.entries[handle].parent
    photo = picture(name(number), some_bytes(("anew", number), SIZE), None)
    card.entries[handle] = Entry(name(number), folder, photo)


def read_so_far(wired: WiredCamera) -> list[int]:
    """The handles of which parts were asked for."""
    parts = OperationCode.GET_PARTIAL_OBJECT_64, OperationCode.GET_PARTIAL_OBJECT
    return [handle for part in parts for handle, *_ in wired.asked(part)]


async def known_for_long(
    bench: Bench, wired: WiredCamera, numbers: Iterable[int]
) -> dict[int, int]:
    """Pictures that were imported, and read together after that."""
    handles = shoot(wired, numbers)
    for _ in range(2):
        await wired.run(bench.importer)
    wired.camera.requests.clear()
    return handles


async def test_each_picture_is_read_within_as_many_sessions_as_there_are_turns(
    bench: Bench, wired: WiredCamera
) -> None:
    """The last one is read in each. Who was asked longest ago is next, so nobody is left out."""
    handles = await known_for_long(bench, wired, range(1, 2 * doubts.TURN + 2))
    for _ in range(2):
        assert (await wired.run(bench.make_importer())).known == len(handles)
    last = handles[len(handles)]
    assert sorted(read_so_far(wired)) == sorted([last, *handles.values()])


async def test_a_number_that_was_given_anew_under_the_same_handle_comes_when_it_has_its_turn(
    bench: Bench, wired: WiredCamera
) -> None:
    handles = await known_for_long(bench, wired, range(1, 2 * doubts.TURN + 2))
    await wired.run(bench.importer)
    assert handles[20] in read_so_far(wired)
    take_anew(wired, 20, handles[20])
    reports = [await wired.run(bench.make_importer()) for _ in range(2)]
    assert [report.imported for report in reports] == [0, 1]
    assert some_bytes(("anew", 20), SIZE) in bench.files().values()


async def test_when_one_was_given_anew_all_others_are_read_in_the_same_session(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "TURN", 1)
    handles = await known_for_long(bench, wired, range(1, 6))
    for number in range(1, 5):
        take_anew(wired, number, handles[number])
    assert (await wired.run(bench.make_importer())).imported == 4


async def test_what_has_no_number_is_read_in_each_session(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "TURN", 0)
    for letter in "abc":
        wired.add(f"{letter}.NEF", taken=None)
    for _ in range(3):
        await wired.run(bench.importer)
    assert len(read_so_far(wired)) == 2 * 3


@pytest.mark.parametrize("number", [7, 19])
async def test_a_number_that_was_given_anew_with_a_handle_of_its_own_is_read_at_once(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(doubts, "TURN", 0)
    handles = await known_for_long(bench, wired, range(1, 21))
    wired.remove(handles[number])
    wired.add(name(number), b"N" * SIZE, taken=None)
    assert (await wired.run(bench.make_importer())).imported == 1
    assert len(read_so_far(wired)) == 2


async def test_a_handle_that_another_picture_had_is_no_proof(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the order in which the handle was that it has not."""
    monkeypatch.setattr(doubts, "TURN", 0)
    handles = await known_for_long(bench, wired, range(1, 11))
    wired.remove(handles[7])
    take_anew(wired, 7, handles[6])
    assert (await wired.run(bench.make_importer())).imported == 1


async def test_where_a_camera_numbers_anew_the_order_of_the_handles_tells(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file more, and every handle is another; but a picture behind all others was taken later."""
    monkeypatch.setattr(doubts, "TURN", 0)
    await known_for_long(bench, wired, range(1, 11))
    wired.swap_cards()
    wired.add("FIRST.XMP")
    handles = shoot(wired, range(1, 11))
    assert (await wired.run(bench.make_importer())).known == 10
    assert len(read_so_far(wired)) == 1
    noted = bench.ledger.database.all("SELECT handle FROM ends ORDER BY handle")
    assert [handle for (handle,) in noted] == list(handles.values())
    wired.swap_cards()
    shoot(wired, [1, 2, 3, 5, 6, 7, 8, 9, 10])
    wired.add(name(4), b"N" * SIZE, taken=None)
    assert (await wired.run(bench.make_importer())).imported == 1


@pytest.mark.parametrize("is_listed", [False, True], ids=["by itself", "with all others"])
async def test_what_was_announced_is_read_whatever_it_seems_to_be(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch, *, is_listed: bool
) -> None:
    monkeypatch.setattr(doubts, "TURN", 0)
    handles = await known_for_long(bench, wired, range(1, 6))
    importer = bench.make_importer()
    take_anew(wired, 3, handles[3])
    async with wired.session() as source:
        if is_listed:
            assert (await importer.run(source, told={handles[3]})).imported == 1
        else:
            assert (await importer.run(source)).known == 5
            photo = await source.photo(handles[3])
            assert photo
            assert await importer.import_photo(source, photo)


async def test_nothing_stays_settled_when_the_cards_may_be_other_ones(
    bench: Bench, wired: WiredCamera
) -> None:
    handle = wired.add("DSC_0001.NEF", b"A" * SIZE, taken=None)
    async with wired.session() as source:
        await bench.importer.run(source)
        await bench.importer.run(source)
        wired.swap_cards()
        assert wired.add("DSC_0001.NEF", b"B" * SIZE, taken=None) == handle
        bench.importer.unsettle()
        assert (await bench.importer.run(source)).imported == 1


async def test_another_picture_that_was_refused_is_another_in_the_next_run_of_the_session(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: PtpSource, photo: Photo, write: Write, offset: int = 0) -> int:
        raise PhotoRefused("busy")

    handle = wired.add("DSC_0001.NEF", b"A" * SIZE, taken=None)
    await wired.run(bench.importer)
    wired.remove(handle)
    wired.add("DSC_0001.NEF", b"B" * SIZE, taken=None)
    importer = bench.make_importer()
    async with wired.session() as source:
        with monkeypatch.context() as patch:
            patch.setattr(PtpSource, "fetch", refuse)
            assert len((await importer.run(source)).failed) == 1
        assert (await importer.run(source)).imported == 1


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("DCIM/100/DSC_{}.NEF", "DCIM/101/DSC_{}.NEF"),
        ("DCIM/100/DSC_{}.NEF", "DCIM/100/DSC_{}.JPG"),
    ],
    ids=["of another folder", "of another kind"],
)
async def test_no_picture_vouches_for_those_of_another_series(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, low: str, high: str
) -> None:
    """Of what has other bytes, the handle and all that is told are as they were."""
    monkeypatch.setattr(doubts, "TURN", 0)

    def card(seed: str) -> FakeSource:
        source = FakeSource()
        for n in range(1, 5):
            folder, _, name = (low if n < 3 else high).format(f"{n:04}").rpartition("/")
            data = some_bytes((n, seed if n < 3 else ""))
            source.add(name, data, folder=folder, capture_date=None)
        return source

    for _ in range(2):
        await bench.make_importer().run(card(""))
    assert (await bench.make_importer().run(card("anew"))).imported == 2


async def test_of_a_ledger_of_version_7_all_are_read_once_because_it_told_of_no_handles(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "TURN", 0)
    handles = await known_for_long(bench, wired, range(1, 6))
    for column in ("handle", "turn"):
        bench.ledger.database.all(f"ALTER TABLE ends DROP COLUMN {column}")
    bench.ledger.database.all("PRAGMA user_version = 7")
    bench.restart()
    for _ in range(2):
        assert (await wired.run(bench.make_importer())).known == 5
    assert sorted(read_so_far(wired)) == sorted([handles[5], *handles.values()])
