"""The picture of a unit: how it comes, what is converted, and where clips go."""

from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .converter import async_find_ffmpeg
from .coordinator import UnitCoordinator
from .errors import DEVICE_ERRORS, error_detail, error_key
from .live.transfer import open_transfer
from .photo_library import NoMediaDir, media_folder
from .protocols.crcp.codes import ReplyCode
from .protocols.crcp.errors import Refused
from .protocols.crcp.messages import MAX_TS_PACKETS, Subunit
from .protocols.crcp.subunits import STREAM
from .stream_options import (
    CONF_CLIP_DIR,
    CONF_CONVERT,
    CONF_PACKETS,
    CONF_WAY,
    StreamOptions,
    Way,
)

#: A unit that cannot send this way says one of these; all else has other reasons.
_NOT_THIS_WAY: Final = frozenset(
    {
        ReplyCode.NO_DATA_CONNECTION,
        ReplyCode.BAD_ARGUMENT,
        ReplyCode.NOT_IMPLEMENTED,
        ReplyCode.NOT_FOR_THAT_PARAMETER,
    }
)


class StreamOptionsFlow(OptionsFlowWithReload):
    """The step that asks about the picture."""

    async def async_step_picture(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything; nothing is kept that the unit refuses."""
        errors, detail = {}, ""
        if user_input is not None:
            key, detail = await self._wrong(StreamOptions.read(user_input))
            if not key:
                user_input[CONF_PACKETS] = int(user_input[CONF_PACKETS])
                return self.async_create_entry(data={**self.config_entry.options, **user_input})
            errors["base"] = key
        return self.async_show_form(
            step_id="picture",
            data_schema=self._picture_schema(user_input or {}),
            errors=errors,
            description_placeholders={"detail": detail},
        )

    @property
    def _unit(self) -> UnitCoordinator:
        unit: UnitCoordinator = self.config_entry.runtime_data
        return unit

    @property
    def _streams(self) -> tuple[Subunit, ...]:
        """Those with a picture: datagrams bring no replies, so no transfers either."""
        return () if self._unit.one_way else self._unit.data.unit.of_kind(STREAM)

    async def _wrong(self, options: StreamOptions) -> tuple[str, str]:
        """What cannot be as it was chosen: a key and a detail, or "" twice."""
        try:
            media_folder(self.hass, options.clip_dir)
        except NoMediaDir as error:
            return "media_dir_unknown", error.key
        if options.convert and await async_find_ffmpeg(self.hass) is None:
            return "no_ffmpeg", ""
        return await self._refused(options) if options.way is not Way.CONNECTION else ("", "")

    async def _refused(self, options: StreamOptions) -> tuple[str, str]:
        """Have the unit begin to send this way. One that is busy or off is believed to do it."""
        connection, stream = self._unit.connection, self._streams[0]
        if connection is None:
            return "not_connected", ""
        try:
            kind = await connection.choose_payload_type(stream)
            source = await open_transfer(connection, options.wish(stream, kind))
            await source.close()
        except Refused as refused:
            if refused.code in _NOT_THIS_WAY:
                return "way_refused", error_detail(refused)
        except DEVICE_ERRORS as error:
            return error_key(error), error_detail(error)
        return "", ""

    def _picture_schema(self, given: dict[str, Any]) -> vol.Schema:
        now = StreamOptions.read({**self.config_entry.options, **given})
        folder = now.clip_dir
        if folder not in self.hass.config.media_dirs:
            folder = media_folder(self.hass, "")[0]
        ways = SelectSelectorConfig(
            translation_key="way", options=list(Way), mode=SelectSelectorMode.LIST
        )
        packets = NumberSelectorConfig(
            min=1, max=MAX_TS_PACKETS, step=1, mode=NumberSelectorMode.SLIDER
        )
        folders = SelectSelectorConfig(
            options=list(self.hass.config.media_dirs), mode=SelectSelectorMode.DROPDOWN
        )
        return vol.Schema(
            {
                vol.Required(CONF_WAY, default=now.way): SelectSelector(ways),
                vol.Required(CONF_PACKETS, default=now.packets): NumberSelector(packets),
                vol.Required(CONF_CONVERT, default=now.convert): BooleanSelector(),
                vol.Required(CONF_CLIP_DIR, default=folder): SelectSelector(folders),
            }
        )
