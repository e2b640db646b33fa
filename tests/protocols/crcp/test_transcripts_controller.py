"""Every transcript against the controller: a unit that is a bare socket says the U: lines.

Every line that the controller sends has to be the transcript's, byte for byte. Only the address in
T17's PORT is this machine's own. The data ports of the transcripts are real: each unit listens on
an address of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
import re
import socket

import pytest

from custom_components.crcp.protocols.crcp.addresses import parse_passive
from custom_components.crcp.protocols.crcp.client import Controller, OneWayController, Timeouts
from custom_components.crcp.protocols.crcp.codec import Spelling
from custom_components.crcp.protocols.crcp.errors import Busy, NotAUnit, NotAuthorised, Refused
from custom_components.crcp.protocols.crcp.login import Credentials
from custom_components.crcp.protocols.crcp.messages import (
    Amount,
    Command,
    Motion,
    Representation,
    Step,
    Subunit,
    TransferMode,
)
from custom_components.crcp.protocols.crcp.status import Bounds, TapeAbility
from custom_components.crcp.protocols.crcp.url import parse_url

from .dialogue import ALL, Line, PlayedUnit, commands_of, read_transcript

POWER, TAPE, CAMERA, STREAM = (Subunit(kind) for kind in ("POWER", "TAPE", "CAMERA", "STREAM"))
TAPE1, TAPE2, STREAM1 = Subunit("TAPE", 1), Subunit("TAPE", 2), Subunit("STREAM", 1)

#: T26's unit says nothing for 5 s; nobody has to wait as long to see it.
QUICK = Timeouts(greeting=0.05)

pytestmark = pytest.mark.usefixtures("loopback")


async def refused(code: int, doing: Awaitable[object]) -> None:
    with pytest.raises(Refused) as caught:
        await doing
    assert caught.value.code == code


async def _open_unit(controller: Controller) -> None:
    assert controller.greeting
    assert controller.greeting.text == "Attic VCR ready"
    status = await controller.unit_status()
    assert [str(each) for each in status.subunits] == ["POWER0", "FILE0", "STREAM0", "TAPE0"]
    await controller.close()


async def _password_login(controller: Controller) -> None:
    with pytest.raises(NotAuthorised):
        await controller.unit_status()
    await controller.log_in(Credentials("ha", "correct horse"))
    assert await controller.working_directory() == "/"


async def _account(controller: Controller) -> None:
    with pytest.raises(NotAuthorised):
        await controller.log_in(Credentials("ha", "wrong"))
    await controller.log_in(Credentials("ha", "correct horse", "studio"))


async def _one_time_password(controller: Controller) -> None:
    await controller.log_in(Credentials("ha", "This is a test."))


async def _power(controller: Controller) -> None:
    assert await controller.power_status(POWER) is False
    await refused(503, controller.move_tape(TAPE, "PLAY", Motion()))
    await controller.set_power(POWER, on=True)
    await controller.move_tape(TAPE, "PLAY", Motion())


async def _play_and_watch(controller: Controller) -> None:
    before = await controller.tape_status(TAPE)
    assert (before.operation, before.position, before.length) == ("PAUS", 0, 5400)
    await controller.move_tape(TAPE, "PLAY", Motion())
    after = await controller.tape_status(TAPE)
    assert (after.operation, after.position) == ("PLAY", 1.02)
    await controller.pause_tape(TAPE)


async def _record_one_hour(controller: Controller) -> None:
    # The list of subunits, before the transcript begins, has said TAPE without a number.
    controller.spelling.subunits[TAPE] = "TAPE"
    assert (await controller.tape_status(TAPE)).position == 300
    await controller.move_tape(TAPE, "RECO", Motion(1, Amount(3600, relative=True)))


async def _rec_by_trial(controller: Controller) -> None:
    await controller.move_tape(TAPE, "RECO", Motion())
    assert controller.spelling.command(TAPE, "RECO") == "REC"
    assert (TAPE, "RECO") not in controller.unsupported


async def _go_to(controller: Controller) -> None:
    before = await controller.go_to(TAPE, 1200)
    assert (before.operation, before.position) == ("PLAY", 2400.5)
    seen = []
    while (status := await controller.tape_status(TAPE)).operation != "PAUS":
        seen.append(status.position)
    assert (seen, status.position) == ([1904.1], 1200)
    await controller.move_tape(TAPE, "PLAY", Motion(1))


async def _stop_behind(controller: Controller) -> None:
    await controller.move_tape(TAPE, "PLAY", Motion(1, Amount(600)))
    status = await controller.tape_status(TAPE)
    assert (status.operation, status.position) == ("PAUS", 1200)


async def _camera(controller: Controller) -> None:
    status = await controller.camera_status(CAMERA)
    assert [each.automatic for each in status.parameters.values()] == [
        None,
        None,
        None,
        True,
        False,
    ]
    await controller.set_value(CAMERA, "PAN", 200)
    await controller.set_parameter(CAMERA, "TILT", Amount(-12.5, relative=True))
    await controller.set_parameter(CAMERA, "ZOOM", Step(1))
    await controller.set_auto(CAMERA, "WHIT")
    await controller.stop_motion(CAMERA, "FOCU")
    await refused(502, controller.set_value(CAMERA, "ROLL", 5))
    await refused(501, controller.set_auto(CAMERA, "ZOOM"))
    assert controller.unsupported == {(CAMERA, "ROLL")}


async def _negative_target(controller: Controller) -> None:
    await controller.set_value(CAMERA, "PAN", -30)
    # Near enough, and not known to stand still: nothing is sent again.
    assert not await controller.correct(CAMERA, await controller.camera_status(CAMERA))


async def _preset(controller: Controller) -> None:
    # Asked for in another order than the unit's.
    await controller.recall(CAMERA, {"ZOOM": 4, "PAN": 100, "DEPT": 0.5, "HORI": 2})


async def _errors(controller: Controller) -> None:
    # Lines as a person types them: the controller's own values cannot even hold most of these.
    await refused(502, controller.execute(Command("EJECT", TAPE)))
    await refused(501, controller.execute(Command("PLAY", TAPE, "fast")))
    await refused(501, controller.execute(Command("PAN", CAMERA, "2147483648")))
    await refused(502, controller.move_tape(Subunit("TAPE", 7), "PLAY", Motion()))
    await refused(500, controller.execute(Command("FROB")))
    await refused(502, controller.execute(Command("NOOP")))
    assert (await controller.execute(Command("HELP"))).code == 214
    assert (CAMERA, "PAN") not in controller.unsupported


async def _list_the_tapes(controller: Controller) -> None:
    assert await controller.list_names() == ["holiday-1998.ts", "wedding.ts"]
    await controller.mount("wedding.ts")


async def _live_over_tcp(controller: Controller) -> None:
    transfer = await controller.retrieve("wedding.ts")
    packets = transfer.packets()
    first = await anext(packets)
    assert (first.payload_type, len(first.payload)) == (33, 7 * 188)
    await controller.move_tape(TAPE, "PLAY", Motion(1, Amount(60)))
    status = await controller.tape_status(TAPE)
    assert (status.operation, status.position, status.length) == ("PAUS", 60, 60)
    assert [packet.sequence async for packet in packets] == [1]
    reply = await transfer.wait_ended()
    assert reply
    assert reply.text == "RETR STREAM0 complete"


async def _udp_and_abort(controller: Controller) -> None:
    transfer = await controller.retrieve("live", mode=TransferMode(7), passive=False)
    first = await anext(transfer.packets())
    assert (first.payload_type, len(first.payload)) == (33, 7 * 188)
    await transfer.abort()
    assert (await controller.exchange(Command("ABOR", STREAM))).code == 225


async def _multicast(controller: Controller) -> None:
    kind = Representation((32,))
    await refused(504, controller.execute(Command("TYPE", STREAM, kind)))
    transfer = await controller.retrieve("live", payload_types=(26,), mode=TransferMode(1))
    assert (await anext(transfer.packets())).payload_type == 26


async def _refusals(controller: Controller) -> None:
    await refused(425, controller.execute(Command("RETR", STREAM, "live")))
    await controller.execute(Command("PASV", STREAM))
    await refused(550, controller.execute(Command("RETR", STREAM, "nothing.ts")))
    await controller.execute(Command("PASV", STREAM1))
    await refused(450, controller.execute(Command("RETR", STREAM1, "live")))
    assert controller.unsupported == set()


async def _second_tape(controller: Controller) -> None:
    status = await controller.unit_status()
    assert [str(each) for each in status.subunits] == ["TAPE0", "TAPE2", "TUNER0"]
    await controller.move_tape(TAPE2, "PLAY", Motion())
    await refused(501, controller.tape_status(TAPE1))


async def _ftp_server(controller: Controller) -> None:
    with pytest.raises(NotAuthorised):
        await controller.unit_status()
    await controller.log_in(Credentials("ha", "x"))
    with pytest.raises(NotAUnit):
        await controller.unit_status()


async def _loose_unit(controller: Controller) -> None:
    assert controller.greeting is None
    assert (await controller.unit_status()).subunits == (TAPE, CAMERA)
    status = await controller.tape_status(TAPE)
    assert (status.operation, status.position, status.length) == ("PLAY", 12, None)
    assert status.abilities["PLAY"] == TapeAbility("PLAY", speed=Bounds(-1, 1))
    assert (await controller.camera_status(CAMERA)).parameters == {}


#: What the controller does so that it says a transcript's lines, and what it understands.
ACTS: dict[int, Callable[[Controller], Awaitable[None]]] = {
    1: _open_unit,
    2: _password_login,
    3: _account,
    4: _one_time_password,
    5: _power,
    6: _play_and_watch,
    7: _record_one_hour,
    8: _rec_by_trial,
    9: _go_to,
    10: _stop_behind,
    11: _camera,
    12: _negative_target,
    13: _preset,
    14: _errors,
    15: _list_the_tapes,
    16: _live_over_tcp,
    17: _udp_and_abort,
    18: _multicast,
    20: _refusals,
    21: _second_tape,
    23: _ftp_server,
    26: _loose_unit,
}

#: Two connections, two units, no connection at all, and a URL: they have tests of their own.
PLAYED_BELOW = {19, 22, 24, 25}

# 05 30 80 21: 1328 bytes follow, RTP version 2, payload type 33.
FRAMES = b"".join(
    bytes.fromhex("0530 8021") + number.to_bytes(2) + bytes(8) + b"\x47" * 1316
    for number in range(2)
)


def _serve(number: int, unit: PlayedUnit) -> None:
    """Say what the D: line of a transcript stands for."""

    def names(writer: asyncio.StreamWriter) -> None:
        writer.write(b"holiday-1998.ts\r\nwedding.ts\r\n")
        unit.data_may_end.set()

    match number:
        case 15:
            unit.serve_data = names
        case 16:
            unit.serve_data = lambda writer: writer.write(FRAMES)
        case 17:
            unit.on_data = lambda each: _send(each.host, _port_of(each.heard[2]), FRAMES[2:1330])
        case 18:
            jpeg = bytes.fromhex("801a 0000 00000000 00000000") + bytes(8)
            unit.on_end = lambda each: _send(each.host, ("239.1.2.3", 27280), jpeg)


def _port_of(port: str) -> tuple[str, int]:
    """The address in a PORT command, in six numbers."""
    assert re.fullmatch(r"PORT 127,0,0,1,\d+,\d+", port)
    numbers = [int(each) for each in port.partition(" ")[2].split(",")]
    assert numbers[5] % 2 == 0
    return "127.0.0.1", numbers[4] * 256 + numbers[5]


def _send(source: str, target: tuple[str, int], data: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        sender.sendto(data, target)


@pytest.fixture
def known_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the one name of the transcripts be known: the address is T18's own comment's.

    Only the look-up is stood in for; the group is joined, and its datagrams come, for real.
    """
    look_up = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: object, **more: object) -> object:
        return look_up({"cam-group.example.net": "239.1.2.3"}.get(host, host), *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.usefixtures("known_names")
@pytest.mark.parametrize("number", ACTS, ids=lambda number: f"T{number}")
async def test_the_controller_says_what_the_transcript_says(number: int) -> None:
    async with PlayedUnit(read_transcript(number), greets=number != 26) as unit:
        _serve(number, unit)
        async with await Controller.connect(unit.host, unit.port, timeouts=QUICK) as controller:
            await ACTS[number](controller)
        said = [line for line in unit.heard if line not in ("ABOR", "QUIT")]
        # Closing says ABOR and QUIT; what a transcript has of them, it has in its own place.
        expected = [line for line in unit.expected if line not in ("ABOR", "QUIT")]
        if number == 17:
            said[2] = expected[2]
        assert said == expected
        assert unit.heard[: len(unit.expected)].count("ABOR") == unit.expected.count("ABOR")


def test_every_transcript_is_played() -> None:
    assert set(ACTS) | PLAYED_BELOW == set(ALL)


def routed(number: int, route: str, unit: str) -> list[Line]:
    """The lines of a transcript of several units that are for one of them."""
    lines, count = [], -1
    for line in read_transcript(number):
        count += line.who == "C"
        if line.who != "#" and route[count] == unit:
            lines.append(line)
    return lines


async def test_t19_a_controller_copies_from_one_unit_to_another() -> None:
    route = "BBBAAABAB"
    camera, recorder = (PlayedUnit(routed(19, route, unit)) for unit in "AB")
    async with camera, recorder:
        a = await Controller.connect(camera.host, camera.port)
        b = await Controller.connect(recorder.host, recorder.port)
        for unit in (b, a):
            await unit.execute(Command("TYPE", STREAM, Representation((33,))))
            await unit.execute(Command("MODE", STREAM, TransferMode()))
            if unit is b:
                where = parse_passive((await b.execute(Command("PASV", STREAM))).text)
        await a.execute(Command("PORT", STREAM, where))
        await b.exchange(Command("STOR", STREAM, "garden.ts"))
        await a.exchange(Command("RETR", STREAM, "live"))
        await b.move_tape(TAPE, "RECO", Motion())
        for unit in (a, b):
            await unit.abort()
        assert (camera.heard, recorder.heard) == (camera.expected, recorder.expected)


async def test_t22_a_controller_hears_that_it_is_not_wanted() -> None:
    busy, idle = [[line] for line in read_transcript(22) if line.who == "U"]
    async with PlayedUnit(busy) as unit:
        with pytest.raises(Busy, match="421 In use by another controller"):
            await Controller.connect(unit.host, unit.port)
    async with PlayedUnit([Line("U", "220 ready"), *idle]) as unit:
        controller = await Controller.connect(unit.host, unit.port)
        error = await controller.wait_closed()
        assert isinstance(error, Busy)
        assert error.text == "Idle timeout"
        await controller.close()


async def test_t24_a_one_way_controller_sends_and_expects_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unit:
        unit.bind(("127.0.0.1", 0))
        controller = await OneWayController.open(*unit.getsockname())
        controller.spelling = Spelling()
        play = Motion(1, Amount(600, relative=True))
        controller.send(Command("ON", POWER), Command("PLAY", TAPE, play))
        controller.send(Command("EJECT", TAPE), Command("PAUS", TAPE))
        controller.close()
        heard = b"".join([unit.recv(2000), unit.recv(2000)])
    assert heard.decode() == "".join(f"{line}\r\n" for line in commands_of(24))


async def test_t25_a_url_becomes_a_dialogue() -> None:
    lines = read_transcript(25)
    url = parse_url(lines[0].text.split()[2])
    assert (url.host, url.port) == ("vcr.local", 27272)
    async with PlayedUnit(lines) as unit:
        login = Credentials(url.user or "", url.password or "")
        # The name is known to nobody here, and the port is whichever was free.
        controller = await Controller.connect(unit.host, unit.port, credentials=login)
        for folder in url.folders:
            await controller.change_directory(folder)
        transfer = await controller.retrieve(url.name)
        await controller.abort()
        await transfer.abort()
        assert unit.heard == unit.expected
