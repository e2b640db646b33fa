"""A memory card: folders and files by handle, listed as PTP lists them."""

from dataclasses import dataclass, replace
from itertools import count
from typing import Final

from ..protocols.ptpip.codes import (
    AssociationType,
    FormatFilter,
    ObjectFormat,
    ParentObject,
    ProtectionStatus,
)
from ..protocols.ptpip.datasets import SIZE_BEYOND_32_BITS, ObjectInfo, StorageInfo
from .photos import Photo

#: Slot 1, first volume; and slot 2.
FIRST_STORAGE: Final = 0x00010001
SECOND_STORAGE: Final = 0x00020001

#: DCF allows so many files in a folder, and folders from this number on.
DCF_FILES: Final = 9999
DCF_FIRST_FOLDER: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder. parent: a folder's handle, 0 in the root; photo: None for a folder."""

    name: str
    parent: int
    photo: Photo | None
    protection: ProtectionStatus = ProtectionStatus.NONE

    @property
    def object_format(self) -> ObjectFormat:
        """The format that the camera gives it."""
        return self.photo.object_format if self.photo else ObjectFormat.ASSOCIATION


class Card:
    """One storage of a camera. Its handles are given once and never again."""

    def __init__(
        self,
        storage_id: int = FIRST_STORAGE,
        label: str = "CRCP",
        capacity: int = 32 << 30,
        folder_name: str = "CRCP",
    ) -> None:
        """Make an empty card of so many bytes; folder_name: five characters after the number."""
        self.storage_id = storage_id
        self.label = label
        self.capacity = capacity
        self.entries: dict[int, Entry] = {}
        self._folder_name = folder_name
        # Handles of two cards must differ, so the slot's number goes into them.
        self._handles = count((storage_id >> 16 << 24) + 1)
        self._taken = 0
        self._dcim = self.put(Entry("DCIM", ParentObject.ANYWHERE, None))
        self._folders: dict[int, int] = {}

    @property
    def used(self) -> int:
        """How many bytes the files have."""
        return sum(entry.photo.content.size for entry in self.entries.values() if entry.photo)

    def add(self, photo: Photo) -> int:
        """Store a picture as DCF says, in the folder of its turn; return its handle."""
        folder = DCF_FIRST_FOLDER + self._taken // DCF_FILES
        self._taken += 1
        if folder not in self._folders:
            name = f"{folder}{self._folder_name}"
            self._folders[folder] = self.put(Entry(name, self._dcim, None))
        return self.put(Entry(photo.name, self._folders[folder], photo))

    def put(self, entry: Entry) -> int:
        """Store a file or folder where it says; return its handle."""
        handle = self.reserve()
        self.entries[handle] = entry
        return handle

    def reserve(self) -> int:
        """Give a handle away for something that is still to come."""
        return next(self._handles)

    def protect(self, handle: int, status: ProtectionStatus) -> None:
        """Protect a file or folder, or take that back."""
        self.entries[handle] = replace(self.entries[handle], protection=status)

    def is_folder(self, handle: int) -> bool:
        """Whether a handle names a folder on this card."""
        return handle in self.entries and self.entries[handle].photo is None

    def handles(self, object_format: int, parent: int) -> list[int]:
        """List by format and parent as GetObjectHandles does."""
        return [
            handle
            for handle, entry in self.entries.items()
            if _is_below(entry, parent) and _has_format(entry, object_format)
        ]

    def object_info(self, handle: int) -> ObjectInfo:
        """Describe a file or folder."""
        entry = self.entries[handle]
        if entry.photo is None:
            return ObjectInfo(
                storage_id=self.storage_id,
                object_format=ObjectFormat.ASSOCIATION,
                object_compressed_size=0,
                protection_status=entry.protection,
                parent_object=entry.parent,
                association_type=AssociationType.GENERIC_FOLDER,
                filename=entry.name,
            )
        return self._file_info(entry, entry.photo)

    def storage_info(self) -> StorageInfo:
        """Describe the card."""
        return StorageInfo(
            max_capacity=self.capacity,
            free_space_in_bytes=max(0, self.capacity - self.used),
            storage_description="Memory card",
            volume_label=self.label,
        )

    def _file_info(self, entry: Entry, photo: Photo) -> ObjectInfo:
        return ObjectInfo(
            storage_id=self.storage_id,
            object_format=photo.object_format,
            object_compressed_size=min(photo.content.size, SIZE_BEYOND_32_BITS),
            protection_status=entry.protection,
            # Cameras have a thumbnail of everything, and libgphoto2 copies no RAW file without one.
            thumb_format=ObjectFormat.JFIF,
            thumb_compressed_size=len(photo.thumb or b""),
            image_pix_width=photo.width,
            image_pix_height=photo.height,
            image_bit_depth=24 if photo.width else 0,
            parent_object=entry.parent,
            filename=entry.name,
            capture_date=photo.captured,
            modification_date=photo.captured,
        )


def _is_below(entry: Entry, parent: int) -> bool:
    match parent:
        case ParentObject.ANYWHERE:
            return True
        case ParentObject.ROOT:
            return entry.parent == 0
        case _:
            return entry.parent == parent


def _has_format(entry: Entry, object_format: int) -> bool:
    match object_format:
        case FormatFilter.ANY:
            return True
        case FormatFilter.ALL_IMAGES:
            return entry.object_format.is_image
        case _:
            return entry.object_format == object_format
