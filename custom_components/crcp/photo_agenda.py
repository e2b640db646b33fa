"""What is to be done for a camera's pictures, and when: events, orders and retries."""

import asyncio
from collections import deque
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from .photo_orders import Order, stopped
from .protocols.ptpip.client import Initiator
from .protocols.ptpip.codes import EventCode

#: What failed is tried again after so many seconds, then after twice as many, up to the last: a
#: camera that was busy is ready soon, and a file that it cannot read will not be read every minute.
FIRST_RETRY: Final = 30.0
LAST_RETRY: Final = 1800.0

#: More new pictures than this are found faster by a look at the whole card.
MAX_ADDED: Final = 1000

#: Events after which the whole card is looked at again: a card came, or events were lost.
LOOK_AGAIN: Final = frozenset(
    {EventCode.STORE_ADDED, EventCode.UNREPORTED_STATUS, EventCode.DEVICE_RESET}
)

#: Events after which other cards may be in the camera, with other pictures under the same handles.
CARDS_SWAPPED: Final = LOOK_AGAIN | {EventCode.STORE_REMOVED}

#: Events after which a list of what is on the cards is no longer true.
CARD_CHANGED: Final = CARDS_SWAPPED | {
    EventCode.OBJECT_ADDED,
    EventCode.OBJECT_REMOVED,
    EventCode.OBJECT_INFO_CHANGED,
}


class Agenda:
    """What is to be done: look at the whole card, import what was announced, fulfil orders.

    due: whether the whole card is to be looked at. complete: whether nothing is left to try again.
    added: the handles of what was announced. told: of what was announced before the last look at
    the whole card. orders: what somebody asked for. card_changes: how
    often the camera told that something else is on its cards.
    """

    def __init__(self) -> None:
        self.due = True
        self.complete = True
        self.added: deque[int] = deque()
        self.told: frozenset[int] = frozenset()
        self.orders: deque[Order] = deque()
        self.card_changes = 0
        self._is_swapped = False
        self._wake = asyncio.Event()
        self._retry_after = FIRST_RETRY

    def begin(self) -> None:
        """A connection begins: what was announced in the last one says nothing in this one."""
        self.due = True
        self.added.clear()
        self.told = frozenset()
        self.retry_soon()

    def begin_look(self) -> bool:
        """The whole card is looked at now, and finds what was announced; whether it may be another."""
        self.due = False
        self.told = frozenset(self.added)
        self.added.clear()
        is_swapped, self._is_swapped = self._is_swapped, False
        return is_swapped

    def look_again(self) -> None:
        """Look at the whole card, as soon as that is possible."""
        self.due = True
        self._wake.set()

    def retry_soon(self) -> None:
        """Begin anew to count how often something was tried."""
        self._retry_after = FIRST_RETRY

    def put(self, order: Order) -> None:
        """Take an order."""
        self.orders.append(order)
        self._wake.set()

    def fail_orders(self, error: HomeAssistantError | None = None) -> None:
        """Tell whoever waits that nothing comes of it; error: why, else it was stopped."""
        while self.orders:
            self.orders.popleft().fail(error or stopped())

    async def listen(self, initiator: Initiator) -> None:
        """Note what the camera tells; raises what ends the connection."""
        try:
            async for event in initiator.events():
                self.card_changes += event.code in CARD_CHANGED
                self._is_swapped |= event.code in CARDS_SWAPPED
                if event.code in LOOK_AGAIN or len(self.added) >= MAX_ADDED:
                    self.due = True
                elif event.code == EventCode.OBJECT_ADDED:
                    self.added.extend(event.parameters[:1])
                self._wake.set()
        finally:
            self._wake.set()

    def all_is_seen(self) -> None:
        """Wait for what comes from now on; what there is to do is looked at after this."""
        self._wake.clear()

    async def wait(self) -> None:
        """Wait until there is something to do, or until it is time to try again what failed."""
        try:
            async with asyncio.timeout(None if self.complete else self._retry_after):
                await self._wake.wait()
        except TimeoutError:
            self._retry_after = min(2 * self._retry_after, LAST_RETRY)
            self.due = True
