"""The actions of units: what no entity's own action can say."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from homeassistant.components.media_player import DOMAIN as MEDIA_PLAYER
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_NAME
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.entity_registry import async_get as async_get_entities
from homeassistant.helpers.service import async_register_platform_entity_service
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
import voluptuous as vol

from .camera_moves import move_camera, recall_preset
from .const import DOMAIN
from .coordinator import UnitCoordinator
from .devices import identity
from .errors import in_the_users_words, invalid
from .parameter_words import WORDS
from .protocols.crcp.messages import Subunit
from .protocols.crcp.subunits import CAMERA

#: A camera of a unit.
type Camera = tuple[UnitCoordinator, Subunit]

#: No move that is to be stopped goes on for longer than this, in seconds.
LONGEST_MOVE: Final = 3600

#: And no tape that is to be paused plays for longer: a day is longer than any tape.
LONGEST_PLAY: Final = 86400

#: What fits the 32 bits that a number of the draft has.
_VALUE: Final = vol.All(vol.Coerce(float), vol.Range(min=-2147483647, max=2147483647))
_SPEED: Final = vol.All(vol.Coerce(float), vol.Range(min=-1000, max=1000))
_POSITION: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=2147483647))

_TAPE_ACTIONS: Final[dict[str, dict[str | vol.Marker, Any]]] = {
    "play": {
        vol.Optional("speed"): _SPEED,
        vol.Exclusive("duration", "end"): vol.All(
            cv.positive_time_period, vol.Range(max=timedelta(seconds=LONGEST_PLAY))
        ),
        vol.Exclusive("stop_position", "end"): _POSITION,
    },
    "record": {
        vol.Optional("speed"): vol.All(_SPEED, vol.Range(min=0.01)),
        vol.Exclusive("duration", "end"): cv.positive_time_period,
        vol.Exclusive("stop_position", "end"): _POSITION,
    },
    "wind": {
        vol.Optional("direction", default="forward"): vol.In(("forward", "backward")),
        vol.Optional("speed"): vol.All(_SPEED, vol.Range(min=0.01)),
        vol.Optional("stop_position"): _POSITION,
    },
    "go_to": {vol.Required("position"): _POSITION},
}

_PARAMETERS: Final = {words.key: name for name, words in WORDS.items()}

_MOVE: Final = vol.Schema(
    {
        **cv.TARGET_SERVICE_FIELDS,
        **{vol.Optional(key): _VALUE for key in _PARAMETERS},
        vol.Optional("relative", default=False): cv.boolean,
        vol.Optional("duration"): vol.All(
            cv.positive_time_period, vol.Range(max=timedelta(seconds=LONGEST_MOVE))
        ),
    }
)

_PRESET: Final = {**cv.TARGET_SERVICE_FIELDS, vol.Required(CONF_NAME): cv.string}


@callback
def async_register_unit_actions(hass: HomeAssistant) -> None:
    """Register the actions of units; they look for their unit when they are called."""
    for name, schema in _TAPE_ACTIONS.items():
        async_register_platform_entity_service(
            hass,
            DOMAIN,
            name,
            entity_domain=MEDIA_PLAYER,
            schema=schema,
            func=f"async_action_{name}",
        )
    hass.services.async_register(DOMAIN, "move", _move, schema=_MOVE)
    preset = vol.Schema(_PRESET)
    hass.services.async_register(DOMAIN, "save_preset", _save_preset, schema=preset)
    hass.services.async_register(DOMAIN, "recall_preset", _recall_preset, schema=preset)
    hass.services.async_register(DOMAIN, "delete_preset", _delete_preset, schema=preset)
    rename = vol.Schema({**_PRESET, vol.Required("new_name"): cv.string})
    hass.services.async_register(DOMAIN, "rename_preset", _rename_preset, schema=rename)


async def _move(call: ServiceCall) -> None:
    values = {name: call.data[key] for key, name in _PARAMETERS.items() if key in call.data}
    if not values:
        raise invalid("nothing_to_move")
    duration: timedelta | None = call.data.get("duration")
    if duration == timedelta():
        raise invalid("no_duration")
    for coordinator, camera in _cameras(call):
        _check_parameters(coordinator, camera, values)
        if call.data["relative"] and not coordinator.tells_twins_apart:
            raise invalid("needs_signature")
        with in_the_users_words():
            await move_camera(
                coordinator,
                camera,
                values,
                relative=call.data["relative"],
                seconds=None if duration is None else duration.total_seconds(),
            )


async def _save_preset(call: ServiceCall) -> None:
    for coordinator, camera in _cameras(call):
        with in_the_users_words():
            status = await coordinator.controller.camera_status(camera)
        coordinator.presets.save(call.data[CONF_NAME], camera, status)
        coordinator.async_update_listeners()


async def _recall_preset(call: ServiceCall) -> None:
    for coordinator, camera in _cameras(call):
        preset = coordinator.presets.find(camera, call.data[CONF_NAME])
        with in_the_users_words():
            await recall_preset(coordinator, preset)


async def _rename_preset(call: ServiceCall) -> None:
    for coordinator, camera in _cameras(call):
        preset = coordinator.presets.find(camera, call.data[CONF_NAME])
        coordinator.presets.rename(preset, call.data["new_name"])
        coordinator.async_update_listeners()


async def _delete_preset(call: ServiceCall) -> None:
    for coordinator, camera in _cameras(call):
        coordinator.presets.delete(coordinator.presets.find(camera, call.data[CONF_NAME]))
        coordinator.async_update_listeners()


def _cameras(call: ServiceCall) -> list[Camera]:
    """The cameras that an action is for: by device, by any entity of theirs, by area or label."""
    selected = async_extract_referenced_entity_ids(call.hass, TargetSelection(call.data))
    entities = async_get_entities(call.hass)
    # A device or an area stands for all that is in it; what is no camera of a unit is left out.
    devices = set(selected.referenced_devices)
    for entity_id in selected.referenced | selected.indirectly_referenced:
        if (entity := entities.async_get(entity_id)) and entity.device_id:
            devices.add(entity.device_id)
    found = [camera for device in sorted(devices) for camera in _cameras_of(call.hass, device)]
    if not found:
        _check_loaded(call.hass, devices)
        raise invalid("not_a_camera")
    return found


def _check_loaded(hass: HomeAssistant, devices: set[str]) -> None:
    """Raise ServiceValidationError naming a unit among some devices that is not set up."""
    there = filter(None, map(dr.async_get(hass).async_get, devices))
    entries = {device.config_entry_id for device in there}
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.entry_id in entries and entry.state is not ConfigEntryState.LOADED:
            raise invalid("camera_not_loaded", camera=entry.title)


def _cameras_of(hass: HomeAssistant, device_id: str) -> Iterator[Camera]:
    device = dr.async_get(hass).async_get(device_id)
    identifiers = device.identifiers if device else set()
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        coordinator = entry.runtime_data
        if isinstance(coordinator, UnitCoordinator):
            for camera in coordinator.data.unit.of_kind(CAMERA):
                if (DOMAIN, identity(coordinator.unit_id, camera)) in identifiers:
                    yield coordinator, camera


def _check_parameters(
    coordinator: UnitCoordinator, camera: Subunit, values: dict[str, float]
) -> None:
    status = coordinator.data.cameras.get(camera)
    for name in values:
        if status and name not in status.parameters:
            raise invalid("no_such_parameter", name=WORDS[name].key)
