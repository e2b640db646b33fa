"""How far the receiver of a stream is behind, and which packets it has to do without."""

from collections import deque
from typing import Final

#: A receiver that is so many seconds behind loses packets, and the unit not its memory.
MOST_BEHIND: Final = 1.0

#: However fast the media are, no more than so many bytes wait for a receiver.
MAX_BACKLOG: Final = 2 << 20

#: Payload types whose frames take several packets; RTP's marker is on the last one.
FRAMED: Final = frozenset({26, 32})

_TYPE, _MARKER = 0x7F, 0x80


class Backlog:
    """What was sent and is not taken yet, by the clock of whoever asks."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        #: When something was taken last, or there was nothing to take.
        self.moved = 0.0
        self._sent = self._taken = 0
        self._waiting: deque[tuple[int, float]] = deque()
        #: Of a frame that has begun: whether it is sent, by payload type.
        self._begun: dict[int, bool] = {}

    def look(self, left: int, now: float) -> None:
        """Take note of how many bytes have not left yet."""
        taken = self._sent - left
        if taken > self._taken or not left:
            self.moved = now
        self._taken = taken
        while self._waiting and self._waiting[0][0] <= taken:
            self._waiting.popleft()

    def takes(self, packet: bytes, now: float) -> bool:
        """Whether an RTP packet is to be sent. A frame is sent whole or not at all."""
        kind, is_last = packet[1] & _TYPE, bool(packet[1] & _MARKER)
        goes = self._begun.get(kind)
        if goes is None:
            goes = not self._is_behind(now)
        if kind in FRAMED:
            self._begun[kind] = goes
            if is_last:
                del self._begun[kind]
        return goes

    def add(self, size: int, now: float) -> None:
        """Remember what is sent now."""
        self._sent += size
        self._waiting.append((self._sent, now))

    def _is_behind(self, now: float) -> bool:
        if self._sent - self._taken > MAX_BACKLOG:
            return True
        return bool(self._waiting) and now - self._waiting[0][1] > MOST_BEHIND
