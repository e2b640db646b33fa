"""What a camera does by its clock: whom it ignores, when it probes, and when it switches off."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from ..protocols.ptpip.packets import InitCommandRequest, InitEventRequest, Packet
from ..protocols.ptpip.state import Channel
from .camera_faults import CameraFaults
from .connection import Connection

MILLISECOND: Final = 0.001


class Vigil:
    """The faults that time makes. A camera without faults waits for ever."""

    def __init__(self, faults: CameraFaults) -> None:
        """Watch for these."""
        self._faults = faults
        self._ended_at = -1e9
        self._ghosts = 0

    async def ignores(self, first: Packet) -> bool:
        """Whether a TCP connection is not even answered; where it is left open, it stays so."""
        faults = self._faults
        if isinstance(first, InitEventRequest):
            return faults.use("event_refused")
        if not isinstance(first, InitCommandRequest):
            return False
        now = asyncio.get_running_loop().time()
        if faults.silent or now < self._ended_at + faults.settle * MILLISECOND:
            await asyncio.Event().wait()  # until the camera stops
        return False

    def is_haunted(self) -> bool:
        """Whether a connection that was lost is still held to be there."""
        if self._ghosts:
            self._ghosts -= 1
            return True
        return False

    def ended(self, connection: Connection) -> None:
        """Remember that a connection is over; lost is one whose session was not closed."""
        self._ended_at = asyncio.get_running_loop().time()
        if connection.session_id:
            self._ghosts = self._faults.ghost

    @contextmanager
    def over(self, connection: Connection, channel: Channel) -> Iterator[None]:
        """Watch over a connection while it is served."""
        if channel is Channel.EVENT:
            yield
            return
        task = asyncio.create_task(self._watch(connection))
        try:
            yield
        finally:
            task.cancel()

    async def _watch(self, connection: Connection) -> None:
        faults = self._faults
        async with asyncio.TaskGroup() as group:
            group.create_task(self._join(connection, faults.join_within * MILLISECOND))
            if faults.idle_off:
                group.create_task(self._idle(connection, faults.idle_off * MILLISECOND))
            if faults.probe_every:
                group.create_task(self._probe(connection, faults.probe_every * MILLISECOND))

    async def _join(self, connection: Connection, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(connection.established.wait(), seconds)
        if not connection.established.is_set():
            connection.close()

    async def _idle(self, connection: Connection, seconds: float) -> None:
        await connection.established.wait()
        loop = asyncio.get_running_loop()
        while (left := connection.last_operation + seconds - loop.time()) > 0:
            await asyncio.sleep(left)
        connection.close()

    async def _probe(self, connection: Connection, seconds: float) -> None:
        await connection.established.wait()
        try:
            while True:
                patience = self._faults.probe_within * MILLISECOND
                await asyncio.wait_for(connection.probe(), patience)
                await asyncio.sleep(seconds)
        except TimeoutError:
            connection.close()
