"""Pair with a camera: wait while a person presses what it asks for, and explain its refusals.

Cameras remember an identity, a GUID and a name. One that was refused on a camera is refused for
ever, so a new one can be tried. The identity that worked is kept in the entry.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Final, cast, override

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.helpers.selector import TextSelector
import voluptuous as vol

from .const import CONF_FRIENDLY_NAME, CONF_GUID
from .dial_camera import address_of, check_serial
from .errors import DEVICE_ERRORS, DeviceError, error_detail, error_key
from .flow import DeviceFlow, address_fields
from .names import is_host
from .protocols.ptpip.client import Initiator
from .protocols.ptpip.codes import InitFailReason
from .protocols.ptpip.errors import FUJIFILM, Declined, NotAuthorised, Refused
from .protocols.ptpip.identity import ANY_MAC, Identity, parse_mac
from .protocols.ptpip.packets import PORT
from .protocols.ptpip.patience import DEFAULT_TIMEOUTS
from .protocols.ptpip.vendors import Nikon

#: What a camera shows on its screen while it is paired: short and plain ASCII.
FRIENDLY_NAME: Final = "Home Assistant"

CONF_MAKE: Final = "make"
CONF_MAC: Final = "mac"

#: Whose cameras are paired differently.
CANON, NIKON, SONY, OTHER = "canon", "nikon", "sony", "other"
MAKES: Final = (CANON, NIKON, SONY, OTHER)

#: How long a person may take to press OK on the body, in seconds.
APPROVAL: Final = 120.0

_MAC_SCHEMA: Final = vol.Schema({vol.Required(CONF_MAC): TextSelector()})


class PairingFlow(DeviceFlow):
    """The steps from an address to an open connection, which waits in initiator."""

    _paired_entry: ConfigEntry[Any] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.identity = Identity.new(FRIENDLY_NAME)
        self.initiator: Initiator | None = None
        self._make = OTHER
        self._origin = ""
        self._code = ""
        # Each is kept when it is done: whoever waits may ask for what follows more than once.
        self._work: asyncio.Task[None] | None = None
        self._approval: asyncio.Task[None] | None = None
        self._error: DeviceError | None = None
        self._unseated: ConfigEntry[Any] | None = None
        self._seating: asyncio.Task[bool] | None = None

    async def begin_pairing(self, origin: str) -> ConfigFlowResult:
        """Connect; a failure is shown in the form that origin is the step of."""
        self._origin = origin
        if self._make == SONY and self._paired_entry is None:
            self.identity = self.identity.with_mac(ANY_MAC)
        return await self.async_step_camera_again()

    def show_form(self, step_id: str, schema: vol.Schema | None) -> ConfigFlowResult:
        """Show a form, with what went wrong since it was shown last."""
        error, self._error = self._error, None
        errors = {"base": error_key(error)} if error else {}
        if not is_host(self._address.get(CONF_HOST, "localhost")):
            errors = {CONF_HOST: "not_a_host"}
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors=errors,
            description_placeholders=self._placeholders(error),
        )

    # -- connecting ----------------------------------------------------------------------------

    async def async_step_camera_again(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Connect, whatever came of it before."""
        await self._hang_up()
        self._work = self._approval = None
        return await self.async_step_camera_connect()

    async def async_step_camera_connect(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Connect, and wait while a person says yes on the camera."""
        if self._work is None:
            await self._take_seat()
            self._work = self.hass.async_create_task(
                self._connect_camera(), "crcp connect to a camera"
            )
        return self._progress("camera_connect", f"connect_{self._make}", self._work)

    async def async_step_camera_approve(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Wait until the code was compared and approved on a Nikon, and connect anew."""
        if self._approval is None:
            self._approval = self._begin(self._approve())
        return self._progress("camera_approve", "approve", self._approval)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin what is waited for; it takes a moment at least.

        A step that follows in the same breath would be given the answers to the last form.
        """

        async def begin() -> None:
            await asyncio.sleep(0)
            await work

        return self.hass.async_create_task(begin(), "crcp pair with a camera")

    def _progress(self, step_id: str, action: str, work: asyncio.Task[None]) -> ConfigFlowResult:
        if not work.done():
            return self.async_show_progress(
                step_id=step_id,
                progress_action=action,
                progress_task=work,
                description_placeholders=self._placeholders(None),
            )
        return self.async_show_progress_done(next_step_id=self._after(work))

    def _after(self, work: asyncio.Task[None]) -> str:
        """The step that follows from how it went."""
        try:
            work.result()
        except DEVICE_ERRORS as error:
            self._error = in_words(error)
            self._give_seat_back()
            turned_away = isinstance(self._error, NotAuthorised)
            if turned_away and self._make == SONY:
                return "camera_mac"
            return "camera_not_paired" if turned_away else self._origin
        if self.initiator is None:
            return "camera_approve"
        return "camera_start" if self._paired_entry is None else "camera_paired"

    async def _connect_camera(self) -> None:
        """Connect; a Nikon that does not know us is asked for the code that it shows."""
        await self._take_seat()
        async with AsyncExitStack() as opened:
            initiator = await self._dial()
            opened.push_async_callback(initiator.close)
            try:
                await initiator.begin()
            except NotAuthorised:
                # Before anybody approves of the code of a camera that nobody asked for.
                self._check_serial(initiator)
                # No other make lets somebody in and refuses them then.
                self._code = await cast("Nikon", initiator.vendor).pairing_code(initiator)
                return
            self._check_serial(initiator)
            self.initiator = initiator
            opened.pop_all()

    async def _approve(self) -> None:
        """Ask for approval, on a connection that a person's time is allowed for."""
        initiator = await self._dial(silence=APPROVAL)
        try:
            await _begin_hollow(initiator)
            self._check_serial(initiator)
            vendor = initiator.vendor
            if isinstance(vendor, Nikon):
                await vendor.request_approval(initiator, self._code)
        finally:
            await initiator.close()
        await asyncio.sleep(initiator.vendor.reconnect_after)
        async with AsyncExitStack() as opened:
            initiator = await self._dial()
            opened.push_async_callback(initiator.close)
            await initiator.begin()
            self._check_serial(initiator)
            self.initiator = initiator
            opened.pop_all()

    async def _dial(self, silence: float = DEFAULT_TIMEOUTS.silence) -> Initiator:
        return await Initiator.connect(
            self._address[CONF_HOST],
            self._address[CONF_PORT],
            guid=self.identity.guid,
            friendly_name=self.identity.friendly_name,
            timeouts=replace(DEFAULT_TIMEOUTS, silence=silence),
        )

    # -- a refusal -----------------------------------------------------------------------------

    async def async_step_camera_not_paired(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Explain why the camera turned us away, and offer what may help."""
        return self.async_show_menu(
            step_id="camera_not_paired",
            menu_options=["camera_again", "camera_new_identity", "camera_mac"],
            description_placeholders=self._placeholders(self._error),
        )

    async def async_step_camera_new_identity(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Be somebody new to the camera: whom it refused once, it refuses for ever."""
        self.identity = self.identity.renewed()
        return await self.async_step_camera_again()

    async def async_step_camera_mac(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the address of the computer that a Sony was registered with."""
        errors = {}
        if user_input is not None:
            try:
                self.identity = self.identity.with_mac(parse_mac(user_input[CONF_MAC]))
            except ValueError:
                errors[CONF_MAC] = "not_a_mac"
            else:
                self._make = SONY
                return await self.async_step_camera_again()
        schema = self.add_suggested_values_to_schema(_MAC_SCHEMA, user_input)
        return self.async_show_form(
            step_id="camera_mac",
            data_schema=schema,
            errors=errors,
            description_placeholders=self._placeholders(self._error),
        )

    # -- a camera that has an entry ------------------------------------------------------------

    async def async_step_camera_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where the camera is now."""
        if user_input is not None:
            self._address = user_input
            if is_host(user_input[CONF_HOST]):
                return await self.begin_pairing("camera_reconfigure")
        schema = vol.Schema(address_fields(PORT))
        shown = self.add_suggested_values_to_schema(schema, self._address)
        return self.show_form("camera_reconfigure", shown)

    async def async_step_camera_reauth(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """The camera has turned the entry away: ask for a person who pairs it anew."""
        if user_input is not None:
            return await self.begin_pairing("camera_reauth")
        return self.show_form("camera_reauth", None)

    async def async_step_camera_paired(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Keep the address and the identity that worked."""
        await self._hang_up()
        self._unseated = None
        entry = self.hass.config_entries.async_get_known_entry(self.context["entry_id"])
        changed = {
            **self._address,
            CONF_GUID: self.identity.guid.hex(),
            CONF_FRIENDLY_NAME: self.identity.friendly_name,
        }
        return self.async_update_reload_and_abort(
            entry, data_updates=changed, reason="camera_paired"
        )

    def know_camera(self, entry: ConfigEntry[Any]) -> None:
        """This dialogue is about the camera of an entry."""
        data: Mapping[str, Any] = entry.data
        self._paired_entry, self._name = entry, entry.title
        self._address = address_of(data)
        self.identity = Identity(bytes.fromhex(data[CONF_GUID]), data[CONF_FRIENDLY_NAME])
        self._make = make_of(data.get("manufacturer", ""))

    def _check_serial(self, initiator: Initiator) -> None:
        """Hold a camera against the entry that this dialogue is about. Raises AnotherCamera."""
        if self._paired_entry:
            check_serial(self._paired_entry.data, initiator.vendor.info)

    async def _hang_up(self) -> None:
        """Let go of the camera, also of one that is gone already."""
        if self.initiator:
            await self.initiator.close()
            self.initiator = None

    async def _take_seat(self) -> None:
        """Give the entry's seat at the camera to this dialogue: most take one visitor only."""
        if self._seating:
            await asyncio.wait({self._seating})
        entry = self._paired_entry
        if entry and entry.state is ConfigEntryState.LOADED:
            await self.hass.config_entries.async_unload(entry.entry_id)
            self._unseated = entry

    def _give_seat_back(self) -> None:
        """Let the entry try again, where a person did not begin this dialogue.

        Such a dialogue stays when its window is closed, perhaps for days, and the camera may have
        been told meanwhile to let us in. A reload would end the dialogue.
        """
        entry = self._unseated
        if entry and self.source == SOURCE_REAUTH:
            self._unseated = None
            setting_up = self.hass.config_entries.async_setup(entry.entry_id)
            self._seating = self.hass.async_create_task(setting_up, "crcp seat back")

    @override
    def async_remove(self) -> None:
        """The dialogue is over: let go of what nobody took."""
        for work in (self._work, self._approval):
            if work:
                work.cancel()
        if self.initiator:
            self.hass.async_create_task(self.initiator.close(), "crcp leave a camera")
            self.initiator = None
        if self._unseated:
            self.hass.config_entries.async_schedule_reload(self._unseated.entry_id)

    def _placeholders(self, error: DeviceError | None) -> dict[str, str]:
        return {
            "name": self._name,
            "host": self._address.get(CONF_HOST, ""),
            "identity": self.identity.friendly_name,
            "code": self._code,
            "detail": error_detail(error) if error else "",
        }


def make_of(manufacturer: str) -> str:
    """Whose way of pairing a manufacturer's cameras have."""
    said = manufacturer.lower()
    return next((make for make in MAKES if said.startswith(make)), OTHER)


def in_words(error: DeviceError) -> DeviceError:
    """A Fujifilm's "not paired" is about a protocol that is not spoken here."""
    if isinstance(error, Refused) and error.code == InitFailReason.FUJIFILM_NOT_PAIRED:
        return Declined(error.code, FUJIFILM)
    return error


async def _begin_hollow(initiator: Initiator) -> None:
    """Begin with a Nikon that lets us in and shows us nothing; it may have learnt to know us."""
    try:
        await initiator.begin()
    except NotAuthorised:
        return
