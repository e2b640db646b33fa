"""Orders to cameras and tapes in their turn, and the end of every move that has one."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import logging
from typing import Final, Protocol

from .errors import DEVICE_ERRORS, DeviceError, error_detail, is_busy, is_passing
from .moves import Key
from .protocols.crcp.errors import LinkError, Refused

_LOGGER = logging.getLogger(__name__)

#: A stop that the unit refuses for the moment is sent again after so many seconds.
STOP_AGAIN: Final = 1.0

#: Sends one command.
type Command = Callable[[], Awaitable[None]]


class Notes(Protocol):
    """Where it is noted which moves have yet to be ended, for whoever sets the unit up next."""

    def keep(self) -> None:
        """Note them some time."""

    async def note(self) -> None:
        """Note them before this returns."""


class Overtaken(Exception):
    """An order for the same has come while a stop asked something: the stop is not to be sent."""


class Endings:
    """Moves that end after a time, whatever happens meanwhile.

    What is sent for one thing is sent in the order in which people have asked for it, one after
    the other, and an end takes its turn among them.

    stop: stops one thing; raises Overtaken, or one of DEVICE_ERRORS. What could not be stopped is
    owed, and settled when there is a connection again. notes: has a move before it is sent, since
    who is killed a moment later can say no more.
    """

    def __init__(
        self, stop: Callable[[Key], Awaitable[None]], owed: set[Key], notes: Notes
    ) -> None:
        self._stop = stop
        self._owed = owed
        self._notes = notes
        self._ordered: list[_Ordered] = []
        self._turns: defaultdict[Key, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._tasks: dict[asyncio.Task[None], Key] = {}
        self._taken_so_far: Counter[Key] = Counter()
        self._closed = False

    @property
    def unended(self) -> set[Key]:
        """The moves that have yet to be ended: some day, now, or long ago."""
        ordered = [each.key for each in self._ordered if each.seconds is not None]
        return {*self._timers, *self._owed, *ordered, *self._tasks.values()}

    def is_awaited(self, key: Key) -> bool:
        """Whether an order waits for its turn, for something that is being ended."""
        return any(each.key == key and each.is_due for each in self._ordered)

    @contextmanager
    def order(
        self, keys: Iterable[Key], seconds: float | None = None, *, adds: bool = False
    ) -> Iterator[Callable[[Key, Command], Awaitable[None]]]:
        """Around what one order sends: yields what sends its one command for a key, in its turn.

        What was ordered before and is not sent yet is not sent any more, which is no error.

        seconds: the move is stopped so long after the command was taken. When the command fails
        and may have been taken, the move ends all the same; when it was refused, whatever moved
        before still ends as it was to. adds: it goes on from wherever that is; two such orders
        are both sent. Raises LinkError once every move has been ended.
        """
        self._check_open()
        mine = {key: _Ordered(key, seconds, adds) for key in keys}
        for each in self._ordered:
            each.is_replaced |= each.key in mine and not (adds and each.adds)
        self._ordered += mine.values()
        try:
            yield lambda key, command: self._send(mine[key], command)
        finally:
            self._ordered = [each for each in self._ordered if mine.get(each.key) is not each]

    async def send(
        self, key: Key, command: Command, seconds: float | None = None, *, adds: bool = False
    ) -> None:
        """An order of one command."""
        with self.order((key,), seconds, adds=adds) as send:
            await send(key, command)

    async def settle(self) -> None:
        """Stop what could not be stopped in time."""
        for key in list(self._owed):
            self._owed.discard(key)
            # Whoever unloads the entry meanwhile waits for it too.
            await asyncio.shield(self._end_now(key))

    async def end_all(self) -> None:
        """Stop every move that was to be ended, now; none begins any more."""
        self._closed = True
        limited = [each.key for each in self._ordered if each.sent and each.seconds is not None]
        keys = {*self._timers, *self._owed, *limited}
        for key in keys:
            self._cancel(key)
            self._end_now(key)
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _check_open(self) -> None:
        if self._closed:
            raise LinkError("the entry is being unloaded")

    async def _send(self, mine: _Ordered, command: Command) -> None:
        if mine.seconds is not None:
            # It takes no turn yet: whoever wants a stop meanwhile does not wait for the disk.
            await self._notes.note()
        if mine.is_replaced:
            return
        mine.is_due = True
        async with self._turns[mine.key]:
            self._check_open()
            mine.sent = True
            try:
                await command()
            except Refused:
                raise
            except BaseException:
                if mine.seconds is not None:
                    self._taken(mine)
                raise
            else:
                self._taken(mine)
            finally:
                self._ordered.remove(mine)

    def _taken(self, mine: _Ordered) -> None:
        """A move has taken the place of the one before."""
        self._cancel(mine.key)
        self._taken_so_far[mine.key] += 1
        if mine.seconds is None:
            return
        if self._closed:
            self._end_now(mine.key)
        else:
            self._plan(mine.key, mine.seconds)

    def _plan(self, key: Key, seconds: float) -> None:
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self._begin, key)

    def _cancel(self, key: Key) -> None:
        self._owed.discard(key)
        if timer := self._timers.pop(key, None):
            timer.cancel()

    def _begin(self, key: Key) -> None:
        self._timers.pop(key, None)
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
        """Stop a move in its turn, unless another takes its place before."""
        move = self._taken_so_far[key]
        while True:
            async with self._turns[key]:
                if self._taken_so_far[key] != move:
                    return
                try:
                    await self._stop(key)
                except Overtaken:
                    continue  # behind the order that has come: if it is refused, this one ends yet
                except DEVICE_ERRORS as error:
                    self._not_ended(key, error)
                return

    def _not_ended(self, key: Key, error: DeviceError) -> None:
        _LOGGER.debug("%s of %s is not stopped yet: %s", key[1], key[0], error_detail(error))
        if is_passing(error) and not self._closed:
            self._plan(key, STOP_AGAIN)
        elif not isinstance(error, Refused) or is_busy(error) or is_passing(error):
            self._owed.add(key)


@dataclass(eq=False, slots=True)
class _Ordered:
    """A command that was ordered, until it was answered.

    seconds: after how long its move ends, or None. adds: it goes on from where the last one led.
    is_due: it waits for nothing but its turn.
    """

    key: Key
    seconds: float | None
    adds: bool
    is_replaced: bool = False
    is_due: bool = False
    sent: bool = False
