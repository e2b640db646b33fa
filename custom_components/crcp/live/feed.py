"""One picture for all its viewers: taken from the unit once, and only while somebody watches.

The transfer begins with the first viewer and ends some seconds after the last. Whoever comes late
gets everything since the last frame that one can begin with. When the unit or the way to it fails,
viewers stay, and the picture comes back to them by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
import logging
from typing import Final, Protocol

from ..protocols.crcp.depacketise import MediaFrame
from ..protocols.crcp.errors import CrcpError
from .errors import NoPicture
from .viewer import Viewer

_LOGGER = logging.getLogger(__name__)

#: A page that is reloaded, or a player that begins anew, is back within these seconds.
LINGER: Final = 10.0

#: Seconds between attempts while somebody watches; the last is repeated. A tape at its end, or a
#: unit without power, sends nothing and says so at once.
RETRY_DELAYS: Final = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)

#: A picture that lasts so many seconds has come to stay. One that ends before, as that of a tape
#: at its end does, is not worth that anybody begins anew for it, and is asked for ever more seldom.
SETTLED: Final = 1.0

#: What is kept for who comes late: a second of 100 Mbit/s. More, and they wait for a key frame.
MAX_KEPT: Final = 12 << 20


class Source(Protocol):
    """The picture on its way from a unit, once."""

    @property
    def dropped(self) -> int:
        """How many frames were lost so far."""

    def frames(self) -> AsyncIterator[MediaFrame]:
        """The frames until it ends. Raises CrcpError, NoPicture."""

    async def close(self) -> None:
        """End it, where it has not ended. Raises CrcpError."""


class Feed:
    """The picture of one stream.

    open_source begins a transfer, and raises CrcpError, NoPicture; on_news is called when
    somebody begins or ceases to watch, and when it turns out why there is no picture; on_another
    before viewers of one transfer are sent away to another.
    """

    def __init__(
        self,
        open_source: Callable[[], Awaitable[Source]],
        *,
        linger: float = LINGER,
        settled: float = SETTLED,
        on_news: Callable[[], None] = lambda: None,
        on_another: Callable[[], None] = lambda: None,
    ) -> None:
        """Nothing is asked of the unit before somebody watches."""
        #: Why there is no picture now; None while there is one, or nobody watches.
        self.error: CrcpError | NoPicture | None = None
        #: How many frames were lost on the way, of all transfers.
        self.lost = 0
        self._open_source = open_source
        self._linger = linger
        self._settled = settled
        self._on_news = on_news
        self._on_another = on_another
        self._viewers: set[Viewer] = set()
        #: Those that saw another transfer than the one that runs: its clock is not theirs.
        self._behind: set[Viewer] = set()
        self._kept: list[MediaFrame] = []
        self._kept_size = 0
        self._pump: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._leaving: asyncio.TimerHandle | None = None
        self._settling: asyncio.TimerHandle | None = None
        self._held = 0
        self._closed = False
        self._failures = 0
        self._hurry = asyncio.Event()

    @property
    def viewers(self) -> int:
        """How many watch."""
        return len(self._viewers)

    @property
    def closed(self) -> bool:
        """Whether there will be no picture any more."""
        return self._closed

    @contextmanager
    def watch(self, *, late: bool = True, once: bool = False) -> Iterator[Viewer]:
        """Watch for as long as the context lasts, or until the picture begins with another clock.

        late: whether to begin with what was kept, rather than with what comes from now on. once:
        whether to end as soon as the transfer does, rather than when another picture has come.
        """
        viewer = Viewer(once=once)
        for frame in self._kept if late else ():
            viewer.put(frame)
        if self._closed:
            viewer.end()
        self._viewers.add(viewer)
        self._stop_leaving()
        self._start()
        self._on_news()
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)
            self._behind.discard(viewer)
            self._leave()
            self._on_news()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Keep the unit's stream free for something else; viewers wait."""
        self._held += 1
        await self._stop()
        try:
            yield
        finally:
            self._held -= 1
            if self._viewers:
                self._start()

    async def renew(self) -> None:
        """Begin another transfer, where one runs: the unit has something else to show."""
        if self._pump:
            await self._stop()
            # Whoever watched may have gone meanwhile.
            if self._viewers:
                self._start()

    def hurry(self) -> None:
        """Try now, where the next attempt is waited for."""
        self._hurry.set()

    async def close(self) -> None:
        """End the transfer, and all viewers."""
        self._closed = True
        self._stop_leaving()
        for viewer in self._viewers:
            viewer.end()
        await self._stop()

    # -- the transfer --------------------------------------------------------------------------

    def _start(self) -> None:
        if not self._pump and not self._held and not self._closed:
            self._failures = 0
            self._pump = asyncio.create_task(self._run(), name="crcp live picture")

    async def _stop(self) -> None:
        self._cancel()
        if self._ending:
            await asyncio.wait(self._ending)

    def _cancel(self) -> None:
        """Let the transfer end. The next one has to wait for that, as the unit's stream is one."""
        if pump := self._pump:
            self._pump = None
            self._ending.add(pump)
            pump.add_done_callback(self._ending.discard)
            pump.cancel()
        self._forget()
        self.error = None

    def _leave(self) -> None:
        if self._pump and not self._viewers and not self._closed:
            loop = asyncio.get_running_loop()
            self._stop_leaving()
            self._leaving = loop.call_later(self._linger, self._left)

    def _stop_leaving(self) -> None:
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None

    def _left(self) -> None:
        self._leaving = None
        self._cancel()
        self._on_news()

    async def _run(self) -> None:
        if self._ending:
            await asyncio.wait(self._ending)
        while True:
            try:
                await self._one_transfer()
                self.error = None
            except (CrcpError, NoPicture) as error:
                self._note(error)
            except Exception as error:
                # What we stumble over must not end the picture until Home Assistant starts again.
                _LOGGER.exception("The picture broke")
                self._note(NoPicture(f"something went wrong here: {error!r}"))
            await self._pause()

    def _note(self, error: CrcpError | NoPicture) -> None:
        if self.error is None:
            _LOGGER.debug("No picture: %s", error)
        news = str(self.error) != str(error)
        self.error = error
        if news:
            self._on_news()

    async def _one_transfer(self) -> None:
        source = await self._open_whole()
        begun, lost = False, self.lost
        try:
            async for frame in source.frames():
                self.lost = lost + source.dropped
                if not begun and frame.is_start:
                    begun = True
                    self._begin()
                if begun:
                    self._give(frame)
            if not begun:
                raise NoPicture("the unit says that it sends, and sends no picture")
        finally:
            # Who comes now is not to be shown what is over.
            self._forget()
            self._unsettle()
            with suppress(CrcpError):
                await to_its_end(source.close())

    async def _open_whole(self) -> Source:
        """Begin a transfer. Half of it would leave the unit's connection of no use any more."""
        opening = asyncio.ensure_future(self._open_source())
        try:
            return await to_its_end(opening)
        except asyncio.CancelledError:
            if not opening.cancelled() and not opening.exception():
                with suppress(CrcpError):
                    await to_its_end(opening.result().close())
            raise

    async def _pause(self) -> None:
        delay = RETRY_DELAYS[min(self._failures, len(RETRY_DELAYS) - 1)]
        self._failures += 1
        self._hurry.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._hurry.wait()

    # -- its viewers ---------------------------------------------------------------------------

    def _begin(self) -> None:
        """A picture comes. Its clock is another one, so whoever saw the one before waits."""
        self._forget()
        self.error = None
        self._behind = {viewer for viewer in self._viewers if viewer.has_begun}
        loop = asyncio.get_running_loop()
        self._settling = loop.call_later(self._settled, self._settle)

    def _settle(self) -> None:
        """The picture stays, so it is worth that those who saw another one begin anew."""
        self._settling = None
        self._failures = 0
        if self._behind:
            self._on_another()
        for viewer in self._behind:
            viewer.end()

    def _unsettle(self) -> None:
        """The picture is over."""
        if self._settling:
            self._settling.cancel()
            self._settling = None
        for viewer in self._viewers:
            if viewer.once and viewer.has_begun:
                viewer.end()

    def _give(self, frame: MediaFrame) -> None:
        if frame.is_start:
            self._forget()
        if self._kept or frame.is_start:
            self._keep(frame)
        for viewer in self._viewers - self._behind:
            viewer.put(frame)

    def _keep(self, frame: MediaFrame) -> None:
        self._kept.append(frame)
        self._kept_size += len(frame.data)
        if self._kept_size > MAX_KEPT:
            self._forget()

    def _forget(self) -> None:
        self._kept = []
        self._kept_size = 0


async def to_its_end[T](work: Awaitable[T]) -> T:
    """Wait for work, and be cancelled only after it."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
        raise
