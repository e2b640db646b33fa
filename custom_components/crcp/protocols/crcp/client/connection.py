"""One control connection of a controller: one command in flight, every wait bounded."""

import asyncio
from collections.abc import Callable
import contextlib
import logging
import ssl
from typing import Self, override

from ..codec import Spelling
from ..codes import ReplyCode
from ..commands import refusal
from ..errors import CrcpError, LinkError, ProtocolError, TimedOut
from ..lines import NeedData
from ..messages import Command, Reply
from ..session import (
    Event,
    ReplyDiscarded,
    ReplyReceived,
    Role,
    Session,
    TransferEnded,
    TransferStarted,
)
from ..state import State
from ..transfers import OpenTransfer
from .timeouts import Timeouts

_LOGGER = logging.getLogger(__name__)

#: A transfer that was started, and its final reply, which may have come in the same breath.
type Started = tuple[OpenTransfer, asyncio.Future[Reply]]
type Answer = tuple[Reply, Started | None]


class Connection(asyncio.Protocol):
    """Exchanges commands for replies, and tells each transfer its final one.

    Used once. A lost link raises LinkError; silence TimedOut, and the connection is closed,
    because a reply that comes later would belong to nobody.
    """

    def __init__(self, timeouts: Timeouts) -> None:
        """Make one for an event loop to connect; use open instead."""
        self.timeouts = timeouts
        self._special_patience = _special_patience(timeouts)
        self._session = Session(Role.CONTROLLER)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._turn = asyncio.Lock()
        #: The greeting comes unasked, perhaps before anybody waits for it.
        self._greeting: asyncio.Future[Answer] = self._loop.create_future()
        self._answer: asyncio.Future[Answer] | None = self._greeting
        self._was_patient = False
        #: Told of each transfer's final reply, also where nobody waits for it.
        self.on_transfer_end: Callable[[Reply], None] | None = None
        self._ends: dict[OpenTransfer, asyncio.Future[Reply]] = {}
        self._ended: asyncio.Future[CrcpError] = self._loop.create_future()
        self._gone = asyncio.Event()
        #: When to wait no longer. One timer serves many commands: it looks here when it is due.
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    async def open(
        cls, host: str, port: int, *, tls: ssl.SSLContext | None, timeouts: Timeouts
    ) -> Self:
        """Connect; nothing was said yet. Raises LinkError, TimedOut."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeouts.connect):
                _, made = await loop.create_connection(lambda: cls(timeouts), host, port, ssl=tls)
                return made
        except TimeoutError:
            raise TimedOut(f"no answer from {host} port {port}") from None
        except OSError as error:  # first: a certificate that is refused is a ValueError too
            raise LinkError(f"cannot connect to {host} port {port}: {error}") from error
        except ValueError:  # a name that no network knows: an empty label, a NUL
            raise LinkError(f"{host!r} is no host name") from None

    @property
    def transport(self) -> asyncio.Transport:
        """What carries the lines. Raises LinkError before it is there."""
        if self._transport is None:
            raise LinkError("not connected yet")
        return self._transport

    @property
    def closed(self) -> bool:
        """Whether this connection can no longer be used."""
        return self._ended.done()

    @property
    def at_rest(self) -> bool:
        """Whether it is our turn to speak, and nobody else is about to."""
        free = not self.closed and not self._turn.locked()
        return free and self._session.state is State.READY

    @property
    def transfers(self) -> list[OpenTransfer]:
        """The transfers under way, oldest first."""
        return list(self._session.transfers)

    async def wait_closed(self) -> CrcpError:
        """Wait until the connection has ended, whoever ended it; return why."""
        return await asyncio.shield(self._ended)

    def fail(self, error: CrcpError) -> None:
        """End the connection; the first reason is the one that is kept and told."""
        if self.closed:
            return
        self._ended.set_result(error)
        if self._timer:
            self._timer.cancel()
        if self._transport:
            self._transport.close()
        if self._answer and not self._answer.done():
            _set_exception(self._answer, error)
        for end in self._ends.values():
            _set_exception(end, error)
        self._ends.clear()

    async def abort(self) -> None:
        """Close without a word, once all is sent; a unit that takes nothing cannot hold us."""
        self.fail(LinkError("the connection is closed"))
        if self._transport is None:
            return
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.timeouts.goodbye):
                    await self._gone.wait()
        finally:
            self._transport.abort()
        await self._gone.wait()

    # -- one exchange --------------------------------------------------------------------------

    async def greeting(self) -> Reply | None:
        """Wait for 220; a unit that says nothing is taken as ready. Raises Refused, Busy."""
        self._wait_until(self._loop.time() + self.timeouts.greeting)
        try:
            reply, _ = await self._greeting
        except TimedOut:
            _LOGGER.debug("The unit sent no greeting; going on without one")
            return None
        finally:
            self._answer = None
        if reply.failed:
            raise refusal(reply)
        return reply

    async def exchange(self, command: Command, spelling: Spelling) -> Answer:
        """Send a command and wait for its final reply, or for the start of its transfer."""
        await self._turn.acquire()
        try:
            if self.closed:
                raise self._ended.result()
            patience = self._patience(command)
            self.transport.write(self._session.send(command, spelling))
            answer: asyncio.Future[Answer] = self._loop.create_future()
            self._answer = answer
            self._wait_until(self._loop.time() + patience)
            return await answer
        except asyncio.CancelledError:
            # The reply would come to whoever asks next: the connection is of no more use.
            self.fail(LinkError("the connection was given up"))
            raise
        finally:
            self._answer = None
            self._turn.release()

    def end_of(self, transfer: OpenTransfer) -> asyncio.Future[Reply] | None:
        """The final reply of a transfer; None when it has come."""
        return self._ends.get(transfer)

    def give_up(self, transfer: OpenTransfer) -> None:
        """Wait no longer for the end of a transfer whose data have ended; it may come late."""
        self._session.transfers.give_up(transfer)
        self._ends.pop(transfer, None)

    def forget(self, transfer: OpenTransfer) -> None:
        """Wait no longer for the end of a transfer."""
        self._session.transfers.forget(transfer)
        self._ends.pop(transfer, None)

    def _patience(self, command: Command) -> float:
        if command.name == "ABOR" and self._session.transfers:
            return self.timeouts.aborted
        return self._special_patience.get(command.name, self.timeouts.reply)

    # -- the clock -----------------------------------------------------------------------------

    def _wait_until(self, deadline: float) -> None:
        self._deadline = deadline
        if self._timer:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._look_at_the_clock, deadline)

    def _look_at_the_clock(self, due: float) -> None:
        self._timer = None
        if self._answer is None or self._answer.done():
            return
        if due < self._deadline:
            self._wait_until(self._deadline)
            return
        self._without_answer(self._answer)

    def _without_answer(self, answer: asyncio.Future[Answer]) -> None:
        """Go on without a greeting, or a second reply to ABOR; for all else the wait was in vain."""
        command = self._session.pending
        if command is None:
            answer.set_exception(TimedOut("no greeting in time"))
        elif self._session.give_up_abort():
            # Some units answer it with the transfer's end only.
            answer.set_result((Reply(ReplyCode.TRANSFER_COMPLETE, ("",)), None))
        else:
            self.fail(TimedOut(f"no reply to {command.name} in time"))

    # -- what comes in -------------------------------------------------------------------------

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        if self.closed:
            return
        self._session.receive_data(data)
        try:
            while not isinstance(event := self._session.next_event(), NeedData):
                self._handle(event)
        except ProtocolError as error:
            self.fail(error)

    @override
    def eof_received(self) -> None:
        self.fail(LinkError("the unit closed the connection"))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(LinkError(f"the connection was lost: {exc or 'closed'}"))
        self._gone.set()

    def _handle(self, event: Event) -> None:
        match event:
            case ReplyReceived(reply) if reply.code == ReplyCode.CLOSING:
                self.fail(refusal(reply))
            case ReplyReceived(reply) if reply.preliminary:
                self._be_patient(reply)
            case ReplyReceived(reply):
                self._hand_over((reply, None))
                if self._session.state is State.CLOSED:
                    self.fail(LinkError("the unit has said goodbye"))
            case TransferStarted(reply, transfer):
                end = self._ends[transfer] = self._loop.create_future()
                self._hand_over((reply, (transfer, end)))
            case TransferEnded(reply, transfer):
                if waited_for := self._ends.pop(transfer, None):
                    waited_for.set_result(reply)
                if self.on_transfer_end:
                    self.on_transfer_end(reply)
            case ReplyDiscarded(reply):
                _LOGGER.debug("Discarding a reply that nobody asked for: %r", reply.shown)
            case _:
                pass  # The other events are a unit's, and the end of the stream is seen above.

    def _be_patient(self, reply: Reply) -> None:
        """120 speaks of minutes until the greeting."""
        speaks_of_minutes = reply.code == ReplyCode.READY_IN_MINUTES
        if speaks_of_minutes and not self._was_patient and self._session.state is State.GREETING:
            self._wait_until(self._loop.time() + self.timeouts.busy_greeting)
            self._was_patient = True  # once: who says it again and again would hold us for ever

    def _hand_over(self, answer: Answer) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(answer)


def _set_exception[T](future: asyncio.Future[T], error: CrcpError) -> None:
    future.set_exception(error)
    future.exception()  # seen: what nobody waits for any more is no mistake


def _special_patience(timeouts: Timeouts) -> dict[str, float]:
    """How long what takes longer, or less long, than other commands may take."""
    return {
        "ON": timeouts.power,
        "QUIT": timeouts.goodbye,
        "REIN": timeouts.busy_greeting,
        "RETR": timeouts.started,
        "STOR": timeouts.started,
    }
