"""What all entities share: which device they belong to, when they are available, how they command."""

from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable
from functools import wraps
from typing import Any, Concatenate, override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from .camera_facts import CameraFacts
from .const import CONF_MANUFACTURER, CONF_MODEL, CONF_SERIAL, CONF_VERSION, DOMAIN
from .coordinator import UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .devices import identity
from .errors import in_the_users_words
from .protocols.crcp.messages import Subunit


class CrcpEntity[CoordinatorT: DataUpdateCoordinator[Any]](CoordinatorEntity[CoordinatorT]):
    """An entity named after its device or after what it does there."""

    _attr_has_entity_name = True


class SubunitEntity(CrcpEntity[UnitCoordinator]):
    """An entity of one subunit, which is a child device of its unit.

    extra: whether it is a convenience, which only the first subunit of a kind has from the start.
    Who has several of a kind would drown in entities otherwise.
    """

    extra = False

    #: Whether it was removed for good, and is to be made anew where the unit has it again.
    is_forgotten = False

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit, key: str = "") -> None:
        super().__init__(coordinator)
        self.subunit = subunit
        own = identity(coordinator.unit_id, subunit)
        self._attr_unique_id = f"{own}_{key}" if key else own
        self._attr_translation_key = key or None
        self._attr_assumed_state = coordinator.one_way
        if self.extra and subunit not in coordinator.data.unit.of_kind(subunit.kind)[:1]:
            self._attr_entity_registry_enabled_default = False
        kind = subunit.kind.lower()
        self._attr_device_info = ChildDeviceInfo(
            identifiers={(DOMAIN, own)},
            parent_device_id=coordinator.device_id,
            translation_key=f"{kind}_numbered" if subunit.number else kind,
            translation_placeholders={"number": str(subunit.number)},
        )

    @property
    @override
    def available(self) -> bool:
        """Available while the unit answers and still has this subunit."""
        return super().available and self.subunit in self.coordinator.data.unit.subunits

    @override
    async def async_removed_from_registry(self) -> None:
        self.is_forgotten = True


class CameraEntity(CrcpEntity[CameraCoordinator]):
    """An entity of a photo camera. It stays available while the camera sleeps: pictures stay."""

    def __init__(self, coordinator: CameraCoordinator, key: str) -> None:
        super().__init__(coordinator)
        data = coordinator.config_entry.data
        identity = f"ptpip:{data[CONF_SERIAL]}"
        self._attr_unique_id = f"{identity}_{key}"
        self._attr_translation_key = key
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, identity)},
            name=coordinator.config_entry.title,
            manufacturer=data[CONF_MANUFACTURER] or None,
            model=data[CONF_MODEL] or None,
            sw_version=data[CONF_VERSION] or None,
            serial_number=data[CONF_SERIAL],
        )


def add_as_found[KeyT: Hashable](
    entry: UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    keys: Callable[[UnitCoordinator], Iterable[KeyT]],
    make: Callable[[UnitCoordinator, KeyT], SubunitEntity],
) -> None:
    """Add an entity for each key that keys finds, now and whenever one is new.

    Most units do not tell what their camera can do while they are off; and a subunit that was
    unplugged, whose device is gone then, may be plugged in again.
    """
    coordinator = entry.runtime_data
    known: dict[KeyT, SubunitEntity] = {}

    @callback
    def add_new() -> None:
        there = coordinator.data.unit.subunits
        for key, entity in list(known.items()):
            if entity.subunit not in there or entity.is_forgotten:
                del known[key]
        new = {key: make(coordinator, key) for key in keys(coordinator) if key not in known}
        known.update(new)
        if new:
            async_add_entities(new.values())

    entry.async_on_unload(coordinator.async_add_listener(add_new))
    add_new()


def add_as_known[KeyT: Hashable](
    entry: CameraConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    keys: Callable[[CameraFacts], Iterable[KeyT]],
    make: Callable[[CameraCoordinator, KeyT], Entity],
) -> None:
    """Add an entity of a camera for each key that keys finds, now and whenever one is new.

    What a camera can do is known once it was there, and stays known while it sleeps.
    """
    coordinator, known = entry.runtime_data, set[KeyT]()

    @callback
    def add_new() -> None:
        new = [key for key in keys(coordinator.data.facts) if key not in known]
        known.update(new)
        if new:
            async_add_entities(make(coordinator, key) for key in new)

    entry.async_on_unload(coordinator.async_add_listener(add_new))
    add_new()


def command[EntityT: SubunitEntity, **P](
    method: Callable[Concatenate[EntityT, P], Awaitable[None]],
) -> Callable[Concatenate[EntityT, P], Coroutine[Any, Any, None]]:
    """Make an entity's method a command, whose errors are told in the user's words."""

    @wraps(method)
    async def perform(self: EntityT, *args: P.args, **kwargs: P.kwargs) -> None:
        with in_the_users_words():
            await method(self, *args, **kwargs)

    return perform
