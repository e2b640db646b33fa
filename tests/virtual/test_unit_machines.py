"""Decks and heads: what their motors do when they are asked for what they cannot do."""

import pytest

from custom_components.crcp.protocols.crcp.errors import Refused
from custom_components.crcp.protocols.crcp.messages import Amount, Motion, Step
from custom_components.crcp.protocols.crcp.status import Bounds
from custom_components.crcp.virtual.deck import Deck
from custom_components.crcp.virtual.head import Axis, Head
from tests.protocols.crcp.dialogue import Clock
from tests.protocols.crcp.house import House, codes

FORWARD = Bounds(1, 1)


def forward_deck(clock: Clock) -> Deck:
    deck = Deck(clock, play_speeds=FORWARD, record_speeds=FORWARD, wind_speeds=Bounds(4, 16))
    deck.wind(Motion(16, Amount(160)))
    clock.now += 10
    assert (deck.operation, deck.position) == ("PAUS", 160)
    return deck


@pytest.mark.parametrize("speed", [0, -1, -0.5])
def test_play_does_not_run_forward_when_asked_to_stand_or_reverse(speed: float) -> None:
    clock = Clock()
    deck = forward_deck(clock)
    deck.play(Motion(speed))
    clock.now += 10
    assert (deck.operation, deck.position) == ("PAUS", 160)


@pytest.mark.parametrize("speed", [0, -1])
def test_nothing_is_recorded_over_when_asked_to_reverse(speed: float) -> None:
    clock = Clock()
    deck = forward_deck(clock)
    deck.play(Motion())
    for refused in (deck.record, deck.wind):
        with pytest.raises(Refused) as error:
            refused(Motion(speed))
        assert error.value.code == 501
    clock.now += 10
    assert (deck.operation, deck.position) == ("PLAY", 170)


@pytest.mark.parametrize(("asked", "got"), [(0.2, 1), (5, 1), (None, 1)])
def test_a_speed_out_of_range_becomes_the_nearest(asked: float | None, got: float) -> None:
    deck = forward_deck(Clock())
    deck.play(Motion(asked))
    assert deck.speed == got


def test_a_step_is_at_least_what_an_axis_can_tell_apart() -> None:
    clock = Clock()
    head = Head(clock, [Axis("ZOOM", 1, 1, 10, rate=5), Axis("IRIS", 0, 4, 16, rate=8, decimals=1)])
    for name in ("ZOOM", "IRIS"):
        head.set(name, Step(1))
    clock.now += 10
    values = {name: each.current for name, each in head.status().parameters.items()}
    assert values == {"ZOOM": 2, "IRIS": 4.3}


async def test_a_camera_without_power_stands_still(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    assert await codes(wire, "CAMERA0 PAN 290") == [200]
    house.clock.now += 1
    assert await codes(wire, "POWER0 OFF") == [200]
    house.clock.now += 1
    assert await codes(wire, "POWER0 ON") == [200]
    house.clock.now += 1
    assert unit.heads[0].status().parameters["PAN"].current == 230
