"""A camera on loopback, and a cable to it that can be cut after any byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from custom_components.crcp.importer.ptp import PtpSource
from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.protocols.ptpip.patience import Timeouts
from custom_components.crcp.virtual import photos as virtual
from custom_components.crcp.virtual.camera import VirtualCamera

from .bench import TAKEN

GUID = bytes(range(16))

#: Short enough for a test that waits for them, long enough for a busy machine.
HASTY = Timeouts(silence=0.3, goodbye=0.02, busy=(0.01,) * 4)

#: For a camera that has no fault: what takes long is the machine, which others use as well.
CALM = Timeouts(silence=30.0, goodbye=0.02, busy=(0.01,) * 4)


class Ending(Enum):
    """How a link ends."""

    FIN = auto()
    RST = auto()
    SILENCE = auto()


@dataclass
class Cable:
    """Carries both connections; after so many bytes from the camera it ends as told."""

    camera: VirtualCamera
    cut_after: int | None = None
    ending: Ending = Ending.FIN
    carried: int = 0
    seen: bytearray = field(default_factory=bytearray)
    port: int = 0

    def plug_in(self, cut_after: int | None = None) -> None:
        """Be whole again, until the next cut."""
        self.cut_after, self.carried = cut_after, 0
        self.seen.clear()

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[None]:
        """Listen while the context lasts."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            tasks.add(task)
            with suppress(OSError, asyncio.CancelledError):
                await self._carry(reader, writer)
            writer.transport.abort()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, away = await asyncio.open_connection("127.0.0.1", self.camera.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._up(reader, away))
                await self._down(there, writer)
                raise asyncio.CancelledError
        finally:
            away.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            left = len(data) if self.cut_after is None else max(0, self.cut_after - self.carried)
            self.carried += len(data)
            self.seen += data
            writer.write(data[:left])
            if left < len(data):
                match self.ending:
                    case Ending.FIN:
                        writer.close()
                    case Ending.RST:
                        writer.transport.abort()
                    case Ending.SILENCE:
                        await asyncio.Event().wait()
                return


def picture(
    name: str, data: bytes | virtual.Content, taken: datetime | None = TAKEN
) -> virtual.Photo:
    """A picture with these bytes."""
    content = virtual.InMemory(data) if isinstance(data, bytes) else data
    return virtual.Photo(name, content, ObjectFormat.EXIF_JPEG, taken, thumb=b"small")


@asynccontextmanager
async def session(port: int, timeouts: Timeouts = HASTY) -> AsyncIterator[PtpSource]:
    """What a host does: connect, begin a session, and read the camera's serial number."""
    async with await Initiator.connect(
        "127.0.0.1", port, guid=GUID, friendly_name="test", timeouts=timeouts
    ) as initiator:
        info = await initiator.begin()
        yield PtpSource(initiator, info.serial_number)
