"""What of a picture goes into a clip."""

from collections.abc import AsyncIterator

import pytest

from custom_components.crcp.live.course import Course, FromNowOn, Moment
from custom_components.crcp.live.gather import Gathering, Stretch
from custom_components.crcp.protocols.crcp.depacketise import MediaFrame

RATE = 25


class Tape:
    """A course whose places are told, so that no clock of the test's matters."""

    tolerance = 0.1

    def __init__(self, seconds: float, ahead: float) -> None:
        self.seconds = seconds
        self.ahead = ahead

    def place(self, moment: Moment) -> float:
        return moment.time + self.ahead


class Kept:
    def __init__(self) -> None:
        self.numbers: list[int] = []

    async def write(self, piece: memoryview) -> None:
        self.numbers.append(int.from_bytes(piece))

    async def restart(self) -> None:
        self.numbers.clear()


async def pictures(count: int, *, keys: int = RATE) -> AsyncIterator[MediaFrame]:
    for number in range(count):
        pts = 3600 * number
        yield MediaFrame(33, 7, number.to_bytes(4), is_start=number % keys == 0, pts=pts)


async def gathered(course: Course, count: int, lost: int = 0) -> tuple[list[int], Stretch]:
    kept, places = Kept(), list[float]()
    losses = iter((5,))
    gathering = Gathering(
        course,
        kept,
        on_place=places.append,
        losses=lambda: next(losses, 5 + lost),
        came=lambda: 0.0,
    )
    await gathering.run(pictures(count))
    assert places
    return kept.numbers, gathering.finish()


async def test_what_is_wanted_is_there_with_the_key_frame_in_front_of_it() -> None:
    # The first picture is 1.5 s in front of what is wanted.
    numbers, stretch = await gathered(Tape(2.0, -1.5), 200)
    assert numbers[0] == 25
    # Pictures may come in another order than they are shown, so a few more are taken.
    assert 87 <= numbers[-1] < 95
    assert stretch.begin == pytest.approx(0.5 - 0.02)
    assert stretch.end == pytest.approx(2.5 - 0.02)
    assert stretch.last == 2.0
    assert stretch.first == pytest.approx(-0.5)


async def test_a_key_frame_that_seems_a_little_late_is_in_time() -> None:
    numbers, stretch = await gathered(Tape(1.0, -0.95), 100)
    assert numbers[0] == 25
    assert stretch.begin == 0


async def test_what_begins_later_is_told() -> None:
    numbers, stretch = await gathered(Tape(1.0, 0.4), 100)
    assert numbers[0] == 0
    assert stretch.first == pytest.approx(0.4)
    assert stretch.begin == 0
    assert stretch.end == pytest.approx(0.6 - 0.02)


async def test_what_ends_early_is_told() -> None:
    numbers, stretch = await gathered(Tape(10.0, 0.0), 50)
    assert numbers == list(range(50))
    assert stretch.last == pytest.approx(2.0)
    assert not stretch.is_empty


async def test_in_front_of_what_is_wanted_there_is_nothing() -> None:
    _, stretch = await gathered(Tape(10.0, -3.0), 50)
    assert stretch.is_empty


async def test_what_is_recorded_from_now_on_begins_with_the_first_picture() -> None:
    course = FromNowOn(1.0)
    numbers, stretch = await gathered(course, 100)
    assert numbers[0] == 0
    assert (stretch.begin, stretch.first, stretch.last) == (0, 0, 1.0)


async def test_lost_pictures_are_counted_from_the_first_on() -> None:
    _, stretch = await gathered(FromNowOn(1.0), 100, lost=3)
    assert stretch.missing == 3
