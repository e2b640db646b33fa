"""POWER subunits, automatic control of a parameter, and the guard before recording, as switches."""

from collections.abc import Iterator
from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry, CameraCoordinator
from .entity import SubunitEntity, add_as_found, command
from .entity_parameter import ParameterEntity, listed_parameters
from .entity_tape import TapeEntity
from .parameter_words import WORDS
from .protocols.crcp.commands import Commands
from .protocols.crcp.messages import Subunit
from .protocols.crcp.subunits import POWER
from .switch_camera import AutoImportSwitch

# The connection takes one command at a time by itself, and a power that is slow to come on must
# not hold up the others.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraConfigEntry | UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of a unit, or the one of a camera."""
    if isinstance(entry.runtime_data, CameraCoordinator):
        async_add_entities([AutoImportSwitch(entry.runtime_data, "auto_import")])
        return
    add_as_found(entry, async_add_entities, lambda c: c.data.unit.of_kind(POWER), PowerSwitch)
    add_as_found(entry, async_add_entities, _automatic, lambda c, key: AutoSwitch(c, *key))
    add_as_found(entry, async_add_entities, _recorders, RecordGuard)


class PowerSwitch(SubunitEntity, SwitchEntity):
    """Power on and off (section 6.1 of the draft)."""

    _attr_name = None

    @property
    @override
    def available(self) -> bool:
        """What is off may close its connection, and is still off."""
        listed = self.subunit in self.coordinator.data.unit.subunits
        return super().available or (listed and self.coordinator.powers.is_off(self.subunit))

    @property
    @override
    def assumed_state(self) -> bool:
        """Whether the unit cannot tell."""
        return self.coordinator.powers.is_assumed(self.subunit)

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether the power is on; unknown where the unit cannot tell and nobody has switched."""
        return self.coordinator.powers.is_on(self.subunit)

    @override
    @command
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch the power on."""
        await self.coordinator.async_set_power(self.subunit, on=True)

    @override
    @command
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch the power off."""
        await self.coordinator.async_set_power(self.subunit, on=False)


class AutoSwitch(ParameterEntity, SwitchEntity):
    """Whether the camera controls a parameter by itself (section 9 of the draft)."""

    extra = True

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit, name: str) -> None:
        super().__init__(coordinator, subunit, name, WORDS[name].automatic)
        # The draft has no way to tell who has AUTO; where the unit does not, it can be tried.
        if self.parameter is None or self.parameter.automatic is None:
            self._attr_entity_registry_enabled_default = False

    @property
    @override
    def assumed_state(self) -> bool:
        """Whether the unit does not tell."""
        return self.parameter is None or self.parameter.automatic is None

    @property
    @override
    def is_on(self) -> bool:
        """Whether the camera is in control."""
        return self.is_automatic

    @override
    @command
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Let the camera control it."""

        async def automatic(controller: Commands) -> None:
            await self.coordinator.endings.send(self.key, lambda: controller.set_auto(*self.key))
            self.coordinator.targets.automatic.add(self.key)

        self.coordinator.targets.forget(self.subunit, (self.name_on_the_wire,))
        await self.coordinator.async_command(self.subunit, automatic)

    @override
    @command
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Take control, and leave the parameter where it is.

        A value that was set after the control was given away has taken it already, and a scene may
        bring both back in any order: it is not stopped on its way.
        """
        targets = self.coordinator.targets
        if targets.get(self.key) is not None:
            return

        async def manual(controller: Commands) -> None:
            await self.coordinator.endings.send(self.key, lambda: controller.stop_motion(*self.key))
            targets.automatic.discard(self.key)

        await self.coordinator.async_command(self.subunit, manual)


class RecordGuard(TapeEntity, SwitchEntity):
    """Whether recording is allowed. Off after every start: a recording cannot be undone."""

    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit) -> None:
        super().__init__(coordinator, subunit, "recording_allowed")
        self._attr_assumed_state = False

    @property
    @override
    def available(self) -> bool:
        """It is ours, so it can be set while the unit is away."""
        return self.subunit in self.coordinator.data.unit.subunits

    @property
    @override
    def is_on(self) -> bool:
        """Whether recording is allowed."""
        return self.tape.may_record

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Allow recording."""
        self.tape.may_record = True
        self.coordinator.async_update_listeners()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Forbid recording; one that runs goes on."""
        self.tape.may_record = False
        self.coordinator.async_update_listeners()


def _automatic(coordinator: UnitCoordinator) -> Iterator[tuple[Subunit, str]]:
    """The parameters with automatic control, and those of lens and sensor, which may have it."""
    for subunit, parameter in listed_parameters(coordinator):
        if parameter.automatic is not None or parameter.name in ("FOCU", "IRIS", "SENS", "WHIT"):
            yield subunit, parameter.name


def _recorders(coordinator: UnitCoordinator) -> Iterator[Subunit]:
    for subunit, status in coordinator.data.tapes.items():
        if "RECO" in status.abilities:
            yield subunit
