"""What a unit is known by: fixed when its entry is made, whatever is learnt of the unit later.

Its devices, entities and scenes hang on it. The unique id of the entry may change, with an
announcement that anybody on the network can send, or with the unit's address.
"""

from typing import Any
import uuid

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import CONF_IDENTITY, CONF_KIND, DOMAIN, Kind


def unit_identity(entry: ConfigEntry[Any]) -> str:
    """The fixed identity of a unit; before it was kept, the unique id was it."""
    return str(entry.data.get(CONF_IDENTITY) or entry.unique_id or entry.entry_id)


def new_identity(hass: HomeAssistant, unique_id: str) -> str:
    """The identity of a new unit: its unique id, unless that has been another unit's before."""
    taken = {unit_identity(entry) for entry in hass.config_entries.async_entries(DOMAIN)}
    return f"{unique_id}#{uuid.uuid4().hex}" if unique_id in taken else unique_id


@callback
def fix_identity(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Keep the identity of a unit, before anything else changes its unique id."""
    if entry.data.get(CONF_KIND) == Kind.UNIT and CONF_IDENTITY not in entry.data:
        data = {**entry.data, CONF_IDENTITY: unit_identity(entry)}
        hass.config_entries.async_update_entry(entry, data=data)
