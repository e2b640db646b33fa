"""Add a CRCP unit: found by itself, or by its address."""

import re
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PORT

from .const import CONF_KIND, Kind
from .flow import DeviceFlow
from .names import clean_name, identifier
from .protocols.crcp.client import Controller
from .protocols.crcp.messages import Reply
from .protocols.crcp.session import PORT


class UnitFlow(DeviceFlow):
    """The steps for a unit."""

    async def async_step_unit(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of a unit."""
        if user_input is not None:
            self._async_abort_entries_match({CONF_KIND: Kind.UNIT, **user_input})
        return await self._ask_address("unit", PORT, user_input, self._create_unit)

    async def unit_discovered(
        self, properties: dict[str, str | None], instance: str
    ) -> ConfigFlowResult:
        """Begin with an announcement: its TXT properties and the name of its instance."""
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


def _address_id(host: str, port: int) -> str:
    return f"crcp:{host}:{port}"
