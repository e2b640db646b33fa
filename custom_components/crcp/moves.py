"""Camera parameters on their way: bursts merged, targets remembered, and every move ended."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
import logging
from typing import Final

from .errors import DEVICE_ERRORS, error_detail, is_busy
from .protocols.crcp.errors import Refused
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import CameraStatus

_LOGGER = logging.getLogger(__name__)

#: Seconds between two commands for one parameter. A slider that is dragged sends fifty values a
#: second, and a motor follows none of them.
PACE: Final = 0.25

#: One parameter of one camera.
type Key = tuple[Subunit, str]


class LastWins:
    """Values for one thing, sent PACE apart: of those that came meanwhile only the last is sent."""

    def __init__(self, send: Callable[[float], Awaitable[None]]) -> None:
        self._send = send
        self._turn = asyncio.Lock()
        self._latest = 0.0
        self._count = 0
        self._covered = 0
        self._ready_at = 0.0

    async def put(self, value: float) -> None:
        """Send a value, or wait until a later one was sent in its place."""
        self._latest = value
        self._count += 1
        mine = self._count
        loop = asyncio.get_running_loop()
        async with self._turn:
            if mine <= self._covered:
                return
            if (wait := self._ready_at - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._covered = self._count
            try:
                await self._send(self._latest)
            finally:
                self._ready_at = loop.time() + PACE


class Targets:
    """Where parameters are going. While one is on its way, its target is what a person has set."""

    def __init__(self) -> None:
        self._targets: dict[Key, float] = {}

    def get(self, key: Key) -> float | None:
        """The target of a parameter that is still on its way."""
        return self._targets.get(key)

    def set(self, key: Key, value: float) -> None:
        """Remember a target."""
        self._targets[key] = value

    def forget(self, camera: Subunit, names: Iterable[str] | None = None) -> None:
        """Forget where these parameters of a camera are going, or all of them."""
        for key in list(self._targets):
            if key[0] == camera and (names is None or key[1] in names):
                del self._targets[key]

    def read(self, camera: Subunit, before: CameraStatus | None, now: CameraStatus) -> bool:
        """Compare two readings; forget the targets of what has arrived. Whether anything moves."""
        moves = False
        for name, parameter in now.parameters.items():
            old = before.parameters.get(name) if before else None
            if old is None or old.current != parameter.current:
                moves |= old is not None
            else:
                self._targets.pop((camera, name), None)
        return moves


class Endings:
    """Moves that end after a time, whatever happens meanwhile.

    stop: stops one parameter, or raises one of DEVICE_ERRORS. What could not be stopped is owed,
    and settled when there is a connection again.
    """

    def __init__(self, stop: Callable[[Key], Awaitable[None]]) -> None:
        self._stop = stop
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._owed: set[Key] = set()

    def plan(self, keys: Iterable[Key], seconds: float) -> None:
        """End these moves after so many seconds."""
        loop = asyncio.get_running_loop()
        for key in keys:
            self.cancel(key)
            self._timers[key] = loop.call_later(seconds, self._begin, key)

    def cancel(self, key: Key) -> None:
        """Another move has taken the place of this one."""
        self._owed.discard(key)
        if timer := self._timers.pop(key, None):
            timer.cancel()

    async def settle(self) -> None:
        """Stop what could not be stopped in time."""
        for key in list(self._owed):
            self._owed.discard(key)
            await self._end(key)

    async def end_all(self) -> None:
        """Stop every move that was to be ended, now."""
        keys = {*self._timers, *self._owed}
        for key in keys:
            self.cancel(key)
        for key in keys:
            await self._end(key)
        for task in tuple(self._tasks):
            await task

    def _begin(self, key: Key) -> None:
        self._timers.pop(key, None)
        task = asyncio.get_running_loop().create_task(self._end(key), name="crcp end of a move")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self, key: Key) -> None:
        try:
            await self._stop(key)
        except DEVICE_ERRORS as error:
            if not isinstance(error, Refused) or is_busy(error):
                self._owed.add(key)
            _LOGGER.debug("%s of %s is not stopped yet: %s", key[1], key[0], error_detail(error))
