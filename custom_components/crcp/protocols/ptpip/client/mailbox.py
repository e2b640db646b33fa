"""Events on their way from the event connection to whoever listens."""

import asyncio
from typing import Final

from ..codes import EventCode
from ..packets import Event

#: Events that nobody has fetched. A burst is hundreds; past this, one event says they were lost.
MAX_EVENTS: Final = 4096


class Mailbox:
    """A queue that never grows past its bound: what does not fit is said to be lost."""

    def __init__(self) -> None:
        self._events = asyncio.Queue[Event]()
        self._closed = False

    def put(self, event: Event) -> None:
        """Keep an event for the listener; after close nobody listens."""
        if self._closed:
            return
        if self._events.qsize() >= MAX_EVENTS:
            while not self._events.empty():
                self._events.get_nowait()
            self._events.put_nowait(Event(EventCode.UNREPORTED_STATUS))
        self._events.put_nowait(event)

    async def get(self) -> Event:
        """Wait for an event. Raises asyncio.QueueShutDown after close, when none is left."""
        return await self._events.get()

    def close(self) -> None:
        """Take no more; whoever waits wakes up."""
        self._closed = True
        self._events.shutdown()
