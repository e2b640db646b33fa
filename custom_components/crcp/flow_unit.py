"""Add a CRCP unit: found by itself, or by its address; with a login, encrypted, or one way."""

from collections.abc import Mapping
import re
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .const import (
    CONF_ACCOUNT,
    CONF_CHANNEL,
    CONF_GREETING,
    CONF_IDENTITY,
    CONF_KIND,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_PARAMETERS,
    CONF_PLAIN,
    CONF_SUBUNITS,
    CONF_VERSION,
    Channel,
    Kind,
)
from .dial import dial, greeting, open_one_way
from .flow import Create, DeviceFlow, address_fields
from .identity import new_identity
from .names import clean_name, identifier, is_host, unlike
from .parameter_words import WORDS
from .protocols.crcp.codec import parse_subunit
from .protocols.crcp.errors import NotAuthorised
from .protocols.crcp.login import PlainPassword
from .protocols.crcp.session import PORT
from .protocols.crcp.status import MAX_SUBUNITS
from .protocols.crcp.subunits import CAMERA, POWER, TAPE, TELLTALE_TYPES

_PASSWORD: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))

#: What a unit is called that tells no name: somebody has to say it, so it is no address.
SOME_UNIT: Final = "CRCP unit"

#: What a unit that cannot be asked most often has.
_USUAL: Final = ("POWER0", "TAPE0", "CAMERA0")
#: What can be commanded without an answer: a picture cannot be fetched so.
ONE_WAY_KINDS: Final = frozenset({POWER, TAPE, CAMERA})

_USUAL_PARAMETERS: Final = ("pan", "tilt", "zoom")


def _choice(key: str, options: list[str], *, multiple: bool = False) -> SelectSelector:
    mode = SelectSelectorMode.LIST if multiple else SelectSelectorMode.DROPDOWN
    return SelectSelector(
        SelectSelectorConfig(options=options, translation_key=key, multiple=multiple, mode=mode)
    )


#: Where a unit is, and how it is spoken to.
ADDRESS_SCHEMA: Final = vol.Schema(
    {
        **address_fields(PORT),
        vol.Required(CONF_CHANNEL, default=Channel.TCP): _choice("channel", list(Channel)),
        vol.Required(CONF_VERIFY_SSL, default=False): BooleanSelector(),
    }
)

#: Who we are to a unit.
LOGIN_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_USERNAME): TextSelector(),
        vol.Optional(CONF_PASSWORD, default=""): _PASSWORD,
        vol.Optional(CONF_ACCOUNT): TextSelector(),
        vol.Required(CONF_PLAIN, default=PlainPassword.UNLESS_CHALLENGED.name.lower()): _choice(
            "plain", [each.name.lower() for each in PlainPassword]
        ),
    }
)

#: What a unit that never answers is.
ONE_WAY_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_USERNAME): TextSelector(),
        vol.Optional(CONF_PASSWORD): _PASSWORD,
        vol.Required(CONF_SUBUNITS, default=list(_USUAL)): SelectSelector(
            SelectSelectorConfig(options=list(_USUAL), multiple=True, custom_value=True)
        ),
        vol.Optional(CONF_PARAMETERS, default=list(_USUAL_PARAMETERS)): _choice(
            "parameter", [words.key for words in WORDS.values()], multiple=True
        ),
    }
)


class UnitFlow(DeviceFlow):
    """The steps that add a unit."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: dict[str, Any] = {}
        self._ports: set[int] = set()

    async def async_step_unit(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the address of a unit."""
        if user_input is not None and is_host(user_input[CONF_HOST]):
            self._take_address(user_input)
            if await self._is_known():
                return self.async_abort(reason="already_configured")
        return await self._ask("unit", ADDRESS_SCHEMA, user_input, self._create_unit)

    async def async_step_unit_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a discovered unit is to be added."""
        return await self._confirm("unit_confirm", user_input, self._create_unit)

    async def async_step_unit_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask who we are to the unit; it has said that it wants to know."""

        async def create() -> ConfigFlowResult:
            return await self._create_with(user_input or {})

        return await self._ask("unit_login", LOGIN_SCHEMA, user_input, create)

    async def async_step_unit_one_way(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what a unit is that cannot tell, and how datagrams to it are signed."""

        async def create() -> ConfigFlowResult:
            return await self._create_one_way(in_the_drafts_words(user_input or {}))

        shown = {CONF_SUBUNITS: self._facts.get(CONF_SUBUNITS) or list(_USUAL)}
        return await self._ask_one_way("unit_one_way", user_input, create, shown)

    async def _ask_one_way(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        create: Create,
        shown: Mapping[str, Any],
    ) -> ConfigFlowResult:
        errors: dict[str, str] = {}
        typed = [each.strip() for each in (user_input or {}).get(CONF_SUBUNITS, ())]
        if user_input and not _are_subunits(typed):
            errors[CONF_SUBUNITS] = "not_a_subunit"
        elif user_input and len(set(typed)) > MAX_SUBUNITS:
            errors[CONF_SUBUNITS] = "too_many_subunits"
        if not errors:
            return await self._ask(step_id, ONE_WAY_SCHEMA, user_input, create, shown)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(ONE_WAY_SCHEMA, user_input),
            errors=errors,
            description_placeholders={"name": self._name, "host": self._address[CONF_HOST]},
        )

    async def unit_discovered(
        self, properties: dict[str, str | None], instance: str, *, one_way: bool
    ) -> ConfigFlowResult:
        """Begin with an announcement: its TXT properties and the name of its instance."""
        unit_id = identifier(properties.get("id")) or identifier(instance)
        self._take_announcement(properties, one_way=one_way)
        self._name = clean_name(properties.get("fn") or instance, SOME_UNIT)
        self.context["title_placeholders"] = {"name": self._name}
        await self.async_set_unique_id(self._known_by_address() or f"crcp:{unit_id}")
        return await self._greet_known_unit() or await self.async_step_unit_confirm()

    async def _greet_known_unit(self) -> ConfigFlowResult | None:
        """Go on with a unit that has an entry; None where it has none."""
        self._sighted()
        self._abort_if_unique_id_configured()
        return None

    # -- making an entry -----------------------------------------------------------------------

    async def _create_unit(self) -> ConfigFlowResult:
        """Ask the unit for its subunits, so that nothing is added that is no unit."""
        if self._address.get(CONF_CHANNEL) == Channel.UDP:
            return await self.async_step_unit_one_way()
        try:
            return await self._create_with({})
        except NotAuthorised:
            return await self.async_step_unit_login()

    async def _create_with(self, login: dict[str, Any]) -> ConfigFlowResult:
        data = {CONF_KIND: Kind.UNIT, **self._address, **self._facts, **login}
        async with await dial(data) as controller:
            await controller.unit_status()
            data[CONF_GREETING] = greeting(controller)
            name = self._name or _name_from(data[CONF_GREETING])
            if self.unique_id is None:
                await self._identify_by_address(*controller.peer)
        return self._create(name, data)

    async def _create_one_way(self, given: dict[str, Any]) -> ConfigFlowResult:
        data = {CONF_KIND: Kind.UNIT, **self._address, **self._facts, **given}
        (await open_one_way(data)).close()
        return self._create(self._name or SOME_UNIT, data)

    def _create(self, name: str, data: dict[str, Any]) -> ConfigFlowResult:
        others = [entry.title for entry in self._async_current_entries(include_ignore=False)]
        title = unlike(others, name)
        data[CONF_IDENTITY] = new_identity(self.hass, self.unique_id or "")
        return self.async_create_entry(title=title, data=data)

    # -- what is known -------------------------------------------------------------------------

    async def _is_known(self) -> bool:
        """Whether an entry has this address, however it is written: asking takes its seat away."""
        port = self._address[CONF_PORT]
        here = await self._in_numbers(self._address[CONF_HOST])
        for entry in self._async_current_entries(include_ignore=False):
            if entry.data[CONF_KIND] == Kind.UNIT and entry.data[CONF_PORT] == port:
                by_address = entry.unique_id in {address_id(host, port) for host in here}
                if by_address or here & await self._in_numbers(entry.data[CONF_HOST]):
                    return True
        return False

    async def _in_numbers(self, host: str) -> set[str]:
        """A host as it was written, and every address that it has."""
        try:
            found = await self.hass.loop.getaddrinfo(host, None)
        except OSError, UnicodeError:
            found = []
        return {host, *(str(address[4][0]) for address in found)}

    def _take_address(self, given: dict[str, Any]) -> None:
        """Keep an address; what goes without saying is left out."""
        self._address = dict(given)
        if given.get(CONF_CHANNEL) == Channel.TCP:
            del self._address[CONF_CHANNEL]
        if not given.get(CONF_VERIFY_SSL):
            self._address.pop(CONF_VERIFY_SSL, None)

    def _take_announcement(self, properties: dict[str, str | None], *, one_way: bool) -> None:
        tls = properties.get("tls") or ""
        self._ports = {self._address[CONF_PORT]}
        if one_way:
            self._address[CONF_CHANNEL] = Channel.UDP
            self._facts[CONF_SUBUNITS] = (properties.get("su") or "").split(",")[:32]
        elif re.fullmatch(r"[0-9]{1,5}", tls) and 0 < int(tls) < 65536:
            # What can be encrypted is encrypted.
            self._address |= {CONF_PORT: int(tls), CONF_CHANNEL: Channel.TLS}
            self._ports.add(int(tls))
        for key, announced in ((CONF_MANUFACTURER, "mf"), (CONF_MODEL, "md"), (CONF_VERSION, "sw")):
            if said := clean_name(properties.get(announced), ""):
                self._facts[key] = said

    async def _identify_by_address(self, host: str, port: int) -> None:
        """Without an announced id the unit is known by its address in numbers, however it was typed.

        Where the announced unit of an entry lives, no second entry is made for it.
        """
        self._async_abort_entries_match({CONF_KIND: Kind.UNIT, CONF_HOST: host, CONF_PORT: port})
        await self.async_set_unique_id(address_id(host, port), raise_on_progress=False)
        self._abort_if_unique_id_configured()

    def _known_by_address(self) -> str | None:
        """The unique id of the entry that was made by this address.

        It stays what it is: the id that is announced now, anybody could have announced.
        """
        by_address = {address_id(self._address[CONF_HOST], port) for port in self._ports}
        known = (entry.unique_id for entry in self._async_current_entries())
        return next((each for each in known if each in by_address), None)


def address_id(host: str, port: int) -> str:
    """The identity of a unit that announces none."""
    return f"crcp:{host}:{port}"


def in_the_drafts_words(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a person told of a unit that cannot tell, each subunit once and as the draft writes it."""
    subunits = filter(None, (parse_subunit(each.strip()) for each in given[CONF_SUBUNITS]))
    return {**given, CONF_SUBUNITS: list(dict.fromkeys(map(str, subunits)))}


def _are_subunits(typed: list[str]) -> bool:
    subunits = [parse_subunit(each) for each in typed]
    return bool(subunits) and all(each and each.kind in TELLTALE_TYPES for each in subunits)


def _name_from(said: str) -> str:
    """A name out of "Attic VCR ready", which is how most servers greet."""
    return clean_name(re.sub(r"\W*\bready\W*$", "", said, flags=re.IGNORECASE), SOME_UNIT)
