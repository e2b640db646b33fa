"""A test card by Pillow: each picture says which one it is, to people and to programs.

The number and the time stand in it twice: as digits, and as black and white blocks which are still
there after a coder has thrown most of the picture away. A disc goes round, so no two are alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
import math
from typing import Final
from zlib import crc32

from PIL import Image, ImageDraw, ImageFont

#: The blocks: rows of them at the top, one bit each, white for 1.
COLUMNS: Final = 16
ROWS: Final = 3
#: Each row is so much of the height: 5 pixels of 90, which a coder's blocks of 8 blur but keep.
ROW_HEIGHT: Final = 1 / 18

_NUMBER_BITS, _TIME_BITS, _CHECK_BITS = 20, 20, 8

#: A block is black below the one and white above the other; in between the picture is damaged.
_DARKEST_GREY, _LIGHTEST_GREY = 80, 176

_SKY, _GROUND, _DISC = (28, 52, 92), (52, 92, 64), (240, 196, 64)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a picture says of itself: its number from 0, and hundredths of a second from the start.

    There is room for a million pictures in two hours and fifty minutes.
    """

    number: int
    time: int

    @classmethod
    def of(cls, number: int, rate: int) -> Stamp:
        """The stamp of a picture in a recording of so many a second."""
        return cls(number, number * 100 // rate)

    @property
    def bits(self) -> int:
        """All of it, and a check, so that a damaged picture does not tell a wrong number."""
        value = self.number << _TIME_BITS | self.time
        return value << _CHECK_BITS | _check(value)


def paint(number: int, rate: int, width: int, height: int) -> Image.Image:
    """The picture with this number of a recording of rate pictures a second."""
    picture = _background(width, height).copy()
    draw = ImageDraw.Draw(picture)
    _draw_blocks(draw, Stamp.of(number, rate).bits, width, height)
    turn = math.tau * number / (4 * rate)
    x = width * (0.5 + 0.38 * math.sin(turn))
    y = height * (0.5 - 0.16 * math.cos(turn))
    radius = height / 12
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_DISC)
    text, place = _digits(number, rate), (width / 2, height * 0.86)
    draw.text(place, text, font=_font(height / 7), fill=(255, 255, 255), anchor="mm")
    return picture


def black(width: int, height: int) -> Image.Image:
    """What a tape that does not play looks like."""
    return Image.new("RGB", (width, height))


def read_stamp(picture: Image.Image) -> Stamp | None:
    """Read what a picture says of itself; None where it says nothing, or is damaged."""
    width, height = picture.size
    area = (0.0, 0.0, float(width), ROWS * height * ROW_HEIGHT)
    blocks = picture.convert("L").resize((COLUMNS, ROWS), Image.Resampling.BOX, area).tobytes()
    if any(_DARKEST_GREY < level < _LIGHTEST_GREY for level in blocks):
        return None
    bits = sum((level > 128) << place for place, level in enumerate(reversed(blocks)))
    value, check = bits >> _CHECK_BITS, bits & (1 << _CHECK_BITS) - 1
    if _check(value) != check:
        return None
    return Stamp(value >> _TIME_BITS, value & (1 << _TIME_BITS) - 1)


def _check(value: int) -> int:
    # Not zero for zero: a black picture would be the first one.
    return crc32(value.to_bytes(5)) & (1 << _CHECK_BITS) - 1


def _draw_blocks(draw: ImageDraw.ImageDraw, bits: int, width: int, height: int) -> None:
    for row, column in _places():
        bits_left = COLUMNS * ROWS - 1 - (row * COLUMNS + column)
        if bits >> bits_left & 1:
            left, right = (round(width * at / COLUMNS) for at in (column, column + 1))
            top, bottom = (round(height * ROW_HEIGHT * at) for at in (row, row + 1))
            draw.rectangle((left, top, right - 1, bottom - 1), fill=(255, 255, 255))


def _places() -> Iterator[tuple[int, int]]:
    for row in range(ROWS):
        for column in range(COLUMNS):
            yield row, column


@cache
def _background(width: int, height: int) -> Image.Image:
    picture = Image.new("RGB", (width, height), _SKY)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width, round(height * ROWS * ROW_HEIGHT) - 1), fill=(0, 0, 0))
    draw.rectangle((0, round(height * 0.72), width, height), fill=_GROUND)
    return picture


@cache
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _digits(number: int, rate: int) -> str:
    """Minutes, seconds and the picture within the second, as editors write them."""
    seconds, picture = divmod(number, rate)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes:02}:{seconds:02}:{picture:02}"
