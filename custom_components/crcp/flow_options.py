"""Choose what becomes of a camera's pictures."""

from pathlib import Path
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
)
import voluptuous as vol

from .const import CONF_SENTENCES
from .photo_library import NoMediaDir, media_folder, prepare_library
from .photo_options import (
    CONF_AUTO,
    CONF_DELETE,
    CONF_KINDS,
    CONF_MEDIA_DIR,
    CONF_PROTECTED_ONLY,
    CONF_SKIP_PRESENT,
    CONF_SLOTS,
    CONF_START,
    CONF_TEMPLATE,
    DEFAULT_TEMPLATE,
    KINDS,
    SLOTS,
    START_ALL,
    START_NEW,
    TELLING_FIELDS,
    TEMPLATE_FIELDS,
    TemplateError,
    preview,
    tells_apart,
)

#: The sections of the form, and what of the options each has.
SECTIONS: Final = {
    "place": (CONF_MEDIA_DIR, CONF_TEMPLATE),
    "choice": (CONF_START, CONF_KINDS, CONF_SLOTS, CONF_PROTECTED_ONLY),
    "after": (CONF_DELETE,),
}

#: What a person should look at once more before it happens.
WORTH_A_LOOK: Final = (CONF_MEDIA_DIR, CONF_TEMPLATE, CONF_DELETE)


class CameraOptionsFlow(OptionsFlowWithReload):
    """The dialogue about a camera's pictures; nothing changes before all of it is valid."""

    def __init__(self) -> None:
        self._options: dict[str, Any] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for everything."""
        before = self._defaults() | self.config_entry.options
        errors, detail = {}, ""
        if user_input is not None:
            self._options = _flat(user_input)
            key, detail = await self._wrong()
            if not key:
                changed = any(self._options[each] != before[each] for each in WORTH_A_LOOK)
                return await (self.async_step_confirm() if changed else self.async_step_save())
            errors["base"] = key
        shown = self._options or before
        return self.async_show_form(
            step_id="init",
            data_schema=self._schema(shown),
            errors=errors,
            description_placeholders={
                "detail": detail,
                "fields": TEMPLATE_FIELDS,
                "telling": TELLING_FIELDS,
                "example": self._example_now(before[CONF_TEMPLATE]),
            },
            last_step=False,
        )

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show where a picture would lie, and what deleting means."""
        if user_input is not None:
            return await self.async_step_save()
        folder = media_folder(self.hass, self._options[CONF_MEDIA_DIR])[1]
        example = self._example(self._options[CONF_TEMPLATE])
        return self.async_show_form(
            step_id="confirm_delete" if self._options[CONF_DELETE] else "confirm",
            data_schema=vol.Schema({}),
            description_placeholders={"example": f"{folder}/{example}"},
            last_step=True,
        )

    async_step_confirm_delete = async_step_confirm

    async def async_step_save(self) -> ConfigFlowResult:
        """Keep what was chosen."""
        before = self.config_entry.options
        begins_anew = before.get(CONF_START, START_ALL) != self._options[CONF_START]
        self._options[CONF_SKIP_PRESENT] = self._options[CONF_START] == START_NEW and (
            begins_anew or before.get(CONF_SKIP_PRESENT, False)
        )
        return self.async_create_entry(data=self._options)

    async def _wrong(self) -> tuple[str, str]:
        """What cannot be kept as it was chosen: a key and a detail, or "" twice."""
        if not self._options[CONF_KINDS]:
            return "nothing_chosen", ""
        try:
            if not tells_apart(self._options[CONF_TEMPLATE]):
                return "template_alike", ""
            folder = media_folder(self.hass, self._options[CONF_MEDIA_DIR])[1]
        except TemplateError as error:
            return "template_not_usable", str(error)
        except NoMediaDir as error:
            return "media_dir_unknown", error.key
        config = Path(self.hass.config.config_dir)
        wrong = await self.hass.async_add_executor_job(prepare_library, config, folder)
        return ("folder_not_usable", wrong) if wrong else ("", "")

    def _example(self, template: str) -> str:
        return preview(template, self.config_entry.title)

    def _example_now(self, template: str) -> str:
        try:
            return self._example(template)
        except TemplateError:  # that is why this dialogue was opened
            return template

    def _defaults(self) -> dict[str, Any]:
        return {
            CONF_MEDIA_DIR: media_folder(self.hass, "")[0],
            CONF_TEMPLATE: DEFAULT_TEMPLATE,
            CONF_START: START_ALL,
            CONF_KINDS: list(KINDS),
            CONF_SLOTS: [],
            CONF_PROTECTED_ONLY: False,
            CONF_DELETE: False,
            CONF_AUTO: True,
            CONF_SENTENCES: False,
        }

    def _schema(self, shown: dict[str, Any]) -> vol.Schema:
        fields = {
            CONF_MEDIA_DIR: _select(list(self.hass.config.media_dirs)),
            CONF_TEMPLATE: TextSelector(),
            CONF_START: _select([START_ALL, START_NEW], "start"),
            CONF_KINDS: _select(list(KINDS), "kinds", multiple=True),
            CONF_SLOTS: _select(list(SLOTS), "slots", multiple=True),
            CONF_PROTECTED_ONLY: BooleanSelector(),
            CONF_DELETE: BooleanSelector(),
        }
        schema: dict[Any, Any] = {
            vol.Required(CONF_AUTO, default=shown[CONF_AUTO]): BooleanSelector()
        }
        for name, keys in SECTIONS.items():
            inner = {vol.Required(key, default=shown[key]): fields[key] for key in keys}
            schema[vol.Required(name)] = section(vol.Schema(inner), {"collapsed": name == "after"})
        schema[vol.Required(CONF_SENTENCES, default=shown[CONF_SENTENCES])] = BooleanSelector()
        return vol.Schema(schema)


def _flat(user_input: dict[str, Any]) -> dict[str, Any]:
    """The options without the form's sections."""
    flat = {key: user_input[key] for key in (CONF_AUTO, CONF_SENTENCES)}
    for name in SECTIONS:
        flat |= user_input[name]
    return flat


def _select(
    options: list[str], key: str | None = None, *, multiple: bool = False
) -> SelectSelector:
    config = SelectSelectorConfig(
        options=options,
        multiple=multiple,
        mode=SelectSelectorMode.LIST if key else SelectSelectorMode.DROPDOWN,
    )
    if key:
        config["translation_key"] = key
    return SelectSelector(config)
