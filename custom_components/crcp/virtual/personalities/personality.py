"""What there is to say about a maker's cameras."""

from dataclasses import dataclass, field

from ...protocols.ptpip.codes import EventCode, ObjectFormat, OperationCode, VendorExtension
from ...protocols.ptpip.properties import DevicePropDesc
from ..camera_handlers import Handlers
from ..data_phase import DataStyle


@dataclass(frozen=True, slots=True, kw_only=True)
class Personality:
    """One maker's cameras, as declared.

    asks: the operation by which an initiator asks for events, 0 where they come by themselves;
    arms: the operation that has to switch this on first. hollow: the operations that a stranger
    finds, where strangers are let in. folder_name: five characters after the folder's number.
    """

    name: str
    manufacturer: str
    model: str
    operations: Handlers
    device_version: str = "1.0"
    vendor_extension_id: VendorExtension = VendorExtension.MTP
    vendor_extension_desc: str = ""
    events: tuple[EventCode, ...] = ()
    capture_formats: tuple[ObjectFormat, ...] = (ObjectFormat.EXIF_JPEG,)
    properties: tuple[DevicePropDesc, ...] = ()
    asks: int = 0
    arms: int = 0
    hollow: frozenset[OperationCode] = field(default_factory=frozenset)
    data_style: DataStyle = DataStyle.PIECES
    max_connections: int = 8
    folder_name: str = "CRCP"
