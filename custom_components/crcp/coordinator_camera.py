"""The state of a photo camera in Home Assistant, and the connection that it comes from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import CONF_FRIENDLY_NAME, CONF_GUID, CONF_SERIAL
from .errors import AnotherCamera, DeviceError, error_detail, error_key
from .link import Link
from .photos import ImportedPhoto, PhotoHost
from .protocols.ptpip.client import Initiator

_LOGGER = logging.getLogger(__name__)

type CameraConfigEntry = ConfigEntry[CameraCoordinator]

#: Being away is normal for a camera; these need somebody to do something.
WORTH_TELLING: Final = frozenset({"another_camera", "not_authorised"})

#: Is called with each picture that has landed in the library.
type PhotoListener = Callable[[ImportedPhoto], None]


@dataclass(frozen=True, slots=True)
class CameraState:
    """A camera and its pictures: whether it is there, how many of them are in the library."""

    connected: bool
    imported: int


class CameraCoordinator(DataUpdateCoordinator[CameraState]):
    """A PTP-IP camera: connected whenever it can be, imported from whenever it tells of a picture.

    A camera that sleeps is normal, so being away is a state and not an error.
    """

    config_entry: CameraConfigEntry

    def __init__(self, hass: HomeAssistant, entry: CameraConfigEntry) -> None:
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title, always_update=False)
        self._photos = PhotoHost(hass, entry.title, entry.data[CONF_SERIAL], self._on_imported)
        self._link = Link(self._connect, self._use, self._on_down)
        self._listeners_of_photos: set[PhotoListener] = set()
        self._told = ""

    @callback
    def async_sighted(self) -> None:
        """The camera announced itself: try now."""
        self._link.hurry()

    @callback
    def async_listen_for_photos(self, listener: PhotoListener) -> CALLBACK_TYPE:
        """Call listener with each picture that has landed; returns how to stop it."""
        self._listeners_of_photos.add(listener)
        return lambda: self._listeners_of_photos.discard(listener)

    @override
    async def _async_setup(self) -> None:
        """Open the library and its ledger, and begin to look for the camera."""
        await self._photos.async_open()
        self.config_entry.async_create_background_task(
            self.hass, self._stay_connected(), f"crcp {self.name}"
        )

    @override
    async def _async_update_data(self) -> CameraState:
        """The first state; everything later is pushed."""
        return CameraState(connected=False, imported=self._photos.count)

    async def _stay_connected(self) -> None:
        try:
            await self._link.run()
        finally:
            await self._photos.async_close()

    async def _connect(self) -> Initiator:
        data = self.config_entry.data
        initiator = await Initiator.connect(
            data[CONF_HOST],
            data[CONF_PORT],
            guid=bytes.fromhex(data[CONF_GUID]),
            friendly_name=data[CONF_FRIENDLY_NAME],
        )
        try:
            await initiator.open_session()
        except BaseException:
            await initiator.abort()
            raise
        return initiator

    async def _use(self, initiator: Initiator) -> None:
        """Import what is there, then each picture that is announced, until the connection ends."""
        device = await initiator.device_info()
        expected = self.config_entry.data[CONF_SERIAL]
        if device.serial_number and device.serial_number != expected:
            raise AnotherCamera(expected, device.serial_number)
        self.async_set_updated_data(replace(self.data, connected=True))
        await self._photos.async_import(initiator)

    def _on_imported(self, photo: ImportedPhoto) -> None:
        self.async_set_updated_data(replace(self.data, imported=photo.count))
        for listener in tuple(self._listeners_of_photos):
            listener(photo)

    def _on_down(self, error: DeviceError) -> None:
        if self.data.connected:
            _LOGGER.info("%s is no longer connected: %s", self.name, error)
            self.async_set_updated_data(replace(self.data, connected=False))
        key = error_key(error)
        level = logging.WARNING if key in WORTH_TELLING and key != self._told else logging.DEBUG
        self._told = key
        _LOGGER.log(level, "%s: %s", self.name, error_detail(error))
