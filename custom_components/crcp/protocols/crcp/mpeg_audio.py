"""MPEG audio over RTP (RFC 2250 section 3.5), payload type 14."""

from collections.abc import Iterator
from typing import Final

#: Ethernet's, as for pictures.
PAYLOAD_SIZE: Final = 1400

#: The longest frame: Layer I at 448 kbit/s and 32 kHz takes 672 bytes, Layer II at 384, 1728.
MAX_FRAME: Final = 1728 + 4

#: In kbit/s by bitrate_index (ISO/IEC 11172-3 section 2.4.2.3, 13818-3 for the low rates).
_LAYER_1: Final[tuple[int, ...]] = (0, *range(32, 449, 32))
_LAYER_2: Final = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_LAYER_3: Final = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_LOW_LAYER_1: Final = (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_LOW: Final = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_SAMPLING: Final = (44100, 48000, 32000)


def frame_length(header: bytes) -> int | None:
    """How long the frame is that begins with these four bytes; None where none does."""
    if len(header) < 4 or int.from_bytes(header[:2]) >> 5 != 0x7FF:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate, sampling, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    # Version 3 is MPEG-1, 2 MPEG-2; layer 4, rate 15 and sampling 3 are reserved, rate 0 is free.
    if version == 1 or layer == 4 or not 0 < rate < 15 or sampling == 3:
        return None
    low = version != 3
    frequency = _SAMPLING[sampling] // {3: 1, 2: 2, 0: 4}[version]
    if layer == 1:
        bits = (_LOW_LAYER_1 if low else _LAYER_1)[rate] * 1000
        return (12 * bits // frequency + padding) * 4
    bits = (_LOW if low else _LAYER_2 if layer == 2 else _LAYER_3)[rate] * 1000
    return (72 if low and layer == 3 else 144) * bits // frequency + padding


def split_frames(data: bytes) -> tuple[list[bytes], bytes]:
    """Cut whole frames off the front of data; give them and what is left."""
    frames, at = [], 0
    while (length := frame_length(data[at : at + 4])) and at + length <= len(data):
        frames.append(data[at : at + length])
        at += length
    return frames, data[at:]


def audio_payloads(frame: bytes) -> Iterator[bytes]:
    """Give the payloads of a frame: one, as a rule."""
    for offset in range(0, len(frame), PAYLOAD_SIZE):
        yield offset.to_bytes(4) + frame[offset : offset + PAYLOAD_SIZE]
