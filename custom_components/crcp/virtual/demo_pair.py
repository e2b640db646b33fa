"""The unit and the camera of the demo: what they are called, and what is said of them."""

import asyncio
from collections.abc import Iterable
import hashlib
from typing import Any

from .announce import CAMERA_SERVICE, UNIT_SERVICE, Announcer
from .camera import VirtualCamera
from .photos import Photo
from .reels import Recording
from .scenes import show, studio

#: A film is hashed piece by piece and not in memory.
PIECE = 1 << 22


class DemoPair:
    """Both devices, on free ports, announced where the machine has multicast.

    identity: letters, digits and dashes; makes the devices of several demos different ones.
    """

    def __init__(
        self, identity: str, photos: Iterable[Photo], footage: Recording | None = None
    ) -> None:
        """Build the devices; start opens their ports. footage: what the unit's tape shows."""
        self.photos = list(photos)
        self.unit = studio(name="Living room deck", unit_id=identity)
        if footage:
            show(self.unit, footage)
        self.camera = VirtualCamera(
            photos=self.photos,
            model="Virtual camera",
            serial_number=identity,
            guid=hashlib.md5(identity.encode(), usedforsecurity=False).digest(),
        )
        self.not_announced = ""
        self._announcer: Announcer | None = None

    async def start(self) -> None:
        """Start and announce; where that cannot be, not_announced says why."""
        await self.unit.start()
        await self.camera.start()
        try:
            self._announcer = Announcer()
            await self._announce(self._announcer)
        except OSError as error:
            self.not_announced = str(error) or type(error).__name__

    async def stop(self) -> None:
        """Take the announcements back and close the devices."""
        if self._announcer:
            await self._announcer.close()
        await self.unit.stop()
        await self.camera.stop()

    async def description(self) -> dict[str, Any]:
        """What somebody who drives the demo has to know, ready for JSON."""
        return {
            "unit": {
                "name": self.unit.name,
                "port": self.unit.port,
                "unique_id": f"crcp:{self.unit.unit_id}",
            },
            "camera": {
                "name": self.camera.model,
                "port": self.camera.port,
                "unique_id": f"ptpip:announced:{self.camera.guid.hex()}",
                "sha256": [await _sha256(photo) for photo in self.photos],
            },
            "not_announced": self.not_announced,
        }

    async def _announce(self, announcer: Announcer) -> None:
        subunits = ",".join(map(str, self.unit.subunits))
        about_unit = {
            "txtvers": "1",
            "id": self.unit.unit_id,
            "fn": self.unit.name,
            "ver": "01",
            "su": subunits,
            "au": "n",
        }
        name = f"{self.unit.name} {self.unit.unit_id}"
        await announcer.announce(UNIT_SERVICE, name, self.unit.port, about_unit)
        about_camera = {"guid": self.camera.guid.hex(), "ver": "1"}
        name = f"{self.camera.model} {self.camera.serial_number}"
        await announcer.announce(CAMERA_SERVICE, name, self.camera.port, about_camera)


async def _sha256(photo: Photo) -> str:
    digest, offset = hashlib.sha256(), 0
    while data := await photo.content.read(offset, PIECE):
        await asyncio.to_thread(digest.update, data)
        offset += len(data)
    return digest.hexdigest()
