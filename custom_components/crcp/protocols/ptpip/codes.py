"""The numbers of PTP (ISO 15740), of PTP-IP (CIPA DC-005) and of MTP, each named once.

A number that is not in its table passes through as itself: OperationCode(0x9999) is a value like
any other, equal to 0x9999, and prints as 0x9999. Vendors share the numbers from 0x9000 (operations),
0xA000 (responses), 0xB000 (formats), 0xC000 (events) and 0xD000 (properties); what those mean is
for whoever knows the vendor.
"""

from enum import IntEnum
from typing import Self, override


class Code(IntEnum):
    """A number with a name in some table, or an unknown number that is its own name."""

    @classmethod
    @override
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or value < 0:
            return None
        unknown = int.__new__(cls, value)
        unknown._name_ = f"0x{value:04X}"
        unknown._value_ = value
        return unknown

    @property
    def known(self) -> bool:
        """Whether the number has a name in this table."""
        return self.name in type(self).__members__


class PacketType(Code):
    """What a PTP-IP packet is: the second u32 of its header."""

    INIT_COMMAND_REQUEST = 1
    INIT_COMMAND_ACK = 2
    INIT_EVENT_REQUEST = 3
    INIT_EVENT_ACK = 4
    INIT_FAIL = 5
    OPERATION_REQUEST = 6
    OPERATION_RESPONSE = 7
    EVENT = 8
    START_DATA = 9
    DATA = 10
    CANCEL = 11
    END_DATA = 12
    PROBE_REQUEST = 13
    PROBE_RESPONSE = 14


class InitFailReason(Code):
    """Why a responder turned an initiator away. The last two are Fujifilm's own."""

    REJECTED_INITIATOR = 1
    BUSY = 2
    UNSPECIFIED = 3
    FUJIFILM_NOT_PAIRED = 0x2019
    FUJIFILM_VERSION = 0x201D


class DataPhase(Code):
    """Which data phase an Operation Request announces. 0 is seen, and undefined."""

    NONE_OR_IN = 1
    OUT = 2
    UNKNOWN = 3


class OperationCode(Code):
    """What an initiator can ask for (PTP clause 10; 0x98xx are MTP's, 0x95Cx Android's)."""

    GET_DEVICE_INFO = 0x1001
    OPEN_SESSION = 0x1002
    CLOSE_SESSION = 0x1003
    GET_STORAGE_IDS = 0x1004
    GET_STORAGE_INFO = 0x1005
    GET_NUM_OBJECTS = 0x1006
    GET_OBJECT_HANDLES = 0x1007
    GET_OBJECT_INFO = 0x1008
    GET_OBJECT = 0x1009
    GET_THUMB = 0x100A
    DELETE_OBJECT = 0x100B
    SEND_OBJECT_INFO = 0x100C
    SEND_OBJECT = 0x100D
    INITIATE_CAPTURE = 0x100E
    FORMAT_STORE = 0x100F
    RESET_DEVICE = 0x1010
    SELF_TEST = 0x1011
    SET_OBJECT_PROTECTION = 0x1012
    POWER_DOWN = 0x1013
    GET_DEVICE_PROP_DESC = 0x1014
    GET_DEVICE_PROP_VALUE = 0x1015
    SET_DEVICE_PROP_VALUE = 0x1016
    RESET_DEVICE_PROP_VALUE = 0x1017
    TERMINATE_OPEN_CAPTURE = 0x1018
    MOVE_OBJECT = 0x1019
    COPY_OBJECT = 0x101A
    GET_PARTIAL_OBJECT = 0x101B
    INITIATE_OPEN_CAPTURE = 0x101C
    START_ENUM_HANDLES = 0x101D
    ENUM_HANDLES = 0x101E
    STOP_ENUM_HANDLES = 0x101F
    GET_VENDOR_EXTENSION_MAPS = 0x1020
    GET_VENDOR_DEVICE_INFO = 0x1021
    GET_RESIZED_IMAGE_OBJECT = 0x1022
    GET_FILESYSTEM_MANIFEST = 0x1023
    GET_STREAM_INFO = 0x1024
    GET_STREAM = 0x1025
    GET_PARTIAL_OBJECT_64 = 0x95C1
    GET_OBJECT_PROPS_SUPPORTED = 0x9801
    GET_OBJECT_PROP_DESC = 0x9802
    GET_OBJECT_PROP_VALUE = 0x9803
    GET_OBJECT_PROP_LIST = 0x9805


class ResponseCode(Code):
    """How a transaction ended (PTP clause 11; 0xA8xx are MTP's)."""

    UNDEFINED = 0x2000
    OK = 0x2001
    GENERAL_ERROR = 0x2002
    SESSION_NOT_OPEN = 0x2003
    INVALID_TRANSACTION_ID = 0x2004
    OPERATION_NOT_SUPPORTED = 0x2005
    PARAMETER_NOT_SUPPORTED = 0x2006
    INCOMPLETE_TRANSFER = 0x2007
    INVALID_STORAGE_ID = 0x2008
    INVALID_OBJECT_HANDLE = 0x2009
    DEVICE_PROP_NOT_SUPPORTED = 0x200A
    INVALID_OBJECT_FORMAT_CODE = 0x200B
    STORE_FULL = 0x200C
    OBJECT_WRITE_PROTECTED = 0x200D
    STORE_READ_ONLY = 0x200E
    ACCESS_DENIED = 0x200F
    NO_THUMBNAIL_PRESENT = 0x2010
    SELF_TEST_FAILED = 0x2011
    PARTIAL_DELETION = 0x2012
    STORE_NOT_AVAILABLE = 0x2013
    SPECIFICATION_BY_FORMAT_UNSUPPORTED = 0x2014
    NO_VALID_OBJECT_INFO = 0x2015
    INVALID_CODE_FORMAT = 0x2016
    UNKNOWN_VENDOR_CODE = 0x2017
    CAPTURE_ALREADY_TERMINATED = 0x2018
    DEVICE_BUSY = 0x2019
    INVALID_PARENT_OBJECT = 0x201A
    INVALID_DEVICE_PROP_FORMAT = 0x201B
    INVALID_DEVICE_PROP_VALUE = 0x201C
    INVALID_PARAMETER = 0x201D
    SESSION_ALREADY_OPENED = 0x201E
    TRANSACTION_CANCELED = 0x201F
    SPECIFICATION_OF_DESTINATION_UNSUPPORTED = 0x2020
    INVALID_ENUM_HANDLE = 0x2021
    NO_STREAM_ENABLED = 0x2022
    INVALID_DATA_SET = 0x2023
    INVALID_OBJECT_PROP_CODE = 0xA801
    INVALID_OBJECT_PROP_FORMAT = 0xA802
    INVALID_OBJECT_PROP_VALUE = 0xA803
    INVALID_OBJECT_REFERENCE = 0xA804
    INVALID_DATASET = 0xA806
    SPECIFICATION_BY_GROUP_UNSUPPORTED = 0xA807
    SPECIFICATION_BY_DEPTH_UNSUPPORTED = 0xA808
    OBJECT_TOO_LARGE = 0xA809
    OBJECT_PROP_NOT_SUPPORTED = 0xA80A


class EventCode(Code):
    """What a responder tells without being asked (PTP clause 12; 0xC8xx are MTP's)."""

    UNDEFINED = 0x4000
    CANCEL_TRANSACTION = 0x4001
    OBJECT_ADDED = 0x4002
    OBJECT_REMOVED = 0x4003
    STORE_ADDED = 0x4004
    STORE_REMOVED = 0x4005
    DEVICE_PROP_CHANGED = 0x4006
    OBJECT_INFO_CHANGED = 0x4007
    DEVICE_INFO_CHANGED = 0x4008
    REQUEST_OBJECT_TRANSFER = 0x4009
    STORE_FULL = 0x400A
    DEVICE_RESET = 0x400B
    STORAGE_INFO_CHANGED = 0x400C
    CAPTURE_COMPLETE = 0x400D
    UNREPORTED_STATUS = 0x400E
    OBJECT_PROP_CHANGED = 0xC801
    OBJECT_PROP_DESC_CHANGED = 0xC802
    OBJECT_REFERENCES_CHANGED = 0xC803


class ObjectFormat(Code):
    """What an object holds (PTP clause 6.2). Most RAW files and many movies say UNDEFINED."""

    UNDEFINED = 0x3000
    ASSOCIATION = 0x3001
    SCRIPT = 0x3002
    EXECUTABLE = 0x3003
    TEXT = 0x3004
    HTML = 0x3005
    DPOF = 0x3006
    AIFF = 0x3007
    WAV = 0x3008
    MP3 = 0x3009
    AVI = 0x300A
    MPEG = 0x300B
    ASF = 0x300C
    QUICKTIME = 0x300D
    UNDEFINED_IMAGE = 0x3800
    EXIF_JPEG = 0x3801
    TIFF_EP = 0x3802
    FLASHPIX = 0x3803
    BMP = 0x3804
    CIFF = 0x3805
    GIF = 0x3807
    JFIF = 0x3808
    PCD = 0x3809
    PICT = 0x380A
    PNG = 0x380B
    TIFF = 0x380D
    TIFF_IT = 0x380E
    JP2 = 0x380F
    JPX = 0x3810
    DNG = 0x3811
    VIDEO = 0xB980
    WMV = 0xB981
    MP4 = 0xB982

    @property
    def is_image(self) -> bool:
        """Whether the format is one of PTP's image formats (0x38xx)."""
        return 0x3800 <= self <= 0x38FF


class DevicePropCode(Code):
    """What a device lets one read or set (PTP clause 13; 0xD4xx are MTP's)."""

    BATTERY_LEVEL = 0x5001
    FUNCTIONAL_MODE = 0x5002
    IMAGE_SIZE = 0x5003
    COMPRESSION_SETTING = 0x5004
    WHITE_BALANCE = 0x5005
    F_NUMBER = 0x5007
    FOCAL_LENGTH = 0x5008
    FOCUS_MODE = 0x500A
    EXPOSURE_METERING_MODE = 0x500B
    FLASH_MODE = 0x500C
    EXPOSURE_TIME = 0x500D
    EXPOSURE_PROGRAM_MODE = 0x500E
    EXPOSURE_INDEX = 0x500F
    EXPOSURE_BIAS_COMPENSATION = 0x5010
    DATE_TIME = 0x5011
    CAPTURE_DELAY = 0x5012
    STILL_CAPTURE_MODE = 0x5013
    ARTIST = 0x501E
    COPYRIGHT_INFO = 0x501F
    SYNCHRONIZATION_PARTNER = 0xD401
    DEVICE_FRIENDLY_NAME = 0xD402
    DEVICE_ICON = 0xD405
    SESSION_INITIATOR_INFO = 0xD406
    PERCEIVED_DEVICE_TYPE = 0xD407


class VendorExtension(Code):
    """Whose numbers the vendor ranges hold. Over IP many say MTP: believe the manufacturer."""

    NONE = 0
    MICROSOFT = 6
    NIKON = 0xA
    CANON = 0xB
    FUJIFILM = 0xE
    SONY = 0x11
    PANASONIC = 0x1C
    MTP = 0xFFFFFFFF


class StorageType(Code):
    """Whether a storage can be taken out, and written (PTP clause 5.5.3)."""

    UNDEFINED = 0
    FIXED_ROM = 1
    REMOVABLE_ROM = 2
    FIXED_RAM = 3
    REMOVABLE_RAM = 4


class FilesystemType(Code):
    """How a storage keeps its objects (PTP clause 5.5.3)."""

    UNDEFINED = 0
    GENERIC_FLAT = 1
    GENERIC_HIERARCHICAL = 2
    DCF = 3


class AccessCapability(Code):
    """What a storage allows (PTP clause 5.5.3)."""

    READ_WRITE = 0
    READ_ONLY = 1
    READ_ONLY_WITH_DELETION = 2


class ProtectionStatus(Code):
    """Whether an object may be changed or deleted (PTP clause 5.5.2; 0x800x are MTP's)."""

    NONE = 0
    READ_ONLY = 1
    READ_ONLY_DATA = 0x8002
    NON_TRANSFERABLE_DATA = 0x8003


class AssociationType(Code):
    """What kind of group an association is (PTP clause 6.4)."""

    UNDEFINED = 0
    GENERIC_FOLDER = 1
    ALBUM = 2
    TIME_SEQUENCE = 3
    HORIZONTAL_PANORAMIC = 4
    VERTICAL_PANORAMIC = 5
    PANORAMIC_2D = 6
    ANCILLARY_DATA = 7


class StorageID(Code):
    """The storage ids that are no storage."""

    DEFAULT = 0
    ALL = 0xFFFFFFFF


class ParentObject(Code):
    """The parents in GetObjectHandles that are no object."""

    ANYWHERE = 0
    ROOT = 0xFFFFFFFF


class FormatFilter(Code):
    """The formats in GetObjectHandles that are no format."""

    ANY = 0
    ALL_IMAGES = 0xFFFFFFFF
