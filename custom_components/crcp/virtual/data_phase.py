"""How a camera cuts its data into packets: all of these are seen, and all of them mean the same."""

from enum import Enum, auto
from typing import Final, Protocol

from ..protocols.ptpip.codes import OperationCode, ResponseCode
from ..protocols.ptpip.datatypes import Bytes
from ..protocols.ptpip.framing import encode
from ..protocols.ptpip.packets import (
    DATA_HEADER_SIZE,
    UNKNOWN_LENGTH,
    UNKNOWN_LENGTH_32,
    Data,
    EndData,
    OperationRequest,
    Packet,
    StartData,
)
from .camera_faults import CameraFaults
from .photos import Content

#: An object goes out in Data packets of this size, so that a receiver can cancel between them.
DATA_PIECE: Final = 1 << 20
SMALL_PIECE: Final = 1 << 16

#: A packet's length has 32 bits.
MAX_PACKET: Final = 0xFFFFFFFF

#: Where the transaction id is in Start Data.
_START_ID: Final = 8


class DataStyle(Enum):
    """How a camera cuts a data phase into packets."""

    PIECES = auto()  # large Data packets, and the rest in End Data
    SMALL_PIECES = auto()  # Data packets of 64 KiB, and the rest in End Data
    EMPTY_END = auto()  # the same, and nothing in End Data
    ONE_END = auto()  # everything in one End Data, where its length fits
    UNKNOWN_LENGTH = auto()  # small pieces, whose sum was not announced
    UNKNOWN_LENGTH_32 = auto()  # the same, said with 32 bits


_UNKNOWN: Final = {
    DataStyle.UNKNOWN_LENGTH: UNKNOWN_LENGTH,
    DataStyle.UNKNOWN_LENGTH_32: UNKNOWN_LENGTH_32,
}


class Wire(Protocol):
    """What a data phase needs of the connection that it goes out on."""

    def is_cancelled(self, transaction_id: int) -> bool:
        """Whether the initiator wants a transaction to end."""

    def account(self, packet: Packet) -> bytes:
        """Make the step that a packet is, and return its bytes."""

    async def put(self, data: Bytes) -> None:
        """Send bytes."""


class DataSender:
    """One data phase, from Start Data to End Data."""

    def __init__(
        self, wire: Wire, request: OperationRequest, faults: CameraFaults, style: DataStyle
    ) -> None:
        """Send for a request, in a style, with these faults; most are about objects only."""
        self._wire = wire
        self._id = request.transaction_id
        self._is_object = request.code == OperationCode.GET_OBJECT
        self._faults = faults
        self._style = style

    async def send(self, content: Content) -> ResponseCode:
        """Send it all; return how it went."""
        await self._start(content)
        broken = self._broken(content.size)
        if broken:
            end, how = broken
            ended = await self._pieces(content, end)
            return how if ended is ResponseCode.INCOMPLETE_TRANSFER else ended
        fits = content.size + DATA_HEADER_SIZE <= MAX_PACKET
        if self._style is DataStyle.ONE_END and fits:
            return await self._one_end(content)
        return await self._pieces(content, content.size)

    def _broken(self, size: int) -> tuple[int, ResponseCode] | None:
        """After how many bytes an object breaks off, and how; None for one that comes whole."""
        faults = self._faults
        if not self._is_object:
            return None
        if faults.cut_data >= 0:
            return min(faults.cut_data, size), ResponseCode.INCOMPLETE_TRANSFER
        if faults.use("cancels"):
            return size // 2, ResponseCode.TRANSACTION_CANCELED
        if faults.use("vanish"):
            return size // 2, ResponseCode.GENERAL_ERROR
        return None

    @property
    def _cancelled(self) -> bool:
        return self._wire.is_cancelled(self._id) and not self._faults.stubborn

    async def _start(self, content: Content) -> None:
        announced = content.size + (self._faults.announce_more if self._is_object else 0)
        announced = _UNKNOWN.get(self._style, max(0, announced))
        # What is announced may be wrong on purpose, so our own session is told nothing of it.
        self._wire.account(StartData(self._id, UNKNOWN_LENGTH))
        start = encode(StartData(self._id, announced))
        if self._is_object and self._faults.use("stale_data"):
            start = with_id(start, _START_ID, self._id - 1)
        await self._wire.put(start)

    async def _pieces(self, content: Content, end: int) -> ResponseCode:
        """Send Data as far as end, and End Data."""
        size = DATA_PIECE if self._style is DataStyle.PIECES else SMALL_PIECE
        # Where nothing is to be in End Data, the last piece goes before it.
        keep = 0 if self._style is DataStyle.EMPTY_END else size
        at = 0
        while end - at > keep and not self._cancelled:
            piece = await content.read(at, min(size, end - at))
            if not piece:
                break  # The file became shorter under our hands.
            await self._wire.put(self._wire.account(Data(self._id, piece)))
            at += len(piece)
        if self._cancelled:
            await self._wire.put(self._wire.account(EndData(self._id)))
            return ResponseCode.TRANSACTION_CANCELED
        piece = await content.read(at, min(end - at, keep))
        await self._wire.put(self._wire.account(EndData(self._id, piece)))
        whole = at + len(piece) == content.size
        return ResponseCode.OK if whole else ResponseCode.INCOMPLETE_TRANSFER

    async def _one_end(self, content: Content) -> ResponseCode:
        """Send everything in one End Data, without ever holding it whole."""
        head = self._wire.account(EndData(self._id))
        length = DATA_HEADER_SIZE + content.size
        # A head that goes out alone is a segment of its own, which no dissector understands.
        first = await content.read(0, min(DATA_PIECE, content.size))
        await self._wire.put(b"".join((length.to_bytes(4, "little"), head[4:], first)))
        at = len(first)
        while at < content.size:
            piece = await content.read(at, min(DATA_PIECE, content.size - at))
            if not piece:
                # The length that was promised cannot be kept, and there is no way to say so.
                raise ConnectionAbortedError
            await self._wire.put(piece)
            at += len(piece)
        return ResponseCode.OK


def with_id(packet: bytes, offset: int, transaction_id: int) -> bytes:
    """A packet's bytes with another transaction id."""
    number = (transaction_id & 0xFFFFFFFF).to_bytes(4, "little")
    return packet[:offset] + number + packet[offset + 4 :]
