"""How imports fail by camera and network, F1, F2 and F13 to F17, over real sockets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
import os
from pathlib import PurePosixPath
import time

import pytest

from custom_components.crcp.importer.errors import Changed, PhotoRefused, WrongLength
from custom_components.crcp.importer.naming import part_name
from custom_components.crcp.importer.records import Begun
from custom_components.crcp.protocols.ptpip.codes import EventCode, OperationCode
from custom_components.crcp.protocols.ptpip.errors import LinkError, PtpIpError, TimedOut
from custom_components.crcp.protocols.ptpip.packets import Event
from custom_components.crcp.protocols.ptpip.vendors.nikon import Nikon
from custom_components.crcp.virtual.personalities import GENERIC, NIKON, Personality
from tests.helpers import until

from .bench import TAKEN, Bench, FakeSource, some_bytes
from .cutter import Cable, Ending, session
from .wire import WiredCamera

FOLDER = "Kitchen/2026/2026-05-01"
MEBI = 1 << 20


@pytest.fixture
async def cable(wired: WiredCamera) -> AsyncIterator[Cable]:
    cable = Cable(wired.camera)
    async with cable.laid():
        yield cable


async def link_held(bench: Bench, cable: Cable) -> bool:
    """Import over the cable; whether the link held."""
    try:
        async with session(cable.port) as source:
            await bench.importer.run(source)
    except LinkError, TimedOut:
        return False
    return True


def shown(bench: Bench) -> dict[str, bytes]:
    """What a person sees of the library."""
    return {path: data for path, data in bench.files().items() if "/." not in path}


# -- F1, F2: the link ends -------------------------------------------------------------------------


async def test_f1_a_link_cut_after_any_byte_gives_one_whole_file_in_the_end(
    bench: Bench, wired: WiredCamera, cable: Cable
) -> None:
    """Around each packet of the session, and at every byte around the photo's first 64."""
    data = some_bytes("f1", 150)
    wired.add("1.JPG", data)
    cable.plug_in()
    assert await link_held(bench, cable)
    whole, at = cable.carried, cable.seen.index(data[:16])
    bench.ledger.forget(PurePosixPath(f"{FOLDER}/1.JPG"), bench.library)
    (bench.library / FOLDER / "1.JPG").unlink()
    bench.told.clear()
    hours = count(step=3600.0)
    bench.importer = bench.make_importer(timer=hours.__next__)
    cuts = 0
    for cut_after in sorted({*range(0, whole, 16), *range(at - 16, at + 64)}):
        cable.plug_in(cut_after)
        cuts += not await link_held(bench, cable)
        if shown(bench):
            break
    assert cuts > 100
    assert bench.told == [] or shown(bench) == {f"{FOLDER}/1.JPG": data}
    cable.plug_in()
    assert await link_held(bench, cable)
    assert bench.files() == {f"{FOLDER}/1.JPG": data}
    assert len(bench.told) == 1
    assert bench.ledger.count("042") == 1


@pytest.mark.parametrize("ending", Ending)
async def test_f2_however_a_camera_goes_the_next_run_gets_through(
    bench: Bench, wired: WiredCamera, cable: Cable, ending: Ending
) -> None:
    data = some_bytes("f2", 3 * MEBI)
    wired.add("1.JPG", data)
    cable.ending = ending
    cable.plug_in(2 * MEBI)
    begun = time.monotonic()
    assert not await link_held(bench, cable)
    assert time.monotonic() - begun < 5
    assert shown(bench) == {}
    cable.plug_in()
    bench.restart()
    assert await link_held(bench, cable)
    assert bench.files() == {f"{FOLDER}/1.JPG": data}
    # It went on in the middle: the second time less came than the photo has.
    assert cable.carried < len(data)


class Deadly:
    """Bytes that make the camera hang up."""

    size = 2000

    async def read(self, offset: int, size: int) -> bytes:
        raise ConnectionAbortedError


async def test_f2_a_photo_that_ends_each_session_is_let_be_for_a_while(
    bench: Bench, wired: WiredCamera
) -> None:
    """The others come, and it is not tried without end."""
    wired.add("bad.JPG", Deadly(), taken=TAKEN.replace(hour=9))
    wired.add("good.JPG")
    seconds = 0.0
    bench.importer = bench.make_importer(timer=lambda: seconds)
    ends = [await ended(wired, bench) for _ in range(6)]
    assert ends == [True] * 4 + [False] * 2
    assert [path.rpartition("/")[2] for path in shown(bench)] == ["good.JPG"]
    seconds = 3600.0
    assert await ended(wired, bench)


async def ended(wired: WiredCamera, bench: Bench) -> bool:
    """Import; whether the camera hung up."""
    try:
        await wired.run(bench.importer)
    except LinkError:
        return True
    return False


# -- F13, F14: lengths -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 1000])
async def test_f13_a_size_that_lies_costs_only_its_photo(
    bench: Bench, wired: WiredCamera, size: int
) -> None:
    """ObjectInfo says more than there is, and says it of an empty file too."""
    wired.add("1.JPG", some_bytes("f13", size))
    wired.camera.faults.info_more = 5
    (failure,) = (await wired.run(bench.importer)).failed
    assert isinstance(failure.error, WrongLength | PhotoRefused)
    assert bench.files() == {}
    wired.camera.faults.info_more = 0
    assert (await wired.run(bench.importer)).imported == 1
    assert list(bench.files().values()) == [some_bytes("f13", size)]


async def test_f13_a_camera_that_says_too_little_and_refuses_to_tell_more_is_asked_for_a_byte_beyond(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        return None

    wired.camera.personality = NIKON
    monkeypatch.setattr(Nikon, "true_size", refused)
    wired.add("1.JPG")
    wired.camera.faults.info_more = -10
    report = await wired.run(bench.make_importer(delete=True))
    assert (report.imported, len(report.failed), report.deleted) == (0, 1, 0)
    assert bench.files() == {}


@pytest.mark.parametrize("more", [-10, 10])
async def test_f13_a_data_phase_that_announces_another_length_gets_no_name(
    bench: Bench, wired: WiredCamera, more: int
) -> None:
    wired.add("1.JPG", some_bytes("f13", 1000))
    wired.camera.faults.announce_more = more
    try:
        assert (await wired.run(bench.importer)).imported == 0
    except PtpIpError:
        pass  # when the data phase is longer than announced, nothing after it can be trusted
    assert shown(bench) == {}
    wired.camera.faults.announce_more = 0
    assert (await wired.run(bench.importer)).imported == 1


#: More than 32 bits can say, and the hash of so many zeros.
ZEROS = 4 << 30
HASH_OF_ZEROS = "8479e43911dc45e89f934fe48d01297e16f51d17aa561d4d1c216b1ae0fcddca"


@dataclass(slots=True)
class Sparse:
    """A movie of zeros and an end, that nobody has to store."""

    end: bytes

    @property
    def size(self) -> int:
        return ZEROS + len(self.end)

    async def read(self, offset: int, size: int) -> bytes:
        zeros = bytes(max(0, min(size, ZEROS - offset)))
        at = max(0, offset - ZEROS)
        return zeros + self.end[at : at + size - len(zeros)]


@pytest.mark.parametrize("maker", [GENERIC, NIKON], ids=["generic", "nikon"])
async def test_f13_a_length_beyond_32_bits_goes_on_where_it_broke_off(
    bench: Bench, wired: WiredCamera, cable: Cable, maker: Personality
) -> None:
    """4 GiB are there of a run before; the rest has 64-bit places. A whole one: scripts/bench/import."""
    wired.camera.personality = maker
    end = some_bytes("f13", 3 * MEBI)
    wired.add("MOVIE.MOV", Sparse(end))
    async with wired.session() as source:
        (photo,) = [photo async for photo in source.photos()]
    assert photo.size == ZEROS + len(end)
    path = PurePosixPath(FOLDER, "MOVIE.MOV")
    part = bench.library / FOLDER / part_name(path.name, photo)
    part.parent.mkdir(parents=True)
    with part.open("wb") as file:
        file.truncate(ZEROS)
    begun = Begun(path=path, flushed=ZEROS, sha256=HASH_OF_ZEROS)
    bench.ledger.begin(photo, begun, bench.now)
    cable.plug_in()
    assert await link_held(bench, cable)
    (told,) = bench.told
    assert (told.size, told.path) == (ZEROS + len(end), path)
    assert cable.carried < 4 * MEBI
    with (bench.library / path).open("rb") as whole:
        assert whole.seek(0, os.SEEK_END) == ZEROS + len(end)
        whole.seek(ZEROS - 10)
        assert whole.read() == bytes(10) + end


@dataclass(slots=True)
class Growing:
    """A movie that is still being recorded: longer after it was described than before."""

    data: bytes
    grown: int = 1000
    later: int = 4900

    @property
    def size(self) -> int:
        now, self.grown = self.grown, self.later
        return now

    def end(self) -> None:
        """Stop the recording."""
        self.grown = self.later = len(self.data)

    async def read(self, offset: int, size: int) -> bytes:
        return self.data[offset : offset + size]


@pytest.mark.parametrize("maker", [GENERIC, NIKON], ids=["whole", "in parts"])
async def test_f14_a_file_that_still_grows_comes_when_it_is_whole(
    bench: Bench, wired: WiredCamera, maker: Personality
) -> None:
    wired.camera.personality = maker
    data = some_bytes("f14", 5000)
    wired.add("MOVIE.MOV", growing := Growing(data))
    (failure,) = (await wired.run(bench.importer)).failed
    assert isinstance(failure.error, PhotoRefused | Changed)
    assert bench.files() == {}
    growing.end()
    assert (await wired.run(bench.importer)).imported == 1
    assert list(bench.files().values()) == [data]


# -- F15: out of step ------------------------------------------------------------------------------


async def test_f15_a_session_that_was_left_in_the_middle_is_not_used_again(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG", some_bytes("f15", 3 * MEBI))

    class Full(Exception):
        pass

    async def refuse(_: memoryview) -> None:
        raise Full

    async with wired.session() as source:
        (photo,) = [photo async for photo in source.photos()]
        with pytest.raises(Full):
            await source.fetch(photo, refuse)
        with pytest.raises(LinkError):
            await source.thumbnail(photo)
    assert (await wired.run(bench.importer)).imported == 1


@pytest.mark.parametrize("fault", ["stale_id", "stale_data", "repeat"])
async def test_f15_an_answer_that_is_the_one_before_is_never_taken_for_the_photo(
    bench: Bench, wired: WiredCamera, fault: str
) -> None:
    for number in range(3):
        wired.add(f"{number}.JPG")
    setattr(wired.camera.faults, fault, 2)
    for _ in range(5):
        try:
            await wired.run(bench.importer)
        except PtpIpError:
            continue
    assert sorted(bench.files().values()) == wired.contents
    assert len(bench.told) == 3


# -- F16, F17: busy, and full cards ----------------------------------------------------------------


async def test_f16_a_camera_that_is_busy_costs_time_and_no_photo(
    bench: Bench, wired: WiredCamera
) -> None:
    for number in range(4):
        wired.add(f"{number}.JPG")
    busy = [12]

    def be_busy(_: object) -> None:
        wired.camera.faults.busy = busy.pop() if busy else wired.camera.faults.busy

    bench.importer = bench.make_importer(on_progress=be_busy)
    report = await wired.run(bench.importer)
    assert report.imported >= 1
    assert report.failed
    report = await wired.run(bench.importer)
    assert (report.known + report.imported, report.failed) == (4, ())
    assert sorted(bench.files().values()) == wired.contents


async def test_f16_a_flood_of_events_during_a_download_does_not_disturb_it(
    bench: Bench, wired: WiredCamera
) -> None:
    data = some_bytes("f16", 8 * MEBI)
    wired.add("1.JPG", data)
    flooded = False

    def flood(_: object) -> None:
        nonlocal flooded
        if not flooded:
            flooded = True
            for number in range(1000):
                wired.camera.tell(Event(EventCode.OBJECT_ADDED, parameters=(number,)))

    bench.importer = bench.make_importer(on_progress=flood)
    assert (await wired.run(bench.importer)).imported == 1
    assert flooded
    assert list(bench.files().values()) == [data]


async def test_f16_a_picture_that_is_taken_during_a_download_comes_next(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG", some_bytes("one", 2 * MEBI))
    async with wired.session() as source:
        running = asyncio.ensure_future(bench.importer.run(source))
        await until(lambda: wired.asked(OperationCode.GET_OBJECT))
        handle = wired.add("2.JPG")
        assert (await running).imported == 1
        photo = await source.photo(handle)
        assert photo
        assert await bench.importer.import_photo(source, photo)
    assert sorted(bench.files().values()) == wired.contents


async def test_f16_what_fails_again_and_again_is_tried_less_and_less_often(bench: Bench) -> None:
    source = FakeSource()
    busy = source.add("1.JPG")
    source.add("2.JPG")
    source.failures[busy] = PhotoRefused("busy")
    seconds = 0.0
    importer = bench.make_importer(timer=lambda: seconds)
    failed = [len((await importer.run(source)).failed) for _ in range(3)]
    assert failed == [1, 1, 1]
    assert (await importer.run(source)).waiting == 1
    waits = []
    for _ in range(10):
        begun = seconds
        while (await importer.run(source)).waiting:
            seconds += 30
        waits.append(seconds - begun)
    assert waits[:3] == [60, 120, 240]
    assert max(waits) == 3600
    source.failures.clear()
    seconds += 3600
    assert (await importer.run(source)).imported == 1


async def test_f17_an_empty_card_is_no_fault(bench: Bench, wired: WiredCamera) -> None:
    report = await wired.run(bench.importer)
    assert (report.imported, report.known, report.failed) == (0, 0, ())
    wired.camera.cards.clear()
    assert (await wired.run(bench.importer)).imported == 0


async def test_f17_a_card_of_thousands_is_told_of_and_known_the_second_time(
    bench: Bench, wired: WiredCamera
) -> None:
    """As scripts/bench/import does it with 20 000; nothing is downloaded a second time."""
    for number in range(2000):
        wired.add(f"{number}.JPG", b"same for all")
    listed: list[int] = []
    bench.importer = bench.make_importer(on_listed=listed.append)
    async with wired.session() as source:
        assert await bench.importer.pass_over(source) == 2000
    report = await wired.run(bench.importer)
    assert (report.known, wired.asked(OperationCode.GET_OBJECT)) == (2000, [])
    assert listed == [*range(100, 2001, 100)] * 2


async def test_f17_the_newest_comes_first_where_that_is_wanted(
    bench: Bench, wired: WiredCamera
) -> None:
    bench.importer = bench.make_importer(newest_first=True)
    for day in (3, 1, 2):
        wired.add(f"{day}.JPG", taken=TAKEN.replace(day=day))
    wired.add("undated.JPG", taken=None)
    await wired.run(bench.importer)
    assert [told.photo.filename for told in bench.told] == [
        "3.JPG",
        "2.JPG",
        "1.JPG",
        "undated.JPG",
    ]
