"""Add a PTP-IP camera: found by itself, or by its address."""

import secrets
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.data_entry_flow import FlowResultType

from .const import (
    CONF_CAMERA_GUID,
    CONF_DISCOVERY_ID,
    CONF_FRIENDLY_NAME,
    CONF_GUID,
    CONF_KIND,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_SERIAL,
    CONF_VERSION,
    Kind,
)
from .coordinator_camera import async_hand_over
from .flow import DeviceFlow
from .names import clean_name, identifier
from .protocols.ptpip.client import Initiator
from .protocols.ptpip.datasets import DeviceInfo
from .protocols.ptpip.packets import PORT

#: What a camera shows on its screen while it is paired: short and plain ASCII.
FRIENDLY_NAME: Final = "Home Assistant"


class CameraFlow(DeviceFlow):
    """The steps for a camera."""

    def __init__(self) -> None:
        super().__init__()
        self._discovery_id = ""
        # The camera remembers this as the pairing, so it is made once and kept in the entry.
        self._guid = secrets.token_bytes(16)

    async def async_step_camera(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of a camera."""
        if user_input is not None:
            # A second connection may be accepted and never answered, so it is not even tried.
            self._async_abort_entries_match({CONF_KIND: Kind.CAMERA, **user_input})
        return await self._ask_address("camera", PORT, user_input, self._create_camera)

    async def camera_discovered(
        self, properties: dict[str, str | None], instance: str
    ) -> ConfigFlowResult:
        """Begin with an announcement: its TXT properties and the name of its instance."""
        # A camera tells its serial only over a connection, and some allow one connection only.
        # So the announcement itself is the identity until the user wants the camera.
        self._discovery_id = identifier(properties.get("guid")) or identifier(instance)
        for entry in self._async_current_entries():
            if entry.data.get(CONF_DISCOVERY_ID) == self._discovery_id:
                await self.async_set_unique_id(entry.unique_id)
                self._sighted()
                self._abort_if_unique_id_configured(updates=self._address)
        await self.async_set_unique_id(f"ptpip:announced:{self._discovery_id}")
        self._abort_if_unique_id_configured()
        self._async_abort_entries_match({CONF_KIND: Kind.CAMERA, **self._address})
        self._name = clean_name(instance, "PTP-IP camera")
        self.context["title_placeholders"] = {"name": self._name}
        return await self.async_step_camera_confirm()

    async def async_step_camera_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a discovered camera is to be added."""
        return await self._confirm("camera_confirm", user_input, self._create_camera)

    async def _create_camera(self) -> ConfigFlowResult:
        """Ask the camera who it is; this is also what it is paired by."""
        initiator = await Initiator.connect(
            self._address[CONF_HOST],
            self._address[CONF_PORT],
            guid=self._guid,
            friendly_name=FRIENDLY_NAME,
        )
        try:
            device = await initiator.begin()
            result = await self._entry_for(initiator.guid, device)
        except BaseException:
            await initiator.close()
            raise
        if result["type"] is FlowResultType.CREATE_ENTRY:
            async_hand_over(self.hass, self.unique_id or "", initiator)
        else:
            await initiator.close()
        return result

    async def _entry_for(self, guid: bytes, device: DeviceInfo) -> ConfigFlowResult:
        """Make the entry of a camera that is not there yet."""
        own_id = guid.hex() if any(guid) else ""
        serial = device.serial_number or own_id or self._discovery_id
        serial = serial or self._address[CONF_HOST]
        await self.async_set_unique_id(f"ptpip:{serial}", raise_on_progress=False)
        for entry in self._async_current_entries():
            if entry.unique_id == self.unique_id:
                if _is_another(entry, own_id):
                    camera = {"camera": entry.title}
                    return self.async_abort(reason="same_serial", description_placeholders=camera)
                # An address that works is not given up for another.
                updates = None if _is_connected(entry) else self._address
                self._abort_if_unique_id_configured(updates=updates)
        return self.async_create_entry(
            title=clean_name(device.model, self._name or "PTP-IP camera"),
            data={
                CONF_KIND: Kind.CAMERA,
                **self._address,
                CONF_GUID: self._guid.hex(),
                CONF_FRIENDLY_NAME: FRIENDLY_NAME,
                CONF_SERIAL: serial,
                CONF_CAMERA_GUID: own_id,
                CONF_DISCOVERY_ID: self._discovery_id,
                CONF_MANUFACTURER: clean_name(device.manufacturer, ""),
                CONF_MODEL: clean_name(device.model, ""),
                CONF_VERSION: clean_name(device.device_version, ""),
            },
        )


def _is_another(entry: ConfigEntry, own_id: str) -> bool:
    """Whether a camera with the serial of an entry is not the camera of that entry.

    Serial numbers are cloned, or empty of meaning. What a camera calls itself on the wire tells
    two apart; where it says nothing, it does that the entry's camera is connected at this moment.
    """
    known = entry.data.get(CONF_CAMERA_GUID, "")
    if known and own_id:
        return bool(known != own_id)
    return _is_connected(entry)


def _is_connected(entry: ConfigEntry) -> bool:
    return entry.state is ConfigEntryState.LOADED and entry.runtime_data.data.connected
