"""What goes over the loopback interface, captured by a program that is none of ours."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from pathlib import Path
import secrets
import shutil
import signal
import socket

from custom_components.crcp.virtual.host import LOOPBACK

#: Long enough for a program to start on a busy machine.
PATIENCE = 30


class NotPermittedError(Exception):
    """Nobody may capture here, or nothing can."""


class Capture:
    """A capture of one TCP port. Datagrams with a mark of their own say that it keeps up."""

    def __init__(self, path: Path, process: asyncio.subprocess.Process, marker: int) -> None:
        self._path = path
        self._process = process
        self._marker = marker

    async def keep_up(self) -> None:
        """Return when everything until now is in the file. Raises NotPermittedError."""
        mark = secrets.token_bytes(16)
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            async with asyncio.timeout(PATIENCE):
                while not await asyncio.to_thread(self._holds, mark):
                    if self._process.returncode is not None:
                        raise NotPermittedError
                    sender.sendto(mark, (LOOPBACK, self._marker))
                    await asyncio.sleep(0.1)

    def _holds(self, mark: bytes) -> bool:
        return self._path.exists() and mark in self._path.read_bytes()


@contextlib.asynccontextmanager
async def captured(port: int, path: Path) -> AsyncIterator[Capture]:
    """Capture what a TCP port on loopback sends and is sent. Raises NotPermittedError."""
    if shutil.which("dumpcap") is None:
        raise NotPermittedError
    with socket.socket(type=socket.SOCK_DGRAM) as marker:
        marker.bind((LOOPBACK, 0))
        _, number = marker.getsockname()
        wanted = f"tcp port {port} or udp dst port {number}"
        process = await asyncio.create_subprocess_exec(
            *("dumpcap", "-q", "-i", "lo", "-B", "64", "-P", "-f", wanted, "-w", str(path)),
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            capture = Capture(path, process, number)
            await capture.keep_up()
            yield capture
            await capture.keep_up()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            await process.wait()
