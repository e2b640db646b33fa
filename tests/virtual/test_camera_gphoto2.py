"""A program that is none of ours copies the virtual camera's pictures, byte for byte."""

import asyncio
from collections.abc import Iterable
import contextlib
from pathlib import Path
import shutil

import pytest

from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import Photo, photos_in, sample_photos

pytestmark = [
    pytest.mark.skipif(
        shutil.which("gphoto2") is None, reason="gphoto2 is not installed (apt install gphoto2)"
    ),
    pytest.mark.usefixtures("socket_enabled"),
]


async def gphoto2(folder: Path, photos: Iterable[Photo], *arguments: str) -> str:
    """Run gphoto2 at a camera with these photos, in a folder that is its home as well.

    Its home is where it keeps its GUID.
    """
    camera = VirtualCamera(photos=photos)
    await camera.start()
    try:
        process = await asyncio.create_subprocess_exec(
            "gphoto2",
            "--port",
            f"ptpip:127.0.0.1:{camera.port}:{camera.port}",
            *arguments,
            cwd=folder,
            env={"HOME": str(folder), "LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        with contextlib.suppress(ProcessLookupError):
            try:
                output, _ = await asyncio.wait_for(process.communicate(), 60)
            finally:
                process.kill()
        assert process.returncode == 0, output.decode()
        return output.decode()
    finally:
        await camera.stop()


def files(folder: Path, pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in folder.glob(pattern)]


async def test_it_lists_every_picture(tmp_path: Path) -> None:
    listing = await gphoto2(tmp_path, sample_photos(3), "--list-files")
    assert "/store_00010001/DCIM/100CRCP" in listing
    assert [line.split()[1] for line in listing.splitlines() if line.startswith("#")] == [
        "IMG_0001.JPG",
        "IMG_0002.JPG",
        "IMG_0003.JPG",
    ]


async def test_it_copies_every_generated_picture(tmp_path: Path) -> None:
    photos = list(sample_photos(3))
    await gphoto2(tmp_path, photos, "--get-all-files")
    for photo in photos:
        copy = (tmp_path / photo.name).read_bytes()
        assert copy == await photo.content.read(0, photo.content.size), photo.name


async def test_it_copies_files_of_ones_own(tmp_path: Path) -> None:
    originals, copies = tmp_path / "originals", tmp_path / "copies"
    originals.mkdir()
    copies.mkdir()
    (originals / "CLIP0001.MOV").write_bytes(bytes(range(256)) * 20_000)
    (originals / "DSC_0001.NEF").write_bytes(b"not really raw")
    (originals / "EMPTY.WAV").write_bytes(b"")
    await gphoto2(copies, photos_in(originals), "--get-all-files")
    for original in originals.iterdir():
        assert (copies / original.name).read_bytes() == original.read_bytes(), original.name


async def test_it_shows_thumbnails(tmp_path: Path) -> None:
    (photo,) = photos = list(sample_photos(1))
    await gphoto2(tmp_path, photos, "--get-all-thumbnails")
    assert files(tmp_path, "thumb_*") == [photo.thumb]
