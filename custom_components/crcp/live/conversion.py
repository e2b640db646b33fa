"""Pictures that a player cannot show, made into ones that it can: by the program ffmpeg.

It takes what the unit sends on one pipe and gives an H.264 transport stream on another, so it ends
by itself when this program is killed: nothing comes any more, and nobody takes what it gives.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Final, Protocol

from ..protocols.crcp.depacketise import MediaFrame, MediaReader
from ..protocols.crcp.rtp import TS_PACKET, RtpPacket, Sender
from .errors import NoPicture
from .feed import Source
from .viewer import Viewer

TRANSPORT_STREAM: Final = 33

#: Of RTP's clock for a transport stream (RFC 2250).
CLOCK: Final = 90000

#: ffmpeg's names of what comes, by payload type.
FORMS: Final = {26: "mjpeg", 32: "mpegvideo"}

#: What waits for a converter that is slower than the pictures come; more of them are skipped.
MAX_WAITING: Final = 1 << 20

#: Of what it complains the end says why it gave up.
MAX_SAID: Final = 20

_PIECE: Final = 7 * TS_PACKET
_FIRST: Final = RtpPacket(TRANSPORT_STREAM, 0, 0, 1, b"")

#: Each picture is shown when it comes, and each second there is one that one can begin with.
_INPUT: Final = "-probesize 32 -analyzeduration 0"
_OUTPUT: Final = (
    "-an -vf setpts=(RTCTIME-RTCSTART)/(TB*1000000) -fps_mode passthrough -enc_time_base 1:90000"
    " -c:v libx264 -preset ultrafast -tune zerolatency -threads 2 -pix_fmt yuv420p"
    " -force_key_frames expr:gte(t,n_forced) -f mpegts -muxdelay 0 -muxpreload 0 -flush_packets 1"
)


class Pipes(Protocol):
    """A process, as far as one talks to it."""

    @property
    def stdin(self) -> asyncio.StreamWriter | None:
        """What it reads."""

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """What it gives."""

    @property
    def stderr(self) -> asyncio.StreamReader | None:
        """What it complains of."""

    async def wait(self) -> int:
        """Wait until it has ended."""

    def kill(self) -> None:
        """End it at once."""


class ConvertedSource:
    """A source whose frames are converted. It owns the one that it converts, and the process."""

    def __init__(self, source: Source, process: Pipes) -> None:
        """Begin to convert."""
        self._source = source
        self._process = process
        self._waiting = Viewer(MAX_WAITING)
        self._said: deque[bytes] = deque(maxlen=MAX_SAID)
        self._receiving = asyncio.create_task(self._receive(), name="crcp pictures to convert")
        self._tasks = [
            self._receiving,
            asyncio.create_task(self._give(), name="crcp pictures to ffmpeg"),
            asyncio.create_task(self._listen(), name="crcp what ffmpeg says"),
        ]

    @property
    def dropped(self) -> int:
        """How many frames the way has damaged, or came too fast to be converted."""
        return self._source.dropped + self._waiting.skipped

    async def frames(self) -> AsyncIterator[MediaFrame]:
        """The frames until the source ends. Raises what it raises, and NoPicture."""
        reader, sender = MediaReader((TRANSPORT_STREAM,)), Sender(_FIRST)
        clock = asyncio.get_running_loop().time
        async for piece in self._pieces():
            packet = sender.packet(piece, int(clock() * CLOCK))
            for frame in reader.feed(packet):
                yield frame
        for frame in reader.end():
            yield frame
        await self._tell_why()

    async def close(self) -> None:
        """End the process and the source, where they have not ended."""
        with suppress(ProcessLookupError):
            self._process.kill()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for pipe in (self._process.stdout, self._process.stderr):
            # One that nobody reads to its end is never closed.
            while pipe and await pipe.read(_PIECE):
                pass
        await self._process.wait()
        await self._source.close()

    async def _receive(self) -> None:
        try:
            async for frame in self._source.frames():
                self._waiting.put(frame)
        finally:
            self._waiting.end()

    async def _give(self) -> None:
        pipe = self._process.stdin
        if pipe is None:
            return
        # When it has ended it takes nothing more; what it said tells why.
        with suppress(OSError):
            async for frame in self._waiting:
                pipe.write(frame.data)
                await pipe.drain()
        pipe.close()

    async def _listen(self) -> None:
        """Take all that it says, or it would wait for us, and keep the end."""
        while self._process.stderr and (said := await self._process.stderr.read(512)):
            self._said.append(said)

    async def _pieces(self) -> AsyncIterator[bytes]:
        """What it gives, in whole packets."""
        rest = b""
        while self._process.stdout and (data := await self._process.stdout.read(1 << 16)):
            rest += data
            whole = len(rest) // TS_PACKET * TS_PACKET
            for piece in _cut(rest[:whole]):
                yield piece
            rest = rest[whole:]

    async def _tell_why(self) -> None:
        """It has ended: because the source has, or by itself."""
        code = await self._process.wait()
        if self._receiving.done():
            await self._receiving
            return
        await asyncio.wait(self._tasks[1:])
        lines = b"".join(self._said).decode(errors="replace").strip().splitlines()
        raise NoPicture(lines[-1] if lines else f"ffmpeg ended with code {code}")


async def convert(source: Source, payload_type: int, ffmpeg: str) -> Source:
    """Convert pictures of a payload type of FORMS. Raises NoPicture, and closes source then.

    ffmpeg: the program.
    """
    try:
        command = f"{_INPUT} -f {FORMS[payload_type]} -i pipe:0 {_OUTPUT} pipe:1"
        process = await asyncio.create_subprocess_exec(
            ffmpeg,
            *"-hide_banner -nostats -loglevel error".split(),
            *command.split(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        await source.close()
        raise NoPicture(f"ffmpeg cannot be started: {error}") from error
    except BaseException:
        await source.close()
        raise
    return ConvertedSource(source, process)


def _cut(packets: bytes) -> Iterator[bytes]:
    for at in range(0, len(packets), _PIECE):
        yield packets[at : at + _PIECE]
