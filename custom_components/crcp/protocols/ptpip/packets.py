"""The packets of PTP-IP (CIPA DC-005), declared field by field.

Each begins with its length (u32, the 8 bytes of this header included) and its type (u32). Two TCP
connections carry them: commands, data and responses on the first; events and probes on the second.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from .codes import (
    DataPhase,
    EventCode,
    InitFailReason,
    OperationCode,
    PacketType,
    ResponseCode,
)
from .datatypes import (
    UINT16,
    UINT32,
    UINT64,
    Bytes,
    Cursor,
    Structure,
    decode_utf16,
    encode_utf16,
    unpack_integers,
)
from .errors import Misuse, ProtocolError

#: The port of both connections.
PORT: Final = 15740

#: 1.0: the high half is the major version, the low half the minor.
PROTOCOL_VERSION: Final = 0x00010000

HEADER_SIZE: Final = 8

#: The header and the transaction id that Data and End Data have before their payload.
DATA_HEADER_SIZE: Final = 12

GUID_SIZE: Final = 16

#: The longest friendly name, in UTF-16 units, its final zero not counted.
MAX_FRIENDLY_NAME: Final = 39

#: Five by the standard in requests and responses; three in events, where five are tolerated.
MAX_PARAMETERS: Final = 5

#: The transaction id of an event that belongs to no transaction.
NO_TRANSACTION: Final = 0xFFFFFFFF

#: What Start Data says when the length is not known beforehand. The 32-bit form is seen too.
UNKNOWN_LENGTH: Final = 0xFFFFFFFFFFFFFFFF
UNKNOWN_LENGTH_32: Final = 0xFFFFFFFF


#: Data out go in packets of this size, so that their receiver can take them as they come.
DATA_PIECE: Final = 1 << 16


class Guid:
    """16 opaque bytes that name an initiator or a responder."""

    def read(self, cursor: Cursor) -> bytes:
        """Read a GUID."""
        return bytes(cursor.take(GUID_SIZE))

    def write(self, value: bytes) -> bytes:
        """Return the GUID. Raises Misuse when it has not 16 bytes."""
        if len(value) != GUID_SIZE:
            raise Misuse(f"a GUID of {len(value)} bytes")
        return value


class FriendlyName:
    """UTF-16 characters ended by one 16-bit zero; no length before them, unlike PTP's strings."""

    def read(self, cursor: Cursor) -> str:
        """Read up to the zero, or to the end of the packet where it is missing."""
        units = bytearray()
        while any(unit := bytes(cursor.take_up_to(2))):
            units += unit
        return decode_utf16(units)

    def write(self, value: str) -> bytes:
        """Return the name and its zero. Raises Misuse when it is too long."""
        units = encode_utf16(value)
        if len(units) > 2 * (MAX_FRIENDLY_NAME + 1):
            raise Misuse(f"a friendly name of {len(units) // 2 - 1} units")
        return units


class Version:
    """The protocol version. Some cameras leave it out: they mean 1.0."""

    def read(self, cursor: Cursor) -> int:
        """Read the version if it is there."""
        return UINT32.read(cursor) if cursor.remaining >= UINT32.size else PROTOCOL_VERSION

    def write(self, value: int) -> bytes:
        """Return the version's bytes."""
        return UINT32.write(value)


class Parameters:
    """The u32 parameters that fill the rest of a packet; either side may leave trailing ones out."""

    def read(self, cursor: Cursor) -> tuple[int, ...]:
        """Read them. Raises ProtocolError for a remainder, or for too many."""
        count, remainder = divmod(cursor.remaining, UINT32.size)
        if remainder or count > MAX_PARAMETERS:
            raise ProtocolError(f"{cursor.remaining} bytes of parameters")
        return unpack_integers(cursor.take(cursor.remaining), UINT32)

    def write(self, values: tuple[int, ...]) -> bytes:
        """Return the parameters' bytes."""
        return b"".join(map(UINT32.write, values))


class Payload:
    """The bytes that fill the rest of a data packet; a view of what was read, not a copy."""

    def read(self, cursor: Cursor) -> Bytes:
        """Return a view of the rest."""
        return cursor.take(cursor.remaining)

    def write(self, value: Bytes) -> Bytes:
        """Return the payload itself."""
        return value


class Packet(Structure):
    """The base of all packets. encode and decode are about the body; see framing for the header."""

    __slots__ = ()
    type: ClassVar[PacketType]


@dataclass(frozen=True, slots=True)
class InitCommandRequest(Packet):
    """The initiator names itself on the command connection."""

    type = PacketType.INIT_COMMAND_REQUEST
    guid: Annotated[bytes, Guid()]
    friendly_name: Annotated[str, FriendlyName()]
    version: Annotated[int, Version()] = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class InitCommandAck(Packet):
    """The responder names itself, and says which number the event connection is to give."""

    type = PacketType.INIT_COMMAND_ACK
    connection_number: Annotated[int, UINT32]
    guid: Annotated[bytes, Guid()]
    friendly_name: Annotated[str, FriendlyName()]
    version: Annotated[int, Version()] = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class InitEventRequest(Packet):
    """The initiator says to which command connection this event connection belongs."""

    type = PacketType.INIT_EVENT_REQUEST
    connection_number: Annotated[int, UINT32]


@dataclass(frozen=True, slots=True)
class InitEventAck(Packet):
    """Both connections stand."""

    type = PacketType.INIT_EVENT_ACK


@dataclass(frozen=True, slots=True)
class InitFail(Packet):
    """The responder turns the initiator away, on either connection."""

    type = PacketType.INIT_FAIL
    reason: Annotated[InitFailReason, UINT32]


class _WithParameters(Packet):
    """What has parameters."""

    __slots__ = ()
    parameters: tuple[int, ...]

    def parameter(self, number: int) -> int:
        """Return a parameter, counted from 1; one that was left out is 0."""
        return self.parameters[number - 1] if number <= len(self.parameters) else 0


@dataclass(frozen=True, slots=True)
class OperationRequest(_WithParameters):
    """The initiator begins a transaction."""

    type = PacketType.OPERATION_REQUEST
    data_phase: Annotated[DataPhase, UINT32]
    code: Annotated[OperationCode, UINT16]
    transaction_id: Annotated[int, UINT32]
    parameters: Annotated[tuple[int, ...], Parameters()] = ()


@dataclass(frozen=True, slots=True)
class OperationResponse(_WithParameters):
    """The responder ends a transaction."""

    type = PacketType.OPERATION_RESPONSE
    code: Annotated[ResponseCode, UINT16]
    transaction_id: Annotated[int, UINT32]
    parameters: Annotated[tuple[int, ...], Parameters()] = ()


@dataclass(frozen=True, slots=True)
class Event(_WithParameters):
    """The responder tells what happened."""

    type = PacketType.EVENT
    code: Annotated[EventCode, UINT16]
    transaction_id: Annotated[int, UINT32] = NO_TRANSACTION
    parameters: Annotated[tuple[int, ...], Parameters()] = ()


@dataclass(frozen=True, slots=True)
class StartData(Packet):
    """The data phase begins."""

    type = PacketType.START_DATA
    transaction_id: Annotated[int, UINT32]
    total_data_length: Annotated[int, UINT64]

    @property
    def length(self) -> int | None:
        """How many bytes the data phase has; None when the sender does not know."""
        unknown = self.total_data_length in (UNKNOWN_LENGTH, UNKNOWN_LENGTH_32)
        return None if unknown else self.total_data_length


@dataclass(frozen=True, slots=True)
class Data(Packet):
    """A part of the data; more follow.

    As received, payload is a view into the bytes given to the session, and may be a part of the
    packet's: a data phase means the same however it is cut.
    """

    type = PacketType.DATA
    transaction_id: Annotated[int, UINT32]
    payload: Annotated[Bytes, Payload()]


@dataclass(frozen=True, slots=True)
class Cancel(Packet):
    """The initiator wants the transaction to end; sent on both connections."""

    type = PacketType.CANCEL
    transaction_id: Annotated[int, UINT32]


@dataclass(frozen=True, slots=True)
class EndData(Packet):
    """The last part of the data: all of it, some, or nothing."""

    type = PacketType.END_DATA
    transaction_id: Annotated[int, UINT32]
    payload: Annotated[Bytes, Payload()] = b""


@dataclass(frozen=True, slots=True)
class ProbeRequest(Packet):
    """Are you still there? Either side may ask, at any time."""

    type = PacketType.PROBE_REQUEST


@dataclass(frozen=True, slots=True)
class ProbeResponse(Packet):
    """Yes."""

    type = PacketType.PROBE_RESPONSE


PACKETS: Final[dict[PacketType, type[Packet]]] = {
    packet.type: packet
    for packet in (
        InitCommandRequest,
        InitCommandAck,
        InitEventRequest,
        InitEventAck,
        InitFail,
        OperationRequest,
        OperationResponse,
        Event,
        StartData,
        Data,
        Cancel,
        EndData,
        ProbeRequest,
        ProbeResponse,
    )
}


def data_phase(transaction_id: int, data: Bytes) -> Iterator[Packet]:
    """The packets of a data phase that is in memory; the last piece is in its End Data."""
    left = memoryview(data)
    yield StartData(transaction_id, len(left))
    while len(left) > DATA_PIECE:
        yield Data(transaction_id, left[:DATA_PIECE])
        left = left[DATA_PIECE:]
    yield EndData(transaction_id, left)
