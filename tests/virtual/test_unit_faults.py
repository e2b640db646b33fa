"""One test per fault of a unit: what the controller says, how soon, and that nothing is left."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
import socket
import time
import tracemalloc

import pytest
import pytest_socket

from custom_components.crcp.protocols.crcp.client import Controller, Timeouts
from custom_components.crcp.protocols.crcp.codec import MAX_REPLY_BYTES
from custom_components.crcp.protocols.crcp.errors import (
    Busy,
    CrcpError,
    LinkError,
    NotAUnit,
    ProtocolError,
    Refused,
    TimedOut,
)
from custom_components.crcp.protocols.crcp.messages import (
    Amount,
    Command,
    Motion,
    Reply,
    Subunit,
    TransferMode,
)
from custom_components.crcp.protocols.crcp.session import Role, Session
from custom_components.crcp.virtual.scenes import studio
from custom_components.crcp.virtual.unit_faults import FAULTS
from tests.helpers import until
from tests.protocols.crcp.dialogue import Wire

#: Short, so that a silent unit does not make the tests long; the proportions are the real ones.
HASTE = Timeouts(
    connect=1,
    greeting=0.2,
    busy_greeting=0.5,
    reply=0.4,
    power=0.4,
    goodbye=0.1,
    started=0.4,
    data=0.4,
    listing=0.4,
    ended=0.2,
    aborted=0.2,
)

#: What a busy machine may add; without HASTE each of these takes 5 or 10 seconds.
SLACK = 2.0

#: What each fault makes the controller say: the error, some of its words, and within how long.
EXPECTED: dict[str, tuple[type[CrcpError] | None, str, float]] = {
    "none": (None, "", 1),
    "silent": (TimedOut, "no reply to STAT in time", 1.2),
    "mute": (TimedOut, "no reply to STAT in time", 1),
    "slow": (TimedOut, "no reply to STAT in time", 1.2),
    "garbled": (ProtocolError, "not a reply: ", 1),
    "endless-reply": (ProtocolError, "the reply does not end", 1),
    "endless-line": (ProtocolError, "a line of the reply does not end", 1),
    "endless-banner": (ProtocolError, "the reply does not end", 1),
    "wrong-code": (ProtocolError, "not a reply: ", 1),
    "half-closed": (LinkError, "the unit closed the connection", 1),
    "busy": (Busy, "421 In use by another controller", 1),
    "reset": (LinkError, "the (unit closed the connection|connection was lost)", 1),
    "ftp": (NotAUnit, "holds none of CRCP's", 1),
}


async def _use(port: int) -> None:
    async with await Controller.connect("127.0.0.1", port, timeouts=HASTE) as controller:
        await controller.survey()
        await controller.survey()


async def _tasks_are_gone(before: set[asyncio.Task[object]]) -> None:
    async with asyncio.timeout(20):
        while asyncio.all_tasks() - before:
            await asyncio.sleep(0.01)


def test_every_fault_has_its_expectation() -> None:
    assert set(EXPECTED) == set(FAULTS)


@pytest.mark.parametrize("name", list(FAULTS))
async def test_a_fault(socket_enabled: None, name: str) -> None:
    error, words, bound = EXPECTED[name]
    before = asyncio.all_tasks()
    unit = studio(fault=FAULTS[name])
    await unit.start()
    began = time.monotonic()
    if error is None:
        await _use(unit.port)
    else:
        with pytest.raises(error, match=words) as said:
            await _use(unit.port)
        assert type(said.value) is error
        assert len(str(said.value)) < 250
    assert time.monotonic() - began < bound + SLACK
    await unit.stop()
    await _tasks_are_gone(before)


async def test_a_unit_that_ended_its_side_hears_on_and_says_no_more(
    loopback: None, caplog: pytest.LogCaptureFixture
) -> None:
    unit = studio(fault=FAULTS["half-closed"])
    await unit.start()
    wire = await Wire.connect(unit.port)
    assert await wire.hear() == ["220 Virtual unit ready"]
    assert (await wire.ask("STAT POWER0"))[0] == "211-ON"
    assert await wire.ask("TAPE0 PLAY") == []
    wire.say("TAPE0 PAUS")
    await until(lambda: len(unit.commands) == 3)
    await wire.close()
    await unit.stop()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


# -- scripted peers --------------------------------------------------------------------------------

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def peer(serve: Serve, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """A peer that does what serve does, with each connection, until the block ends."""
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await serve(reader, writer)
        except ConnectionError, asyncio.CancelledError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(accept, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.close()
        server.abort_clients()


def says(*answers: tuple[str, str | bytes], greeting: bytes = b"220 ready\r\n") -> Serve:
    """Answer each command by its first word; 200 to what is not in the list."""
    table = dict(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        while line := await reader.readline():
            answer = table.get(line.split()[0].decode(), "200 Okay\r\n")
            writer.write(answer.encode() if isinstance(answer, str) else answer)

    return serve


async def test_a_reply_that_drips_dies_at_its_deadline(socket_enabled: None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await reader.readline()
        while True:  # each byte comes well within any patience for a single read
            writer.write(b"2")
            await asyncio.sleep(0.05)

    async with peer(serve) as port:
        controller = await Controller.connect("127.0.0.1", port, timeouts=HASTE)
        began = time.monotonic()
        with pytest.raises(TimedOut):
            await controller.unit_status()
        assert HASTE.reply <= time.monotonic() - began < HASTE.reply + SLACK
        assert controller.closed
        await controller.abort()


async def test_a_greeting_that_promises_minutes_again_and_again(socket_enabled: None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"120 in a minute\r\n")
            await asyncio.sleep(0.05)

    async with peer(serve) as port:
        began = time.monotonic()
        controller = await Controller.connect("127.0.0.1", port, timeouts=HASTE)
        assert time.monotonic() - began < HASTE.busy_greeting + SLACK
        assert controller.greeting is None
        await controller.abort()


def _listing(serve: Serve, timeouts: Timeouts = HASTE) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        async with peer(serve) as data_port:
            told = f"227 Entering Passive Mode (127,0,0,1,{data_port >> 8},{data_port & 255})\r\n"
            unit = says(("PASV", told), ("NLST", "150 here\r\n"), ("ABOR", "226 done\r\n"))
            async with peer(unit) as port:
                controller = await Controller.connect("127.0.0.1", port, timeouts=timeouts)
                try:
                    await controller.list_names()
                finally:
                    await controller.abort()

    return check


async def test_a_listing_that_drips_dies_at_its_deadline(socket_enabled: None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.05)

    began = time.monotonic()
    with pytest.raises(TimedOut, match="the listing does not end"):
        await _listing(serve)()
    assert time.monotonic() - began < HASTE.listing + SLACK


async def test_a_listing_that_never_comes(socket_enabled: None) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(TimedOut, match="the listing does not end"):
        await _listing(serve)()


async def test_datagrams_that_the_final_reply_overtakes_and_empty_ones(
    socket_enabled: None,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = 0
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            if line.startswith(b"PORT "):
                high, low = line.split(b",")[-2:]
                port = int(high) * 256 + int(low)
            if line.startswith(b"RETR"):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                    sender.sendto(b"", ("127.0.0.1", port))
                    writer.write(b"150 here\r\n226 RETR STREAM0 complete\r\n")
                    await asyncio.sleep(0.05)
                    for number in (b"\0", b"\1"):
                        packet = b"\x80\x21\0" + number + bytes(8) + number
                        sender.sendto(packet, ("127.0.0.1", port))
            else:
                writer.write(b"200 Okay\r\n")

    async with peer(serve) as port:
        controller = await Controller.connect("127.0.0.1", port, timeouts=HASTE)
        transfer = await controller.retrieve("x", mode=TransferMode(7), passive=False)
        assert [packet.payload async for packet in transfer.packets()] == [b"\0", b"\1"]
        await controller.abort()


# -- without end -----------------------------------------------------------------------------------

GIBIBYTE = 1 << 30


def _feed_gibibyte(session: Session, piece: bytes) -> tuple[int, int]:
    """Feed a gibibyte, or until an error; how much went in, and the peak of memory in bytes."""
    tracemalloc.start()
    fed = 0
    try:
        while fed < GIBIBYTE:
            session.receive_data(piece)
            fed += len(piece)
            while repr(session.next_event()) != "NEED_DATA":
                pass
    except ProtocolError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return fed, peak


@pytest.mark.parametrize(
    ("opening", "piece"),
    [
        (b"", b"220-welcome\r\n" * 5000),
        (b"", b"2" * 65536),
        (b"", b"\r\n220-x\r\n" * 5000),
        (b"220 ready\r\n211-status\r\n", b" TAPE0\r\n" * 8000),
        (b"220 ready\r\n211-status\r\n", b" " + b"x" * 65000),
        (b"220 ready\r\n", b"200 \xff" + b"x" * 65000),
    ],
    ids="banner line blank-lines reply reply-line not-utf8".split(),
)
def test_a_gibibyte_ends_in_an_error_and_not_in_memory(opening: bytes, piece: bytes) -> None:
    session = Session(Role.CONTROLLER)
    if opening:
        session.receive_data(opening)
        session.next_event()
    began = time.monotonic()
    fed, peak = _feed_gibibyte(session, piece)
    assert fed < MAX_REPLY_BYTES + 3 * len(piece)
    assert peak < 2 << 20
    assert time.monotonic() - began < 1


def test_a_unit_reads_an_endless_line_in_flat_memory() -> None:
    session = Session(Role.UNIT, [Subunit("TAPE")])
    session.skip_greeting()
    tracemalloc.start()
    rejected = 0
    piece = b"x" * 65536
    for _ in range(2048):
        session.receive_data(piece)
        while (event := repr(session.next_event())) != "NEED_DATA":
            rejected += "CommandRejected" in event
            session.send(Reply(500, ("Line too long",)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (rejected, peak < 1 << 20) == (1, True)


def test_telnet_without_end_is_not_answered_by_a_controller() -> None:
    session = Session(Role.CONTROLLER)
    session.receive_data(b"\xff\xfd\x01" * 1000)
    assert repr(session.next_event()) == "NEED_DATA"
    session.receive_data(b"\xff\xfd\x01" * 1000)
    with pytest.raises(ProtocolError, match="Telnet"):
        session.next_event()
    assert session._answer == b""


async def _endless(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while True:
        writer.write(piece)
        await writer.drain()


async def _endless_listing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _endless(writer, b"a tape.ts\r\n" * 5000)


async def _endless_name(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _endless(writer, b"x" * 65536)


async def _endless_control(name: str) -> None:
    unit = studio(fault=FAULTS[name])
    await unit.start()
    try:
        await _use(unit.port)
    finally:
        await unit.stop()


@pytest.mark.parametrize(
    "use",
    [
        _listing(_endless_listing, replace(HASTE, listing=10)),
        _listing(_endless_name, replace(HASTE, listing=10)),
        *(partial(_endless_control, f"endless-{what}") for what in ("reply", "banner", "line")),
    ],
    ids="listing name reply banner line".split(),
)
async def test_what_has_no_end_over_a_socket(
    socket_enabled: None, use: Callable[[], Awaitable[None]]
) -> None:
    """A real peer that never stops sending. Work and memory are those of both ends.

    Work is the processor's time, which does not depend on what else this machine has to do.
    """
    began = time.process_time()
    with pytest.raises(ProtocolError, match="does not end"):
        await use()
    assert time.process_time() - began < 1
    tracemalloc.start()
    with pytest.raises(ProtocolError, match="does not end"):
        await use()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 24 << 20


# -- where data may go -----------------------------------------------------------------------------


@pytest.fixture
def all_of_loopback(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts(["127.0.0.0/8"])


@pytest.mark.parametrize("mode", ["PASV to another host", "PASV by name"])
async def test_a_unit_cannot_send_us_to_another_host(all_of_loopback: None, mode: str) -> None:
    knocked: list[str] = []

    async def victim(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocked.append("victim")

    async def own(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocked.append("own")
        writer.write(b"tape.ts\r\n")

    host = "127,0,0,2" if mode == "PASV to another host" else "[::ffff:127.0.0.2]"
    async with peer(victim, "127.0.0.2") as port, peer(own, "127.0.0.1", port):
        told = f"227 Entering Passive Mode ({host},{port >> 8},{port & 255})\r\n"
        unit = says(("PASV", told), ("NLST", "150 here\r\n226 NLST complete\r\n"))
        async with peer(unit) as control:
            controller = await Controller.connect("127.0.0.1", control, timeouts=HASTE)
            assert await controller.list_names() == ["tape.ts"]
            await controller.abort()
    assert knocked == ["own"]


async def test_third_party_data_goes_there_when_it_is_allowed(all_of_loopback: None) -> None:
    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"other.ts\r\n")

    async with peer(other, "127.0.0.2") as port:
        told = f"227 Entering Passive Mode (127,0,0,2,{port >> 8},{port & 255})\r\n"
        unit = says(("PASV", told), ("NLST", "150 here\r\n226 NLST complete\r\n"))
        async with peer(unit) as control:
            controller = await Controller.connect(
                "127.0.0.1", control, timeouts=HASTE, third_party_data=True
            )
            assert await controller.list_names() == ["other.ts"]
            await controller.abort()


async def test_a_unit_cannot_send_us_to_a_systems_port(socket_enabled: None) -> None:
    async with peer(says(("PASV", "227 (127,0,0,1,0,22)\r\n"))) as port:
        controller = await Controller.connect("127.0.0.1", port, timeouts=HASTE)
        with pytest.raises(ProtocolError, match="port 22"):
            await controller.list_names()
        await controller.abort()


@pytest.mark.parametrize(
    "address",
    ["127,0,0,2,117,48", "192,0,2,9,117,48", "8.8.8.8,117,48", "127,0,0,1,0,22", "224,0,0,1,9,9"],
)
async def test_a_unit_sends_to_no_stranger(socket_enabled: None, address: str) -> None:
    unit = studio()
    await unit.start()
    wire = await Wire.connect(unit.port)
    await wire.hear()
    assert (await wire.ask(f"PORT {address}"))[0].startswith("504 ")
    assert (await wire.ask("PORT 0,0,0,0,117,48"))[0].startswith("200 ")
    await wire.close()
    await unit.stop()


# -- line ends in arguments ------------------------------------------------------------------------

INJECTED = ["x\r\nTAPE0 RECO", "x\nTAPE0 RECO", "x\rTAPE0 RECO", "x\0", "\ud800"]


@pytest.mark.parametrize("text", INJECTED)
async def test_no_argument_becomes_a_command(socket_enabled: None, text: str) -> None:
    unit = studio()
    await unit.start()
    async with await Controller.connect("127.0.0.1", unit.port) as controller:
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda: controller.change_directory(text),
            lambda: controller.mount(text),
            lambda: controller.list_names(text),
            lambda: controller.list_names(text, details=True),
            lambda: controller.retrieve(text),
            lambda: controller.store(text),
            lambda: controller.execute(Command(text)),
            lambda: controller.execute(Command("PLAY", Subunit(text))),
            lambda: controller.execute(Command(text, Subunit("TAPE"), Motion())),
            lambda: controller.execute(Command("STAT", argument=Subunit(text))),
            lambda: controller.set_parameter(Subunit("CAMERA"), text, Amount(1)),
        ]
        for attempt in attempts:
            # What a person wrote is refused in words; what only our own code can write is a mistake.
            with pytest.raises((Refused, ValueError), match="cannot hold line ends"):
                await attempt()
        assert (await controller.unit_status()).is_unit
        assert unit.decks[0].operation == "PAUS"
        names = {command.name for command in unit.commands}
        assert names == {"STAT"}
    await unit.stop()


async def test_a_refusal_is_shown_on_one_line(socket_enabled: None) -> None:
    async with peer(says(("STAT", b"502 \x1b[31mno\x07\x85 \x00" + b"y" * 5000 + b"\r\n"))) as port:
        controller = await Controller.connect("127.0.0.1", port, timeouts=HASTE)
        with pytest.raises(Refused) as refused:
            await controller.unit_status()
        await controller.abort()
    assert refused.value.text.isprintable()
    assert len(refused.value.text) <= 200
