"""A transfer under way: its packets one way or the other, and how it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from ..codec import decode_text
from ..errors import LinkError, ProtocolError, TimedOut
from ..lines import LineReader, NeedData
from ..messages import Reply
from ..rtp import Deframer, RtpPacket, decode_datagram, frame
from ..transfers import OpenTransfer
from .data import DataLink
from .timeouts import Timeouts

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
        timeouts: Timeouts,
    ) -> None:
        """Take over an open data link. end: the final reply, None when there will be none."""
        self._link = link
        self._opened = opened
        self._end = end
        self._abort = abort
        self._timeouts = timeouts

    @property
    def ended(self) -> bool:
        """Whether the unit has said that it is over."""
        return self._end is None or self._end.done()

    async def data(self) -> AsyncIterator[bytes]:
        """Give the bytes as they come, until the stream, or the transfer, ends."""
        while data := await self._read():
            yield data
        if self._opened:
            self._opened.data_ended = True

    async def packets(self) -> AsyncIterator[RtpPacket]:
        """Give the RTP packets as they come. Raises ProtocolError when they are none."""
        if self._link.is_packets:
            async for datagram in self.data():
                if packet := decode_datagram(datagram):
                    yield packet
            return
        deframer = Deframer()
        async for data in self.data():
            for packet in deframer.feed(data):
                yield packet
        for packet in deframer.end():
            yield packet

    async def send(self, packet: RtpPacket) -> None:
        """Send one packet in mode S. Raises LinkError."""
        await self._link.write(frame(packet.encode()))

    async def finish(self) -> Reply | None:
        """Close the data connection and wait for the unit's last word."""
        await self._link.close()
        return await self.wait_ended()

    async def wait_ended(self) -> Reply | None:
        """Return the final reply; None from a unit that sends none after its data ended."""
        await self._link.close()
        if self._end is None:
            return None
        try:
            async with asyncio.timeout(self._timeouts.ended):
                return await asyncio.shield(self._end)
        except TimeoutError:
            if self._end.done():
                raise
            return None

    async def abort(self) -> None:
        """End the transfer (ABOR). Raises what the control connection raises."""
        try:
            if self._abort and not self.ended:
                await self._abort()
        finally:
            await self._link.close()

    async def _read(self) -> bytes:
        """What came next; b"" when the stream ends or, in mode P, when the unit says so."""
        reading = asyncio.ensure_future(self._link.read())
        waiting: set[asyncio.Future[Any]] = {reading, self._end} if self._end else {reading}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                return reading.result()
            return await (self._last_packet if self._link.is_packets else self._last_bytes)(reading)
        finally:
            reading.cancel()

    async def _last_packet(self, reading: asyncio.Future[bytes]) -> bytes:
        """In mode P the final reply may have overtaken what was sent before it; b"" is the end."""
        await asyncio.wait({reading}, timeout=LINGER)
        return reading.result() if reading.done() else b""

    async def _last_bytes(self, reading: asyncio.Future[bytes]) -> bytes:
        """In mode S what was sent before the final reply is still on its way."""
        try:
            async with asyncio.timeout(self._timeouts.ended):
                return await reading
        except TimedOut:
            raise  # a time-out of the link's own
        except TimeoutError:
            raise LinkError("the data connection does not end") from None


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
