"""A virtual CRCP unit: its state, and one handler per command."""

import asyncio
from collections.abc import Callable, Mapping
import contextlib
import logging
import socket
import time

from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.errors import Refused
from ..protocols.crcp.lines import NeedData
from ..protocols.crcp.messages import Amount, Auto, Command, Motion, Reply, Step, Subunit
from ..protocols.crcp.session import (
    CommandReceived,
    CommandRejected,
    Event,
    Role,
    Session,
    TelnetAnswer,
)
from ..protocols.crcp.state import State
from ..protocols.crcp.status import (
    format_camera_status,
    format_power_status,
    format_tape_status,
    format_unit_status,
)
from ..protocols.crcp.subunits import CAMERA, CONNECTION, POWER, TAPE
from .deck import Deck
from .head import Head
from .host import Host

_LOGGER = logging.getLogger(__name__)

READ_SIZE = 65536

#: What a unit that is off still does; the draft says only "some command" (section 6.1).
WORKS_WHILE_OFF = frozenset({POWER, CONNECTION})

type Handler = Callable[["VirtualUnit", Command], Reply]

_HANDLERS: dict[tuple[str | None, str], Handler] = {}


def answers(kind: str | None, *names: str) -> Callable[[Handler], Handler]:
    """Declare the handler of a subunit type's commands; None is for STAT and HELP."""

    def register(handler: Handler) -> Handler:
        _HANDLERS.update({(kind, name): handler for name in names})
        return handler

    return register


class VirtualUnit:
    """One unit on loopback with POWER, TAPE and CAMERA subunits, by number.

    TAPEn and CAMERAn are powered by POWERn, or by POWER0 where there is no such one.
    """

    def __init__(
        self,
        *,
        name: str = "Virtual unit",
        unit_id: str = "virtual-unit-0",
        port: int = 0,
        powers: Mapping[int, bool] | None = None,
        decks: Mapping[int, Deck] | None = None,
        heads: Mapping[int, Head] | None = None,
    ) -> None:
        """Build the unit; start opens its port. The default has one of each subunit, switched on."""
        self.name = name
        self.unit_id = unit_id
        self.powers = dict({0: True} if powers is None else powers)
        self.decks = dict({0: Deck(time.monotonic)} if decks is None else decks)
        self.heads = dict({0: Head(time.monotonic)} if heads is None else heads)
        self.subunits: list[Subunit] = []
        self.commands: list[Command] = []
        self.refresh_subunits()
        self._host = Host(self._serve, port)
        self._connection: _Connection | None = None

    @property
    def port(self) -> int:
        """The port of the control channel, once started."""
        return self._host.port

    async def start(self) -> None:
        """Listen on 127.0.0.1."""
        await self._host.start()

    async def stop(self) -> None:
        """Close the port and every connection."""
        await self._host.stop()

    def refresh_subunits(self) -> None:
        """List the subunits anew, after powers, decks or heads were added or taken away."""
        self.subunits[:] = [
            *(Subunit(POWER, number) for number in self.powers),
            Subunit(CONNECTION),
            *(Subunit(TAPE, number) for number in self.decks),
            *(Subunit(CAMERA, number) for number in self.heads),
        ]

    def has_power(self, subunit: Subunit) -> bool:
        """Whether the POWER subunit that feeds this one is on."""
        return self.powers.get(subunit.number, self.powers.get(0, True))

    def perform(self, command: Command) -> Reply:
        """Do what a command says and return the reply."""
        self.commands.append(command)
        subunit = command.subunit
        if subunit and subunit.kind not in WORKS_WHILE_OFF and not self.has_power(subunit):
            return Reply(ReplyCode.BAD_SEQUENCE, ("Unit is off",))
        handler = _HANDLERS.get((subunit.kind if subunit else None, command.name))
        if handler is None:
            return Reply(ReplyCode.NOT_IMPLEMENTED, ("Command not implemented",))
        try:
            return handler(self, command)
        except Refused as refused:
            return Reply(refused.code, (refused.text,))

    # -- the control channel -------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self, reader, writer)
        if self._connection:
            # All of loopback is one address: a newcomer from there takes the place of the old one.
            self._connection.dismiss("Another controller took over")
        self._connection = connection
        try:
            await connection.run()
        finally:
            if self._connection is connection:
                self._connection = None

    # -- every unit (section 5) ----------------------------------------------------------------

    @answers(None, "STAT")
    def _stat(self, command: Command) -> Reply:
        match command.argument:
            case None:
                return format_unit_status(self.subunits)
            case Subunit(kind=kind, number=number) if kind == POWER:
                return format_power_status(on=self.powers[number])
            case Subunit(kind=kind, number=number) if kind == TAPE:
                return format_tape_status(self.decks[number].status())
            case Subunit(kind=kind, number=number) if kind == CAMERA:
                return format_camera_status(self.heads[number].status())
        return Reply(ReplyCode.BAD_ARGUMENT, ("No status for that subunit",))

    @answers(None, "HELP")
    def _help(self, _command: Command) -> Reply:
        kinds = dict.fromkeys(subunit.kind for subunit in self.subunits)
        lines = (f"Commands: STAT HELP {' '.join(kinds)} USER QUIT", "see STAT for the subunits")
        return Reply(ReplyCode.HELP, (*lines, "end"))

    # -- POWER (section 6.1) -------------------------------------------------------------------

    @answers(POWER, "ON", "OFF")
    def _power(self, command: Command) -> Reply:
        number = _number(command)
        self.powers[number] = command.name == "ON"
        for deck in (
            deck for n, deck in self.decks.items() if not self.has_power(Subunit(TAPE, n))
        ):
            deck.pause()
        for head in (h for n, h in self.heads.items() if not self.has_power(Subunit(CAMERA, n))):
            head.freeze()
        return _okay()

    # -- CONNECTION (section 6.2) --------------------------------------------------------------

    @answers(CONNECTION, "USER", "PASS", "ACCT")
    def _log_in(self, _command: Command) -> Reply:
        return Reply(ReplyCode.LOGGED_IN, ("Logged in",))

    @answers(CONNECTION, "QUIT")
    def _quit(self, _command: Command) -> Reply:
        return Reply(ReplyCode.BYE, ("bye",))

    # -- TAPE (section 8) ----------------------------------------------------------------------

    @answers(TAPE, "PLAY", "RECO", "FF", "PAUS")
    def _tape(self, command: Command) -> Reply:
        deck = self.decks[_number(command)]
        match command.argument:
            case Motion() as motion:
                {"PLAY": deck.play, "RECO": deck.record, "FF": deck.wind}[command.name](motion)
            case _:
                deck.pause()
        return _okay()

    # -- CAMERA (section 9) --------------------------------------------------------------------

    @answers(
        CAMERA,
        "IRIS",
        "SENS",
        "ROLL",
        "PAN",
        "TILT",
        "ZOOM",
        "HORI",
        "VERT",
        "DEPT",
        "FOCU",
        "WHIT",
    )
    def _camera(self, command: Command) -> Reply:
        match command.argument:
            case Amount() | Step() | Auto() as setting:
                self.heads[_number(command)].set(command.name, setting)
                return _okay()
        return Reply(ReplyCode.BAD_ARGUMENT, ("A value must follow",))


class _Connection:
    """One controller's connection: reads, performs, replies."""

    def __init__(
        self, unit: VirtualUnit, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._unit = unit
        self._reader = reader
        self._writer = writer
        self._session = Session(Role.UNIT, unit.subunits)

    async def run(self) -> None:
        connected: socket.socket = self._writer.get_extra_info("socket")
        # FTP clients send ABOR as urgent data; out of line, the next line would lose its neighbour.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        self._send(Reply(ReplyCode.READY, (f"{self._unit.name} ready",)))
        with contextlib.suppress(ConnectionError):
            while self._session.state is not State.CLOSED:
                self._session.receive_data(await self._reader.read(READ_SIZE))
                while not isinstance(event := self._session.next_event(), NeedData):
                    self._handle(event)
                await self._writer.drain()
        self._writer.close()

    def dismiss(self, reason: str) -> None:
        if self._session.state is not State.CLOSED:
            self._send(Reply(ReplyCode.CLOSING, (reason,)))
            self._writer.close()

    def _handle(self, event: Event) -> None:
        match event:
            case CommandReceived(command):
                _LOGGER.debug("Performing %s", command)
                self._send(self._unit.perform(command))
            case CommandRejected(reply):
                self._send(reply)
            case TelnetAnswer(data):
                self._writer.write(data)
            case _:
                pass  # The other events are a controller's; at the end of the stream run returns.

    def _send(self, reply: Reply) -> None:
        self._writer.write(self._session.send(reply))


def _number(command: Command) -> int:
    return command.subunit.number if command.subunit else 0


def _okay() -> Reply:
    return Reply(ReplyCode.OKAY, ("Command okay",))
