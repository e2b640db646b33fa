"""The virtual unit from a shell."""

from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, str(ROOT / "scripts" / "lib" / "room.py"), "virtual", "unit"]


def complaint(*arguments: str) -> str:
    """Run a unit that cannot; return its last words."""
    result = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode in (1, 2)
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


@pytest.mark.parametrize("port", ["70000", "-1", "x"])
def test_a_port_that_there_is_none_of_is_said_plainly(port: str) -> None:
    assert "argument --port: " in complaint(f"--port={port}")


def test_signed_datagrams_need_a_password() -> None:
    assert complaint("--port", "0", "--udp") == (
        "--udp takes signed datagrams and needs --login, or say --udp unsigned"
    )
