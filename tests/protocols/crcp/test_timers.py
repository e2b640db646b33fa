"""The timers, which the draft has none of: their values, and what happens when each runs out.

Where ten seconds are the rule, a test hands in less.
"""

import asyncio
import socket

import pytest

from custom_components.crcp.link import RECONNECT_DELAYS
from custom_components.crcp.polling import MOVING, RESTING, SLOWEST
from custom_components.crcp.protocols.crcp.addresses import parse_address
from custom_components.crcp.protocols.crcp.client import Controller, Timeouts
from custom_components.crcp.protocols.crcp.client.data_datagrams import KNOCK_INTERVAL
from custom_components.crcp.protocols.crcp.client.timeouts import DEFAULT_TIMEOUTS, KEEP_ALIVE
from custom_components.crcp.protocols.crcp.datagrams import REMEMBERED, WINDOW
from custom_components.crcp.protocols.crcp.errors import TimedOut
from custom_components.crcp.protocols.crcp.messages import Subunit, TransferMode
from custom_components.crcp.protocols.crcp.receiver import (
    REORDER_PACKETS,
    REORDER_SECONDS,
    SOURCE_SILENCE,
)
from custom_components.crcp.virtual import accounts, data_ports, play_out
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.clips import NULL_PACKET, Clip
from tests.helpers import until

from .dialogue import AnsweringUnit, Wire
from .house import House, codes, passive

POWER, TAPE, STREAM = Subunit("POWER"), Subunit("TAPE"), Subunit("STREAM")
OKAY = "200 Command okay"
SHORT = 0.05

pytestmark = pytest.mark.usefixtures("loopback")


def test_the_values_are_the_documents() -> None:
    assert (
        Timeouts(
            connect=10,
            greeting=5,
            busy_greeting=120,
            reply=10,
            power=30,
            goodbye=2,
            started=15,
            data=10,
            media=15,
            ended=5,
            aborted=2,
        )
        == DEFAULT_TIMEOUTS
    )
    assert (REORDER_PACKETS, REORDER_SECONDS, SOURCE_SILENCE) == (32, 0.05, 2)
    assert (data_ports.PATIENCE, play_out.SILENCE, KNOCK_INTERVAL) == (10, 30, 2)
    assert (accounts.TRIES, accounts.PENALTY, WINDOW, REMEMBERED) == (3, 1, 5, 10)
    assert RECONNECT_DELAYS == (1, 2, 5, 10, 30, 60)


async def test_a_unit_waits_five_minutes_for_a_command_and_one_for_a_login(house: House) -> None:
    unit = await house.unit()
    assert (unit.idle_time, unit.login_time) == (300, 60)


def test_whoever_holds_a_connection_asks_often_enough_to_keep_it() -> None:
    # The list of subunits is asked for whatever the unit is.
    assert RESTING[None] <= KEEP_ALIVE < 300
    assert SLOWEST <= KEEP_ALIVE


def test_what_moves_is_asked_more_often() -> None:
    assert (MOVING["TAPE"], RESTING["TAPE"]) == (1, 10)
    assert (MOVING["CAMERA"], RESTING["CAMERA"]) == (0.5, 30)


# -- the controller --------------------------------------------------------------------------------


async def _controller(unit: AnsweringUnit, **patience: float) -> Controller:
    timeouts = Timeouts(**{"greeting": 1, "goodbye": SHORT, **patience})
    return await Controller.connect("127.0.0.1", unit.port, timeouts=timeouts)


async def test_a_host_that_does_not_answer_is_given_up() -> None:
    # A queue of connections that is full: the next one is never answered.
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for each in (first, second):
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        with pytest.raises(TimedOut):
            await Controller.connect(*listener.getsockname(), timeouts=Timeouts(connect=0.2))


async def test_a_reply_that_does_not_come_ends_the_connection() -> None:
    async with AnsweringUnit({"STAT": ""}) as unit:
        controller = await _controller(unit, reply=SHORT)
        with pytest.raises(TimedOut):
            await controller.unit_status()
        assert controller.closed
        with pytest.raises(TimedOut):
            await controller.unit_status()
        await controller.close()


async def test_power_may_take_longer_than_a_reply() -> None:
    async with AnsweringUnit({"POWER0 ON": "", "POWER0 OFF": ""}) as unit:
        controller = await _controller(unit, reply=SHORT, power=10)
        switching = asyncio.create_task(controller.set_power(POWER, on=True))
        await asyncio.wait([switching], timeout=3 * SHORT)
        assert not switching.done()
        assert unit.writer
        unit.writer.write(b"200 on\r\n")
        await switching
        with pytest.raises(TimedOut):
            await controller.set_power(POWER, on=False)
        await controller.close()


async def test_120_makes_the_controller_wait_for_220() -> None:
    async with AnsweringUnit({}, greeting="120 in a minute") as unit:
        connecting = asyncio.create_task(_controller(unit, greeting=SHORT, busy_greeting=10))
        await asyncio.wait([connecting], timeout=3 * SHORT)
        assert not connecting.done()
        assert unit.writer
        unit.writer.write(b"220 ready\r\n")
        controller = await connecting
        assert controller.greeting
        assert controller.greeting.code == 220
        await controller.close()


async def test_a_goodbye_without_an_answer_is_short() -> None:
    async with AnsweringUnit({"QUIT": ""}) as unit:
        controller = await _controller(unit)
        async with asyncio.timeout(1):
            await controller.close()
        assert unit.heard == ["QUIT"]


async def _ready_for_data() -> tuple[asyncio.Server, dict[str, str | list[str]]]:
    """A data port that ends each connection at once, and the answers that lead to it."""
    data = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = data.sockets[0].getsockname()[1]
    return data, {
        "TYPE I 33": OKAY,
        "MODE S": OKAY,
        "PASV": f"227 =127.0.0.1,{port}",
        "RETR a": "150 here it comes",
        "STAT TAPE0": "226 late\n211-PAUS 7\n211 end",
    }


async def test_a_transfer_may_start_later_than_a_reply_comes() -> None:
    data, answers = await _ready_for_data()
    answers |= {"RETR a": "", "ABOR": "426 gone\n226 done"}
    async with data, AnsweringUnit(answers) as unit:
        controller = await _controller(unit, reply=10 * SHORT, started=60)
        starting = asyncio.create_task(controller.retrieve("a"))
        await asyncio.wait([starting], timeout=15 * SHORT)
        assert unit.heard[-1] == "RETR a"
        assert not starting.done()
        assert unit.writer
        unit.writer.write(b"150 here it comes\r\n")
        await (await starting).abort()
        await controller.abort()


async def test_a_transfer_that_does_not_start_is_given_up() -> None:
    data, answers = await _ready_for_data()
    async with data, AnsweringUnit({**answers, "RETR a": ""}) as unit:
        controller = await _controller(unit, started=SHORT)
        with pytest.raises(TimedOut):
            await controller.retrieve("a")
        assert unit.heard[-1] == "RETR a"
        await controller.close()


async def test_a_final_reply_that_does_not_come_leaves_the_connection_as_it_is() -> None:
    data, answers = await _ready_for_data()
    async with data, AnsweringUnit(answers) as unit:
        controller = await _controller(unit, ended=SHORT)
        transfer = await controller.retrieve("a")
        assert [packet async for packet in transfer.packets()] == []
        assert await transfer.wait_ended() is None
        # It comes after all, before the answer to something else.
        assert (await controller.tape_status(TAPE)).position == 7
        await transfer.abort()
        await controller.close()


async def test_a_unit_that_does_not_connect_to_our_data_port_is_given_up() -> None:
    _, answers = await _ready_for_data()
    async with AnsweringUnit(answers) as unit:
        unit.accept_port = True
        controller = await _controller(unit, data=SHORT, aborted=SHORT)
        transfer = await controller.retrieve("a", passive=False)
        with pytest.raises(TimedOut):
            await anext(transfer.packets())
        await controller.abort()
        await transfer.abort()


async def test_silence_instead_of_media_is_told_once_and_is_no_end(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    _, answers = await _ready_for_data()
    async with AnsweringUnit({**answers, "MODE P 7": OKAY}) as unit:
        unit.accept_port = True
        controller = await _controller(unit, media=SHORT, aborted=SHORT)
        mode = TransferMode(7)
        transfer = await controller.retrieve("a", mode=mode, passive=False)
        address = parse_address(unit.heard[-2].removeprefix("PORT "))
        reading = asyncio.create_task(anext(transfer.packets()))
        await until(lambda: transfer.silent)
        await asyncio.wait([reading], timeout=3 * SHORT)
        assert not reading.done()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"\x80\x21" + bytes(10) + NULL_PACKET, (address.host, address.port))
        assert (await reading).payload == NULL_PACKET
        assert not transfer.silent
        await controller.abort()
        await transfer.abort()
    told = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [record.getMessage() for record in told] == [
        f"The unit has sent no media for {SHORT:g} s: RETR STREAM0"
    ]


# -- the unit --------------------------------------------------------------------------------------


async def test_an_idle_connection_is_kept_while_a_transfer_runs(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    await house.retrieving(wire, "a.ts")
    unit.idle_time = SHORT
    assert await codes(wire, "STAT") == [211]
    waiting = asyncio.create_task(wire.hear())
    await asyncio.wait([waiting], timeout=5 * SHORT)
    assert not waiting.done()
    wire.say("ABOR")
    replies = [(await waiting)[0], (await wire.hear())[0], (await wire.hear())[0]]
    assert [reply[:3] for reply in replies] == ["426", "226", "421"]


async def test_a_login_has_a_minute_and_three_tries_each_of_them_slow(house: House) -> None:
    unit = await house.unit(account=Account("ha", "secret"))
    unit.login_time, unit.penalty = SHORT, SHORT
    wire = await house.wire(unit)
    assert (await wire.hear())[0].startswith("421 ")
    unit.login_time = 60
    wire = await house.wire(unit)
    began = asyncio.get_running_loop().time()
    tries = ("USER ha", "PASS x") * 3
    assert await codes(wire, *tries) == [331, 530, 331, 530, 331, 421]
    assert asyncio.get_running_loop().time() - began >= 3 * SHORT
    assert await wire.hear() == []


async def test_nobody_connects_for_the_data(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_ports, "PATIENCE", SHORT)
    wire = await house.wired()
    assert await codes(wire, "TYPE I 33", "PASV", "RETR a.ts") == [200, 227, 150]
    assert (await wire.hear())[0].startswith("425 ")
    assert await codes(wire, "STAT") == [211]


async def test_a_receiver_that_takes_nothing_breaks_its_transfer(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_ports, "PATIENCE", SHORT)
    tape = Clip(60, NULL_PACKET * 60_000)
    unit = await house.unit("camera", live=tape, clock=house.clock)
    wire = await house.wire(unit)
    await wire.ask("TYPE I 33")
    where = await passive(wire)
    with socket.socket() as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        receiver.setblocking(False)
        await asyncio.get_running_loop().sock_connect(receiver, where)
        assert await codes(wire, "RETR live") == [150]
        hearing = asyncio.create_task(wire.hear())
        async with asyncio.timeout(10):
            while not hearing.done():
                house.clock.now += 10
                await asyncio.wait([hearing], timeout=0.02)
        assert (await hearing)[0].startswith("426 ")


async def test_a_recording_of_datagrams_ends_when_nothing_comes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play_out, "SILENCE", SHORT)
    wire = await house.wired()
    assert await codes(wire, "TYPE I 33", "MODE P 7") == [200, 200]
    where = await passive(wire)
    assert await codes(wire, "STOR new.ts") == [150]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"\x80\x21" + bytes(10) + NULL_PACKET, where)
        assert (await wire.hear())[0].startswith("426 ")


async def test_a_controller_that_vanished_is_noticed(house: House) -> None:
    unit = await house.unit()
    wire = await Wire.connect(unit.port)
    await wire.hear()
    serving = unit._connection
    assert serving
    assert serving._transport
    connected = serving._transport.get_extra_info("socket")
    assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    await wire.close()


async def test_a_unit_may_take_minutes_to_begin_anew() -> None:
    async with AnsweringUnit({"REIN": ""}) as unit:
        controller = await _controller(unit, reply=SHORT, busy_greeting=10)
        beginning = asyncio.create_task(controller.reinitialize())
        await asyncio.wait([beginning], timeout=3 * SHORT)
        assert not beginning.done()
        assert unit.writer
        unit.writer.write(b"220 ready\r\n")
        await beginning
        await controller.close()


async def test_storing_may_start_later_than_a_reply_comes() -> None:
    data, answers = await _ready_for_data()
    async with data, AnsweringUnit({**answers, "STOR a": ""}) as unit:
        controller = await _controller(unit, reply=1, started=30)
        storing = asyncio.create_task(controller.store("a"))
        await until(lambda: "STOR a" in unit.heard)
        await asyncio.wait([storing], timeout=1.3)
        assert not storing.done()
        assert unit.writer
        unit.writer.write(b"150 go on\r\n226 thank you\r\n")
        reply = await (await storing).finish()
        assert reply
        assert reply.code == 226
        await controller.close()


async def test_a_final_reply_that_never_came_delays_no_later_transfer() -> None:
    data, answers = await _ready_for_data()
    retrieved: str | list[str] = ["150 a", "150 a\n226 done", "150 a\n226 done"]
    async with data, AnsweringUnit({**answers, "RETR a": retrieved}) as unit:
        controller = await _controller(unit, ended=SHORT)
        replies = []
        for _ in range(3):
            transfer = await controller.retrieve("a")
            assert [piece async for piece in transfer.data()] == []
            replies.append(await transfer.wait_ended())
        assert [reply and reply.code for reply in replies] == [None, 226, 226]
        await controller.close()


@pytest.mark.parametrize("refusal", ["425 one at a time", "450 busy", "503 not now"])
async def test_a_listing_that_has_no_place_beside_a_transfer_takes_it(refusal: str) -> None:
    data, answers = await _ready_for_data()
    more: dict[str, str | list[str]] = {
        "TYPE A": OKAY,
        "NLST": [refusal, "150 go\n226 done"],
        "ABOR": "426 RETR STREAM0 ended\n226 ABOR ok",
    }
    async with data, AnsweringUnit({**answers, **more}) as unit:
        controller = await _controller(unit)
        transfer = await controller.retrieve("a")
        assert await controller.list_names() == []
        assert [line for line in unit.heard if line in ("RETR a", "NLST", "ABOR")] == [
            "RETR a",
            "NLST",
            "ABOR",
            "NLST",
        ]
        reply = await transfer.wait_ended()
        assert reply
        assert reply.code == 426
        await controller.close()
