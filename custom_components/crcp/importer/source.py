"""Where photos come from: the seam between the importer and whatever can read a camera's cards."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
import hashlib
import re
from typing import Final, Protocol

from .errors import PhotoRefused

#: The least size of a photo whose size is None: PTP's 32 bits cannot say it.
LEAST_UNTOLD_SIZE: Final = 0xFFFFFFFF

#: No camera with PTP/IP is older. Clocks that lost their battery begin at 1970, 1980 or 2000.
FIRST_YEAR: Final = 2004

#: A storage as PTP numbers it: the slot, then the volume on its card.
_STORAGE: Final = re.compile("[0-9a-f]{8}")

#: Takes a piece of a photo. The view is valid until the call returns.
type Write = Callable[[memoryview], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One file on a camera's card: a picture, a movie, or what belongs to one. A value.

    Two photos are equal when camera, storage, folder, filename, size and capture date are: that is
    a photo's identity, and all of it is the camera's own text, so no part of it is a path of ours
    (see naming). handle names the photo in one session with the camera; cameras renumber and
    re-use handles, so it does not count.

    serial: the camera's. storage: the slot or volume. folder: names joined by "/", "" in the root.
    size: in bytes; None for 4 GiB - 1 or more. capture_date: naive means the camera's local time;
    None when the camera does not know. is_protected: against deletion, by a person at the camera;
    it changes, so it does not count either.
    """

    serial: str
    storage: str
    folder: str
    filename: str
    size: int | None
    capture_date: datetime | None
    handle: int = field(compare=False)
    is_protected: bool = field(default=False, compare=False)

    @property
    def slot(self) -> int:
        """The number of the slot, from 1; 0 where storage does not tell it."""
        return int(self.storage[:4], 16) if _STORAGE.fullmatch(self.storage) else 0

    @property
    def taken(self) -> datetime | None:
        """The capture date, where it can be true: clocks that were reset begin in the past."""
        date = self.capture_date
        return date if date and is_true_date(date) else None

    @property
    def is_dated(self) -> bool:
        """Whether its date tells a photo from others: not on a first of January.

        There clocks begin whose battery was empty, in whatever year the camera was made, and only
        with such a clock can two photos be alike to the second.
        """
        taken = self.taken
        return taken is not None and (taken.month, taken.day) != (1, 1)

    @property
    def token(self) -> str:
        """Eight hexadecimal digits that stand for the identity."""
        identity = (self.serial, self.storage, self.folder, self.filename, self.size)
        text = repr((*identity, self.capture_date and self.capture_date.isoformat()))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def is_true_date(date: datetime) -> bool:
    """Whether a clock that was set can have shown this."""
    return date.year >= FIRST_YEAR


class PhotoSource(Protocol):
    """A camera in one session: it lists its photos and gives their bytes.

    PhotoRefused is about one photo. Whatever else a source raises ends the import run.
    serial: the camera's, as its photos have it.
    left_out: what the last listing had to leave out, because the camera did not describe it.
    """

    serial: str
    left_out: list[PhotoRefused]

    def photos(self) -> AsyncIterator[Photo]:
        """Give every photo on every card once, in the cards' order; folders are none.

        What the camera does not describe at the moment is left out, and comes with a later listing.
        """

    async def photo(self, handle: int) -> Photo | None:
        """Look one up; None for what is no photo, a folder say. Raises PhotoRefused."""

    async def fetch(self, photo: Photo, write: Write, offset: int = 0) -> int:
        """Give a photo of this session to write, from offset on; return how many bytes that were.

        Raises PhotoRefused. After a raise, what write was given is the beginning of that at most.
        An error of write's own passes through, and may cost the session.
        """

    def came_at_once(self, photo: Photo) -> bool:
        """Whether the last fetch of a photo read it from its first byte in one go.

        What is read in parts may become another object between two of them.
        """

    async def sample(self, photo: Photo, offset: int, size: int) -> bytes | None:
        """Read a part of a photo of this session; None where the camera cannot give parts.

        Raises PhotoRefused.
        """

    async def delete(self, photo: Photo) -> None:
        """Delete one photo of this session on the camera. Raises PhotoRefused."""

    async def thumbnail(self, photo: Photo) -> bytes | None:
        """Give a small picture, a JPEG most often; None when there is none."""
