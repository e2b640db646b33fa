"""What a tape does, as a sensor: a media player knows no recording and no winding."""

from typing import override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.core import callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import UnitConfigEntry, UnitCoordinator
from .entity import add_as_found
from .entity_tape import TapeEntity
from .protocols.crcp.messages import Subunit
from .tapes import Transport


@callback
def add_unit_sensors(
    entry: UnitConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of a unit."""
    add_as_found(entry, async_add_entities, lambda c: c.data.tapes, TransportSensor)


class TransportSensor(TapeEntity, SensorEntity):
    """What a tape does."""

    _attr_device_class = SensorDeviceClass.ENUM

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit) -> None:
        super().__init__(coordinator, subunit, "transport")
        self._attr_options = [each.value for each in Transport]

    @property
    @override
    def native_value(self) -> Transport | None:
        """What the tape does; unknown while the power is off."""
        off = self.coordinator.powers.is_off(self.subunit)
        return None if off or self.status is None else self.tape.transport
