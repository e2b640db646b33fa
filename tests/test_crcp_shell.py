"""scripts/crcp against a virtual unit in a process of its own, as a person uses it."""

import asyncio
from collections.abc import Callable, Iterator
import json
import os
from pathlib import Path
import pty
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


def test_a_transfer_is_known_however_it_is_typed(unit: Callable[..., str], shell: Shell) -> None:
    address = unit()
    for retrieve, abort in (("retr live", "abor"), ("STREAM0 RETR live", "STREAM0 ABORT")):
        result = shell(address, "type i 33", "PASV", retrieve, "STAT TAPE", abort, "STAT POWER")
        codes = [line[:4] for line in result.stdout.splitlines() if line[:3].isdigit()]
        assert codes == ["200 ", "227 ", "150 ", "211-", "211 ", "426 ", "226 ", "211-", "211 "]
        assert (result.returncode, result.stderr) == (1, ""), "one reply was 426"


def test_a_listing_is_known_however_it_is_typed(unit: Callable[..., str], shell: Shell) -> None:
    result = shell(unit(), "FILE0 NLST", "name list", "NLST")
    assert result.stdout.splitlines() == ["holiday-1998.ts", "wedding.ts"] * 3
    assert result.returncode == 0


def test_nothing_is_said_after_goodbye(unit: Callable[..., str], shell: Shell) -> None:
    for goodbye in ("QUIT", "logout"):
        result = shell(unit(), goodbye, "STAT")
        assert result.returncode == 1
        assert result.stdout.startswith("221 ")
        assert result.stderr == "crcp: the unit has said goodbye\n"


def test_an_empty_command_is_none(unit: Callable[..., str], shell: Shell) -> None:
    result = shell(unit(), " ")
    assert (result.returncode, result.stderr) == (1, "crcp: a command cannot be empty\n")


def test_what_cannot_be_written_is_told_in_words(
    unit: Callable[..., str], shell: Shell, tmp_path: Path
) -> None:
    result = shell(f"cccp://{unit()}/wedding.ts", "--output", str(tmp_path / "none" / "x"))
    assert result.returncode == 1
    assert result.stderr.startswith("crcp: [Errno 2]")
    assert "Traceback" not in result.stderr


def test_a_folder_of_a_url_is_gone_to(unit: Callable[..., str], shell: Shell) -> None:
    result = shell(f"cccp://{unit()}/nodir/", "STAT")
    assert result.returncode == 1
    assert result.stderr.startswith("crcp: 550")


def test_an_address_of_ipv6_may_stand_alone(shell: Shell) -> None:
    assert "cannot connect to ::1" in shell("::1", "STAT").stderr


async def test_the_status_says_what_was_refused(socket_enabled: None, shell: Shell) -> None:
    async with AnsweringUnit({"STAT": "211 TAPE0", "STAT TAPE0": "503 no power"}) as unit:
        result = await asyncio.to_thread(shell, f"127.0.0.1:{unit.port}", "--status")
    assert (result.returncode, result.stderr) == (1, "crcp: TAPE0: 503 no power\n")
    assert result.stdout == "subunits: TAPE0\n"


def test_a_signature_counts_for_the_length_of_a_datagram(shell: Shell) -> None:
    line = f"CWD {'x' * 1190}"
    for options in ((), ("--user", "ha")):
        result = shell("127.0.0.1", "--udp", *options, line, password="secret")
        assert result.returncode == (1 if options else 0)
        assert ("do not fit" in result.stderr) is bool(options)


def test_the_history_keeps_commands_and_no_secrets(
    unit: Callable[..., str], tmp_path: Path
) -> None:
    """On a terminal, which is where there is a history."""
    typed = ["CONNECTION0 PASS topsecret", "pass topsecret", "ACCOUNT topsecret", "STAT POWER"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [SCRIPTS / "crcp", unit()],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "TERM": "dumb"},
    ) as process:
        os.write(ours, "".join(f"{line}\n" for line in (*typed, "QUIT")).encode())
        assert process.wait(30) == 0
    os.close(ours)
    os.close(theirs)
    kept = (tmp_path / "crcp_history").read_text()
    assert "STAT POWER" in kept
    assert "topsecret" not in kept
