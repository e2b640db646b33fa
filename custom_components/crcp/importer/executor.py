"""Blocking work off the event loop: a job runs to its end, and bytes get there in large pieces."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
import time
from typing import Any, Final, Protocol

#: What is gathered of small pieces; half of it is worth a hop to another thread as it lies.
PIECE: Final = 1 << 20

_NOTHING: Final = memoryview(b"")

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
    await ended(job)
    return job.result()


async def ended(job: asyncio.Future[Any]) -> None:
    """Wait until a job has ended, as to_its_end; what became of it is nobody's concern here."""
    cancelled: asyncio.CancelledError | None = None
    while not job.done():
        try:
            await asyncio.wait([job])
        except asyncio.CancelledError as error:
            cancelled = error
    if not job.cancelled():
        job.exception()  # seen
    if cancelled is not None:
        raise cancelled


class Sink:
    """Gives bytes to a function in the executor: large pieces where they lie, small ones gathered.

    While they are written the system goes on receiving into the socket's own buffer. A second
    buffer of ours, which fills meanwhile, would cost a copy, and would move every byte from one
    processor's cache to the other's: that costs more than it gains.
    """

    def __init__(self, take: Callable[[memoryview], object], run_blocking: RunBlocking) -> None:
        """take: given all bytes in order; one call runs at a time."""
        self._take = take
        self._run_blocking = run_blocking
        self._gathered = memoryview(bytearray(PIECE))
        self._held = 0

    async def write(self, piece: memoryview) -> None:
        """Take a piece, which need be valid only until this returns. Raises what take raises."""
        if self.has_room(piece):
            self._gathered[self._held : self._held + len(piece)] = piece
            self._held += len(piece)
        else:
            await self._hand_over(piece)

    def has_room(self, piece: memoryview) -> bool:
        """Whether a piece would only be gathered."""
        return len(piece) < PIECE // 2 and self._held + len(piece) <= PIECE

    async def finish(self) -> None:
        """Give what is left. Raises what take raises."""
        if self._held:
            await self._hand_over(_NOTHING)

    async def _hand_over(self, piece: memoryview) -> None:
        held, self._held = self._gathered[: self._held], 0
        await to_its_end(self._run_blocking(self._take_both, held, piece))

    def _take_both(self, held: memoryview, piece: memoryview) -> None:
        for data in (held, piece):
            if data:
                self._take(data)
