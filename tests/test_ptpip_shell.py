"""scripts/ptpip against a virtual camera in a process of its own, as a person uses it."""

from collections.abc import Callable, Iterator
import json
import os
from pathlib import Path
import signal
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[1]
ROOM = ROOT / "scripts" / "lib" / "room.py"
SHELL = ROOT / "scripts" / "lib" / "ptpip_shell.py"

type Shell = Callable[..., subprocess.CompletedProcess[str]]


class Camera:
    """A virtual camera in a process of its own."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, str(ROOM), "virtual", "camera", "--port", "0", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.address = self.process.stdout.readline().removeprefix("ready ").strip()


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """What is on the camera's card: nothing that takes long to make."""
    folder = tmp_path / "card"
    folder.mkdir()
    for number in (1, 2, 3):
        (folder / f"IMG_000{number}.JPG").write_bytes(b"no real picture" * number)
    return folder


@pytest.fixture
def camera(socket_enabled: None, card: Path) -> Iterator[Callable[..., Camera]]:
    started: list[Camera] = []

    def start(*options: str) -> Camera:
        started.append(Camera("--photos", str(card), *options))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.communicate()


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOM), str(SHELL), *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config")},
            check=False,
        )

    return run


def test_a_new_camera_says_what_it_is(camera: Callable[..., Camera], shell: Shell) -> None:
    address = camera("--as", "canon", "--slots", "2", "--serial", "4711").address
    said = shell(address, "info")
    assert said.returncode == 0, said.stderr
    for expected in ("manufacturer: Canon Inc.", "4711", "vendor: Canon", "battery: 80"):
        assert expected in said.stdout
    about = json.loads(shell(address, "info", "--json").stdout)
    assert (about["serial_number"], len(about["storages"])) == ("4711", 2)
    assert about["properties"]["0x5001 BATTERY_LEVEL"] == 80


def test_pictures_are_listed_and_fetched_once(
    camera: Callable[..., Camera], shell: Shell, tmp_path: Path
) -> None:
    address = camera().address
    listed = [json.loads(line) for line in shell(address, "list", "--json").stdout.splitlines()]
    assert [each["filename"] for each in listed] == [f"IMG_{n:04}.JPG" for n in (1, 2, 3)]
    assert shell(address, "get", "--to", "got").returncode == 0
    for each in listed:
        path = tmp_path / "got" / each["folder"] / each["filename"]
        assert path.stat().st_size == each["size"]
    again = shell(address, "get", "IMG_0001.JPG", "--to", "got")
    assert again.stdout.rstrip().endswith("is there already")
    nothing = shell(address, "get", "NOTHING.JPG")
    assert (nothing.returncode, nothing.stderr) == (1, "the camera has none of NOTHING.JPG\n")


def test_a_download_goes_on_where_it_broke_off(
    camera: Callable[..., Camera], shell: Shell, card: Path, tmp_path: Path
) -> None:
    movie = bytes(range(256)) * 40_000
    (card / "CLIP.MOV").write_bytes(movie)
    address = camera("--fault", "drop-after=4000000").address
    broken = shell(address, "get", "--to", "got")
    assert broken.returncode == 1
    assert "Traceback" not in broken.stderr
    whole = shell(address, "get", "CLIP.MOV", "--to", "got", "--json")
    assert json.loads(whole.stdout)["from"] > 0
    assert (tmp_path / "got" / "DCIM" / "100CRCP" / "CLIP.MOV").read_bytes() == movie


@pytest.mark.parametrize("maker", ["generic", "canon", "nikon"])
def test_a_picture_is_taken(camera: Callable[..., Camera], shell: Shell, maker: str) -> None:
    said = shell(camera("--as", maker).address, "capture")
    assert (said.returncode, said.stdout.split()[0]) == (0, "OBJECT_ADDED"), said.stderr
    assert said.stdout.endswith("IMG_0004.JPG\n")


def test_events_are_followed(camera: Callable[..., Camera], tmp_path: Path) -> None:
    device = camera()
    watching = subprocess.Popen(
        [sys.executable, str(ROOM), str(SHELL), device.address, "watch", "--trace", "trace"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "config")},
    )
    try:
        while "GET_DEVICE_INFO" not in _trace(tmp_path):
            assert watching.poll() is None
        device.process.send_signal(signal.SIGUSR1)
        assert watching.stdout
        assert watching.stdout.readline().startswith("OBJECT_ADDED ")
        assert watching.stdout.readline() == "CAPTURE_COMPLETE\n"
        watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == 0
    finally:
        watching.kill()
        watching.communicate()
    assert "CLOSE_SESSION" in _trace(tmp_path)


def _trace(folder: Path) -> str:
    path = folder / "trace"
    return path.read_text() if path.exists() else ""


def test_a_trace_can_be_shown_to_others(
    camera: Callable[..., Camera], shell: Shell, tmp_path: Path
) -> None:
    device = camera("--serial", "SERIAL4711", "--name", "Annas camera")
    said = shell(device.address, "list", "--trace", "trace", "--mask", "--name", "Annas house")
    trace = _trace(tmp_path)
    for private in ("SERIAL4711", "Annas", "IMG_0001", "Annas".encode("utf-16-le").hex()):
        assert private not in trace
        assert private not in said.stdout
    for meaning in ("GET_OBJECT_INFO", "INIT_COMMAND_ACK", "EXIF_JPEG", "capture_date"):
        assert meaning in trace
    plain = shell(device.address, "list", "--trace", "trace")
    assert plain.returncode == 0
    assert "SERIAL4711" in _trace(tmp_path)


@pytest.mark.parametrize(
    ("maker", "asked", "named"),
    [
        ("canon", "capture", "code=SET_EVENT_MODE (0x9115)"),
        ("nikon", "capture", "code=GET_EVENT_EX (0x941C)"),
        ("sony", "list", "code=TRANSFER_STATE (0x9280)"),
    ],
)
def test_a_trace_names_the_makers_own_operations(
    camera: Callable[..., Camera], shell: Shell, tmp_path: Path, maker: str, asked: str, named: str
) -> None:
    device = camera("--as", maker)
    assert shell(device.address, asked, "--trace", "trace").returncode == 0
    assert named in _trace(tmp_path)
    assert named[5:].partition(" ")[0] in shell(device.address, "info").stdout


def test_the_camera_knows_us_again_and_we_can_be_somebody_new(
    camera: Callable[..., Camera], shell: Shell, tmp_path: Path
) -> None:
    address = camera().address
    identity = tmp_path / "config" / "crcp" / "ptpip-identity.json"
    shell(address, "list")
    first = identity.read_text()
    shell(address, "list")
    assert identity.read_text() == first
    shell(address, "list", "--new-identity")
    assert identity.read_text() != first


def test_one_object_that_is_refused_hides_no_other(
    camera: Callable[..., Camera], shell: Shell
) -> None:
    said = shell(camera("--fault", "general-error=5").address, "list")
    assert said.returncode == 0, said.stderr
    assert "left out: GET_OBJECT_INFO was refused: GENERAL_ERROR" in said.stderr
    assert "IMG_0003.JPG" in said.stdout


@pytest.mark.parametrize(
    ("fault", "words"),
    [("init-fail=1", "REJECTED_INITIATOR"), ("init-fail=2", "BUSY"), ("event-fail=3", "refused")],
)
def test_a_refusal_is_said_plainly(
    camera: Callable[..., Camera], shell: Shell, fault: str, words: str
) -> None:
    said = shell(camera("--fault", fault).address, "info")
    assert said.returncode == 1
    assert words in said.stderr
    assert "Traceback" not in said.stderr


def test_a_camera_that_is_not_there_is_said_plainly(shell: Shell, socket_enabled: None) -> None:
    said = shell("127.0.0.1:1", "info")
    assert said.returncode == 1
    assert "127.0.0.1 port 1" in said.stderr
    assert shell("127.0.0.1:x", "info").stderr == "'x' is no port\n"
