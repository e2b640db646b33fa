"""One viewer of a picture: what waits for it, bounded, so that a slow one keeps nobody waiting."""

import asyncio
from collections import deque
from time import monotonic
from typing import Final

from ..protocols.crcp.depacketise import MediaFrame

#: What may wait for a viewer: more than three seconds of 23 Mbit/s. Who is further behind goes on
#: at the newest picture that one can begin with.
MAX_WAITING: Final = 10 << 20
MAX_FRAMES: Final = 1000


class Viewer:
    """Iterate over it for the frames, the first of which one can begin with.

    It ends where the picture does, or begins anew with another clock.
    """

    def __init__(self, max_waiting: int = MAX_WAITING, *, once: bool = False) -> None:
        """Begin with nothing. max_waiting: bytes. once: for the picture of one transfer only."""
        self.once = once
        #: How many frames this viewer was too slow, or too early, for.
        self.skipped = 0
        #: Whether a frame was given that one can begin with.
        self.has_begun = False
        self._max_waiting = max_waiting
        #: When the frame that was given last came, by the event loop's clock.
        self.came_at = 0.0
        self._frames: deque[tuple[MediaFrame, float]] = deque()
        self._size = 0
        self._in_step = False
        self._ended = False
        self._news = asyncio.Event()

    def put(self, frame: MediaFrame) -> None:
        """Take the next frame."""
        if self._frames and self._is_full(frame):
            self._fall_behind()
        if self._ended or not (self._in_step or frame.is_start):
            self.skipped += 1
            return
        self._in_step = self.has_begun = True
        self._frames.append((frame, monotonic()))
        self._size += len(frame.data)
        self._news.set()

    def end(self) -> None:
        """Give what waits, and then nothing more."""
        self._ended = True
        self._news.set()

    def __aiter__(self) -> Viewer:
        """The frames as they come."""
        return self

    async def __anext__(self) -> MediaFrame:
        """The next frame."""
        while not self._frames:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        frame, self.came_at = self._frames.popleft()
        self._size -= len(frame.data)
        return frame

    def _is_full(self, frame: MediaFrame) -> bool:
        too_large = self._size + len(frame.data) > self._max_waiting
        return too_large or len(self._frames) >= MAX_FRAMES

    def _fall_behind(self) -> None:
        self.skipped += len(self._frames)
        self._frames.clear()
        self._size = 0
        self._in_step = False
