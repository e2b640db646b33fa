"""An initiator's connection to one camera: one transaction at a time, every wait bounded.

Pictures go straight through: the socket fills one buffer, and whoever asked gets views of it. Nothing
piles up, because the next bytes are read only when the last were taken.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    ExitStack,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from functools import partial
from typing import Final, Self, override

from ..codes import DataPhase, OperationCode, ResponseCode
from ..datasets import DeviceInfo
from ..datatypes import Bytes
from ..errors import (
    LinkError,
    Misuse,
    ProtocolError,
    PtpIpError,
    Refused,
    TimedOut,
    operation_refusal,
)
from ..operations import Answer, Expect, Operations, Write
from ..packets import (
    PORT,
    Cancel,
    Data,
    EndData,
    Event,
    InitCommandAck,
    InitCommandRequest,
    OperationRequest,
    OperationResponse,
    Packet,
    ProbeRequest,
    ProbeResponse,
    StartData,
    data_phase,
)
from ..patience import DEFAULT_TIMEOUTS, Timeouts
from ..session import Session
from ..state import Channel, Role
from ..vendors import Undecided, Vendor, vendor_of
from .dial import connect_command, in_time
from .holder import Asked, Holder
from .link import Link, join
from .mailbox import Mailbox
from .polling import Polling
from .pulse import Pulse

#: What one read can bring: small enough for a processor's cache.
COMMAND_BUFFER: Final = 1 << 20

#: Sees every packet, whoever sent it, and piece of data: for a bug report.
type Trace = Callable[[Role, Channel, Packet], None]


class Initiator(Operations):
    """One connection, used once: after an error or close, connect anew.

    A response other than OK raises Refused and leaves the connection as it was. A lost link,
    silence and bad manners raise LinkError, TimedOut and ProtocolError, and end it; so does a
    transaction that is given up, because its answer could be taken for the next one's. To break
    one off and keep the connection, use cancel.
    """

    def __init__(
        self, session: Session, command: Link, event: Link, ack: InitCommandAck, times: Timeouts
    ) -> None:
        """Take over two established connections; use connect to make them."""
        self.friendly_name = ack.friendly_name
        self.guid = ack.guid
        #: What is special about the camera's maker; nothing, until begin.
        self.vendor: Vendor = Undecided(DeviceInfo())
        self._session = session
        self._command = command
        self._event = event
        self._timeouts = times
        self._turn = asyncio.Lock()
        self._running: int | None = None
        self._called_off = asyncio.Event()
        self._cancelled: asyncio.TimerHandle | None = None
        self._mailbox = Mailbox()
        self._ended: asyncio.Future[PtpIpError] = asyncio.Future()
        self._pulse = Pulse(times.idle, times.probe, self._probe, self._end)
        self._command.watch(self._on_idle)
        self._polling: Polling | None = None
        self._reading = asyncio.create_task(self._read_events(), name="ptpip events")

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int = PORT,
        *,
        guid: bytes,
        friendly_name: str,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        trace: Trace | None = None,
    ) -> Self:
        """Open both connections to a camera.

        guid: 16 bytes, the same for ever, because cameras remember whom they were paired with.
        friendly_name: at most 39 characters, shown on the camera, and part of the pairing.
        Raises NotAuthorised when the camera does not know this GUID or a person turned it down,
        Busy when somebody else has it, Refused when it says no more, and LinkError, TimedOut or
        ProtocolError.
        """
        session = Session(Role.INITIATOR, trace)
        with ExitStack() as opened:
            doing = f"connect to {host} port {port}"
            link = await in_time(connect_command(host, port), timeouts.connect, doing)
            command = Link(session, Channel.COMMAND, link, COMMAND_BUFFER)
            opened.callback(command.close)
            hello = InitCommandRequest(guid, friendly_name)
            ack = await command.greet(hello, InitCommandAck, timeouts.pairing)
            event = await join(session, link, ack.connection_number, timeouts.connect)
            opened.pop_all()
        return cls(session, command, event, ack, timeouts)

    async def __aenter__(self) -> Self:
        """Use the connection as a context manager: it is closed at the end."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connection."""
        await self.close()

    async def begin(self, *, remote: bool = False) -> DeviceInfo:
        """Open a session the way the camera's maker wants it; return what the camera is.

        Call it once, in place of open_session and device_info. From now on events come from
        wherever this maker's cameras tell them, questions for them keep the camera awake, and a
        busy camera is asked again. Before connecting anew, look at vendor.single_session and
        vendor.reconnect_after; close undoes what was switched on here.

        remote: also switch to remote control, which on some cameras hides the card. Raises
        Declined for a camera that is known not to be usable this way, NotAuthorised for one that
        lets strangers in but shows them nothing, and what transact raises; then close.
        """
        await self._pulse.greet(self._timeouts.greeting)
        await self.open_session()
        self.vendor = vendor_of(await self.device_info())
        info = await self.vendor.prepare(self, remote=remote)
        self._polling = Polling(
            self, self.vendor, self._mailbox.put, self._end, lambda: self.closed
        )
        return info

    @property
    def closed(self) -> bool:
        """Whether this connection can no longer be used."""
        return self._ended.done()

    async def wait_closed(self) -> PtpIpError:
        """Wait until the connection has ended, whoever ended it; return why."""
        return await asyncio.shield(self._ended)

    async def events(self) -> AsyncIterator[Event]:
        """Give the camera's events as they come, to one listener; raise what ends the connection.

        UnreportedStatus, from the camera or from here, says that events were lost.
        """
        with suppress(asyncio.QueueShutDown):
            while True:
                yield await self._mailbox.get()
        raise self._ended.result()

    def look_on(self, onlooker: Callable[[Event], None]) -> Callable[[], None]:
        """Call onlooker with each event as it comes, beside events(); returns how to stop it."""
        return self._mailbox.look_on(onlooker)

    def rest(self, *, resting: bool) -> None:
        """Let the camera fall asleep: ask it for news more seldom than its stand-by timer runs out.

        What it tells by itself is heard as ever, and its hint that there is news is followed.
        """
        if self._polling:
            self._polling.rest(resting=resting)

    @override
    async def transact(
        self,
        operation: OperationCode,
        *parameters: int,
        data: Bytes | None = None,
        write: Write | None = None,
        expect: Expect | None = None,
    ) -> Answer:
        return await self._transact(self._turn, Asked(operation, parameters, data, write, expect))

    @asynccontextmanager
    async def in_one_go(self) -> AsyncIterator[Operations]:
        """Give operations that follow each other with nobody else's between them."""
        async with self._turn:
            yield Holder(partial(self._transact, nullcontext()), self.pause)

    async def _transact(self, turn: AbstractAsyncContextManager[object], asked: Asked) -> Answer:
        """Run a transaction, each attempt of it in a turn."""
        operation = asked.operation
        before = self.cancellations
        for attempt, pause in enumerate((*self._timeouts.busy, None), start=1):
            async with turn:
                if self.cancellations != before:
                    raise operation_refusal(ResponseCode.TRANSACTION_CANCELED, operation)
                answer = await self._run(asked)
            code = answer.response.code
            if code == ResponseCode.OK:
                return answer
            final = answer.received or not self.vendor.try_again(operation, code, attempt)
            if final or pause is None:
                raise operation_refusal(code, operation, self.vendor.explain(code))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._called_off.wait()
        raise Misuse("the last attempt is final")

    @override
    async def pause(self) -> None:
        await asyncio.sleep(0)

    async def cancel(self) -> None:
        """Call off whatever is under way: a transaction, what waits for its turn, or to ask again.

        The camera is asked on both connections to break the running transaction off. Whoever runs
        it or waits gets Refused with TransactionCanceled, or TimedOut when the camera did not come
        to an end in time; then the connection has ended. What is whole by then is given all the same.
        """
        self.cancellations += 1
        self._called_off.set()
        self._called_off = asyncio.Event()
        if self._running is None or self._cancelled:
            return
        late = TimedOut("the camera does not stop sending")
        loop = asyncio.get_running_loop()
        self._cancelled = loop.call_later(self._timeouts.cancel, self._end, late)
        cancel = Cancel(self._running)
        with suppress(PtpIpError):  # whoever runs the transaction is told
            self._event.send_now(cancel)
            await self._command.send(cancel)

    async def close(self) -> None:
        """Close the session if it is our turn to speak, and then both connections."""
        if self._session.next_transaction_id and not (self.closed or self._is_in_use):
            with suppress(PtpIpError, TimeoutError):
                async with asyncio.timeout(self._timeouts.goodbye):
                    await self._say_goodbye()
        await self.abort()

    async def abort(self) -> None:
        """Close both connections without a word; a running transaction raises LinkError."""
        self._end(LinkError("this side closed the connection"))
        tasks = [self._reading]
        if self._polling:
            self._polling.end()
            tasks.append(self._polling.task)
        try:
            await asyncio.wait(tasks)
        finally:
            async with self._turn:
                self._command.close()
                self._event.close()

    @property
    def _is_in_use(self) -> bool:
        """Whether somebody's transaction runs. One that asks for events is soon over."""
        return self._turn.locked() and not (self._polling and self._polling.asking)

    async def _say_goodbye(self) -> None:
        if self._polling:
            await self._polling.stop()
        with suppress(Refused):  # The session is to be closed all the same.
            await self.vendor.finish(self)
        await self.close_session()

    # -- one transaction -----------------------------------------------------------------------

    async def _run(self, asked: Asked) -> Answer:
        """Run a transaction, in its turn; any error ends the connection."""
        if self.closed:
            raise self._ended.result()
        self._command.unwatch()
        self._pulse.pause()
        try:
            phase = DataPhase.NONE_OR_IN if asked.data is None else DataPhase.OUT
            number = self._session.next_transaction_id
            request = OperationRequest(phase, asked.operation, number, asked.parameters)
            answer = await self._exchange(request, asked)
        except PtpIpError as error:
            reason = self._end(error)
            if reason is error:
                raise
            raise reason from error
        except BaseException:
            self._end(LinkError(f"{asked.operation.name} was given up"))
            raise
        finally:
            self._conclude()
        # What came together with the response is not announced by the socket any more.
        self._on_idle()
        if not self.closed:
            self._command.watch(self._on_idle)
            self._pulse.beat()
        return answer

    async def _exchange(self, request: OperationRequest, asked: Asked) -> Answer:
        """Send a request and take what comes, up to the response."""
        self._command.begin(self._timeouts.silence)
        # A Cancel that comes while the request is being sent goes after it.
        self._running = request.transaction_id
        await self._command.send(request)
        data = () if asked.data is None else data_phase(request.transaction_id, asked.data)
        for packet in data:
            await self._command.send(packet)
        received = thrown_away = 0
        while not isinstance(packet := await self._command.receive(), OperationResponse):
            if isinstance(packet, StartData) and asked.expect:
                asked.expect(packet.length)
            if isinstance(packet, Data | EndData) and packet.payload:
                if self._cancelled:
                    thrown_away += len(packet.payload)
                    continue
                if asked.write is None:
                    raise ProtocolError(f"{request.code.name} came with data")
                await asked.write(memoryview(packet.payload))
                received += len(packet.payload)
        if thrown_away and packet.code == ResponseCode.OK:
            # The cancellation crossed the end of the data, which went nowhere all the same.
            packet = OperationResponse(ResponseCode.TRANSACTION_CANCELED, packet.transaction_id)
        return Answer(packet, received)

    def _conclude(self) -> None:
        """No transaction runs any more, so there is nothing left to cancel."""
        self._running = None
        if self._cancelled:
            self._cancelled.cancel()
        self._cancelled = None

    # -- events, and the end -------------------------------------------------------------------

    async def _read_events(self) -> None:
        """Keep events for the listener and answer probes, until the connection ends."""
        try:
            while True:
                packet = await self._event.receive()
                match packet:
                    case ProbeRequest():
                        self._event.send_now(ProbeResponse())
                    case ProbeResponse():
                        self._pulse.answered()
                    case Event():
                        self._keep(packet)
        except PtpIpError as error:
            self._end(error)
        finally:
            self._end(LinkError("nobody reads the event connection"))

    def _keep(self, event: Event) -> None:
        meant = self.vendor.translate(event)
        if meant:
            self._mailbox.put(meant)
        elif self._polling:
            self._polling.hurry()

    def _probe(self) -> None:
        self._event.send_now(ProbeRequest())

    def _on_idle(self) -> None:
        """Something came between two transactions: the end of the connection, most likely."""
        try:
            self._command.poll()
        except PtpIpError as error:
            self._end(error)

    def _end(self, reason: PtpIpError) -> PtpIpError:
        """End the connection; return the first reason, which is the one that is kept and told.

        Sockets are shut down here, so that whoever waits on them wakes up, and closed by abort.
        """
        if not self._ended.done():
            self._ended.set_result(reason)
            self._pulse.stop()
            self._mailbox.close()
            self._command.shutdown()
            self._event.shutdown()
        return self._ended.result()
