"""Logging in to a virtual unit: passwords, one-time passwords, the closed door, and TLS."""

import asyncio
from collections.abc import AsyncIterator
import ssl
import time
from typing import Any

import pytest

from custom_components.crcp.protocols.crcp.client import Controller, Timeouts
from custom_components.crcp.protocols.crcp.errors import (
    Busy,
    LinkError,
    NotAuthorised,
    TimedOut,
)
from custom_components.crcp.protocols.crcp.login import Credentials, PlainPassword
from custom_components.crcp.protocols.crcp.otp import Challenge
from custom_components.crcp.virtual.accounts import Account
from custom_components.crcp.virtual.certificates import self_signed
from custom_components.crcp.virtual.scenes import studio
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.protocols.crcp.dialogue import Wire


@pytest.fixture
async def units(socket_enabled: None) -> AsyncIterator[list[VirtualUnit]]:
    """The units to stop at the end."""
    started: list[VirtualUnit] = []
    yield started
    for unit in started:
        await unit.stop()


async def start(units: list[VirtualUnit], **options: Any) -> VirtualUnit:
    unit = studio(**options)
    unit.penalty = 0.05
    units.append(unit)
    await unit.start()
    return unit


def the_account(**options: Any) -> Account:
    return Account("ha", "This is a test.", **options)


async def _log_in(unit: VirtualUnit, credentials: Credentials | None) -> None:
    async with await Controller.connect(
        "127.0.0.1", unit.port, credentials=credentials
    ) as controller:
        assert (await controller.unit_status()).is_unit


async def test_a_password_and_an_account(units: list[VirtualUnit]) -> None:
    unit = await start(units, account=the_account(account="studio"))
    await _log_in(unit, Credentials("ha", "This is a test.", account="studio"))
    with pytest.raises(NotAuthorised, match="asks for an account"):
        await _log_in(unit, Credentials("ha", "This is a test."))
    with pytest.raises(NotAuthorised, match="530 Login incorrect"):
        await _log_in(unit, Credentials("ha", "This is a test.", account="garage"))


@pytest.mark.parametrize("who", [("ha", "wrong"), ("root", "This is a test."), ("ha", "")])
async def test_wrong_credentials(units: list[VirtualUnit], who: tuple[str, str]) -> None:
    unit = await start(units, account=the_account())
    with pytest.raises(NotAuthorised, match="530 Login incorrect") as refused:
        await _log_in(unit, Credentials(*who))
    assert refused.value.code == 530


async def test_without_credentials_the_login_is_asked_for(units: list[VirtualUnit]) -> None:
    unit = await start(units, account=the_account())
    with pytest.raises(NotAuthorised, match="530 Not logged in"):
        await _log_in(unit, None)


async def test_three_failures_are_answered_late_and_shut_the_door(
    units: list[VirtualUnit],
) -> None:
    unit = await start(units, account=the_account())
    wire = await Wire.connect(unit.port)
    await wire.hear()
    replies = []
    began = time.monotonic()
    for _ in range(3):
        await wire.ask("USER ha")
        replies.append((await wire.ask("PASS guess"))[0][:3])
    assert replies == ["530", "530", "421"]
    assert time.monotonic() - began >= 3 * unit.penalty
    assert await wire.hear() == []
    await wire.close()
    await _log_in(unit, Credentials("ha", "This is a test."))


async def test_the_real_penalty_is_a_second(units: list[VirtualUnit]) -> None:
    assert studio().penalty == 1.0


async def test_only_a_few_commands_work_before_the_login(units: list[VirtualUnit]) -> None:
    unit = await start(units, account=the_account())
    wire = await Wire.connect(unit.port)
    await wire.hear()
    for line in ("STAT", "STAT TAPE", "TAPE PLAY", "POWER OFF", "PWD", "PASV", "TYPE I", "REIN"):
        assert (await wire.ask(line))[0].startswith("530 "), line
    assert (await wire.ask("PASS early"))[0].startswith("503 ")
    assert (await wire.ask("ACCT early"))[0].startswith("503 ")
    assert (await wire.ask("HELP"))[0].startswith("214-")
    assert (await wire.ask("USER ha"))[0].startswith("331 ")
    assert (await wire.ask("PASS This is a test."))[0].startswith("230 ")
    assert (await wire.ask("TAPE PLAY"))[0].startswith("200 ")
    assert (await wire.ask("REIN"))[0].startswith("220 ")
    assert (await wire.ask("TAPE PLAY"))[0].startswith("530 ")
    assert (await wire.ask("QUIT"))[0].startswith("221 ")
    await wire.close()


async def test_a_session_that_was_reset_is_logged_in_again(units: list[VirtualUnit]) -> None:
    unit = await start(units, account=the_account())
    who = Credentials("ha", "This is a test.")
    async with await Controller.connect("127.0.0.1", unit.port, credentials=who) as controller:
        assert unit._connection
        await unit._connection.forget()
        assert (await controller.unit_status()).is_unit
        await controller.reinitialize()
        assert await controller.working_directory() == "/"


async def test_bytes_that_make_no_command_do_not_prolong_a_login(
    units: list[VirtualUnit],
) -> None:
    unit = await start(units, account=the_account())
    unit.login_time = 0.3
    wire = await Wire.connect(unit.port)
    await wire.hear()
    began = time.monotonic()

    async def drip() -> None:
        while True:
            wire.writer.write(b"X")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    assert (await wire.hear())[0].startswith("421 ")
    assert time.monotonic() - began < 3  # it would drip for ever
    dripping.cancel()
    await wire.close()


# -- one-time passwords ----------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["md5", "sha1"])
async def test_one_time_passwords_count_down(units: list[VirtualUnit], algorithm: str) -> None:
    account = the_account(challenge=Challenge(algorithm, 99, "TeSt"))
    unit = await start(units, account=account)
    for sequence in (99, 98):
        assert account.challenge
        assert account.challenge.sequence == sequence
        await _log_in(unit, Credentials("ha", "This is a test."))


async def test_a_one_time_password_works_once(units: list[VirtualUnit]) -> None:
    unit = await start(units, account=the_account(challenge=Challenge("md5", 99, "TeSt")))
    for expected in ("230", "530"):
        wire = await Wire.connect(unit.port)
        await wire.hear()
        await wire.ask("USER ha")
        assert (await wire.ask("PASS 50FE 1962 C496 5880"))[0][:3] == expected
        await wire.close()


async def test_the_plain_secret_does_not_cross_for_an_unknown_method(socket_enabled: None) -> None:
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        while line := await reader.readline():
            heard.extend(line)
            writer.write(b"331 otp-sha512 9 seed\r\n" if b"USER" in line else b"230 in\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for plain in (PlainPassword.UNLESS_CHALLENGED, PlainPassword.NEVER):
        with pytest.raises(NotAuthorised, match="method not supported"):
            await Controller.connect(
                "127.0.0.1", port, credentials=Credentials("ha", "secret", plain=plain)
            )
    assert b"secret" not in heard
    assert b"PASS" not in heard
    server.close()
    server.abort_clients()


# -- TLS -------------------------------------------------------------------------------------------


async def test_tls_from_the_first_byte(units: list[VirtualUnit]) -> None:
    served, certificate = await asyncio.to_thread(self_signed)
    unit = await start(units, tls=served, account=the_account())
    assert unit.tls_port
    trusting = ssl.create_default_context(cadata=certificate.decode())
    async with await Controller.connect(
        "127.0.0.1",
        unit.tls_port,
        tls=trusting,
        credentials=Credentials("ha", "This is a test."),
    ) as controller:
        assert (await controller.unit_status()).is_unit
        assert controller._connection.transport.get_extra_info("cipher")


async def test_a_stranger_in_tls_gets_no_byte_of_the_password(units: list[VirtualUnit]) -> None:
    served, _ = await asyncio.to_thread(self_signed)
    unit = await start(units, tls=served, account=the_account())
    assert unit.tls_port
    with pytest.raises(LinkError, match="CERTIFICATE_VERIFY_FAILED"):
        await Controller.connect(
            "127.0.0.1",
            unit.tls_port,
            tls=ssl.create_default_context(),
            credentials=Credentials("ha", "This is a test."),
        )
    assert unit.commands == []


async def test_tls_at_a_plain_port_and_plain_at_a_tls_port(units: list[VirtualUnit]) -> None:
    served, certificate = await asyncio.to_thread(self_signed)
    unit = await start(units, tls=served)
    assert unit.tls_port
    haste = Timeouts(connect=1, greeting=0.2, reply=0.5, goodbye=0.1)
    trusting = ssl.create_default_context(cadata=certificate.decode())
    with pytest.raises(LinkError):
        await Controller.connect("127.0.0.1", unit.port, tls=trusting, timeouts=haste)
    controller = await Controller.connect("127.0.0.1", unit.tls_port, timeouts=haste)
    with pytest.raises((LinkError, TimedOut)):
        await controller.unit_status()
    await controller.abort()


async def test_a_silent_peer_in_tls_is_left_soon(socket_enabled: None) -> None:
    served, certificate = await asyncio.to_thread(self_signed)
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n")
        await over.wait()  # and no answer to a goodbye
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=served)
    haste = Timeouts(reply=0.3, goodbye=0.2)
    trusting = ssl.create_default_context(cadata=certificate.decode())
    port = server.sockets[0].getsockname()[1]
    began = time.monotonic()
    with pytest.raises(TimedOut):
        async with await Controller.connect(
            "127.0.0.1", port, tls=trusting, timeouts=haste
        ) as controller:
            await controller.unit_status()
    assert time.monotonic() - began < 2
    over.set()
    server.close()
    server.abort_clients()


# -- several controllers ---------------------------------------------------------------------------


async def test_a_controller_that_is_gone_after_quit_leaves_nothing_running(
    units: list[VirtualUnit],
) -> None:
    unit = await start(units)
    wire = await Wire.connect(unit.port)
    await wire.hear()
    for line in ("TYPE I 33", "MODE P 7", "PORT 127,0,0,1,117,48"):
        assert (await wire.ask(line))[0].startswith("200 ")
    assert (await wire.ask("RETR live"))[0].startswith("150 ")
    wire.say("QUIT")
    await wire.close()
    async with asyncio.timeout(20):
        while unit._connection:
            await asyncio.sleep(0.01)
    await _log_in(unit, None)
    first = await Controller.connect("127.0.0.1", unit.port)
    async with await Controller.connect("127.0.0.1", unit.port):
        assert isinstance(await first.wait_closed(), Busy)
        await first.abort()
