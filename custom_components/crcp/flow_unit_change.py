"""Change what an entry knows of its unit: another password, another address.

A unit has no identity that it could prove, and anybody can announce anything. So what is kept
changes by a person's hand alone, and a password that is kept is never sent to another address:
there, a person gives it anew, or nobody does. And what answers at another address has to greet as
ours did, or it is told apart.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME, CONF_VERIFY_SSL

from .const import (
    CONF_ACCOUNT,
    CONF_CHANNEL,
    CONF_GREETING,
    CONF_PARAMETERS,
    CONF_PLAIN,
    CONF_SUBUNITS,
    DOMAIN,
    Channel,
)
from .dial import dial, greeting, open_one_way
from .errors import DEVICE_ERRORS, AnotherUnit
from .flow_unit import (
    ADDRESS_SCHEMA,
    LOGIN_SCHEMA,
    ONE_WAY_KINDS,
    UnitFlow,
    address_id,
    in_the_drafts_words,
)
from .identity import fix_identity
from .parameter_words import WORDS
from .protocols.crcp.client import Controller
from .protocols.crcp.errors import LinkError, NotAuthorised, TimedOut

#: Who we are to a unit, which goes nowhere else.
_LOGIN = (CONF_USERNAME, CONF_PASSWORD, CONF_ACCOUNT, CONF_PLAIN)

#: How a unit is spoken to; left out of an entry where it is as usual.
_ADDRESS = (CONF_HOST, CONF_PORT, CONF_CHANNEL, CONF_VERIFY_SSL)

#: What a person told of a unit that cannot tell; one that answers tells it itself.
_ABILITIES = (CONF_SUBUNITS, CONF_PARAMETERS)


#: About so many addresses at a time a person is asked whether our unit is there now.
MAX_ASKED: Final = 3


class UnitChangeFlow(UnitFlow):
    """The steps that change a unit's entry."""

    _entry: ConfigEntry[Any]

    # -- another password ----------------------------------------------------------------------

    async def async_step_reauth(self, _data: Mapping[str, Any]) -> ConfigFlowResult:
        """The unit has turned us away."""
        self._entry = self._get_reauth_entry()
        self._name = self._entry.title
        self._address = _address_of(self._entry)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask who we are to the unit."""
        return await self._ask_login("reauth_confirm", user_input)

    # -- another address -----------------------------------------------------------------------

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where the unit is now."""
        self._entry = self._get_reconfigure_entry()
        self._name = self._entry.title
        if user_input is not None:
            self._take_address(user_input)
        shown = {CONF_CHANNEL: Channel.TCP, **_address_of(self._entry)}
        return await self._ask("reconfigure", ADDRESS_SCHEMA, user_input, self._move, shown)

    async def async_step_reconfigure_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the password again: the one that is kept is not for this address."""
        return await self._ask_login("reconfigure_login", user_input)

    async def async_step_reconfigure_one_way(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what the unit is: it will not tell any more."""

        async def change() -> ConfigFlowResult:
            told = self._with_kept_password(in_the_drafts_words(user_input or {}))
            (await open_one_way({**self._address, **told})).close()
            self._store(told)
            return self.async_abort(reason="reconfigure_successful")

        shown = _told_by(self._entry)
        return await self._ask_one_way("reconfigure_one_way", user_input, change, shown)

    async def async_step_unit_moved(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Something says that it is our unit, elsewhere: only a person can know."""

        async def follow() -> ConfigFlowResult:
            async with self._seat():
                await self._look()
            self._store()
            return self.async_abort(reason=_DONE["unit_moved"])

        self._set_confirm_only()
        return await self._ask("unit_moved", None, user_input, follow)

    async def async_step_unit_moved_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """The same, and it wants a password."""
        return await self._ask_login("unit_moved_login", user_input)

    @override
    async def _greet_known_unit(self) -> ConfigFlowResult | None:
        """Ask whether a unit has another address now, or take no notice."""
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(
            DOMAIN, self.unique_id or ""
        )
        if entry is None or not entry.data:
            return await super()._greet_known_unit()
        at_home = (
            entry.data[CONF_HOST] == self._address[CONF_HOST]
            and entry.data[CONF_PORT] in self._ports
        )
        if at_home or entry.unique_id == self._known_by_address():
            return await super()._greet_known_unit()
        if _is_one_way(entry.data) or await self._still_there(entry):
            return self.async_abort(reason="already_configured")
        self._entry, self._name = entry, entry.title
        return await self._ask_whether_moved()

    async def _ask_whether_moved(self) -> ConfigFlowResult:
        # Ignoring this is ignoring this address, and not our unit.
        where = f"{self._address[CONF_HOST]}:{self._address[CONF_PORT]}"
        await self.async_set_unique_id(f"{self._entry.unique_id}@{where}")
        self._abort_if_unique_id_configured()
        try:
            await self._look()
        except NotAuthorised:
            self._ask_less()
            return await self.async_step_unit_moved_login()
        except DEVICE_ERRORS:
            return self.async_abort(reason="another_unit")
        if self._entry.data.get(CONF_USERNAME):
            # It asks for no password where ours does.
            return self.async_abort(reason="another_unit")
        self._ask_less()
        return await self.async_step_unit_moved()

    def _ask_less(self) -> None:
        """Of this question about our unit, keep the latest only: anybody can announce anything."""
        begins = f"{self._entry.unique_id}@"
        asked = sorted(
            each["flow_id"]  # which begins with the time
            for each in self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
            if str(each["context"].get("unique_id")).startswith(begins)
        )
        for flow_id in asked[: 1 - MAX_ASKED]:
            self.hass.config_entries.flow.async_abort(flow_id)

    async def _still_there(self, entry: ConfigEntry[Any]) -> bool:
        """Whether the unit still answers where it was."""
        if entry.state is ConfigEntryState.LOADED and entry.runtime_data.connection:
            return True
        try:
            async with await dial(_address_of(entry)):
                return True
        except LinkError, TimedOut:
            return False
        except DEVICE_ERRORS:
            return True

    # -- both ----------------------------------------------------------------------------------

    async def _ask_login(self, step_id: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        async def change() -> ConfigFlowResult:
            async with self._seat():
                await self._look(user_input or {})
            self._store(user_input or {})
            return self.async_abort(reason=_DONE[step_id])

        shown = _login_of(self._entry)
        # The password is typed anew: showing the old one would send it.
        shown.pop(CONF_PASSWORD, None)
        return await self._ask(step_id, LOGIN_SCHEMA, user_input, change, shown)

    async def _move(self) -> ConfigFlowResult:
        if _is_one_way(self._address):
            return await self.async_step_reconfigure_one_way()
        async with self._seat():
            try:
                await self._look()
            except NotAuthorised:
                return await self.async_step_reconfigure_login()
        self._store()
        return self.async_abort(reason="reconfigure_successful")

    def _with_kept_password(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """It is not shown, so it is not typed again; and it signs datagrams without being sent."""
        kept = self._entry.data
        if told.get(CONF_PASSWORD) or told.get(CONF_USERNAME) != kept.get(CONF_USERNAME):
            return dict(told)
        return {**told, **{k: kept[k] for k in (CONF_PASSWORD,) if k in kept}}

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[None]:
        """Give our seat at the unit to this dialogue: a unit has one controller at a time."""
        entries = self.hass.config_entries
        entry = self._entry
        # One that was turned away has no seat to give; and setting it up again would end the
        # very dialogue in which a password was mistyped.
        has_seat = entry.state is ConfigEntryState.LOADED and entry.runtime_data.connection
        if has_seat:
            await entries.async_unload(self._entry.entry_id)
        try:
            yield
        finally:
            if has_seat:
                entries.async_schedule_reload(self._entry.entry_id)

    async def _look(self, login: Mapping[str, Any] | None = None) -> None:
        """See what answers at the address. Raises AnotherUnit, or what dial raises."""
        async with await dial(self._address) as stranger:
            self._check_identity(stranger)
            if not login:
                await stranger.unit_status()
        if login:
            async with await dial({**self._address, **login}) as unit:
                await unit.unit_status()

    def _check_identity(self, stranger: Controller) -> None:
        expected, said = self._entry.data.get(CONF_GREETING), greeting(stranger)
        if expected is not None and said != expected:
            raise AnotherUnit(expected, said)

    def _store(self, told: Mapping[str, Any] | None = None) -> None:
        fix_identity(self.hass, self._entry)
        changed = (*_LOGIN, *_ADDRESS, *_ABILITIES)
        kept = {k: v for k, v in self._entry.data.items() if k not in changed}
        unique_id = self._entry.unique_id
        if unique_id == address_id(self._entry.data[CONF_HOST], self._entry.data[CONF_PORT]):
            unique_id = address_id(self._address[CONF_HOST], self._address[CONF_PORT])
        self.hass.config_entries.async_update_entry(
            self._entry, unique_id=unique_id, data={**kept, **self._address, **(told or {})}
        )
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)


#: What is said at the end of each step.
_DONE = {
    "reauth_confirm": "reauth_successful",
    "reconfigure_login": "reconfigure_successful",
    "unit_moved": "reconfigure_successful",
    "unit_moved_login": "reconfigure_successful",
}


def _address_of(entry: ConfigEntry[Any]) -> dict[str, Any]:
    return {key: entry.data[key] for key in _ADDRESS if key in entry.data}


def _login_of(entry: ConfigEntry[Any]) -> dict[str, Any]:
    return {key: entry.data[key] for key in _LOGIN if key in entry.data}


def _told_by(entry: ConfigEntry[Any]) -> dict[str, Any]:
    """What is known of a unit, for a person to say what it is."""
    told = {key: entry.data[key] for key in (CONF_USERNAME, *_ABILITIES) if key in entry.data}
    if CONF_SUBUNITS not in told and entry.state is ConfigEntryState.LOADED:
        state = entry.runtime_data.known.state
        names = {name for camera in state.cameras.values() for name in camera.parameters}
        told[CONF_SUBUNITS] = [
            str(each) for each in state.unit.subunits if each.kind in ONE_WAY_KINDS
        ]
        told[CONF_PARAMETERS] = [words.key for name, words in WORDS.items() if name in names]
    return told


def _is_one_way(data: Mapping[str, Any]) -> bool:
    return data.get(CONF_CHANNEL) == Channel.UDP
