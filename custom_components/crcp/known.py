"""What is known of a unit: what it told last, and what goes beyond that."""

from typing import Final

from .moves import Key, Targets
from .powers import Powers
from .protocols.crcp.commands import UnitState
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import UnitStatus
from .tapes import Tape

#: A unit that has told nothing yet.
NOTHING: Final = UnitState(UnitStatus({}), {}, {}, {})


class Known:
    """What is known of one unit.

    state: what it told last, as a whole. owed: the moves that could not be ended in time.
    """

    def __init__(self) -> None:
        self.state = NOTHING
        self.powers = Powers()
        self.targets = Targets()
        self.tapes: dict[Subunit, Tape] = {}
        self.owed: set[Key] = set()

    def tape(self, subunit: Subunit) -> Tape:
        """What is known of a tape."""
        return self.tapes.setdefault(subunit, Tape())

    def forgive_automatic(self) -> None:
        """What a camera controls itself by now is not ours to stop, which would end its control."""
        for subunit, name in list(self.owed):
            camera = self.state.cameras.get(subunit)
            parameter = camera.parameters.get(name) if camera else None
            if parameter and parameter.automatic:
                self.owed.discard((subunit, name))

    def forget_gone_tapes(self) -> None:
        """What comes back may be another tape: nobody has allowed recording on that one."""
        for gone in set(self.tapes) - set(self.state.unit.subunits):
            del self.tapes[gone]
