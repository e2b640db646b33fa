"""What the entities of a camera's parameter share."""

from collections.abc import Iterator
from typing import Final, override

from .coordinator import UnitCoordinator
from .entity import SubunitEntity
from .moves import Key
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import Parameter
from .protocols.crcp.subunits import MOTIONS

#: What moves: the camera itself, and the glass in its lens.
MOVING_PARTS: Final = MOTIONS | {"ZOOM", "FOCU"}


class ParameterEntity(SubunitEntity):
    """An entity of one parameter of one camera."""

    def __init__(self, coordinator: UnitCoordinator, subunit: Subunit, name: str, key: str) -> None:
        super().__init__(coordinator, subunit, key)
        self.name_on_the_wire = name

    @property
    def key(self) -> Key:
        """The parameter."""
        return self.subunit, self.name_on_the_wire

    @property
    def parameter(self) -> Parameter | None:
        """What the unit told last."""
        camera = self.coordinator.data.cameras.get(self.subunit)
        return camera.parameters.get(self.name_on_the_wire) if camera else None

    @property
    def is_automatic(self) -> bool:
        """Whether the camera controls it: as the unit tells, else as it was last told here."""
        told = self.parameter.automatic if self.parameter else None
        return self.key in self.coordinator.targets.automatic if told is None else told

    @property
    @override
    def available(self) -> bool:
        """Available while the camera lists the parameter."""
        return super().available and self.parameter is not None


def listed_parameters(coordinator: UnitCoordinator) -> Iterator[tuple[Subunit, Parameter]]:
    """Every parameter of every camera."""
    for subunit, camera in coordinator.data.cameras.items():
        for parameter in camera.parameters.values():
            yield subunit, parameter


def has_range(parameter: Parameter) -> bool:
    """Whether the unit told between what values a parameter lies."""
    return None not in (parameter.minimum, parameter.maximum)
