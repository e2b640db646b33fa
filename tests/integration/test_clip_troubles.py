"""Clips when something is in the way: other clips, viewers, refusals, crashes."""

import asyncio
from pathlib import Path
import subprocess
from typing import Any

import av
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest

from custom_components.crcp import clips
from custom_components.crcp.clips import FOLDER, async_sweep
from custom_components.crcp.protocols.crcp.rtp import RtpPacket, Sender
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.clips import Clip
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.test_clips import GUARD, answer, library, numbers_in
from tests.integration.test_live_picture import CAMERA, count, entity, watching
from tests.integration.units import SetUp, act, attribute, state
from tests.virtual.watching import footage, needs_ffmpeg

__all__ = ["footage", "library"]

TAPE = {"name": "test-card.ts", "start": 0, "end": 1}


@pytest.fixture
def unit(footage: Footage) -> VirtualUnit:
    unit = scenes.deck()
    scenes.show(unit, footage)
    return unit


def film(path: Path, *inputs: str) -> Path:
    command = ["ffmpeg", "-v", "error", "-y"]
    for each in inputs:
        command += ["-f", "lavfi", "-i", each]
    subprocess.run([*command, "-t", "1", "-c:v", "libx264", "-g", "25", str(path)], check=True)
    return path


async def test_one_clip_at_a_time_is_made_of_a_tape(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, media: Path
) -> None:
    await put(unit)
    first = asyncio.create_task(answer(hass, "fetch_clip", **TAPE))
    await until(lambda: state(hass, CAMERA) == "recording")
    before = len(unit.commands)
    with pytest.raises(ServiceValidationError, match="Another clip"):
        await answer(hass, "fetch_clip", name="other.ts", start=1, end=2)
    await act(hass, "switch.turn_on", GUARD)
    with pytest.raises(ServiceValidationError, match="Another clip"):
        await answer(hass, "send_clip", media="media-source://media_source/local/x.mp4", name="x")
    sent = {command.name for command in unit.commands[before:]}
    assert sent.isdisjoint({"SMNT", "FF", "STOR"})
    assert (await first)["complete"]


async def test_a_picture_that_is_interrupted_leaves_what_came(
    hass: HomeAssistant, put: SetUp, footage: Footage, media: Path
) -> None:
    unit = scenes.camera()
    scenes.show(unit, footage)
    await put(unit)
    recording = asyncio.create_task(answer(hass, "record_stream", duration={"seconds": 3}))
    await until(lambda: (attribute(hass, CAMERA, "clip_progress") or 0) > 35)
    await unit.stop()
    told = await recording
    assert told["complete"] is False
    assert 0.5 < told["duration"] < 2.9
    assert len(numbers_in(media / told["path"])) == pytest.approx(25 * told["duration"], abs=5)


async def test_a_tape_that_records_is_left_alone(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, media: Path
) -> None:
    await put(unit)
    await act(hass, "switch.turn_on", GUARD)
    await act(hass, "button.press", "button.attic_tape_record")
    before = len(unit.commands)
    with pytest.raises(ServiceValidationError, match="is recording"):
        await answer(hass, "fetch_clip", start=0, end=1)
    assert {command.name for command in unit.commands[before:]} <= {"STAT"}


async def test_pictures_that_got_lost_on_the_way_are_told(
    hass: HomeAssistant,
    put: SetUp,
    footage: Footage,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unit = scenes.camera()
    scenes.show(unit, footage)
    await put(unit)
    to_lose, send = [], Sender.packet

    def packet(sender: Sender, payload: bytes, at: int, *, marker: bool = False) -> RtpPacket:
        if to_lose:
            to_lose.pop()
            send(sender, b"", at)
        return send(sender, payload, at, marker=marker)

    monkeypatch.setattr(Sender, "packet", packet)
    recording = asyncio.create_task(answer(hass, "record_stream", duration={"seconds": 3}))
    await until(lambda: (attribute(hass, CAMERA, "clip_progress") or 0) > 5)
    to_lose.append(1)
    told = await recording
    assert not to_lose
    assert told["pictures_missing"] > 0
    assert (told["complete"], told["reason"]) == (False, "pictures_missing")
    assert told["duration"] == pytest.approx(3, abs=0.3)


async def test_without_any_picture_there_is_no_clip(
    hass: HomeAssistant,
    put: SetUp,
    unit: VirtualUnit,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clips, "PATIENCE", 0.2)
    await put(unit)
    unit.payload_types = ()
    with pytest.raises(HomeAssistantError, match="No picture came"):
        await answer(hass, "record_stream", duration={"seconds": 1})
    assert not list(media.rglob("*.*"))


async def test_clips_go_to_the_folder_that_was_chosen(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, tmp_path: Path
) -> None:
    (tmp_path / "films").mkdir()
    hass.config.media_dirs["films"] = str(tmp_path / "films")
    entry = await put(unit, options={"clip_dir": "films"})
    told = await answer(hass, "record_stream", duration={"seconds": 0.2})
    assert told["media_content_id"].startswith("media-source://media_source/films/")
    assert (tmp_path / "films" / told["path"]).stat().st_size == told["size"]
    assert entry.options["clip_dir"] == "films"
    del hass.config.media_dirs["films"]
    with pytest.raises(HomeAssistantError, match="no media folder 'films'"):
        await answer(hass, "record_stream", duration={"seconds": 0.2})


async def test_what_a_crash_left_is_swept(hass: HomeAssistant, media: Path) -> None:
    folder = media / FOLDER
    folder.mkdir()
    rest, own, mine = folder / ".a.mp4.clip.part", folder / "b.mp4", folder / ".c.mp4.part"
    under_way = folder / ".d.mp4.clip.part"
    for each in (rest, own, mine, under_way):
        each.touch()
    hass.data[clips._PARTS] = {under_way}
    assert await async_setup_component(hass, "crcp", {})
    await until(lambda: not rest.exists())
    await async_sweep(hass)
    assert {each.name for each in folder.iterdir()} == {own.name, mine.name, under_way.name}


@needs_ffmpeg
async def test_sound_goes_to_the_unit_and_into_clips(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, media: Path
) -> None:
    await put(unit)
    film(media / "sound.mp4", "testsrc2=size=160x96:rate=25", "sine=frequency=440")
    await act(hass, "switch.turn_on", GUARD)
    sent = {"media": "media-source://media_source/local/sound.mp4", "name": "sound.ts"}
    seen: set[Any] = set()
    hass.bus.async_listen(
        "state_changed",
        lambda event: seen.add(event.data["new_state"].attributes.get("clip_progress")),
    )
    await answer(hass, "send_clip", **sent)
    assert {each // 10 for each in seen if each is not None} >= {2, 5, 8}
    copy = unit.shelf.clips["/sound.ts"]
    assert isinstance(copy, Clip)
    told = await answer(hass, "fetch_clip", name="sound.ts", start=0, end=1)
    with av.open(media / told["path"]) as opened:
        assert {stream.type for stream in opened.streams} == {"video", "audio"}
        samples = sum(each.samples for each in opened.decode(audio=0))
        rate = opened.streams.audio[0].rate
    assert samples / rate > 0.5


async def test_viewers_wait_while_a_film_is_sent(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, media: Path
) -> None:
    await put(unit)
    told = await answer(hass, "fetch_clip", **TAPE)
    await act(hass, "switch.turn_on", GUARD)
    async with watching(hass) as content:
        await content.readexactly(188)
        before = count(unit, "RETR")
        await answer(hass, "send_clip", media=told["media_content_id"], name="copy.ts")
        assert count(unit, "STOR") == 1
        assert entity(hass).feed.viewers == 1
        await until(lambda: count(unit, "RETR") > before)


async def test_a_unit_that_cannot_record_says_so(
    hass: HomeAssistant, put: SetUp, footage: Footage, media: Path
) -> None:
    unit = scenes.player()
    scenes.show(unit, footage)
    await put(unit)
    told = await answer(hass, "fetch_clip", **TAPE)
    sent = {"media": told["media_content_id"], "name": "copy.ts"}
    with pytest.raises(HomeAssistantError, match="cannot record"):
        await answer(hass, "send_clip", **sent)
    assert count(unit, "STOR") == count(unit, "RECO") == 0


async def test_a_unit_that_is_off_says_so(
    hass: HomeAssistant, put: SetUp, footage: Footage, media: Path
) -> None:
    unit = scenes.camera()
    scenes.show(unit, footage)
    await put(unit)
    told = await answer(hass, "record_stream", duration={"seconds": 0.5})
    unit.powers[0] = False
    with pytest.raises(HomeAssistantError, match="Unit is off"):
        await answer(hass, "send_clip", media=told["media_content_id"], name="copy.ts")
