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

#: Answers after which another route may do.
_NOT_THIS_WAY: Final = frozenset(
    {
        ResponseCode.OPERATION_NOT_SUPPORTED,
        ResponseCode.PARAMETER_NOT_SUPPORTED,
        ResponseCode.INVALID_PARAMETER,
    }
)


async def size_of(
    operations: Operations, vendor: Generic, handle: int, info: ObjectInfo
) -> int | None:
    """An object's size in bytes; None where neither ObjectInfo nor anything else can say it."""
    if info.size is not None:
        return info.size
    return await vendor.true_size(operations, handle)


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
    when what came is not as long as it should be, and whatever transact raises; what write was
    given is then the beginning of what was asked for.
    """
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
        return await read.whole(_Beyond(offset, write).write)
    raise Declined(
        ResponseCode.OBJECT_TOO_LARGE,
        "the camera has no way to read a file of 4 GiB or more; take it from the memory card",
    )


@dataclass(slots=True)
class _Beyond:
    """Passes on what lies beyond an offset: the last resort of a resumed download."""

    skip: int
    then: Write

    async def write(self, piece: memoryview) -> None:
        skipped = min(self.skip, len(piece))
        self.skip -= skipped
        if skipped < len(piece):
            await self.then(piece[skipped:])


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

    async def whole(self, write: Write) -> int:
        """Read it in one go, and hold what came against what was expected."""
        received = await self.operations.get_object(self.handle, write)
        if self.size is None:
            if received < SIZE_BEYOND_32_BITS:
                raise ProtocolError(f"{received} bytes of an object of 4 GiB or more")
        # Some cameras give the size modulo 2^32; the data phase had all 64 bits.
        elif received != self.size and (received < self.size or (received - self.size) % (1 << 32)):
            raise ProtocolError(f"{received} bytes of an object of {self.size}")
        return received

    async def parts(self, route: PartialRead, write: Write, offset: int) -> int:
        """Read it part by part; a camera may give less than it is asked for, but not nothing."""
        size = self.size or 0
        step = SMALL_PART if self.vendor.reads_in_parts else PART
        while offset < size:
            wanted = min(step, size - offset)
            parameters = route.parameters(self.handle, offset, wanted)
            got = await self.operations.stream(route.operation, *parameters, write=write)
            if not 0 < got <= wanted:
                raise ProtocolError(f"{got} bytes of {wanted} at {offset}")
            self.moved = True
            offset += got
        return size
