"""Commands by datagram at a real port: signed, executed once, forgotten at the datagram's end."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
import socket
import time

import pytest

from custom_components.crcp.protocols.crcp.datagrams import Signer, Verifier
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.scenes import studio
from custom_components.crcp.virtual.unit import DatagramRules, VirtualUnit
from custom_components.crcp.virtual.visitor import Visitor
from tests.helpers import until
from tests.protocols.crcp.house import House, udp_port

_MARKS = count(1 << 30)
SIGNER = Signer("ha", "secret")


@pytest.fixture
async def unit(socket_enabled: None) -> AsyncIterator[VirtualUnit]:
    rules = DatagramRules(Verifier({"ha": "secret"}))
    unit = studio(account=Account("ha", "secret"), datagrams=rules)
    await unit.start()
    yield unit
    await unit.stop()


def signed(lines: bytes, nonce: str) -> bytes:
    return SIGNER.sign(lines, now=time.time(), nonce=nonce)


async def send(unit: VirtualUnit, *datagrams: bytes) -> list[str]:
    """Send, and then a mark; the commands that the unit performed up to the mark, without it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        unit.commands.clear()
        for datagram in (*datagrams, signed(b"TAPE0 FF 2\r\n", f"{next(_MARKS):08x}")):
            sender.sendto(datagram, ("127.0.0.1", unit.udp_port))
        await until(lambda: unit.commands and unit.commands[-1].name == "FF")
        sender.setblocking(False)
        await asyncio.sleep(0)
        with pytest.raises(BlockingIOError):  # no reply is ever sent
            sender.recv(100)
    return [command.name for command in unit.commands][:-1]


async def test_a_repeated_datagram_is_executed_once(unit: VirtualUnit) -> None:
    pan = signed(b"CAMERA0 PAN +30\r\n", "00000001")
    assert await send(unit, pan, pan, pan) == ["PAN"]


async def test_only_genuine_datagrams_command(unit: VirtualUnit) -> None:
    good = signed(b"CAMERA0 PAN 30\r\n", "00000001")
    old = SIGNER.sign(b"TAPE0 PLAY\r\n", now=time.time() - 6, nonce="00000002")
    stranger = Signer("root", "secret").sign(b"TAPE0 PLAY\r\n", now=time.time(), nonce="00000003")
    refused = (b"TAPE0 PLAY\r\n", b"USER ha\r\nPASS secret\r\nTAPE0 PLAY\r\n", old, stranger)
    altered = good.replace(b"PAN 30", b"PAN 31")
    assert await send(unit, *refused, altered, b"", b"\xff" * 1200, good) == ["PAN"]


async def test_an_error_drops_the_rest_of_its_datagram_only(unit: VirtualUnit) -> None:
    first = signed(b"CAMERA0 PAN 30\r\nTAPE0 EJECT\r\nTAPE0 PLAY\r\n", "00000001")
    second = signed(b"STAT\r\nPASV\r\nCAMERA0 TILT 5", "00000002")
    assert await send(unit, first, second) == ["PAN", "TILT"]


async def test_what_a_datagram_sets_up_is_forgotten_at_its_end(unit: VirtualUnit) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        port = receiver.getsockname()[1]
        where = f"TYPE I 33\r\nMODE P 7\r\nPORT 127,0,0,1,{port >> 8},{port & 255}\r\n".encode()
        await send(unit, signed(where, "00000001"), signed(b"RETR live\r\n", "00000002"))
        assert unit._datagrams
        (visitor,) = unit._datagrams._visitors.values()
        assert not visitor.transferring
        await send(unit, signed(where + b"RETR live\r\n", "00000003"))
        data = await asyncio.to_thread(receiver.recv, 2000)
        assert data[:2] == b"\x80\x21"
        await send(unit, signed(b"ABOR\r\n", "00000004"))
        await until(lambda: not visitor.transferring)


async def test_without_rules_there_is_no_port(socket_enabled: None) -> None:
    unit = studio()
    await unit.start()
    assert unit.udp_port is None
    await unit.stop()


# -- who may command -------------------------------------------------------------------------------


async def _performed(unit: VirtualUnit, *datagrams: bytes) -> list[str]:
    """Send datagrams of which the last is good; what was performed by then."""
    with udp_port() as sender:
        for datagram in datagrams:
            sender.sendto(datagram, ("127.0.0.1", unit.udp_port))
        await until(lambda: unit.commands and unit.commands[-1].name == "TILT")
    return [command.name for command in unit.commands]


PLAIN = b"USER ha\r\nPASS secret\r\nCAMERA0 PAN 5\r\n"


async def test_datagrams_are_signed_unless_it_is_said_otherwise(house: House) -> None:
    unit = await house.unit(account=Account("ha", "secret"), datagrams=DatagramRules())
    last = signed(b"CAMERA0 TILT 5\r\n", "00000001")
    assert await _performed(unit, PLAIN, b"CAMERA0 PAN 5\r\n", last) == ["TILT"]


async def test_without_an_account_nobody_can_sign(house: House) -> None:
    unit = await house.unit(datagrams=DatagramRules())
    visitor = Visitor(unit, "127.0.0.1", "127.0.0.1")
    for each in (PLAIN, b"CAMERA0 PAN 5\r\n", signed(b"CAMERA0 PAN 5\r\n", "00000001")):
        await unit.perform_datagram(visitor, each)
    assert unit.commands == []


async def test_plain_passwords_are_taken_where_that_is_said(house: House) -> None:
    rules = DatagramRules(unsigned=True)
    unit = await house.unit(account=Account("ha", "secret"), datagrams=rules)
    last = signed(b"CAMERA0 TILT 5\r\n", "00000001")
    names = await _performed(unit, b"CAMERA0 ZOOM 5\r\n", PLAIN, last)
    assert names == ["USER", "PASS", "PAN", "TILT"]


async def test_a_wrong_password_delays_its_sender_and_nobody_else(house: House) -> None:
    rules = DatagramRules(unsigned=True, allowed=frozenset({"127.0.0.1", "127.0.0.2"}))
    unit = await house.unit(account=Account("ha", "secret"), datagrams=rules)
    unit.penalty = 60
    with udp_port("127.0.0.2") as guesser:
        guesser.sendto(b"USER ha\r\nPASS guess\r\n", ("127.0.0.1", unit.udp_port))
        await until(lambda: unit.commands and unit.commands[-1].name == "PASS")
        guesser.sendto(PLAIN, ("127.0.0.1", unit.udp_port))
        good = PLAIN.replace(b"PAN", b"TILT")
        assert "PAN" not in await _performed(unit, good)
