"""The camera's process: import_camera.py COUNT SIZE MAKER. It prints its port, and does as it is told.

Lines on standard input: shoot NUMBER takes a picture, and prints when that was; asked prints how
many requests there were.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
import sys
import time
from typing import Final

from crcp.protocols.ptpip.codes import ObjectFormat
from crcp.virtual.camera import VirtualCamera
from crcp.virtual.personalities import PERSONALITIES
from crcp.virtual.photos import FIRST_MORNING, Photo
from crcp.virtual.synthetic import BLOCK, Synthetic

MB: Final = 1_000_000
PICTURE: Final = 5 * MB


async def serve(count: int, size: int, maker: str) -> None:
    """Be a camera that holds so many pictures."""
    camera = VirtualCamera(personality=PERSONALITIES[maker])
    for number in range(1, count + 1):
        camera.cards[0].add(_picture(number, size))
    await camera.start()
    print(camera.port, flush=True)
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str]()
    loop.add_reader(sys.stdin, lambda: lines.put_nowait(sys.stdin.readline()))
    while line := await lines.get():
        match line.split():
            case ["shoot", number]:
                print(time.monotonic(), flush=True)
                camera.add_photo(_picture(int(number), PICTURE))
            case ["asked"]:
                print(len(camera.requests), flush=True)


def name_of(number: int) -> str:
    """What the picture of a number is called."""
    return f"IMG_{(number - 1) % 9999 + 1:04}.JPG"


def digest_of(size: int) -> str:
    """The hash of the first picture."""
    content, digest = Synthetic(size), sha256((1).to_bytes(8, "big"))
    digest.update(content.bytes_at(8, BLOCK - 8))
    for at in range(BLOCK, size, BLOCK):
        digest.update(content.bytes_at(at, min(BLOCK, size - at)))
    return digest.hexdigest()


def _picture(number: int, size: int) -> Photo:
    taken = FIRST_MORNING + number * timedelta(seconds=2)
    # No two have the same bytes, though all have the same length.
    content = Numbered(Synthetic(size), number)
    return Photo(name_of(number), content, ObjectFormat.EXIF_JPEG, taken, thumb=b"small")


@dataclass(frozen=True, slots=True)
class Numbered:
    """Content that begins with a number."""

    rest: Synthetic
    number: int

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self.rest.size

    async def read(self, offset: int, size: int) -> bytes | memoryview:
        """Return size bytes from offset."""
        piece = self.rest.bytes_at(offset, min(size, self.size - offset))
        if offset:
            return piece
        return self.number.to_bytes(min(8, len(piece)), "big") + bytes(piece[8:])


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
