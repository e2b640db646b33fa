"""Where a picture is on a tape: by clocks that are late, drift, stand, or are set anew."""

import pytest

from custom_components.crcp.live.course import FromNowOn, Moment, StreamClock, TapeCourse


def test_a_stream_tells_its_time_whatever_its_first_stamp_is() -> None:
    clock = StreamClock()
    last = (1 << 33) - 3600
    stamps = [last, last + 3600, last + 7200, last + 10800]
    assert [clock.read(each % (1 << 33), 0).time for each in stamps] == pytest.approx(
        [0, 0.04, 0.08, 0.12]
    )


@pytest.mark.parametrize("jump", [-100, 1000, 20])
def test_a_clock_that_is_set_anew_goes_on_from_where_it_was(jump: int) -> None:
    clock = StreamClock()
    times = [clock.read(at, 0).time for at in (0, 3600, 3600 + jump * 90000, 7200 + jump * 90000)]
    assert times == pytest.approx([0, 0.04, 0.08, 0.12])


def test_what_comes_earliest_tells_how_long_the_way_is() -> None:
    clock = StreamClock()
    came = [100.05, 100.04, 100.2, 100.12]
    moments = [clock.read(3600 * number, now) for number, now in enumerate(came)]
    # The second one came 50 ms sooner than the first: that is what those behind it are held to.
    assert [each.came for each in moments] == pytest.approx(
        [100.05, 100.04, 100.08, 100.12], abs=1e-3
    )


def test_clocks_may_drift_apart() -> None:
    clock = StreamClock()
    for second in range(10000):
        moment = clock.read(90000 * second, second * 1.0005)
    assert moment.came == pytest.approx(9999 * 1.0005, abs=0.01)


def test_without_stamps_our_own_clock_tells() -> None:
    clock = StreamClock()
    assert [clock.read(None, now).time for now in (7.0, 7.5)] == [0, 0.5]


def test_what_is_shown_from_now_on_begins_with_the_first_picture() -> None:
    assert FromNowOn(3).place(Moment(1.5, 99)) == 1.5


def tape(*readings: tuple[float, float], took: float = 0.01) -> TapeCourse:
    """A tape of which 10 to 20 is wanted. readings: what it told, and when."""
    course = TapeCourse(10, 20)
    for position, at in readings:
        course.read(position, at - took / 2, at + took / 2, plays=True)
    return course


def test_a_picture_is_where_the_tape_is_when_it_comes() -> None:
    course = tape((7, 100), (8, 101))
    assert course.place(Moment(0, 101.5)) == pytest.approx(-1.5)
    assert course.seconds == 10


def test_the_reading_that_took_least_is_believed() -> None:
    course = tape((7, 100))
    course.read(8.4, 101, 101.8, plays=True)
    assert course.place(Moment(0, 103)) == pytest.approx(0)


def test_a_motor_takes_its_time_to_run() -> None:
    course = tape(*((7, 100 + 0.5 * step) for step in range(5)))
    course.read(7, 102.5, 102.51, plays=False)
    assert course.stopped is None
    for step in range(1, 8):
        course.read(7 + step, 102.5 + step, 102.51 + step, plays=True)
    assert course.stopped is None
    assert course.place(Moment(0, 105.505)) == pytest.approx(0)


def test_a_tape_that_stops_ends_the_course_there() -> None:
    course = tape((7, 100), (12, 105))
    course.read(14.5, 109, 109.01, plays=False)
    assert course.stopped == 14.5
    assert course.seconds == 4.5
    course.read(3, 110, 110.01, plays=True)
    assert course.seconds == 4.5


@pytest.mark.parametrize("speed", [5, 2, 0.3, -1])
def test_a_tape_that_somebody_moves_is_not_believed_any_more(speed: float) -> None:
    course = tape(*((7 + step, 100 + step) for step in range(8)))
    for step in range(1, 9):
        course.read(14 + speed * step, 107 + step, 107.01 + step, plays=True)
    assert course.stopped is not None
    assert 10 <= course.stopped <= 14.1


def test_a_unit_may_tell_no_position() -> None:
    course = tape((7, 100), (12, 105))
    course.read(None, 106, 106.01, plays=True)
    assert course.stopped is None
    course.read(None, 107, 107.01, plays=False)
    assert course.stopped == 12
