"""The live picture in Home Assistant: its real player on our address, and who pays for what."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import io
from pathlib import Path
import subprocess
import time

import aiohttp
import av
from homeassistant.components.camera import (
    Camera,
    async_get_image,
    async_get_stream_source,
    async_request_stream,
)
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.crcp.camera import StreamCamera
from custom_components.crcp.protocols.crcp.messages import Command, Subunit
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.test_card import read_stamp
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.units import SetUp, act, attribute, state
from tests.virtual.watching import footage

__all__ = ["footage"]

CAMERA = "camera.attic_picture"
PLAYER = "media_player.attic_tape"
type Start = Callable[[VirtualUnit], Awaitable[None]]

STREAM = Subunit("STREAM")


@pytest.fixture(autouse=True)
async def player(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "stream", {})


@pytest.fixture
async def unit(footage: Footage) -> VirtualUnit:
    unit = scenes.camera()
    scenes.show(unit, footage)
    return unit


def entity(hass: HomeAssistant) -> StreamCamera:
    found: Camera = get_camera_from_entity_id(hass, CAMERA)
    assert isinstance(found, StreamCamera)
    return found


def count(unit: VirtualUnit, name: str) -> int:
    return sum(command.name == name for command in unit.commands)


async def hang_up(hass: HomeAssistant) -> None:
    """End Home Assistant's player, which goes on for half a minute by itself."""
    stream = entity(hass).stream
    assert stream
    for output in stream.outputs().values():
        await stream.remove_provider(output)


def number_in(picture: bytes) -> int:
    stamp = read_stamp(Image.open(io.BytesIO(picture)))
    assert stamp
    return stamp.number


@asynccontextmanager
async def watching(
    hass: HomeAssistant, camera: str = CAMERA
) -> AsyncIterator[aiohttp.StreamReader]:
    url = await async_get_stream_source(hass, camera)
    assert url
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.content_type == "video/mp2t"
        yield response.content


def numbers_of(stream: bytes, form: str = "mpegts") -> list[int | None]:
    with av.open(io.BytesIO(stream), format=form) as opened:
        stamps = [read_stamp(each.to_image()) for each in opened.decode(video=0)]
    return [stamp.number if stamp else None for stamp in stamps]


async def test_the_first_part_is_there_within_two_seconds(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, hass_client: ClientSessionGenerator
) -> None:
    await put(unit)
    client = await hass_client()
    began = time.monotonic()
    url = await async_request_stream(hass, CAMERA, "hls")
    playlist = url.replace("master_playlist", "playlist")
    text = await (await client.get(f"{playlist}?_HLS_msn=0&_HLS_part=0")).text()
    assert "#EXT-X-PART:" in text
    part = await client.get(playlist.replace("playlist.m3u8", "segment/0.0.m4s"))
    took = time.monotonic() - began
    init = await client.get(playlist.replace("playlist.m3u8", "init.mp4"))
    numbers = numbers_of(await init.read() + await part.read(), form="mp4")
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert took < 2
    await hang_up(hass)


async def test_ten_viewers_cost_one_transfer_which_ends_after_the_last(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    await put(unit)
    entity(hass).feed._linger = 0.1
    assert state(hass, CAMERA) == "idle"
    async with watching(hass) as first:
        await first.readexactly(40 * 188)
        # The others come late, and begin with the tables and a key frame all the same.
        late = [watching(hass) for _ in range(9)]
        contents = [await each.__aenter__() for each in late]
        streams = [await each.readexactly(200 * 188) for each in contents]
        assert entity(hass).feed.viewers == 10
        assert state(hass, CAMERA) == "streaming"
        for each in late:
            await each.__aexit__(None, None, None)
        await until(lambda: entity(hass).feed.viewers == 1)
    for stream in streams:
        assert stream[:3] == b"\x47\x40\x00"
        numbers = numbers_of(stream)
        assert None not in numbers
        assert len(numbers) > 3
    assert count(unit, "RETR") == 1
    await until(lambda: Command("ABOR", STREAM) in unit.commands, within=15)
    await until(lambda: state(hass, CAMERA) == "idle")


async def test_at_the_end_of_a_tape_a_player_waits_for_it_to_move(
    hass: HomeAssistant, put: SetUp, footage: Footage
) -> None:
    unit = scenes.deck()
    scenes.show(unit, footage)
    await put(unit)
    entity(hass).feed._settled = 1000
    await act(hass, "media_player.select_source", PLAYER, source="test-card.ts")
    await act(hass, "media_player.media_seek", PLAYER, seek_position=2.5)
    async with watching(hass) as stream:
        await stream.readexactly(188)
        await act(hass, "media_player.media_play", PLAYER)
        await until(lambda: unit.decks[0].position == 3)
        # Each transfer has one black picture, and is over; the player is not sent away for that.
        await until(lambda: count(unit, "RETR") == 4)
        assert not stream.is_eof()
        assert entity(hass).feed._failures == 3
        entity(hass).feed._settled = 0.1
        await act(hass, "media_player.media_seek", PLAYER, seek_position=0)
        await until(lambda: unit.decks[0].position == 0)
        await act(hass, "media_player.media_play", PLAYER)
        async with asyncio.timeout(30):
            await stream.read()
    async with watching(hass) as stream:
        assert None not in numbers_of(await stream.readexactly(60 * 188))


async def test_only_who_knows_the_address_gets_the_picture(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    await put(unit)
    url = await async_get_stream_source(hass, CAMERA)
    assert url
    secret = url.split("/")[-2]
    assert len(secret) >= 32
    async with aiohttp.ClientSession() as session:
        for wrong in ("", "x" * len(secret), "%2e%2e", "\u00e4"):
            async with session.get(url.replace(secret, wrong)) as response:
                assert response.status == 404
    assert count(unit, "RETR") == 0


async def test_the_picture_comes_back_with_the_unit(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, start: Start
) -> None:
    entry = await put(unit)
    url = await async_get_stream_source(hass, CAMERA)
    stream = await entity(hass).async_create_stream()
    assert stream
    output = stream.add_provider("hls")
    await stream.start()
    await until(lambda: output.last_segment and output.last_segment.parts)
    port = unit.port
    await unit.stop()
    await until(lambda: entity(hass).feed.error)
    assert state(hass, CAMERA) == "unavailable"
    unit = scenes.camera(port=port, live=unit.live)
    await start(unit)
    entry.runtime_data.async_sighted()
    await until(lambda: state(hass, CAMERA) == "streaming")
    await until(lambda: output.last_segment.stream_id == 1 and output.last_segment.parts)
    assert url == await async_get_stream_source(hass, CAMERA)
    await hang_up(hass)


async def test_the_picture_follows_the_tape(
    hass: HomeAssistant, put: SetUp, footage: Footage
) -> None:
    unit = scenes.deck()
    scenes.show(unit, footage)
    await put(unit)
    await act(hass, "media_player.select_source", PLAYER, source="test-card.ts")
    async with watching(hass) as content:
        # A tape that stands is black, which is no failure.
        assert set(numbers_of(await content.readexactly(60 * 188))) == {None}
        assert state(hass, CAMERA) == "streaming"
        await act(hass, "media_player.media_play", PLAYER)
        played = numbers_of(await content.readexactly(200 * 188))
        numbers = [number for number in played if number is not None]
        assert numbers == list(range(len(numbers)))
        assert numbers
        assert count(unit, "RETR") == 1
        # Of another tape the unit sends nothing in a transfer that began with this one.
        await act(hass, "media_player.select_source", PLAYER, source="wedding.ts")
        await until(lambda: count(unit, "RETR") == 2)
    entity(hass).feed._linger = 0


async def test_pictures_are_passed_through_as_they_are(
    hass: HomeAssistant, put: SetUp, footage: Footage, hass_client: ClientSessionGenerator
) -> None:
    unit = scenes.camera()
    scenes.show(unit, footage)
    unit.payload_types = (26,)
    await put(unit)
    assert attribute(hass, CAMERA, "supported_features") == 0
    assert await async_get_stream_source(hass, CAMERA) is None
    sent = set(footage.frames[26].shown)
    still = await async_get_image(hass, CAMERA)
    number = number_in(still.content)
    client = await hass_client()
    token = attribute(hass, CAMERA, "access_token")
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}?token={token}")
    assert response.content_type == "multipart/x-mixed-replace"
    reader = aiohttp.MultipartReader.from_response(response)
    seen = []
    while len(seen) < 5:
        part = await reader.next()
        assert isinstance(part, aiohttp.BodyPartReader)
        assert part.headers["Content-Type"] == "image/jpeg"
        seen.append(number_in(bytes(await part.read())))
    response.close()
    assert seen == list(range(seen[0], seen[0] + 5))
    assert seen[0] >= number
    assert count(unit, "RETR") == 1
    assert sent


async def test_a_snapshot_is_a_picture(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, tmp_path: Path
) -> None:
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    await put(unit)
    await act(hass, "camera.snapshot", CAMERA, filename=str(tmp_path / "still.jpg"))
    number_in((tmp_path / "still.jpg").read_bytes())
    # It costs one key frame, and no player that goes on for minutes.
    assert entity(hass).stream is None
    assert entity(hass).feed.viewers == 0


async def test_a_recording_is_a_film(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, tmp_path: Path
) -> None:
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    await put(unit)
    await act(hass, "camera.record", CAMERA, filename=str(tmp_path / "clip.mp4"), duration=2)
    await until((tmp_path / "clip.mp4").exists, within=30)
    assert "codec_name=h264" in probed(tmp_path / "clip.mp4")


async def test_a_snapshot_can_be_taken_while_the_player_ends(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    """The player that ends takes with it who asks it for a still then."""
    await put(unit)
    stream = await entity(hass).async_create_stream()
    assert stream
    output = stream.add_provider("hls")
    await stream.start()
    await until(lambda: output.last_segment and output.last_segment.parts)
    ending = asyncio.create_task(stream.remove_provider(output))
    await asyncio.sleep(0)
    number_in((await async_get_image(hass, CAMERA)).content)
    await ending


def probed(path: Path) -> str:
    """What ffprobe says of a file's streams."""
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,duration", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
