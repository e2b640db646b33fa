"""What a controller asks and makes of the answers, with a unit that is a function."""

from collections.abc import Callable
from typing import override

import pytest

from custom_components.crcp.protocols.crcp.codec import format_command
from custom_components.crcp.protocols.crcp.commands import Commands
from custom_components.crcp.protocols.crcp.errors import Busy, NotAuthorised, Refused
from custom_components.crcp.protocols.crcp.login import Credentials
from custom_components.crcp.protocols.crcp.messages import (
    AUTO,
    Amount,
    Command,
    Reply,
    Setting,
    Subunit,
)

from .dialogue import Clock

CAMERA, TAPE, STREAM = Subunit("CAMERA"), Subunit("TAPE"), Subunit("STREAM")
LIST = Reply(211, ("unit", "POWER0", "TAPE0", "CAMERA0", "end"))


class Talk(Commands):
    """A controller whose unit is a function from line to reply."""

    def __init__(self, answer: Callable[[str], Reply]) -> None:
        super().__init__(Clock())
        self.said: list[str] = []
        self.answer = answer

    @override
    async def exchange(self, command: Command) -> Reply:
        self.said.append(format_command(command, self.spelling))
        return self.answer(self.said[-1])


class Motor:
    """A camera's PAN that takes a relative value from its target, "+0" included (A33)."""

    def __init__(self, place: float, speed: float = 10.0) -> None:
        self.clock = Clock()
        self.target = self._start = place
        self._since, self._speed = self.clock.now, speed

    @property
    def place(self) -> float:
        way = self._speed * (self.clock.now - self._since)
        if self.target >= self._start:
            return min(self._start + way, self.target)
        return max(self._start - way, self.target)

    def answer(self, line: str) -> Reply:
        if line.startswith("STAT"):
            return Reply(211, ("OK", f"PAN -170,{self.place:.1f},170", "end"))
        word, place = line.rsplit(maxsplit=1)[-1], self.place
        step = float(word) if word[0] in "+-" else float(word) - self.target
        self._start, self._since = place, self.clock.now
        self.target = min(max(self.target + step, -170), 170)
        return Reply(200, ("ok",))


async def watch(talk: Talk, motor: Motor) -> None:
    """Read twice a second until nothing is left to be corrected."""
    while talk.is_aiming(CAMERA):
        motor.clock.now += 0.5
        await talk.correct(CAMERA, await talk.camera_status(CAMERA))


def talk_to(motor: Motor) -> Talk:
    talk = Talk(motor.answer)
    talk.clock = motor.clock
    return talk


async def test_a_value_below_zero_is_reached_by_one_difference() -> None:
    motor = Motor(12)
    talk = talk_to(motor)
    await talk.set_value(CAMERA, "PAN", -30)
    await watch(talk, motor)
    assert [line for line in talk.said if "STAT" not in line] == ["CAMERA0 PAN -42"]
    assert motor.place == -30


async def test_a_difference_from_a_moving_place_is_corrected_at_rest() -> None:
    motor = Motor(0)
    talk = talk_to(motor)
    await talk.set_value(CAMERA, "PAN", 100)
    motor.clock.now += 2
    # It is at 20 and on its way to 100, from where the unit counts.
    await talk.set_value(CAMERA, "PAN", -30)
    await watch(talk, motor)
    assert [line for line in talk.said if "STAT" not in line] == [
        "CAMERA0 PAN 100",
        "CAMERA0 PAN -50",
        "CAMERA0 PAN -80",
    ]
    assert motor.place == -30


async def test_what_misses_twice_is_left_alone() -> None:
    place = 0.0

    def answer(line: str) -> Reply:
        nonlocal place
        if line.startswith("STAT"):
            return Reply(211, ("OK", f"PAN -170,{place:.1f},170", "end"))
        place += float(line.rsplit(maxsplit=1)[-1]) / 2
        return Reply(200, ("half of it",))

    motor, talk = Motor(0), Talk(answer)
    talk.clock = motor.clock
    await talk.set_value(CAMERA, "PAN", -80)
    await watch(talk, motor)
    assert [line for line in talk.said if "STAT" not in line] == [
        "CAMERA0 PAN -80",
        "CAMERA0 PAN -40",
        "CAMERA0 PAN -20",
    ]


@pytest.mark.parametrize("setting", [Amount(5), Amount(0, relative=True), AUTO])
async def test_another_order_takes_the_place_of_a_correction(setting: Setting) -> None:
    motor = Motor(12)
    talk = talk_to(motor)
    await talk.set_value(CAMERA, "PAN", -30)
    assert talk.is_aiming(CAMERA)
    talk.answer = lambda _: Reply(200, ("ok",))
    await talk.set_parameter(CAMERA, "PAN", setting)
    assert not talk.is_aiming(CAMERA)


async def test_a_camera_that_never_rests_is_watched_no_longer_than_a_minute() -> None:
    motor = Motor(0, speed=0.01)
    talk = talk_to(motor)
    await talk.set_value(CAMERA, "PAN", -170)
    began = motor.clock.now
    talk.answer = lambda _: Reply(211, ("OK", f"PAN -170,{motor.clock.now:.1f},170", "end"))
    await watch(talk, motor)
    assert 60 <= motor.clock.now - began <= 61


async def test_what_does_not_fit_the_wire_is_refused_and_not_a_mistake() -> None:
    far = Reply(211, ("OK", "PAN -2147483648,2147483647,2147483647", "end"))
    talk = Talk(lambda _: far)
    for value in (-5.0, 1e12):
        with pytest.raises(Refused, match="32 bits"):
            await talk.set_value(CAMERA, "PAN", value)
    talk = Talk(lambda _: Reply(211, ("PAUS 2147483647", "FF 1,16 0,100", "end")))
    with pytest.raises(Refused, match="32 bits"):
        await talk.go_to(TAPE, -5)
    with pytest.raises(Refused, match="line ends"):
        await talk.mount("a\r\nTAPE0 RECO")
    assert all("STAT" in line for line in talk.said)


@pytest.mark.parametrize(
    ("speeds", "position", "sent"),
    [
        ("-8,16 0,200", 50, "TAPE0 FF -8 50"),
        ("-8,16 0,200", 150, "TAPE0 FF 16 150"),
        ("1,16 0,200", 50, "TAPE0 FF -16 50"),
        ("-16,-1 0,200", 150, "TAPE0 FF 16 150"),
        (",", 50, "TAPE0 FF -5 50"),
        (",", 150, "TAPE0 FF 5 150"),
    ],
)
async def test_the_sign_of_a_winding_speed_is_its_direction(
    speeds: str, position: float, sent: str
) -> None:
    status = Reply(211, ("PAUS 100", f"FF {speeds}", "end"))
    talk = Talk(lambda line: status if line.startswith("STAT") else Reply(200, ("ok",)))
    await talk.go_to(TAPE, position)
    assert talk.said[-1] == sent


@pytest.mark.parametrize(("code", "error"), [(421, Busy), (530, NotAuthorised)])
async def test_what_is_about_the_whole_connection_ends_a_survey(
    code: int, error: type[Refused]
) -> None:
    talk = Talk(lambda line: LIST if line == "STAT" else Reply(code, ("no",)))
    with pytest.raises(error):
        await talk.survey()
    with pytest.raises(error):
        await talk.power_status(Subunit("POWER"))
    with pytest.raises(error):
        await talk.choose_payload_type(STREAM)
    assert len(talk.said) == 4


async def test_a_survey_tells_what_was_refused() -> None:
    talk = Talk(lambda line: LIST if line == "STAT" else Reply(503, (f"{line} is off",)))
    state = await talk.survey()
    assert (state.power, state.tapes, state.cameras) == ({Subunit("POWER"): None}, {}, {})
    assert {str(each): error.code for each, error in state.refused.items()} == {
        "POWER0": 503,
        "TAPE0": 503,
        "CAMERA0": 503,
    }


@pytest.mark.parametrize(("sequence", "warned"), [(9, True), (10, False)])
async def test_the_last_one_time_passwords_are_told(
    sequence: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    challenge = Reply(331, ("Welcome", f"otp-md5 {sequence} TeSt ext", "response required"))
    talk = Talk(lambda line: challenge if "USER" in line else Reply(230, ("in",)))
    await talk.log_in(Credentials("ha", "This is a test."))
    assert (f"{sequence} more one-time passwords" in caplog.text) is warned
    assert "This is a test." not in "".join(talk.said)
