"""A transfer of media from a unit, as a source of frames."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from ..protocols.crcp.client import Controller
from ..protocols.crcp.client.controller import OVER_TCP
from ..protocols.crcp.client.transfer import Transfer
from ..protocols.crcp.codes import ReplyCode
from ..protocols.crcp.depacketise import MediaFrame, MediaReader
from ..protocols.crcp.errors import Refused
from ..protocols.crcp.messages import Subunit, TransferMode

#: A unit's answers to a RETR that names nothing, where it wants a name (section 9.3).
_WANTS_A_NAME: Final = frozenset({ReplyCode.BAD_ARGUMENT, ReplyCode.NOT_FOR_THAT_PARAMETER})

#: What a camera shows now.
LIVE: Final = "live"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a stream, and how it is to come.

    mode: S over TCP, P by datagrams. multicast: in mode P, whether the unit names a group.
    """

    stream: Subunit
    payload_type: int
    mode: TransferMode = OVER_TCP
    multicast: bool = False


class TransferSource:
    """The frames of one transfer."""

    def __init__(self, transfer: Transfer, payload_type: int) -> None:
        """Take over a transfer that has begun."""
        self._transfer = transfer
        self._reader = MediaReader((payload_type,))

    @property
    def dropped(self) -> int:
        """How many frames the way has damaged."""
        return self._reader.dropped

    async def frames(self) -> AsyncIterator[MediaFrame]:
        """The frames until the unit ends it."""
        async for packet in self._transfer.packets():
            for frame in self._reader.feed(packet):
                yield frame
        for frame in self._reader.end():
            yield frame
        await self._transfer.wait_ended()

    async def close(self) -> None:
        """ABOR what has not ended."""
        await self._transfer.abort()


async def open_transfer(controller: Controller, wish: Wish) -> TransferSource:
    """Begin to receive what the tape plays, or the camera sees. Raises CrcpError."""
    passive = wish.multicast or wish.mode.packets is None

    async def retrieve(name: str) -> Transfer:
        return await controller.retrieve(
            name,
            stream=wish.stream,
            payload_types=(wish.payload_type,),
            mode=wish.mode,
            passive=passive,
        )

    try:
        transfer = await retrieve("")
    except Refused as error:
        if error.code not in _WANTS_A_NAME:
            raise
        transfer = await retrieve(LIVE)
    return TransferSource(transfer, wish.payload_type)
