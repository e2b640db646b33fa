"""Home Assistant's ffmpeg, which converts what its player cannot show."""

import shutil

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component


async def async_find_ffmpeg(hass: HomeAssistant) -> str | None:
    """The program that the integration ffmpeg names; None where there is none."""
    if not await async_setup_component(hass, "ffmpeg", {}):
        return None
    # It cannot be imported before it is set up, which installs what it needs.
    from homeassistant.components.ffmpeg import get_ffmpeg_manager

    program = get_ffmpeg_manager(hass).binary
    return await hass.async_add_executor_job(shutil.which, program)
