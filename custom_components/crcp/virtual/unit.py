"""A virtual CRCP unit: what it is made of, and who may command it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
import logging
import ssl
import time

from ..protocols.crcp.addresses import Address
from ..protocols.crcp.codec import parse_command
from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.datagrams import Verifier, read_lines
from ..protocols.crcp.errors import Refused
from ..protocols.crcp.messages import Command, Reply, Subunit
from ..protocols.crcp.subunits import CAMERA, CONNECTION, FILE, POWER, STREAM, TAPE
from . import basics, media
from .accounts import PENALTY, Account
from .clips import Clip, Shelf, blank_clip
from .control import NOT_LOGGED_IN, OPEN_TO_ALL, ControlConnection, ControlHost
from .deck import Deck
from .handlers import HANDLERS, Outcome
from .head import Head
from .host import LOOPBACK, BaseHost, Host
from .play_out import LIVE
from .reels import Recording
from .stream import Stream
from .unit_faults import NO_FAULT, Fault
from .visitor import Datagrams, Visitor, is_ignored

_LOGGER = logging.getLogger(__name__)

#: What a unit that is off still does; the draft says only "some command" (section 6.1).
WORKS_WHILE_OFF = frozenset({POWER, CONNECTION})

#: What follows these is nobody's business.
SECRET = frozenset({"PASS", "ACCT"})

#: RFC 1123 section 4.1.3.2: an idle connection is kept for at least 5 minutes.
IDLE_TIME = 300.0

#: A person types a user and a password in less.
LOGIN_TIME = 60.0

#: Where a unit of its own host has its data connections, so that a firewall can let them in.
DATA_PORTS = tuple(range(27274, 27344))

#: A demo runs for months; so many commands are enough to tell a story by.
REMEMBERED = 1000

# Importing these modules has filled the table of handlers.
_ROOMS_OF_HANDLERS = (basics, media)


@dataclass(frozen=True, slots=True)
class DatagramRules:
    """Who may command by datagram: whoever signs with the account's password, or as verifier says.

    unsigned: anybody else too, with USER and PASS in the datagram where there is an account.
    """

    verifier: Verifier | None = None
    unsigned: bool = False
    allowed: frozenset[str] = field(default_factory=lambda: frozenset({LOOPBACK}))
    port: int = 0


class VirtualUnit:
    """One unit on loopback. Its subunits are those that it is given, by number.

    TAPEn, CAMERAn and STREAMn are powered by POWERn, or by POWER0 where there is no such one, and
    belong together: what STREAMn sends is what TAPEn plays, or live without a tape.
    """

    #: Seconds.
    idle_time, login_time, penalty = IDLE_TIME, LOGIN_TIME, PENALTY

    #: Whether data may go to, and come from, others than the controller.
    third_party_data = False

    #: Whether STAT TAPE and STAT CAMERA are answered while the power is off.
    tells_while_off = True

    #: A name to tell in place of the numbers, and the group that mode P sends to.
    data_name: str | None = None
    group: Address | None = None
    data_ports: tuple[int, ...] = (0,)

    #: What STAT keeps to itself: many a unit has CONNECTION's commands and does not say so.
    unlisted: frozenset[Subunit] = frozenset()

    def __init__(
        self,
        *,
        name: str = "Virtual unit",
        unit_id: str = "virtual-unit-0",
        port: int = 0,
        powers: Mapping[int, bool] | None = None,
        decks: Mapping[int, Deck] | None = None,
        heads: Mapping[int, Head] | None = None,
        streams: tuple[int, ...] = (),
        shelf: Shelf | None = None,
        live: Recording | None = None,
        payload_types: tuple[int, ...] = (33,),
        account: Account | None = None,
        datagrams: DatagramRules | None = None,
        tls: ssl.SSLContext | None = None,
        fault: Fault = NO_FAULT,
        address: str = LOOPBACK,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build the unit; start opens its ports. The default has a power, a tape and a camera."""
        self.name = name
        self.unit_id = unit_id
        self.clock = clock
        self.powers = dict({0: True} if powers is None else powers)
        self.decks = dict({0: Deck(clock)} if decks is None else decks)
        self.heads = dict({0: Head(clock)} if heads is None else heads)
        self.streams = streams
        self.has_shelf = shelf is not None
        self.shelf = shelf or Shelf()
        self.live: Recording = live or blank_clip()
        self.payload_types = payload_types
        self.account = account
        self.fault = fault
        self._address = address
        #: None: this unit says nothing first.
        self.greeting: str | None = f"{name} ready"
        self.subunits: list[Subunit] = []
        #: The commands that were performed, or refused, of late.
        self.commands: list[Command] = []
        self.refresh_subunits()
        self._loaded: dict[int, str] = {}
        self._live_user: Stream | None = None
        self._next_port = count()
        self._host = self._open_to_controllers(port)
        self._tls_host = self._open_to_controllers(tls=tls) if tls else None
        self._rules = datagrams
        self._verifier = (datagrams and datagrams.verifier) or _verifier_of(account)
        self._datagrams: Datagrams | None = None
        self._connection: ControlConnection | None = None

    # -- on and off ----------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The port of the control channel, once started."""
        return self._host.port

    @property
    def tls_port(self) -> int | None:
        """The port of the encrypted control channel; None without one."""
        return self._tls_host.port if self._tls_host else None

    @property
    def udp_port(self) -> int | None:
        """The port for commands by datagram; None without one."""
        return self._datagrams.port if self._datagrams else None

    async def start(self) -> None:
        """Listen on this unit's loopback address. Raises OSError when a port is taken."""
        await self._host.start()
        if self._tls_host:
            await self._tls_host.start()
        if self._rules:
            loop = asyncio.get_running_loop()
            # The control channel's own number, unless another was asked for (section 1).
            address = (self._address, self._rules.port or self.port)
            _, self._datagrams = await loop.create_datagram_endpoint(
                lambda: Datagrams(self), local_addr=address
            )

    async def stop(self) -> None:
        """Close the ports and every connection."""
        if self._datagrams:
            await self._datagrams.close()
        if self._tls_host:
            await self._tls_host.stop()
        await self._host.stop()

    def refresh_subunits(self) -> None:
        """List the subunits anew, after powers, decks or heads were added or taken away."""
        self.subunits[:] = [
            *(Subunit(POWER, number) for number in self.powers),
            Subunit(CONNECTION),
            *([Subunit(FILE)] if self.has_shelf else []),
            *(Subunit(STREAM, number) for number in self.streams),
            *(Subunit(TAPE, number) for number in self.decks),
            *(Subunit(CAMERA, number) for number in self.heads),
        ]

    # -- commands ------------------------------------------------------------------------------

    def perform(self, visitor: Visitor, command: Command) -> Outcome:
        """Do what a command says and return the reply, or what to wait for until it is there."""
        subunit = command.subunit
        if not visitor.login.logged_in and command.name not in OPEN_TO_ALL:
            return NOT_LOGGED_IN
        self._remember(command)
        asked = command.argument if isinstance(command.argument, Subunit) else None
        concerned = subunit or (None if self.tells_while_off else asked)
        if concerned and concerned.kind not in WORKS_WHILE_OFF and not self.has_power(concerned):
            return Reply(ReplyCode.BAD_SEQUENCE, ("Unit is off",))
        handler = HANDLERS.get((subunit.kind if subunit else None, command.name))
        if handler is None:
            return Reply(ReplyCode.NOT_IMPLEMENTED, ("Command not implemented",))
        try:
            outcome = handler(self, visitor, command)
        except Refused as refused:
            return Reply(refused.code, (refused.text,))
        return outcome if isinstance(outcome, Reply) else _when_done(outcome)

    def _remember(self, command: Command) -> None:
        if command.name in SECRET:
            command = replace(command, argument="***")
        self.commands.append(command)
        if len(self.commands) > 2 * REMEMBERED:
            del self.commands[:REMEMBERED]

    async def perform_datagram(self, visitor: Visitor, datagram: bytes) -> None:
        """Do the commands of a datagram in their order; an error drops the rest of it."""
        lines = self._lines_of(visitor, datagram)
        if lines is None:
            _LOGGER.info("A datagram from %s was not let in", visitor.peer)
            return
        for line in lines:
            try:
                command = parse_command(line, self.subunits)
                if is_ignored(command):
                    continue
                outcome = self.perform(visitor, command)
                reply = outcome if isinstance(outcome, Reply) else await outcome
                if reply.failed:
                    raise Refused(reply.code, reply.text)
            except (Refused, ValueError) as error:
                _LOGGER.info("The rest of a datagram was dropped: %s", error)
                return

    def allows(self, peer: str) -> bool:
        """Whether datagrams from an address are looked at."""
        return self._rules is not None and peer in self._rules.allowed

    def _lines_of(self, visitor: Visitor, datagram: bytes) -> list[str] | None:
        """The command lines of a datagram; None when it may not command us."""
        # State lasts for one datagram: whoever signed it is logged in for just as long.
        lines = self._verifier.open(datagram, now=time.time())
        visitor.login.logged_in = lines is not None or self.account is None
        if lines is None and self._rules and self._rules.unsigned:
            lines = datagram
        return None if lines is None else read_lines(lines)

    # -- parts ---------------------------------------------------------------------------------

    def has_power(self, subunit: Subunit) -> bool:
        """Whether the POWER subunit that feeds this one is on."""
        return self.powers.get(subunit.number, self.powers.get(0, True))

    async def switch(self, number: int, *, on: bool) -> None:
        """Switch a POWER subunit. What loses its power stops, and its transfers break."""
        self.powers[number] = on
        for each, deck in self.decks.items():
            if not self.has_power(Subunit(TAPE, each)):
                deck.pause()
        for each, head in self.heads.items():
            if not self.has_power(Subunit(CAMERA, each)):
                head.freeze()
        for each in self.streams:
            if not self.has_power(Subunit(STREAM, each)):
                await self._abort(each)

    def load(self, number: int, path: str) -> Deck:
        """Put a recording into a deck; one that is in there already stays where it stands.

        Raises Refused 550 for what is not on the shelf, 502 where there is no deck.
        """
        if number not in self.decks:
            raise Refused(ReplyCode.NOT_IMPLEMENTED, "Command not implemented")
        if path not in self.shelf.clips:
            raise Refused(ReplyCode.UNAVAILABLE, f"{path}: no such file")
        if self._loaded.get(number) != path:
            self._loaded[number] = path
            self.decks[number].insert(self.shelf.clips[path].duration)
        return self.decks[number]

    def loaded(self, number: int) -> str:
        """The path of what a deck holds; what a camera shows now where nothing was loaded."""
        return self._loaded.get(number, LIVE)

    def keep(self, path: str, clip: Clip, number: int) -> None:
        """Put a new recording on the shelf, and into the deck that made it."""
        if clip.stream:
            self.shelf.clips[path] = clip
            self._loaded[number] = path

    def take_live(self, stream: Stream) -> None:
        """Claim the live picture, which one stream at a time can have. Raises Refused 450."""
        if self._live_user and self._live_user is not stream and self._live_user.busy:
            raise Refused(ReplyCode.FILE_BUSY, f"{LIVE} is in use")
        self._live_user = stream

    async def _abort(self, number: int) -> None:
        """End the transfers of a STREAM subunit, whether begun over TCP or by datagram."""
        for began in (self._connection, self._datagrams):
            if began:
                await began.abort(number)

    def data_ports_to_try(self) -> list[int]:
        """The ports for the next data connection, best first; 0 lets the system choose."""
        turn = next(self._next_port) % len(self.data_ports)
        return [*self.data_ports[turn:], *self.data_ports[:turn]]

    # -- the control channel -------------------------------------------------------------------

    def admit(self, connection: ControlConnection) -> bool:
        """Take a new controller, or tell it that another one has the unit."""
        if self._connection and self._connection.peer != connection.peer:
            connection.dismiss("In use by another controller")
            return False
        if self._connection:
            # A controller that crashed comes back and must not find itself locked out.
            self._connection.dismiss("Another controller took over")
        self._connection = connection
        return True

    def release(self, connection: ControlConnection) -> None:
        """Be free for the next controller, if this one has the unit still."""
        if self._connection is connection:
            self._connection = None

    def _open_to_controllers(self, port: int = 0, tls: ssl.SSLContext | None = None) -> BaseHost:
        if self.fault.takes_over:
            return Host(self.fault.meet, port, tls=tls, address=self._address)
        return ControlHost(self, port, tls=tls, address=self._address)


def _verifier_of(account: Account | None) -> Verifier:
    return Verifier({account.user: account.password} if account else {})


async def _when_done(outcome: Awaitable[Reply]) -> Reply:
    try:
        return await outcome
    except Refused as refused:
        return Reply(refused.code, (refused.text,))
