"""The photos on the virtual camera's card: real pictures, with the dates their EXIF says."""

from datetime import datetime
from io import BytesIO
import os
from pathlib import Path

from PIL import ExifTags, Image
import pytest

from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.virtual.photos import (
    HEIGHT,
    WIDTH,
    InMemory,
    Part,
    Photo,
    dcf_name,
    format_of,
    photos_in,
    sample_photos,
)
from custom_components.crcp.virtual.pictures import make_thumb

TAKEN = datetime(2026, 5, 1, 6, 42, 10)
ORIGINAL, DIGITIZED, CHANGED = (
    ExifTags.Base.DateTimeOriginal,
    ExifTags.Base.DateTimeDigitized,
    ExifTags.Base.DateTime,
)


def jpeg(path: Path, dates: dict[int, str], thumb: bytes = b"") -> Path:
    """Write a small JPEG whose EXIF has these dates, and this thumbnail."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Tester"
    for tag, date in dates.items():
        (exif if tag == CHANGED else exif.get_ifd(ExifTags.IFD.Exif))[tag] = date
    block = exif.tobytes()
    if thumb:
        block = _with_thumb(block, thumb)
    Image.new("RGB", (320, 240), "teal").save(path, exif=block)
    return path


def _with_thumb(block: bytes, thumb: bytes) -> bytes:
    """Hang a second directory behind an EXIF block (TIFF 6.0, EXIF 2.3 section 4.6.2)."""
    tiff = block.removeprefix(b"Exif\0\0")
    order = "little" if tiff.startswith(b"II") else "big"
    first = int.from_bytes(tiff[4:8], order)
    entries = int.from_bytes(tiff[first : first + 2], order)
    link = first + 2 + 12 * entries
    second = len(tiff) + len(tiff) % 2

    def entry(tag: int, value: int) -> bytes:
        numbers = ((tag, 2), (4, 2), (1, 4), (value, 4))
        return b"".join(number.to_bytes(size, order) for number, size in numbers)

    directory = (
        (2).to_bytes(2, order)
        + entry(0x0201, second + 2 + 24 + 4)
        + entry(0x0202, len(thumb))
        + bytes(4)
    )
    linked = tiff[:link] + second.to_bytes(4, order) + tiff[link + 4 :]
    return b"Exif\0\0" + linked.ljust(second, b"\0") + directory + thumb


def test_a_generated_picture_is_a_jpeg_with_a_date() -> None:
    photo = Photo.generate(1, TAKEN, model="Tester")
    assert isinstance(photo.content, InMemory)
    picture = Image.open(BytesIO(photo.content.data))
    exif = picture.getexif()
    assert (picture.format, picture.size) == ("JPEG", (WIDTH, HEIGHT))
    assert exif[ExifTags.Base.Model] == "Tester"
    assert exif.get_ifd(ExifTags.IFD.Exif)[ORIGINAL] == "2026:05:01 06:42:10"


def test_the_same_number_is_the_same_picture_and_another_is_not() -> None:
    first, again, other = (Photo.generate(number, TAKEN) for number in (1, 1, 2))
    assert first == again
    assert first.content != other.content


def test_sample_photos_differ_in_name_and_date() -> None:
    photos = list(sample_photos(3))
    assert [photo.name for photo in photos] == ["IMG_0001.JPG", "IMG_0002.JPG", "IMG_0003.JPG"]
    assert len({photo.captured for photo in photos}) == 3


def test_names_wrap_after_9999() -> None:
    assert [dcf_name(number) for number in (9999, 10_000)] == ["IMG_9999.JPG", "IMG_0001.JPG"]


@pytest.mark.parametrize(
    ("dates", "captured"),
    [
        (
            {
                ORIGINAL: "2013:12:17 14:04:24",
                DIGITIZED: "2014:01:01 00:00:00",
                CHANGED: "2015:01:01 00:00:00",
            },
            datetime(2013, 12, 17, 14, 4, 24),
        ),
        (
            {DIGITIZED: "2014:01:01 00:00:00", CHANGED: "2015:01:01 00:00:00"},
            datetime(2014, 1, 1),
        ),
        ({CHANGED: "2015:01:01 00:00:00"}, datetime(2015, 1, 1)),
        ({ORIGINAL: "    :  :     :  :  ", CHANGED: "2015:01:01 00:00:00"}, datetime(2015, 1, 1)),
        ({ORIGINAL: "0000:00:00 00:00:00"}, None),
        ({}, None),
    ],
)
def test_a_file_was_taken_when_its_exif_says(
    tmp_path: Path, dates: dict[int, str], captured: datetime | None
) -> None:
    assert Photo.from_file(jpeg(tmp_path / "A.JPG", dates)).captured == captured


def test_a_file_without_exif_was_taken_when_it_was_written(tmp_path: Path) -> None:
    movie = tmp_path / "CLIP.MOV"
    movie.write_bytes(b"moving")
    os.utime(movie, (TAKEN.timestamp(), TAKEN.timestamp()))
    photo = Photo.from_file(movie)
    assert (photo.captured, photo.object_format) == (TAKEN, ObjectFormat.QUICKTIME)


async def test_a_thumbnail_in_the_file_is_the_thumbnail(tmp_path: Path) -> None:
    thumb = make_thumb(Photo.generate(1, TAKEN).thumb or b"")
    photo = Photo.from_file(jpeg(tmp_path / "A.JPG", {ORIGINAL: "2013:12:17 14:04:24"}, thumb))
    assert photo.thumb == await photo.any_thumb() == thumb


async def test_a_picture_without_a_thumbnail_gets_one(tmp_path: Path) -> None:
    Image.new("RGBA", (640, 480), "teal").save(tmp_path / "A.PNG")
    photo = Photo.from_file(tmp_path / "A.PNG")
    thumb = await photo.any_thumb()
    assert photo.thumb is None
    assert Image.open(BytesIO(thumb)).size == (160, 120)


async def test_the_thumbnail_of_a_raw_file_shows_what_is_in_it(tmp_path: Path) -> None:
    small = BytesIO()
    Image.new("RGB", (320, 240), "teal").save(small, "JPEG")
    raw = tmp_path / "A.CR3"
    for inside in (small.getvalue(), b"\xff\xd8\xff\xe0 cut off"):
        raw.write_bytes(b"\0\0\0\x18ftypcrx " + inside + bytes(99))
        thumb = Image.open(BytesIO(await Photo.from_file(raw).any_thumb()))
        green = thumb.size == (160, 120) and thumb.getpixel((80, 60))[1] in range(125, 131)
        assert green == (inside == small.getvalue())


def test_a_folder_gives_its_pictures_and_movies_by_name(tmp_path: Path) -> None:
    for name in ("b.jpg", "A.CR3", "notes.txt", "C.MOV", ".hidden"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.jpg").mkdir()
    assert [photo.name for photo in photos_in(tmp_path)] == ["A.CR3", "C.MOV", "b.jpg"]


async def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "A.MOV").write_bytes(b"0123456789")
    content = Photo.from_file(tmp_path / "A.MOV").content
    assert [bytes(await content.read(at, 4)) for at in (0, 4, 8, 12)] == [
        b"0123",
        b"4567",
        b"89",
        b"",
    ]


async def test_a_part_ends_where_it_says() -> None:
    part = Part(InMemory(b"0123456789"), start=2, size=4)
    assert [bytes(await part.read(at, 3)) for at in (0, 3)] == [b"234", b"5"]


@pytest.mark.parametrize(
    ("name", "object_format"),
    [("a.JPEG", 0x3801), ("a.png", 0x380B), ("a.NEF", 0x3000), ("a", 0x3000)],
)
def test_formats_are_what_cameras_say(name: str, object_format: int) -> None:
    assert format_of(name) == object_format
