"""Connect to a unit as its entry says: over TCP or TLS, with or without a login."""

from collections.abc import Mapping
import ssl
from typing import Any, Final

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.util.ssl import get_default_context, get_default_no_verify_context

from .const import CONF_ACCOUNT, CONF_CHANNEL, CONF_PLAIN, Channel
from .names import clean_name
from .protocols.crcp.client import Controller, OneWayController
from .protocols.crcp.datagrams import Signer
from .protocols.crcp.login import Credentials, PlainPassword

#: A greeting may be longer than a name.
MAX_GREETING: Final = 200


async def dial(data: Mapping[str, Any]) -> Controller:
    """Connect, and log in where there is a login. Raises what Controller.connect raises."""
    return await Controller.connect(
        data[CONF_HOST], data[CONF_PORT], credentials=credentials(data), tls=_tls(data)
    )


async def open_one_way(data: Mapping[str, Any]) -> OneWayController:
    """Open a socket for datagrams, signed where there is a login. Raises LinkError."""
    signer = None
    if user := data.get(CONF_USERNAME):
        signer = Signer(user, data.get(CONF_PASSWORD, ""))
    return await OneWayController.open(data[CONF_HOST], data[CONF_PORT], signer=signer)


def greeting(controller: Controller) -> str:
    """What a unit said first, fit to be kept: the only thing that it tells before it is asked."""
    said = controller.greeting
    return clean_name(said.text if said else "", "", MAX_GREETING)


def credentials(data: Mapping[str, Any]) -> Credentials | None:
    """The login of an entry."""
    if not data.get(CONF_USERNAME):
        return None
    plain = data.get(CONF_PLAIN, PlainPassword.UNLESS_CHALLENGED.name.lower())
    return Credentials(
        data[CONF_USERNAME],
        data.get(CONF_PASSWORD, ""),
        data.get(CONF_ACCOUNT) or None,
        PlainPassword[plain.upper()],
    )


def _tls(data: Mapping[str, Any]) -> ssl.SSLContext | None:
    if data.get(CONF_CHANNEL) != Channel.TLS:
        return None
    # At home a certificate is most often the unit's own, which nobody can vouch for.
    return get_default_context() if data.get(CONF_VERIFY_SSL) else get_default_no_verify_context()
