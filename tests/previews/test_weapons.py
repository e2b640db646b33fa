"""Pictures as weapons: each is shown or refused, in bounded time and memory."""

from collections.abc import Callable
import io
from pathlib import Path
import random
import struct
import subprocess
import sys

from PIL import Image
import pytest

from custom_components.crcp.previews import draw, jpeg as jpeg_files, window
from custom_components.crcp.previews.errors import NoPreview
from custom_components.crcp.previews.jpeg import read_jpeg
from custom_components.crcp.previews.make import (
    MAX_CAMERAS,
    make_of_camera,
    make_preview,
    make_thumbnail,
)
from custom_components.crcp.previews.window import Window
from tests.previews.files import (
    box,
    canon_raw,
    claiming,
    directory,
    heif,
    jpeg,
    long,
    segment,
    short,
    tiff,
    with_exif,
    with_segments,
)

PACKAGE = Path(window.__file__).parent.parent


class Counting(io.BytesIO):
    """A file that counts how often and how much of it is read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.looks = self.bytes = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.looks += 1
        self.bytes += len(data)
        return data


def refused(data: bytes) -> Counting:
    """See that a file is refused; the file tells how much of it was read."""
    file = Counting(data)
    with pytest.raises(NoPreview):
        make_thumbnail(file, len(data))
    return file


def shown(data: bytes) -> bytes:
    return make_preview(io.BytesIO(data), len(data))


def in_scans(scans: int) -> bytes:
    """A progressive picture whose last scan comes again and again."""
    picture = jpeg(64, 64, progressive=True)
    last = picture.rindex(b"\xff\xda")
    return picture[:last] + picture[last:-2] * scans + b"\xff\xd9"


def non_interleaved(width: int, height: int) -> bytes:
    """A frame of three components whose first scan has one: all of it is held in memory."""
    picture = claiming(jpeg(16, 16), width, height)
    at = picture.index(b"\xff\xda")
    return picture[:at] + segment(0xDA, b"\1\1\0\0\x3f\0") + picture[at + 14 :]


BOMBS: dict[str, Callable[[], bytes]] = {
    "claims 65535 x 65535": lambda: claiming(jpeg(8, 8), 65535, 65535),
    "claims 65535 x 3000, and ends": lambda: claiming(jpeg(8, 8), 65535, 3000),
    "claims nothing": lambda: claiming(jpeg(8, 8), 0, 0),
    "claims 5000 x 5000 in scans": lambda: claiming(jpeg(8, 8, progressive=True), 5000, 5000),
    "claims 5000 x 5000 in single components": lambda: non_interleaved(5000, 5000),
    "comes in 100000 scans": lambda: in_scans(100_000),
    "is lossless": lambda: jpeg(8, 8).replace(b"\xff\xc0", b"\xff\xc3"),
    "is arithmetic": lambda: jpeg(8, 8).replace(b"\xff\xc0", b"\xff\xc9"),
    "has a head without end": lambda: jpeg()[:2] + segment(0xFE, b"") * 1_000_000,
    "is a directory of itself": lambda: tiff((8, directory(short(0x0103, 1), after=8))),
    "is a child of itself": lambda: tiff((8, directory(long(0x014A, 8), after=8))),
    "has children without end": lambda: tiff(
        *((8 + 18 * n, directory(long(0x014A, 26 + 18 * n))) for n in range(20_000))
    ),
    "has 65535 entries": lambda: tiff((8, b"\xff\xff" + bytes(800_000))),
    "has its picture outside": lambda: tiff(
        (8, directory(long(0x0201, 0xFFFFFFF0), long(0x0202, 0xFFFFFFF0)))
    ),
    "is its own picture": lambda: tiff((8, directory(long(0x0201, 0), long(0x0202, 30)))),
    "has its first directory outside": lambda: tiff(first=0xFFFFFFFF),
    "is a box of itself": lambda: box(b"ftyp", b"crx ") + struct.pack(">I4s", 0, b"moov") * 9999,
    "is a box of 2**64 bytes": lambda: (
        box(b"ftyp", b"crx ") + struct.pack(">I4sQ", 1, b"moov", 2**64 - 1) + bytes(99)
    ),
    "has a million boxes": lambda: box(b"ftyp", b"crx ") + box(b"free") * 1_000_000,
    "has 65535 items in 65535 pieces": lambda: (
        box(b"ftyp", b"heic")
        + box(
            b"meta",
            bytes(4),
            box(b"iinf", bytes(6)),
            box(b"iloc", b"\0\0\0\0\x44\0\xff\xff" + b"\0\1\0\0\xff\xff" * 200_000),
        )
    ),
    "has items that lie outside": lambda: heif(b"jpeg", bytes(9)).replace(
        struct.pack(">I", 9), b"\xff\xff\xff\xff"
    ),
    "has a preview larger than itself": lambda: canon_raw(jpeg(), jpeg())[:300],
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_and_hardly_read(name: str) -> None:
    file = refused(BOMBS[name]())
    assert file.looks <= window.MAX_LOOKS + 500
    assert file.bytes <= 2 * window.MAX_BYTES


def test_what_no_decoder_halves_enough_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(NoPreview, match="it has 65500 x 306 pixels"):
        shown(claiming(jpeg(), 65500, 306))


def test_a_cameras_thumbnail_that_is_none_is_not_looked_at() -> None:
    assert make_of_camera(jpeg())
    with pytest.raises(NoPreview):
        make_of_camera(jpeg().ljust(MAX_CAMERAS + 1, b"\0"))


def test_memory_stays_flat_whatever_comes(tmp_path: Path) -> None:
    for number, make in enumerate(BOMBS.values()):
        (tmp_path / f"{number:02}.bomb").write_bytes(make())
    (tmp_path / "good").write_bytes(jpeg(4000, 3000))
    program = f"""
import pathlib, resource, sys
sys.path.insert(0, {str(PACKAGE)!r})
from previews.errors import NoPreview
from previews.make import make_preview, make_thumbnail
def show(path):
    for make in make_thumbnail, make_preview:
        with path.open("rb") as file:
            try:
                make(file, path.stat().st_size)
            except NoPreview:
                pass
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
folder = pathlib.Path({str(tmp_path)!r})
show(folder / "good")
before = peak()
for path in sorted(folder.glob("*.bomb")):
    show(path)
print(peak() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 32 << 10  # in KiB: no more than a picture of a camera takes


@pytest.mark.parametrize("progressive", [False, True])
def test_a_truncated_picture_is_refused_wherever_it_ends(progressive: bool) -> None:
    whole = with_exif(jpeg(48, 32, progressive=progressive), tiff((8, directory(short(0x0112, 6)))))
    assert shown(whole)
    for end in range(0, len(whole) - 2, 3):
        refused(whole[:end])


def test_a_large_comment_is_passed_over() -> None:
    comments = [segment(0xFE, bytes(65_500))] * 162
    data = with_segments(jpeg(), *comments)
    assert len(data) > 10 << 20
    file = Counting(data)
    make_preview(file, len(data))
    assert file.bytes < 1 << 20


def test_what_is_hidden_in_a_picture_does_not_come_out() -> None:
    script = b"<script>alert(1)</script><svg onload=alert(1)>"
    evil = with_segments(jpeg(), segment(0xFE, script), segment(0xED, script)) + b"<html>" + script
    for made in (shown(evil), make_thumbnail(io.BytesIO(evil), len(evil), evil)):
        assert b"script" not in made
        assert b"<html" not in made
        assert made.startswith(b"\xff\xd8\xff")


def test_a_picture_that_takes_too_long_is_given_up() -> None:
    data = jpeg(3000, 2000)
    with pytest.raises(NoPreview, match="too long"):
        draw.draw(read_jpeg(Window(io.BytesIO(data), 0, len(data))), 320, 1, patience=-1)


def test_a_progressive_picture_of_a_real_encoder_is_shown() -> None:
    assert shown(jpeg(1500, 1000, progressive=True))
    assert shown(in_scans(jpeg_files.MAX_SCANS // 4))


@pytest.mark.parametrize("seed", range(6))
def test_any_bytes_give_a_picture_or_say_why_not(seed: int) -> None:
    chance = random.Random(seed)
    small = jpeg(32, 24)
    whole = [
        with_exif(small, tiff((8, directory(short(0x0112, 8), after=40)))),
        canon_raw(small, small),
        heif(b"Exif", bytes(4) + tiff((8, directory(long(0x0201, 64), long(0x0202, 400))))),
        tiff((8, directory(long(0x0201, 64), long(0x0202, len(small)))), (64, small)),
    ]
    for _ in range(150):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(min(len(data), 700))] = chance.choice([0, 1, 255, 127, 128, 64])
        try:
            made = make_thumbnail(io.BytesIO(bytes(data)), len(data))
        except NoPreview:
            continue
        assert max(Image.open(io.BytesIO(made)).size) <= 320
