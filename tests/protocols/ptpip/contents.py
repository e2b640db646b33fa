"""Objects for a virtual camera's card that tests can hold in their hands."""

import asyncio
from dataclasses import dataclass, field

from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.virtual.photos import Content, Photo


@dataclass
class Zeros:
    """As many zeros as one likes, for no memory."""

    size: int

    async def read(self, offset: int, size: int) -> bytes:
        return bytes(min(size, self.size - offset))


@dataclass
class Held:
    """Sends the first half at once, and the rest when it is let go."""

    data: bytes
    half_sent: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def size(self) -> int:
        return len(self.data)

    async def read(self, offset: int, size: int) -> bytes:
        if offset >= self.size // 2:
            self.half_sent.set()
            await self.let_go.wait()
        return self.data[offset : offset + size]


def movie(content: Content) -> Photo:
    return Photo("CLIP.MOV", content, ObjectFormat.QUICKTIME)
