"""Pictures by Pillow: a landscape for each number, and what a picture file tells about itself."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
import math
from pathlib import Path
from typing import Final

from PIL import ExifTags, Image, ImageDraw, ImageFilter, ImageFont

type Colour = tuple[int, ...]

EXIF_DATE: Final = "%Y:%m:%d %H:%M:%S"
JPEG_QUALITY: Final = 88
THUMB_SIZE: Final = (160, 120)

#: Painted twice as large and then reduced, which smooths the edges.
OVERSAMPLING: Final = 2

#: Sky at the top, sky at the horizon, sun, and the nearest hill, by time of day.
PALETTES: Final[tuple[tuple[Colour, Colour, Colour, Colour], ...]] = (
    ((64, 84, 140), (250, 188, 150), (255, 236, 190), (38, 44, 66)),  # first light
    ((92, 156, 214), (214, 234, 240), (255, 252, 226), (34, 74, 58)),  # morning
    ((48, 122, 196), (196, 224, 238), (255, 255, 240), (44, 88, 48)),  # noon
    ((88, 108, 170), (255, 206, 128), (255, 240, 176), (64, 52, 58)),  # late afternoon
    ((58, 40, 96), (244, 118, 82), (255, 214, 130), (34, 22, 44)),  # dusk
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a picture file tells about itself; thumb is the one that EXIF holds, if any."""

    width: int = 0
    height: int = 0
    has_exif: bool = False
    captured: datetime | None = None
    thumb: bytes | None = None


def landscape(number: int, captured: datetime, width: int, height: int, model: str) -> bytes:
    """Return a JPEG of the place that has this number, taken at this time by this model."""
    picture = _paint(number, width, height)
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "CRCP"
    exif[ExifTags.Base.Model] = model
    exif[ExifTags.Base.DateTime] = captured.strftime(EXIF_DATE)
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = captured.strftime(EXIF_DATE)
    details[ExifTags.Base.DateTimeDigitized] = captured.strftime(EXIF_DATE)
    file = BytesIO()
    picture.save(file, "JPEG", quality=JPEG_QUALITY, exif=exif)
    return file.getvalue()


#: A picture too large to be unpacked.
DECOMPRESSION_BOMB: Final = Image.DecompressionBombError


def facts(path: Path) -> Facts:
    """Read what a picture file tells: nothing, where it is no picture that Pillow knows."""
    try:
        with Image.open(path) as picture:
            exif = picture.getexif()
            thumb = _embedded_thumb(picture.info.get("exif", b""), exif)
            return Facts(picture.width, picture.height, bool(exif), _captured(exif), thumb)
    except OSError, ValueError, SyntaxError, Image.DecompressionBombError:
        return Facts()


def make_thumb(picture: bytes) -> bytes:
    """Return a JPEG of at most THUMB_SIZE of a picture."""
    file = BytesIO()
    with Image.open(BytesIO(picture)) as image:
        image.thumbnail(THUMB_SIZE)
        image.convert("RGB").save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def _captured(exif: Image.Exif) -> datetime | None:
    """The first of EXIF's dates that is one; local time, as the camera's clock had it."""
    details = exif.get_ifd(ExifTags.IFD.Exif)
    for date in (
        details.get(ExifTags.Base.DateTimeOriginal),
        details.get(ExifTags.Base.DateTimeDigitized),
        exif.get(ExifTags.Base.DateTime),
    ):
        try:
            return datetime.fromisoformat(str(date).strip("\0 ").replace(":", "-", 2))
        except ValueError:
            continue
    return None


def _embedded_thumb(block: bytes, exif: Image.Exif) -> bytes | None:
    """The JPEG that EXIF's second directory points to; offsets count from the TIFF header."""
    directory = exif.get_ifd(ExifTags.IFD.IFD1)
    start = directory.get(ExifTags.Base.JpegIFOffset)
    size = directory.get(ExifTags.Base.JpegIFByteCount)
    if not isinstance(start, int) or not isinstance(size, int):
        return None
    thumb = block.removeprefix(b"Exif\0\0")[start : start + size]
    return thumb if thumb.startswith(b"\xff\xd8") and len(thumb) == size else None


# -- painting ----------------------------------------------------------------------------------


def _paint(number: int, width: int, height: int) -> Image.Image:
    top, horizon, sun, hill = PALETTES[number % len(PALETTES)]
    size = width * OVERSAMPLING, height * OVERSAMPLING
    picture = _sky(size, top, horizon)
    _add_sun(picture, number, sun)
    _add_hills(picture, number, horizon, hill)
    _add_lake(picture, top)
    picture = picture.reduce(OVERSAMPLING)
    _add_number(picture, number)
    return picture


def _sky(size: tuple[int, int], top: Colour, horizon: Colour) -> Image.Image:
    width, height = size
    column = Image.new("RGB", (1, height))
    for y in range(height):
        column.putpixel((0, y), _mix(top, horizon, min(1.0, y / (0.72 * height))))
    return column.resize((width, height), Image.Resampling.NEAREST)


def _add_sun(picture: Image.Image, number: int, colour: Colour) -> None:
    """A disc and its glow; it stands elsewhere in each picture."""
    width, height = picture.size
    x = width * (0.18 + 0.64 * _chance(number, 1))
    y = height * (0.16 + 0.34 * _chance(number, 2))
    for radius, strength, blur in ((0.26, 110, 0.09), (0.11, 120, 0.03), (0.055, 255, 0.002)):
        r, soft = radius * height, blur * height
        reach = math.ceil(r + soft) + 1  # no further than this there is any glow
        left, top = math.floor(x) - reach, math.floor(y) - reach
        glow = Image.new("L", (2 * reach + 1, 2 * reach + 1))
        disc = (x - r - left, y - r - top, x + r - left, y + r - top)
        ImageDraw.Draw(glow).ellipse(disc, fill=strength)
        glow = glow.filter(ImageFilter.BoxBlur(soft))
        picture.paste(colour, (left, top), glow)


def _add_hills(picture: Image.Image, number: int, far: Colour, near: Colour) -> None:
    """Ranges one before the other, the far ones pale and pointed, the near ones dark and round."""
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    ranges = 5
    for layer in range(ranges):
        depth = (layer + 1) / ranges
        base = height * (0.46 + 0.26 * depth)
        swing = height * (0.15 - 0.07 * depth)
        waves = _waves(number, layer)
        ridge = [(x, base - swing * _ridge(waves, x / width)) for x in range(0, width + 4, 4)]
        colour = _mix(far, near, 0.25 + 0.75 * depth**1.4)
        draw.polygon([(0, height), *ridge, (width, height)], fill=colour)


def _add_lake(picture: Image.Image, tint: Colour) -> None:
    """The lowest part mirrors what is above it, a little blurred and a little darker."""
    width, height = picture.size
    shore = round(0.8 * height)
    depth = height - shore
    above = picture.crop((0, shore - 2 * depth, width, shore))
    mirror = above.reduce((1, 2)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    mirror = mirror.filter(ImageFilter.BoxBlur((0.006 * height, 0.002 * height)))
    water = Image.new("RGB", mirror.size, tint)
    picture.paste(Image.blend(mirror, water, 0.28), (0, shore))
    draw = ImageDraw.Draw(picture)
    draw.line((0, shore, width, shore), fill=_mix(tint, (255, 255, 255), 0.5), width=OVERSAMPLING)


def _add_number(picture: Image.Image, number: int) -> None:
    width, height = picture.size
    size = height / 16
    draw = ImageDraw.Draw(picture)
    place = (width - 0.6 * size, height - 0.5 * size)
    font = ImageFont.load_default(size)
    draw.text(place, f"{number:04}", font=font, fill=(255, 255, 255), anchor="rs")


def _waves(number: int, layer: int) -> list[tuple[float, float, float]]:
    """A few waves: their strengths, how many there are, and where they begin."""
    return [
        (
            strength,
            pitch * (0.8 + 0.5 * _chance(number, 3 + layer, index)),
            _chance(number, 30 + layer, index),
        )
        for index, (strength, pitch) in enumerate(((0.6, 1.6), (0.28, 4.1), (0.12, 9.7)))
    ]


def _ridge(waves: list[tuple[float, float, float]], x: float) -> float:
    """A height from about -1 to 1."""
    return sum(
        strength * math.sin(math.tau * (x * pitch + begin)) for strength, pitch, begin in waves
    )


def _chance(*seed: int) -> float:
    """A number from 0 to 1 that looks random and is the same for the same seed."""
    value = sum(math.sin(12.9898 * (place + 1) * (part + 1)) for place, part in enumerate(seed))
    return value * 43758.5453 % 1


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    return tuple(round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
