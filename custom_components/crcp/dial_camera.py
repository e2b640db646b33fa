"""Connect to a photo camera as its entry says, and elsewhere only to read who is there."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PORT

from .const import CONF_CAMERA_GUID, CONF_FRIENDLY_NAME, CONF_GUID, CONF_SERIAL
from .errors import AnotherCamera
from .protocols.ptpip.client import Initiator
from .protocols.ptpip.datasets import DeviceInfo

#: Where a camera is: the entry's data by CONF_HOST and CONF_PORT.
type Address = Mapping[str, Any]


def address_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Where the camera of an entry is."""
    return {key: data[key] for key in (CONF_HOST, CONF_PORT)}


async def dial_camera(data: Mapping[str, Any]) -> Initiator:
    """Connect to the camera of an entry. Raises AnotherCamera, and what connecting raises."""
    initiator = await _connect(data, data)
    try:
        check_serial(data, await initiator.begin())
    except BaseException:
        await initiator.abort()
        raise
    return initiator


async def dial_elsewhere(data: Mapping[str, Any], address: Address) -> Initiator:
    """Connect to the camera of an entry at an address that was only announced.

    It has to be the same by all that both sides know of it, and by something at least. Raises
    AnotherCamera, and what connecting raises.
    """
    initiator = await _connect(data, address)
    try:
        # What it calls itself comes before anything is asked of it.
        known, found = data.get(CONF_CAMERA_GUID, ""), own_id(initiator.guid)
        if known and found != known:
            raise AnotherCamera(known, found)
        device = await initiator.begin()
        check_serial(data, device)
        if not known and not device.serial_number:
            raise AnotherCamera(data[CONF_SERIAL], "")
    except BaseException:
        await initiator.abort()
        raise
    return initiator


def check_serial(data: Mapping[str, Any], device: DeviceInfo) -> None:
    """Hold a camera against the entry that it answers for. Raises AnotherCamera."""
    found = device.serial_number
    if found and found != data[CONF_SERIAL]:
        raise AnotherCamera(data[CONF_SERIAL], found)


def own_id(guid: bytes) -> str:
    """What a camera calls itself on the wire; "" for one that says nothing."""
    return guid.hex() if any(guid) else ""


async def _connect(data: Mapping[str, Any], address: Address) -> Initiator:
    return await Initiator.connect(
        address[CONF_HOST],
        address[CONF_PORT],
        guid=bytes.fromhex(data[CONF_GUID]),
        friendly_name=data[CONF_FRIENDLY_NAME],
    )
