"""Which frames belong to a clip, by our clock and by what is read of a tape."""

import pytest

from custom_components.crcp.protocols.crcp.status import TapeStatus
from custom_components.crcp.stretches import FromNowOn, OnTape
from custom_components.crcp.tapes import Tape


def read(tape: Tape, operation: str, position: float, now: float) -> None:
    tape.read(TapeStatus(operation, position, {}), now)


def test_from_now_on_begins_with_the_first_frame() -> None:
    stretch = FromNowOn(4)
    assert stretch.share(99) == 0
    assert stretch.lead(100) == 0
    assert stretch.lead(100.5) is None
    assert [stretch.share(at) for at in (100, 102, 104)] == [0, 0.5, 1]


def test_a_tape_is_where_it_was_read_and_goes_on_from_there() -> None:
    tape = Tape()
    read(tape, "PAUS", 8, 100)
    stretch = OnTape(lambda: tape, 10, 14, None)
    assert stretch.lead(105) == 2
    read(tape, "PLAY", 8.5, 106)
    assert stretch.lead(105.5) == pytest.approx(2)
    assert stretch.lead(107.5) == pytest.approx(0)
    # A little late is in time, because nobody knows it better.
    assert stretch.lead(107.55) == 0
    assert stretch.lead(108) is None
    assert stretch.share(109.5) == pytest.approx(0.5)
    assert stretch.share(111.5) == pytest.approx(1)


def test_a_tape_that_stops_ends_the_stretch() -> None:
    tape = Tape()
    read(tape, "PAUS", 10, 100)
    stretch = OnTape(lambda: tape, 10, 14, None)
    assert stretch.share(101) == 0
    read(tape, "PLAY", 10, 102)
    assert stretch.share(103) == pytest.approx(0.25)
    read(tape, "PAUS", 11.5, 104)
    # What came before that was read belongs to it still.
    assert stretch.share(103.5) < 1
    assert stretch.share(104) == 1


def test_a_stretch_beyond_the_tape_is_over_with_it_but_not_as_long_as_asked() -> None:
    tape = Tape()
    read(tape, "PLAY", 10, 100)
    stretch = OnTape(lambda: tape, 10, 20, 12)
    assert stretch.share(102) == pytest.approx(1)
    assert stretch.duration == 10
