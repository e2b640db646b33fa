"""PTP's datasets (ISO 15740 clause 5.5), field by field as the standard's tables have them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Final

from .codes import (
    AccessCapability,
    AssociationType,
    DevicePropCode,
    EventCode,
    FilesystemType,
    ObjectFormat,
    OperationCode,
    ProtectionStatus,
    StorageType,
    VendorExtension,
)
from .datatypes import DATE_TIME, STRING, UINT16, UINT32, UINT64, Array, Bytes, Structure

#: An ObjectInfo says this for an object of 4 GiB - 1 bytes or of any size above.
SIZE_BEYOND_32_BITS: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInfo(Structure):
    """What a device is and can do (GetDeviceInfo). operations_supported decides the rest."""

    standard_version: Annotated[int, UINT16] = 100
    vendor_extension_id: Annotated[VendorExtension, UINT32] = VendorExtension.NONE
    vendor_extension_version: Annotated[int, UINT16] = 0
    vendor_extension_desc: Annotated[str, STRING] = ""
    functional_mode: Annotated[int, UINT16] = 0
    operations_supported: Annotated[tuple[OperationCode, ...], Array(UINT16)] = ()
    events_supported: Annotated[tuple[EventCode, ...], Array(UINT16)] = ()
    device_properties_supported: Annotated[tuple[DevicePropCode, ...], Array(UINT16)] = ()
    capture_formats: Annotated[tuple[ObjectFormat, ...], Array(UINT16)] = ()
    image_formats: Annotated[tuple[ObjectFormat, ...], Array(UINT16)] = ()
    manufacturer: Annotated[str, STRING] = ""
    model: Annotated[str, STRING] = ""
    device_version: Annotated[str, STRING] = ""
    serial_number: Annotated[str, STRING] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageInfo(Structure):
    """One storage of a device: a card, most often (GetStorageInfo). Sizes are in bytes."""

    storage_type: Annotated[StorageType, UINT16] = StorageType.REMOVABLE_RAM
    filesystem_type: Annotated[FilesystemType, UINT16] = FilesystemType.DCF
    access_capability: Annotated[AccessCapability, UINT16] = AccessCapability.READ_WRITE
    max_capacity: Annotated[int, UINT64]
    free_space_in_bytes: Annotated[int, UINT64]
    free_space_in_images: Annotated[int, UINT32] = 0xFFFFFFFF
    storage_description: Annotated[str, STRING] = ""
    volume_label: Annotated[str, STRING] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo(Structure):
    """One object of a storage: a picture, a movie, a folder (GetObjectInfo).

    filename is the device's own text and has no path; parent_object is 0 in the root.
    """

    storage_id: Annotated[int, UINT32]
    object_format: Annotated[ObjectFormat, UINT16]
    protection_status: Annotated[ProtectionStatus, UINT16] = ProtectionStatus.NONE
    object_compressed_size: Annotated[int, UINT32]
    thumb_format: Annotated[ObjectFormat, UINT16] = ObjectFormat.UNDEFINED
    thumb_compressed_size: Annotated[int, UINT32] = 0
    thumb_pix_width: Annotated[int, UINT32] = 0
    thumb_pix_height: Annotated[int, UINT32] = 0
    image_pix_width: Annotated[int, UINT32] = 0
    image_pix_height: Annotated[int, UINT32] = 0
    image_bit_depth: Annotated[int, UINT32] = 0
    parent_object: Annotated[int, UINT32]
    association_type: Annotated[AssociationType, UINT16] = AssociationType.UNDEFINED
    association_desc: Annotated[int, UINT32] = 0
    sequence_number: Annotated[int, UINT32] = 0
    filename: Annotated[str, STRING]
    capture_date: Annotated[datetime | None, DATE_TIME] = None
    modification_date: Annotated[datetime | None, DATE_TIME] = None
    keywords: Annotated[str, STRING] = ""

    @property
    def is_association(self) -> bool:
        """Whether this is a folder or another group, and no file."""
        return self.object_format == ObjectFormat.ASSOCIATION

    @property
    def size(self) -> int | None:
        """The object's size in bytes; None when this dataset cannot say it."""
        size = self.object_compressed_size
        return None if size == SIZE_BEYOND_32_BITS else size


#: Where ObjectCompressedSize ends, and where Filename begins.
_SIZE_END: Final = 12
_FILENAME: Final = 52


def decode_object_info(data: Bytes) -> ObjectInfo:
    """Read an ObjectInfo, also one whose size has 64 bits, as Samsung and Android send it."""
    if not _has_long_size(bytes(data[_FILENAME:])):
        return ObjectInfo.decode(data)
    size = int.from_bytes(data[_SIZE_END - 4 : _SIZE_END + 4], "little")
    info = ObjectInfo.decode(bytes(data[:_SIZE_END]) + bytes(data[_SIZE_END + 4 :]))
    return replace(info, object_compressed_size=size)


def _has_long_size(strings: bytes) -> bool:
    """Whether a name begins four bytes after its place, and ends with a zero, and none before."""
    if len(strings) < 5 or strings[0] or not strings[4]:
        return False
    units = strings[5 : 5 + 2 * strings[4]]
    ends = [at for at in range(0, len(units), 2) if units[at : at + 2] == b"\0\0"]
    return len(units) == 2 * strings[4] and ends == [len(units) - 2]


#: GetStorageIDs and GetObjectHandles answer with one array of u32.
IDS: Final = Array(UINT32)

#: GetObjectPropsSupported and vendors' lists of codes: one array of u16.
CODES: Final = Array(UINT16)
