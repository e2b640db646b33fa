"""A controller's connection to one unit over TCP: one command in flight, every wait bounded."""

import asyncio
import contextlib
import logging
import ssl
from types import TracebackType
from typing import Final, Self, override

from ..codes import ReplyCode
from ..commands import Commands, refusal
from ..errors import CrcpError, LinkError, ProtocolError, TimedOut
from ..lines import NeedData
from ..login import Credentials
from ..messages import Command, Reply, Representation, Subunit, TransferMode
from ..session import (
    PORT,
    Event,
    ReplyDiscarded,
    ReplyReceived,
    Role,
    Session,
    TransferEnded,
    TransferStarted,
)
from ..state import State
from ..subunits import FILE, STREAM
from ..transfers import OpenTransfer
from .data import DataLink, close_stream, open_data_link
from .timeouts import DEFAULT_TIMEOUTS, Timeouts
from .transfer import Transfer, read_listing

_LOGGER = logging.getLogger(__name__)

READ_SIZE: Final = 65536

FIRST_STREAM: Final = Subunit(STREAM)
OVER_TCP: Final = TransferMode()

#: A transfer that was started, and its final reply, which may have come in the same breath.
type _Started = tuple[OpenTransfer, asyncio.Future[Reply]]
type _Answer = tuple[Reply, _Started | None]


class Controller(Commands):
    """One connection, used once: after an error or close, make another.

    Replies of 4yz and 5yz raise Refused; a lost link LinkError; silence TimedOut, and the
    connection is closed, because a reply that comes later would belong to nobody.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        third_party_data: bool = False,
    ) -> None:
        """Take over an open connection; use connect to make one."""
        super().__init__()
        #: What the unit said first; None from a unit without a greeting.
        self.greeting: Reply | None = None
        self._timeouts = timeouts
        self._third_party_data = third_party_data
        self._session = Session(Role.CONTROLLER)
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._setting_up = asyncio.Lock()
        self._answer: asyncio.Future[_Answer] | None = None
        self._more_patience: asyncio.Timeout | None = None
        self._ends: dict[OpenTransfer, asyncio.Future[Reply]] = {}
        self._ended: asyncio.Future[CrcpError] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._read(), name="crcp replies")

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int = PORT,
        *,
        credentials: Credentials | None = None,
        tls: ssl.SSLContext | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        third_party_data: bool = False,
    ) -> Self:
        """Open a connection, wait for the unit's greeting, and log in where credentials are given.

        third_party_data: whether the unit may send us to another host for data. Raises LinkError,
        TimedOut, ProtocolError, NotAuthorised, or Busy when another controller has the unit.
        """
        reader, writer = await _open(host, port, tls, timeouts.connect)
        controller = cls(reader, writer, timeouts=timeouts, third_party_data=third_party_data)
        try:
            await controller._receive_greeting()
            if credentials:
                await controller.log_in(credentials)
        except BaseException:
            await controller.abort()
            raise
        return controller

    async def __aenter__(self) -> Self:
        """Use the connection as a context manager: it says goodbye at the end."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self.close()

    @property
    def peer(self) -> tuple[str, int]:
        """The unit's address and port, as numbers."""
        host, port = self._writer.get_extra_info("peername")[:2]
        return host, port

    @property
    def closed(self) -> bool:
        """Whether this connection can no longer be used."""
        return self._ended.done()

    async def wait_closed(self) -> CrcpError:
        """Wait until the connection has ended, whoever ended it; return why."""
        return await asyncio.shield(self._ended)

    @override
    async def exchange(self, command: Command) -> Reply:
        reply, _ = await self._exchange(command)
        return reply

    async def close(self) -> None:
        """Abort what is under way, say QUIT if it is our turn to speak, and close the connection."""
        if not self.closed and not self._turn.locked() and self._session.state is State.READY:
            with contextlib.suppress(CrcpError):
                for transfer in list(self._session.transfers):
                    await self._abort_transfer(transfer)
                await self._exchange(Command("QUIT"))
        await self.abort()

    async def abort(self) -> None:
        """Close the connection without a word."""
        self._fail(LinkError("the connection is closed"))
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await close_stream(self._writer, self._timeouts.goodbye)

    # -- transfers -----------------------------------------------------------------------------

    async def retrieve(
        self,
        name: str = "",
        *,
        stream: Subunit = FIRST_STREAM,
        payload_types: tuple[int, ...] = (33,),
        mode: TransferMode = OVER_TCP,
        passive: bool = True,
    ) -> Transfer:
        """Begin to receive name, or what the unit has by default.

        passive: in mode S, whether we connect to the unit or it to us; in mode P, whether it
        names a multicast group or we an address of our own. Raises Refused.
        """
        command = Command("RETR", stream, name)
        return await self._start(command, Representation(payload_types), mode, passive=passive)

    async def store(
        self,
        name: str,
        *,
        stream: Subunit = FIRST_STREAM,
        payload_types: tuple[int, ...] = (33,),
        passive: bool = True,
    ) -> Transfer:
        """Begin to send name in mode S; send packets with the transfer's send, then finish it."""
        command = Command("STOR", stream, name)
        kind = Representation(payload_types)
        return await self._start(command, kind, TransferMode(), passive=passive)

    async def list_names(self, path: str = "", *, details: bool = False) -> list[str]:
        """List the names in a directory (NLST), or its lines as the unit writes them (LIST).

        Bounded in size and number; names that could lead elsewhere are left out.
        """
        command = Command("LIST" if details else "NLST", Subunit(FILE), path)
        transfer = await self._start(command, Representation(), TransferMode(), passive=True)
        patience = self._timeouts.listing
        return await read_listing(transfer, names_only=not details, patience=patience)

    async def _start(
        self, command: Command, kind: Representation, mode: TransferMode, *, passive: bool
    ) -> Transfer:
        stream = command.subunit if command.name in ("RETR", "STOR") else FIRST_STREAM
        # TYPE, MODE and the address are the stream's, so nobody else may set them in between.
        async with self._setting_up:
            settings = [Command("TYPE", stream, kind), Command("MODE", stream, mode)]
            if kind.payload_types is None:
                # TYPE A goes with MODE S only, so a unit left in mode P hears of that one first.
                settings.reverse()
            # The mode decides whether the port is TCP or UDP, so it comes before PORT and PASV.
            for setting in settings:
                await self.execute(setting)
            link = await open_data_link(
                self._writer,
                mode,
                passive=passive,
                ask=lambda c: self._ask_for_data(c, stream),
                patience=self._timeouts.data,
                third_party=self._third_party_data,
            )
            try:
                return await self._begin(command, link)
            except BaseException:
                await link.close()
                raise

    async def _begin(self, command: Command, link: DataLink) -> Transfer:
        reply, started = await self._exchange(command)
        if reply.failed:
            raise refusal(reply)
        if started is None:
            # All was said and sent in one reply: an empty listing, say.
            return Transfer(link, None, None, abort=None, timeouts=self._timeouts)
        opened, end = started
        return Transfer(
            link, opened, end, abort=lambda: self._abort_transfer(opened), timeouts=self._timeouts
        )

    async def _ask_for_data(self, command: Command, stream: Subunit | None) -> Reply:
        return await self.execute(Command(command.name, stream, command.argument))

    async def _abort_transfer(self, transfer: OpenTransfer) -> None:
        """ABOR a transfer; its own final reply comes before or after ABOR's, or never."""
        end = self._ends.get(transfer)
        subunit = transfer.command.subunit
        stream = subunit if subunit and subunit.kind == STREAM else FIRST_STREAM
        try:
            await self.execute(Command("ABOR", stream))
            if end:
                async with asyncio.timeout(self._timeouts.aborted):
                    await asyncio.shield(end)
        except TimeoutError:
            if self.closed:
                raise
        finally:
            self._session.transfers.forget(transfer)
            self._ends.pop(transfer, None)

    # -- one exchange --------------------------------------------------------------------------

    async def _exchange(self, command: Command) -> _Answer:
        """Send a command and wait for its final reply, or for the start of its transfer."""
        async with self._turn:
            self._raise_failure()
            self._answer = asyncio.get_running_loop().create_future()
            try:
                self._writer.write(self._session.send(command, self.spelling))
                async with asyncio.timeout(self._patience(command)):
                    await self._writer.drain()
                    return await self._answer
            except TimeoutError:
                return self._without_answer(command)
            except OSError as error:
                self._fail(LinkError(f"the connection was lost: {error}"))
                self._raise_failure()
                raise
            except asyncio.CancelledError:
                # The reply would come to whoever asks next: the connection is of no more use.
                self._fail(LinkError("the connection was given up"))
                raise
            finally:
                self._answer = None

    def _without_answer(self, command: Command) -> _Answer:
        """Go on after ABOR, which some units answer with the transfer's end only; else give up."""
        if command.name == "ABOR" and self._session.give_up_abort():
            return Reply(ReplyCode.TRANSFER_COMPLETE, ("",)), None
        self._raise_failure()
        error = TimedOut(f"no reply to {command.name} in time")
        self._fail(error)
        raise error

    async def _receive_greeting(self) -> None:
        """Wait for 220; a unit that says nothing is taken as ready."""
        self._answer = asyncio.get_running_loop().create_future()
        try:
            reply = await self._greeting_reply(self._answer)
            if reply.failed:
                raise refusal(reply)
            self.greeting = reply
        except TimeoutError:
            self._raise_failure()
            _LOGGER.debug("The unit sent no greeting; going on without one")
        finally:
            self._answer = None

    async def _greeting_reply(self, answer: asyncio.Future[_Answer]) -> Reply:
        async with asyncio.timeout(self._timeouts.greeting) as patience:
            self._more_patience = patience
            reply, _ = await answer
            return reply

    def _patience(self, command: Command) -> float:
        special = {
            "ON": self._timeouts.power,
            "QUIT": self._timeouts.goodbye,
            "REIN": self._timeouts.busy_greeting,
            "ABOR": self._timeouts.aborted if self._session.transfers else self._timeouts.reply,
            "RETR": self._timeouts.started,
            "STOR": self._timeouts.started,
        }
        return special.get(command.name, self._timeouts.reply)

    # -- reading -------------------------------------------------------------------------------

    async def _read(self) -> None:
        """Read replies until the connection ends; every end is remembered as the failure."""
        try:
            data = b"?"
            while data and not self.closed:
                data = await self._reader.read(READ_SIZE)
                self._session.receive_data(data)
                while not isinstance(event := self._session.next_event(), NeedData):
                    self._handle(event)
            self._fail(LinkError("the unit closed the connection"))
        except ProtocolError as error:
            self._fail(error)
        except OSError as error:
            self._fail(LinkError(f"the connection was lost: {error}"))

    def _handle(self, event: Event) -> None:
        match event:
            case ReplyReceived(reply) if reply.code == ReplyCode.CLOSING:
                self._fail(refusal(reply))
            case ReplyReceived(reply) if reply.preliminary:
                self._be_patient()
            case ReplyReceived(reply):
                self._hand_over((reply, None))
            case TransferStarted(reply, transfer):
                end = self._ends[transfer] = asyncio.get_running_loop().create_future()
                self._hand_over((reply, (transfer, end)))
            case TransferEnded(reply, transfer):
                if waited_for := self._ends.pop(transfer, None):
                    waited_for.set_result(reply)
            case ReplyDiscarded(reply):
                _LOGGER.debug("Discarding a reply that nobody asked for: %r", reply.shown)
            case _:
                pass  # The other events are a unit's; the end of the stream is seen in _read.

    def _be_patient(self) -> None:
        """120 speaks of minutes until the greeting."""
        if self._more_patience and self._session.state is State.GREETING:
            until = asyncio.get_running_loop().time() + self._timeouts.busy_greeting
            self._more_patience.reschedule(until)
            self._more_patience = None  # once: who says it again and again would hold us for ever

    def _hand_over(self, answer: _Answer) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(answer)

    def _fail(self, error: CrcpError) -> None:
        """End the connection; the first reason is the one that is kept and told."""
        if self.closed:
            return
        self._ended.set_result(error)
        self._writer.close()
        if self._answer and not self._answer.done():
            self._answer.set_exception(error)
        for end in self._ends.values():
            end.set_exception(error)
            end.exception()  # seen: a transfer that nobody waits for any more is no mistake
        self._ends.clear()

    def _raise_failure(self) -> None:
        if self.closed:
            raise self._ended.result()


async def _open(
    host: str, port: int, tls: ssl.SSLContext | None, patience: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(patience):
            return await asyncio.open_connection(host, port, ssl=tls)
    except TimeoutError:
        raise TimedOut(f"no answer from {host} port {port}") from None
    except OSError as error:  # first: a certificate that is refused is a ValueError too
        raise LinkError(f"cannot connect to {host} port {port}: {error}") from error
    except ValueError:  # a name that no network knows: an empty label, a NUL
        raise LinkError(f"{host!r} is no host name") from None
