"""Camera parameters on their way: bursts merged, targets remembered, and every move ended."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import logging
from typing import Final, Protocol

from homeassistant.exceptions import HomeAssistantError

from .errors import DEVICE_ERRORS, error_detail, is_busy, is_passing
from .protocols.crcp.errors import LinkError, Refused
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import CameraStatus

_LOGGER = logging.getLogger(__name__)

#: Seconds between two commands for one parameter. A slider that is dragged sends fifty values a
#: second, and a motor follows none of them.
PACE: Final = 0.25

#: A stop that the unit refuses for the moment is sent again after so many seconds.
STOP_AGAIN: Final = 1.0

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
        self._error: Exception | None = None
        self._ready_at = 0.0

    async def put(self, value: float) -> None:
        """Send a value, or wait until a later one was sent in its place, and fail as that did."""
        self._latest = value
        self._count += 1
        mine = self._count
        loop = asyncio.get_running_loop()
        async with self._turn:
            if mine <= self._covered:
                if self._error:
                    raise self._error
                return
            if (wait := self._ready_at - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._covered, self._error = self._count, None
            try:
                await self._send(self._latest)
            except asyncio.CancelledError:
                # Those who wait for the same value are not cancelled: the next one sends it.
                self._covered = mine
                raise
            except (*DEVICE_ERRORS, HomeAssistantError) as error:
                self._error = error
                raise
            finally:
                self._ready_at = loop.time() + PACE


class Targets:
    """Where parameters are going. While one is on its way, its target is what a person has set."""

    def __init__(self) -> None:
        self._targets: dict[Key, float] = {}
        #: What was given to the camera's own control; not every unit tells.
        self.automatic: set[Key] = set()

    def get(self, key: Key) -> float | None:
        """The target of a parameter that is still on its way."""
        return self._targets.get(key)

    def set(self, key: Key, value: float) -> None:
        """Remember a target, which ends automatic control."""
        self._targets[key] = value
        self.automatic.discard(key)

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


class Notes(Protocol):
    """Where it is noted which moves have yet to be ended, for whoever sets the unit up next."""

    def keep(self) -> None:
        """Note them some time."""

    async def note(self) -> None:
        """Note them before this returns."""


class Endings:
    """Moves that end after a time, whatever happens meanwhile.

    stop: stops one parameter, or raises one of DEVICE_ERRORS. What could not be stopped is owed,
    and settled when there is a connection again. notes: has a move before it is sent, since who is
    killed a moment later can say no more.
    """

    def __init__(
        self, stop: Callable[[Key], Awaitable[None]], owed: set[Key], notes: Notes
    ) -> None:
        self._stop = stop
        self._owed = owed
        self._notes = notes
        self._sending: dict[Key, _Sending] = {}
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._tasks: dict[asyncio.Task[None], Key] = {}
        self._taken_so_far: Counter[Key] = Counter()
        self._closed = False

    @property
    def unended(self) -> set[Key]:
        """The moves that have yet to be ended: some day, now, or long ago."""
        return {*self._timers, *self._owed, *self._limited, *self._tasks.values()}

    @property
    def _limited(self) -> list[Key]:
        return [key for key, each in self._sending.items() if each.seconds is not None]

    @asynccontextmanager
    async def sending(self, key: Key, seconds: float | None = None) -> AsyncIterator[None]:
        """Around the one command that moves a parameter, or stops it.

        seconds: the move is stopped so long after the command was taken. When the command fails
        and may have been taken, the move ends all the same; when it was refused, whatever moved
        before still ends as it was to. Raises LinkError once every move has been ended.
        """
        self._check_open()
        mine = self._sending[key] = _Sending(seconds)
        try:
            if seconds is not None:
                await self._notes.note()
                self._check_open()
            mine.sent = True
            yield
        except Refused:
            raise
        except BaseException:
            if mine.sent and seconds is not None:
                self._taken(key, mine)
            raise
        else:
            self._taken(key, mine)
        finally:
            if self._sending.get(key) is mine:
                del self._sending[key]

    async def settle(self) -> None:
        """Stop what could not be stopped in time."""
        for key in list(self._owed):
            self._owed.discard(key)
            # Whoever unloads the entry meanwhile waits for it too.
            await asyncio.shield(self._end_now(key))

    async def end_all(self) -> None:
        """Stop every move that was to be ended, now; none begins any more."""
        self._closed = True
        limited = [key for key in self._limited if self._sending[key].sent]
        keys = {*self._timers, *self._owed, *limited}
        for key in keys:
            self._cancel(key)
        for key in keys:
            self._end_now(key)
        for task in tuple(self._tasks):
            await task

    def _check_open(self) -> None:
        if self._closed:
            raise LinkError("the entry is being unloaded")

    def _taken(self, key: Key, mine: _Sending) -> None:
        """Another move has taken the place of the one before.

        One that is on its way already may still be refused, and then this one is to end.
        """
        self._cancel(key)
        self._taken_so_far[key] += 1
        if mine.seconds is not None:
            self._plan(key, 0 if self._closed else mine.seconds)

    def _plan(self, key: Key, seconds: float) -> None:
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self._begin, key)

    def _cancel(self, key: Key) -> None:
        self._owed.discard(key)
        if timer := self._timers.pop(key, None):
            timer.cancel()

    def _begin(self, key: Key) -> None:
        self._timers.pop(key, None)
        if key in self._sending:
            # If the command that is on its way is refused, this move still has to end.
            self._plan(key, PACE)
            return
        self._end_now(key)

    def _end_now(self, key: Key) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._end(key), name="crcp end of a move")
        self._tasks[task] = key
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        self._notes.keep()

    async def _end(self, key: Key) -> None:
        move = self._taken_so_far[key]
        try:
            await self._stop(key)
        except DEVICE_ERRORS as error:
            if self._taken_so_far[key] != move:
                return
            _LOGGER.debug("%s of %s is not stopped yet: %s", key[1], key[0], error_detail(error))
            if is_passing(error) and not self._closed:
                self._plan(key, STOP_AGAIN)
            elif not isinstance(error, Refused) or is_busy(error) or is_passing(error):
                self._owed.add(key)


@dataclass(eq=False, slots=True)
class _Sending:
    """A command on its way, or about to be. seconds: after how long its move ends, or None."""

    seconds: float | None
    sent: bool = False
