"""Add a PTP-IP camera: found by itself, or by its address; and pair it anew.

The connection that the dialogue makes is the one that the pictures come over: some cameras take no
second one, so nothing is connected to before a person wants it, and nothing is connected to twice.
"""

from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

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
from .dial_camera import address_of, own_id
from .flow import address_fields
from .flow_pairing import CONF_MAKE, MAKES, OTHER, PairingFlow, make_of
from .names import clean_name, identifier, is_host
from .photo_options import CONF_SKIP_PRESENT, CONF_START, START_ALL, START_NEW
from .protocols.ptpip.datasets import DeviceInfo
from .protocols.ptpip.discovery import Announcement, is_fujifilm
from .protocols.ptpip.packets import PORT

_MAKE: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(MAKES), translation_key="make", mode=SelectSelectorMode.DROPDOWN
    )
)

_START: Final = SelectSelector(
    SelectSelectorConfig(
        options=[START_ALL, START_NEW], translation_key="start", mode=SelectSelectorMode.LIST
    )
)

_ADDRESS_SCHEMA: Final = vol.Schema(
    {vol.Optional(CONF_MAKE, default=OTHER): _MAKE, **address_fields(PORT)}
)

_START_SCHEMA: Final = vol.Schema({vol.Required(CONF_START, default=START_ALL): _START})


class CameraFlow(PairingFlow):
    """The steps for a camera."""

    def __init__(self) -> None:
        super().__init__()
        self._discovery_id = ""
        self._handed_over = False

    async def async_step_camera(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the make and the address of a camera."""
        if user_input is not None:
            self._make = user_input[CONF_MAKE]
            self._address = {key: user_input[key] for key in (CONF_HOST, CONF_PORT)}
            # A second connection may be accepted and never answered, so it is not even tried.
            self._async_abort_entries_match({CONF_KIND: Kind.CAMERA, **self._address})
            if is_host(self._address[CONF_HOST]):
                return await self.begin_pairing("camera")
        shown = {CONF_MAKE: self._make, **self._address}
        schema = self.add_suggested_values_to_schema(_ADDRESS_SCHEMA, shown)
        return self.show_form("camera", schema)

    async def camera_announced(self, announced: Announcement | None) -> ConfigFlowResult:
        """Begin with an announcement, or end where it is of nothing that can be used."""
        # Nobody sees why a discovery ends: what cannot be used is just not offered.
        if announced is None or not announced.host or is_fujifilm(announced.name):
            return self.async_abort(reason="not_a_camera")
        self._address = {CONF_HOST: announced.host, CONF_PORT: announced.port}
        self._make = make_of(announced.manufacturer)
        # A camera tells its serial only over a connection, and some allow one connection only.
        # So the announcement itself is the identity until the user wants the camera.
        self._discovery_id = identifier(announced.identity) or identifier(announced.host)
        if self._wake_known():
            return self.async_abort(reason="already_configured")
        await self.async_set_unique_id(f"ptpip:announced:{self._discovery_id}")
        self._abort_if_unique_id_configured()
        if self.hass.config_entries.flow.async_has_matching_flow(self):
            return self.async_abort(reason="already_in_progress")  # it announces itself twice
        self._name = clean_name(announced.name, "PTP-IP camera")
        self.context["title_placeholders"] = {"name": self._name}
        return await self.async_step_camera_confirm()

    @override
    def is_matching(self, other_flow: Any) -> bool:
        """Whether another dialogue is about the same camera: one at the same address."""
        theirs = getattr(other_flow, "_address", {}).get(CONF_HOST)
        return bool(theirs) and theirs == self._address.get(CONF_HOST)

    async def async_step_camera_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a discovered camera is to be added."""
        if user_input is not None:
            return await self.begin_pairing("camera_confirm")
        self._set_confirm_only()
        return self.show_form("camera_confirm", None)

    async def async_step_camera_start(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """The camera is connected: ask with which pictures to begin, and make its entry."""
        if self._handed_over:
            # Somebody who watched the progress comes late, while the entry is being set up.
            return self.show_form("camera_start", _START_SCHEMA)
        if self.initiator is None or self.initiator.closed:
            return await self.async_step_camera_again()
        device = self.initiator.vendor.info
        if end := await self._known_camera(self.initiator.guid, device):
            return end
        self._name = clean_name(device.model, self._name or "PTP-IP camera")
        if user_input is None:
            return self.show_form("camera_start", _START_SCHEMA)
        result = self._create_camera(self.initiator.guid, device, user_input[CONF_START])
        if result["type"] is FlowResultType.CREATE_ENTRY:
            async_hand_over(self.hass, self.unique_id or "", self.initiator)
            self.initiator, self._handed_over = None, True
        return result

    # -- which camera it is --------------------------------------------------------------------

    def _wake_known(self) -> bool:
        """Tell the entries of the announced camera; whether there are any.

        An announcement is anybody's, so it changes nothing here: the entry looks for its camera.
        """
        known = [entry for entry in self._async_current_entries() if self._is_of(entry)]
        for entry in known:
            if entry.state is ConfigEntryState.LOADED:
                entry.runtime_data.async_sighted(self._address)
        return bool(known)

    def _is_of(self, entry: ConfigEntry) -> bool:
        """Whether the announcement is of an entry's camera: by its id, or by its address."""
        if entry.data[CONF_KIND] != Kind.CAMERA:
            return False
        named = entry.data.get(CONF_DISCOVERY_ID) == self._discovery_id
        return named or address_of(entry.data) == self._address

    def _serial(self, guid: bytes, device: DeviceInfo) -> str:
        """What tells a camera from all others."""
        serial = device.serial_number or own_id(guid) or self._discovery_id
        return serial or str(self._address[CONF_HOST])

    async def _known_camera(self, guid: bytes, device: DeviceInfo) -> ConfigFlowResult | None:
        """End with a camera that has an entry, or that cannot be told from one that has."""
        serial = self._serial(guid, device)
        await self.async_set_unique_id(f"ptpip:{serial}", raise_on_progress=False)
        for entry in self._async_current_entries():
            if entry.unique_id == self.unique_id:
                if _is_another(entry, own_id(guid)):
                    camera = {"camera": entry.title}
                    return self.async_abort(reason="same_serial", description_placeholders=camera)
                # An address that works is not given up for another.
                updates = None if is_connected(entry) else self._address
                self._abort_if_unique_id_configured(updates=updates)
        return None

    def _create_camera(self, guid: bytes, device: DeviceInfo, start: str) -> ConfigFlowResult:
        """Make the entry of a camera that is not there yet."""
        return self.async_create_entry(
            title=self._name,
            data={
                CONF_KIND: Kind.CAMERA,
                **self._address,
                CONF_GUID: self.identity.guid.hex(),
                CONF_FRIENDLY_NAME: self.identity.friendly_name,
                CONF_SERIAL: self._serial(guid, device),
                CONF_CAMERA_GUID: own_id(guid),
                CONF_DISCOVERY_ID: self._discovery_id,
                CONF_MANUFACTURER: clean_name(device.manufacturer, ""),
                CONF_MODEL: clean_name(device.model, ""),
                CONF_VERSION: clean_name(device.device_version, ""),
            },
            options={CONF_START: start, CONF_SKIP_PRESENT: start == START_NEW},
        )


def _is_another(entry: ConfigEntry, found: str) -> bool:
    """Whether a camera with the serial of an entry is not the camera of that entry.

    Serial numbers are cloned, or empty of meaning. What a camera calls itself on the wire tells
    two apart; where it says nothing, it does that the entry's camera is connected at this moment.
    """
    known = entry.data.get(CONF_CAMERA_GUID, "")
    if known and found:
        return bool(known != found)
    return is_connected(entry)


def is_connected(entry: ConfigEntry) -> bool:
    """Whether an entry's camera is connected at this moment."""
    return entry.state is ConfigEntryState.LOADED and entry.runtime_data.data.connected
