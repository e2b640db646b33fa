"""A controller's connection to one unit over TCP: one command in flight, every wait bounded."""

import asyncio
import contextlib
from dataclasses import dataclass
import logging
from types import TracebackType
from typing import Self

from .codec import Spelling
from .codes import ReplyCode
from .errors import (
    Busy,
    CrcpError,
    LinkError,
    NotAUnit,
    NotAuthorised,
    ProtocolError,
    Refused,
    TimedOut,
)
from .lines import NeedData
from .messages import Amount, Command, Reply, Setting, Subunit
from .session import (
    PORT,
    Event,
    ReplyDiscarded,
    ReplyReceived,
    Role,
    Session,
    TelnetAnswer,
)
from .state import State
from .status import (
    CameraStatus,
    TapeStatus,
    UnitStatus,
    parse_camera_status,
    parse_power_status,
    parse_tape_status,
    parse_unit_status,
)
from .subunits import CAMERA, POWER, TAPE

_LOGGER = logging.getLogger(__name__)

READ_SIZE = 65536


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a controller waits, in seconds. The draft has no timers; these are ours.

    greeting: a unit may have none, so this is a pause and not an error. busy_greeting: after 120.
    power: a deck that spins up answers late. goodbye: QUIT is a courtesy.
    """

    connect: float = 10.0
    greeting: float = 5.0
    busy_greeting: float = 120.0
    reply: float = 10.0
    power: float = 30.0
    goodbye: float = 2.0


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class UnitState:
    """Everything a unit tells about itself at one moment.

    power: None where the unit does not tell. tapes and cameras: those that answered STAT.
    """

    unit: UnitStatus
    power: dict[Subunit, bool | None]
    tapes: dict[Subunit, TapeStatus]
    cameras: dict[Subunit, CameraStatus]


class Controller:
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
    ) -> None:
        """Take over an open connection; use connect to make one."""
        self.spelling = Spelling()
        #: What the unit said first; None from a unit without a greeting.
        self.greeting: Reply | None = None
        self._timeouts = timeouts
        self._session = Session(Role.CONTROLLER)
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()
        self._reply: asyncio.Future[Reply] | None = None
        self._ended: asyncio.Future[CrcpError] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._read(), name="crcp replies")

    @classmethod
    async def connect(
        cls, host: str, port: int = PORT, *, timeouts: Timeouts = DEFAULT_TIMEOUTS
    ) -> Self:
        """Open a connection and wait for the unit's greeting.

        Raises LinkError, TimedOut, ProtocolError, or Busy when another controller has the unit.
        """
        try:
            async with asyncio.timeout(timeouts.connect):
                reader, writer = await asyncio.open_connection(host, port)
        except TimeoutError:
            raise TimedOut(f"no answer from {host} port {port}") from None
        except OSError as error:
            raise LinkError(f"cannot connect to {host} port {port}: {error}") from error
        controller = cls(reader, writer, timeouts=timeouts)
        try:
            await controller._greeting()
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
    def closed(self) -> bool:
        """Whether this connection can no longer be used."""
        return self._ended.done()

    async def wait_closed(self) -> CrcpError:
        """Wait until the connection has ended, whoever ended it; return why."""
        return await asyncio.shield(self._ended)

    async def execute(self, command: Command) -> Reply:
        """Send a command and return its final reply (2yz or 3yz).

        Raises Refused for 4yz and 5yz, and what the class says for the link.
        """
        reply = await self._exchange(command)
        if self._has_another_name(command, reply):
            self.spelling.commands[command.subunit or Subunit(TAPE), "RECO"] = "REC"
            reply = await self._exchange(command)
        if reply.failed:
            raise refusal(reply)
        return reply

    async def unit_status(self) -> UnitStatus:
        """Ask for the subunits (STAT). Raises NotAUnit when the list holds none of CRCP's."""
        status = parse_unit_status(await self.execute(Command("STAT")))
        if not status.is_unit:
            raise NotAUnit("the list of subunits holds none of CRCP's")
        self.spelling.subunits.update(status.spellings)
        return status

    async def power_status(self, subunit: Subunit) -> bool | None:
        """Ask whether the power is on; None where the unit cannot tell."""
        try:
            return parse_power_status(await self._stat(subunit))
        except Refused:
            return None

    async def tape_status(self, subunit: Subunit) -> TapeStatus:
        """Ask what the tape does and where it stands."""
        status = parse_tape_status(await self._stat(subunit))
        for name, ability in status.abilities.items():
            self.spelling.commands[subunit, name] = ability.word
        return status

    async def camera_status(self, subunit: Subunit) -> CameraStatus:
        """Ask for the camera's parameters."""
        status = parse_camera_status(await self._stat(subunit))
        for name, parameter in status.parameters.items():
            self.spelling.commands[subunit, name] = parameter.word
        return status

    async def survey(self) -> UnitState:
        """Ask for everything: the subunits, then each POWER, TAPE and CAMERA.

        A subunit that refuses its STAT, as most do while the unit is off, is left out.
        """
        unit = await self.unit_status()
        of_kind = {kind: [s for s in unit.subunits if s.kind == kind] for kind in _SURVEYED}
        power = {subunit: await self.power_status(subunit) for subunit in of_kind[POWER]}
        tapes, cameras = {}, {}
        for subunit in of_kind[TAPE]:
            with contextlib.suppress(Refused):
                tapes[subunit] = await self.tape_status(subunit)
        for subunit in of_kind[CAMERA]:
            with contextlib.suppress(Refused):
                cameras[subunit] = await self.camera_status(subunit)
        return UnitState(unit, power, tapes, cameras)

    async def set_power(self, subunit: Subunit, *, on: bool) -> None:
        """Switch the power of a POWER subunit."""
        await self.execute(Command("ON" if on else "OFF", subunit))

    async def set_parameter(self, subunit: Subunit, name: str, setting: Setting) -> None:
        """Set one camera parameter; accepted when this returns, arrived later."""
        await self.execute(Command(name, subunit, setting))

    async def set_value(self, subunit: Subunit, name: str, value: float) -> None:
        """Bring a camera parameter to a value, below zero too.

        Section 9 reads a sign as "relative", so a negative value is reached by the difference to
        the present one. Raises Refused 501 where the unit does not tell the present one.
        """
        if value >= 0:
            await self.set_parameter(subunit, name, Amount(value))
            return
        parameter = (await self.camera_status(subunit)).parameters.get(name)
        if parameter is None or parameter.current is None:
            raise Refused(ReplyCode.BAD_ARGUMENT, f"The unit does not tell where {name} stands")
        difference = Amount(value - parameter.current, relative=True)
        await self.set_parameter(subunit, name, difference)

    async def close(self) -> None:
        """Say QUIT if it is our turn to speak, and close the connection."""
        if not self.closed and not self._turn.locked() and self._session.state is State.READY:
            with contextlib.suppress(Exception):
                await self._exchange(Command("QUIT"))
        await self.abort()

    async def abort(self) -> None:
        """Close the connection without a word."""
        self._fail(LinkError("the connection is closed"))
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    # -- one exchange --------------------------------------------------------------------------

    async def _stat(self, subunit: Subunit) -> Reply:
        return await self.execute(Command("STAT", argument=subunit))

    async def _exchange(self, command: Command) -> Reply:
        """Send a command and wait for its final reply, whatever it says."""
        async with self._turn:
            self._raise_failure()
            self._reply = asyncio.get_running_loop().create_future()
            try:
                self._writer.write(self._session.send(command, self.spelling))
                async with asyncio.timeout(self._patience(command)):
                    await self._writer.drain()
                    return await self._reply
            except TimeoutError:
                error = TimedOut(f"no reply to {command.name} in time")
                self._fail(error)
                raise error from None
            except OSError as error:
                self._fail(LinkError(f"the connection was lost: {error}"))
                self._raise_failure()
                raise
            except asyncio.CancelledError:
                # The reply would come to whoever asks next: the connection is of no more use.
                self._fail(LinkError("the connection was given up"))
                raise
            finally:
                self._reply = None

    async def _greeting(self) -> None:
        """Wait for 220; a unit that says nothing is taken as ready."""
        self._reply = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._timeouts.greeting):
                reply = await self._reply
            if reply.failed:
                raise refusal(reply)
            self.greeting = reply
        except TimeoutError:
            _LOGGER.debug("The unit sent no greeting; going on without one")
        finally:
            self._reply = None

    def _patience(self, command: Command) -> float:
        special = {"ON": self._timeouts.power, "QUIT": self._timeouts.goodbye}
        return special.get(command.name, self._timeouts.reply)

    def _has_another_name(self, command: Command, reply: Reply) -> bool:
        """Whether to try REC: section 6.5 says RECO, section 8 REC, and the unit listed neither."""
        return (
            command.name == "RECO"
            and reply.code in (ReplyCode.UNRECOGNISED, ReplyCode.NOT_IMPLEMENTED)
            and (command.subunit or Subunit(TAPE), "RECO") not in self.spelling.commands
        )

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
            case ReplyReceived(reply):
                self._hand_over(reply)
            case ReplyDiscarded(reply):
                _LOGGER.debug("Discarding a reply that nobody asked for: %r", reply.shown)
            case TelnetAnswer(data):
                self._writer.write(data)
            case _:
                pass  # The other events are a unit's; the end of the stream is seen in _read.

    def _hand_over(self, reply: Reply) -> None:
        if self._reply and not self._reply.done() and not reply.preliminary:
            self._reply.set_result(reply)

    def _fail(self, error: CrcpError) -> None:
        """End the connection; the first reason is the one that is kept and told."""
        if self.closed:
            return
        self._ended.set_result(error)
        self._writer.close()
        if self._reply and not self._reply.done():
            self._reply.set_exception(error)

    def _raise_failure(self) -> None:
        if self.closed:
            raise self._ended.result()


_SURVEYED = (POWER, TAPE, CAMERA)


def refusal(reply: Reply) -> Refused:
    """The error that a reply of 4yz or 5yz is."""
    match reply.code:
        case ReplyCode.CLOSING:
            return Busy(reply.code, reply.shown)
        case ReplyCode.NOT_LOGGED_IN | ReplyCode.NEED_ACCOUNT_TO_STORE:
            return NotAuthorised(reply.code, reply.shown)
        case _:
            return Refused(reply.code, reply.shown)
