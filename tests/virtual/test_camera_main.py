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
