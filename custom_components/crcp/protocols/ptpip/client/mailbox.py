"""Events on their way from the event connection to whoever listens."""

import asyncio
from collections.abc import Callable
from typing import Final

from ..codes import EventCode
from ..packets import Event

#: Events that nobody has fetched. A burst is hundreds; past this, one event says they were lost.
MAX_EVENTS: Final = 4096


class Mailbox:
    """A queue that never grows past its bound: what does not fit is said to be lost."""

    def __init__(self) -> None:
        self._events = asyncio.Queue[Event]()
        self._onlookers: set[Callable[[Event], None]] = set()
        self._closed = False

    def look_on(self, onlooker: Callable[[Event], None]) -> Callable[[], None]:
        """Call onlooker with each event as it is put; returns how to stop it."""
        self._onlookers.add(onlooker)
        return lambda: self._onlookers.discard(onlooker)

    def put(self, event: Event) -> None:
        """Keep an event for the listener; after close nobody listens."""
        if self._closed:
            return
        if self._events.qsize() >= MAX_EVENTS:
            while not self._events.empty():
                self._events.get_nowait()
            self._events.put_nowait(Event(EventCode.UNREPORTED_STATUS))
        self._events.put_nowait(event)
        for onlooker in tuple(self._onlookers):
            onlooker(event)

    async def get(self) -> Event:
        """Wait for an event. Raises asyncio.QueueShutDown after close, when none is left."""
        return await self._events.get()

    def close(self) -> None:
        """Take no more; whoever waits wakes up."""
        self._closed = True
        self._events.shutdown()
