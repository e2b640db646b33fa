"""The peer for cameras: gphoto2."""

import os
from pathlib import Path
from resource import struct_rusage
import subprocess


def gphoto2(port: int, folder: Path, *options: str) -> struct_rusage:
    """Let it do something with the camera at a port, in a folder; return what that took."""
    command = ["gphoto2", "--port", f"ptpip:127.0.0.1:{port}:{port}", *options]
    environment = {"HOME": str(folder), "LC_ALL": "C", "PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage
