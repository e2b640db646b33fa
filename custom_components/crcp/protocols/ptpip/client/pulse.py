"""Probes: whether the camera is still there while nothing else is said."""

import asyncio
from collections.abc import Callable

from ..errors import PtpIpError, TimedOut


class Pulse:
    """Asks when it was quiet for a while, and gives the camera up when no answer comes.

    Only a camera that has answered a probe before is given up: some never do, and live on. So the
    first probe goes out with the connection. It is also what some Nikon bodies want to see before
    the first operation; those that do not answer it get the pause that they want instead.
    """

    def __init__(
        self,
        idle: float,
        answer: float,
        ask: Callable[[], None],
        end: Callable[[PtpIpError], object],
    ) -> None:
        """idle, answer: seconds. ask sends a probe; end ends the connection."""
        self._idle = idle
        self._answer = answer
        self._ask = ask
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._answered = asyncio.Event()
        self._busy = False
        self._stopped = False

    async def greet(self, seconds: float) -> None:
        """Send the first probe and wait so long for its answer; then begin to watch."""
        self._send()
        try:
            async with asyncio.timeout(seconds):
                await self._answered.wait()
        except TimeoutError:
            self._set(None)

    def beat(self) -> None:
        """A transaction has ended: count the quiet from now."""
        self._busy = False
        self._wait()

    def answered(self) -> None:
        """The camera answered a probe."""
        if self._stopped:  # the answer crossed the end
            return
        self._answered.set()
        self._wait()

    def pause(self) -> None:
        """A transaction runs, and has a time-out of its own: until beat, no answer is none owed.

        A long one is what probes are for. It shows a camera that is to choose between us and
        somebody new that we are still here.
        """
        self._busy = True
        self._wait()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped = True
        self._set(None)
        self._answered.clear()

    def _send(self) -> None:
        try:
            self._ask()
        except PtpIpError as error:
            self._end(error)
        else:
            self._set(self._answer, self._give_up)

    def _wait(self) -> None:
        self._set(self._idle if self._answered.is_set() else None, self._send)

    def _give_up(self) -> None:
        if self._busy:
            self._wait()
        elif self._answered.is_set():
            self._end(TimedOut("the camera does not answer whether it is still there"))

    def _set(self, seconds: float | None, then: Callable[[], None] | None = None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if seconds is not None and then is not None:
            self._timer = self._loop.call_later(seconds, then)
