"""What is asked of a connected camera beside its pictures: its settings, a picture, its clock.

Everything here takes its turn between two transactions of an import, and nothing is read while one
runs. When nobody wants anything of it for a while, the camera is left to fall asleep.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .camera_facts import CameraFacts, Knob, Slot
from .const import DOMAIN
from .errors import DEVICE_ERRORS, in_the_users_words, invalid
from .protocols.ptpip.client import Initiator
from .protocols.ptpip.codes import DevicePropCode, EventCode, ResponseCode
from .protocols.ptpip.errors import Misuse, Refused
from .protocols.ptpip.operations import Operations
from .protocols.ptpip.packets import Event
from .protocols.ptpip.remote import battery_level, has_property, set_clock
from .protocols.ptpip.settings import Control, Setting

_LOGGER = logging.getLogger(__name__)

#: When nothing happened for so many seconds, the camera may sleep. It is looked at once more.
QUIET_FOR: Final = 300.0

#: How long a command waits for the piece of a picture that is on its way, in seconds.
TURN_WITHIN: Final = 60.0

#: How long live view goes on after it was looked at last, in seconds: it costs the battery much.
LINGER: Final = 15.0

#: So many slots get entities: the largest cameras have two, and a computer's camera a few.
MAX_SLOTS: Final = 8

#: Events after which the room on the cards is another.
_ROOM_CHANGED: Final = frozenset(
    {
        EventCode.OBJECT_ADDED,
        EventCode.OBJECT_REMOVED,
        EventCode.STORE_ADDED,
        EventCode.STORE_REMOVED,
        EventCode.STORE_FULL,
        EventCode.STORAGE_INFO_CHANGED,
    }
)

_STORE_VERSION: Final = 1


class CameraDesk:
    """Knows a camera's settings, and commands it.

    on_facts: told of what is known now. on_card_full: told the number of a slot whose card has just
    become full. on_live_view_end: told that a card may be seen again that was hidden.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry_id: str,
        *,
        on_facts: Callable[[CameraFacts], None],
        on_card_full: Callable[[int], None],
        on_live_view_end: Callable[[], None],
    ) -> None:
        self.facts = CameraFacts()
        self._hass = hass
        self._store = facts_store(hass, entry_id)
        self._kept: dict[str, Any] = {}
        self._on_facts = on_facts
        self._on_card_full = on_card_full
        self._on_live_view_end = on_live_view_end
        self._camera: Initiator | None = None
        self._controls: dict[Setting, Control] = {}
        # What is to be read anew: properties by code, everything, the room on the cards.
        self._codes: set[int] = set()
        self._all = self._room = False
        self._live: asyncio.TimerHandle | None = None
        self._live_turn = asyncio.Lock()
        self._slots: set[int] = set()
        self._news = asyncio.Event()
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def async_load(self) -> None:
        """Take up what was known before a restart."""
        if kept := await self._store.async_load():
            self._kept = kept
            self.facts = CameraFacts.from_dict(kept)

    def note_import(self, *, running: bool) -> None:
        """An import began, or goes on, or ended: nothing is read while one runs."""
        if running:
            self._quiet.clear()
            self._rest(resting=False)
        elif not self._quiet.is_set():
            self._quiet.set()
            self._room = True
            self._news.set()

    async def async_serve(self, camera: Initiator) -> None:
        """Know the camera for as long as it is connected; what ends that, others are told."""
        if camera.vendor.single_session:  # it sends pictures, and wants nothing but to be done
            return
        self._camera, self._all = camera, True
        stop = camera.look_on(self._on_event)
        try:
            while True:
                self._news.clear()
                await self._read(camera)
                await self._keep()
                await self._wait()
        except DEVICE_ERRORS as error:
            _LOGGER.debug("Its settings are known no more: %s", error)
        finally:
            stop()
            self._camera = None
            if self._live:
                self._live.cancel()
                self._live = None

    # -- commands ------------------------------------------------------------------------------

    async def async_set(self, setting: Setting, value: str | float) -> None:
        """Set a setting to the name or number of a value. Raises HomeAssistantError."""
        control = self._controls.get(setting)
        if self._camera and (control is None or not control.writable):
            raise invalid("setting_locked")

        async def perform(camera: Initiator, operations: Operations) -> None:
            if control:
                await camera.vendor.set_control(operations, control, value)
                self._codes.add(control.described.code)

        try:
            await self._perform(perform)
        except Misuse:
            raise invalid("setting_unknown", value=str(value)) from None

    async def async_capture(self) -> None:
        """Take a picture. Raises HomeAssistantError."""

        async def perform(camera: Initiator, operations: Operations) -> None:
            await camera.vendor.capture(operations)

        await self._perform(perform)

    async def async_set_clock(self) -> None:
        """Set the camera's clock to Home Assistant's time. Raises HomeAssistantError."""

        async def perform(camera: Initiator, operations: Operations) -> None:
            await set_clock(operations, camera.vendor.info, dt_util.now())

        await self._perform(perform)

    async def async_finder(self) -> bytes | None:
        """Give the picture in the finder, a JPEG; None while pictures are imported or it has none.

        Live view goes on for a while for the next one. Raises HomeAssistantError.
        """
        picture: bytes | None = None

        async def perform(camera: Initiator, operations: Operations) -> None:
            nonlocal picture
            if self._live is None:
                await camera.vendor.begin_live_view(operations)
            self._linger(camera)
            picture = await camera.vendor.live_view(operations)

        async with self._live_turn:
            if self._quiet.is_set() or self._camera is None:
                await self._perform(perform)
        return picture

    def _linger(self, camera: Initiator) -> None:
        if self._live:
            self._live.cancel()
        loop = asyncio.get_running_loop()
        self._live = loop.call_later(LINGER, self._end_live_view, camera)

    def _end_live_view(self, camera: Initiator) -> None:
        """Nobody looks any more."""

        async def end() -> None:
            async with self._live_turn:
                self._live = None
                with suppress(HomeAssistantError):
                    await self._perform(
                        lambda _, operations: camera.vendor.end_live_view(operations)
                    )
            # While it was on, the camera may have hidden its card.
            self._on_live_view_end()

        if camera is self._camera:
            self._hass.async_create_task(end(), "crcp end of live view")

    async def _perform(self, do: Callable[[Initiator, Operations], Awaitable[None]]) -> None:
        """Let do have the camera in its turn; a caller that gives up costs no connection."""
        camera = self._camera
        if camera is None:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="not_connected")
        self._rest(resting=False)
        work = self._hass.async_create_task(_in_turn(camera, do), "crcp command to a camera")
        try:
            with in_the_users_words():
                await asyncio.shield(work)
        finally:
            self._news.set()

    # -- reading -------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        """Note what is another now."""
        if event.code in _ROOM_CHANGED:
            self._room = True
        elif event.code == EventCode.DEVICE_PROP_CHANGED:
            self._codes.add(event.parameter(1))
        elif event.code in (EventCode.DEVICE_INFO_CHANGED, EventCode.UNREPORTED_STATUS):
            self._all = True
        self._rest(resting=False)
        self._news.set()

    async def _wait(self) -> None:
        """Wait for news that may be read now. Without any, look once more and let it sleep."""
        try:
            async with asyncio.timeout(QUIET_FOR):
                await self._news.wait()
        except TimeoutError:
            if self._quiet.is_set() and self._camera:
                self._all = True
                await self._read(self._camera)
                self._rest(resting=True)
                await self._news.wait()
        await self._quiet.wait()

    async def _read(self, camera: Initiator) -> None:
        codes, self._codes = self._codes, set()
        everything, self._all = self._all, False
        room, self._room = self._room, False
        try:
            if everything:
                await self._read_all(camera)
                return
            if room:
                await self._read_room(camera)
            await self._read_properties(camera, codes)
        except Refused as refused:
            # A cancellation is of everything that is under way; the rest is no answer worth asking
            # for again before there are news.
            if refused.code == ResponseCode.TRANSACTION_CANCELED:
                self._all = True
                self._news.set()

    async def _read_all(self, camera: Initiator) -> None:
        vendor = camera.vendor
        self._controls = await vendor.controls(camera)
        knobs = {control.setting.value: Knob.of(control) for control in self._controls.values()}
        battery = await battery_level(camera, vendor.info)
        facts = replace(
            self.facts.with_knobs(knobs),
            battery=battery,
            can_capture=vendor.can_capture,
            has_clock=has_property(vendor.info, DevicePropCode.DATE_TIME),
            has_live_view=vendor.has_live_view,
        )
        self._tell(facts)
        await self._read_room(camera)

    async def _read_properties(self, camera: Initiator, codes: set[int]) -> None:
        if DevicePropCode.BATTERY_LEVEL in codes:
            battery = await battery_level(camera, camera.vendor.info)
            self._tell(replace(self.facts, battery=battery))
        found = [await camera.vendor.control(camera, code) for code in sorted(codes)]
        controls = {control.setting: control for control in found if control}
        self._controls |= controls
        knobs = {setting.value: Knob.of(control) for setting, control in controls.items()}
        self._tell(self.facts.with_knobs(knobs))

    async def _read_room(self, camera: Initiator) -> None:
        """Ask how much room there is on each card."""
        slots: dict[int, Slot] = {}
        for storage in await camera.storage_ids():
            # Else the slot has no usable card.
            if storage & 0xFFFF and self._has_entities(storage >> 16):
                with suppress(Refused):
                    slots[storage >> 16] = Slot.of(await camera.storage_info(storage))
        before = self.facts.slots
        self._tell(replace(self.facts, slots=slots))
        for number, slot in slots.items():
            if slot.is_full and not (number in before and before[number].is_full):
                self._on_card_full(number)

    def _has_entities(self, slot: int) -> bool:
        """Whether a slot is one of the first that were seen: each stays as entities for good."""
        self._slots |= self.facts.slots.keys()
        if len(self._slots) < MAX_SLOTS:
            self._slots.add(slot)
        return slot in self._slots

    # -- helpers -------------------------------------------------------------------------------

    def _tell(self, facts: CameraFacts) -> None:
        if facts != self.facts:
            self.facts = facts
            self._on_facts(facts)

    async def _keep(self) -> None:
        """Keep what is known, for the next start."""
        kept = self.facts.as_dict()
        if kept != self._kept:
            self._kept = kept
            await self._store.async_save(kept)

    def _rest(self, *, resting: bool) -> None:
        if self._camera:
            self._camera.rest(resting=resting)


def facts_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Where what is known of a camera is kept."""
    return Store(hass, _STORE_VERSION, f"{DOMAIN}.camera.{entry_id}")


async def _in_turn(
    camera: Initiator, do: Callable[[Initiator, Operations], Awaitable[None]]
) -> None:
    """Wait for a turn, which is safe to give up; then do it, which is not."""
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(TURN_WITHIN):
                operations = await stack.enter_async_context(camera.in_one_go())
        except TimeoutError:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="camera_sends"
            ) from None
        await do(camera, operations)
