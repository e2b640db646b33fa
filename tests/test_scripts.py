"""The commands that a newcomer types, run as a newcomer runs them."""

import ftplib
import json
from pathlib import Path
import re
import signal
import socket
import subprocess
from typing import Any
import urllib.request

from PIL import Image
import pytest

from tests.helpers import until

SCRIPTS = Path(__file__).parent.parent / "scripts"

# A whole Home Assistant starts.
A_WHOLE_HOME = pytest.mark.timeout(300)


@pytest.fixture
def free_port(socket_enabled: None) -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [SCRIPTS / command[0], *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*command: str) -> subprocess.CompletedProcess[str]:
    process = start(*command)
    out, err = process.communicate(timeout=280)
    return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.mark.parametrize("name", ["lint", "setup", "screenshots", "ptpip", "bench/all"])
def test_a_command_that_is_asked_for_help_helps_and_does_nothing_else(name: str) -> None:
    result = run(name, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    first = result.stdout.splitlines()[0]
    assert first.endswith(".") or first.startswith(f"usage: scripts/{name} ")


@pytest.mark.parametrize("device", ["unit", "camera"])
def test_a_virtual_device_says_when_it_is_ready_and_ends_at_ctrl_c(device: str) -> None:
    process = start("virtual", device, "--port", "0")
    assert process.stdout
    assert re.fullmatch(r"ready 127\.0\.0\.1:\d+\n", process.stdout.readline())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_a_virtual_device_says_when_its_port_is_taken(free_port: int) -> None:
    with socket.create_server(("127.0.0.1", free_port)):
        result = run("virtual", "unit", "--port", str(free_port))
    assert result.returncode == 1
    assert f"127.0.0.1:{free_port}" in result.stderr


def test_ftplib_drives_a_unit_in_a_process_of_its_own(socket_enabled: None) -> None:
    process = start("virtual", "unit", "--port", "0")
    assert process.stdout
    port = int(process.stdout.readline().rpartition(":")[2])
    with ftplib.FTP() as ftp:
        ftp.connect("127.0.0.1", port, timeout=10)
        ftp.login()
        assert ftp.sendcmd("STAT").startswith("211-")
        assert ftp.sendcmd("TAPE0 PLAY 1").startswith("200 ")
        assert ftp.sendcmd("CAMERA0 PAN +").startswith("200 ")
    process.terminate()
    process.communicate(timeout=20)


@A_WHOLE_HOME
def test_the_demo_shows_everything_and_leaves_nothing_behind(
    tmp_path: Path, free_port: int
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number, colour in enumerate(("red", "green", "blue"), 1):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2020:02:{number:02} 10:00:00"
        Image.new("RGB", (64, 48), colour).save(photos / f"{colour}.jpg", exif=exif)
    folder = tmp_path / "demo"
    options = ("--once", "--photos", str(photos), "--folder", str(folder))
    result = run("demo", *options, "--port", str(free_port))
    assert result.returncode == 0, result.stdout + result.stderr
    landed = {
        str(path.relative_to(folder / "media")): path.read_bytes()
        for path in (folder / "media").rglob("*.jpg")
    }
    assert landed == {
        f"Virtual camera/2020/2020-02-0{number}/{colour}.jpg": (
            photos / f"{colour}.jpg"
        ).read_bytes()
        for number, colour in enumerate(("red", "green", "blue"), 1)
    }
    assert processes_with(str(folder)) == []


def pictures_below(folder: str) -> list[Path]:
    return list(Path(folder).rglob("*.JPG"))


def ask(up: dict[str, Any], path: str) -> Any:
    """Call Home Assistant's API as a script would that reads the line of --json."""
    request = urllib.request.Request(
        f"{up['address']}/api/{path}", headers={"Authorization": f"Bearer {up['token']}"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


@A_WHOLE_HOME
async def test_the_demo_stays_up_for_scripts_until_it_is_told_to_end(
    tmp_path: Path, free_port: int
) -> None:
    process = start("demo", "--json", "--folder", str(tmp_path), "--port", str(free_port))
    assert process.stdout
    up = json.loads(process.stdout.readline())
    (power,) = [each for each in up["entities"]["Living room deck"] if each.endswith("_power")]
    assert ask(up, f"states/{power}")["state"] == "on"
    (count,) = [each for each in up["entities"]["Virtual camera"] if each.endswith("_imported")]
    await until(lambda: ask(up, f"states/{count}")["state"] == "12")
    assert len(pictures_below(up["media"])) == 12
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert processes_with(str(tmp_path)) == []


@A_WHOLE_HOME
async def test_nothing_stays_behind_when_the_demo_is_killed(tmp_path: Path, free_port: int) -> None:
    process = start("demo", "--folder", str(tmp_path), "--port", str(free_port))
    await until((tmp_path / "home-assistant.log").exists, within=60)
    process.kill()
    process.communicate(timeout=60)
    await until(lambda: processes_with(str(tmp_path)) == [], within=60)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--port", "{port}"), "is in use"),
        (("--photos", "{folder}/nowhere"), "is not a folder"),
    ],
)
def test_the_demo_says_what_is_wrong(
    tmp_path: Path, free_port: int, options: tuple[str, ...], words: str
) -> None:
    with socket.create_server(("127.0.0.1", free_port)):
        given = [option.format(port=free_port, folder=tmp_path) for option in options]
        result = run("demo", "--once", "--folder", str(tmp_path), *given)
    assert result.returncode == 1
    assert words in result.stderr


def processes_with(argument: str) -> list[str]:
    """The command lines of the running processes that name something in them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if argument in line:
            found.append(line)
    return found
