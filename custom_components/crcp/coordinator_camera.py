"""The state of a photo camera in Home Assistant, and the connection that it comes from."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
import logging
from typing import Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry
from homeassistant.const import CONF_HOST
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator
from homeassistant.util.hass_dict import HassKey

from .camera_desk import CameraDesk
from .camera_facts import CameraFacts
from .const import CONF_SERIAL
from .dial_camera import Address, address_of, dial_camera, dial_elsewhere
from .errors import (
    DEVICE_ERRORS,
    AnotherCamera,
    DeviceError,
    error_detail,
    error_key,
    needs_login,
)
from .issues import Issues
from .link import Link
from .photo_options import CONF_AUTO, CONF_SKIP_PRESENT
from .photo_progress import Activity, ImportedPhoto, ImportStatus
from .photos import PhotoHost
from .protocols.ptpip.client import Initiator
from .protocols.ptpip.errors import LinkError, TimedOut

_LOGGER = logging.getLogger(__name__)

type CameraConfigEntry = ConfigEntry[CameraCoordinator]

#: Home Assistant itself tells of a camera that wants to be paired anew, and begins the dialogue.
NOT_PAIRED: Final = "not_authorised"

#: Being away is normal for a camera; these need somebody to do something.
WORTH_TELLING: Final = frozenset({"another_camera", NOT_PAIRED, "refused"})

#: Somebody else has the camera: for a moment that is normal, after so many attempts it is told.
BUSY_FOR_LONG: Final = 3

#: How many seconds a connection that a dialogue opened waits for the entry that it made.
TAKEN_WITHIN: Final = 30

#: Is called with each picture that has landed in the library.
type PhotoListener = Callable[[ImportedPhoto], None]

#: Is called with what went wrong, as a key, and the facts about it.
type TroubleListener = Callable[[str, Mapping[str, Any]], None]

#: What a TroubleListener is told.
CARD_FULL: Final = "card_full"
IMPORT_FAILED: Final = "import_failed"


class State(StrEnum):
    """What a camera and the import of its pictures are at; the first that fits."""

    CHECKING = "checking"
    IMPORTING = "importing"
    NO_ROOM = "no_room"
    NO_FOLDER = "no_folder"
    OTHER_FOLDER = "other_folder"
    NOT_WRITABLE = "not_writable"
    NO_LEDGER = "no_ledger"
    PAUSED = "paused"
    CONNECTED = "connected"
    REFUSED = "refused"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class CameraState:
    """A camera and its pictures. refusal: why the camera takes no connection from us, as a key."""

    connected: bool
    photos: ImportStatus
    refusal: str = ""
    refusal_detail: str = ""
    facts: CameraFacts = field(default_factory=CameraFacts)

    @property
    def state(self) -> State:
        """All of it in one word."""
        if self.photos.activity is not Activity.IDLE:
            return State(self.photos.activity)
        if self.photos.trouble:
            return State(self.photos.trouble)
        if not self.photos.auto:
            return State.PAUSED
        if self.connected:
            return State.CONNECTED
        return State.REFUSED if self.refusal else State.WAITING


class CameraCoordinator(DataUpdateCoordinator[CameraState]):
    """A PTP-IP camera: connected whenever it can be, imported from whenever it tells of a picture.

    A camera that sleeps is normal, so being away is a state and not an error.
    """

    config_entry: CameraConfigEntry

    def __init__(self, hass: HomeAssistant, entry: CameraConfigEntry) -> None:
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, always_update=False)
        self.data = CameraState(connected=False, photos=ImportStatus())
        self.photos = PhotoHost(
            hass,
            entry.title,
            entry.data[CONF_SERIAL],
            entry.options,
            on_imported=self._on_imported,
            on_change=self._on_status,
            on_skipped=self._on_skipped,
        )
        self.desk = CameraDesk(
            hass,
            entry.entry_id,
            on_facts=lambda facts: self._set(facts=facts),
            on_card_full=lambda slot: self._on_trouble(CARD_FULL, {"slot": slot}),
            on_live_view_end=self.photos.look_again,
        )
        self._issues = Issues(hass, entry.entry_id, entry.title)
        self._link = Link(self._connect, self._use, self._on_down)
        self._listeners_of_photos: set[PhotoListener] = set()
        self._listeners_of_trouble: set[TroubleListener] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._busy = 0
        self._announced: Address | None = None

    @callback
    def async_start(self) -> None:
        """Begin to look for the camera; until async_close."""
        entry = self.config_entry
        for name, work in (("link", self._link.run()), ("library", self.photos.async_watch())):
            self._tasks.append(
                entry.async_create_background_task(self.hass, work, f"crcp {self.name} {name}")
            )
        # An entry is not unloaded when Home Assistant stops, and its tasks are just cancelled.
        job = HassJob(self.async_close, f"crcp {self.name} close")
        entry.async_on_unload(self.hass.async_add_shutdown_job(job))

    @callback
    def async_sighted(self, address: Address | None = None) -> None:
        """The camera announced itself: try now.

        address: where it says that it is. Anybody can say that, so it is not believed: it is looked
        at when the camera is silent where it was.
        """
        self._announced = address
        self._link.hurry()

    @callback
    def async_listen_for_photos(self, listener: PhotoListener) -> CALLBACK_TYPE:
        """Call listener with each picture that has landed; returns how to stop it."""
        self._listeners_of_photos.add(listener)
        return lambda: self._listeners_of_photos.discard(listener)

    @callback
    def async_listen_for_trouble(self, listener: TroubleListener) -> CALLBACK_TYPE:
        """Call listener when a card is full or pictures failed; returns how to stop it."""
        self._listeners_of_trouble.add(listener)
        return lambda: self._listeners_of_trouble.discard(listener)

    async def async_set_auto(self, auto: bool) -> None:
        """Import by itself from now on, or pause; also after a restart."""
        self._keep_option(CONF_AUTO, auto)
        await self.photos.async_set_auto(auto)

    async def async_import_now(self) -> None:
        """Import what is on the cards, also while the import by itself is paused.

        Raises HomeAssistantError while the camera is not connected; does not wait for the end.
        """
        self.photos.order()

    async def async_pause(self) -> None:
        """Stop what is under way, whoever began it, and import no more by itself."""
        await self.async_set_auto(False)

    async def async_close(self) -> None:
        """Stop what is under way, say goodbye to the camera, and close the ledger."""
        await self.photos.async_stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._link.client:  # it was handed over, and nobody came to use it
            await self._link.client.close()
        await self.photos.async_close()
        self._issues.show({})

    @override
    async def _async_setup(self) -> None:
        """Open the library and its ledger, and begin to look for the camera."""
        entry = self.config_entry
        self._link.client = _take_over(self.hass, entry.unique_id or "")
        await self.desk.async_load()
        await self.photos.async_open()

    @override
    async def _async_update_data(self) -> CameraState:
        """The first state, and what is known when somebody asks for it; all else is pushed."""
        return replace(self.data, photos=self.photos.status, facts=self.desk.facts)

    async def _connect(self) -> Initiator:
        try:
            return await dial_camera(self.config_entry.data)
        except LinkError, TimedOut, AnotherCamera:
            if found := await self._find():
                return found
            raise

    async def _find(self) -> Initiator | None:
        """Look where the camera was announced; it is followed if it is there, and the same."""
        entry, address = self.config_entry, self._announced
        if address is None or address == address_of(entry.data):
            return None
        try:
            found = await dial_elsewhere(entry.data, address)
        except DEVICE_ERRORS as error:
            _LOGGER.debug("%s is not where it was announced: %s", self.name, error_detail(error))
            # Who is not there yet may come, and is looked for again; who answered otherwise is not.
            if self._announced is address and not isinstance(error, LinkError | TimedOut):
                self._announced = None
            return None
        self.hass.config_entries.async_update_entry(entry, data={**entry.data, **address})
        return found

    async def _use(self, initiator: Initiator) -> None:
        """Import what is there, then each picture that is announced, until the connection ends."""
        self._link.stay_away = initiator.vendor.reconnect_after
        self._link.patient = initiator.vendor.single_session
        self._busy = 0
        self._announced = None
        _LOGGER.info("%s is connected", self.name)
        # At once: who is told that the camera is connected may give an order in the same moment.
        serving = self.desk.async_serve(initiator)
        desk = asyncio.create_task(serving, name="crcp camera desk", eager_start=True)
        self._set(connected=True, refusal="", refusal_detail="")
        self._end_pairing()
        try:
            await self.photos.async_serve(initiator)
        finally:
            desk.cancel()
            await asyncio.wait({desk})
            _LOGGER.info("%s is no longer connected", self.name)
            self._set(connected=False)

    def _on_imported(self, photo: ImportedPhoto) -> None:
        for listener in tuple(self._listeners_of_photos):
            listener(photo)

    def _on_status(self) -> None:
        status = self.photos.status
        self.desk.note_import(running=status.activity is not Activity.IDLE)
        if status.failed > self.data.photos.failed:
            facts = {"count": status.failed, "file_names": list(status.failures)}
            self._on_trouble(IMPORT_FAILED, facts)
        self._set(photos=status)

    def _on_trouble(self, kind: str, facts: Mapping[str, Any]) -> None:
        for listener in tuple(self._listeners_of_trouble):
            listener(kind, facts)

    def _on_skipped(self) -> None:
        self._keep_option(CONF_SKIP_PRESENT, False)

    def _end_pairing(self) -> None:
        """It knows us again, so nobody has to be asked any more."""
        for flow in list(self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH})):
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _on_down(self, error: DeviceError) -> None:
        if needs_login(error):
            self.config_entry.async_start_reauth(self.hass)
        key, detail = error_key(error), error_detail(error)
        self._busy = self._busy + 1 if key == "in_use" else 0
        refusal = self.data.refusal
        if key in WORTH_TELLING or self._busy >= BUSY_FOR_LONG:
            refusal = key
        elif refusal == "in_use":
            refusal = ""  # whoever had it has let it go
        told = refusal != key or refusal == self.data.refusal
        _LOGGER.log(logging.DEBUG if told else logging.WARNING, "%s: %s", self.name, detail)
        self._set(refusal=refusal, refusal_detail=detail if refusal == key else "")

    def _set(self, **changes: Any) -> None:
        data = replace(self.data, **changes)
        if data != self.data:
            self.async_set_updated_data(data)
        self._issues.show(self._wrongs(data))

    def _wrongs(self, data: CameraState) -> dict[str, Mapping[str, str]]:
        """What a person has to put right: issues by key."""
        wrongs: dict[str, Mapping[str, str]] = {}
        photos, address = data.photos, self.config_entry.data[CONF_HOST]
        if photos.trouble:
            folder = str(self.photos.library.folder)
            wrongs[photos.trouble] = {"folder": folder, "detail": photos.trouble_detail}
        if data.refusal and data.refusal != NOT_PAIRED:
            key = f"camera_{data.refusal}"
            wrongs[key] = {"address": address, "detail": data.refusal_detail}
        return wrongs

    def _keep_option(self, key: str, value: Any) -> None:
        options = {**self.config_entry.options, key: value}
        self.hass.config_entries.async_update_entry(self.config_entry, options=options)


# -- from the dialogue to the entry that it made ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class _HandedOver:
    """An open connection that waits to be taken. keep: takes the time limit away."""

    initiator: Initiator
    keep: CALLBACK_TYPE


_HANDED_OVER: Final[HassKey[dict[str, _HandedOver]]] = HassKey("crcp_handed_over")


@callback
def async_hand_over(hass: HomeAssistant, unique_id: str, initiator: Initiator) -> None:
    """Leave a connection to the entry that will have this id: some cameras take no second one."""
    waiting = hass.data.setdefault(_HANDED_OVER, {})

    @callback
    def give_up(_now: datetime) -> None:
        del waiting[unique_id]
        hass.async_create_task(initiator.close())

    waiting[unique_id] = _HandedOver(initiator, async_call_later(hass, TAKEN_WITHIN, give_up))


@callback
def _take_over(hass: HomeAssistant, unique_id: str) -> Initiator | None:
    handed_over = hass.data.get(_HANDED_OVER, {}).pop(unique_id, None)
    if handed_over is None:
        return None
    handed_over.keep()
    return handed_over.initiator
