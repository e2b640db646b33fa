"""Blocking work off the event loop: a job runs to its end, and a buffer fills while one is written."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
import time
from typing import Final, Protocol

#: Large enough that a hop to another thread costs little beside writing it.
PIECE: Final = 1 << 20


#: Python runs one thread at a time, and who wants its turn waits 5 ms for one that computes.
TURN: Final = 200
PAUSE: Final = 0.0005


class RunBlocking(Protocol):
    """Runs a function in another thread."""

    def __call__[*Args, Result](
        self, func: Callable[[*Args], Result], /, *args: *Args
    ) -> Awaitable[Result]:
        """Start func(*args); the awaitable gives what it returns or raises."""


def politely[Item](items: Iterable[Item]) -> Iterator[Item]:
    """Give many items to a thread that computes, and the event loop its turn now and then."""
    for number, item in enumerate(items, 1):
        if number % TURN == 0:
            time.sleep(PAUSE)
        yield item


async def to_its_end[Result](work: Awaitable[Result]) -> Result:
    """Wait for work that cannot be stopped, and do not leave it before it has ended.

    A thread goes on when the task that waits for it is cancelled. So a cancellation waits for the
    thread and is delivered then: nobody closes a file under somebody who writes it.
    """
    job = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not job.done():
        try:
            await asyncio.wait([job])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return job.result()
    if not job.cancelled():
        job.exception()  # seen: the cancellation is what counts
    raise cancelled


class DoubleBuffer:
    """Two buffers: the network fills one while the other is written in the executor.

    At most one job runs at a time, so pieces are written in order; whoever fills faster than the
    other writes has to wait.
    """

    def __init__(self, sink: Callable[[memoryview], None], run_blocking: RunBlocking) -> None:
        self._sink = sink
        self._run_blocking = run_blocking
        self._filling = bytearray(PIECE)
        self._writing = bytearray(PIECE)
        self._filled = 0
        self._job: asyncio.Future[None] | None = None

    async def write(self, piece: memoryview) -> None:
        """Take a copy of piece. Raises what the sink raised for an earlier one."""
        while piece:
            size = min(len(piece), PIECE - self._filled)
            self._filling[self._filled : self._filled + size] = piece[:size]
            self._filled += size
            piece = piece[size:]
            if self._filled == PIECE:
                await self._hand_over()

    async def finish(self) -> None:
        """Write what is left, and return when all is written."""
        await self._hand_over()
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is being written. Raises what the sink raised."""
        job, self._job = self._job, None
        if job is not None:
            await to_its_end(job)

    async def _hand_over(self) -> None:
        await self.settle()
        self._filling, self._writing = self._writing, self._filling
        full = memoryview(self._writing)[: self._filled]
        self._filled = 0
        self._job = asyncio.ensure_future(self._run_blocking(self._sink, full))
