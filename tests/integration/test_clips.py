"""Clips: stretches of a picture in the media library, and films of the library on a unit."""

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
from tests.integration.units import SetUp, act, attribute, state
from tests.virtual.watching import footage

__all__ = ["footage"]

CAMERA = "camera.attic_picture"
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


def probed(path: Path) -> str:
    command = ["ffprobe", "-v", "error", "-show_entries", "format=format_name,duration", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


async def test_a_stretch_of_a_tape_becomes_a_film_in_the_library(
    hass: HomeAssistant, unit: VirtualUnit, media: Path
) -> None:
    told = await answer(hass, "fetch_clip", name="test-card.ts", start=1, end=2)
    path = media / told["path"]
    numbers = numbers_in(path)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert numbers[0] == pytest.approx(25, abs=5)
    # When a picture was sent is what tells, and a busy machine sends unevenly.
    assert len(numbers) == pytest.approx(25, abs=5)
    assert "mp4" in probed(path)
    assert path.stat().st_size == told["size"]
    assert unit.decks[0].operation == "PAUS"
    folder = await async_browse_media(hass, "media-source://media_source/local/CRCP clips")
    shown = [child.media_content_id for child in folder.children or ()]
    assert shown == [told["media_content_id"]]
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert state(hass, CAMERA) == "idle"


@pytest.mark.parametrize(("begin", "end"), [(0.5, 1.0), (0, 3), (2.2, 5)])
async def test_a_clip_is_the_stretch_that_was_asked_for(
    hass: HomeAssistant, unit: VirtualUnit, media: Path, begin: float, end: float
) -> None:
    """It is wound to before it and hidden up to it; and a tape's end is the end of a clip."""
    told = await answer(hass, "fetch_clip", name="test-card.ts", start=begin, end=end)
    numbers = numbers_in(media / told["path"])
    first, last = begin * 25, min(end, 3) * 25
    assert None not in numbers
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    # The tape is where STAT says, give or take a little, and a busy machine sends unevenly.
    assert numbers[0] == pytest.approx(first, abs=5)
    assert numbers[-1] == pytest.approx(last - 1, abs=5)
    assert told["complete"] is (end <= 3)
    assert told["duration"] == pytest.approx(len(numbers) / 25, abs=0.2)


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
    numbers = numbers_in(media / "copy.ts")
    assert numbers == numbers_in(media / told["path"])
    assert unit.decks[0].operation == "PAUS"


@pytest.mark.parametrize(
    ("action", "data", "message"),
    [
        ("fetch_clip", {"start": 2, "end": 1}, "later than its start"),
        ("fetch_clip", {"start": 0, "end": 1e6}, "four hours"),
        ("fetch_clip", {"name": "nothing.ts", "start": 0, "end": 1}, "no such file"),
        ("fetch_clip", {"name": "test-card.ts", "start": 10, "end": 12}, "tape is over before"),
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
