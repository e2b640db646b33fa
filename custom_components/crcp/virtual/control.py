"""The control channel of a virtual unit: its port, and the one controller that may have it."""

import asyncio
from collections.abc import Awaitable
import logging
import socket
import ssl
from typing import TYPE_CHECKING, Final, override

from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.lines import NeedData
from ..protocols.crcp.messages import Reply
from ..protocols.crcp.session import (
    CommandReceived,
    CommandRejected,
    Event,
    Role,
    Session,
    TelnetAnswer,
)
from ..protocols.crcp.state import State
from .host import LOOPBACK, BaseHost
from .visitor import Visitor

if TYPE_CHECKING:
    from .unit import VirtualUnit

_LOGGER = logging.getLogger(__name__)


#: What may be asked before the login.
OPEN_TO_ALL: Final = frozenset({"USER", "PASS", "ACCT", "QUIT", "HELP"})

NOT_LOGGED_IN: Final = Reply(ReplyCode.NOT_LOGGED_IN, ("Not logged in",))

#: So many seconds has a controller to take what was said to it last.
PARTING: Final = 2.0


class ControlHost(BaseHost):
    """Listens for controllers of a unit."""

    def __init__(
        self,
        unit: VirtualUnit,
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        address: str = LOOPBACK,
    ) -> None:
        """Prepare; start listens."""
        super().__init__(port, tls=tls, address=address)
        self._unit = unit
        self._connections: set[ControlConnection] = set()

    @override
    def protocol(self) -> asyncio.Protocol:
        return ControlConnection(self._unit, self._connections)

    @override
    async def dismiss_all(self) -> None:
        connections = list(self._connections)
        for connection in connections:
            connection.drop()
        await asyncio.gather(*(connection.ended for connection in connections))


class ControlConnection(Visitor, asyncio.Protocol):
    """One controller's connection: reads, performs, replies.

    A command that is done at once is answered before anything else happens. While one takes its
    time nothing more is read, and what the controller sends meanwhile waits in the network.
    """

    def __init__(self, unit: VirtualUnit, connections: set[ControlConnection]) -> None:
        """Make one for an event loop to connect. connections: where it is while it lasts."""
        super().__init__(unit, "", "")
        self._loop = asyncio.get_running_loop()
        #: Done when the connection is gone and all that it had begun has ended.
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._connections = connections
        self._session = Session(Role.UNIT, unit.subunits)
        self._transport: asyncio.Transport | None = None
        self._work: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._is_full = False
        self._is_deaf = False
        #: When something was last done; bytes that make no command do not count.
        self._active = self._connected = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._parting: asyncio.TimerHandle | None = None
        self._lost = asyncio.Event()

    def dismiss(self, reason: str) -> None:
        """Say 421 and close. What was begun ends now, though the controller may be deaf."""
        if self._session.state is not State.CLOSED:
            self._send(Reply(ReplyCode.CLOSING, (reason,)))
            self._close()
            self._begin_leaving()

    def drop(self) -> None:
        """Close at once; ended tells when all is over."""
        if self._transport:
            self._transport.abort()

    @override
    def say_transfer_ended(self, reply: Reply) -> None:
        closing = self._transport is None or self._transport.is_closing()
        if self._session.state in (State.READY, State.PENDING) and not closing:
            self._write(self._session.send_transfer_end(reply))

    @override
    async def transfers_ended(self) -> None:
        """Wait until every transfer has ended, or the controller is gone and cannot end any."""
        if self._transport:
            # Nothing can follow from what it says now, but its going has to be noticed.
            self._is_deaf = True
            self._transport.resume_reading()
        await super().transfers_ended()

    # -- the connection ------------------------------------------------------------------------

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            return
        self._transport = transport
        self._connections.add(self)
        self.here, self.peer = (
            transport.get_extra_info(end)[0] for end in ("sockname", "peername")
        )
        self._set_up(transport.get_extra_info("socket"))
        if not self.unit.admit(self):
            return
        if self.unit.greeting is not None:
            self._send(Reply(ReplyCode.READY, (self.unit.greeting,)))
        else:
            self._session.skip_greeting()
        self._watch_the_clock()

    @override
    def data_received(self, data: bytes) -> None:
        if self._is_deaf or self._session.state is State.CLOSED:
            return
        self._session.receive_data(data)
        if self._work is None:
            self._go_on()

    @override
    def pause_writing(self) -> None:
        """The controller does not take its replies: it gets no more before it does."""
        self._is_full = True
        self._read_on(on=False)

    @override
    def resume_writing(self) -> None:
        self._is_full = False
        if self._work is None:
            self._read_on(on=True)
            self._go_on()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._timer, self._parting):
            if timer:
                timer.cancel()
        self._lost.set()
        self._begin_leaving()

    def _begin_leaving(self) -> None:
        if self._work:
            self._work.cancel()
        if self._leaving is None:
            self._leaving = self._loop.create_task(self._leave(), name="crcp goodbye")

    @staticmethod
    def _set_up(connected: socket.socket) -> None:
        # FTP clients send ABOR as urgent data; out of line, the next line would lose its neighbour.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        # A controller that vanished without a word must not hold the unit for ever.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    async def _leave(self) -> None:
        """End what was begun: nobody is there any more who could."""
        try:
            if self._work:
                await asyncio.wait({self._work})
            await self.leave()
        finally:
            self.unit.release(self)
            await self._lost.wait()
            self._connections.discard(self)
            self.ended.set_result(None)

    def _close(self) -> None:
        """Close when all is sent; a controller that takes none of it is not waited for."""
        if self._transport and not self._lost.is_set():
            self._transport.close()
            self._parting = self._parting or self._loop.call_later(PARTING, self.drop)

    # -- commands ------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Perform what has come, until a command takes its time."""
        while not self._is_full and not isinstance(event := self._session.next_event(), NeedData):
            outcome = self._handle(event)
            if outcome and not self._is_done(outcome):
                return
        if self._session.state is State.CLOSED:
            self._close()
        else:
            self._watch_the_clock()

    def _handle(self, event: Event) -> Awaitable[Reply] | None:
        """Answer; what cannot be answered yet is given back."""
        match event:
            case CommandReceived(command):
                # Its argument may be a password.
                _LOGGER.debug("Performing %s of %s", command.name, command.subunit)
                outcome = self.unit.perform(self, command)
                if not isinstance(outcome, Reply):
                    return outcome
                self._active = self._loop.time()
                self._send(outcome)
            case CommandRejected(reply, word):
                knows = self.login.logged_in or not word or word in OPEN_TO_ALL
                # What there is and what there is not is nothing to tell a stranger either.
                self._send(reply if knows else NOT_LOGGED_IN)
                self._active = self._loop.time()
            case TelnetAnswer(data):
                self._write(data)
            case _:
                pass  # The other events are a controller's.
        return None

    def _is_done(self, outcome: Awaitable[Reply]) -> bool:
        """Whether a command that might have taken its time is answered already."""
        work = self._loop.create_task(self._answer(outcome), name="crcp command", eager_start=True)
        if work.done():
            work.result()
            return True
        self._work = work
        self._read_on(on=self._is_deaf)
        work.add_done_callback(self._worked)
        return False

    async def _answer(self, outcome: Awaitable[Reply]) -> None:
        self._send(await outcome)
        self._active = self._loop.time()

    def _worked(self, work: asyncio.Task[None]) -> None:
        self._work = None
        if work.cancelled():
            return
        if work.exception():
            self._close()
            work.result()  # what went wrong in our own code goes to the event loop, which tells it
        self._read_on(on=not self._is_full)
        self._go_on()

    def _read_on(self, *, on: bool) -> None:
        if self._transport and not self._transport.is_closing():
            (self._transport.resume_reading if on else self._transport.pause_reading)()

    def _send(self, reply: Reply) -> None:
        if self._session.state is not State.CLOSED:
            self._write(self._session.send(reply))

    def _write(self, data: bytes) -> None:
        if self._transport:
            self.unit.fault.write(self._transport, data, self.ended)

    # -- the clock -----------------------------------------------------------------------------

    def _watch_the_clock(self) -> None:
        """Have one timer run out when nothing was done for too long, or sooner; it looks then."""
        if self._lost.is_set():
            return
        deadline = self._deadline
        if self._timer:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(deadline, self._look_at_the_clock, deadline)

    def _look_at_the_clock(self, due: float) -> None:
        self._timer = None
        if self._work:
            return  # it will look again when it is done
        if self.transferring and not self._is_full:
            self._active = self._loop.time()
        if due < self._deadline:
            self._watch_the_clock()
        else:
            self.dismiss("Idle timeout")

    @property
    def _deadline(self) -> float:
        """When to give up: a login has to be done by then, and later another command."""
        if self.login.logged_in:
            return self._active + self.unit.idle_time
        return self._connected + self.unit.login_time
