"""Pictures of a transport stream that need no other: what their own bytes tell (ISO table 2-34)."""

from collections.abc import Iterator
from typing import Final

from .mpeg_video import starts_sequence
from .mpegts_tables import H264, H265, MPEG_VIDEO

#: ITU-T H.264 table 7-1: slices of a picture, those of one that stands alone, messages.
_SLICES: Final = (1, 2, 5)
_IDR: Final = 5
_SEI: Final = 6

#: ITU-T H.264 table 7-6: I, and I for all slices of the picture.
_INTRA: Final = (2, 7)

#: recovery_point (ITU-T H.264 D.1.8).
_RECOVERY_POINT: Final = 6


def stands_alone(kind: int, stream: bytes, *, flagged: bool) -> bool:
    """Whether a picture needs no other. stream: the beginning of its PES packet.

    flagged: whether random_access_indicator is set. In H.264 that alone says little: a stream that
    is refreshed stripe by stripe has it where a picture begins to heal.
    """
    if kind in MPEG_VIDEO:
        return flagged or starts_sequence(stream)
    if kind == H264:
        return _is_key_of_h264(stream, flagged=flagged)
    if kind == H265:
        return flagged or _is_key_of_h265(stream)
    return flagged


def _is_key_of_h264(stream: bytes, *, flagged: bool) -> bool:
    for unit in _units(stream):
        number = unit[0] & 0x1F
        if number == _SEI and _recovers_at_once(unit):
            return True
        if number in _SLICES:
            return number == _IDR or (flagged and _slice_type(unit) in _INTRA)
    return False


def _is_key_of_h265(stream: bytes) -> bool:
    """The first slice is of an intra random access point (ITU-T H.265 table 7-1)."""
    kinds = (unit[0] >> 1 & 0x3F for unit in _units(stream))
    first = next((kind for kind in kinds if kind < 32), 0)
    return 16 <= first <= 21


def _units(stream: bytes) -> Iterator[bytes]:
    """The NAL units behind the PES header, which has a start code of its own."""
    at = stream.find(b"\0\0\1", 9)
    while 0 <= at < len(stream) - 3:
        following = stream.find(b"\0\0\1", at + 3)
        yield stream[at + 3 : following if following >= 0 else None]
        at = following


def _recovers_at_once(message: bytes) -> bool:
    """Whether there is a recovery point whose recovery_frame_cnt is 0, which is a single bit."""
    at = 1
    while at + 2 < len(message) and message[at] != 0x80:
        kind, size = message[at], message[at + 1]
        if 0xFF in (kind, size):
            return False  # one that is this long stands behind what matters here
        if kind == _RECOVERY_POINT:
            return bool(message[at + 2] & 0x80)
        at += 2 + size
    return False


def _slice_type(unit: bytes) -> int:
    """slice_type of a slice (ITU-T H.264 7.3.3): the second of two Exp-Golomb numbers."""
    bits = f"{int.from_bytes(unit[1:9].ljust(8, b'\0')):064b}"
    _, at = _number(bits, 0)
    return _number(bits, at)[0]


def _number(bits: str, at: int) -> tuple[int, int]:
    """An unsigned Exp-Golomb number (ITU-T H.264 9.1), and where it ends; -1 where it has no end."""
    one = bits.find("1", at)
    end = 2 * one - at + 1
    if one < 0 or end > len(bits):
        return -1, at
    return int(bits[one:end], 2) - 1, end
