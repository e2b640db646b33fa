"""Add a virtual device: everything can be tried without hardware."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT

from .const import (
    CONF_CAMERA_GUID,
    CONF_DEMO,
    CONF_DISCOVERY_ID,
    CONF_FRIENDLY_NAME,
    CONF_GUID,
    CONF_IDENTITY,
    CONF_KIND,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_SERIAL,
    CONF_VERSION,
    Kind,
)
from .flow_pairing import FRIENDLY_NAME
from .photo_options import CONF_SKIP_PRESENT, CONF_START, START_ALL
from .protocols.ptpip.identity import Identity

UNIT_NAME: Final = "Virtual unit"
UNIT_ID: Final = "crcp:demo-unit"

CAMERA_NAME: Final = "Virtual camera"
CAMERA_SERIAL: Final = "demo-camera"

#: Where a virtual device is, is written down when it is started.
_SOMEWHERE: Final = {CONF_HOST: "127.0.0.1", CONF_PORT: 0, CONF_DEMO: True}


class DemoFlow(ConfigFlow):
    """The steps for a virtual device: one unit and one camera at most."""

    async def async_step_demo(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which one."""
        return self.async_show_menu(step_id="demo", menu_options=["demo_unit", "demo_camera"])

    async def async_step_demo_unit(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Make the entry of a unit."""
        await self.async_set_unique_id(UNIT_ID)
        self._abort_if_unique_id_configured()
        data = {CONF_KIND: Kind.UNIT, **_SOMEWHERE, CONF_IDENTITY: UNIT_ID}
        return self.async_create_entry(title=UNIT_NAME, data=data)

    async def async_step_demo_camera(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Make the entry of a camera, all of whose pictures come."""
        await self.async_set_unique_id(f"ptpip:{CAMERA_SERIAL}")
        self._abort_if_unique_id_configured()
        return self.async_create_entry(
            title=CAMERA_NAME,
            data={
                CONF_KIND: Kind.CAMERA,
                **_SOMEWHERE,
                CONF_GUID: Identity.new(FRIENDLY_NAME).guid.hex(),
                CONF_FRIENDLY_NAME: FRIENDLY_NAME,
                CONF_SERIAL: CAMERA_SERIAL,
                CONF_CAMERA_GUID: "",
                CONF_DISCOVERY_ID: "",
                CONF_MANUFACTURER: "",
                CONF_MODEL: CAMERA_NAME,
                CONF_VERSION: "",
            },
            options={CONF_START: START_ALL, CONF_SKIP_PRESENT: False},
        )
