"""The virtual unit, driven by its own protocol's client and by a client that knows only FTP."""

import asyncio
from collections.abc import AsyncIterator
import ftplib

import pytest

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.errors import Busy, Refused
from custom_components.crcp.protocols.crcp.messages import Amount, Command, Motion, Step, Subunit
from custom_components.crcp.virtual.deck import Deck
from custom_components.crcp.virtual.head import Head
from custom_components.crcp.virtual.unit import VirtualUnit

POWER, TAPE, CAMERA = Subunit("POWER"), Subunit("TAPE"), Subunit("CAMERA")


class Clock:
    """A clock that stands until it is set forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def unit(socket_enabled: None, clock: Clock) -> AsyncIterator[VirtualUnit]:
    unit = VirtualUnit(decks={0: Deck(clock)}, heads={0: Head(clock)})
    await unit.start()
    yield unit
    await unit.stop()


@pytest.fixture
async def controller(unit: VirtualUnit) -> AsyncIterator[Controller]:
    async with await Controller.connect("127.0.0.1", unit.port) as controller:
        yield controller


async def _play(controller: Controller, name: str, motion: Motion | None) -> None:
    await controller.execute(Command(name, TAPE, motion))


async def _position(controller: Controller) -> tuple[str, float | None]:
    status = await controller.tape_status(TAPE)
    return status.operation, status.position


async def test_ftplib_drives_the_unit(unit: VirtualUnit) -> None:
    def drive() -> list[str]:
        with ftplib.FTP() as ftp:
            ftp.connect("127.0.0.1", unit.port, timeout=10)
            ftp.login()
            return [ftp.sendcmd(line) for line in ("STAT", "TAPE0 PLAY 1", "CAMERA0 PAN +")]

    status, play, pan = await asyncio.to_thread(drive)
    assert status.splitlines() == [
        "211-status response",
        " POWER0",
        " CONNECTION0",
        " TAPE0",
        " CAMERA0",
        "211 status response",
    ]
    assert (play, pan) == ("200 Command okay", "200 Command okay")
    assert unit.commands[-3:-1] == [
        Command("PLAY", TAPE, Motion(1)),
        Command("PAN", CAMERA, Step(1)),
    ]


async def test_a_survey_tells_everything(controller: Controller) -> None:
    state = await controller.survey()
    assert state.power == {POWER: True}
    assert state.tapes[TAPE].length == 5400
    assert list(state.cameras[CAMERA].parameters) == ["PAN", "TILT", "ZOOM", "FOCU", "IRIS", "WHIT"]


async def test_the_tape_moves_with_the_clock_and_stops_where_told(
    controller: Controller, clock: Clock
) -> None:
    await _play(controller, "PLAY", Motion(2, Amount(30, relative=True)))
    clock.now += 10
    assert await _position(controller) == ("PLAY", 20)
    clock.now += 10
    assert await _position(controller) == ("PAUS", 30)
    await _play(controller, "FF", Motion(-5))
    clock.now += 1
    assert await _position(controller) == ("FF", 25)
    await _play(controller, "PAUS", None)
    clock.now += 1
    assert await _position(controller) == ("PAUS", 25)
    await _play(controller, "PLAY", Motion(-1))
    clock.now += 60
    assert await _position(controller) == ("PAUS", 0)


async def test_a_stop_behind_ends_the_command_at_once(controller: Controller, clock: Clock) -> None:
    await _play(controller, "FF", Motion(16, Amount(1200)))
    clock.now += 100
    await _play(controller, "PLAY", Motion(1, Amount(600)))
    assert await _position(controller) == ("PAUS", 1200)


async def test_recording_makes_the_tape_longer(controller: Controller, clock: Clock) -> None:
    await _play(controller, "FF", Motion(16))
    clock.now += 3600
    await _play(controller, "RECO", Motion(1, Amount(60, relative=True)))
    clock.now += 60
    status = await controller.tape_status(TAPE)
    assert (status.operation, status.position, status.length) == ("PAUS", 5460, 5460)


async def test_a_camera_takes_its_time_and_can_be_stopped(
    controller: Controller, clock: Clock
) -> None:
    async def pan() -> float | None:
        return (await controller.camera_status(CAMERA)).parameters["PAN"].current

    await controller.set_value(CAMERA, "PAN", 290)
    clock.now += 1
    assert await pan() == 230
    await controller.set_parameter(CAMERA, "PAN", Amount(0, relative=True))
    clock.now += 1
    assert await pan() == 230
    for _ in range(5):
        await controller.set_parameter(CAMERA, "PAN", Step(-1))
    clock.now += 10
    assert await pan() == 230 - 5 * 340 / 50


async def test_a_unit_that_is_off_says_so(controller: Controller) -> None:
    await controller.set_power(POWER, on=False)
    assert await controller.power_status(POWER) is False
    with pytest.raises(Refused, match="503 Unit is off"):
        await _play(controller, "PLAY", Motion())
    await controller.set_power(POWER, on=True)
    await _play(controller, "PLAY", Motion())


@pytest.mark.parametrize("name", ["RECO", "REC"])
async def test_recording_works_under_either_name(socket_enabled: None, name: str) -> None:
    unit = VirtualUnit(decks={0: Deck(Clock(), record_word=name)})
    await unit.start()
    async with await Controller.connect("127.0.0.1", unit.port) as controller:
        await controller.tape_status(TAPE)
        await controller.execute(Command("RECO", TAPE, Motion()))
        assert controller.spelling.command(TAPE, "RECO") == name
        assert unit.decks[0].operation == "RECO"
    await unit.stop()


async def test_a_second_controller_takes_over_and_the_first_is_told(
    unit: VirtualUnit, controller: Controller
) -> None:
    async with await Controller.connect("127.0.0.1", unit.port) as second:
        assert isinstance(await controller.wait_closed(), Busy)
        assert (await second.unit_status()).is_unit
    with pytest.raises(Busy):
        await controller.unit_status()


async def test_a_parameter_that_the_unit_lacks_is_refused(controller: Controller) -> None:
    with pytest.raises(Refused) as refused:
        await controller.set_value(CAMERA, "ROLL", 5)
    assert refused.value.code == 502
