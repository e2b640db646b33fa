"""What a recording sounds like: a steady tone, or silence where a tone would need an encoder."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
import math
from typing import Final, override

from .reels import MOST_SPEED, Piece, Reel, Span

LOUDNESS: Final = 8000

#: One frame of MPEG-1 Layer II, 48 kHz, 64 kbit/s, one channel (ISO/IEC 11172-3 section 2.4.1):
#: 24 ms in 192 bytes, whose bit allocation of zeros makes it silence.
_SILENCE: Final = bytes.fromhex("fffd44c0").ljust(192, b"\0")


@dataclass(frozen=True, slots=True)
class Sound:
    """A payload type's sound: packets a second, all of them alike, so the tone fits into each."""

    packets: float
    payload: Callable[[], bytes]


class ToneReel(Reel):
    """Plays sound while the tape goes forward, about as fast as it should."""

    def __init__(self, payload_type: int) -> None:
        """payload_type: one of SOUNDS."""
        self._sound = SOUNDS[payload_type]
        self._silent = True

    @override
    def play(self, tape: Span, air: Span) -> Iterator[Piece]:
        if not 0 < tape.length <= MOST_SPEED * air.length:
            yield from self.blank(air)
            return
        for number in air.numbers(self._sound.packets):
            # The marker is on the first packet after silence (RFC 3551 section 4.1).
            yield self._sound.payload(), number / self._sound.packets, self._silent
            self._silent = False

    @override
    def blank(self, air: Span) -> Iterator[Piece]:
        self._silent = True
        return iter(())


def mu_law(sample: int) -> int:
    """A 16-bit sample as PCMU (ITU-T G.711): sign, exponent, mantissa, all inverted."""
    level = min(abs(sample), 32635) + 0x84
    exponent = level.bit_length() - 8
    return ~((sample < 0) << 7 | exponent << 4 | level >> exponent + 3 & 0xF) & 0xFF


def a_law(sample: int) -> int:
    """A 16-bit sample as PCMA (ITU-T G.711): every second bit inverted."""
    level = min(abs(sample), 32767)
    exponent = max(level.bit_length() - 8, 0)
    mantissa = level >> max(exponent + 3, 4) & 0xF
    return ((sample >= 0) << 7 | exponent << 4 | mantissa) ^ 0x55


def _samples(clock: int, packets: int, cycles: int) -> list[int]:
    count = clock // packets
    return [round(LOUDNESS * math.sin(math.tau * cycles * at / count)) for at in range(count)]


@cache
def _pcmu() -> bytes:
    return bytes(map(mu_law, _samples(8000, 50, 8)))


@cache
def _pcma() -> bytes:
    return bytes(map(a_law, _samples(8000, 50, 8)))


@cache
def _stereo() -> bytes:
    samples = _samples(44100, 150, 3)
    return b"".join(sample.to_bytes(2, signed=True) * 2 for sample in samples)


@cache
def _mono() -> bytes:
    return b"".join(sample.to_bytes(2, signed=True) for sample in _samples(44100, 100, 4))


def _mpeg() -> bytes:
    """Behind four bytes of header, all zero: the frame is whole (RFC 2250 section 3.5)."""
    return bytes(4) + _SILENCE


SOUNDS: Final = {
    0: Sound(50, _pcmu),
    8: Sound(50, _pcma),
    10: Sound(150, _stereo),
    11: Sound(100, _mono),
    14: Sound(1 / 0.024, _mpeg),
}
