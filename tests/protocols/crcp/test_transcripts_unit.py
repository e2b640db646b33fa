"""Every transcript against the virtual unit, over real sockets: a controller that is a bare socket.

SCENES says which unit each transcript speaks of and when its clock moves. Of each reply the code
has to be the transcript's; where a program reads the text (211, 257, a 227 with a name, a 331 with
a challenge), the text too. Other texts are for people and may differ.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import re
import socket
import struct
from typing import Any

import pytest

from custom_components.crcp.protocols.crcp.addresses import Address
from custom_components.crcp.protocols.crcp.messages import AUTO, Motion, Subunit
from custom_components.crcp.protocols.crcp.otp import Challenge
from custom_components.crcp.protocols.crcp.status import Bounds
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.clips import NULL_PACKET, Clip, Shelf, blank_clip
from custom_components.crcp.virtual.deck import Deck
from custom_components.crcp.virtual.head import STUDIO_AXES, Axis, Head
from custom_components.crcp.virtual.scenes import CRANE_AXES, TAPES
from custom_components.crcp.virtual.unit import DatagramRules, VirtualUnit
from custom_components.crcp.virtual.unit_faults import FAULTS
from tests.helpers import until

from .dialogue import Clock, Line, Wire, commands_of, is_last_line, read_transcript, small_picture

CONNECTION = Subunit("CONNECTION")

pytestmark = pytest.mark.usefixtures("loopback")


class Stage:
    """What a transcript is played on: the unit, or two of them, and wires to each."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.units: dict[str, VirtualUnit] = {}
        self.wires: dict[str, Wire] = {}
        #: Where the last 227 said that data are.
        self.passive: tuple[str, int] = ("", 0)
        self.receiver: socket.socket | None = None
        self.data: list[asyncio.StreamReader] = []
        self.writers: list[asyncio.StreamWriter] = []

    @property
    def unit(self) -> VirtualUnit:
        return next(iter(self.units.values()))

    def make(self, **options: Any) -> VirtualUnit:
        return VirtualUnit(clock=self.clock, **options)

    async def close(self) -> None:
        for wire in self.wires.values():
            await wire.close()
        for unit in self.units.values():
            await unit.stop()
        for writer in self.writers:
            writer.close()
        if self.receiver:
            self.receiver.close()

    async def connect_data(self) -> asyncio.StreamReader:
        reader, writer = await asyncio.open_connection(*self.passive)
        self.data.append(reader)
        self.writers.append(writer)
        return reader


type Act = Callable[[Stage], Awaitable[None] | None]


@dataclass(frozen=True)
class Scene:
    """A transcript's unit. before: what happens before the nth command, counted from 0.

    data: what the D: line stands for. after: what has to be true at the end. route: for each
    command the unit that it is for. otherwise: replies that cannot be literal, by command number.
    """

    make: Callable[[Stage], VirtualUnit]
    before: dict[int, Act] = field(default_factory=dict)
    data: Act | None = None
    after: Act | None = None
    route: str = ""
    otherwise: dict[int, str] = field(default_factory=dict)


def passes(seconds: float) -> Act:
    def act(stage: Stage) -> None:
        stage.clock.now += seconds

    return act


def deck_at(stage: Stage, position: float, **options: Any) -> dict[int, Deck]:
    """A deck whose tape was wound to a position, and stands there."""
    deck = Deck(stage.clock, **options)
    deck.play(Motion(1))
    stage.clock.now += position
    deck.pause()
    return {0: deck}


def no_recorder(stage: Stage, position: float) -> VirtualUnit:
    return stage.make(decks=deck_at(stage, position, record_speeds=None))


# -- T1 to T14: words only -------------------------------------------------------------------------


def _open_unit(stage: Stage) -> VirtualUnit:
    unit = stage.make(name="Attic VCR", shelf=Shelf(TAPES), streams=(0,), heads={})
    unit.unlisted = frozenset({CONNECTION})
    return unit


def _locked(stage: Stage, **options: Any) -> VirtualUnit:
    account = Account("ha", options.pop("password", "correct horse"), **options)
    unit = stage.make(shelf=Shelf(TAPES), account=account)
    unit.penalty = 0
    return unit


def _one_hour_recorder(stage: Stage) -> VirtualUnit:
    only_forward = {"play_speeds": Bounds(1, 1), "wind_speeds": None}
    length = {"length": 10800, "capacity": 10800}
    return stage.make(decks=deck_at(stage, 300, record_word="REC", **only_forward, **length))


def _playing(stage: Stage) -> VirtualUnit:
    unit = no_recorder(stage, 2400.5)
    unit.decks[0].play(Motion(1))
    return unit


def _camera(stage: Stage) -> VirtualUnit:
    head = Head(stage.clock, [axis for axis in STUDIO_AXES if axis.name != "IRIS"])
    head.set("FOCU", AUTO)
    return stage.make(heads={0: head})


def _signed(stage: Stage) -> VirtualUnit:
    # At this rate it is a hair's breadth away from its target after a second.
    axis = Axis("PAN", -170, 12, 170, rate=41.8, decimals=1)
    return stage.make(heads={0: Head(stage.clock, [axis])})


def _records_from_here(stage: Stage) -> None:
    stage.clock.now += 3600
    deck = stage.unit.decks[0]
    assert (deck.operation, deck.position) == ("PAUS", 3900)


# -- T15 to T25: data ------------------------------------------------------------------------------


async def _read_names(stage: Stage) -> None:
    assert await (await stage.connect_data()).read() == b"holiday-1998.ts\r\nwedding.ts\r\n"


def _player_of_a_wedding(stage: Stage) -> VirtualUnit:
    deck = Deck(stage.clock, play_speeds=Bounds(1, 1), record_speeds=None, wind_speeds=None)
    wedding = Clip(60, NULL_PACKET * 700)
    return stage.make(decks={0: deck}, streams=(0,), shelf=Shelf({"/wedding.ts": wedding}))


async def _wait_for_the_end(stage: Stage) -> None:
    """The tape has run out; every packet that came is as long as the two bytes before it say."""
    stage.clock.now += 60
    data = await stage.data[0].read()
    heads, at = set(), 0
    while at < len(data):
        heads.add(data[at : at + 4].hex(" "))
        at += 2 + int.from_bytes(data[at : at + 2])
    assert at == len(data)
    # The transcript's packet; before PLAY there are blank ones of 188 bytes.
    assert "05 30 80 21" in heads


async def _connect_data(stage: Stage) -> None:
    await stage.connect_data()


def _live(stage: Stage, **options: Any) -> VirtualUnit:
    return stage.make(streams=(0,), decks={}, live=Clip(60, NULL_PACKET * 6000), **options)


def _open_receiver(stage: Stage) -> None:
    """Where the datagrams go; its address takes the place of 192,0,2,9,117,48."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.bind(("127.0.0.1", 0))
    receiver.setblocking(False)
    stage.receiver = receiver


async def _receive(stage: Stage) -> bytes:
    assert stage.receiver
    stage.clock.now += 1
    async with asyncio.timeout(10):
        return await asyncio.get_running_loop().sock_recv(stage.receiver, 2048)


async def _receive_seven_packets(stage: Stage) -> None:
    datagram = await _receive(stage)
    assert datagram[:2] == b"\x80\x21"
    assert len(datagram) == 12 + 7 * 188


def _multicaster(stage: Stage) -> VirtualUnit:
    live = Clip(10, NULL_PACKET * 1000, (small_picture(),) * 100)
    unit = stage.make(streams=(0,), decks={}, payload_types=(26, 33), live=live)
    unit.group, unit.data_name = Address("239.1.2.3", 27280), "cam-group.example.net"
    return unit


async def _receive_from_the_group(stage: Stage) -> None:
    """What the last comment says: here to 239.1.2.3, joins, receives on port 27280."""
    assert stage.receiver
    datagram = await _receive(stage)
    assert datagram[0] == 0x80
    assert datagram[1] & 0x7F == 26


def _join(stage: Stage) -> None:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    receiver.bind(("239.1.2.3", 27280))
    member = struct.pack("4s4s", socket.inet_aton("239.1.2.3"), socket.inet_aton("127.0.0.1"))
    receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    receiver.setblocking(False)
    stage.receiver = receiver


def _two_units(stage: Stage) -> VirtualUnit:
    stage.units["A"] = _live(stage)
    return stage.make(streams=(0,), shelf=Shelf(TAPES))


async def _copied(stage: Stage) -> None:
    """What A sent is on B's shelf once both were told to stop."""
    await asyncio.sleep(0.05)
    for _ in range(20):
        stage.clock.now += 0.1
        await asyncio.sleep(0.01)
    assert [code[:3] for code in [(await stage.wires["B"].ask("ABOR"))[0]]] == ["426"]
    garden = stage.units["B"].shelf.clips["/garden.ts"]
    assert garden.stream.startswith(NULL_PACKET)


def _two_streams(stage: Stage) -> VirtualUnit:
    return stage.make(streams=(0, 1, 2), decks={}, shelf=Shelf(TAPES))


async def _occupy_live(stage: Stage) -> None:
    """The picture that is in use, and what is said before the excerpt begins."""
    for number in (0, 1, 2):
        await stage.wires["A"].ask(f"STREAM{number} TYPE I 33")
    await stage.wires["A"].ask("STREAM2 PASV")
    assert (await stage.wires["A"].ask("STREAM2 RETR live"))[0].startswith("150")


def _tapes_and_a_tuner(stage: Stage) -> VirtualUnit:
    decks = {0: Deck(stage.clock), 2: Deck(stage.clock)}
    unit = stage.make(powers={}, decks=decks, heads={})
    unit.subunits.append(Subunit("TUNER"))
    unit.unlisted = frozenset({CONNECTION})
    return unit


def _with_a_folder(stage: Stage) -> VirtualUnit:
    shelf = Shelf({"/clips/wedding.ts": blank_clip(60)})
    return stage.make(account=Account("ha", "secret"), shelf=shelf, streams=(0,))


SCENES = {
    1: Scene(_open_unit),
    2: Scene(_locked),
    3: Scene(lambda stage: _locked(stage, account="studio")),
    4: Scene(
        lambda stage: _locked(
            stage, password="This is a test.", challenge=Challenge("md5", 99, "TeSt")
        )
    ),
    5: Scene(lambda stage: stage.make(powers={0: False})),
    6: Scene(lambda stage: stage.make(), before={2: passes(1.02)}),
    7: Scene(_one_hour_recorder, after=_records_from_here),
    # Our unit takes both names, as it must, so the first is not refused.
    8: Scene(lambda stage: stage.make(), otherwise={0: "200 Command okay"}),
    9: Scene(_playing, before={2: passes(31.025), 3: passes(60)}),
    10: Scene(lambda stage: no_recorder(stage, 1200)),
    11: Scene(_camera),
    12: Scene(_signed, before={2: passes(1)}),
    13: Scene(lambda stage: stage.make(heads={0: Head(stage.clock, CRANE_AXES)})),
    14: Scene(lambda stage: stage.make()),
    15: Scene(lambda stage: stage.make(streams=(0,), shelf=Shelf(TAPES)), data=_read_names),
    # The 226 is on the wire before the 211 because the tape has ended before the question.
    16: Scene(_player_of_a_wedding, data=_connect_data, before={5: _wait_for_the_end}),
    17: Scene(_live, data=_receive_seven_packets, before={0: _open_receiver}),
    18: Scene(_multicaster, before={0: _join}, after=_receive_from_the_group),
    19: Scene(_two_units, route="BBBAAABAB", after=_copied),
    20: Scene(_two_streams, before={0: _occupy_live}),
    21: Scene(_tapes_and_a_tuner),
    25: Scene(_with_a_folder),
    # Our unit is not loose: it answers each line in the draft's own shape.
    26: Scene(
        lambda stage: stage.make(),
        otherwise={
            0: "211-status response",
            1: "211-PAUS 0",
            2: "211-OK",
        },
    ),
}

#: T22 needs no command, T23 is another program's, T24 has no answers: they have tests of their own.
PLAYED_BELOW = {22, 23, 24}


@asynccontextmanager
async def staged(scene: Scene) -> AsyncIterator[Stage]:
    stage = Stage()
    stage.units["B" if scene.route else "A"] = scene.make(stage)
    try:
        for name, unit in stage.units.items():
            await unit.start()
            stage.wires[name] = await Wire.connect(unit.port)
        yield stage
    finally:
        await stage.close()


async def act(what: Act | None, stage: Stage) -> None:
    done = what(stage) if what else None
    if done:
        await done


def literal(stage: Stage, command: str) -> str:
    """A command with this machine's addresses in place of the documents'."""
    if not command.startswith("PORT"):
        return command
    host, port = stage.receiver.getsockname() if stage.receiver else stage.passive
    return f"PORT {host.replace('.', ',')},{port >> 8},{port & 255}"


def compare(command: str, said: list[str], expected: list[str]) -> None:
    """Codes are compared; the text where a program reads it."""
    assert said, "the unit closed the connection"
    assert said[0][:3] == expected[0][:3], (said, expected)
    match expected[0][:3]:
        case "211" if command == "STAT CAMERA0":
            # "The first line contain some string such as "OK", which is ignored."
            assert said[1:] == expected[1:]
        case "211" | "257":
            assert said == expected
        case "227" if "cam-group" in expected[0]:
            assert said == expected
        case "227":
            assert re.search(r"\(127,0,0,1,\d+,\d+\)$", said[0])
        case "331":
            assert ("otp" in said[0]) == ("otp" in expected[0])
            assert "otp" not in said[0] or said == expected


def note_address(stage: Stage, said: list[str]) -> None:
    if said[0].startswith("227") and (numbers := re.findall(r"\d+", said[0])[1:]):
        stage.passive = ("127.0.0.1", int(numbers[-2]) * 256 + int(numbers[-1]))


async def play(scene: Scene, lines: list[Line]) -> None:
    lines = [line for line in lines if line.who != "#"]
    async with staged(scene) as stage:
        for name, wire in stage.wires.items():
            if name != "A" or lines[0].text[:4] != "220 ":
                assert (await wire.hear())[0].startswith("220 ")
        count, command, expected = -1, "", []
        wire = stage.wires[scene.route[:1] or "A"]
        for line in lines:
            match line.who:
                case "C":
                    count, command = count + 1, line.text
                    await act(scene.before.get(count), stage)
                    wire = stage.wires[scene.route[count] if scene.route else "A"]
                    wire.say(literal(stage, command))
                case "D":
                    await act(scene.data, stage)
                case "U":
                    expected.append(line.text)
                    if expected[0][3:4] != "-" or is_last_line(line.text, expected[0][:3]):
                        said = await wire.hear()
                        if count in scene.otherwise:
                            said, expected = said[:1], [scene.otherwise[count]]
                        compare(command, said, expected)
                        note_address(stage, said)
                        expected = []
        assert not expected
        await act(scene.after, stage)


@pytest.mark.parametrize("number", SCENES, ids=lambda number: f"T{number}")
async def test_the_unit_answers_as_the_transcript_says(number: int) -> None:
    await play(SCENES[number], read_transcript(number))


def test_every_transcript_is_played() -> None:
    assert set(SCENES) | PLAYED_BELOW == set(range(1, 27))


async def test_t22_a_busy_unit_and_an_idle_one() -> None:
    busy, idle = [line.text for line in read_transcript(22) if line.who == "U"]
    async with staged(Scene(lambda stage: stage.make())) as stage:
        await stage.wires["A"].hear()
        # Another controller is another address: the same one would take the unit over.
        stranger = await Wire.connect(stage.unit.port, source="127.0.0.2")
        assert await stranger.hear() == [busy]
        assert await stranger.hear() == []
        await stranger.close()
        stage.unit.idle_time = 0.05
        # The new patience counts from the next command on.
        assert (await stage.wires["A"].ask("STAT"))[0].startswith("211")
        assert await stage.wires["A"].hear() == [idle]
        assert await stage.wires["A"].hear() == []


async def test_t23_the_unit_that_is_none_lists_no_subunit() -> None:
    greeting = read_transcript(23)[1].text
    scene = Scene(lambda stage: stage.make(fault=FAULTS["ftp"]))
    async with staged(scene) as stage:
        assert await stage.wires["A"].hear() == [greeting]
        listed = await stage.wires["A"].ask("STAT")
        assert [listed[0], listed[-1]] == ["211-FTP server status:", "211 End of status"]
        assert not any(kind in "".join(listed) for kind in ("TAPE", "CAMERA", "POWER", "STREAM"))


async def test_t24_datagrams_are_executed_and_never_answered() -> None:
    first, second = commands_of(24)[:2], commands_of(24)[2:]
    scene = Scene(
        lambda stage: stage.make(powers={0: False}, datagrams=DatagramRules(unsigned=True))
    )
    async with staged(scene) as stage:
        _open_receiver(stage)
        assert stage.receiver
        stage.receiver.connect(("127.0.0.1", stage.unit.udp_port))
        stage.receiver.send("".join(f"{line}\r\n" for line in first).encode())
        stage.receiver.send("\r\n".join(second).encode())
        # One more that is done shows that the one before it is through.
        stage.receiver.send(b"CAMERA0 PAN 7")
        await until(lambda: any(command.name == "PAN" for command in stage.unit.commands))
        deck = stage.unit.decks[0]
        assert (stage.unit.powers[0], deck.operation) == (True, "PLAY")
        stage.clock.now += 601
        assert (deck.operation, deck.position) == ("PAUS", 600)
        with pytest.raises(BlockingIOError):
            stage.receiver.recv(1)
