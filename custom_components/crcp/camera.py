"""STREAM subunits as cameras: the picture of a tape or a camera, one transfer for all viewers."""

from datetime import timedelta
from typing import Any, Final, override

from aiohttp import web
from homeassistant.components.camera import Camera, CameraEntityFeature
from homeassistant.components.media_source import Unresolvable, async_resolve_media
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, ServiceResponse, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .camera_clips import LONGEST, ClipDesk
from .camera_finder import add_finder
from .converter import async_find_ffmpeg
from .coordinator import UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry
from .entity import SubunitEntity, add_as_found
from .errors import DEVICE_ERRORS, MAX_DETAIL_LENGTH, invalid
from .live.conversion import FORMS, convert
from .live.errors import NoPicture
from .live.feed import Feed, Source
from .live.server import PictureServer
from .live.transfer import open_transfer
from .mjpeg import serve_pictures
from .names import clean_name
from .protocols.crcp.errors import LinkError
from .protocols.crcp.messages import Subunit
from .protocols.crcp.subunits import STREAM, TAPE
from .stills import JPEG, next_still
from .stream_options import TRANSPORT_STREAM, StreamOptions

# Pictures are fetched side by side, all from one transfer.
PARALLEL_UPDATES = 0

#: How often stills are shown one after the other, where nothing better moves, in seconds.
STILLS_EVERY: Final = 0.5


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraConfigEntry | UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a camera for each STREAM subunit. Datagrams bring no replies, so no transfers either."""
    if not isinstance(entry.runtime_data, UnitCoordinator):
        add_finder(entry, async_add_entities)
        return
    if not entry.runtime_data.one_way:
        add_as_found(entry, async_add_entities, lambda c: c.data.unit.of_kind(STREAM), StreamCamera)


class StreamCamera(SubunitEntity, Camera):
    """The picture of a stream. It follows the tape; that there is none now is no failure.

    A transport stream (type 33) goes to Home Assistant's player as it is, JPEG pictures (26) to
    the browser as they are. By choice, they and MPEG pictures (32) are converted for the player.
    """

    _attr_name = None
    _attr_frame_interval = STILLS_EVERY
    _unrecorded_attributes = frozenset({"clip_progress", "problem"})

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit) -> None:
        super().__init__(coordinator, subunit)
        Camera.__init__(self)
        self._attr_translation_key = "stream"
        self.feed = Feed(self._open, on_news=self.async_write_ha_state, on_another=self._on_another)
        self._server = PictureServer(self.feed)
        self._options = StreamOptions.read(coordinator.config_entry.options)
        self._clips = ClipDesk(coordinator, subunit, self.feed, self._options.clip_dir)
        self._payload_type: int | None = None
        self._title = self._loaded_title
        self._before = self._what_matters

    @property
    def tape(self) -> Subunit:
        """The tape that the stream shows, where the unit has it."""
        return Subunit(TAPE, self.subunit.number)

    @property
    def _loaded_title(self) -> str | None:
        return self.coordinator.tape(self.tape).title

    @property
    def _what_matters(self) -> tuple[bool, str]:
        """What may bring a picture where there was none; that a tape has moved on does not."""
        return self.available, self.coordinator.tape(self.tape).operation

    @property
    def _is_film(self) -> bool:
        """Whether what comes to viewers is a transport stream: the unit's own, or a converted one."""
        kind = self._payload_type
        return kind in (None, TRANSPORT_STREAM) or (self._options.convert and kind in FORMS)

    @property
    @override
    def supported_features(self) -> CameraEntityFeature:
        """A player for transport streams; pictures need none."""
        return CameraEntityFeature.STREAM if self._is_film else CameraEntityFeature(0)

    @property
    @override
    def is_streaming(self) -> bool:
        """Whether somebody watches."""
        return self.feed.viewers > 0

    @property
    @override
    def is_recording(self) -> bool:
        """Whether a clip is being made."""
        return self._clips.is_recording

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """How much of a clip is done; why there is no picture while somebody waits for it."""
        told: dict[str, Any] = {}
        if self._clips.progress is not None:
            told["clip_progress"] = round(100 * self._clips.progress)
        if self.feed.error and self.feed.viewers:
            told["problem"] = clean_name(str(self.feed.error), "?", MAX_DETAIL_LENGTH)
        return told

    @override
    async def stream_source(self) -> str | None:
        """Where players find the picture."""
        return self._server.url if self._is_film else None

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """The newest picture that can be shown by itself, or the next one to come."""
        return await next_still(self.feed, self.hass.async_add_executor_job)

    @override
    async def handle_async_mjpeg_stream(self, request: web.Request) -> web.StreamResponse | None:
        """Pass JPEG pictures on as they come; of others give stills, one after the other."""
        if self._payload_type == JPEG and not self._is_film:
            return await serve_pictures(self.feed, request)
        return await super().handle_async_mjpeg_stream(request)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen on loopback, and find out what the unit can send."""
        await super().async_added_to_hass()
        await self._server.start()
        self.async_on_remove(
            self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._on_stop)
        )
        await self._choose()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """End the transfer, and whoever watches it."""
        await super().async_will_remove_from_hass()
        if self.stream:
            for output in self.stream.outputs().values():
                await self.stream.remove_provider(output)
        await self._close()

    @callback
    def async_entity_id_changed(self, old_entity_id: str) -> None:
        """From 2026.11 on: nothing depends on the entity's id, so it can be renamed in place."""

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self._title != self._loaded_title:
            self._title = self._loaded_title
            self.hass.async_create_task(self.feed.renew(), f"another tape at {self.entity_id}")
        if self._before != self._what_matters:
            self._before = self._what_matters
            self.feed.hurry()
        super()._handle_coordinator_update()

    # -- the actions of this integration -------------------------------------------------------

    async def async_action_fetch_clip(
        self, start: float, end: float, name: str | None = None
    ) -> ServiceResponse:
        """Store a stretch of a tape in the media library."""
        self._check_clip(end - start)
        return {**await self._clips.fetch(name, start, end)}

    async def async_action_record_stream(self, duration: timedelta) -> ServiceResponse:
        """Store what is shown from now on in the media library."""
        self._check_clip(duration.total_seconds())
        return {**await self._clips.record(duration.total_seconds())}

    async def async_action_send_clip(
        self, media: str | dict[str, Any], name: str
    ) -> ServiceResponse:
        """Send a film of the media library to the unit."""
        source = media if isinstance(media, str) else str(media.get("media_content_id", ""))
        try:
            found = await async_resolve_media(self.hass, source, self.entity_id)
        except Unresolvable as error:
            raise invalid("film_not_readable", detail=str(error)) from error
        if found.path is None:
            raise invalid("film_not_readable", detail=source)
        await self._clips.send(found.path, name)
        return {"name": name}

    # -- helpers -------------------------------------------------------------------------------

    def _check_clip(self, seconds: float) -> None:
        if not self._is_film:
            raise invalid("no_film_here")
        if seconds > LONGEST:
            raise invalid("clip_too_long")

    async def _on_stop(self, _event: Event) -> None:
        await self._close()

    async def _close(self) -> None:
        await self.feed.close()
        await self._server.stop()

    async def _choose(self) -> None:
        """Ask what the unit can send; one that is off or away is asked when somebody watches."""
        connection = self.coordinator.connection
        if connection and not self.coordinator.powers.is_off(self.subunit):
            try:
                self._payload_type = await connection.choose_payload_type(self.subunit)
            except DEVICE_ERRORS:
                return

    async def _open(self) -> Source:
        connection = self.coordinator.connection
        if connection is None:
            raise LinkError("the unit is not connected")
        if self._payload_type is None:
            await self._choose()
            self.async_write_ha_state()
        kind = self._payload_type or TRANSPORT_STREAM
        if kind not in (TRANSPORT_STREAM, *FORMS):
            raise NoPicture("the unit sends sound only")
        converter = await self._converter() if kind in FORMS and self._is_film else ""
        source = await open_transfer(connection, self._options.wish(self.subunit, kind))
        return await convert(source, kind, converter) if converter else source

    async def _converter(self) -> str:
        if found := await async_find_ffmpeg(self.hass):
            return found
        raise NoPicture("ffmpeg is not installed")

    def _on_another(self) -> None:
        if self.stream:
            # Told so, the player goes on at once, and otherwise only in ten seconds.
            self.stream.update_source(self._server.url)
