"""What plays a recording for one transfer, as one payload type: it follows the tape."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
import math
from typing import Final, Protocol, override

from ..protocols.crcp.jpeg import payloads, split_picture
from ..protocols.crcp.mpeg_video import video_payloads
from ..protocols.crcp.mpegts_tables import H264
from ..protocols.crcp.rtp import TS_PACKET
from .ts_muxer import Muxer

#: Up to so many times its speed a tape shows every picture; beyond, and backward, key frames.
MOST_SPEED: Final = 2.5

#: A transport stream's clock is told at least this often, in seconds (ISO 13818-1 section 2.7.2).
CLOCK_INTERVAL: Final = 0.08

#: Two pictures are this far apart in time at least, in seconds.
SHORTEST: Final = 0.001

#: What one payload unit is: bytes, the moment that it belongs to, and RTP's marker. Moments are
#: seconds since the transfer began.
type Piece = tuple[bytes, float, bool]


@dataclass(frozen=True, slots=True)
class Span:
    """From one position to another, in seconds; on a tape it may lead backward."""

    start: float
    end: float

    @property
    def length(self) -> float:
        """Signed seconds."""
        return self.end - self.start

    def at(self, share: float) -> float:
        """The position after a share of it, 0..1."""
        return self.start + self.length * share

    def share(self, position: float) -> float:
        """How far along a position lies, 0..1."""
        return (position - self.start) / self.length if self.length else 1.0

    def numbers(self, rate: float) -> range:
        """What begins in it, of things of which rate begin a second, in the order of the motion."""
        first, last = (math.ceil(round(at * rate, 6)) for at in (self.start, self.end))
        return range(first, last) if self.length > 0 else range(first - 1, last - 1, -1)


class Reel(ABC):
    """Plays a recording. air: when, since the transfer began; each call goes on where one ended."""

    #: Whether there is something to see while the tape winds.
    shows_winding = False

    @abstractmethod
    def play(self, tape: Span, air: Span) -> Iterator[Piece]:
        """Give what the tape shows while it moves over a span."""

    @abstractmethod
    def blank(self, air: Span) -> Iterator[Piece]:
        """Give what is sent while the tape shows nothing."""


class Recording(Protocol):
    """What lies on a shelf."""

    @property
    def duration(self) -> float:
        """Seconds."""

    @property
    def size(self) -> int:
        """Bytes, as a listing shows them."""

    @property
    def recorded(self) -> datetime:
        """When."""

    def offers(self, payload_type: int) -> bool:
        """Whether it can be sent as this payload type."""

    def reel(self, payload_type: int, packets: int) -> Reel:
        """A player for one transfer. packets: transport stream packets in a piece."""


class FrameReel(Reel):
    """Plays pictures. After any jump it begins at a key frame, so none is shown on a wrong one."""

    shows_winding = True

    def __init__(
        self, shown: Sequence[bytes], blank: Sequence[bytes], rate: int, packer: Packer
    ) -> None:
        """rate: pictures a second; every so many there is a key frame."""
        self._shown = shown
        self._blank = blank
        self._rate = rate
        self._packer = packer
        self._next: int | None = None
        self._next_blank = 0
        self._quiet_since = 0.0
        self._last_due = -SHORTEST

    @override
    def play(self, tape: Span, air: Span) -> Iterator[Piece]:
        self._next_blank = 0
        slow = abs(tape.length) <= MOST_SPEED * air.length
        forward = tape.length > 0
        for number in tape.numbers(self._rate):
            key = number % self._rate == 0
            follows = self._packer.independent or (forward and number == self._next)
            if number < len(self._shown) and (key or (follows and slow)):
                self._next = number + 1
                due = air.at(tape.share(number / self._rate))
                yield from self._send(self._shown[number], due, air.end, key=key)
        yield from self._tell_time(air.end)

    @override
    def blank(self, air: Span) -> Iterator[Piece]:
        self._next = None
        for number in air.numbers(self._rate):
            index = self._next_blank % len(self._blank)
            self._next_blank += 1
            due = number / self._rate
            yield from self._send(self._blank[index], due, air.end, key=index == 0)

    def _send(self, frame: bytes, due: float, now: float, *, key: bool) -> Iterator[Piece]:
        # A tape that turns at a picture shows it twice at the same moment.
        due = max(due, self._last_due + SHORTEST)
        self._quiet_since, self._last_due = now, due
        yield from self._packer.frame(frame, due, now, key=key)

    def _tell_time(self, now: float) -> Iterator[Piece]:
        if now - self._quiet_since >= CLOCK_INTERVAL:
            self._quiet_since = now
            yield from self._packer.idle(max(now, self._last_due))


class Packer(ABC):
    """Cuts frames into payloads."""

    #: Whether a picture can be shown without the one before.
    independent = False

    @abstractmethod
    def frame(self, frame: bytes, due: float, now: float, *, key: bool) -> Iterator[Piece]:
        """Give the payloads of a frame."""

    def idle(self, _now: float) -> Iterator[Piece]:
        """Give what has to be sent when no frame has been for a while."""
        return iter(())


class TransportStreamPacker(Packer):
    """Payload type 33. RTP's clock tells when a packet was sent; the stream has clocks of its own."""

    def __init__(self, packets: int) -> None:
        """packets: how many go into one payload, or fewer at the end of a frame."""
        self._size = packets * TS_PACKET
        self._muxer = Muxer(H264)

    @override
    def frame(self, frame: bytes, due: float, now: float, *, key: bool) -> Iterator[Piece]:
        stream = self._muxer.frame(frame, due, key=key)
        for at in range(0, len(stream), self._size):
            yield stream[at : at + self._size], now, False

    @override
    def idle(self, now: float) -> Iterator[Piece]:
        yield self._muxer.clock(now), now, False


class JpegPacker(Packer):
    """Payload type 26."""

    independent = True

    @override
    def frame(self, frame: bytes, due: float, now: float, *, key: bool) -> Iterator[Piece]:
        for payload, last in payloads(split_picture(frame)):
            yield payload, due, last


class MpegVideoPacker(Packer):
    """Payload type 32."""

    @override
    def frame(self, frame: bytes, due: float, now: float, *, key: bool) -> Iterator[Piece]:
        for payload, last in video_payloads(frame):
            yield payload, due, last
