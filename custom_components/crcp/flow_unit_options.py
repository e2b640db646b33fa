"""The options of a unit: its picture, the presets of its cameras, and whether it is spoken to."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)
import voluptuous as vol

from .const import CONF_SENTENCES
from .errors import DEVICE_ERRORS, error_detail, error_key
from .flow_stream_options import StreamOptionsFlow
from .presets import Preset
from .protocols.crcp.codec import parse_subunit
from .protocols.crcp.messages import Subunit
from .protocols.crcp.subunits import CAMERA

_PRESET: Final = "preset"
_CAMERA: Final = "camera"


class UnitOptionsFlow(StreamOptionsFlow):
    """Choose how the picture comes; save, rename and delete presets; switch our sentences on."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin."""
        return await self.async_step_unit()

    async def async_step_unit(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what is to be done."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_connected")
        options = ["picture"] if self._streams else []
        if self._unit.data.cameras and self._unit.connection:
            # Where a camera stands, only a unit that answers can tell.
            options.append("save_preset")
        if self._unit.presets.all:
            options += ["rename_preset", "delete_preset"]
        return self.async_show_menu(step_id="unit", menu_options=[*options, "voice"])

    async def async_step_voice(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether our sentences are wanted."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        wanted = self.config_entry.options.get(CONF_SENTENCES, False)
        schema = vol.Schema({vol.Required(CONF_SENTENCES, default=wanted): BooleanSelector()})
        return self._form("voice", schema, {})

    async def async_step_save_preset(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Keep where a camera stands now."""
        errors, detail = {}, ""
        if user_input is not None:
            camera = parse_subunit(user_input[_CAMERA]) or Subunit(CAMERA)
            try:
                status = await self._unit.controller.camera_status(camera)
                self._unit.presets.save(user_input[CONF_NAME], camera, status)
                return self._done()
            except DEVICE_ERRORS as error:
                errors["base"], detail = error_key(error), error_detail(error)
            except HomeAssistantError as error:
                errors["base"] = error.translation_key or ""
        cameras = [str(camera) for camera in self._unit.data.cameras]
        if not cameras:
            return self.async_abort(reason="not_connected")
        schema = vol.Schema(
            {
                vol.Required(_CAMERA, default=cameras[0]): SelectSelector(
                    SelectSelectorConfig(options=cameras)
                ),
                vol.Required(CONF_NAME): TextSelector(),
            }
        )
        return self._form("save_preset", schema, errors, detail)

    async def async_step_rename_preset(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Give a preset another name."""
        errors = {}
        if user_input is not None:
            if (preset := self._chosen(user_input)) is None:
                return self.async_abort(reason="preset_gone")
            try:
                self._unit.presets.rename(preset, user_input[CONF_NAME])
                return self._done()
            except ServiceValidationError as error:
                errors["base"] = error.translation_key or ""
        schema = vol.Schema({**self._which(), vol.Required(CONF_NAME): TextSelector()})
        return self._form("rename_preset", schema, errors)

    async def async_step_delete_preset(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Forget a preset."""
        if user_input is not None:
            if preset := self._chosen(user_input):
                self._unit.presets.delete(preset)
            return self._done()
        return self._form("delete_preset", vol.Schema(self._which()), {})

    def _which(self) -> dict[vol.Marker, Any]:
        options = [
            SelectOptionDict(value=preset.id, label=preset.name)
            for preset in self._unit.presets.all.values()
        ]
        return {vol.Required(_PRESET): SelectSelector(SelectSelectorConfig(options=options))}

    def _chosen(self, user_input: dict[str, Any]) -> Preset | None:
        """The preset, unless an action has deleted it while the form was open."""
        return self._unit.presets.all.get(user_input[_PRESET])

    def _form(
        self, step_id: str, schema: vol.Schema, errors: dict[str, str], detail: str = ""
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors=errors,
            description_placeholders={"detail": detail},
        )

    def _done(self) -> ConfigFlowResult:
        """The options are written; the scenes follow them."""
        self._unit.async_update_listeners()
        return self.async_create_entry(data=dict(self.config_entry.options))
