"""What scripts/ptpip fetches is whole, is there once, and lies over nothing else."""

from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[1]
ROOM = str(ROOT / "scripts" / "lib" / "room.py")
SHELL = str(ROOT / "scripts" / "lib" / "ptpip_shell.py")
MOVIE = bytes(range(256)) * 40_000


@contextlib.contextmanager
def running(*options: str) -> Iterator[str]:
    """Run a virtual camera; give its address."""
    command = [sys.executable, ROOM, "virtual", "camera", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().removeprefix("ready ").strip()
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def said(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOM, SHELL, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def get(address: str, to: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return said(address, "get", *arguments, "--to", str(to))


def card(folder: Path, **files: bytes) -> str:
    """A folder of files whose names have an underscore for the dot."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return str(folder)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_two_cards_may_call_two_pictures_the_same(tmp_path: Path) -> None:
    first = card(tmp_path / "1", A_JPG=b"first", B_JPG=b"b")
    second = card(tmp_path / "2", A_JPG=b"second")
    expected = {
        "card1/DCIM/100CRCP/A.JPG": b"first",
        "card1/DCIM/100CRCP/B.JPG": b"b",
        "card2/DCIM/100CRCP/A.JPG": b"second",
    }
    with running("--photos", first, "--photos", second) as address:
        listed = said(address, "list").stdout.splitlines()
        assert [line.split()[-1] for line in listed] == list(expected)
        assert get(address, tmp_path / "got").returncode == 0
        assert contents(tmp_path / "got") == expected
        again = get(address, tmp_path / "got")
        assert [line.endswith("is there already") for line in again.stdout.splitlines()] == [
            True
        ] * 3
        assert contents(tmp_path / "got") == expected


@pytest.mark.parametrize("maker", ["generic", "nikon", "sony"])
def test_another_picture_of_the_same_name_is_kept_beside_it(tmp_path: Path, maker: str) -> None:
    to = tmp_path / "got"
    for content in (b"last year", b"this year", b"next year"):
        folder = card(tmp_path / content.decode(), A_JPG=content)
        with running("--photos", folder, "--as", maker) as address:
            for _ in range(2):
                assert get(address, to).returncode == 0
    kept = {Path(name).name: content for name, content in contents(to).items()}
    assert kept == {"A.JPG": b"last year", "A-1.JPG": b"this year", "A-2.JPG": b"next year"}


def test_a_camera_that_gives_no_parts_is_compared_whole(tmp_path: Path) -> None:
    folder = card(tmp_path / "card", A_JPG=b"picture")
    with running("--photos", folder, "--fault", "no-parts") as address:
        assert get(address, tmp_path / "got").stdout.endswith("7 bytes\n")
        assert get(address, tmp_path / "got").stdout.endswith("is there already\n")
        (tmp_path / "got" / "DCIM" / "100CRCP" / "A.JPG").write_bytes(b"garbage")
        assert get(address, tmp_path / "got").returncode == 0
    assert sorted(contents(tmp_path / "got").values()) == [b"garbage", b"picture"]


@pytest.mark.parametrize(
    "left",
    [b"GARBAGE!", b"Z" * len(MOVIE), MOVIE[:1000] + b"x", b"Z" + MOVIE[1:], MOVIE + b"more"],
    ids=["short", "whole", "a wrong end", "a wrong beginning", "too long"],
)
def test_what_is_no_part_of_the_object_is_not_gone_on_with(tmp_path: Path, left: bytes) -> None:
    folder = card(tmp_path / "card", CLIP_MOV=MOVIE)
    with running("--photos", folder, "--fault", "drop-after=4000000") as address:
        assert get(address, tmp_path / "got").returncode == 1
        (part,) = (path for path in (tmp_path / "got").rglob("*") if path.is_file())
        part.write_bytes(left)
        assert get(address, tmp_path / "got").returncode == 0
    assert contents(tmp_path / "got") == {"DCIM/100CRCP/CLIP.MOV": MOVIE}


def test_an_object_is_found_by_whatever_it_is_listed_as(tmp_path: Path) -> None:
    files = {f"{letter}_JPG": letter.encode() for letter in "ABCDEFGHIJ"}
    with running("--photos", card(tmp_path / "card", **files)) as address:
        *_, last = said(address, "list").stdout.splitlines()
        handle, path = last.split()[0], last.split()[-1]
        assert any(c in "ABCDEF" for c in handle), "a handle whose letters are large"
        for name in (handle, handle.lower(), str(int(handle, 16)), path, "J.JPG"):
            found = get(address, tmp_path / "got", name)
            assert found.returncode == 0, found.stderr
        assert contents(tmp_path / "got") == {path: b"J"}
        some = get(address, tmp_path / "got", "A.JPG", "NOTHING.JPG")
        assert (some.returncode, some.stderr) == (1, "the camera has none of NOTHING.JPG\n")
        assert (tmp_path / "got" / "DCIM" / "100CRCP" / "A.JPG").exists()


def test_one_object_that_fails_does_not_keep_the_others_back(tmp_path: Path) -> None:
    folder = card(tmp_path / "card", A_JPG=b"a", B_JPG=b"b")
    with running("--photos", folder, "--fault", "gone=1") as address:
        some = get(address, tmp_path / "got")
    assert some.returncode == 1
    assert "A.JPG: GET_OBJECT was refused: INVALID_OBJECT_HANDLE" in some.stderr
    assert some.stderr.endswith("1 objects were not fetched\n")
    assert contents(tmp_path / "got") == {"DCIM/100CRCP/B.JPG": b"b"}


def test_a_name_that_no_disk_takes_is_shortened(tmp_path: Path) -> None:
    folder = card(tmp_path / "card", B_JPG=b"b", **{"N" * 240 + "_JPG": b"long"})
    with running("--photos", folder) as address:
        assert get(address, tmp_path / "got").returncode == 0
    assert sorted(contents(tmp_path / "got").values()) == [b"b", b"long"]


def test_a_card_is_walked_where_it_is_not_listed_at_once(tmp_path: Path) -> None:
    folder = card(tmp_path / "card", A_JPG=b"a")
    for how in ("1", "2"):
        with running("--photos", folder, "--fault", f"no-flat={how}") as address:
            assert said(address, "list").stdout.endswith(" DCIM/100CRCP/A.JPG\n")


def test_a_mask_hides_names_wherever_they_are_said(tmp_path: Path) -> None:
    folder = card(tmp_path / "card", ANNA_JPG=b"a")
    with running("--photos", folder, "--serial", "SERIAL4711") as address:
        to = tmp_path / "Annas folder"
        asked = [("list",), ("list", "--json"), ("info",), ("info", "--json")]
        asked += [("get", "--to", str(to), *how) for how in ((), ("--json",)) * 2]
        for each in asked:
            answer = said(address, "--mask", *each)
            assert answer.returncode == 0, answer.stderr
            for private in ("Anna", "ANNA", "SERIAL4711", "Memory card"):
                assert private not in answer.stdout, each
    assert contents(to) == {"DCIM/100CRCP/ANNA.JPG": b"a"}


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    with running("--objects", "3000") as address:
        command = [sys.executable, ROOM, SHELL, address, "list"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            assert process.stderr
            assert process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == ""


@pytest.mark.parametrize("port", ["99999", "0", "65536", "-1", "٣"])
def test_a_port_that_there_is_not_is_said_plainly(port: str) -> None:
    assert said(f"127.0.0.1:{port}", "info").stderr == f"{port!r} is no port\n"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (1, "--new-identity"),
        (2, "somebody else is connected"),
        (0x2019, "nobody said yes"),
        (0x201D, "memory card"),
    ],
)
def test_a_refusal_says_what_to_do(reason: int, words: str) -> None:
    with running("--fault", f"init-fail={reason}") as address:
        refused = said(address, "info")
    assert refused.returncode == 1
    assert words in refused.stderr


def test_a_nikon_that_shows_nothing_says_what_to_do() -> None:
    with running("--as", "nikon", "--fault", "hollow") as address:
        refused = said(address, "info")
    assert refused.returncode == 1
    assert "pair it on the camera" in refused.stderr
    assert os.linesep not in refused.stderr.strip()
