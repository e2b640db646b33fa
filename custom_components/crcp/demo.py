"""The virtual device of a demo entry: it runs while the entry is set up, on a port of its own.

Everything else meets it over the network, as it meets any device.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
import shutil
from typing import Any, Final, Protocol, override

from homeassistant.const import CONF_HOST, CONF_PORT, EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import Event, HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.storage import Store
import voluptuous as vol

from .const import CONF_KIND, CONF_MODEL, CONF_SERIAL, DOMAIN, Kind
from .coordinator import CrcpConfigEntry
from .virtual.camera import VirtualCamera
from .virtual.encoder import NoEncoder
from .virtual.footage import JPEG, TRANSPORT_STREAM, Footage, Plan, make_footage
from .virtual.host import LOOPBACK
from .virtual.photos import Photo, sample_photos
from .virtual.scenes import show, studio
from .virtual.unit import VirtualUnit

#: How many pictures are on the camera's card to begin with.
PHOTOS: Final = 12

#: So many of those that it took are there again after a restart: painting one takes a moment.
MAX_KEPT: Final = 20

#: What the unit's tape shows. Ten pictures a second, so that a small computer has it soon.
SECONDS: Final = 60
RATE: Final = 10


class Device(Protocol):
    """What a virtual device is to its entry."""

    @property
    def port(self) -> int:
        """Where it listens, once started."""

    async def start(self) -> None:
        """Listen. Raises OSError where that cannot be."""

    async def stop(self) -> None:
        """Close everything."""


async def async_start(hass: HomeAssistant, entry: CrcpConfigEntry) -> None:
    """Start the device of an entry, and write down where it is; it ends when the entry has.

    Raises ConfigEntryNotReady where nothing can listen on loopback.
    """
    device = await _MAKERS[Kind(entry.data[CONF_KIND])](hass, entry)
    try:
        await device.start()
    except OSError as error:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="cannot_connect",
            translation_placeholders={"detail": str(error)},
        ) from error

    async def stop(_event: Event) -> None:
        await device.stop()

    # What is registered first is called last: nobody is connected any more by then. When Home
    # Assistant itself stops, entries say goodbye earlier than this event.
    entry.async_on_unload(device.stop)
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_CLOSE, stop))
    data = {**entry.data, CONF_HOST: LOOPBACK, CONF_PORT: device.port}
    hass.config_entries.async_update_entry(entry, data=data)


async def async_forget(hass: HomeAssistant, entry: CrcpConfigEntry) -> None:
    """Throw away the pictures that were coded for a unit, and what a camera took."""
    if entry.data[CONF_KIND] == Kind.UNIT:
        await hass.async_add_executor_job(shutil.rmtree, _footage_folder(hass), True)
    else:
        await _roll(hass, entry).async_remove()


class RememberingCamera(VirtualCamera):
    """A camera that counts on after a restart, and still has on its card what it took.

    One that began anew would give a new picture the name of one that is in the library.
    """

    def __init__(self, hass: HomeAssistant, store: Store[dict[str, Any]], **options: Any) -> None:
        super().__init__(**options)
        self._hass = hass
        self._roll = store
        self._taken: list[str] = []

    async def recall(self) -> None:
        """Put what was taken on the card."""
        try:
            kept = _ROLL(await self._roll.async_load() or {})
        except vol.Invalid, NotImplementedError:  # edited by hand, or of a newer version
            return
        self._taken = [each.isoformat() for each in kept["taken"]]
        first = max(self._shots, kept["shots"] - len(self._taken)) + 1
        self.store(await self._hass.async_add_executor_job(self._paint, first, kept["taken"]))
        self._shots = max(self._shots, kept["shots"])

    @override
    async def press_shutter(self) -> int:
        """Take a picture, and remember that."""
        handle = await super().press_shutter()
        taken = self.cards[0].object_info(handle).capture_date
        self._taken = [*self._taken, taken.isoformat()][-MAX_KEPT:] if taken else self._taken
        # Not in the capture's own task, which ends with the camera.
        kept = {"shots": self._shots, "taken": self._taken}
        self._hass.async_create_task(self._roll.async_save(kept), f"{DOMAIN} demo roll")
        return handle

    def _paint(self, first: int, taken: list[datetime]) -> list[Photo]:
        return [
            Photo.generate(number, each, model=self.model)
            for number, each in enumerate(taken, first)
        ]


async def _make_unit(hass: HomeAssistant, entry: CrcpConfigEntry) -> VirtualUnit:
    unit = studio(unit_id=str(entry.unique_id).removeprefix("crcp:"))

    async def show_footage() -> None:
        footage = await hass.async_add_executor_job(_footage, _footage_folder(hass))
        if footage:
            show(unit, footage)

    # It takes seconds the first time, and nobody has to wait for that.
    entry.async_create_background_task(hass, show_footage(), "crcp demo footage")
    return unit


async def _make_camera(hass: HomeAssistant, entry: CrcpConfigEntry) -> VirtualCamera:
    photos = await hass.async_add_executor_job(_photos)
    # Not by the entry's title, which is a person's and may be longer than PTP has room for.
    model, serial = entry.data[CONF_MODEL], entry.data[CONF_SERIAL]
    roll = _roll(hass, entry)
    camera = RememberingCamera(hass, roll, photos=photos, model=model, serial_number=serial)
    await camera.recall()
    return camera


_MAKERS: Final[Mapping[Kind, Callable[[HomeAssistant, CrcpConfigEntry], Awaitable[Device]]]] = {
    Kind.UNIT: _make_unit,
    Kind.CAMERA: _make_camera,
}


def _photos() -> list[Photo]:
    return list(sample_photos(PHOTOS))


def _roll(hass: HomeAssistant, entry: CrcpConfigEntry) -> Store[dict[str, Any]]:
    """Where what a camera took is kept: how many pictures, and when the last ones."""
    return Store(hass, 1, f"{DOMAIN}.demo.{entry.entry_id}")


_ROLL: Final = vol.Schema(
    {
        vol.Required("shots", default=0): int,
        vol.Required("taken", default=list): [vol.All(str, datetime.fromisoformat)],
    }
)


def _footage_folder(hass: HomeAssistant) -> Path:
    return Path(hass.config.cache_path(f"{DOMAIN}_demo"))


def _footage(folder: Path) -> Footage | None:
    """The unit's recording: a film where this machine can make one, else single pictures."""
    for kinds in ((TRANSPORT_STREAM, JPEG), (JPEG,)):
        try:
            return make_footage(folder, Plan(seconds=SECONDS, rate=RATE, payload_types=kinds))
        except NoEncoder:
            continue
        except OSError:
            break
    return None
