"""Diagnostics of a unit or a camera."""

from typing import Any

from homeassistant.core import HomeAssistant

from .coordinator import CrcpConfigEntry, UnitCoordinator
from .diagnostics_camera import camera_diagnostics
from .diagnostics_unit import unit_diagnostics


async def async_get_config_entry_diagnostics(
    _hass: HomeAssistant, entry: CrcpConfigEntry
) -> dict[str, Any]:
    """Describe a device for a report about a defect."""
    if isinstance(entry.runtime_data, UnitCoordinator):
        return unit_diagnostics(entry)
    return camera_diagnostics(entry)
