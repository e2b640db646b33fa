"""Names that several files of the integration share."""

from enum import StrEnum
from typing import Final

DOMAIN: Final = "crcp"

CONF_KIND: Final = "kind"
CONF_GUID: Final = "guid"
CONF_FRIENDLY_NAME: Final = "friendly_name"
CONF_SERIAL: Final = "serial"
CONF_DISCOVERY_ID: Final = "discovery_id"
CONF_MANUFACTURER: Final = "manufacturer"
CONF_MODEL: Final = "model"
CONF_VERSION: Final = "version"
CONF_CAMERA_GUID: Final = "camera_guid"


class Kind(StrEnum):
    """The two kinds of config entry."""

    UNIT = "unit"
    CAMERA = "camera"
