"""The actions of streams: clips out of them and into them."""

from datetime import timedelta
from typing import Any, Final

from homeassistant.components.camera import DOMAIN as CAMERA
from homeassistant.core import HomeAssistant, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_platform_entity_service
import voluptuous as vol

from .camera_clips import LONGEST
from .const import DOMAIN

_POSITION: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=2147483647))

#: What goes into a command line: one line, of characters that can be seen.
_NAME: Final = vol.All(cv.string, vol.Length(min=1, max=200), vol.Match(r"[^\x00-\x1f\x7f]+\Z"))

_ACTIONS: Final[dict[str, dict[str | vol.Marker, Any]]] = {
    "fetch_clip": {
        vol.Optional("name"): _NAME,
        vol.Required("start"): _POSITION,
        vol.Required("end"): _POSITION,
    },
    "record_stream": {
        vol.Required("duration"): vol.All(
            cv.positive_time_period, vol.Range(max=timedelta(seconds=LONGEST))
        )
    },
    "send_clip": {
        vol.Required("media"): vol.Any(cv.string, vol.Schema({}, extra=vol.ALLOW_EXTRA)),
        vol.Required("name"): _NAME,
    },
}


@callback
def async_register_stream_actions(hass: HomeAssistant) -> None:
    """Register them."""
    for name, schema in _ACTIONS.items():
        async_register_platform_entity_service(
            hass,
            DOMAIN,
            name,
            entity_domain=CAMERA,
            schema=schema,
            func=f"async_action_{name}",
            supports_response=SupportsResponse.OPTIONAL,
        )
