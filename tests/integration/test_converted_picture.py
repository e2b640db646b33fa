"""Pictures that Home Assistant's player cannot show, converted by choice, with the real ffmpeg."""

from pathlib import Path

import av
from homeassistant.components.camera import async_get_image, async_request_stream
from homeassistant.components.media_source import DOMAIN as MEDIA_SOURCE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.test_live_picture import (
    CAMERA,
    count,
    entity,
    hang_up,
    number_in,
    numbers_of,
    player,
    watching,
)
from tests.integration.units import SetUp, attribute, state
from tests.virtual.watching import footage, needs_ffmpeg

__all__ = ["footage", "player"]

CONVERTED = {"convert": True}


@pytest.fixture(params=[26, 32])
def unit(footage: Footage, request: pytest.FixtureRequest) -> VirtualUnit:
    unit = scenes.camera()
    scenes.show(unit, footage)
    unit.payload_types = (request.param,)
    return unit


def children() -> list[str]:
    """The programs that this one has started and that still run."""
    found = Path("/proc/self/task").glob("*/children")
    numbers = " ".join(each.read_text() for each in found).split()
    names = (Path(f"/proc/{number}/comm") for number in numbers)
    return [name.read_text().strip() for name in names if name.exists()]


@needs_ffmpeg
async def test_the_player_shows_what_was_converted(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, hass_client: ClientSessionGenerator
) -> None:
    await put(unit, options=CONVERTED)
    assert attribute(hass, CAMERA, "supported_features") == 2
    client = await hass_client()
    url = await async_request_stream(hass, CAMERA, "hls")
    playlist = url.replace("master_playlist", "playlist")
    text = await (await client.get(f"{playlist}?_HLS_msn=0&_HLS_part=0")).text()
    assert "#EXT-X-PART:" in text
    part = await client.get(playlist.replace("playlist.m3u8", "segment/0.0.m4s"))
    init = await client.get(playlist.replace("playlist.m3u8", "init.mp4"))
    numbers = numbers_of(await init.read() + await part.read(), form="mp4")
    assert None not in numbers
    assert numbers == sorted(set(numbers))
    assert len(numbers) > 3
    number_in((await async_get_image(hass, CAMERA)).content)
    assert count(unit, "RETR") == 1
    assert "ffmpeg" in children()
    entity(hass).feed._linger = 0.1
    await hang_up(hass)
    await until(lambda: "ffmpeg" not in children(), within=30)
    await until(lambda: count(unit, "ABOR") == 1, within=30)


@needs_ffmpeg
async def test_unloading_leaves_no_program(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    entry = await put(unit, options=CONVERTED)
    async with watching(hass) as content:
        await content.readexactly(188)
        assert "ffmpeg" in children()
        await hass.config_entries.async_unload(entry.entry_id)
        assert "ffmpeg" not in children()


@needs_ffmpeg
async def test_a_clip_of_what_was_converted_is_a_film(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, media: Path
) -> None:
    assert await async_setup_component(hass, MEDIA_SOURCE, {})
    await put(unit, options=CONVERTED)
    told = await hass.services.async_call(
        "crcp",
        "record_stream",
        {"entity_id": CAMERA, "duration": {"seconds": 1}},
        blocking=True,
        return_response=True,
    )
    with av.open(media / told[CAMERA]["path"]) as film:
        assert film.streams.video[0].codec_context.name == "h264"


@needs_ffmpeg
async def test_stills_of_mpeg_pictures_need_no_conversion(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    await put(unit)
    assert attribute(hass, CAMERA, "supported_features") == 0
    number_in((await async_get_image(hass, CAMERA)).content)
    assert "ffmpeg" not in children()


async def test_a_program_that_cannot_convert_is_told_in_words(
    hass: HomeAssistant,
    put: SetUp,
    unit: VirtualUnit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "ffmpeg").write_text("#!/bin/sh\necho 'Unknown encoder libx264' >&2; exit 1\n")
    (tmp_path / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    await put(unit, options=CONVERTED)
    async with watching(hass):
        await until(lambda: attribute(hass, CAMERA, "problem") == "Unknown encoder libx264")
        assert state(hass, CAMERA) == "streaming"
    await until(lambda: attribute(hass, CAMERA, "problem") is None)


async def test_a_unit_that_sends_only_sound_has_no_picture_and_says_so(
    hass: HomeAssistant, put: SetUp, footage: Footage
) -> None:
    sound = scenes.camera()
    scenes.show(sound, footage)
    sound.payload_types = (14,)
    await put(sound)
    still = hass.async_create_task(async_get_image(hass, CAMERA, timeout=2))
    await until(lambda: attribute(hass, CAMERA, "problem") == "the unit sends sound only")
    with pytest.raises(HomeAssistantError, match="Unable to get image"):
        await still
    assert count(sound, "RETR") == 0
