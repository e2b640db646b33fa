"""Events where the maker wants to be asked for them; the questions keep the camera awake as well."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ..codes import EventCode, ResponseCode
from ..errors import ProtocolError, PtpIpError, Refused
from ..operations import Operations
from ..packets import Event
from ..vendors import Vendor

#: A camera that refuses, as it does with its card out or in a long exposure, is asked more and
#: more rarely, but not less often than this, in seconds.
LONGEST_PAUSE: Final = 10.0

#: At rest, in seconds: longer than any stand-by timer that is known, which run 30 s to 5 min.
REST_EVERY: Final = 330.0


class Polling:
    """Asks as often as the vendor says, until stop, the end of the connection, or a clear "never".

    What a camera says to a question of ours must not cost its user the pictures: a refusal is asked
    again later, and an answer that makes no sense is told as lost events.
    """

    def __init__(
        self,
        operations: Operations,
        vendor: Vendor,
        tell: Callable[[Event], None],
        end: Callable[[PtpIpError], object],
        is_over: Callable[[], bool],
    ) -> None:
        """Begin to ask. tell takes events; end, what ended the connection; is_over: whether it has."""
        self._operations = operations
        self._vendor = vendor
        self._tell = tell
        self._end = end
        self._is_over = is_over
        #: Whether a question is under way, or waits for its turn.
        self.asking = False
        self._stopped = False
        #: Whether the next question is far away.
        self.waits_long = False
        self._pause = 0.0
        self._resting = False
        self._hurry = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name="ptpip polling")

    async def stop(self) -> None:
        """Ask no more. A question that is under way comes to its end, or it would end the link."""
        self._stopped = True
        if not self.asking:
            self.task.cancel()
        await asyncio.wait([self.task])

    def rest(self, *, resting: bool) -> None:
        """Ask so seldom that the camera can fall asleep, or as often as its maker wants it."""
        if resting is not self._resting:
            self._resting = resting
            self._hurry.set()

    def hurry(self) -> None:
        """The camera hints that there is news."""
        if self._resting:
            self._hurry.set()

    def end(self) -> None:
        """Ask no more, now: the connection is of no more use."""
        self._stopped = True
        self.task.cancel()

    async def _run(self) -> None:
        while (every := self._vendor.poll_every) is not None and not self._stopped:
            await self._wait(every)
            self.asking = True
            try:
                await self._ask(every)
            except PtpIpError as error:
                self._end(error)
                return
            finally:
                self.asking = False

    async def _wait(self, every: float) -> None:
        """Wait for the next question; one that was put off is asked when nobody rests any more."""
        self._hurry.clear()
        wait = max(every, self._pause)
        if self._resting:
            self.waits_long = True
            with suppress(TimeoutError):
                async with asyncio.timeout(max(wait, REST_EVERY)):
                    await self._hurry.wait()
            self.waits_long = False
        else:
            await asyncio.sleep(wait)

    async def _ask(self, every: float) -> None:
        try:
            events = await self._vendor.poll(self._operations)
        except Refused as refused:
            if refused.code == ResponseCode.OPERATION_NOT_SUPPORTED:
                self._vendor.poll_every = None
            elif refused.code == ResponseCode.TRANSACTION_CANCELED:
                self._tell(Event(EventCode.UNREPORTED_STATUS))
            self._pause = min(2 * max(every, self._pause), LONGEST_PAUSE)
        except ProtocolError:
            if self._is_over():
                raise
            self._pause = min(2 * max(every, self._pause), LONGEST_PAUSE)
            self._tell(Event(EventCode.UNREPORTED_STATUS))
        else:
            self._pause = 0.0
            for event in events:
                self._tell(event)
