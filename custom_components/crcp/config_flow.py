"""Add a unit or a camera: found by itself, or by its address."""

from collections.abc import Awaitable, Callable
import re
import secrets
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
)
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import voluptuous as vol

from .const import (
    CONF_DISCOVERY_ID,
    CONF_FRIENDLY_NAME,
    CONF_GUID,
    CONF_KIND,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_SERIAL,
    CONF_VERSION,
    DOMAIN,
    Kind,
)
from .errors import DEVICE_ERRORS, error_detail, error_key
from .names import clean_name, identifier
from .protocols.crcp.client import Controller
from .protocols.crcp.messages import Reply
from .protocols.crcp.session import PORT as UNIT_PORT
from .protocols.ptpip.client import Initiator
from .protocols.ptpip.datasets import DeviceInfo
from .protocols.ptpip.packets import PORT as CAMERA_PORT

#: What a camera shows on its screen while it is paired: short and plain ASCII.
FRIENDLY_NAME: Final = "Home Assistant"

_PORT: Final = vol.All(
    NumberSelector(NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)),
    vol.Coerce(int),
)


#: Makes an entry of the device at the address. Raises one of DEVICE_ERRORS.
type Create = Callable[[], Awaitable[ConfigFlowResult]]


def _address_schema(port: int) -> vol.Schema:
    return vol.Schema(
        {
            vol.Required(CONF_HOST): TextSelector(),
            vol.Required(CONF_PORT, default=port): _PORT,
        }
    )


def _address_id(host: str, port: int) -> str:
    return f"crcp:{host}:{port}"


class CrcpConfigFlow(ConfigFlow, domain=DOMAIN):
    """The dialogue that ends in an entry for one unit or one camera."""

    VERSION = 1

    def __init__(self) -> None:
        self._address: dict[str, Any] = {}
        self._name = ""
        self._discovery_id = ""
        # The camera remembers this as the pairing, so it is made once and kept in the entry.
        self._guid = secrets.token_bytes(16)

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
            return await self._unit_discovered(discovery_info.properties, instance)
        return await self._camera_discovered(discovery_info.properties, instance)

    # -- units ---------------------------------------------------------------------------------

    async def async_step_unit(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of a unit."""
        if user_input is not None:
            self._async_abort_entries_match({CONF_KIND: Kind.UNIT, **user_input})
        return await self._ask_address("unit", UNIT_PORT, user_input, self._create_unit)

    async def _unit_discovered(
        self, properties: dict[str, str | None], instance: str
    ) -> ConfigFlowResult:
        unit_id = identifier(properties.get("id")) or identifier(instance)
        self._adopt_unit_without_id(f"crcp:{unit_id}")
        await self.async_set_unique_id(f"crcp:{unit_id}")
        self._sighted()
        self._abort_if_unique_id_configured(updates=self._address)
        self._name = clean_name(properties.get("fn") or instance, "CRCP unit")
        self.context["title_placeholders"] = {"name": self._name}
        return await self.async_step_unit_confirm()

    async def async_step_unit_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a discovered unit is to be added."""
        return await self._confirm("unit_confirm", user_input, self._create_unit)

    async def _create_unit(self) -> ConfigFlowResult:
        """Ask the unit for its subunits, so that nothing is added that is no unit."""
        async with await Controller.connect(
            self._address[CONF_HOST], self._address[CONF_PORT]
        ) as controller:
            await controller.unit_status()
            title = self._name or self._name_from(controller.greeting)
            if self.unique_id is None:
                await self._identify_by_address(*controller.peer)
        return self.async_create_entry(title=title, data={CONF_KIND: Kind.UNIT, **self._address})

    async def _identify_by_address(self, host: str, port: int) -> None:
        """Without an announced id the unit is known by its address in numbers, however it was typed.

        Where the announced unit of an entry lives, no second entry is made for it.
        """
        self._async_abort_entries_match({CONF_KIND: Kind.UNIT, CONF_HOST: host, CONF_PORT: port})
        await self.async_set_unique_id(_address_id(host, port), raise_on_progress=False)
        self._abort_if_unique_id_configured()

    def _adopt_unit_without_id(self, unique_id: str) -> None:
        """Give the id that is announced now to the entry that was made by this address."""
        by_address = _address_id(self._address[CONF_HOST], self._address[CONF_PORT])
        for entry in self._async_current_entries():
            if entry.unique_id == by_address:
                self.hass.config_entries.async_update_entry(entry, unique_id=unique_id)

    def _name_from(self, greeting: Reply | None) -> str:
        """A name out of "Attic VCR ready", which is how most servers greet."""
        text = re.sub(r"\W*\bready\W*$", "", greeting.text if greeting else "", flags=re.IGNORECASE)
        return clean_name(text, self._address[CONF_HOST])

    # -- cameras -------------------------------------------------------------------------------

    async def async_step_camera(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of a camera."""
        return await self._ask_address("camera", CAMERA_PORT, user_input, self._create_camera)

    async def _camera_discovered(
        self, properties: dict[str, str | None], instance: str
    ) -> ConfigFlowResult:
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
        device = await self._read_device_info()
        serial = device.serial_number or self._discovery_id or self._address[CONF_HOST]
        await self.async_set_unique_id(f"ptpip:{serial}", raise_on_progress=False)
        self._abort_if_unique_id_configured(updates=self._address)
        return self.async_create_entry(
            title=clean_name(device.model, self._name or "PTP-IP camera"),
            data={
                CONF_KIND: Kind.CAMERA,
                **self._address,
                CONF_GUID: self._guid.hex(),
                CONF_FRIENDLY_NAME: FRIENDLY_NAME,
                CONF_SERIAL: serial,
                CONF_DISCOVERY_ID: self._discovery_id,
                CONF_MANUFACTURER: clean_name(device.manufacturer, ""),
                CONF_MODEL: clean_name(device.model, ""),
                CONF_VERSION: clean_name(device.device_version, ""),
            },
        )

    async def _read_device_info(self) -> DeviceInfo:
        initiator = await Initiator.connect(
            self._address[CONF_HOST],
            self._address[CONF_PORT],
            guid=self._guid,
            friendly_name=FRIENDLY_NAME,
        )
        try:
            await initiator.open_session()
            return await initiator.device_info()
        finally:
            await initiator.close()

    # -- both ----------------------------------------------------------------------------------

    def _sighted(self) -> None:
        """Tell the entry that its device is there; it connects at once if it was waiting."""
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(
            self.handler, self.unique_id or ""
        )
        if entry and entry.state is ConfigEntryState.LOADED:
            entry.runtime_data.async_sighted()

    async def _ask_address(
        self, step_id: str, port: int, user_input: dict[str, Any] | None, create: Create
    ) -> ConfigFlowResult:
        """Ask for an address until there is the device that create makes an entry of."""
        errors, detail = {}, ""
        if user_input is not None:
            self._address = user_input
            try:
                return await create()
            except DEVICE_ERRORS as error:
                errors["base"], detail = error_key(error), error_detail(error)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(_address_schema(port), user_input),
            errors=errors,
            description_placeholders={"detail": detail},
        )

    async def _confirm(
        self, step_id: str, user_input: dict[str, Any] | None, create: Create
    ) -> ConfigFlowResult:
        """Ask for a click, and make the entry of what was discovered."""
        errors, detail = {}, ""
        if user_input is not None:
            try:
                return await create()
            except DEVICE_ERRORS as error:
                errors["base"], detail = error_key(error), error_detail(error)
        self._set_confirm_only()
        return self.async_show_form(
            step_id=step_id,
            errors=errors,
            description_placeholders={
                "name": self._name,
                "host": self._address[CONF_HOST],
                "detail": detail,
            },
        )
