"""scripts/crcp against a virtual unit in a process of its own, as a person uses it."""

import asyncio
from collections.abc import Callable, Iterator
import json
import os
from pathlib import Path
import subprocess

import pytest

from tests.helpers import until
from tests.protocols.crcp.dialogue import AnsweringUnit

SCRIPTS = Path(__file__).parent.parent / "scripts"

type Shell = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def unit() -> Iterator[Callable[..., str]]:
    """Start a unit with options; gives its address."""
    running = []

    def start(*options: str) -> str:
        process = subprocess.Popen(
            [SCRIPTS / "virtual", "unit", "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process.stdout.readline().removeprefix("ready ").strip()

    yield start
    for process in running:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    def run(
        *arguments: str, typed: str = "", password: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
        if password is not None:
            environment["CRCP_PASSWORD"] = password
        return subprocess.run(
            [SCRIPTS / "crcp", *arguments],
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=False,
        )

    return run


def test_commands_are_sent_and_their_replies_printed(
    unit: Callable[..., str], shell: Shell
) -> None:
    result = shell(unit(), "TAPE0 PLAY 1", "STAT POWER")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "200 Command okay\n211-ON\n ON\n OFF\n211 end\n"


def test_the_exit_status_is_0_only_when_every_reply_was_a_success(
    unit: Callable[..., str], shell: Shell
) -> None:
    result = shell(unit(), "TAPE0 EJECT", "STAT")
    assert result.returncode == 1
    assert result.stdout.startswith("502 Command not implemented\n211-status response\n")


def test_the_status_is_told_as_text_and_as_json(unit: Callable[..., str], shell: Shell) -> None:
    address = unit("--personality", "signed")
    status = json.loads(shell(address, "--json").stdout)
    assert status["cameras"]["CAMERA0"]["PAN"] == {
        "minimum": -170,
        "current": 12,
        "maximum": 170,
        "automatic": None,
    }
    assert "PAN        12   -170 .. 170" in shell(address, "--status").stdout


def test_the_prompt_takes_lines_until_quit(unit: Callable[..., str], shell: Shell) -> None:
    result = shell(unit(), typed="STAT POWER0\nNLST\nQUIT\nPOWER0 OFF\n")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "220 Virtual unit ready",
        "211-ON",
        " ON",
        " OFF",
        "211 end",
        "holiday-1998.ts",
        "wedding.ts",
    ]


def test_a_login_is_asked_for_and_a_wrong_one_told(unit: Callable[..., str], shell: Shell) -> None:
    address = unit("--login", "ha:correct horse")
    assert shell(address, "STAT").stdout == "530 Not logged in\n"
    assert shell(address, "--user", "ha", "STAT", password="correct horse").returncode == 0
    refused = shell(address, "--user", "ha", "STAT", password="wrong")
    assert (refused.returncode, refused.stderr) == (1, "crcp: 530 Login incorrect\n")
    assert shell(f"cccp://ha:correct%20horse@{address}", "STAT").returncode == 0


def test_a_url_lists_and_fetches(unit: Callable[..., str], shell: Shell, tmp_path: Path) -> None:
    address = unit()
    listing = shell(f"cccp://{address}/;type=d")
    assert listing.stdout == "holiday-1998.ts\nwedding.ts\n"
    file = tmp_path / "wedding.ts"
    shell(f"cccp://{address}/wedding.ts", "--output", str(file), "TAPE0 FF 16")
    assert file.stat().st_size % 188 == 0
    assert file.read_bytes()[:1] == b"\x47"


def test_datagrams_are_signed_and_never_answered(unit: Callable[..., str], shell: Shell) -> None:
    address = unit("--login", "ha:secret", "--udp")
    sent = shell(address, "--udp", "--user", "ha", "TAPE0 PLAY 1", password="secret")
    assert (sent.returncode, sent.stdout) == (0, "")
    status = shell(address, "--json", "--user", "ha", password="secret")
    assert json.loads(status.stdout)["tapes"]["TAPE0"]["operation"] == "PLAY"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("127.0.0.1:1", "STAT"), "cannot connect to 127.0.0.1 port 1"),
        (("ftp://127.0.0.1", "STAT"), "ftp is not the scheme of a CRCP unit"),
        (("127.0.0.1:99999", "STAT"), "99999 is no port"),
        (("127.0.0.1", "--udp"), "there are none"),
    ],
)
def test_what_is_wrong_is_told_in_words(
    shell: Shell, arguments: tuple[str, ...], words: str
) -> None:
    result = shell(*arguments)
    assert result.returncode == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_a_misbehaving_unit_is_told_in_words(unit: Callable[..., str], shell: Shell) -> None:
    result = shell(unit("--fault", "garbled"), "STAT")
    assert result.returncode == 1
    assert "not a reply" in result.stderr


async def test_the_prompt_keeps_its_connection_awake(socket_enabled: None, tmp_path: Path) -> None:
    """Units end what is idle for five minutes, and a person may think for longer."""
    async with AnsweringUnit({"STAT": "211-status\n TAPE0\n211 end"}) as unit:
        process = await asyncio.create_subprocess_exec(
            SCRIPTS / "crcp",
            f"127.0.0.1:{unit.port}",
            "--keep-alive",
            "0.02",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        )
        await until(lambda: unit.heard.count("STAT") >= 3, within=60)
        told, _ = await process.communicate()
    assert process.returncode == 0
    assert b"211" not in told
