"""PTP's operations, over anything that runs a transaction."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from .codes import FormatFilter, OperationCode, ParentObject, ResponseCode, StorageID
from .datasets import IDS, DeviceInfo, ObjectInfo, StorageInfo
from .datatypes import Bytes, Cursor
from .errors import ProtocolError, Refused
from .packets import OperationResponse

#: A dataset is held in memory. The largest is the list of handles; this is four million of them.
MAX_DATASET: Final = 16 << 20

#: Thumbnails are some kB by DCF; a few cameras send previews.
MAX_THUMB: Final = 4 << 20

#: Takes a piece of an object. The view is valid until the call returns.
type Write = Callable[[memoryview], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a transaction: its response, and how many bytes of data came before it."""

    response: OperationResponse
    received: int


class Operations(ABC):
    """What an initiator can ask of a responder, as methods.

    A response other than OK raises Refused. A dataset that does not hold together raises
    ProtocolError; the link is then still in step.
    """

    @abstractmethod
    async def transact(
        self,
        operation: OperationCode,
        *parameters: int,
        data: Bytes | None = None,
        write: Write | None = None,
    ) -> Answer:
        """Run one transaction: send data, if any, or give the data that come to write."""

    async def open_session(self, session_id: int = 1) -> None:
        """Open a PTP session, or find it open. 0 is no session id."""
        try:
            await self.transact(OperationCode.OPEN_SESSION, session_id)
        except Refused as refused:
            if refused.code != ResponseCode.SESSION_ALREADY_OPENED:
                raise

    async def close_session(self) -> None:
        """Close the PTP session."""
        await self.transact(OperationCode.CLOSE_SESSION)

    async def device_info(self) -> DeviceInfo:
        """Ask what the camera is and can do; allowed before open_session."""
        return DeviceInfo.decode(await self.dataset(OperationCode.GET_DEVICE_INFO))

    async def storage_ids(self) -> tuple[int, ...]:
        """Ask for the storages. An id whose low 16 bits are 0 is a slot without a usable card."""
        return await self._ids(OperationCode.GET_STORAGE_IDS)

    async def storage_info(self, storage_id: int) -> StorageInfo:
        """Ask about one storage."""
        return StorageInfo.decode(await self.dataset(OperationCode.GET_STORAGE_INFO, storage_id))

    async def object_handles(
        self,
        storage_id: int = StorageID.ALL,
        object_format: int = FormatFilter.ANY,
        parent: int = ParentObject.ANYWHERE,
    ) -> tuple[int, ...]:
        """List objects. A handle names its object in this session only."""
        # Sony refuses fewer than three parameters.
        return await self._ids(OperationCode.GET_OBJECT_HANDLES, storage_id, object_format, parent)

    async def object_info(self, handle: int) -> ObjectInfo:
        """Ask about one object."""
        return ObjectInfo.decode(await self.dataset(OperationCode.GET_OBJECT_INFO, handle))

    async def thumb(self, handle: int) -> bytes:
        """Fetch an object's thumbnail, a small JPEG most often."""
        return await self.dataset(OperationCode.GET_THUMB, handle, limit=MAX_THUMB)

    async def get_object(self, handle: int, write: Write) -> int:
        """Give an object to write, piece by piece; return how many bytes it had.

        They are as many as the camera announced, or this raises. After a raise, what write was
        given is not the whole object. An error of write's own, and a cancellation, end the
        connection.
        """
        answer = await self.transact(OperationCode.GET_OBJECT, handle, write=write)
        return answer.received

    async def dataset(
        self, operation: OperationCode, *parameters: int, limit: int = MAX_DATASET
    ) -> bytes:
        """Run a transaction and return its data, held in memory: at most limit bytes."""
        data = bytearray()

        async def collect(piece: memoryview) -> None:
            if len(data) + len(piece) > limit:
                raise ProtocolError(f"{operation.name} gives more than {limit} bytes")
            data.extend(piece)

        await self.transact(operation, *parameters, write=collect)
        return bytes(data)

    async def _ids(self, operation: OperationCode, *parameters: int) -> tuple[int, ...]:
        return IDS.read(Cursor(await self.dataset(operation, *parameters)))
