"""What a photo camera is and does, for a report about a defect; whose it is, is left out."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST

from .const import CONF_CAMERA_GUID, CONF_DISCOVERY_ID, CONF_GUID, CONF_SERIAL
from .coordinator_camera import CameraConfigEntry
from .photo_options import CONF_MEDIA_DIR

#: What a camera is told by, and paired by; and where somebody's pictures are.
REDACTED: Final = {
    CONF_HOST,
    CONF_GUID,
    CONF_SERIAL,
    CONF_DISCOVERY_ID,
    CONF_CAMERA_GUID,
    CONF_MEDIA_DIR,
    "unique_id",
    "title",
}


def camera_diagnostics(entry: CameraConfigEntry) -> dict[str, Any]:
    """Describe a camera as its coordinator knows it: its state, and the counts of its pictures."""
    told = entry.runtime_data.data
    photos = asdict(told.photos)
    # The last picture's name and place are its owner's; so may be what an error says of a file.
    photos["last"] = photos["last"] is not None
    del photos["failures"]
    photos["trouble_detail"] = bool(photos["trouble_detail"])
    return {
        "entry": async_redact_data(entry.as_dict(), REDACTED),
        "state": told.state,
        "connected": told.connected,
        "refusal": told.refusal,
        "photos": photos,
    }
