"""Which powers of a unit are on: as it tells, or as it was last told where it cannot tell."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from .protocols.crcp.messages import Subunit
from .protocols.crcp.subunits import POWER

#: A scene switches the power on and moves the camera in the same breath, in any order. So a
#: command to what is off waits so many seconds for the power to be switched on; longer, and a
#: person would wonder why the refusal is not told.
GRACE: Final = 1.0


class Powers:
    """The powers of one unit."""

    def __init__(self) -> None:
        self._read: dict[Subunit, bool | None] = {}
        self._assumed: dict[Subunit, bool] = {}
        self._coming: set[Subunit] = set()
        self._changed = asyncio.Event()

    def is_on(self, power: Subunit) -> bool | None:
        """Whether a power is on; None where nobody knows."""
        told = self._read.get(power)
        return self._assumed.get(power) if told is None else told

    def is_assumed(self, power: Subunit) -> bool:
        """Whether the unit does not tell about a power."""
        return self._read.get(power) is None

    @property
    def assumed(self) -> dict[Subunit, bool]:
        """What each power was told last, whether or not the unit tells itself."""
        return dict(self._assumed)

    def assume(self, assumed: dict[Subunit, bool]) -> None:
        """Take what each power was told last, before a restart."""
        self._assumed |= assumed

    def feeding(self, subunit: Subunit) -> Subunit | None:
        """The power that feeds a subunit: that of its own number, else the first."""
        if subunit.kind == POWER:
            return subunit
        own = Subunit(POWER, subunit.number)
        return own if own in self._read else min(self._read, default=None)

    def is_off(self, subunit: Subunit) -> bool:
        """Whether the power that feeds a subunit is known to be off."""
        power = self.feeding(subunit)
        return power is not None and self.is_on(power) is False

    @property
    def all_off(self) -> bool:
        """Whether the unit has a power and none of them is on: its silence is no wonder then."""
        return bool(self._read) and all(self.is_on(power) is False for power in self._read)

    def read(self, powers: dict[Subunit, bool | None]) -> None:
        """Take what the unit tells."""
        self._read = dict(powers)
        self._notify()

    def proved(self, subunit: Subunit) -> None:
        """A subunit has done something, so its power is on."""
        power = self.feeding(subunit)
        if power and subunit.kind != POWER and self.is_assumed(power):
            self._assumed[power] = True

    @contextmanager
    def switching(self, power: Subunit, *, on: bool) -> Iterator[None]:
        """While a power is switched, what it feeds waits; remember what it was told."""
        if on:
            self._coming.add(power)
            self._notify()
        try:
            yield
            self._assumed[power] = on
        finally:
            self._coming.discard(power)
            self._notify()

    async def wait_until_on(self, subunit: Subunit) -> None:
        """Let a power-on that is sent at the same time go first; nothing more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE) as patience:
                while self.is_off(subunit):
                    if self.feeding(subunit) in self._coming:
                        # The unit takes its time, and whoever switches it on waits for its answer.
                        patience.reschedule(None)
                    await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed.clear()
