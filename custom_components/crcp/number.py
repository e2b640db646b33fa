"""CAMERA parameters as numbers, in the unit's own ranges and steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.number import NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import UnitOfTemperature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import UnitConfigEntry, UnitCoordinator
from .entity import SubunitEntity, add_as_found, command
from .protocols.crcp.commands import UnitState
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import Parameter

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class ParameterDescription(NumberEntityDescription):
    """A camera parameter: its name on the wire."""

    parameter: str


# Section 9 of the draft. Only white balance has a unit of measure there; the others are the
# unit's own numbers. No device class for it either, or it would be shown in degrees Celsius.
PARAMETERS: Final = (
    ParameterDescription(key="iris", parameter="IRIS"),
    ParameterDescription(key="sensitivity", parameter="SENS"),
    ParameterDescription(key="roll", parameter="ROLL"),
    ParameterDescription(key="pan", parameter="PAN"),
    ParameterDescription(key="tilt", parameter="TILT"),
    ParameterDescription(key="zoom", parameter="ZOOM"),
    ParameterDescription(key="horizontal", parameter="HORI"),
    ParameterDescription(key="vertical", parameter="VERT"),
    ParameterDescription(key="depth", parameter="DEPT"),
    ParameterDescription(key="focus", parameter="FOCU"),
    ParameterDescription(
        key="white_balance",
        parameter="WHIT",
        native_unit_of_measurement=UnitOfTemperature.KELVIN,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: UnitConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a number for each parameter that a camera lists with a range."""
    add_as_found(
        entry,
        async_add_entities,
        _parameters,
        lambda coordinator, key: ParameterNumber(coordinator, *key),
    )


class ParameterNumber(SubunitEntity, NumberEntity):
    """One parameter of one camera."""

    entity_description: ParameterDescription
    _attr_mode = NumberMode.SLIDER

    def __init__(
        self, coordinator: UnitCoordinator, subunit: Subunit, description: ParameterDescription
    ) -> None:
        super().__init__(coordinator, subunit, description.key)
        self.entity_description = description
        self._attr_translation_key = description.key
        self._decimals = 0

    @property
    def _parameter(self) -> Parameter | None:
        camera = self.coordinator.data.cameras.get(self.subunit)
        return camera.parameters.get(self.entity_description.parameter) if camera else None

    @property
    @override
    def available(self) -> bool:
        """Available while the camera lists the parameter."""
        return super().available and self._parameter is not None

    @property
    @override
    def native_value(self) -> float | None:
        """Where the parameter stands, in the unit's own numbers."""
        return self._parameter.current if self._parameter else None

    @property
    @override
    def native_min_value(self) -> float:
        """The least meaningful value."""
        parameter = self._parameter
        if parameter is None or parameter.minimum is None:
            return super().native_min_value
        return parameter.minimum

    @property
    @override
    def native_max_value(self) -> float:
        """The greatest meaningful value."""
        parameter = self._parameter
        if parameter is None or parameter.maximum is None:
            return super().native_max_value
        return parameter.maximum

    @property
    @override
    def native_step(self) -> float:
        """The precision that the unit has shown so far: trailing zeros are not sent."""
        if self._parameter:
            self._decimals = max(self._decimals, self._parameter.decimals)
        return 10.0**-self._decimals

    @override
    @command
    async def async_set_native_value(self, value: float) -> None:
        """Send the camera there; it takes its time, and the state follows it."""
        await self.coordinator.controller.set_value(
            self.subunit, self.entity_description.parameter, value
        )


def _parameters(state: UnitState) -> Iterator[tuple[Subunit, ParameterDescription]]:
    for subunit, camera in state.cameras.items():
        for description in PARAMETERS:
            if _has_range(camera.parameters.get(description.parameter)):
                yield subunit, description


def _has_range(parameter: Parameter | None) -> bool:
    return parameter is not None and None not in (parameter.minimum, parameter.maximum)
