"""CAMERA parameters and the speed of a TAPE as numbers, in the unit's own ranges and steps."""

from collections.abc import Iterator
from math import isfinite
from typing import Final, override

from homeassistant.components.number import NumberEntity, NumberMode
from homeassistant.const import EntityCategory, UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import UnitConfigEntry, UnitCoordinator
from .coordinator_camera import CameraConfigEntry
from .entity import add_as_found, command
from .entity_parameter import ParameterEntity, has_range, listed_parameters
from .entity_tape import TapeEntity
from .errors import invalid
from .moves import LastWins
from .number_camera import add_camera_numbers
from .parameter_words import WORDS
from .protocols.crcp.commands import Commands
from .protocols.crcp.messages import Subunit
from .tapes import speeds

# No limit: a number that is dragged must hear of its last value while the first is on its way.
# The connection takes one command at a time by itself.
PARALLEL_UPDATES = 0

#: Only white balance has a unit of measure in the draft; the others are the unit's own numbers. No
#: device class for it either, or it would be shown in degrees Celsius.
UNITS: Final = {"WHIT": UnitOfTemperature.KELVIN}


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: CameraConfigEntry | UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a number for each parameter with a range, and for the speed of each tape that has one."""
    if not isinstance(entry.runtime_data, UnitCoordinator):
        add_camera_numbers(entry, async_add_entities)
        return
    add_as_found(entry, async_add_entities, _parameters, lambda c, key: ParameterNumber(c, *key))
    add_as_found(entry, async_add_entities, _speedy_tapes, PlaySpeed)


class ParameterNumber(ParameterEntity, NumberEntity):
    """One parameter of one camera: where it stands, or is going."""

    _attr_mode = NumberMode.SLIDER

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit, name: str) -> None:
        super().__init__(coordinator, subunit, name, WORDS[name].key)
        self._attr_native_unit_of_measurement = UNITS.get(name)
        if coordinator.one_way:
            self._attr_mode = NumberMode.BOX
        self._decimals = 0
        self._values = LastWins(self._send)

    @property
    @override
    def native_value(self) -> float | None:
        """Where the parameter is going, else where it stands, in the unit's own numbers.

        Unknown while the camera controls it: nobody has set it then, and a scene that brought such
        a value back would end the automatic control.
        """
        target = self.coordinator.targets.get(self.key)
        if target is not None or self.is_automatic:
            return target
        return self.parameter.current if self.parameter else None

    @property
    @override
    def native_min_value(self) -> float:
        """The least meaningful value."""
        parameter = self.parameter
        if parameter is None or parameter.minimum is None:
            return super().native_min_value
        return parameter.minimum

    @property
    @override
    def native_max_value(self) -> float:
        """The greatest meaningful value."""
        parameter = self.parameter
        if parameter is None or parameter.maximum is None:
            return super().native_max_value
        return parameter.maximum

    @property
    @override
    def native_step(self) -> float:
        """The precision that the unit has shown so far: trailing zeros are not sent."""
        if self.parameter:
            self._decimals = max(self._decimals, self.parameter.decimals)
        return 10.0**-self._decimals

    @override
    @command
    async def async_set_native_value(self, value: float) -> None:
        """Send the camera there; it takes its time."""
        if not isfinite(value):
            raise invalid("not_a_number")
        self.coordinator.targets.set(self.key, value)
        self.async_write_ha_state()
        await self._values.put(value)

    async def _send(self, value: float) -> None:
        async def send(controller: Commands) -> None:
            await self.coordinator.endings.send(
                self.key, lambda: controller.set_value(*self.key, value)
            )

        try:
            await self.coordinator.async_command(self.subunit, send)
        except BaseException:
            self.coordinator.targets.forget(self.subunit, (self.name_on_the_wire,))
            self.async_write_ha_state()
            raise


class PlaySpeed(TapeEntity, NumberEntity):
    """How fast a tape plays; negative is backwards. While it stands: how fast it will play."""

    extra = True
    _attr_mode = NumberMode.BOX
    _attr_native_step = 0.1
    _attr_entity_category = EntityCategory.CONFIG

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit) -> None:
        super().__init__(coordinator, subunit, "play_speed")
        self._values = LastWins(self._send)

    @property
    @override
    def native_value(self) -> float:
        """The speed, 1 being normal."""
        return self.tape.speed if self.tape.operation == "PLAY" else self.tape.chosen_speed

    @property
    @override
    def native_min_value(self) -> float:
        """The unit's own lowest speed."""
        minimum = speeds(self.status, "PLAY").minimum
        return super().native_min_value if minimum is None else minimum

    @property
    @override
    def native_max_value(self) -> float:
        """The unit's own highest speed."""
        maximum = speeds(self.status, "PLAY").maximum
        return super().native_max_value if maximum is None else maximum

    @override
    @command
    async def async_set_native_value(self, value: float) -> None:
        """Choose a speed; a tape that plays takes it at once, and one of 0 stands still."""
        if not isfinite(value):
            raise invalid("not_a_number")
        if value:
            self.tape.chosen_speed = value
        if self.tape.operation == "PLAY":
            await self._values.put(value)
        self.coordinator.async_update_listeners()

    async def _send(self, value: float) -> None:
        await (self.play(value) if value else self.pause())


def _parameters(coordinator: UnitCoordinator) -> Iterator[tuple[Subunit, str]]:
    for subunit, parameter in listed_parameters(coordinator):
        if has_range(parameter):
            yield subunit, parameter.name


def _speedy_tapes(coordinator: UnitCoordinator) -> Iterator[Subunit]:
    for subunit, status in coordinator.data.tapes.items():
        bounds = speeds(status, "PLAY")
        if None not in (bounds.minimum, bounds.maximum) and bounds.minimum != bounds.maximum:
            yield subunit
