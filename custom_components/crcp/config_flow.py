"""Add a unit or a camera: found by itself, or by its address."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers.service_info.ssdp import (
    ATTR_UPNP_FRIENDLY_NAME,
    ATTR_UPNP_MODEL_NAME,
    SsdpServiceInfo,
)
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .const import CONF_DEMO, CONF_KIND, DOMAIN, Kind
from .flow_camera import CameraFlow
from .flow_demo import DemoFlow
from .flow_options import CameraOptionsFlow
from .flow_unit_change import UnitChangeFlow
from .flow_unit_options import UnitOptionsFlow
from .protocols.ptpip.discovery import from_mdns, from_ssdp


class CrcpConfigFlow(UnitChangeFlow, CameraFlow, DemoFlow, domain=DOMAIN):
    """The dialogue that ends in an entry for one unit or one camera."""

    VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> CameraOptionsFlow | UnitOptionsFlow:
        """Begin the dialogue about a camera's pictures, or a unit's presets."""
        if config_entry.data[CONF_KIND] == Kind.UNIT:
            return UnitOptionsFlow()
        return CameraOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is to be added."""
        return self.async_show_menu(step_id="user", menu_options=["unit", "camera", "demo"])

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """A device announced itself; its announcement is a hint and the user has the word."""
        host, port, txt = discovery_info.host, discovery_info.port, discovery_info.properties
        instance = discovery_info.name.removesuffix(f".{discovery_info.type}")
        if discovery_info.type.startswith("_crcp."):
            self._address = {CONF_HOST: host, CONF_PORT: port}
            one_way = discovery_info.type.startswith("_crcp._udp.")
            return await self.unit_discovered(txt, instance, one_way=one_way)
        announced = from_mdns(discovery_info.type, instance, host, port, txt)
        return await self.camera_announced(announced)

    @override
    async def async_step_ssdp(self, discovery_info: SsdpServiceInfo) -> ConfigFlowResult:
        """A camera announced itself by UPnP. It is not connected to before a person wants it."""
        announced = from_ssdp(
            {
                "st": discovery_info.ssdp_st,
                "usn": discovery_info.ssdp_usn,
                "location": discovery_info.ssdp_location or "",
            }
        )
        upnp = discovery_info.upnp
        named = upnp.get(ATTR_UPNP_MODEL_NAME) or upnp.get(ATTR_UPNP_FRIENDLY_NAME)
        if announced and isinstance(named, str):
            announced = replace(announced, name=named)
        return await self.camera_announced(announced)

    @override
    async def async_step_reauth(self, data: Mapping[str, Any]) -> ConfigFlowResult:
        """A device has turned us away."""
        entry = self._get_reauth_entry()
        if entry.data[CONF_KIND] == Kind.UNIT:
            return await super().async_step_reauth(data)
        self.know_camera(entry)
        return await self.async_step_camera_reauth()

    @override
    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """A device is somewhere else now, or is to be spoken to otherwise."""
        entry = self._get_reconfigure_entry()
        if entry.data.get(CONF_DEMO):
            return self.async_abort(reason="is_virtual")
        if entry.data[CONF_KIND] == Kind.UNIT:
            return await super().async_step_reconfigure(user_input)
        self.know_camera(entry)
        return await self.async_step_camera_reconfigure()
