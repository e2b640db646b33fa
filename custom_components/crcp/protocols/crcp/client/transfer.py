"""A transfer under way: its packets one way or the other, and how it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
import logging
import math
from typing import Any, Final

from ..codec import decode_text
from ..errors import LinkError, ProtocolError, TimedOut
from ..lines import LineReader, NeedData
from ..messages import Reply
from ..receiver import Receiver
from ..rtp import Deframer, RtpPacket, frame
from ..transfers import OpenTransfer
from .data_link import DataLink
from .timeouts import Timeouts

_LOGGER = logging.getLogger(__name__)

#: A listing is bounded in lines and in bytes: a unit's shelf has hundreds of tapes.
MAX_NAMES: Final = 10_000
MAX_LISTING: Final = 4 << 20
MAX_NAME_BYTES: Final = 4096

#: So many seconds of silence after the final reply, and no datagram is under way any more.
LINGER: Final = 0.2


class Transfer:
    """Data that flow between this controller and the unit, while commands go on beside them.

    Iterate over packets, or send; then wait_ended, or abort. Whoever holds it has to end it.
    """

    def __init__(
        self,
        link: DataLink,
        opened: OpenTransfer | None,
        end: asyncio.Future[Reply] | None,
        *,
        abort: Callable[[], Awaitable[None]] | None,
        give_up: Callable[[], None] | None = None,
        timeouts: Timeouts,
        payload_types: tuple[int, ...] = (),
    ) -> None:
        """Take over an open data link. end: the final reply, None when there will be none.

        give_up: called when that did not come in time, so that it is not taken for another's.
        payload_types: those asked for; none for the unit's default.
        """
        self._link = link
        self._opened = opened
        self._end = end
        self._abort = abort
        self._give_up = give_up
        self._timeouts = timeouts
        self._payload_types = payload_types
        #: Whether nothing has come for long: a tape that stands may send nothing, but who knows.
        self.silent = False
        #: What is being read; kept, so that nothing is lost when the wait for it ends early.
        self._reading: asyncio.Future[bytes] | None = None

    @property
    def ended(self) -> bool:
        """Whether the unit has said that it is over."""
        return self._end is None or self._end.done()

    async def data(self) -> AsyncIterator[bytes]:
        """Give the bytes as they come, until the stream, or the transfer, ends."""
        try:
            while data := await self._read():
                yield data
            self._note_end_of_data()
        finally:
            self._stop_reading()

    async def packets(self) -> AsyncIterator[RtpPacket]:
        """Give the RTP packets as they come, those of mode P in the order they were sent.

        Raises ProtocolError when they are none. A gap in a type's sequence numbers is a loss.
        """
        async for packet in self._sorted() if self._link.is_packets else self._deframed():
            yield packet

    async def _deframed(self) -> AsyncIterator[RtpPacket]:
        deframer = Deframer()
        async for data in self.data():
            for packet in deframer.feed(data):
                yield packet
        for packet in deframer.end():
            yield packet

    async def _sorted(self) -> AsyncIterator[RtpPacket]:
        receiver, clock = Receiver(self._payload_types), asyncio.get_running_loop().time
        try:
            while (datagram := await self._read(receiver.due)) != b"":
                now = clock()
                # To be woken for each datagram would cost more than all that is done with it.
                came = (datagram, *self._link.read_waiting()) if datagram else ()
                for each in came:
                    for packet in receiver.feed(each, now):
                        yield packet
                for packet in receiver.release(now):
                    yield packet
            self._note_end_of_data()
        finally:
            self._stop_reading()
        for packet in receiver.end():
            yield packet

    def _note_end_of_data(self) -> None:
        if self._opened:
            self._opened.data_ended = True

    async def send(self, packet: RtpPacket) -> None:
        """Send one packet; in mode P it may get lost like any datagram. Raises LinkError."""
        data = packet.encode()
        await self._link.write(data if self._link.is_packets else frame(data))

    async def finish(self) -> Reply | None:
        """Close the data connection and wait for the unit's last word.

        In mode P nothing closes that the unit could see: only ABOR tells it (section 7), and the
        word is 426.
        """
        if self._link.is_packets:
            end = self._end
            await self.abort()
            return end.result() if end and end.done() else None
        await self._link.close()
        return await self.wait_ended()

    async def wait_ended(self) -> Reply | None:
        """Return the final reply; None from a unit that sends none after its data ended."""
        self._stop_reading()
        await self._link.close()
        if self._end is None:
            return None
        try:
            async with asyncio.timeout(self._timeouts.ended):
                return await asyncio.shield(self._end)
        except TimeoutError:
            if self._end.done():
                raise
            self._end = None
            if self._give_up:
                self._give_up()
            return None

    async def abort(self) -> None:
        """End the transfer (ABOR). Raises what the control connection raises."""
        try:
            if self._abort and not self.ended:
                await self._abort()
        finally:
            self._stop_reading()
            await self._link.close()

    async def _read(self, until: float | None = None) -> bytes | None:
        """What came next; None when it is later than until.

        b"" when the stream ends or, in mode P, when the unit says so.
        """
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._link.read())
        reading = self._reading
        waiting: set[asyncio.Future[Any]] = {reading, self._end} if self._end else {reading}
        if not await self._wait_for_media(waiting, until):
            return None
        if not reading.done():
            await (self._linger if self._link.is_packets else self._read_last)(reading)
        if not reading.done():
            return b""
        self._reading = None
        return reading.result()

    async def _wait_for_media(self, waiting: set[asyncio.Future[Any]], until: float | None) -> bool:
        """Wait for one of several; False when it is later than until. Silence is legal, but told."""
        loop = asyncio.get_running_loop()
        warn_at = loop.time() + self._timeouts.media
        while True:
            end = min(until or math.inf, math.inf if self.silent else warn_at)
            patience = None if end == math.inf else max(end - loop.time(), 0)
            done, _ = await asyncio.wait(
                waiting, timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
            if done:
                self.silent = False
                return True
            if until is not None and loop.time() >= until:
                return False
            if loop.time() >= warn_at:
                self._note_silence()

    def _note_silence(self) -> None:
        self.silent = True
        if self._opened and not self._opened.is_listing:
            silence = self._timeouts.media
            _LOGGER.warning("The unit has sent no media for %g s: %s", silence, self._opened.hint)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading.cancel()
            self._reading.add_done_callback(_forget)
            self._reading = None

    async def _linger(self, reading: asyncio.Future[bytes]) -> None:
        """In mode P the final reply may have overtaken what was sent before it."""
        await asyncio.wait({reading}, timeout=LINGER)

    async def _read_last(self, reading: asyncio.Future[bytes]) -> None:
        """In mode S what was sent before the final reply is still on its way."""
        await asyncio.wait({reading}, timeout=self._timeouts.ended)
        if not reading.done():
            raise LinkError("the data connection does not end")


def _forget(reading: asyncio.Future[bytes]) -> None:
    if not reading.cancelled():
        reading.exception()


async def read_listing(transfer: Transfer, *, names_only: bool, patience: float) -> list[str]:
    """Read a listing to its end and return its lines, bounded in size and time.

    Raises ProtocolError beyond the size, TimedOut beyond patience.
    """
    try:
        async with asyncio.timeout(patience):
            found = await _lines_of(transfer)
        await transfer.wait_ended()
    except TimeoutError as error:
        await transfer.abort()
        if isinstance(error, TimedOut):
            raise
        raise TimedOut("the listing does not end") from None
    except BaseException:
        await transfer.abort()
        raise
    return [name for name in found if not names_only or _is_plain(name)]


async def _lines_of(transfer: Transfer) -> list[str]:
    lines, size = LineReader(MAX_NAME_BYTES), 0
    found: list[str] = []
    async for data in transfer.data():
        size += len(data)
        lines.feed(data)
        found += _complete(lines)
        if size > MAX_LISTING or len(found) > MAX_NAMES:
            raise ProtocolError("the listing does not end")
    lines.feed(b"\n")
    return found + _complete(lines)


def _complete(lines: LineReader) -> list[str]:
    found = []
    while not isinstance(line := lines.next_line(), NeedData):
        if line is not None:
            found.append(decode_text(line))
    return found


def _is_plain(name: str) -> bool:
    """Whether a name is one: nothing that leads to another directory or bends a command line."""
    return name not in (".", "..") and not any(each in name for each in "/\r\n\0")
