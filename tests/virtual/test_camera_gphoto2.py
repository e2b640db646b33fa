"""A program that is none of ours reads the virtual camera, as each maker's, byte for byte."""

import asyncio
from collections.abc import AsyncIterator, Iterable
import contextlib
from pathlib import Path
import shutil

import pytest

from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.personalities import PERSONALITIES, Personality
from custom_components.crcp.virtual.photos import Photo, photos_in, sample_photos
from tests.helpers import until

pytestmark = [
    pytest.mark.skipif(
        shutil.which("gphoto2") is None, reason="gphoto2 is not installed (apt install gphoto2)"
    ),
    pytest.mark.usefixtures("socket_enabled"),
]

every_maker = pytest.mark.parametrize("maker", PERSONALITIES.values(), ids=PERSONALITIES)


@contextlib.asynccontextmanager
async def running(camera: VirtualCamera) -> AsyncIterator[VirtualCamera]:
    await camera.start()
    try:
        yield camera
    finally:
        await camera.stop()


async def gphoto2_at(camera: VirtualCamera, folder: Path, *arguments: str) -> str:
    """Run gphoto2 at a camera, in a folder that is its home as well: it keeps its GUID there."""
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
    output = b""
    with contextlib.suppress(ProcessLookupError):
        try:
            output, _ = await asyncio.wait_for(process.communicate(), 60)
        finally:
            process.kill()
    text = output.decode()
    assert process.returncode == 0, text
    assert "*** Error" not in text, text
    return text


async def gphoto2(folder: Path, photos: Iterable[Photo], *arguments: str) -> str:
    """Run gphoto2 at a camera of no maker with these photos."""
    async with running(VirtualCamera(photos=photos)) as camera:
        return await gphoto2_at(camera, folder, *arguments)


def files(folder: Path, pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in folder.glob(pattern)]


def listed(listing: str) -> list[str]:
    return [line.split()[1] for line in listing.splitlines() if line.startswith("#")]


# -- every maker -------------------------------------------------------------------------------


@every_maker
async def test_it_recognises_the_maker(tmp_path: Path, maker: Personality) -> None:
    async with running(VirtualCamera(personality=maker, slots=2)) as camera:
        summary = await gphoto2_at(camera, tmp_path, "--summary")
    assert f"Manufacturer: {maker.manufacturer}" in summary
    assert f"Model: {maker.model}" in summary
    assert "File Download" in summary
    assert "store_00010001:" in summary
    assert "store_00020001:" in summary
    assert "Battery Level(0x5001):(read only)" in summary


@every_maker
async def test_it_lists_and_copies_both_cards(tmp_path: Path, maker: Personality) -> None:
    photos = list(sample_photos(4))
    camera = VirtualCamera(photos=photos[:2], personality=maker, slots=2)
    for photo in photos[2:]:
        camera.add_photo(photo, slot=1)
    async with running(camera):
        listing = await gphoto2_at(camera, tmp_path, "--list-files", "--get-all-files")
    assert f"/store_00020001/DCIM/100{maker.folder_name}" in listing
    assert listed(listing) == [photo.name for photo in photos]
    for photo in photos:
        copy = (tmp_path / photo.name).read_bytes()
        assert copy == await photo.content.read(0, photo.content.size), photo.name


@every_maker
async def test_it_takes_a_picture(tmp_path: Path, maker: Personality) -> None:
    async with running(VirtualCamera(personality=maker)) as camera:
        said = await gphoto2_at(camera, tmp_path, "--capture-image")
        assert f"/store_00010001/DCIM/100{maker.folder_name}/IMG_0001.JPG" in said
        assert len(camera.cards[0].handles(0x3801, 0)) == 1


@every_maker
async def test_it_hears_of_a_new_picture(tmp_path: Path, maker: Personality) -> None:
    async with running(VirtualCamera(personality=maker)) as camera:
        waiting = asyncio.create_task(gphoto2_at(camera, tmp_path, "--wait-event=FILEADDED"))
        await until(Quiet(camera).lasts, within=30)
        await camera.press_shutter()
        said = await waiting
    assert "FILEADDED IMG_0001.JPG" in said


#: KeepDeviceOn of a Canon, which comes with each look for events.
KEEP_DEVICE_ON = 0x911D


class Quiet:
    """Whether a visitor has asked what it wanted to know, and now only asks for events."""

    def __init__(self, camera: VirtualCamera) -> None:
        self.camera = camera
        self.asked = 0
        self.looks = 0

    def lasts(self) -> bool:
        idle = {self.camera.personality.asks, KEEP_DEVICE_ON}
        asked = sum(request.code not in idle for request in self.camera.requests)
        self.looks = self.looks + 1 if asked == self.asked else 0
        self.asked = asked
        return asked > 0 and self.looks > 60


# -- other files -------------------------------------------------------------------------------


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


async def test_it_deletes_and_sends_files(tmp_path: Path) -> None:
    (tmp_path / "SENT.JPG").write_bytes(b"from the computer")
    folder = "/store_00010001/DCIM/100CRCP"
    async with running(VirtualCamera(photos=sample_photos(1))) as camera:
        await gphoto2_at(camera, tmp_path, f"--folder={folder}", "--delete-file=IMG_0001.JPG")
        await gphoto2_at(camera, tmp_path, f"--folder={folder}", "--upload-file=SENT.JPG")
        entries = [entry for entry in camera.cards[0].entries.values() if entry.photo]
        assert [entry.name for entry in entries] == ["SENT.JPG"]
        assert entries[0].photo
        assert await entries[0].photo.content.read(0, 100) == b"from the computer"


async def test_it_reads_and_sets_a_property(tmp_path: Path) -> None:
    async with running(VirtualCamera()) as camera:
        await gphoto2_at(camera, tmp_path, "--set-config=501e=Ann Onymous")
        assert "Ann Onymous" in await gphoto2_at(camera, tmp_path, "--get-config=501e")
