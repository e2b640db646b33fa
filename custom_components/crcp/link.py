"""Keep one client connected: connect, use, and after a loss connect again, ever more slowly."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
import random
from typing import Final, Protocol

from .errors import DEVICE_ERRORS, DeviceError, is_busy

_LOGGER = logging.getLogger(__name__)

#: Seconds between attempts; the last is repeated. Each is stretched by up to a quarter at random,
#: or everything in the house would knock at the same moment after a power cut.
RECONNECT_DELAYS: Final = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
JITTER: Final = 0.25

#: A connection that held for so many seconds was a good one, and its loss is answered at once.
STEADY: Final = 60.0

#: After "in use by another controller" it is somebody else's turn for a while, so the first short
#: delays are left out; two controllers would throw each other out for ever.
POLITE: Final = 4


class Client(Protocol):
    """What a link needs of a client: an end."""

    async def close(self) -> None:
        """Say goodbye and close."""


class Link[ClientT: Client]:
    """One connection at a time to one device.

    connect makes a client; use works with it until the connection ends, and raises why;
    on_down hears of every attempt or connection that failed. What the last client taught may be
    kept here: stay_away is for how many seconds the device does not want to see us again, and
    patient says that it will take no second connection before somebody starts it again.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[ClientT]],
        use: Callable[[ClientT], Awaitable[None]],
        on_down: Callable[[DeviceError], None],
    ) -> None:
        self.client: ClientT | None = None
        self.stay_away = 0.0
        self.patient = False
        self._connect = connect
        self._use = use
        self._on_down = on_down
        self._failures = 0
        self._failed = False
        self._hurry = asyncio.Event()
        self._up = asyncio.Event()
        self.given_up = False

    async def connect(self) -> None:
        """Make the first connection, for run to go on with. Raises what connect raises.

        After a failure run may be begun all the same: it lets some time pass first.
        """
        try:
            self.client = await self._connect()
        except DEVICE_ERRORS as error:
            self._failed = True
            self._be_polite(error)
            raise

    async def run(self) -> None:
        """Stay connected until cancelled, or until somebody gives up."""
        if self._failed:
            await self._pause()
        while not self.given_up:
            try:
                await self._one_connection()
            except DEVICE_ERRORS as error:
                self._be_polite(error)
                self._on_down(error)
            except Exception:
                # A defect of ours must not end the importing for good: it is told, with its
                # traceback, and the next connection may not meet it.
                _LOGGER.exception("Unexpected error; connecting again")
            if not self.given_up:
                await self._pause()

    def give_up(self) -> None:
        """Try no more: only a person can help now, who will set everything up anew."""
        self.given_up = True

    async def wait_up(self) -> None:
        """Wait until there is a connection."""
        await self._up.wait()

    def hurry(self) -> None:
        """Try now: the device was seen on the network."""
        self._hurry.set()

    async def _one_connection(self) -> None:
        self._hurry.clear()  # what was seen until now is why; seen later, it is tried once more
        self.client = client = self.client or await self._connect()
        began = asyncio.get_running_loop().time()
        self._up.set()
        try:
            await self._use(client)
        finally:
            self._up.clear()
            self._hurry.clear()
            self.client = None
            # Only a connection that held is a good sign: many devices take one and drop it at once.
            if asyncio.get_running_loop().time() - began >= STEADY:
                self._failures = 0
            await client.close()

    def _be_polite(self, error: DeviceError) -> None:
        if is_busy(error):
            self._failures = max(self._failures, POLITE)

    async def _pause(self) -> None:
        last = len(RECONNECT_DELAYS) - 1
        delay = RECONNECT_DELAYS[last if self.patient else min(self._failures, last)]
        self._failures += 1
        await asyncio.sleep(self.stay_away)
        try:
            async with asyncio.timeout(delay * random.uniform(1, 1 + JITTER) - self.stay_away):
                await self._hurry.wait()
        except TimeoutError:
            return
