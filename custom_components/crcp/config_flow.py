"""Add a unit or a camera: found by itself, or by its address."""

from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import callback
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .const import CONF_KIND, DOMAIN, Kind
from .flow_camera import CameraFlow
from .flow_options import CameraOptionsFlow
from .flow_unit_change import UnitChangeFlow
from .flow_unit_options import UnitOptionsFlow


class CrcpConfigFlow(UnitChangeFlow, CameraFlow, domain=DOMAIN):
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
        return self.async_show_menu(step_id="user", menu_options=["unit", "camera"])

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """A device announced itself; its announcement is a hint and the user has the word."""
        self._address = {CONF_HOST: discovery_info.host, CONF_PORT: discovery_info.port}
        instance = discovery_info.name.removesuffix(f".{discovery_info.type}")
        if discovery_info.type.startswith("_crcp."):
            one_way = discovery_info.type.startswith("_crcp._udp.")
            return await self.unit_discovered(discovery_info.properties, instance, one_way=one_way)
        return await self.camera_discovered(discovery_info.properties, instance)
