"""Small pictures of imported files: bad ones are not tried again, and few wait to be kept."""

import asyncio
from pathlib import Path
from threading import Lock

from homeassistant.core import HomeAssistant
import pytest

from custom_components.crcp import photo_previews
from custom_components.crcp.photo_previews import Previews
from custom_components.crcp.previews.make import make_of_camera
from tests.helpers import until
from tests.previews.files import jpeg

BAD, WORSE, GOOD = ("a" * 64, "b" * 64, "c" * 64)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "IMG_0001.JPG"
    path.write_bytes(jpeg())
    return path


@pytest.fixture
def no_picture(tmp_path: Path) -> Path:
    path = tmp_path / "IMG_0002.JPG"
    path.write_bytes(b"\xff\xd8 no picture at all")
    return path


async def test_a_file_that_shows_nothing_is_not_tried_at_every_look(
    hass: HomeAssistant,
    hass_config_dir: str,
    picture: Path,
    no_picture: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    previews = Previews(hass)
    assert await previews.async_thumbnail(no_picture, BAD) is None
    assert await previews.async_which_show([(BAD, False), (GOOD, False)]) == {GOOD}
    # By the hash of its bytes it is the same file, so it is not even opened.
    assert await previews.async_thumbnail(picture, BAD) is None
    assert await previews.async_thumbnail(picture, GOOD)
    # Others make it be forgotten.
    monkeypatch.setattr(photo_previews, "MAX_REFUSED", 1)
    assert await previews.async_thumbnail(no_picture, WORSE) is None
    assert await previews.async_thumbnail(picture, BAD)


async def test_what_cameras_send_is_decoded_one_at_a_time(
    hass: HomeAssistant, hass_config_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, others = Lock(), []

    def make(cameras: bytes, *_: object) -> bytes:
        others.append(not turn.acquire(blocking=False))
        try:
            return make_of_camera(cameras)
        finally:
            turn.release()

    monkeypatch.setattr(photo_previews, "make_of_camera", make)
    previews = Previews(hass)
    heavy = jpeg(3000, 2000, "red")
    made = await asyncio.gather(*(previews.async_of_camera(f"{n:02x}", heavy) for n in range(8)))
    assert all(made)
    assert not any(others)
    assert await previews.async_of_camera("ff", b"\xff\xd8 no picture at all") is None


async def test_only_so_many_thumbnails_of_a_camera_wait(
    hass: HomeAssistant, hass_config_dir: str, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_previews, "MAX_WAITING", 1)
    previews = Previews(hass)
    previews.async_keep(picture, BAD, jpeg(160, 120))
    previews.async_keep(picture, WORSE, jpeg(160, 120))
    await until(lambda: not previews._waiting)
    kept = await asyncio.gather(*(previews.async_kept(name) for name in (BAD, WORSE)))
    assert [bool(each) for each in kept] == [True, False]
    # There is room again.
    previews.async_keep(picture, GOOD, jpeg(160, 120))
    await until(lambda: not previews._waiting)
    assert await previews.async_kept(GOOD)
