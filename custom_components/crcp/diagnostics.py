"""Diagnostics of a unit or a camera."""

from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .coordinator import CrcpConfigEntry, UnitCoordinator
from .diagnostics_camera import REDACTED as CAMERA, camera_diagnostics
from .diagnostics_unit import REDACTED as UNIT, unit_diagnostics


async def async_get_config_entry_diagnostics(
    _hass: HomeAssistant, entry: CrcpConfigEntry
) -> dict[str, Any]:
    """Describe a device for a report about a defect; of one that is not set up, why it is not."""
    if entry.state is not ConfigEntryState.LOADED:
        return {
            "entry": async_redact_data(entry.as_dict(), CAMERA | UNIT),
            "state": entry.state.value,
            "why": entry.error_reason_translation_key,
        }
    if isinstance(entry.runtime_data, UnitCoordinator):
        return unit_diagnostics(entry)
    return camera_diagnostics(entry)
