"""A PTP client as a source of photos."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
import logging
from typing import Final

from ..protocols.ptpip.client import Initiator
from ..protocols.ptpip.codes import (
    FormatFilter,
    OperationCode,
    ParentObject,
    ProtectionStatus,
    ResponseCode,
)
from ..protocols.ptpip.datasets import ObjectInfo
from ..protocols.ptpip.errors import ProtocolError, Refused
from ..protocols.ptpip.listing import ObjectInfos
from ..protocols.ptpip.reading import read_object, size_of
from .errors import PhotoRefused
from .source import Photo, Write

_LOGGER = logging.getLogger(__name__)

#: A card of 2 TB full of pictures of 4 MB holds half a million; a list in memory has to end.
MAX_OBJECTS: Final = 1_000_000

#: DCF has two levels, movies have four. A longer way up is a loop or nonsense, and cut here.
MAX_DEPTH: Final = 16

#: What the camera told in one go comes without a wait; others get their turn each so many objects.
FAIR_SHARE: Final = 64

#: These are no objects: as a parent, 0 is the root; in a request they mean "any" and "the root".
_NO_OBJECT: Final = frozenset({0, 0xFFFFFFFF})

#: These say that nothing at all works in this session, not that one object does not.
_SESSION_IS_OF_NO_USE: Final = frozenset(
    {ResponseCode.SESSION_NOT_OPEN, ResponseCode.OPERATION_NOT_SUPPORTED}
)


class PtpSource:
    """The photos of one camera, over an initiator whose session is open.

    LinkError, TimedOut and ProtocolError pass through, and so does a refusal which means that the
    session is of no use.
    """

    def __init__(self, initiator: Initiator, serial: str) -> None:
        """serial: DeviceInfo's serial number, which tells this camera's photos from others'."""
        self._initiator = initiator
        self.serial = serial
        #: What the last listing had to leave out, because the camera did not describe it.
        self.left_out: list[PhotoRefused] = []
        #: The handles of what was read in one transaction.
        self._at_once: set[int] = set()

    async def photos(self) -> AsyncIterator[Photo]:
        """Give every photo on every card. Nothing is remembered: cameras re-use handles."""
        initiator = self._initiator
        listing = Listing(initiator, ObjectInfos(initiator, initiator.vendor).info)
        for storage_id in await initiator.storage_ids():
            # Low 16 bits of zero are a slot without a usable card.
            if storage_id & 0xFFFF:
                async for handle, info in listing.files(storage_id):
                    yield await self._photo(handle, info, await listing.folder_of(info))
        self._tell(listing.left_out)

    async def photo(self, handle: int) -> Photo | None:
        """Look one object up."""
        listing = Listing(self._initiator, self._initiator.object_info)
        info = await listing.info(handle)
        if info.is_association:
            return None
        return await self._photo(handle, info, await listing.folder_of(info))

    async def fetch(self, photo: Photo, write: Write, offset: int = 0) -> int:
        """Give a photo's bytes to write, from offset on, by whatever route reaches its end."""
        given = 0

        async def count(piece: memoryview) -> None:
            nonlocal given
            given += len(piece)
            await write(piece)

        with _about_one_object(self._initiator):
            if self._initiator.vendor.supports(OperationCode.GET_OBJECT):
                self._at_once.discard(photo.handle)
                if offset or self._initiator.vendor.reads_in_parts:
                    await self._check_size(photo)
                else:
                    self._at_once.add(photo.handle)
                await read_object(
                    self._initiator,
                    self._initiator.vendor,
                    photo.handle,
                    count,
                    size=photo.size,
                    offset=offset,
                )
            else:
                # Nobody asked the camera what it can do; this is what every camera can.
                if offset:
                    raise PhotoRefused("the camera does not say that it gives parts of a file")
                self._at_once.add(photo.handle)
                await self._initiator.get_object(photo.handle, count)
        return given

    def came_at_once(self, photo: Photo) -> bool:
        """Whether the last fetch of a photo was one transaction."""
        return photo.handle in self._at_once

    async def sample(self, photo: Photo, offset: int, size: int) -> bytes | None:
        """Read a part of a photo; None where the camera has no operation that reaches it."""
        vendor, data = self._initiator.vendor, bytearray()

        async def collect(piece: memoryview) -> None:
            if len(data) + len(piece) > size:
                raise ProtocolError(f"more than {size} bytes of a part")
            data.extend(piece)

        for route in vendor.partial_reads:
            if vendor.supports(route.operation) and offset + size <= route.reach:
                parameters = route.parameters(photo.handle, offset, size)
                with _about_one_object(self._initiator):
                    await self._initiator.stream(route.operation, *parameters, write=collect)
                return bytes(data)
        return None

    async def delete(self, photo: Photo) -> None:
        """Delete one photo on the camera."""
        with _about_one_object(self._initiator):
            await self._initiator.delete_object(photo.handle)

    async def thumbnail(self, photo: Photo) -> bytes | None:
        """Give the camera's own thumbnail. Few cameras have one of a movie."""
        try:
            return await self._initiator.thumb(photo.handle) or None
        except Refused:
            return None

    async def _check_size(self, photo: Photo) -> None:
        """Raise ProtocolError when a photo has not the size it was listed with.

        Who reads in parts reads as much as was told; that there is more would not be seen.
        """
        vendor = self._initiator.vendor
        if photo.size is None or not vendor.tells_true_size:
            return  # where the camera cannot be asked, the last part is asked for with a byte more
        size = await vendor.true_size(self._initiator, photo.handle)
        if size is None:
            beyond = None
            with suppress(PhotoRefused):
                beyond = await self.sample(photo, photo.size, 1)
            size = photo.size + len(beyond or b"")
        if size != photo.size:
            raise ProtocolError(f"an object of {size} bytes was told to have {photo.size}")

    async def _photo(self, handle: int, info: ObjectInfo, folder: str) -> Photo:
        size = None
        with suppress(PhotoRefused), _about_one_object(self._initiator):
            size = await size_of(self._initiator, self._initiator.vendor, handle, info)
        return Photo(
            serial=self.serial,
            storage=f"{info.storage_id:08x}",
            folder=folder,
            filename=info.filename,
            size=size,
            # Some cameras date a file only once.
            capture_date=info.capture_date or info.modification_date,
            handle=handle,
            is_protected=info.protection_status != ProtectionStatus.NONE,
        )

    def _tell(self, left_out: list[PhotoRefused]) -> None:
        """Log what could not be listed, when it is not as many as the last time."""
        if left_out and len(left_out) != len(self.left_out):
            _LOGGER.warning(
                "The camera did not describe %d of its objects: %s", len(left_out), left_out[-1]
            )
        self.left_out = left_out


class Listing:
    """One look through a camera's cards, and what it has learned of the folders on its way.

    describe: asks for an ObjectInfo, as Operations.object_info or ObjectInfos.info.
    """

    def __init__(
        self, initiator: Initiator, describe: Callable[[int], Awaitable[ObjectInfo]]
    ) -> None:
        """Know nothing yet."""
        self._initiator = initiator
        self._describe = describe
        self._folders: dict[int, ObjectInfo | None] = {}
        self._seen = set(_NO_OBJECT)
        #: What the camera refused to list or to describe.
        self.left_out: list[PhotoRefused] = []

    async def files(self, storage_id: int) -> AsyncIterator[tuple[int, ObjectInfo]]:
        """Give every object of a storage once, except folders.

        First all are asked for at once. Some cameras answer that with nothing, and some with the
        root only: so a folder that nothing in the answer lies in is asked what it holds.
        """
        handles = await self._handles(storage_id, ParentObject.ANYWHERE)
        if not handles:
            handles = await self._handles(storage_id, ParentObject.ROOT)
        while handles:
            folders, parents = [], set()
            async for handle, info in self._infos(handles):
                parents.add(info.parent_object)
                if info.is_association:
                    folders.append(handle)
                else:
                    yield handle, info
            handles = []
            for folder in folders:
                if folder not in parents:
                    handles += await self._handles(storage_id, folder)

    async def folder_of(self, info: ObjectInfo) -> str:
        """Walk up to the root; return the folders' names on the way, joined by "/"."""
        names: list[str] = []
        parent = info.parent_object
        while parent not in _NO_OBJECT and len(names) < MAX_DEPTH:
            if parent not in self._folders:
                self._folders[parent] = await self._info_or_none(parent)
            folder = self._folders[parent]
            if folder is None:
                break
            names.insert(0, folder.filename)
            parent = folder.parent_object
        return "/".join(names)

    async def info(self, handle: int) -> ObjectInfo:
        """Ask for an ObjectInfo. Raises PhotoRefused."""
        with _about_one_object(self._initiator):
            return await self._describe(handle)

    async def _infos(self, handles: list[int]) -> AsyncIterator[tuple[int, ObjectInfo]]:
        for handle in handles:
            if handle in self._seen:
                continue
            if len(self._seen) > MAX_OBJECTS:
                raise ProtocolError(f"the camera lists more than {MAX_OBJECTS} objects")
            self._seen.add(handle)
            if len(self._seen) % FAIR_SHARE == 0:
                await asyncio.sleep(0)
            info = self._folders.get(handle) or await self._info_or_none(handle)
            if info is not None:
                if info.is_association:
                    self._folders[handle] = info
                yield handle, info

    async def _info_or_none(self, handle: int) -> ObjectInfo | None:
        try:
            return await self.info(handle)
        except PhotoRefused as refused:
            self.left_out.append(refused)
            return None

    async def _handles(self, storage_id: int, parent: int) -> list[int]:
        try:
            with _about_one_object(self._initiator):
                found = await self._initiator.object_handles(storage_id, FormatFilter.ANY, parent)
        except PhotoRefused as refused:
            if parent != ParentObject.ANYWHERE:  # then the root is asked instead
                self.left_out.append(refused)
            return []
        return list(found)


@contextmanager
def _about_one_object(initiator: Initiator) -> Iterator[None]:
    """Say PhotoRefused for what went wrong with one object, when the session can go on."""
    try:
        yield
    except Refused as refused:
        if refused.code in _SESSION_IS_OF_NO_USE:
            raise
        raise PhotoRefused(str(refused)) from refused
    except ProtocolError as error:
        if initiator.closed:
            raise
        raise PhotoRefused(str(error)) from error
