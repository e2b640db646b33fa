"""MPEG-1 and MPEG-2 video over RTP (RFC 2250 sections 3.1, 3.3 and 3.4), payload type 32."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
import re
from typing import Final

#: So much of a picture goes into one packet: an Ethernet frame less the headers around it.
PAYLOAD_SIZE: Final = 1400

#: A picture of the largest size that MPEG-2 has at the highest rate is smaller (vbv_buffer_size).
MAX_PICTURE: Final = 8 << 20

#: "T: MPEG-2 (Two) specific header extension present", which makes the header twice as long.
_EXTENDED: Final = 0x04

_PICTURE, _SEQUENCE, _GROUP = b"\0\0\1\x00", b"\0\0\1\xb3", b"\0\0\1\xb8"

#: slice_start_code (ISO/IEC 13818-2 table 6-1).
_SLICES: Final = re.compile(rb"\x00\x00\x01[\x01-\xaf]", re.DOTALL)


class PictureType(IntEnum):
    """picture_coding_type (ISO/IEC 13818-2 table 6-12)."""

    INTRA = 1
    PREDICTED = 2
    BIDIRECTIONAL = 3


def picture_type(stream: bytes) -> PictureType | None:
    """The type of the first picture that begins in stream; None where none does."""
    at = stream.find(_PICTURE)
    if at < 0 or at + 6 > len(stream):
        return None
    number = stream[at + 5] >> 3 & 7
    return PictureType(number) if number in set(PictureType) else None


def starts_sequence(stream: bytes) -> bool:
    """Whether a decoder can begin with this picture: a sequence header and a picture of its own."""
    return _SEQUENCE in stream and picture_type(stream) is PictureType.INTRA


def split_pictures(stream: bytes) -> Iterator[bytes]:
    """Cut an elementary stream before each picture, and before the headers that belong to it."""
    begin, at = 0, stream.find(_PICTURE)
    while at >= 0:
        following = stream.find(_PICTURE, at + 4)
        end = len(stream) if following < 0 else _headers_before(stream, at + 4, following)
        yield stream[begin:end]
        begin, at = end, following


def _headers_before(stream: bytes, begin: int, picture: int) -> int:
    found = (stream.find(each, begin, picture) for each in (_SEQUENCE, _GROUP))
    return min((at for at in found if at >= 0), default=picture)


@dataclass(slots=True)
class MissingReferences:
    """Tells which pictures can be shown: those whose references were all seen.

    Pictures that come right after the first key picture may be shown before it, and then build on
    one before that.
    """

    waiting: bool = True
    _leading: bool = True

    def lose(self) -> None:
        """A picture is missing; wait for one that stands alone."""
        self.waiting = self._leading = True

    def has_all(self, stream: bytes, *, stands_alone: bool) -> bool:
        """Whether the next picture can be shown. stream: its beginning."""
        if self.waiting:
            self.waiting = not stands_alone
            return stands_alone
        self._leading = self._leading and picture_type(stream) is PictureType.BIDIRECTIONAL
        return not self._leading


def video_payloads(picture: bytes) -> Iterator[tuple[bytes, bool]]:
    """Give the payloads of a picture, each with whether it is the last.

    Raises ValueError for what has no slices.
    """
    slices = [match.start() for match in _SLICES.finditer(picture)]
    if not slices:
        raise ValueError("this is no MPEG picture")
    # The headers go with the first slice, and no header is ever cut (RFC 2250 section 3.1).
    begins, ends = [0, *slices[1:]], [*slices[1:], len(picture)]
    at = 0
    while at < len(picture):
        end = _end_of_payload(at, ends)
        head = _header(picture, starts=at in begins, ends=end in ends, sequence=at == 0)
        yield head + picture[at:end], end == len(picture)
        at = end


def _end_of_payload(at: int, ends: list[int]) -> int:
    """Whole slices as many as fit, or a piece of one."""
    fitting = [end for end in ends if at < end <= at + PAYLOAD_SIZE]
    return fitting[-1] if fitting else at + PAYLOAD_SIZE


def _header(picture: bytes, *, starts: bool, ends: bool, sequence: bool) -> bytes:
    """The "MPEG video-specific header" (RFC 2250 section 3.4), most of it from the picture's own."""
    at = picture.index(_PICTURE) + 4
    bits = int.from_bytes(picture[at : at + 5])
    kind = bits >> 27 & 7
    forward = bits >> 7 & 0xF if kind > PictureType.INTRA else 0
    backward = bits >> 3 & 0xF if kind == PictureType.BIDIRECTIONAL else 0
    flags = (sequence and _SEQUENCE in picture) << 5 | starts << 4 | ends << 3 | kind
    return (bits >> 30).to_bytes(2) + bytes((flags, backward << 4 | forward))


def strip_header(payload: bytes) -> bytes | None:
    """What a payload carries behind its header; None for one shorter than that."""
    size = 8 if payload[:1] and payload[0] & _EXTENDED else 4
    return payload[size:] if len(payload) > size else None
