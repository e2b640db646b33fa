"""One PTP-IP connection without its I/O: bytes in by a call, packets out as events.

The two TCP connections are two channels of one session. Each is fed and drained on its own, so that
an event or a probe never waits for a picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .codes import OperationCode, ResponseCode
from .datatypes import Bytes
from .errors import Misuse, ProtocolError
from .framing import NEED_DATA, NeedData, PacketReader, encode
from .packets import (
    Data,
    EndData,
    InitCommandAck,
    InitEventRequest,
    OperationRequest,
    OperationResponse,
    Packet,
    StartData,
)
from .state import (
    ANY_TIME,
    HANDSHAKE,
    LANES,
    MAY_ASK,
    REQUESTED,
    TRANSACTION,
    Channel,
    Handshake,
    Role,
    Transaction,
)

#: Transaction ids run from 1 to this and begin again; 0 is for what comes before a session.
MAX_TRANSACTION_ID: Final = 0xFFFFFFFE


@dataclass(slots=True)
class _DataPhase:
    """How much of the announced data has come. announced: None where the sender did not know."""

    announced: int | None
    received: int = 0

    @property
    def whole(self) -> bool:
        return self.announced is None or self.received == self.announced

    def count(self, size: int) -> None:
        if self.announced is not None and self.received + size > self.announced:
            raise ProtocolError(f"more data than the {self.announced} bytes announced")
        self.received += size


class Session:
    """The one door to the protocol, for both roles.

    Feed a channel with receive_data, drain its next_event until NEED_DATA, and write to it what
    send returns. Both ends' packets go through the same tables: a step that is not in them, a wrong
    transaction id and data that do not add up are a ProtocolError when the peer does it, after
    which the session takes nothing more, and Misuse when we do.
    """

    def __init__(
        self, role: Role, trace: Callable[[Role, Channel, Packet], None] | None = None
    ) -> None:
        """Begin a connection on which nothing was said yet. trace: sees every packet and sender."""
        self.role = role
        self._trace = trace
        self.handshake = Handshake.UNCONNECTED
        self.transaction = Transaction.IDLE
        self.connection_number = 0
        #: The id that the next request is to carry.
        self.next_transaction_id = 0
        self._request: OperationRequest | None = None
        self._data: _DataPhase | None = None
        self._readers = {channel: PacketReader() for channel in Channel}
        self._failure: ProtocolError | None = None

    def receive_data(self, channel: Channel, data: Bytes) -> None:
        """Take bytes that came on a channel. They must stay as they are until it is drained."""
        self._readers[channel].feed(data)

    def next_event(self, channel: Channel) -> Packet | NeedData:
        """Return the next packet that came on a channel; NEED_DATA when none is whole.

        The payload of Data and End Data comes in pieces, each a view of the bytes received; End
        Data is the last. Raises ProtocolError when the peer breaks the protocol.
        """
        if self._failure:
            raise self._failure
        try:
            packet = self._readers[channel].next_packet()
            if isinstance(packet, NeedData):
                return NEED_DATA
            self._advance(self._peer, channel, packet)
        except ProtocolError as error:
            self._failure = error
            raise
        return packet

    def packets(self, channel: Channel) -> int:
        """How many packets have come on a channel, those of unknown types included."""
        return self._readers[channel].packets

    def send(self, channel: Channel, packet: Packet) -> bytes:
        """Return the bytes of a packet to write to a channel, and move on.

        Raises Misuse when this end may not send it now.
        """
        try:
            self._advance(self.role, channel, packet)
        except ProtocolError as error:
            raise Misuse(f"our own {packet.type.name}: {error}") from error
        return encode(packet)

    def begin_events(self) -> None:
        """Forget an event connection that was lost before it was acknowledged; a new one begins.

        Raises Misuse when the event connection is not what is due.
        """
        if self.handshake not in (Handshake.NUMBERED, Handshake.JOINING):
            raise Misuse(f"an event connection in state {self.handshake.name}")
        self.handshake = Handshake.NUMBERED
        self._readers[Channel.EVENT] = PacketReader()

    @property
    def _peer(self) -> Role:
        return Role.RESPONDER if self.role is Role.INITIATOR else Role.INITIATOR

    # -- the tables ----------------------------------------------------------------------------

    def _advance(self, sender: Role, channel: Channel, packet: Packet) -> None:
        """Make a step, whoever makes it. Raises ProtocolError, and changes nothing."""
        if self._trace:
            self._trace(sender, channel, packet)
        if (sender, channel) not in LANES[packet.type]:
            raise ProtocolError(f"{packet.type.name} from the {sender.name} on {channel.name}")
        if self.handshake is not Handshake.ESTABLISHED:
            self._shake_hands(packet)
        elif packet.type not in ANY_TIME:
            self._transact(sender, packet)

    def _shake_hands(self, packet: Packet) -> None:
        state = HANDSHAKE.get((self.handshake, packet.type))
        if state is None:
            raise _missing(packet, self.handshake)
        match packet:
            case InitCommandAck():
                self.connection_number = packet.connection_number
            case InitEventRequest() if packet.connection_number != self.connection_number:
                raise ProtocolError(f"no connection has number {packet.connection_number}")
        self.handshake = state

    def _transact(self, sender: Role, packet: Packet) -> None:
        if isinstance(packet, OperationRequest):
            self._ask(packet)
            return
        state = TRANSACTION.get((self.transaction, sender, packet.type))
        if state is None or self._request is None:
            raise _missing(packet, self.transaction)
        match packet:
            case Data() | EndData():
                self._check_id(packet.transaction_id)
                self._count(len(packet.payload))
            case StartData():
                self._check_id(packet.transaction_id)
                self._data = _DataPhase(packet.length)
            case OperationResponse():
                self._check_id(packet.transaction_id)
                self._conclude(packet, self._request)
        self.transaction = state

    def _ask(self, request: OperationRequest) -> None:
        if self.transaction not in MAY_ASK:
            raise _missing(request, self.transaction)
        if self.role is Role.INITIATOR and request.transaction_id != self.next_transaction_id:
            raise ProtocolError(f"id {request.transaction_id}, not {self.next_transaction_id}")
        state = REQUESTED.get(request.data_phase)
        if state is None:
            raise ProtocolError(f"a request with data phase {request.data_phase}")
        self._request, self._data = request, None
        self.transaction = state

    def _conclude(self, response: OperationResponse, request: OperationRequest) -> None:
        """End a transaction: were the data whole, and which id comes next?"""
        ok = response.code == ResponseCode.OK
        if ok and self._data and not self._data.whole:
            raise ProtocolError(
                f"OK after {self._data.received} of {self._data.announced} bytes announced"
            )
        if request.code == OperationCode.OPEN_SESSION and self.next_transaction_id == 0:
            opened = ok or response.code == ResponseCode.SESSION_ALREADY_OPENED
            self.next_transaction_id = 1 if opened else 0
        elif request.code == OperationCode.CLOSE_SESSION and ok:
            self.next_transaction_id = 0
        elif self.next_transaction_id and response.code != ResponseCode.INVALID_TRANSACTION_ID:
            self.next_transaction_id = self.next_transaction_id % MAX_TRANSACTION_ID + 1

    def _check_id(self, transaction_id: int) -> None:
        if self._request and transaction_id != self._request.transaction_id:
            raise ProtocolError(
                f"id {transaction_id} in transaction {self._request.transaction_id}"
            )

    def _count(self, size: int) -> None:
        # Data that are overruled before they began were never announced to anybody.
        if self._data:
            self._data.count(size)


def _missing(packet: Packet, state: Handshake | Transaction) -> ProtocolError:
    return ProtocolError(f"{packet.type.name} in state {state.name}")
