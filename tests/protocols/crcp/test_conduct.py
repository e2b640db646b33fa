"""What the conformance list asks for and no transcript, vector or register row shows."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
import logging
import socket
from typing import override

import pytest

from custom_components.crcp.protocols.crcp.client import Controller, Timeouts
from custom_components.crcp.protocols.crcp.errors import (
    NotAUnit,
    NotAuthorised,
    ProtocolError,
    TimedOut,
)
from custom_components.crcp.protocols.crcp.login import Credentials
from custom_components.crcp.protocols.crcp.messages import Command, Motion, Subunit
from custom_components.crcp.virtual.data_ports import StreamPort
from custom_components.crcp.virtual.scenes import PERSONALITIES
from custom_components.crcp.virtual.unit import DatagramRules
from custom_components.crcp.virtual.unit_faults import FAULTS, Fault
from tests.helpers import until

from .dialogue import AnsweringUnit
from .house import House, codes, passive, port_argument, received, udp_port

POWER, TAPE, CAMERA, STREAM = (Subunit(kind) for kind in ("POWER", "TAPE", "CAMERA", "STREAM"))
OKAY = "200 Command okay"

pytestmark = pytest.mark.usefixtures("loopback")


# -- the unit --------------------------------------------------------------------------------------


@pytest.mark.parametrize("personality", PERSONALITIES)
async def test_every_unit_answers_stat_and_help_of_all_it_has(
    house: House, personality: str
) -> None:
    wire = await house.wired(personality)
    listed = await wire.ask("STAT")
    assert (listed[0], listed[-1]) == ("211-status response", "211 status response")
    for line in listed[1:-1]:
        assert await codes(wire, f"STAT{line}", f"HELP{line}") == [211, 214]
    assert await codes(wire, "HELP", "HELP NOWHERE3", "help x y z") == [214, 214, 214]


@pytest.mark.parametrize("personality", PERSONALITIES)
async def test_exactly_one_blank_stands_before_each_inner_line(
    house: House, personality: str
) -> None:
    wire = await house.wired(personality)
    listed = await wire.ask("STAT")
    replies = [listed, *[await wire.ask(f"STAT{line}") for line in listed[1:-1]]]
    for line in [line for reply in replies for line in reply[1:-1]]:
        assert line[0] == " "
        assert line[1:2].strip()


async def test_urgent_bytes_stay_in_the_line(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    connected = wire.writer.get_extra_info("socket")
    # As FTP clients send ABOR: the last byte, which ends the line, is urgent.
    await asyncio.to_thread(_send_urgently, connected, b"ABOR\r\n")
    assert (await wire.hear())[0].startswith("225 ")
    assert await codes(wire, "TAPE0 PAUS") == [200]


def _send_urgently(connected: socket.socket, data: bytes) -> None:
    with socket.socket(fileno=socket.dup(connected.fileno())) as duplicate:
        duplicate.send(data, socket.MSG_OOB)


async def test_telnet_commands_are_answered_and_left_out(house: House) -> None:
    wire = await house.wired()
    # RFC 854: IAC DO ECHO is answered IAC WONT ECHO; IAC IP, IAC DM before ABOR are dropped.
    wire.writer.write(b"\xff\xfd\x01TAPE0 \xff\xf1PLAY\r\n\xff\xf4\xff\xf2ABOR\r\n")
    assert await wire.reader.readexactly(3) == b"\xff\xfc\x01"
    assert (await wire.hear())[0].startswith("200 ")
    assert (await wire.hear())[0].startswith("225 ")


async def test_commands_are_answered_while_data_flow(house: House) -> None:
    wire = await house.wired()
    reader = await house.retrieving(wire, "a.ts")
    assert await codes(wire, "TAPE0 PLAY", "STAT TAPE0", "CAMERA0 PAN 3") == [200, 211, 200]
    house.clock.now += 30
    assert await reader.readexactly(4096)
    assert await codes(wire, "ABOR") == [426]


async def test_a_listing_runs_beside_a_transfer(house: House) -> None:
    unit = await house.unit()
    controller = await house.controller(unit)
    transfer = await controller.retrieve("a.ts")
    assert await controller.list_names() == ["a.ts", "b.ts"]
    assert not transfer.ended
    await transfer.abort()
    assert (await controller.unit_status()).is_unit


async def test_the_end_of_a_listing_is_not_taken_for_that_of_a_transfer(house: House) -> None:
    """The unit does not say which; the listing is the one that can have ended."""
    data = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = data.sockets[0].getsockname()[1]
    answers = {
        **dict.fromkeys(("TYPE I 33", "TYPE A", "MODE S"), OKAY),
        "PASV": f"227 =127.0.0.1,{port}",
        "RETR a.ts": "150 here",
        "NLST": "150 here\n226 done",
        "ABOR": "426 gone\n226 done",
    }
    controller, _ = await house.answering(answers)
    transfer = await controller.retrieve("a.ts")
    assert await controller.list_names() == []
    assert not transfer.ended
    await transfer.abort()
    data.close()


async def test_the_end_of_a_transfer_is_told_once(house: House) -> None:
    wire = await house.wired()
    reader = await house.retrieving(wire, "a.ts")
    await codes(wire, "TAPE0 PLAY 1 60")
    house.clock.now += 60
    assert await reader.read()
    assert (await wire.hear())[0].startswith("226 RETR STREAM0")
    assert await codes(wire, "STAT", "ABOR", "NOOP") == [211, 225, 502]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("127,0,0,1,19,136", 200),
        ("127,0,0,2,19,136", 504),
        ("192,0,2,9,19,136", 504),
        ("239,1,2,3,19,136", 200),
        ("224,0,0,1,19,136", 504),
        ("127,0,0,1,0,25", 504),
        ("0,0,0,0,19,136", 200),
        ("nobody.invalid,19,136", 501),
        ("nonsense", 501),
    ],
)
async def test_data_go_to_the_controller_or_a_group_and_to_no_stranger(
    house: House, monkeypatch: pytest.MonkeyPatch, address: str, code: int
) -> None:
    _stub_names(monkeypatch, {})
    wire = await house.wired()
    assert await codes(wire, "MODE P 7", f"PORT {address}") == [200, code]


def _stub_names(monkeypatch: pytest.MonkeyPatch, names: dict[str, str]) -> None:
    """Stand in for the look-up of names only: no test asks the network for one."""
    look_up = socket.getaddrinfo

    def getaddrinfo(host: str, *rest: object, **more: object) -> object:
        if host.endswith((".invalid", ".example")) and host not in names:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return look_up(names.get(host, host), *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


async def test_a_name_in_port_is_looked_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    _stub_names(monkeypatch, {"own.example": "127.0.0.1", "other.example": "127.0.0.2"})
    wire = await house.wired()
    with udp_port() as receiver:
        port = receiver.getsockname()[1]
        assert await codes(wire, "TYPE I 33", "MODE P 7", f"PORT other.example,{port}") == [
            200,
            200,
            504,
        ]
        assert await codes(wire, f"PORT own.example,{port}", "RETR a.ts") == [200, 150]
        assert (await received(receiver))[:2] == b"\x80\x21"
    assert await codes(wire, "ABOR") == [426]


@dataclass(frozen=True, slots=True)
class _Diary(Fault):
    """Nothing wrong: only writes down the replies in the order in which they went out."""

    entries: list[str] = field(default_factory=list)

    @override
    def write(self, transport: asyncio.Transport, data: bytes, ended: asyncio.Future[None]) -> None:
        self.entries.append(data.decode()[:3])
        transport.write(data)


async def test_the_first_packet_comes_after_the_150(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    diary = _Diary()
    send = StreamPort.send

    def note(self: StreamPort, packet: bytes) -> None:
        diary.entries.append("packet")
        send(self, packet)

    monkeypatch.setattr(StreamPort, "send", note)
    wire = await house.wired(fault=diary)
    await wire.ask("TYPE I 33")
    # The receiver is there before the RETR.
    reader, writer = await asyncio.open_connection(*await passive(wire))
    await wire.ask("RETR a.ts")
    await reader.readexactly(100)
    assert diary.entries.index("150") < diary.entries.index("packet")
    writer.close()


async def test_a_transfer_ends_with_its_control_connection_and_the_tape_runs_on(
    house: House,
) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    reader = await house.retrieving(wire, "a.ts")
    await codes(wire, "TAPE0 PLAY")
    await wire.close()
    async with asyncio.timeout(5):
        await reader.read()
    assert unit.decks[0].operation == "PLAY"


async def test_quit_waits_for_the_transfer(house: House) -> None:
    wire = await house.wired()
    reader = await house.retrieving(wire, "a.ts")
    await codes(wire, "TAPE0 PLAY")
    wire.say("QUIT")
    hearing = asyncio.create_task(wire.hear())
    await asyncio.wait([hearing], timeout=0.1)
    assert not hearing.done()
    house.clock.now += 60
    await reader.read()
    assert (await hearing)[0].startswith("226 ")
    assert (await wire.hear())[0].startswith("221 ")
    assert await wire.hear() == []


async def test_nothing_is_said_over_udp(house: House) -> None:
    unit = await house.unit(datagrams=DatagramRules(unsigned=True))
    with udp_port() as sender:
        address = ("127.0.0.1", unit.udp_port)
        for datagram in (b"STAT\r\n", b"FROB\r\n", b"\xff\xfd\x01\r\n", b"CAMERA0 PAN 1\r\n"):
            sender.sendto(datagram, address)
        await until(lambda: unit.commands)
        assert [command.name for command in unit.commands] == ["PAN"]
        with pytest.raises(BlockingIOError):
            sender.recv(1)


async def test_a_datagram_from_elsewhere_is_not_let_in(house: House) -> None:
    unit = await house.unit(datagrams=DatagramRules(unsigned=True))
    with udp_port("127.0.0.2") as stranger, udp_port() as sender:
        address = ("127.0.0.1", unit.udp_port)
        stranger.sendto(b"TAPE0 PLAY", address)
        sender.sendto(b"CAMERA0 PAN 1", address)
        await until(lambda: unit.commands)
    assert [command.name for command in unit.commands] == ["PAN"]


async def test_what_a_datagram_began_ends_with_an_abor_or_the_power(house: House) -> None:
    unit = await house.unit(datagrams=DatagramRules(unsigned=True))
    with udp_port() as sender, udp_port() as receiver:
        address = ("127.0.0.1", unit.udp_port)
        port = port_argument(receiver)
        begin = f"TYPE I 33\r\nMODE P 7\r\nPORT {port}\r\nRETR a.ts".encode()
        for end in (b"ABOR", b"POWER0 OFF"):
            sender.sendto(begin, address)
            assert (await received(receiver))[:2] == b"\x80\x21"
            sender.sendto(end, address)
            await until(lambda: not _transfers())


def _transfers() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "crcp RETR"]


# -- the controller --------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["199 wait\n299 done", "299 done", "200-x\n 211 y\n200 z"])
async def test_a_code_that_nobody_knows_acts_by_its_first_digit(house: House, reply: str) -> None:
    controller, _ = await house.answering({"TAPE0 PLAY": reply})
    await controller.move_tape(TAPE, "PLAY", Motion())
    assert not controller.closed


async def test_subunits_that_nobody_knows_are_kept(house: House) -> None:
    listed = "211-x\n TAPE0\n TUNER3\n 12 volts\n X-LIGHT\n211 x"
    controller, _ = await house.answering({"STAT": listed, "STAT TAPE0": "211 PAUS 1"})
    state = await controller.survey()
    assert [str(each) for each in state.unit.subunits] == ["TAPE0", "TUNER3", "X-LIGHT0"]
    assert state.tapes[TAPE].position == 1


async def test_a_session_that_was_reset_is_logged_in_again_once(house: House) -> None:
    answers = {"USER ha": "230 in", "TAPE0 PLAY": ["530 who?", OKAY], "TAPE0 PAUS": "530 who?"}
    controller, unit = await house.answering(answers)
    await controller.log_in(Credentials("ha", "x"))
    await controller.move_tape(TAPE, "PLAY", Motion())
    assert unit.heard == ["USER ha", "TAPE0 PLAY", "USER ha", "TAPE0 PLAY"]
    with pytest.raises(NotAuthorised):
        await controller.pause_tape(TAPE)
    assert unit.heard[4:] == ["TAPE0 PAUS", "USER ha", "TAPE0 PAUS"]


@pytest.mark.parametrize(
    ("told", "third_party", "goes"),
    [
        ("127,0,0,1", False, "127.0.0.1"),
        ("192,0,2,5", False, "127.0.0.1"),
        ("127,0,0,7", False, "127.0.0.1"),
        ("127,0,0,7", True, "127.0.0.7"),
        ("0,0,0,0", True, "127.0.0.1"),
        ("nobody.invalid", False, "127.0.0.1"),
    ],
)
async def test_the_host_in_227_is_the_unit_or_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, told: str, third_party: bool, goes: str
) -> None:
    _stub_names(monkeypatch, {})
    came: list[str] = []

    def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer.get_extra_info("sockname")[0])
        writer.close()

    data = await asyncio.start_server(serve, "0.0.0.0", 0)
    port = data.sockets[0].getsockname()[1]
    where = f"227 ({told},{port >> 8},{port & 255})"
    answers = {"TYPE A": OKAY, "MODE S": OKAY, "PASV": where, "NLST": "150 here\n226 done"}
    async with data, AnsweringUnit(answers) as unit:
        controller = await Controller.connect("127.0.0.1", unit.port, third_party_data=third_party)
        assert await controller.list_names() == []
        await controller.close()
    assert came == [goes]


async def test_a_227_of_a_port_of_the_system_is_refused(house: House) -> None:
    answers = {"TYPE A": OKAY, "MODE S": OKAY, "PASV": "227 (127,0,0,1,0,25)"}
    controller, unit = await house.answering(answers)
    with pytest.raises(ProtocolError):
        await controller.list_names()
    assert unit.heard[-1] == "PASV"


async def test_an_ftp_server_is_told_from_a_unit(house: House) -> None:
    controller = await house.controller(await house.unit(fault=FAULTS["ftp"]))
    with pytest.raises(NotAUnit):
        await controller.unit_status()


#: Everything that a controller can wait for.
WAITING: dict[str, Callable[[Controller], Awaitable[object]]] = {
    "a survey": lambda controller: controller.survey(),
    "power": lambda controller: controller.set_power(POWER, on=True),
    "a transfer": lambda controller: controller.retrieve("live"),
    "a listing": lambda controller: controller.list_names(),
    "a login": lambda controller: controller.log_in(Credentials("ha", "x")),
    "an abort": lambda controller: controller.exchange(Command("ABOR", STREAM)),
    "a new beginning": lambda controller: controller.reinitialize(),
}


@pytest.mark.parametrize("doing", WAITING.values(), ids=WAITING)
@pytest.mark.parametrize("fault", ["silent", "mute"])
async def test_nothing_hangs_when_a_unit_stays_silent(
    house: House, fault: str, doing: Callable[[Controller], Awaitable[object]]
) -> None:
    unit = await house.unit(fault=FAULTS[fault])
    quick = dict.fromkeys(("greeting", "reply", "power", "started", "busy_greeting"), 0.05)
    timeouts = Timeouts(goodbye=0.05, **quick)
    controller = await Controller.connect("127.0.0.1", unit.port, timeouts=timeouts)
    async with asyncio.timeout(20):
        with pytest.raises(TimedOut):
            await doing(controller)
        await controller.close()


async def test_a_password_is_in_no_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    controller, unit = await house.answering({"USER ha": "331 x", "PASS geheim": "230 in"})
    credentials = Credentials("ha", "geheim")
    await controller.log_in(credentials)
    assert unit.heard == ["USER ha", "PASS geheim"]
    assert "geheim" not in caplog.text + repr(credentials)
    with pytest.raises(NotAuthorised, match="line ends"):
        await controller.log_in(Credentials("ha\r\nTAPE0 RECO", "x"))


async def test_the_unit_logs_no_password(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wire = await house.wired()
    assert await codes(wire, "USER ha", "PASS geheim") == [230, 230]
    assert "geheim" not in caplog.text
