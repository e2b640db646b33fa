"""Every packet of a connection with its meaning, for a bug report."""

from contextlib import suppress
from dataclasses import fields
from datetime import datetime
import time
from typing import Any, Final, TextIO

from crcp.protocols.ptpip.codes import Code, EventCode, OperationCode, ResponseCode
from crcp.protocols.ptpip.datasets import (
    IDS,
    DeviceInfo,
    ObjectInfo,
    StorageInfo,
    decode_object_info,
)
from crcp.protocols.ptpip.datatypes import Cursor, Structure
from crcp.protocols.ptpip.errors import Declined, ProtocolError
from crcp.protocols.ptpip.packets import (
    Data,
    EndData,
    OperationRequest,
    OperationResponse,
    Packet,
)
from crcp.protocols.ptpip.properties import DevicePropDesc
from crcp.protocols.ptpip.state import Channel, Role
from crcp.protocols.ptpip.vendors import Undecided, Vendor, vendor_of

#: So much of a data phase is shown or understood; pictures are only counted.
MAX_SHOWN: Final = 8192

#: What identifies a person or a camera. Masked, each has a number by which it can be followed.
PRIVATE: Final = {
    "guid",
    "friendly_name",
    "serial_number",
    "filename",
    "volume_label",
    "storage_description",
    "keywords",
    "artist",
    "copyright_info",
    "device_friendly_name",
    "session_initiator_info",
    "synchronization_partner",
}

_DATASETS: Final = {
    OperationCode.GET_DEVICE_INFO: DeviceInfo.decode,
    OperationCode.GET_STORAGE_INFO: StorageInfo.decode,
    OperationCode.GET_OBJECT_INFO: decode_object_info,
    OperationCode.SEND_OBJECT_INFO: ObjectInfo.decode,
    OperationCode.GET_STORAGE_IDS: lambda data: IDS.read(Cursor(data)),
    OperationCode.GET_OBJECT_HANDLES: lambda data: IDS.read(Cursor(data)),
}

#: Their payload is pictures.
_PICTURES: Final = {
    OperationCode.GET_OBJECT,
    OperationCode.GET_THUMB,
    OperationCode.GET_PARTIAL_OBJECT,
    OperationCode.GET_PARTIAL_OBJECT_64,
    OperationCode.SEND_OBJECT,
}


class Mask:
    """Puts a name in the place of what is private, the same one every time."""

    def __init__(self, *, wanted: bool) -> None:
        self.wanted = wanted
        self._names: dict[object, str] = {}

    def __call__(self, name: str, value: Any) -> Any:
        """The value of a field as it is to be shown."""
        if not self.wanted or name not in PRIVATE or not value:
            return value
        return self._names.setdefault(value, f"<{name} {len(self._names) + 1}>")


class Trace:
    """Writes a line for every packet: when, who, on which connection, and what it means.

    What the maker's own numbers mean is known from the camera's first DeviceInfo on.
    """

    def __init__(self, file: TextIO, mask: Mask) -> None:
        self._file = file
        self._mask = mask
        self._began = time.monotonic()
        self._vendor: Vendor = Undecided(DeviceInfo())
        self._request: OperationRequest | None = None
        self._data = bytearray()
        self._size = 0

    def __call__(self, sender: Role, channel: Channel, packet: Packet) -> None:
        """Write one packet; pieces of data are counted until the last."""
        arrow = "->" if sender is Role.INITIATOR else "<-"
        if isinstance(packet, OperationRequest):
            self._request, self._size = packet, 0
            self._data.clear()
        if isinstance(packet, Data | EndData):
            self._count(packet)
            if isinstance(packet, Data):
                return
        self._write(f"{arrow} {channel.name:7} {packet.type.name}{self._meaning(packet)}")
        if isinstance(packet, OperationResponse):
            self._request = None

    def _count(self, packet: Data | EndData) -> None:
        self._size += len(packet.payload)
        room = MAX_SHOWN - len(self._data)
        self._data += packet.payload[: max(0, room)]

    def _meaning(self, packet: Packet) -> str:
        if isinstance(packet, EndData):
            return f" transaction_id={packet.transaction_id}: {self._size} bytes{self._dataset()}"
        return "".join(
            f" {field.name}={self._value(field.name, getattr(packet, field.name))}"
            for field in fields(packet)
        )

    def _dataset(self) -> str:
        code = self._request.code if self._request else None
        if code is None or code in _PICTURES or not self._size:
            return ""
        whole = len(self._data) == self._size
        if whole and (meaning := self._decoded(code)):
            return f"\n{meaning}"
        if self._mask.wanted:
            return " (not shown: there may be names in it)"
        return f"\n{'':12}{bytes(self._data).hex(' ', 4)}{'' if whole else ' ...'}"

    def _decoded(self, code: OperationCode) -> str:
        """A dataset's fields, a line each; nothing for one that nobody knows."""
        try:
            if code == OperationCode.GET_DEVICE_PROP_DESC:
                described = DevicePropDesc.decode(self._data)
                return "" if self._mask.wanted else f"{'':12}{described}"
            if code not in _DATASETS:
                return ""
            value = _DATASETS[code](bytes(self._data))
        except ProtocolError as error:
            return f"{'':12}malformed: {error}"
        if isinstance(value, DeviceInfo):
            with suppress(Declined):
                self._vendor = vendor_of(value)
        if not isinstance(value, Structure):
            return f"{'':12}{' '.join(f'0x{number:08X}' for number in value)}"
        return "\n".join(
            f"{'':12}{field.name}: {self._value(field.name, getattr(value, field.name))}"
            for field in fields(value)
        )

    def _value(self, name: str, value: Any) -> str:
        value = self._mask(name, value)
        match value:
            case Code():
                meaning = self._name(value)
                return f"{meaning} (0x{int(value):04X})" if meaning else f"(0x{int(value):04X})"
            case bytes() | bytearray() | memoryview():
                return bytes(value).hex()
            case tuple():
                return "(" + ", ".join(self._value(name, each) for each in value) + ")"
            case datetime():
                return value.isoformat()
            case int():
                return f"0x{value:X}" if value > 9 else str(value)
            case _:
                return ascii(value)

    def _name(self, code: Code) -> str | None:
        """What a number is called, by the maker where nobody else knows it."""
        if code.known:
            return code.name
        match code:
            case OperationCode() if self._vendor.operations(code).known:
                return self._vendor.name_of(code)
            case EventCode() if code in self._vendor.events:
                return self._vendor.events[code].name
            case ResponseCode():
                return self._vendor.explain(code)
            case _:
                return None

    def _write(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:10.4f} {text}", file=self._file, flush=True)
