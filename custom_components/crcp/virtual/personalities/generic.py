"""A camera that keeps to the standard, to MTP and to Android's addition, and belongs to nobody."""

from typing import Final

from ...protocols.ptpip.codes import EventCode, VendorExtension
from ..camera_mtp import ANDROID, MTP
from ..camera_operations import STANDARD
from ..camera_properties import PROPERTIES
from .personality import Personality

STANDARD_EVENTS: Final = (
    EventCode.CANCEL_TRANSACTION,
    EventCode.OBJECT_ADDED,
    EventCode.OBJECT_REMOVED,
    EventCode.STORE_ADDED,
    EventCode.STORE_REMOVED,
    EventCode.DEVICE_PROP_CHANGED,
    EventCode.OBJECT_INFO_CHANGED,
    EventCode.CAPTURE_COMPLETE,
)

GENERIC: Final = Personality(
    name="generic",
    manufacturer="CRCP",
    model="Virtual camera",
    operations=STANDARD.joined(PROPERTIES, MTP, ANDROID),
    vendor_extension_id=VendorExtension.NONE,
    events=STANDARD_EVENTS,
)
