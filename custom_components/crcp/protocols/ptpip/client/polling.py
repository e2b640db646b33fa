"""Events where the maker wants to be asked for them; the questions keep the camera awake as well."""

import asyncio
from collections.abc import Callable
from typing import Final

from ..codes import EventCode, ResponseCode
from ..errors import ProtocolError, PtpIpError, Refused
from ..operations import Operations
from ..packets import Event
from ..vendors import Vendor

#: A camera that refuses, as it does with its card out or in a long exposure, is asked more and
#: more rarely, but not less often than this, in seconds.
LONGEST_PAUSE: Final = 10.0


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
        self._pause = 0.0
        self.task = asyncio.create_task(self._run(), name="ptpip polling")

    async def stop(self) -> None:
        """Ask no more. A question that is under way comes to its end, or it would end the link."""
        self._stopped = True
        if not self.asking:
            self.task.cancel()
        await asyncio.wait([self.task])

    def end(self) -> None:
        """Ask no more, now: the connection is of no more use."""
        self._stopped = True
        self.task.cancel()

    async def _run(self) -> None:
        while (every := self._vendor.poll_every) is not None and not self._stopped:
            await asyncio.sleep(max(every, self._pause))
            self.asking = True
            try:
                await self._ask(every)
            except PtpIpError as error:
                self._end(error)
                return
            finally:
                self.asking = False

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
