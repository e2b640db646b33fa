"""Objects by whatever route reads them whole: of any size, from any offset.

A file that is shorter than the object is never taken for it. Where no route reaches, Declined says so
in words.
"""

from dataclasses import dataclass
from typing import Final

from .codes import OperationCode, ResponseCode
from .datasets import SIZE_BEYOND_32_BITS, ObjectInfo
from .errors import Declined, ProtocolError, Refused
from .operations import Operations, Write
from .vendors.generic import Generic, PartialRead

#: What is asked for at once when an object is read in parts. Between two, anybody can stop.
PART: Final = 4 << 20

#: Older Nikons break off above this.
SMALL_PART: Final = 1 << 20

#: An object that has grown since it was described costs itself only: what comes of it is let pass
#: and thrown away, up to here. Beyond, the transfer is given up, and the connection with it.
MAX_EXCESS: Final = 64 << 20

#: 32 bits cannot count them; some cameras give the remainder for a size.
_4_GIB: Final = 1 << 32

#: Pictures, and what lies beside movies: these are never so large that 32 bits cannot say it.
_SMALL_FILES: Final = frozenset(
    "jpg jpeg png tif tiff bmp gif heic heif hif dng arw srf sr2 cr2 cr3 crw nef nrw raf rw2 raw "
    "orf pef srw x3f mpo thm wav xml ndf txt lrv ctg".split()
)

#: Answers after which another route may do.
_NOT_THIS_WAY: Final = frozenset(
    {
        ResponseCode.OPERATION_NOT_SUPPORTED,
        ResponseCode.PARAMETER_NOT_SUPPORTED,
        ResponseCode.INVALID_PARAMETER,
    }
)

#: Answers that would be the same if we had asked for less.
_NOT_ABOUT_LENGTH: Final = frozenset(
    {
        ResponseCode.TRANSACTION_CANCELED,
        ResponseCode.DEVICE_BUSY,
        ResponseCode.INVALID_OBJECT_HANDLE,
        ResponseCode.OPERATION_NOT_SUPPORTED,
        ResponseCode.ACCESS_DENIED,
        ResponseCode.STORE_NOT_AVAILABLE,
        ResponseCode.SESSION_NOT_OPEN,
    }
)


async def size_of(
    operations: Operations, vendor: Generic, handle: int, info: ObjectInfo
) -> int | None:
    """An object's size in bytes; None where neither ObjectInfo nor anything else can say it.

    Some cameras give the size of a large movie modulo 2^32, so of movies it is asked for.
    """
    if info.size is not None and not _may_be_large(info):
        return info.size
    size = await vendor.true_size(operations, handle)
    if info.size is None or (size is not None and size % _4_GIB == info.size):
        return size
    return info.size


def _may_be_large(info: ObjectInfo) -> bool:
    ending = info.filename.rpartition(".")[2].lower()
    return not (info.is_association or info.object_format.is_image or ending in _SMALL_FILES)


async def read_object(
    operations: Operations,
    vendor: Generic,
    handle: int,
    write: Write,
    *,
    size: int | None,
    offset: int = 0,
) -> int:
    """Give an object to write, from offset to its end; return how large the object is.

    size: what size_of says. Raises Declined when the object cannot be read whole, ProtocolError
    when it is not as long as it should be, and whatever transact raises; what write was given is
    then the beginning of what was asked for.
    """
    if size is not None and offset > size:
        raise ProtocolError(f"an object of {size} bytes, of which {offset} are there already")
    read = _Reading(operations, vendor, handle, size)
    if vendor.supports(OperationCode.GET_OBJECT) and not (offset or vendor.reads_in_parts):
        return await read.whole(write)
    route = read.route()
    if route and size is not None:
        try:
            return await read.parts(route, write, offset)
        except Refused as refused:
            if refused.code not in _NOT_THIS_WAY or read.moved:
                raise
    if vendor.supports(OperationCode.GET_OBJECT):
        return await read.whole(write, offset)
    raise Declined(
        ResponseCode.OBJECT_TOO_LARGE,
        "the camera has no way to read a file of 4 GiB or more; take it from the memory card",
    )


@dataclass(slots=True)
class _Window:
    """Passes on what lies from one place of the data up to another, and bears some more.

    This is how a whole object gives the rest of one, and how a peer that sends without end is told
    from one whose object has grown.
    """

    then: Write
    start: int
    end: int | None
    came: int = 0

    def expect(self, size: int | None) -> None:
        """Hold what is announced against what was told before; of 4 GiB more a size says nothing."""
        if size is None or self.end is None:
            return
        if size > self.end and (size - self.end) % _4_GIB == 0:
            self.end = size
        self.bear(size)

    async def write(self, piece: memoryview) -> None:
        """Take a piece of the data."""
        at, self.came = self.came, self.came + len(piece)
        self.bear(self.came)
        end = None if self.end is None else max(0, self.end - at)
        wanted = piece[max(0, self.start - at) : end]
        if wanted:
            await self.then(wanted)

    def bear(self, size: int | None) -> None:
        """Raise ProtocolError for far more than is wanted."""
        if size is not None and self.end is not None and size > self.end + MAX_EXCESS:
            raise ProtocolError(f"{size} bytes, and more, of an object of {self.end}")


@dataclass(slots=True)
class _Reading:
    """One object that is being read."""

    operations: Operations
    vendor: Generic
    handle: int
    size: int | None
    moved: bool = False

    def route(self) -> PartialRead | None:
        """The first way to read a part that the camera has and that reaches the end."""
        for route in self.vendor.partial_reads:
            if self.vendor.supports(route.operation) and (self.size or 0) <= route.reach:
                return route
        return None

    async def whole(self, write: Write, start: int = 0) -> int:
        """Read it in one go, and hold what came against what was expected."""
        window = _Window(write, start, self.size)
        received = await self.operations.stream(
            OperationCode.GET_OBJECT, self.handle, write=window.write, expect=window.expect
        )
        if window.end is None:
            if received < SIZE_BEYOND_32_BITS:
                raise ProtocolError(f"{received} bytes of an object of 4 GiB or more")
        elif received != window.end:
            raise ProtocolError(f"{received} bytes of an object of {window.end}")
        return received

    async def parts(self, route: PartialRead, write: Write, offset: int) -> int:
        """Read it part by part; a camera may give less than it is asked for, but not nothing."""
        size, before = self.size or 0, self.operations.cancellations
        step = SMALL_PART if self.vendor.reads_in_parts else PART
        may_be_longer = size < route.reach and not self.vendor.tells_true_size
        if offset == size and may_be_longer:
            await self._end(route, offset)
        while offset < size:
            wanted = min(step, size - offset)
            if wanted == size - offset and may_be_longer:
                got = await self._last_part(route, write, offset, wanted)
            else:
                got = await self._part(route, write, offset, wanted, wanted)
            if not 0 < got <= wanted:
                raise ProtocolError(f"{got} bytes of {wanted} at {offset}")
            self.moved = True
            offset += got
            if self.operations.cancellations != before:
                raise Refused(ResponseCode.TRANSACTION_CANCELED, route.operation)
        return size

    async def _end(self, route: PartialRead, offset: int) -> None:
        """Ask for a byte where nothing is wanted any more: an object that was told too short has it."""
        try:
            got = await self._part(route, _drop, offset, 0, 1)
        except Refused as refused:
            if refused.code in _NOT_ABOUT_LENGTH:
                raise
            return
        if got:
            raise ProtocolError(f"more than the {offset} bytes that an object was told to have")

    async def _last_part(self, route: PartialRead, write: Write, offset: int, wanted: int) -> int:
        """Ask for one byte more than the last: that none comes is how we know it is the last."""
        try:
            return await self._part(route, write, offset, wanted, wanted + 1)
        except Refused as refused:
            if refused.code in _NOT_ABOUT_LENGTH:
                raise
        return await self._part(route, write, offset, wanted, wanted)

    async def _part(
        self, route: PartialRead, write: Write, offset: int, wanted: int, asked: int
    ) -> int:
        """Read a part; the bytes beyond those that are wanted go nowhere."""
        window = _Window(write, 0, wanted)
        parameters = route.parameters(self.handle, offset, asked)
        return await self.operations.stream(
            route.operation, *parameters, write=window.write, expect=window.bear
        )


async def _drop(_: memoryview) -> None:
    pass
