"""A camera whose cards are filled by hand, behind real sockets on loopback."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from custom_components.crcp.importer.importer import Importer
from custom_components.crcp.importer.ptp import PtpSource
from custom_components.crcp.importer.run import Report
from custom_components.crcp.protocols.ptpip.codes import OperationCode, ProtectionStatus
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.camera_faults import CameraFaults
from custom_components.crcp.virtual.card import FIRST_STORAGE, SECOND_STORAGE, Card, Entry
from custom_components.crcp.virtual.photos import Content, InMemory

from .bench import TAKEN, some_bytes
from .cutter import CALM, HASTY, picture, session

SERIAL = "042"


class WiredCamera:
    """A virtual camera with two cards, and what lies on them."""

    def __init__(self, serial: str = SERIAL) -> None:
        self.camera = VirtualCamera(serial_number=serial, slots=2)
        self._folders: dict[tuple[Card, str], int] = {}

    @property
    def contents(self) -> list[bytes]:
        """The bytes of every file on the cards, sorted."""
        entries = [entry for card in self.camera.cards for entry in card.entries.values()]
        contents = [entry.photo.content for entry in entries if entry.photo]
        return sorted(content.data for content in contents if isinstance(content, InMemory))

    def add(
        self,
        name: str,
        data: bytes | Content | None = None,
        *,
        folder: str = "DCIM/100CRCP",
        slot: int = 0,
        taken: datetime | None = TAKEN,
        protected: bool = False,
    ) -> int:
        """Put a file on a card, without a word; return its handle."""
        card = self.camera.cards[slot]
        if data is None:
            data = some_bytes((name, folder, slot, str(taken)))
        photo = picture(name, data, taken)
        handle = card.put(Entry(name, self._folder(card, folder), photo))
        if protected:
            card.protect(handle, ProtectionStatus.READ_ONLY)
        return handle

    def remove(self, handle: int) -> None:
        """Take a file off its card, without a word."""
        for card in self.camera.cards:
            card.entries.pop(handle, None)

    def swap_cards(self) -> None:
        """Put two empty cards in, which number their objects as the old ones did."""
        self.camera.cards = [Card(storage) for storage in (FIRST_STORAGE, SECOND_STORAGE)]

    async def run(self, importer: Importer) -> Report:
        """Import over a connection of its own."""
        async with self.session() as source:
            return await importer.run(source)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[PtpSource]:
        """Connect, as a host does; what is silent is soon given up only where that is the fault."""
        timeouts = CALM if self.camera.faults == CameraFaults() else HASTY
        async with session(self.camera.port, timeouts) as source:
            yield source

    def asked(self, operation: OperationCode) -> list[tuple[int, ...]]:
        """The parameters of every request of an operation so far."""
        return [each.parameters for each in self.camera.requests if each.code == operation]

    def _folder(self, card: Card, path: str) -> int:
        """The handle of a folder, which is made if need be; 0 for the root."""
        if not path:
            return 0
        if (card, path) not in self._folders:
            above, _, name = path.rpartition("/")
            entry = Entry(name, self._folder(card, above), None)
            self._folders[card, path] = card.put(entry)
        return self._folders[card, path]
