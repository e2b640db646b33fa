"""Names that several files of the integration share."""

from enum import StrEnum
from typing import Final

DOMAIN: Final = "crcp"

CONF_KIND: Final = "kind"
CONF_DEMO: Final = "demo"
CONF_GUID: Final = "guid"
CONF_FRIENDLY_NAME: Final = "friendly_name"
CONF_SERIAL: Final = "serial"
CONF_DISCOVERY_ID: Final = "discovery_id"
CONF_MANUFACTURER: Final = "manufacturer"
CONF_MODEL: Final = "model"
CONF_VERSION: Final = "version"
CONF_CAMERA_GUID: Final = "camera_guid"

CONF_CHANNEL: Final = "channel"
CONF_ACCOUNT: Final = "account"
CONF_PLAIN: Final = "plain"
CONF_GREETING: Final = "greeting"
CONF_IDENTITY: Final = "identity"
CONF_SUBUNITS: Final = "subunits"
CONF_PARAMETERS: Final = "parameters"
CONF_PRESETS: Final = "presets"

CONF_SENTENCES: Final = "sentences"

#: What the logbook tells of a camera. Automations have the event entity, which says more.
EVENT_PHOTO: Final = "crcp_photo"


class Kind(StrEnum):
    """The two kinds of config entry."""

    UNIT = "unit"
    CAMERA = "camera"


class Channel(StrEnum):
    """The ways to command a unit."""

    TCP = "tcp"
    TLS = "tls"
    UDP = "udp"
