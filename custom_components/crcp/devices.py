"""The devices of a unit: itself, and its subunits as its children, which come and go."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .const import CONF_MANUFACTURER, CONF_MODEL, CONF_VERSION, DOMAIN
from .coordinator import UnitCoordinator
from .parameter_words import WORDS
from .protocols.crcp.messages import Subunit


def identity(unit_id: str, subunit: Subunit) -> str:
    """What a subunit's device is known by, and what its entities' ids begin with."""
    return f"{unit_id}_{subunit}"


@callback
def async_add_unit(hass: HomeAssistant, coordinator: UnitCoordinator) -> None:
    """Register the unit's own device, which its subunits' need, and keep theirs up to date."""
    entry = coordinator.config_entry
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, coordinator.unit_id)},
        name=entry.title,
        manufacturer=entry.data.get(CONF_MANUFACTURER) or None,
        model=entry.data.get(CONF_MODEL) or "CRCP unit",
        sw_version=entry.data.get(CONF_VERSION) or None,
    )
    coordinator.device_id = device.id

    was_there = False

    @callback
    def forget_vanished() -> None:
        nonlocal was_there
        _forget_vanished(hass, coordinator)
        # Only what comes may be another than it was: a list with a gap in it is a bad reading.
        if coordinator.last_update_success and not was_there:
            _forget_unlisted(hass, coordinator)
        was_there = coordinator.last_update_success

    entry.async_on_unload(coordinator.async_add_listener(forget_vanished))
    forget_vanished()


def _forget_vanished(hass: HomeAssistant, coordinator: UnitCoordinator) -> None:
    registry = dr.async_get(hass)
    there = {
        (DOMAIN, identity(coordinator.unit_id, subunit))
        for subunit in coordinator.data.unit.subunits
    }
    for child in dr.async_entries_for_parent_device(registry, coordinator.device_id):
        if not child.identifiers & there:
            registry.async_remove_device(child.id)


def _forget_unlisted(hass: HomeAssistant, coordinator: UnitCoordinator) -> None:
    """Remove the entities of parameters that a camera has no more.

    None of one that is off, or has just begun: it may list a few of its parameters, or none.
    """
    registry = er.async_get(hass)
    gone = {
        f"{identity(coordinator.unit_id, camera)}_{key}"
        for camera, status in coordinator.data.cameras.items()
        if status.parameters and not coordinator.powers.is_off(camera)
        for name, words in WORDS.items()
        if name not in status.parameters
        for key in words.keys
    }
    for entity in er.async_entries_for_config_entry(registry, coordinator.config_entry.entry_id):
        if entity.unique_id in gone:
            registry.async_remove(entity.entity_id)
