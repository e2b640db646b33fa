"""One control connection without its I/O: bytes in by a call, meaning out as events."""

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import Enum, auto

from .codec import (
    MAX_REPLY_BYTES,
    ReplyReader,
    Spelling,
    decode_text,
    format_command,
    format_reply,
    parse_command,
)
from .codes import ReplyCode
from .errors import Misuse, ProtocolError, Refused
from .grammar import FORBIDDEN, fold, split_words
from .lines import NEED_DATA, LineReader, NeedData, TelnetFilter
from .messages import Command, Reply, Subunit
from .state import TRANSITIONS, State, Step, step_of
from .transfers import OpenTransfer, OpenTransfers

#: The control channel's port where none is given, TCP and UDP. The draft's was never assigned; this
#: one is free in IANA's list, needs no root, and no outgoing connection takes it.
PORT = 27272

#: The longest command line a unit reads. Names are the longest arguments; 4096 is the longest path.
MAX_COMMAND_BYTES = 4096

#: What a unit may say that answers nothing, until it answers something: empty lines in a row, bytes
#: of Telnet within a line, and replies that nobody asked for or that promise another. Each is legal,
#: and without end it would keep us busy for ever.
MAX_EMPTY_LINES = 1000
MAX_TELNET_BYTES = 4096
MAX_IDLE_REPLIES = 100


class Role(Enum):
    """The two ends of a control connection (section 1)."""

    CONTROLLER = auto()
    UNIT = auto()


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """The controller sent a command that this unit understands; it waits for the reply."""

    command: Command


@dataclass(frozen=True, slots=True)
class CommandRejected:
    """The controller sent a line that this unit cannot do; reply is what to send.

    word: the line's first, in capitals: a unit may say less to whoever is not logged in.
    """

    reply: Reply
    word: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ReplyReceived:
    """The unit replied: to command, or to none (the greeting, a 421 unasked)."""

    reply: Reply
    command: Command | None


@dataclass(frozen=True, slots=True)
class TransferStarted:
    """The unit will send or take data (1yz); the controller may speak again meanwhile."""

    reply: Reply
    transfer: OpenTransfer


@dataclass(frozen=True, slots=True)
class TransferEnded:
    """A transfer is over; reply says how. It leaves a command that is pending as it is."""

    reply: Reply
    transfer: OpenTransfer


@dataclass(frozen=True, slots=True)
class ReplyDiscarded:
    """The unit said something nobody asked for; worth a line in the log."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class TelnetAnswer:
    """Telnet negotiation came in; data is what to write back."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ConnectionClosed:
    """The peer closed its end."""


type Event = (
    CommandReceived
    | CommandRejected
    | ReplyReceived
    | TransferStarted
    | TransferEnded
    | ReplyDiscarded
    | TelnetAnswer
    | ConnectionClosed
    | NeedData
)


class Session:
    """The one door to the protocol, for both roles.

    Feed it with receive_data, drain next_event until NEED_DATA, and write to the link what send
    returns. subunits: those of the unit, read anew for each command; a controller gives none.
    """

    def __init__(self, role: Role, subunits: Collection[Subunit] = ()) -> None:
        """Begin a connection on which nothing was said yet."""
        self.role = role
        self.state = State.GREETING
        self.pending: Command | None = None
        #: Started and not yet ended; a controller takes out what it no longer waits for.
        self.transfers = OpenTransfers()
        self._subunits = subunits
        if role is Role.UNIT:
            self._telnet, self._lines = TelnetFilter(), LineReader(MAX_COMMAND_BYTES)
        else:
            self._telnet = TelnetFilter(MAX_TELNET_BYTES)
            self._lines = LineReader(MAX_REPLY_BYTES, MAX_EMPTY_LINES)
        self._replies = ReplyReader()
        self._answer = b""
        self._greeted = False
        self._abort_was_answered = False
        self._idle_replies = 0
        self._ended = False

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the link; b"" says that the peer closed its end."""
        if not data:
            self._ended = True
            return
        plain, answer = self._telnet.feed(data)
        if self.role is Role.UNIT:
            # A controller never speaks Telnet: a unit could have it write without end.
            self._answer += answer
        self._lines.feed(plain)

    def next_event(self) -> Event:
        """Return what the bytes mean, one event a call; NEED_DATA when nothing more is whole.

        Raises ProtocolError when the unit's replies cannot be read; the connection is then lost.
        """
        if self._answer:
            answer, self._answer = self._answer, b""
            return TelnetAnswer(answer)
        event = self._next_command() if self.role is Role.UNIT else self._next_reply()
        if event is NEED_DATA and self._ended and self.state is not State.CLOSED:
            self.state = State.CLOSED
            return ConnectionClosed()
        return event

    def send(self, message: Command | Reply, spelling: Spelling | None = None) -> bytes:
        """Return the bytes of a command (controller) or a reply (unit), and move on.

        Raises Misuse when it is not this end's turn.
        """
        if isinstance(message, Command):
            self._expect(Role.CONTROLLER)
            line = format_command(message, spelling)
            self._advance(Step.COMMAND)
            self.pending = message
            self._abort_was_answered = False
            return f"{line}\r\n".encode()
        self._expect(Role.UNIT)
        self._advance(step_of(message, self.pending))
        return format_reply(message)

    def send_transfer_end(self, reply: Reply) -> bytes:
        """Return the bytes of the final reply of a transfer (unit), which may come at any time."""
        self._expect(Role.UNIT)
        self._advance(Step.ENDED)
        return format_reply(reply)

    def skip_greeting(self) -> None:
        """Say nothing first (unit): the controller will speak when it is tired of waiting."""
        self._expect(Role.UNIT)
        if self.state is State.GREETING:
            self.state = State.READY

    def give_up_abort(self) -> bool:
        """Stop waiting for a second reply to ABOR where one has come; whether that was so."""
        if self.state is not State.PENDING or not self.pending or self.pending.name != "ABOR":
            return False
        if not self._abort_was_answered:
            return False
        self.pending, self.state = None, State.READY
        return True

    # -- the unit reads commands ---------------------------------------------------------------

    def _next_command(self) -> Event:
        # A controller that sends several lines at once gets them done one after the other.
        if self.state is not State.READY:
            return NEED_DATA
        line = self._lines.next_line()
        while isinstance(line, bytes) and not line.strip(b" \t"):
            line = self._lines.next_line()  # an empty line says nothing
        if isinstance(line, NeedData):
            return NEED_DATA
        self._advance(Step.COMMAND)
        self.pending = None
        if line is None:
            return CommandRejected(Reply(ReplyCode.UNRECOGNISED, ("Line too long",)))
        return self._read_command(decode_text(line))

    def _read_command(self, line: str) -> Event:
        if FORBIDDEN.search(line):
            return CommandRejected(Reply(ReplyCode.UNRECOGNISED, ("Not a command line",)))
        try:
            self.pending = parse_command(line, self._subunits)
        except Refused as refused:
            word = fold(split_words(line)[0])
            return CommandRejected(Reply(refused.code, (refused.text,)), word)
        return CommandReceived(self.pending)

    # -- the controller reads replies ----------------------------------------------------------

    def _next_reply(self) -> Event:
        while self.state is not State.CLOSED:
            line = self._lines.next_line()
            if isinstance(line, NeedData):
                break
            if line is None:
                raise ProtocolError("a line of the reply does not end, or empty ones do not")
            reply = self._replies.feed(decode_text(line).replace("\r", " "))
            if reply:
                return self._count_idle(self._receive_reply(reply))
        if self._telnet.is_flooded:
            raise ProtocolError("the unit sends Telnet commands and no line")
        return NEED_DATA

    def _count_idle(self, event: Event) -> Event:
        """Bound what answers nothing."""
        promise = isinstance(event, ReplyReceived) and event.reply.preliminary
        if not promise and not isinstance(event, ReplyDiscarded):
            self._idle_replies = 0
            return event
        self._idle_replies += 1
        if self._idle_replies > MAX_IDLE_REPLIES:
            raise ProtocolError("the unit replies again and again to nothing")
        return event

    def _receive_reply(self, reply: Reply) -> Event:
        if transfer := self.transfers.ended_by(reply, self.pending):
            self._advance(Step.ENDED)
            self.transfers.forget(transfer)
            self._abort_was_answered = True
            return TransferEnded(reply, transfer)
        command, step = self.pending, step_of(reply, self.pending)
        if self._is_stray(reply, step):
            return ReplyDiscarded(reply)
        self._greeted |= self.state is State.GREETING
        self._advance(step)
        if step is not Step.PRELIMINARY:
            self.pending = None
        if step is Step.STARTED and command:
            return TransferStarted(reply, self.transfers.start(command))
        return ReplyReceived(reply, command)

    def _is_stray(self, reply: Reply, step: Step) -> bool:
        """Whether nobody waits for this reply: a greeting that came late, or plain noise."""
        if self.state is State.PENDING and not self._greeted and self._is_greeting(reply):
            self._greeted = step is Step.FINAL
            return True
        if self.state is State.PENDING and self.transfers.is_stray(reply, self.pending):
            return True
        return (self.state, step) not in TRANSITIONS

    def _is_greeting(self, reply: Reply) -> bool:
        rein = self.pending is not None and self.pending.name == "REIN"
        return not rein and reply.code in (ReplyCode.READY, ReplyCode.READY_IN_MINUTES)

    # -- both ----------------------------------------------------------------------------------

    def _expect(self, role: Role) -> None:
        if self.role is not role:
            raise Misuse(f"a {self.role.name.lower()} does not send this")

    def _advance(self, step: Step) -> None:
        try:
            self.state = TRANSITIONS[self.state, step]
        except KeyError:
            raise Misuse(f"{step.name} in state {self.state.name}") from None
