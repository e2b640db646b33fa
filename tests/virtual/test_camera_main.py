"""The virtual camera from a shell."""

from collections.abc import Iterator
import contextlib
from pathlib import Path
import signal
import subprocess
import sys

import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import EventCode, OperationCode
from custom_components.crcp.protocols.ptpip.errors import Busy
from custom_components.crcp.protocols.ptpip.patience import Timeouts
from custom_components.crcp.virtual.host import LOOPBACK

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, str(ROOT / "scripts" / "lib" / "room.py"), "virtual", "camera"]


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a camera and give its port; it is ended at the end."""
    command = [*COMMAND, "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            ready, address = process.stdout.readline().split()
            assert ready == "ready"
            yield process, int(address.removeprefix("127.0.0.1:"))
        finally:
            process.kill()


def failing(*arguments: str) -> str:
    """Run a camera that cannot; return its complaint."""
    result = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_port_that_is_taken_is_said_plainly() -> None:
    with running() as (_, port):
        assert failing("--port", str(port)) == (
            f"cannot listen on 127.0.0.1:{port}: Address already in use\n"
        )


def test_a_folder_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    assert "cannot read the pictures" in failing("--photos", str(tmp_path / "nowhere"))


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_clean_end(end: signal.Signals) -> None:
    with running() as (process, _):
        process.send_signal(end)
        assert process.wait(10) == 0


async def test_a_signal_presses_the_shutter(socket_enabled: None, tmp_path: Path) -> None:
    with running("--photos", str(tmp_path), "--serial", "4711", "--name", "Kitchen") as (
        process,
        port,
    ):
        async with await Initiator.connect(
            LOOPBACK, port, guid=bytes(16), friendly_name="tests"
        ) as initiator:
            assert initiator.friendly_name == "Kitchen"
            assert (await initiator.device_info()).serial_number == "4711"
            process.send_signal(signal.SIGUSR1)
            assert (await anext(initiator.events())).code is EventCode.OBJECT_ADDED


async def test_a_camera_can_be_any_makers_and_misbehave(
    socket_enabled: None, tmp_path: Path
) -> None:
    options = ("--photos", str(tmp_path), "--as", "nikon", "--slots", "2", "--fault", "busy=2")
    with running(*options) as (_, port):
        async with await Initiator.connect(
            LOOPBACK, port, guid=bytes(16), friendly_name="tests", timeouts=Timeouts(busy=())
        ) as initiator:
            with pytest.raises(Busy):
                await initiator.device_info()
            await initiator.open_session()
            with pytest.raises(Busy):
                await initiator.storage_ids()
            assert await initiator.storage_ids() == (0x00010001, 0x00020001)
            assert (await initiator.device_info()).manufacturer == "Nikon Corporation"


def test_a_fault_that_nobody_knows_is_said_plainly() -> None:
    complaint = failing("--fault", "explode")
    assert "there is no fault 'explode'" in complaint
    assert "busy" in complaint


async def test_a_full_card_a_long_movie_and_a_second_card_are_asked_for(
    socket_enabled: None, tmp_path: Path
) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder, content in ((first, b"first"), (second, b"second")):
        folder.mkdir()
        (folder / "A.JPG").write_bytes(content)
    cards = ("--photos", str(first), "--photos", str(second))
    large = ("--objects", "20000", "--movie", "5GiB", "--movie", "7MB")
    with running(*cards, *large, "--style", "unknown-length") as (_, port):
        async with await Initiator.connect(
            LOOPBACK, port, guid=bytes(16), friendly_name="tests"
        ) as initiator:
            await initiator.begin()
            assert await initiator.num_objects(0x00010001) == 20_000 + 1 + 2 + 4  # folders
            handles = await initiator.object_handles(0x00010001)
            found = [await initiator.object_info(handle) for handle in handles[-2:]]
            assert [(each.filename, each.size) for each in found] == [
                ("MVI_0001.MOV", None),
                ("MVI_0002.MOV", 7_000_000),
            ]
            *_, twin = await initiator.object_handles(0x00020001)
            assert (await initiator.object_info(twin)).filename == "A.JPG"
            assert await initiator.dataset(OperationCode.GET_OBJECT, twin) == b"second"


async def test_a_second_card_has_other_pictures_of_the_same_names(socket_enabled: None) -> None:
    with running("--slots", "2") as (_, port):
        async with await Initiator.connect(
            LOOPBACK, port, guid=bytes(16), friendly_name="tests"
        ) as initiator:
            await initiator.begin()
            pictures = []
            for storage in (0x00010001, 0x00020001):
                handle = (await initiator.object_handles(storage))[2]
                assert (await initiator.object_info(handle)).filename == "IMG_0001.JPG"
                pictures.append(await initiator.dataset(OperationCode.GET_OBJECT, handle))
            assert pictures[0] != pictures[1]


@pytest.mark.parametrize(
    "wrong", [("--movie", "5XB"), ("--movie", "0"), ("--objects", "-1"), ("--style", "odd")]
)
def test_what_cannot_be_on_a_card_is_said_plainly(wrong: tuple[str, str]) -> None:
    result = subprocess.run(
        [*COMMAND, *wrong], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (result.returncode, "Traceback" in result.stderr) == (2, False)
    assert wrong[0] in result.stderr
