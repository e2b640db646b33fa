"""Clips: stretches of a picture in the media library, and films of the library on a unit."""

import asyncio
import os
from pathlib import Path
import subprocess
from typing import Any

import av
from homeassistant.components.media_source import async_browse_media
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
import pytest

from custom_components.crcp import films
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.clips import Clip
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.test_card import read_stamp
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.units import SetUp, act, attribute, state
from tests.virtual.watching import footage

__all__ = ["footage"]

CAMERA = "camera.attic_picture"
PLAYER = "media_player.attic_tape"
GUARD = "switch.attic_tape_recording_allowed"


@pytest.fixture(autouse=True)
async def library(hass: HomeAssistant, media: Path) -> None:
    assert await async_setup_component(hass, "media_source", {})


@pytest.fixture
async def unit(put: SetUp, footage: Footage) -> VirtualUnit:
    unit = scenes.deck()
    scenes.show(unit, footage)
    await put(unit)
    return unit


async def answer(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    found = await hass.services.async_call(
        "crcp", action, {"entity_id": CAMERA, **data}, blocking=True, return_response=True
    )
    told = found[CAMERA]
    assert isinstance(told, dict)
    return told


def numbers_in(path: Path) -> list[int | None]:
    with av.open(path) as opened:
        stamps = [read_stamp(each.to_image()) for each in opened.decode(video=0)]
    return [stamp.number if stamp else None for stamp in stamps]


def consecutive(path: Path, *, black: int = 0) -> list[int]:
    """The numbers of a film's pictures, none of which is missing. black: so many at most are."""
    found = [number for number in numbers_in(path) if number is not None]
    assert found == list(range(found[0], found[0] + len(found)))
    assert len(numbers_in(path)) - len(found) <= black
    return found


async def begins(hass: HomeAssistant) -> None:
    """Wait until a clip has some of its pictures."""
    await until(lambda: (attribute(hass, CAMERA, "clip_progress") or 0) > 10)


def probed(path: Path) -> str:
    command = ["ffprobe", "-v", "error", "-show_entries", "format=format_name,duration", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def test_a_stretch_of_a_tape_becomes_a_film_in_the_library(
    hass: HomeAssistant, unit: VirtualUnit, media: Path
) -> None:
    told = await answer(hass, "fetch_clip", name="test-card.ts", start=1.5, end=2.2)
    path = media / told["path"]
    # There is a key frame each second. Where a tape is, clocks tell to a few pictures.
    numbers = consecutive(path)
    assert numbers[0] == pytest.approx(37, abs=4)
    assert numbers[-1] == pytest.approx(54, abs=4)
    assert told["start"] == 1.5
    assert told["end"] == pytest.approx(2.2, abs=0.1)
    assert (told["complete"], told["pictures_missing"]) == (True, 0)
    assert "mp4" in probed(path)
    assert path.stat().st_size == told["size"]
    assert unit.decks[0].operation == "PAUS"
    folder = await async_browse_media(hass, "media-source://media_source/local/CRCP clips")
    shown = [child.media_content_id for child in folder.children or ()]
    assert shown == [told["media_content_id"]]
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert state(hass, CAMERA) == "idle"


async def test_a_whole_tape_can_be_fetched(
    hass: HomeAssistant, unit: VirtualUnit, media: Path
) -> None:
    told = await answer(hass, "fetch_clip", name="test-card.ts", start=0, end=3)
    numbers = consecutive(media / told["path"])
    assert numbers[0] < 4
    assert numbers[-1] == 74
    assert told["complete"] is True
    assert told["start"] == pytest.approx(0, abs=0.15)


async def test_a_clip_ends_where_its_tape_does(
    hass: HomeAssistant, unit: VirtualUnit, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.crcp.camera_clips.LEAD", 1.0)
    told = await answer(hass, "fetch_clip", name="test-card.ts", start=2.5, end=5)
    numbers = consecutive(media / told["path"])
    assert numbers[0] == pytest.approx(62, abs=4)
    assert numbers[-1] == 74
    assert told["complete"] is False
    assert told["reason"] == "tape_ended"
    assert told["end"] == pytest.approx(3, abs=0.1)
    assert told["duration"] == pytest.approx(0.5, abs=0.1)


async def test_nobody_else_moves_the_tape_of_a_clip_but_it_can_be_ended(
    hass: HomeAssistant, unit: VirtualUnit, media: Path
) -> None:
    fetching = asyncio.create_task(
        answer(hass, "fetch_clip", name="test-card.ts", start=0, end=2.9)
    )
    await begins(hass)
    moves = len(unit.commands)
    with pytest.raises(ServiceValidationError, match="Another clip"):
        await answer(hass, "fetch_clip", name="test-card.ts", start=1, end=2)
    with pytest.raises(ServiceValidationError, match="Another clip"):
        await answer(hass, "record_stream", duration={"seconds": 1})
    for action, data in (("media_play", {}), ("media_seek", {"seek_position": 1})):
        with pytest.raises(ServiceValidationError, match="A clip needs the tape"):
            await act(hass, f"media_player.{action}", PLAYER, **data)
    with pytest.raises(ServiceValidationError, match="A clip needs the tape"):
        await act(hass, "media_player.select_source", PLAYER, source="wedding.ts")
    assert {each.name for each in unit.commands[moves:]} <= {"STAT"}
    await act(hass, "media_player.media_pause", PLAYER)
    told = await fetching
    # When it was paused clocks tell to a few pictures.
    assert consecutive(media / told["path"], black=4)[-1] < 74
    assert (told["complete"], told["reason"]) == (False, "tape_stopped")
    await act(hass, "media_player.media_play", PLAYER)


async def test_of_a_unit_that_goes_away_there_is_what_came_before(
    hass: HomeAssistant, unit: VirtualUnit, media: Path
) -> None:
    await act(hass, "media_player.select_source", PLAYER, source="test-card.ts")
    recording = asyncio.create_task(answer(hass, "record_stream", duration={"seconds": 20}))
    await until(lambda: (attribute(hass, CAMERA, "clip_progress") or 0) >= 5)
    await unit.stop()
    told = await recording
    assert (told["complete"], told["reason"]) == (False, "picture_ended")
    assert len(numbers_in(media / told["path"])) == pytest.approx(25 * told["duration"], abs=2)


async def test_a_tape_that_does_not_arrive_is_told(
    hass: HomeAssistant, unit: VirtualUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.crcp.camera_clips.WINDING", 0.0)
    monkeypatch.setattr("custom_components.crcp.camera_clips.LEAD", 0.5)
    with pytest.raises(HomeAssistantError, match="does not arrive"):
        await answer(hass, "fetch_clip", name="test-card.ts", start=2, end=3)
    await act(hass, "media_player.media_play", PLAYER)


async def test_what_a_full_disk_has_taken_is_kept(
    hass: HomeAssistant, unit: VirtualUnit, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.crcp.importer.executor.PIECE", 1 << 12)
    real = os.statvfs

    def filling(path: Path) -> os.statvfs_result:
        told = list(real(path))
        told[4] = told[2] if (attribute(hass, CAMERA, "clip_progress") or 0) < 20 else 0
        return os.statvfs_result(told)

    monkeypatch.setattr(os, "statvfs", filling)
    told = await answer(hass, "fetch_clip", name="test-card.ts", start=0, end=2.5)
    assert consecutive(media / told["path"])[0] < 4
    assert (told["complete"], told["reason"]) == (False, "disk_full")
    monkeypatch.setattr(os, "statvfs", real)


async def test_what_is_shown_is_recorded_with_progress(
    hass: HomeAssistant, unit: VirtualUnit, media: Path
) -> None:
    seen = set()
    hass.bus.async_listen(
        "state_changed",
        lambda event: seen.add(
            (event.data["new_state"].state, event.data["new_state"].attributes.get("clip_progress"))
        ),
    )
    await act(hass, "media_player.select_source", "media_player.attic_tape", source="test-card.ts")
    told = await answer(hass, "record_stream", duration={"seconds": 1})
    # The tape stands, so the film is black; that is what was shown.
    assert set(numbers_in(media / told["path"])) == {None}
    recording = [progress for each, progress in seen if each == "recording"]
    assert 0 in recording
    assert max(recording) > 50
    assert attribute(hass, CAMERA, "clip_progress") is None


async def test_a_film_goes_to_the_unit_and_back(
    hass: HomeAssistant, unit: VirtualUnit, media: Path
) -> None:
    told = await answer(hass, "fetch_clip", name="test-card.ts", start=0, end=1)
    sent = {"media": told["media_content_id"], "name": "copy.ts"}
    with pytest.raises(ServiceValidationError, match="Recording is not allowed"):
        await answer(hass, "send_clip", **sent)
    await act(hass, "switch.turn_on", GUARD)
    await answer(hass, "send_clip", **sent)
    copy = unit.shelf.clips["/copy.ts"]
    assert isinstance(copy, Clip)
    (media / "copy.ts").write_bytes(copy.stream)
    # A film has the key frame in front of it too, and does not show that.
    shown = consecutive(media / told["path"])
    assert consecutive(media / "copy.ts")[-len(shown) :] == shown
    assert unit.decks[0].operation == "PAUS"


@pytest.mark.parametrize(
    ("action", "data", "message"),
    [
        ("fetch_clip", {"start": 2, "end": 1}, "later than its start"),
        ("fetch_clip", {"start": 0, "end": 1e6}, "four hours"),
        ("fetch_clip", {"name": "nothing.ts", "start": 0, "end": 1}, "no such file"),
        ("fetch_clip", {"name": "test-card.ts", "start": 10, "end": 12}, "3 seconds long"),
        ("send_clip", {"media": "media-source://nothing/x", "name": "x"}, "sent as a film"),
    ],
)
async def test_what_cannot_be_is_told_in_words(
    hass: HomeAssistant, unit: VirtualUnit, action: str, data: dict[str, Any], message: str
) -> None:
    with pytest.raises(HomeAssistantError, match=message):
        await answer(hass, action, **data)
    assert state(hass, CAMERA) == "idle"


async def test_a_missing_library_is_told_before_the_tape_is_watched(
    hass: HomeAssistant, unit: VirtualUnit, media: Path
) -> None:
    media.rmdir()
    with pytest.raises(HomeAssistantError, match="cannot be stored"):
        await answer(hass, "record_stream", duration={"seconds": 1})
    assert not [command for command in unit.commands if command.name == "RETR"]


async def test_without_a_packer_a_stream_is_stored_as_it_is(
    hass: HomeAssistant, unit: VirtualUnit, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.crcp.clips.can_pack", lambda: False)
    assert films.can_pack()
    told = await answer(hass, "fetch_clip", name="test-card.ts", start=0, end=1)
    assert told["path"].endswith(".ts")
    assert "mpegts" in probed(media / told["path"])


async def test_a_clip_leaves_the_connection_as_it_was(
    hass: HomeAssistant, put: SetUp, footage: Footage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tape is asked without a pause, so the clip ends while an answer is on its way."""
    monkeypatch.setattr("custom_components.crcp.camera_clips.FOLLOW", 0.0)
    unit = scenes.deck()
    scenes.show(unit, footage)
    entry = await put(unit)
    connection = entry.runtime_data.connection
    await answer(hass, "fetch_clip", name="test-card.ts", start=0, end=0.3)
    assert entry.runtime_data.connection is connection
    assert not connection.closed
