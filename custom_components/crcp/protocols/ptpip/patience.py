"""How long an initiator waits. No clock in here: whoever waits tells how long it took."""

from dataclasses import dataclass
from typing import Final

from .errors import ProtocolError

#: A camera that moves less than this in a whole time of silence is as good as silent.
LEAST_PROGRESS: Final = 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long an initiator waits, in seconds. PTP-IP sets no times; these are ours.

    connect: a TCP connection, and the event connection's acknowledgement. pairing: a person walks
    to the camera and confirms. silence: a camera that wakes its card or is busy shooting answers
    late; it bounds each wait, not a download. goodbye: to close the session is a courtesy.
    greeting: some Nikon bodies hang when the first operation comes too soon. idle: a quiet
    connection is probed so often. probe: an answer to a probe. cancel: a transaction that was
    cancelled. busy: the pauses before a question that found the camera busy is asked again.
    """

    connect: float = 10.0
    pairing: float = 60.0
    silence: float = 30.0
    goodbye: float = 2.0
    greeting: float = 1.0
    idle: float = 20.0
    probe: float = 10.0
    cancel: float = 2.0
    busy: tuple[float, ...] = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)


DEFAULT_TIMEOUTS: Final = Timeouts()


@dataclass(slots=True)
class Patience:
    """Waiting uses it up, progress renews it; None is patience without end.

    What is done with the bytes between two waits, such as writing them to a slow disk, costs the
    camera nothing. One byte now and then does not count as progress.
    """

    silence: float | None = None
    left: float | None = None
    _moved: int = 0

    def begin(self, silence: float) -> None:
        """From now on the camera has to move something in every so many seconds of waiting."""
        self.silence = self.left = silence
        self._moved = 0

    def waited(self, seconds: float) -> None:
        """Count a wait."""
        if self.left is not None:
            self.left -= seconds

    def moved(self, size: int) -> None:
        """Count bytes of data that came. The packets around them are no progress."""
        self._moved += size
        if self._moved >= LEAST_PROGRESS:
            self.left = self.silence
            self._moved = 0


#: Packets that are counted together, and how fast they may come where there is little in them: by
#: events a camera tells of at most some thousand objects, and nobody cuts data into crumbs.
HANDFUL: Final = 65536
LEAST_SECONDS: Final = 10.0

#: Bytes. An event has 18 with its header; packets of data have thousands.
CRUMB: Final = 64


@dataclass(slots=True)
class Flood:
    """Notices a peer that keeps us busy with next to nothing."""

    _since: float
    _packets: int = 0
    _bytes: int = 0

    def begin(self, packets: int, now: float) -> None:
        """Count from here. packets: how many had come in all."""
        self._since, self._packets, self._bytes = now, packets, 0

    def came(self, size: int, packets: int, now: float) -> None:
        """Count bytes that came; packets: how many came in all. Raises ProtocolError."""
        self._bytes += size
        if packets - self._packets < HANDFUL:
            return
        crumbs = self._bytes < (packets - self._packets) * CRUMB
        if crumbs and now - self._since < LEAST_SECONDS:
            raise ProtocolError("a flood of packets with next to nothing in them")
        self.begin(packets, now)
