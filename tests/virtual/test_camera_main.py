"""The virtual camera from a shell."""

from collections.abc import Iterator
import contextlib
from pathlib import Path
import signal
import subprocess
import sys

import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import EventCode
from custom_components.crcp.protocols.ptpip.errors import Busy
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
            LOOPBACK, port, guid=bytes(16), friendly_name="tests"
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
