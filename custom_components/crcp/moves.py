"""Camera parameters on their way: bursts merged, and targets remembered."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from .errors import DEVICE_ERRORS
from .protocols.crcp.messages import Subunit
from .protocols.crcp.status import CameraStatus

#: Seconds between two commands for one parameter. A slider that is dragged sends fifty values a
#: second, and a motor follows none of them.
PACE: Final = 0.25

#: One parameter of one camera.
type Key = tuple[Subunit, str]


class LastWins:
    """Values for one thing, sent PACE apart: of those that came meanwhile only the last is sent."""

    def __init__(self, send: Callable[[float], Awaitable[None]]) -> None:
        self._send = send
        self._turn = asyncio.Lock()
        self._latest = 0.0
        self._count = 0
        self._covered = 0
        self._error: Exception | None = None
        self._ready_at = 0.0

    async def put(self, value: float) -> None:
        """Send a value, or wait until a later one was sent in its place, and fail as that did."""
        self._latest = value
        self._count += 1
        mine = self._count
        loop = asyncio.get_running_loop()
        async with self._turn:
            if mine <= self._covered:
                if self._error:
                    raise self._error
                return
            if (wait := self._ready_at - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._covered, self._error = self._count, None
            try:
                await self._send(self._latest)
            except asyncio.CancelledError:
                # Those who wait for the same value are not cancelled: the next one sends it.
                self._covered = mine
                raise
            except (*DEVICE_ERRORS, HomeAssistantError) as error:
                self._error = error
                raise
            finally:
                self._ready_at = loop.time() + PACE


class Targets:
    """Where parameters are going. While one is on its way, its target is what a person has set."""

    def __init__(self) -> None:
        self._targets: dict[Key, float] = {}
        #: What was given to the camera's own control; not every unit tells.
        self.automatic: set[Key] = set()

    def get(self, key: Key) -> float | None:
        """The target of a parameter that is still on its way."""
        return self._targets.get(key)

    def set(self, key: Key, value: float) -> None:
        """Remember a target, which ends automatic control."""
        self._targets[key] = value
        self.automatic.discard(key)

    def forget(self, camera: Subunit, names: Iterable[str] | None = None) -> None:
        """Forget where these parameters of a camera are going, or all of them."""
        for key in list(self._targets):
            if key[0] == camera and (names is None or key[1] in names):
                del self._targets[key]

    def read(self, camera: Subunit, before: CameraStatus | None, now: CameraStatus) -> bool:
        """Compare two readings; forget the targets of what has arrived. Whether anything moves."""
        moves = False
        for name, parameter in now.parameters.items():
            old = before.parameters.get(name) if before else None
            if old is None or old.current != parameter.current:
                moves |= old is not None
            else:
                self._targets.pop((camera, name), None)
        return moves
