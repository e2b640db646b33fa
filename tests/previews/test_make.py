"""Small pictures of every kind of file that cameras write."""

import io
import os
from pathlib import Path
import struct

from PIL import Image
import pytest

from custom_components.crcp.previews.errors import NoPreview
from custom_components.crcp.previews.make import make_preview, make_thumbnail
from tests.previews.files import (
    box,
    canon_raw,
    directory,
    heif,
    jpeg,
    long,
    short,
    tiff,
    with_exif,
)

#: Real cameras' pictures, where somebody has them.
PHOTOS = Path(os.environ.get("CRCP_PHOTOS", "/nowhere"))


def thumbnail(data: bytes, cameras: bytes | None = None) -> Image.Image:
    made = make_thumbnail(io.BytesIO(data), len(data), cameras)
    return Image.open(io.BytesIO(made), formats=["JPEG"])


def preview(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(make_preview(io.BytesIO(data), len(data))), formats=["JPEG"])


def colour(picture: Image.Image) -> str:
    """Which of red, green and blue it is mostly."""
    pixel = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return ("red", "lime", "blue")[max(range(3), key=lambda each: pixel[each])]


def exif_with(thumb: bytes, orientation: int = 1) -> bytes:
    """EXIF 4.5.4: the second directory has the thumbnail."""
    second = directory(long(0x0201, 100), long(0x0202, len(thumb)))
    return tiff((8, directory(short(0x0112, orientation), after=40)), (40, second), (100, thumb))


def nikon_raw(small: bytes, large: bytes) -> bytes:
    """NEF: uncompressed pixels first, JPEG files in the directories below."""
    children = struct.pack("<II", 300, 340)
    return tiff(
        (8, directory(short(0x0103, 1), long(0x0111, 400), (0x014A, 4, 2, struct.pack("<I", 200)))),
        (200, children),
        (300, directory(long(0x0201, 1000), long(0x0202, len(small)))),
        (340, directory(long(0x0201, 9000), long(0x0202, len(large)))),
        (1000, small),
        (9000, large),
    )


def canon_raw_2(small: bytes, large: bytes) -> bytes:
    """CR2: the large one in a strip, the small one as EXIF has it, lossless data further on."""
    return tiff(
        (
            8,
            directory(short(0x0103, 6), long(0x0111, 9000), long(0x0117, len(large)), after=100),
        ),
        (100, directory(long(0x0201, 1000), long(0x0202, len(small)), after=200)),
        (200, directory(short(0x0103, 6), long(0x0111, 400), long(0x0117, 16))),
        (400, bytes.fromhex("ffd8ffc3000b0e00100010010011 00").ljust(16, b"\0")),
        (1000, small),
        (9000, large),
    )


def adobe_raw(small: bytes, large: bytes) -> bytes:
    """DNG 1.4, previews: compression 7, in directories of their own."""
    return tiff(
        (8, directory(short(0x0103, 7), long(0x0111, 1000), long(0x0117, len(small)), after=100)),
        (100, directory(short(0x0103, 7), long(0x0111, 9000), long(0x0117, len(large)))),
        (1000, small),
        (9000, large),
    )


def panasonic_raw(small: bytes, large: bytes) -> bytes:
    entry = (0x002E, 7, len(large), struct.pack("<I", 9000))
    return tiff((8, directory(entry)), (9000, large), magic=b"IIU\0")


def fujifilm_raw(small: bytes, large: bytes) -> bytes:
    head = b"FUJIFILMCCD-RAW 0201FF129502".ljust(84, b"\0")
    return head + struct.pack(">II", 148, len(large)) + bytes(56) + large + bytes(99)


SMALL = jpeg(160, 120, "lime")
LARGE = jpeg(1600, 1200, "blue")


@pytest.mark.parametrize(
    "made", [nikon_raw, canon_raw_2, adobe_raw, panasonic_raw, fujifilm_raw, canon_raw]
)
def test_a_raw_file_shows_the_largest_picture_in_it(made) -> None:
    data = made(SMALL, LARGE)
    assert colour(preview(data)) == "blue"
    assert preview(data).size == (1600, 1200)
    assert max(thumbnail(data).size) in {160, 320}


@pytest.mark.parametrize("made", [nikon_raw, canon_raw_2, adobe_raw, canon_raw])
def test_a_list_takes_the_small_one(made) -> None:
    assert colour(thumbnail(made(SMALL, LARGE))) == "lime"


def test_a_jpeg_file_shows_itself_and_its_thumbnail_in_lists() -> None:
    data = with_exif(LARGE, exif_with(SMALL))
    assert colour(preview(data)) == "blue"
    assert colour(thumbnail(data)) == "lime"


def test_the_camera_s_own_thumbnail_comes_first() -> None:
    cameras = jpeg(160, 120, "red")
    assert colour(thumbnail(with_exif(LARGE, exif_with(SMALL)), cameras)) == "red"
    assert colour(thumbnail(b"some movie" * 50, cameras)) == "red"


@pytest.mark.parametrize("cameras", [b"", b"\xff\xd8\xff", b"GIF89a", jpeg()[:-90]])
def test_a_bad_thumbnail_of_the_camera_s_is_passed_over(cameras: bytes) -> None:
    assert colour(thumbnail(LARGE, cameras)) == "blue"


def test_a_picture_without_a_small_one_is_made_small() -> None:
    made = thumbnail(LARGE)
    assert made.size == (320, 240)


def test_a_large_picture_is_made_smaller_to_be_looked_at() -> None:
    assert preview(jpeg(5000, 2500)).size == (2048, 1024)


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (2, (1, 0)), (3, (1, 1)), (4, (0, 1)), (5, (0, 0)), (6, (1, 0)), (7, (1, 1)),
     (8, (0, 1))],
)  # fmt: skip
def test_a_picture_is_shown_upright(orientation: int, corner: tuple[int, int]) -> None:
    """EXIF 4.6.4 A: which corner of the scene the first pixel of the file shows."""
    image = Image.new("RGB", (300, 200), "white")
    image.paste("black", (0, 0, 60, 60))
    file = io.BytesIO()
    image.save(file, "JPEG")
    tag = tiff((8, directory(short(0x0112, orientation))))
    shown = thumbnail(with_exif(file.getvalue(), tag)).convert("L")
    assert (shown.width < shown.height) is (orientation >= 5)
    place = [corner[0] * (shown.width - 20) + 10, corner[1] * (shown.height - 20) + 10]
    pixel = shown.getpixel((place[0], place[1]))
    assert isinstance(pixel, int)
    assert pixel < 60


def test_a_heif_file_shows_what_needs_no_decoder() -> None:
    assert colour(preview(heif(b"jpeg", LARGE))) == "blue"
    exif = bytes(4) + exif_with(SMALL)
    assert colour(thumbnail(heif(b"Exif", exif))) == "lime"
    shifted = b"\0\0\0\6Exif\0\0" + exif_with(SMALL)
    assert colour(thumbnail(heif(b"Exif", shifted))) == "lime"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + bytes(99),
        b"\x89PNG\r\n\x1a\n" + bytes(99),
        heif(b"hvc1", bytes(200)),
        box(b"ftyp", b"qt  \0\0\0\0") + box(b"moov", bytes(50)) + box(b"mdat", bytes(99)),
        tiff((8, directory(short(0x0103, 1)))),
    ],
)
def test_what_shows_no_picture_says_so(data: bytes) -> None:
    with pytest.raises(NoPreview):
        make_thumbnail(io.BytesIO(data), len(data))


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="CRCP_PHOTOS names no folder of pictures")
def test_real_cameras_pictures_have_thumbnails() -> None:
    names = sorted(PHOTOS.glob("*.jpg"))
    assert names
    for path in names:
        with path.open("rb") as file:
            made = make_thumbnail(file, path.stat().st_size)
        assert max(Image.open(io.BytesIO(made)).size) == 160, path.name
