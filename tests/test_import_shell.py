"""scripts/import against a virtual camera in a process of its own, as a person uses it."""

from collections.abc import Callable, Iterator
import json
import os
from pathlib import Path
import pty
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ROOM = ROOT / "scripts" / "lib" / "room.py"
SHELL = ROOT / "scripts" / "lib" / "import_shell.py"

type Shell = Callable[..., subprocess.CompletedProcess[str]]
type StartCamera = Callable[..., str]


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """What is on the camera's card, by day of capture."""
    folder = tmp_path / "card"
    folder.mkdir()
    for day, name in enumerate(("IMG_0001.JPG", "IMG_0002.JPG", "IMG_0003.NEF", "MVI_4.MOV"), 1):
        path = folder / name
        path.write_bytes(name.encode() * 1000)
        moment = 1_780_000_000 + day * 86400  # 2026-05-28 and on
        os.utime(path, (moment, moment))
    return folder


@pytest.fixture
def start_camera(socket_enabled: None, card: Path) -> Iterator[StartCamera]:
    """Start a virtual camera with the card in it; give its address."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> str:
        command = [sys.executable, str(ROOM), "virtual", "camera", "--port", "0"]
        command += ["--photos", str(card), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        return process.stdout.readline().removeprefix("ready ").strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    return folder


def command(*arguments: object) -> list[str]:
    """The command; nothing stays free where a test does not say how much."""
    return [sys.executable, str(ROOM), str(SHELL), "--reserve", "0", *map(str, arguments)]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def shell(environment: dict[str, str]) -> Shell:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=False,
        )

    return run


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def counts(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON that ends the output."""
    assert "Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_all_pictures_come_once_and_whole(
    start_camera: StartCamera, shell: Shell, card: Path, folder: Path
) -> None:
    address = start_camera()
    first = shell(address, folder, "--json")
    assert first.returncode == 0, first.stderr
    size = sum(path.stat().st_size for path in card.iterdir())
    assert counts(first) == {
        "complete": True,
        "imported": 4,
        "bytes": size,
        "known": 0,
        "absent": 0,
        "not_chosen": 0,
        "deleted": 0,
        "failed": [],
        "problem": None,
    }
    assert sorted(path.read_bytes() for path in folder.rglob("*.*")) == sorted(
        path.read_bytes() for path in card.iterdir()
    )
    second = shell(address, folder)
    assert (second.returncode, second.stdout) == (0, "0 imported (0.0 MiB), 4 known before\n")


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        (["--kind", "photo"], ["IMG_0001.JPG", "IMG_0002.JPG"]),
        (["--kind", "raw", "--kind", "video"], ["IMG_0003.NEF", "MVI_4.MOV"]),
        (["--slot", "2"], []),
        (["--since", "2026-05-31"], ["IMG_0003.NEF", "MVI_4.MOV"]),
        (["--since", "2026-05-30", "--until", "2026-05-30"], ["IMG_0002.JPG"]),
        (["--protected-only"], []),
        (["--from-now-on"], []),
    ],
)
def test_filters_choose(
    start_camera: StartCamera, shell: Shell, folder: Path, filters: list[str], chosen: list[str]
) -> None:
    done = shell(start_camera(), folder, "--json", *filters)
    assert done.returncode == 0, done.stderr
    assert names(folder) == chosen
    said = counts(done)
    assert said["imported"] == len(chosen)
    assert said["not_chosen"] == (0 if "--from-now-on" in filters else 4 - len(chosen))


def test_a_template_says_where(start_camera: StartCamera, shell: Shell, folder: Path) -> None:
    template = ["--template", "{camera}/{counter}-{name}", "--name", "Mine"]
    preview = shell("anywhere", folder, *template, "--preview")
    assert (preview.returncode, preview.stdout) == (0, "Mine/000042-IMG_0042.JPG\n")
    assert shell(start_camera(), folder, *template).returncode == 0
    assert names(folder / "Mine") == [
        "000001-IMG_0001.JPG",
        "000002-IMG_0002.JPG",
        "000003-IMG_0003.NEF",
        "000004-MVI_4.MOV",
    ]
    wrong = shell("anywhere", folder, "--template", "../{name}")
    assert wrong.returncode == 2
    assert "begins with a dot" in wrong.stderr


def test_a_ledger_belongs_to_a_folder(
    start_camera: StartCamera, shell: Shell, folder: Path, tmp_path: Path
) -> None:
    """What is in one folder is not in another, whatever a ledger says."""
    address, ledger = start_camera(), tmp_path / "books" / "ledger.sqlite"
    assert shell(address, folder, "--ledger", ledger).returncode == 0
    with sqlite3.connect(ledger) as connection:
        assert connection.execute("SELECT count(*) FROM imported").fetchone() == (4,)
    connection.close()
    other = tmp_path / "other"
    other.mkdir()
    refused = shell(address, other, "--ledger", ledger)
    assert refused.returncode == 1
    assert f"is the ledger of {folder}" in refused.stderr
    assert names(other) == []
    assert shell(address, other).returncode == 0
    assert len(names(other)) == 4
    folder.rename(tmp_path / "moved")
    moved = shell(address, tmp_path / "moved", "--ledger", ledger, "--moved", "--json")
    assert (moved.returncode, counts(moved)["known"]) == (0, 4), moved.stderr


def test_what_a_person_took_away_is_not_said_to_be_there(
    start_camera: StartCamera, shell: Shell, folder: Path
) -> None:
    address = start_camera()
    assert shell(address, folder).returncode == 0
    next(folder.rglob("IMG_0001.JPG")).unlink()
    again = shell(address, folder, "--json")
    said = counts(again)
    assert (again.returncode, said["complete"], said["absent"]) == (1, False, 1)
    assert "IMG_0001.JPG" not in names(folder)


def test_what_is_safe_is_deleted_on_the_camera_only_if_that_is_wanted(
    start_camera: StartCamera, shell: Shell, folder: Path
) -> None:
    address = start_camera()
    assert counts(shell(address, folder, "--json"))["deleted"] == 0
    assert counts(shell(address, folder, "--delete", "--json"))["deleted"] == 4
    assert counts(shell(address, folder, "--json"))["known"] == 0
    assert len(names(folder)) == 4


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "no-such-host.invalid"])
def test_a_wrong_host_is_said_at_once_and_in_words(
    socket_enabled: None, shell: Shell, folder: Path, host: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        begun = time.monotonic()
        done = shell(host.format(port=unused.getsockname()[1]), folder, "--json")
    assert time.monotonic() - begun < 20
    assert done.returncode == 1
    assert counts(done)["complete"] is False
    assert counts(done)["problem"]
    assert done.stderr.startswith("import: ")


def test_a_wrong_command_is_told_from_a_failure(shell: Shell, folder: Path, tmp_path: Path) -> None:
    assert shell("camera:what", folder).returncode == 2
    missing = shell("127.0.0.1:1", tmp_path / "missing")
    assert missing.returncode == 1
    assert "is no folder" in missing.stderr
    assert not (tmp_path / "missing").exists()


def test_a_picture_that_fails_is_named_and_the_others_come(
    start_camera: StartCamera, shell: Shell, folder: Path
) -> None:
    done = shell(start_camera("--fault", "gone=1"), folder, "--json")
    said = counts(done)
    assert (done.returncode, said["imported"], len(said["failed"])) == (1, 3, 1)
    assert said["failed"][0]["file"] == "MVI_4.MOV"


def test_a_lost_link_is_made_again(
    start_camera: StartCamera, shell: Shell, card: Path, folder: Path
) -> None:
    movie = random.Random(1).randbytes(3_000_000)
    (card / "LONG.MOV").write_bytes(movie)
    done = shell(start_camera("--fault", "drop-after=2000000"), folder, "--json")
    assert done.returncode == 0, done.stderr
    said = counts(done)
    assert (said["imported"], said["known"]) == (5, 0)
    assert next(folder.rglob("LONG.MOV")).read_bytes() == movie


def test_ctrl_c_is_safe_and_the_next_run_goes_on(
    start_camera: StartCamera,
    shell: Shell,
    card: Path,
    folder: Path,
    environment: dict[str, str],
) -> None:
    movie = random.Random(1).randbytes(6_000_000)
    (card / "LONG.MOV").write_bytes(movie)
    stalling = start_camera("--fault", "stall-after=4000000")
    process = subprocess.Popen(
        command(stalling, folder, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    deadline = time.monotonic() + 30
    while sum(part.stat().st_size for part in folder.rglob(".*.part")) < 2 << 20:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=90)
    assert process.returncode == 130
    assert json.loads(out)["complete"] is False
    assert "Traceback" not in err
    assert not list(folder.rglob("LONG.MOV"))
    (part,) = folder.rglob(".*.part")
    assert movie.startswith(part.read_bytes())
    assert shell(start_camera(), folder).returncode == 0
    assert next(folder.rglob("LONG.MOV")).read_bytes() == movie
    assert not list(folder.rglob(".*"))


def test_a_bar_shows_file_rate_and_what_remains(
    start_camera: StartCamera, card: Path, folder: Path, environment: dict[str, str]
) -> None:
    """On a terminal, and not where --quiet says so."""
    with (card / "LONG.MOV").open("wb") as file:
        file.truncate(300_000_000)
    address = start_camera()
    shown = {}
    for quiet in ([], ["--quiet"]):
        master, slave = pty.openpty()
        place = folder / ("quiet" if quiet else "loud")
        place.mkdir()
        process = subprocess.Popen(
            command(address, place, *quiet),
            stdout=subprocess.DEVNULL,
            stderr=slave,
            env=environment,
        )
        os.close(slave)
        shown[bool(quiet)] = read_all(master)
        assert process.wait() == 0
    assert "LONG.MOV" in shown[False]
    assert "MiB/s" in shown[False]
    assert " left" in shown[False]
    assert shown[True] == ""


def test_what_the_camera_would_not_describe_is_not_said_to_be_there(
    start_camera: StartCamera, shell: Shell, folder: Path
) -> None:
    done = shell(start_camera("--fault", "denied"), folder, "--json")
    said = counts(done)
    assert (done.returncode, said["complete"], said["imported"]) == (1, False, 0)
    # The folders of a virtual card are objects as well.
    assert len(said["failed"]) >= 4
    assert {each["file"] for each in said["failed"]} == {None}
    assert "ACCESS_DENIED" in said["failed"][0]["reason"]


def test_a_picture_that_was_cut_short_in_the_folder_is_not_said_to_be_there(
    start_camera: StartCamera, shell: Shell, folder: Path
) -> None:
    address = start_camera()
    assert shell(address, folder).returncode == 0
    os.truncate(next(folder.rglob("IMG_0002.JPG")), 100)
    again = shell(address, folder, "--json")
    assert (again.returncode, counts(again)["absent"]) == (1, 1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--reserve", "nan"], "no size"),
        (["--reserve", "-1"], "no size"),
        (["--since", "2026-05-02", "--until", "2026-05-01"], "--since is after --until"),
        (["--slot", "7"], "invalid choice"),
    ],
)
def test_what_makes_no_sense_is_a_wrong_command(
    shell: Shell, folder: Path, options: list[str], words: str
) -> None:
    wrong = shell("127.0.0.1:1", folder, *options)
    assert (wrong.returncode, "Traceback" in wrong.stderr) == (2, False)
    assert words in wrong.stderr


def test_a_preview_needs_no_camera_and_an_import_needs_both(shell: Shell, folder: Path) -> None:
    shown = shell("--preview", "--template", "{camera}/{name}")
    assert (shown.returncode, shown.stdout) == (0, "Camera/IMG_0042.JPG\n")
    assert shell("--json").returncode == shell("127.0.0.1:1").returncode == 2


def test_a_camera_that_is_busy_for_a_while_is_waited_for(
    start_camera: StartCamera, shell: Shell, folder: Path
) -> None:
    done = shell(start_camera("--fault", "busy=8"), folder, "--json")
    assert (done.returncode, counts(done)["imported"]) == (0, 4), done.stderr
    assert "trying again" in done.stderr


def test_the_reserve_is_a_share_of_a_large_disk_unless_somebody_says_how_much(
    start_camera: StartCamera, folder: Path, environment: dict[str, str]
) -> None:
    """5 % of 100 GiB would leave nothing of what is free here."""
    program = (
        "import os, runpy, sys\n"
        "said = os.statvfs('/')\n"
        "blocks = (100 << 30) // said.f_frsize\n"
        "class Disk:\n"
        "    f_frsize, f_blocks, f_bavail = said.f_frsize, blocks, blocks // 25\n"
        "os.statvfs = lambda _: Disk\n"
        "sys.argv[:] = sys.argv[1:]\n"
        "sys.path[:0] = [os.path.dirname(sys.argv[0])]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    start = [sys.executable, "-c", program, str(ROOM), str(SHELL), start_camera(), str(folder)]
    for reserve, status in ([], 1), (["--reserve", "1"], 0):
        done = subprocess.run(
            [*start, *reserve],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment,
            check=False,
        )
        assert done.returncode == status, done.stderr
    assert len(names(folder)) == 4


def read_all(terminal: int) -> str:
    """What was written to a terminal until it was closed."""
    text = b""
    try:
        while piece := os.read(terminal, 1 << 16):
            text += piece
    except OSError:  # the other side is closed
        pass
    os.close(terminal)
    return text.decode()
