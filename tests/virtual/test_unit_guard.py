"""What a virtual unit keeps from strangers, and what nobody can take from the next controller."""

import asyncio
import socket

import pytest

from custom_components.crcp.protocols.crcp.messages import Subunit
from custom_components.crcp.protocols.crcp.otp import Challenge
from custom_components.crcp.virtual import control
from custom_components.crcp.virtual.accounts import Account
from tests.helpers import until
from tests.protocols.crcp.house import House, codes, passive

LINES_OF_A_STRANGER = (
    "FROB",
    "NOOP",
    "STAT",
    "STAT TAPE0",
    "STAT TAPE1",
    "STAT NOTHING",
    "TAPE0 PLAY",
    "TAPE7 PLAY",
    "TAPE PLAY fast",
    "PLAY",
    "RETR",
)


# -- the login -------------------------------------------------------------------------------------


async def test_before_the_login_nothing_tells_what_there_is(house: House) -> None:
    wire = await house.wired(account=Account("ha", "secret"))
    assert set(await codes(wire, *LINES_OF_A_STRANGER)) == {530}
    assert await codes(wire, "USER", "QUIT now", "USER ha") == [501, 501, 331]
    assert "TAPE" not in " ".join(await wire.ask("HELP TAPE9"))
    assert await codes(wire, "PASS secret") == [230]
    assert "TAPE" in " ".join(await wire.ask("HELP"))


async def test_a_password_needs_a_user_each_time(house: House) -> None:
    wire = await house.wired(account=Account("ha", "secret"))
    assert await codes(wire, "USER ha", "PASS wrong", "PASS secret") == [331, 530, 503]


async def test_a_login_makes_up_for_the_failures_before_it(house: House) -> None:
    wire = await house.wired(account=Account("ha", "secret"))
    fails, works = ["USER ha", "PASS wrong"], ["USER ha", "PASS secret"]
    assert (await codes(wire, *fails, *fails, *works))[-1] == 230
    assert await codes(wire, *fails, *fails, *works) == [331, 530, 331, 530, 331, 230]


async def test_one_time_passwords_come_to_an_end(house: House) -> None:
    account = Account("ha", "This is a test.", challenge=Challenge("md5", 1, "TeSt"))
    wire = await house.wired(account=account)
    assert await wire.ask("USER ha") == ["331 otp-md5 1 TeSt ext, response required"]
    assert await codes(wire, "PASS 7965E05436F5029F") == [230]
    assert await wire.ask("USER ha") == ["331 otp-md5 0 TeSt ext, response required"]
    assert await codes(wire, "PASS 9E876134D90499DD") == [230]
    # Whoever heard the last one has nothing: below 0 it would be right for ever.
    assert await wire.ask("USER ha") == ["530 No one-time password is left"]
    assert await codes(wire, "PASS 9E876134D90499DD") == [530]


async def test_no_password_is_remembered(house: House) -> None:
    unit = await house.unit(account=Account("ha", "secret", account="studio"))
    wire = await house.wire(unit)
    assert await codes(wire, "TAPE PLAY", "USER ha", "PASS secret", "ACCT studio", "STAT TAPE") == [
        530,
        331,
        332,
        230,
        211,
    ]
    told = [(each.name, each.argument) for each in unit.commands]
    assert told == [("USER", "ha"), ("PASS", "***"), ("ACCT", "***"), ("STAT", Subunit("TAPE"))]


# -- the connection --------------------------------------------------------------------------------


async def _deaf(house: House, unit_port: int) -> socket.socket:
    """A controller that asks and asks and does not listen."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(deaf, ("127.0.0.1", unit_port))
    data = await asyncio.start_server(lambda _r, w: house.data.append(w), "127.0.0.1", 0)
    port = data.sockets[0].getsockname()[1]
    where = f"127,0,0,1,{port >> 8},{port & 255}"
    await loop.sock_sendall(deaf, f"TYPE I 33\r\nPORT {where}\r\nRETR live\r\n".encode())
    await until(lambda: house.data)
    data.close()
    return deaf


async def test_a_controller_that_does_not_listen_is_taken_over(house: House) -> None:
    unit = await house.unit("camera")
    with await _deaf(house, unit.port) as deaf:
        asking = asyncio.create_task(
            asyncio.get_running_loop().sock_sendall(deaf, b"STAT CAMERA\r\n" * 500_000)
        )
        stuck = unit._connection
        assert stuck
        await until(lambda: stuck._is_full)
        wire = await house.wire(unit)
        assert await codes(wire, "TYPE I 33", "PASV", "RETR live") == [200, 227, 150]
        await until(stuck.ended.done)
        asking.cancel()
        await asyncio.wait([asking])


async def test_a_controller_that_never_listens_is_idle(house: House) -> None:
    unit = await house.unit("camera")
    unit.idle_time = 0.1
    with await _deaf(house, unit.port) as deaf:
        asking = asyncio.create_task(
            asyncio.get_running_loop().sock_sendall(deaf, b"STAT CAMERA\r\n" * 500_000)
        )
        await until(lambda: unit._connection is None)
        asking.cancel()
        await asyncio.wait([asking])


async def test_a_goodbye_that_nobody_takes_is_not_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "PARTING", 0.05)
    unit = await house.unit("camera")
    with await _deaf(house, unit.port):
        there = unit._connection
        assert there
        there._write(b"x" * (8 << 20))
        there.dismiss("Another controller took over")
        await until(there.ended.done)


async def test_what_is_refused_keeps_a_connection_too(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    assert unit._connection
    unit._connection._active -= 299
    before = unit._connection._deadline
    assert await codes(wire, "NOOP") == [502]
    assert unit._connection._deadline - before > 298


async def test_blanks_alone_are_an_empty_line(house: House) -> None:
    wire = await house.wired()
    wire.say("  \t ")
    assert await codes(wire, "TAPE0 PLAY") == [200]


async def test_zeros_before_a_number_do_not_count(house: House) -> None:
    wire = await house.wired()
    assert await codes(wire, "TAPE0000000000 PLAY", "TAPE0000000001 PLAY") == [200, 502]
    assert await codes(wire, "STAT TAPE00000000000000000000") == [211]
    assert await codes(wire, "TAPE4294967296 PLAY", "TAPE" + "9" * 4000) == [502, 502]


# -- data connections ------------------------------------------------------------------------------


async def test_a_stranger_cannot_take_a_data_connection(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    await wire.ask("TYPE A")
    host, port = await passive(wire)
    stranger, writer = await asyncio.open_connection(host, port, local_addr=("127.0.0.2", 0))
    house.data.append(writer)
    async with asyncio.timeout(5):
        assert await stranger.read() == b""
    assert await codes(wire, "NLST") == [150]
    own, writer = await asyncio.open_connection(host, port)
    house.data.append(writer)
    assert await own.read() == b"a.ts\r\nb.ts\r\n"
    assert (await wire.hear())[0].startswith("226 ")
