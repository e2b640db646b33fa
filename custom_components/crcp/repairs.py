"""Repair issues that a person can put right with a click."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .const import DOMAIN
from .coordinator_camera import CameraCoordinator


async def async_create_fix_flow(
    _hass: HomeAssistant, _issue_id: str, _data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Begin the dialogue of an issue: there is one kind that has any."""
    return UseFolderFlow()


class UseFolderFlow(RepairsFlow):
    """Asks whether the folder that is there now is the one to store pictures in, and uses it."""

    async def async_step_init(self, _user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask, then do it; what keeps us from it is told."""
        problem = ""
        if user_input is not None:
            problem = await self._use_it()
            if not problem:
                return self.async_create_entry(data={})
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors={"base": "folder_not_usable"} if problem else {},
            description_placeholders={
                **((issue and issue.translation_placeholders) or {}),
                "problem": problem,
            },
        )

    async def _use_it(self) -> str:
        """Use the folder; return why not, or ""."""
        entry_id = str((self.data or {}).get("entry_id"))
        entry = self.hass.config_entries.async_get_entry(entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return ""  # it was removed, or is set up again, which looks at the folder
        camera: CameraCoordinator = entry.runtime_data
        try:
            await camera.photos.async_accept_folder()
        except HomeAssistantError as error:
            return str(error)
        return ""
