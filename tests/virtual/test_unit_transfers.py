"""Transfers of a virtual unit that end otherwise than planned, and what cannot begin at all."""

import asyncio
from datetime import UTC, datetime
import socket

import pytest

from custom_components.crcp.protocols.crcp.rtp import Deframer, RtpPacket
from custom_components.crcp.virtual import backlog, data_ports, play_out
from custom_components.crcp.virtual.backlog import MAX_BACKLOG, MOST_BEHIND, Backlog
from custom_components.crcp.virtual.clips import NULL_PACKET, Clip, Shelf
from custom_components.crcp.virtual.data_ports import PassiveStreamPort, StreamPort
from tests.helpers import until
from tests.protocols.crcp.dialogue import Wire
from tests.protocols.crcp.house import House, codes, passive

#: As much as may wait for a receiver, and more than systems take for one that does not read.
BIG = NULL_PACKET * (MAX_BACKLOG // len(NULL_PACKET))


async def heard(wire: Wire, *lines: str) -> list[str]:
    """The first line of each of two replies, after some lines."""
    for line in lines:
        wire.say(line)
    return [(await wire.hear())[0] for _ in range(2)]


# -- the end ---------------------------------------------------------------------------------------


@pytest.fixture
async def flushing(house: House, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """A wire with a transfer of which all is sent, and not all taken: nobody reads it."""
    begun = asyncio.Event()
    flush = StreamPort.flush

    async def flush_and_tell(port: StreamPort) -> None:
        begun.set()
        await flush(port)

    monkeypatch.setattr(StreamPort, "flush", flush_and_tell)
    wire = await house.wired(shelf=Shelf({"/big.ts": Clip(1, BIG)}), clock=house.clock)
    await wire.ask("TYPE I 33")
    _, writer = await asyncio.open_connection(*await passive(wire), limit=1)
    house.data.append(writer)
    assert await codes(wire, "RETR big.ts", "TAPE0 PLAY", "STAT TAPE0") == [150, 200, 211]
    await until(lambda: _moves_on(house) or begun.is_set())
    return wire


def _moves_on(house: House) -> None:
    house.clock.now += 1


async def test_abor_while_the_last_is_on_its_way_has_two_replies(flushing: Wire) -> None:
    told = await heard(flushing, "ABOR")
    assert told == ["426 RETR STREAM0 aborted", "226 ABOR complete"]
    assert await codes(flushing, "ABOR", "STAT") == [225, 211]


async def test_what_was_not_taken_is_not_complete(
    flushing: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_ports, "PATIENCE", 0.05)
    assert await flushing.hear() == ["426 RETR STREAM0 broken"]


# -- what cannot begin -----------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["NLST", "LIST"])
async def test_a_listing_needs_a_connection(house: House, command: str) -> None:
    wire = await house.wired()
    assert await codes(wire, "MODE P 7", "PASV", command, "MODE S", command) == [
        200,
        227,
        504,
        200,
        425,
    ]


async def test_a_connection_to_a_group_there_is_none(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "PORT 239,1,2,3,117,48", "MODE P 7") == [504, 200]
    assert await codes(wire, "PORT 239,1,2,3,117,48") == [200]


async def test_data_ports_that_are_taken(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        unit.data_ports = (taken.getsockname()[1],)
        assert await codes(wire, "PASV", "NLST") == [425, 425]
    assert await codes(wire, "PASV") == [227]


async def test_transfers_that_wait_for_nobody_are_few(house: House) -> None:
    wire = await house.wired()
    replies = await codes(wire, *["PASV", "NLST"] * 8)
    assert replies == [227, 150] * 8
    assert await codes(wire, "PASV", "NLST", "STAT") == [227, 450, 211]


# -- names and dates -------------------------------------------------------------------------------


async def test_retr_without_a_name_says_what_follows(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "SMNT a.ts", "TYPE I 33", "PASV") == [250, 200, 227]
    assert await wire.ask("RETR") == ["150 /a.ts follows, payload type 33"]
    assert (await wire.ask("STAT STREAM0"))[0] == "211-RETR /a.ts"
    wire = await house.wired("camera")
    assert await codes(wire, "TYPE I 33", "PASV") == [200, 227]
    assert await wire.ask("RETR") == ["150 live follows"]
    assert (await wire.ask("STAT STREAM0"))[0] == "211-RETR live"


async def _record(house: House, packets: int) -> tuple[Wire, list[str]]:
    wire = await house.wired(decks={})
    await wire.ask("TYPE I 33")
    _, writer = await asyncio.open_connection(*await passive(wire))
    assert await codes(wire, "STOR new.ts") == [150]
    for number in range(packets):
        data = RtpPacket(33, number, 0, 1, NULL_PACKET).encode()
        writer.write(len(data).to_bytes(2) + data)
    writer.close()
    return wire, await wire.hear()


async def _listed(wire: Wire, command: str) -> list[str]:
    await wire.ask("TYPE A")
    reader, writer = await asyncio.open_connection(*await passive(wire))
    assert await codes(wire, command) == [150]
    lines = (await reader.read()).decode().splitlines()
    writer.close()
    assert (await wire.hear())[0].startswith("226 ")
    return lines


async def test_a_recording_is_listed_as_of_now(house: House) -> None:
    before = datetime.now(UTC)
    wire, end = await _record(house, 3)
    assert end == ["226 STOR STREAM0 complete"]
    (line,) = [line for line in await _listed(wire, "LIST") if line.endswith("new.ts")]
    times = {f"{moment:%b %d %H:%M}" for moment in (before, datetime.now(UTC))}
    head = "-rw-r--r-- 1 crcp crcp        564 "
    assert line in {f"{head}{moment} new.ts" for moment in times}


async def test_the_others_are_listed_by_their_year(house: House) -> None:
    wire = await house.wired()
    lines = await _listed(wire, "LIST")
    assert [line[-17:] for line in lines] == ["Mar 20  1998 a.ts", "Mar 20  1998 b.ts"]


async def test_a_recording_has_its_bound(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play_out, "MAX_RECORDING", 10 * len(NULL_PACKET))
    wire, end = await _record(house, 100)
    assert end == ["552 STOR STREAM0 No space left"]
    (line,) = [line for line in await _listed(wire, "LIST") if line.endswith("new.ts")]
    assert int(line.split()[4]) <= 11 * len(NULL_PACKET)


# -- receivers that are slow -----------------------------------------------------------------------

JPEG, TRANSPORT_STREAM = 26, 33


def packet(kind: int, *, last: bool = False) -> bytes:
    return bytes((0x80, kind | (0x80 if last else 0))) + bytes(10)


def test_a_receiver_may_be_a_second_behind() -> None:
    waiting = Backlog()
    waiting.look(0, 10.0)
    assert waiting.takes(packet(TRANSPORT_STREAM), 10.0)
    waiting.add(1000, 10.0)
    waiting.look(1, 10.0 + MOST_BEHIND)
    assert waiting.takes(packet(TRANSPORT_STREAM), 10.0 + MOST_BEHIND)
    waiting.look(1, 10.1 + MOST_BEHIND)
    assert not waiting.takes(packet(TRANSPORT_STREAM), 10.1 + MOST_BEHIND)
    waiting.look(0, 11.2 + MOST_BEHIND)
    assert waiting.takes(packet(TRANSPORT_STREAM), 11.2 + MOST_BEHIND)


def test_what_waits_is_bounded_however_fast_it_came() -> None:
    waiting = Backlog()
    waiting.look(0, 10.0)
    waiting.add(MAX_BACKLOG + 1, 10.0)
    waiting.look(MAX_BACKLOG, 10.0)
    assert waiting.takes(packet(TRANSPORT_STREAM), 10.0)
    waiting.look(MAX_BACKLOG + 1, 10.0)
    assert not waiting.takes(packet(TRANSPORT_STREAM), 10.0)


def test_a_frame_is_sent_whole_or_not_at_all() -> None:
    waiting = Backlog()
    waiting.look(0, 10.0)
    assert waiting.takes(packet(JPEG), 10.0)
    waiting.add(1000, 10.0)
    waiting.look(1, 12.0)
    # Behind by now, and yet this frame has begun; the next one is left out to its end.
    assert [waiting.takes(packet(JPEG, last=last), 12.0) for last in (False, True)] == [True, True]
    assert not waiting.takes(packet(JPEG), 12.0)
    waiting.look(0, 12.1)
    assert not waiting.takes(packet(JPEG, last=True), 12.1)
    assert waiting.takes(packet(JPEG), 12.1)


async def test_a_slow_receiver_gets_whole_frames(
    loopback: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "MOST_BEHIND", 0.01)
    port = PassiveStreamPort("127.0.0.1")
    address = await port.listen("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(address.host, address.port, limit=1)
    await port.connect()
    for number in range(60):
        for part in range(3):
            port.send(RtpPacket(JPEG, part, number, 1, bytes(20_000), marker=part == 2).encode())
            await asyncio.sleep(0.001)
    reading = asyncio.create_task(reader.read())
    await port.flush()
    await port.close()
    deframer = Deframer()
    got = [*deframer.feed(await reading), *deframer.end()]
    writer.close()
    assert 0 < len(got) < 3 * 60
    assert [each.sequence for each in got] == [0, 1, 2] * (len(got) // 3)
