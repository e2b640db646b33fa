"""What the dialogues for units and for cameras share: a form, a click, and what went wrong."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
)
import voluptuous as vol

from .const import DOMAIN
from .errors import DEVICE_ERRORS, error_detail, error_key
from .names import is_host

_PORT: Final = vol.All(
    NumberSelector(NumberSelectorConfig(min=1, max=65535, mode=NumberSelectorMode.BOX)),
    vol.Coerce(int),
)

#: Makes an entry of the device at the address. Raises one of DEVICE_ERRORS.
type Create = Callable[[], Awaitable[ConfigFlowResult]]


def address_fields(port: int) -> dict[vol.Marker, Any]:
    """The fields of a form that asks for an address."""
    return {
        vol.Required(CONF_HOST): TextSelector(),
        vol.Required(CONF_PORT, default=port): _PORT,
    }


class DeviceFlow(ConfigFlow):
    """A dialogue about one device at one address."""

    def __init__(self) -> None:
        self._address: dict[str, Any] = {}
        self._name = ""

    def _sighted(self) -> None:
        """Tell the entry that its device is there; it connects at once if it was waiting."""
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(
            DOMAIN, self.unique_id or ""
        )
        if entry and entry.state is ConfigEntryState.LOADED:
            entry.runtime_data.async_sighted()

    async def _confirm(
        self, step_id: str, user_input: dict[str, Any] | None, create: Create
    ) -> ConfigFlowResult:
        """Ask for a click, and make the entry of what was discovered."""
        self._set_confirm_only()
        return await self._ask(step_id, None, user_input, create)

    async def _ask(
        self,
        step_id: str,
        schema: vol.Schema | None,
        user_input: dict[str, Any] | None,
        create: Create,
        suggested: Mapping[str, Any] | None = None,
    ) -> ConfigFlowResult:
        """Show a form until create succeeds with what was given, and say what went wrong."""
        errors, detail = {}, ""
        if user_input is not None and not is_host(user_input.get(CONF_HOST, "localhost")):
            errors[CONF_HOST] = "not_a_host"
        elif user_input is not None:
            try:
                return await create()
            except DEVICE_ERRORS as error:
                errors["base"], detail = error_key(error), error_detail(error)
        if schema is not None:
            shown = suggested if user_input is None else user_input
            schema = self.add_suggested_values_to_schema(schema, shown)
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors=errors,
            description_placeholders={
                "name": self._name,
                "host": self._address.get(CONF_HOST, ""),
                "detail": detail,
            },
        )
