"""What may happen when: the handshake and the transaction, as tables.

Two TCP connections make one PTP-IP connection. The initiator opens the first, for commands, and
names itself; the responder answers with a connection number. The initiator opens the second, for
events, and gives that number; when the responder acknowledges it, the connection is established.
At either point the responder may say Init Fail instead, and then nothing follows.

    UNCONNECTED   nothing was said
    NAMED         the initiator named itself
    NUMBERED      the responder gave the connection a number
    JOINING       the initiator gave the number on the event connection
    ESTABLISHED   both connections stand
    FAILED        the responder said no

On an established connection the initiator runs one transaction after the other: a request, at most
one data phase, a response. The request says which way data may go, so it leads to one of three
states; an early response ends a transaction that has no data.

    IDLE          the initiator may ask
    ASKED         the responder owes data or the response
    OFFERED       the initiator owes data, unless the responder refuses first
    UNDECIDED     either may send data: the request did not say
    DATA_IN       the responder sends data
    DATA_OUT      the initiator sends data
    DELIVERED     the data phase is over; the responder owes the response
    OVERRULED     the responder answered before the initiator had sent its data; what of it is
                  under way still comes, and then the initiator may ask again

Both ends see the same steps in the same order but for one race, and OVERRULED is that race. So one
table serves both roles, and a missing cell is the error of whoever made the step.

Events, probes and Cancel come at any time and change no state. A responder that breaks off ends its
data early, then responds with a code other than OK; that is no error of the protocol.
"""

from enum import Enum, auto
from typing import Final

from .codes import DataPhase, PacketType


class Role(Enum):
    """The two ends of a connection: the initiator imports, the responder is the camera."""

    INITIATOR = auto()
    RESPONDER = auto()


class Channel(Enum):
    """The two TCP connections."""

    COMMAND = auto()
    EVENT = auto()


class Handshake(Enum):
    """How far the connection is established."""

    UNCONNECTED = auto()
    NAMED = auto()
    NUMBERED = auto()
    JOINING = auto()
    ESTABLISHED = auto()
    FAILED = auto()


class Transaction(Enum):
    """Where the transaction stands."""

    IDLE = auto()
    ASKED = auto()
    OFFERED = auto()
    UNDECIDED = auto()
    DATA_IN = auto()
    DATA_OUT = auto()
    DELIVERED = auto()
    OVERRULED = auto()


_I, _R = Role.INITIATOR, Role.RESPONDER
_C, _E = Channel.COMMAND, Channel.EVENT
_P = PacketType

# Who sends a packet, and on which connection.
LANES: Final[dict[PacketType, set[tuple[Role, Channel]]]] = {
    _P.INIT_COMMAND_REQUEST: {(_I, _C)},
    _P.INIT_COMMAND_ACK: {(_R, _C)},
    _P.INIT_EVENT_REQUEST: {(_I, _E)},
    _P.INIT_EVENT_ACK: {(_R, _E)},
    _P.INIT_FAIL: {(_R, _C), (_R, _E)},
    _P.OPERATION_REQUEST: {(_I, _C)},
    _P.OPERATION_RESPONSE: {(_R, _C)},
    _P.EVENT: {(_R, _E)},
    _P.START_DATA: {(_I, _C), (_R, _C)},
    _P.DATA: {(_I, _C), (_R, _C)},
    _P.CANCEL: {(_I, _C), (_I, _E)},
    _P.END_DATA: {(_I, _C), (_R, _C)},
    _P.PROBE_REQUEST: {(_I, _E), (_R, _E)},
    _P.PROBE_RESPONSE: {(_I, _E), (_R, _E)},
}

HANDSHAKE: Final[dict[tuple[Handshake, PacketType], Handshake]] = {
    (Handshake.UNCONNECTED, _P.INIT_COMMAND_REQUEST): Handshake.NAMED,
    (Handshake.NAMED, _P.INIT_COMMAND_ACK): Handshake.NUMBERED,
    (Handshake.NAMED, _P.INIT_FAIL): Handshake.FAILED,
    (Handshake.NUMBERED, _P.INIT_EVENT_REQUEST): Handshake.JOINING,
    (Handshake.NUMBERED, _P.INIT_FAIL): Handshake.FAILED,
    (Handshake.JOINING, _P.INIT_EVENT_ACK): Handshake.ESTABLISHED,
    (Handshake.JOINING, _P.INIT_FAIL): Handshake.FAILED,
}

# On an established connection these come at any time and change nothing.
ANY_TIME: Final = {_P.EVENT, _P.CANCEL, _P.PROBE_REQUEST, _P.PROBE_RESPONSE}

# Where a request leads. Data phase 0 is seen in the wild; it means "no data, or data in".
REQUESTED: Final = {
    DataPhase(0): Transaction.ASKED,
    DataPhase.NONE_OR_IN: Transaction.ASKED,
    DataPhase.OUT: Transaction.OFFERED,
    DataPhase.UNKNOWN: Transaction.UNDECIDED,
}

# From these the initiator may send a request.
MAY_ASK: Final = {Transaction.IDLE, Transaction.OVERRULED}

TRANSACTION: Final[dict[tuple[Transaction, Role, PacketType], Transaction]] = {
    (Transaction.ASKED, _R, _P.START_DATA): Transaction.DATA_IN,
    (Transaction.ASKED, _R, _P.OPERATION_RESPONSE): Transaction.IDLE,
    (Transaction.OFFERED, _I, _P.START_DATA): Transaction.DATA_OUT,
    (Transaction.OFFERED, _R, _P.OPERATION_RESPONSE): Transaction.OVERRULED,
    (Transaction.UNDECIDED, _R, _P.START_DATA): Transaction.DATA_IN,
    (Transaction.UNDECIDED, _I, _P.START_DATA): Transaction.DATA_OUT,
    (Transaction.UNDECIDED, _R, _P.OPERATION_RESPONSE): Transaction.OVERRULED,
    (Transaction.DATA_IN, _R, _P.DATA): Transaction.DATA_IN,
    (Transaction.DATA_IN, _R, _P.END_DATA): Transaction.DELIVERED,
    (Transaction.DATA_OUT, _I, _P.DATA): Transaction.DATA_OUT,
    (Transaction.DATA_OUT, _I, _P.END_DATA): Transaction.DELIVERED,
    (Transaction.DATA_OUT, _R, _P.OPERATION_RESPONSE): Transaction.OVERRULED,
    (Transaction.DELIVERED, _R, _P.OPERATION_RESPONSE): Transaction.IDLE,
    (Transaction.OVERRULED, _I, _P.START_DATA): Transaction.OVERRULED,
    (Transaction.OVERRULED, _I, _P.DATA): Transaction.OVERRULED,
    (Transaction.OVERRULED, _I, _P.END_DATA): Transaction.IDLE,
}
