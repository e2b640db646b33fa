"""The peer for a unit's picture: ffmpeg, to which the same unit sends the same tape as RTP.

Commands go by Python's FTP client, because a unit has one controller at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
import ftplib
from pathlib import Path
import socket
import subprocess
import tempfile
from typing import Final

from crcp.virtual.test_card import read_stamp
from PIL import Image

#: What makes it wait for nothing: no buffer, a short look at what comes, one picture at a time.
LIVE: Final = (
    "ffmpeg -nostdin -hide_banner -loglevel fatal -protocol_whitelist file,udp,rtp "
    "-fflags nobuffer -flags low_delay -probesize 32768 -analyzeduration 0 -threads 1"
).split()

#: Pictures on standard output as they are decoded: a byte for each pixel, its brightness.
SHOWN: Final = "-map 0:v -fps_mode passthrough -f rawvideo -pix_fmt gray -flush_packets 1 -".split()


class Tape:
    """A unit's tape, whose packets go by datagrams to a port of this machine."""

    def __init__(self, unit: int, name: str, kind: int, port: int, rewind: float) -> None:
        """rewind: seconds that it takes to its beginning."""
        self._ftp = ftplib.FTP()
        self._ftp.connect("127.0.0.1", unit, timeout=10)
        self._ftp.login()
        self._rewind = rewind
        for line in (
            f"TYPE I {kind}",
            "MODE P 7",
            f"PORT 127,0,0,1,{port >> 8},{port & 255}",
            f"RETR {name}",
        ):
            self._ftp.sendcmd(line)

    async def play(self) -> None:
        """Play it from its beginning."""
        self._ftp.sendcmd("TAPE0 FF -16")
        await asyncio.sleep(self._rewind)
        self._ftp.sendcmd("TAPE0 PLAY 1")

    def stop(self) -> None:
        """Stop it; the unit takes the end of the connection for the end of the transfer."""
        self._ftp.sendcmd("TAPE0 PAUS")
        self._ftp.close()


@asynccontextmanager
async def playing(
    unit: int, name: str, kind: int, rewind: float, *outputs: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """An ffmpeg that receives a tape, which plays."""
    port = _free_even_port()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "tape.sdp"
        source.write_text(
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=tape\nc=IN IP4 127.0.0.1\nt=0 0\n"
            f"m=video {port} RTP/AVP {kind}\n",
            encoding="ascii",
        )
        process = await asyncio.create_subprocess_exec(
            *LIVE, "-i", str(source), *outputs, stdout=subprocess.PIPE, limit=1 << 20
        )
        try:
            await _until(lambda: _is_bound(port))
            tape = Tape(unit, name, kind, port, rewind)
            await tape.play()
            yield process
            tape.stop()
        finally:
            with suppress(ProcessLookupError):  # it has ended by itself, and said why
                process.kill()
            await process.wait()


async def numbers(
    process: asyncio.subprocess.Process, size: tuple[int, int]
) -> AsyncIterator[int | None]:
    """The numbers of the pictures that ffmpeg shows, as they come; None for one without."""
    width, height = size
    while process.stdout:
        data = await process.stdout.readexactly(width * height)
        stamp = read_stamp(Image.frombytes("L", size, data))
        yield stamp.number if stamp else None


def processor_time(pid: int) -> float:
    """Seconds that a process has computed, in all its threads; of a tick of 10 ms it would be few."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9


@asynccontextmanager
async def viewers(count: int) -> AsyncIterator[list[str]]:
    """Somebody at each of so many ports of this machine who throws away what comes."""

    async def throw_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1 << 16):
            pass
        writer.close()

    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(await asyncio.start_server(throw_away, "127.0.0.1", 0))
            for _ in range(count)
        ]
        ports = [server.sockets[0].getsockname()[1] for server in servers]
        yield [f"tcp://127.0.0.1:{port}" for port in ports]
        for server in servers:
            server.abort_clients()


def _free_even_port() -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            if port % 2 == 0:
                return port


def _is_bound(port: int) -> bool:
    lines = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") for line in lines)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)
