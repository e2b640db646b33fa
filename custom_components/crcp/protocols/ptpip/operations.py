"""PTP's operations, over anything that runs a transaction."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from .codes import (
    DevicePropCode,
    FormatFilter,
    ObjectFormat,
    OperationCode,
    ParentObject,
    ProtectionStatus,
    ResponseCode,
    StorageID,
)
from .datasets import CODES, IDS, DeviceInfo, ObjectInfo, StorageInfo, decode_object_info
from .datatypes import MAX_ELEMENTS, Bytes, Cursor
from .errors import Misuse, ProtocolError, Refused
from .packets import OperationResponse
from .properties import (
    DevicePropDesc,
    ObjectProp,
    ObjectPropCode,
    ObjectPropDesc,
    Value,
    decode_object_prop_list,
    decode_value,
    encode_value,
)

#: A dataset is held in memory. The largest is a folder's ObjectPropList: some thousand files, with
#: some hundred bytes each.
MAX_DATASET: Final = 16 << 20

#: Handles are four bytes each.
MAX_IDS: Final = 4 + 4 * MAX_ELEMENTS

#: Datasets of strings and short lists: DeviceInfo, the longest, has two kB on the largest cameras.
#: What is made of them takes a hundred times as much memory, and time.
MAX_STRUCTURE: Final = 1 << 15

#: A property's description counts its values up, a list of strings at worst.
MAX_DESCRIPTION: Final = 1 << 18

#: Thumbnails are some kB by DCF; a few cameras send previews.
MAX_THUMB: Final = 4 << 20

#: Takes a piece of an object. The view is valid until the call returns.
type Write = Callable[[memoryview], Awaitable[object]]

#: Sees how many bytes of data are announced, None where the sender does not know; raises for too many.
type Expect = Callable[[int | None], None]

#: In DeleteObject, 0xFFFFFFFF is every object on the camera.
EVERYTHING: Final = 0xFFFFFFFF


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

    #: How often whatever was under way was called off. Who runs several transactions looks, after
    #: each, whether it is the same as before the first.
    cancellations: int = 0

    @abstractmethod
    async def pause(self) -> None:
        """Let others have their turn: for who makes much of data that are all there."""

    @abstractmethod
    async def transact(
        self,
        operation: OperationCode,
        *parameters: int,
        data: Bytes | None = None,
        write: Write | None = None,
        expect: Expect | None = None,
    ) -> Answer:
        """Run one transaction: send data, if any, or give the data that come to write.

        expect: told how many will come, before they do. What it or write raises ends the connection.
        """

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
        return DeviceInfo.decode(
            await self.dataset(OperationCode.GET_DEVICE_INFO, limit=MAX_STRUCTURE)
        )

    async def storage_ids(self) -> tuple[int, ...]:
        """Ask for the storages. An id whose low 16 bits are 0 is a slot without a usable card."""
        return await self._ids(OperationCode.GET_STORAGE_IDS)

    async def storage_info(self, storage_id: int) -> StorageInfo:
        """Ask about one storage."""
        asked = OperationCode.GET_STORAGE_INFO
        return StorageInfo.decode(await self.dataset(asked, storage_id, limit=MAX_STRUCTURE))

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
        asked = OperationCode.GET_OBJECT_INFO
        return decode_object_info(await self.dataset(asked, handle, limit=MAX_STRUCTURE))

    async def thumb(self, handle: int) -> bytes:
        """Fetch an object's thumbnail, a small JPEG most often."""
        return await self.dataset(OperationCode.GET_THUMB, handle, limit=MAX_THUMB)

    async def num_objects(
        self,
        storage_id: int = StorageID.ALL,
        object_format: int = FormatFilter.ANY,
        parent: int = ParentObject.ANYWHERE,
    ) -> int:
        """Count objects as object_handles would list them."""
        asked = OperationCode.GET_NUM_OBJECTS
        answer = await self.transact(asked, storage_id, object_format, parent)
        return answer.response.parameter(1)

    async def get_object(self, handle: int, write: Write) -> int:
        """Give an object to write, piece by piece; return how many bytes it had.

        They are as many as the camera announced, or this raises. After a raise, what write was
        given is the object's beginning. An error of write's own, and a cancellation, end the
        connection.
        """
        return await self.stream(OperationCode.GET_OBJECT, handle, write=write)

    async def delete_object(self, handle: int) -> None:
        """Delete one object. Raises Misuse for the handle that means all of them."""
        if handle in (0, EVERYTHING):
            raise Misuse("DeleteObject of everything")
        await self.transact(OperationCode.DELETE_OBJECT, handle, 0)

    async def set_object_protection(self, handle: int, status: ProtectionStatus) -> None:
        """Protect an object from being deleted, or take that back."""
        await self.transact(OperationCode.SET_OBJECT_PROTECTION, handle, status)

    async def initiate_capture(
        self,
        storage_id: int = StorageID.DEFAULT,
        object_format: int = ObjectFormat.EXIF_JPEG,
    ) -> None:
        """Take a picture; ObjectAdded and CaptureComplete come when it is there."""
        await self.transact(OperationCode.INITIATE_CAPTURE, storage_id, object_format)

    # -- properties ----------------------------------------------------------------------------

    async def device_prop_desc(self, code: int) -> DevicePropDesc:
        """Ask what a property is, can be, and was at first."""
        asked = OperationCode.GET_DEVICE_PROP_DESC
        return DevicePropDesc.decode(
            await self.dataset(asked, DevicePropCode(code), limit=MAX_DESCRIPTION)
        )

    async def device_prop_value(self, code: int, data_type: int) -> Value:
        """Ask for a property's value. The type is the one of its description."""
        asked = OperationCode.GET_DEVICE_PROP_VALUE
        data = await self.dataset(asked, code, limit=MAX_DESCRIPTION)
        return decode_value(data_type, data)

    async def set_device_prop_value(self, code: int, data_type: int, value: Value) -> None:
        """Set a property."""
        data = encode_value(data_type, value)
        await self.transact(OperationCode.SET_DEVICE_PROP_VALUE, code, data=data)

    async def reset_device_prop_value(self, code: int) -> None:
        """Set a property to its default."""
        await self.transact(OperationCode.RESET_DEVICE_PROP_VALUE, code)

    # -- MTP -----------------------------------------------------------------------------------

    async def object_props_supported(self, object_format: int) -> tuple[ObjectPropCode, ...]:
        """Ask which properties objects of a format have."""
        asked = OperationCode.GET_OBJECT_PROPS_SUPPORTED
        data = await self.dataset(asked, object_format, limit=MAX_STRUCTURE)
        return tuple(map(ObjectPropCode, CODES.read(Cursor(data))))

    async def object_prop_desc(self, code: int, object_format: int) -> ObjectPropDesc:
        """Ask what a property of objects of a format is."""
        asked = OperationCode.GET_OBJECT_PROP_DESC
        return ObjectPropDesc.decode(
            await self.dataset(asked, code, object_format, limit=MAX_DESCRIPTION)
        )

    async def object_prop_value(self, handle: int, code: int, data_type: int) -> Value:
        """Ask for one property of one object."""
        asked = OperationCode.GET_OBJECT_PROP_VALUE
        data = await self.dataset(asked, handle, code, limit=MAX_THUMB)
        return decode_value(data_type, data)

    async def object_prop_list(
        self, handle: int, object_format: int, code: int, *, depth: int = 0
    ) -> list[ObjectProp]:
        """Ask for properties of many objects at once; cameras refuse what they do not combine."""
        asked = OperationCode.GET_OBJECT_PROP_LIST
        data = await self.dataset(asked, handle, object_format, code, 0, depth)
        return decode_object_prop_list(data)

    # -- data ----------------------------------------------------------------------------------

    async def stream(
        self,
        operation: OperationCode,
        *parameters: int,
        write: Write,
        expect: Expect | None = None,
    ) -> int:
        """Run a transaction and give its data to write as they come; return how many bytes."""
        answer = await self.transact(operation, *parameters, write=write, expect=expect)
        return answer.received

    async def dataset(
        self, operation: OperationCode, *parameters: int, limit: int = MAX_DATASET
    ) -> bytes:
        """Run a transaction and return its data, held in memory: at most limit bytes."""
        data = bytearray()

        def expect(size: int | None) -> None:
            if size is not None and size > limit:
                raise ProtocolError(f"{operation.name} gives more than {limit} bytes")

        async def collect(piece: memoryview) -> None:
            expect(len(data) + len(piece))
            data.extend(piece)

        await self.transact(operation, *parameters, write=collect, expect=expect)
        return bytes(data)

    async def _ids(self, operation: OperationCode, *parameters: int) -> tuple[int, ...]:
        return IDS.read(Cursor(await self.dataset(operation, *parameters, limit=MAX_IDS)))
