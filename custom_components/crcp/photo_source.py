"""A source of photos that can be told to stop, at a place where nothing is lost."""

from collections.abc import AsyncIterator
from typing import override

from .importer.errors import PhotoRefused, Stopped
from .importer.ptp import PtpSource
from .importer.source import Photo, Write
from .protocols.ptpip.client import Initiator


class StoppableSource(PtpSource):
    """A camera's photos, until stop.

    A task that is cancelled would cost the connection, because an answer of the camera's could be
    taken for the next one's. This ends a transfer as the protocol has it, and the session goes on.
    """

    def __init__(self, initiator: Initiator, serial: str) -> None:
        super().__init__(initiator, serial)
        self._camera = initiator
        self._stopping = False
        self._fetching = False

    async def stop(self) -> None:
        """Break off what is under way: whoever waits for it gets Stopped."""
        self._stopping = True
        if self._fetching:
            await self._camera.cancel()

    def go_on(self) -> None:
        """Forget that somebody asked for an end."""
        self._stopping = False

    @override
    async def photos(self) -> AsyncIterator[Photo]:
        """List; raises Stopped between two photos."""
        async for photo in super().photos():
            self._check()
            yield photo

    @override
    async def photo(self, handle: int) -> Photo | None:
        """Look one up, or raise Stopped."""
        self._check()
        return await super().photo(handle)

    @override
    async def fetch(self, photo: Photo, write: Write, offset: int = 0) -> int:
        """Fetch, or raise Stopped in the middle."""
        self._check()
        self._fetching = True
        try:
            return await super().fetch(photo, write, offset)
        except PhotoRefused:
            self._check()
            raise
        finally:
            self._fetching = False

    @override
    async def sample(self, photo: Photo, offset: int, size: int) -> bytes | None:
        """Read a part, or raise Stopped."""
        self._check()
        return await super().sample(photo, offset, size)

    @override
    async def thumbnail(self, photo: Photo) -> bytes | None:
        """Give the camera's thumbnail, or raise Stopped; the photo is stored in any case."""
        self._check()
        return await super().thumbnail(photo)

    @override
    async def delete(self, photo: Photo) -> None:
        """Delete on the camera, or raise Stopped."""
        self._check()
        await super().delete(photo)

    def _check(self) -> None:
        if self._stopping:
            raise Stopped
