"""A camera in Home Assistant: its pictures land in the media library, once and whole."""

import contextlib
from dataclasses import replace
from pathlib import Path
import threading

from homeassistant.components.media_source import async_resolve_media
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.crcp import photo_agenda, photos
from custom_components.crcp.importer.source import Photo
from custom_components.crcp.photo_source import StoppableSource
from custom_components.crcp.protocols.ptpip.codes import OperationCode
from custom_components.crcp.protocols.ptpip.packets import OperationRequest
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import InMemory
from tests.helpers import until
from tests.integration.conftest import movie, painted, set_up

EVENT = "event.field_camera_photo"
COUNT = "sensor.field_camera_photos_imported"
STATE = "sensor.field_camera_import"


def files(media: Path) -> dict[str, bytes]:
    """Every file of the library, part files included, by its path."""
    return {
        str(path.relative_to(media)): path.read_bytes()
        for path in media.rglob("*")
        if path.is_file()
    }


async def contents(camera: VirtualCamera) -> list[bytes]:
    """The bytes of every picture on the camera's card."""
    card = camera.cards[0]
    entries = [entry for entry in card.entries.values() if entry.photo]
    return [bytes(await e.photo.content.read(0, e.photo.content.size)) for e in entries]


def reads(camera: VirtualCamera) -> list[OperationRequest]:
    """What was asked for in parts."""
    parts = OperationCode.GET_PARTIAL_OBJECT_64, OperationCode.GET_PARTIAL_OBJECT
    return [request for request in camera.requests if request.code in parts]


def count(hass: HomeAssistant) -> int:
    state = hass.states.get(COUNT)
    return int(state.state) if state and state.state.isdigit() else -1


async def test_every_picture_lands_under_its_date(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: count(hass) == 3)
    landed = files(media)
    assert sorted(landed) == [
        "Field camera/2026/2026-05-01/IMG_0001.JPG",
        "Field camera/2026/2026-05-01/IMG_0002.JPG",
        "Field camera/2026/2026-05-01/IMG_0003.JPG",
    ]
    assert sorted(landed.values()) == sorted(await contents(camera))


async def test_a_picture_taken_now_comes_by_itself_and_is_told(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: count(hass) == 3)
    await camera.press_shutter()
    await until(lambda: count(hass) == 4)
    attributes = hass.states.get(EVENT).attributes
    assert attributes["event_type"] == "imported"
    assert attributes["captured"].startswith(f"{camera.now():%Y-%m-%d}")
    assert attributes["file_name"] == "IMG_0004.JPG"
    assert attributes["camera"] == "Field camera"
    assert attributes["size"] == (media / attributes["path"]).stat().st_size
    await async_setup_component(hass, "media_source", {})
    await hass.async_block_till_done()
    resolved = await async_resolve_media(hass, attributes["media_content_id"], None)
    assert resolved.mime_type == "image/jpeg"
    assert resolved.path == media / attributes["path"]


async def test_an_event_comes_for_each_picture_and_only_when_it_is_there(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: count(hass) == 3)
    changes = async_capture_events(hass, "state_changed")
    for _ in range(5):
        await camera.press_shutter()
    await until(lambda: count(hass) == 8)
    await hass.async_block_till_done()
    told = [c.data["new_state"] for c in changes if c.data["entity_id"] == EVENT]
    names = [state.attributes["file_name"] for state in told]
    assert names == [f"IMG_000{number}.JPG" for number in range(4, 9)]


async def test_a_restart_imports_nothing_twice(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: count(hass) == 3)
    before = files(media)
    camera.requests.clear()
    assert await hass.config_entries.async_reload(camera_entry.entry_id)
    await until(lambda: any(request.code.name == "GET_OBJECT_INFO" for request in camera.requests))
    await camera.press_shutter()
    await until(lambda: count(hass) == 4)
    assert {path: data for path, data in files(media).items() if path in before} == before
    assert len(files(media)) == 4
    assert [request.code.name for request in camera.requests].count("GET_OBJECT") == 1


async def test_a_camera_that_is_away_is_normal(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: count(hass) == 3)
    port = camera.port
    await camera.stop()
    await hass.config_entries.async_reload(camera_entry.entry_id)
    assert camera_entry.state is ConfigEntryState.LOADED
    assert count(hass) == 3
    again = VirtualCamera(model=camera.model, serial_number=camera.serial_number, port=port)
    await again.start()
    await again.press_shutter()
    await until(lambda: count(hass) == 4)
    await hass.config_entries.async_unload(camera_entry.entry_id)
    await again.stop()


async def test_another_camera_at_the_address_is_left_alone(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    camera_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await until(lambda: count(hass) == 3)
    port = camera.port
    await camera.stop()
    stranger = VirtualCamera(serial_number="somebody else", port=port)
    await stranger.start()
    await stranger.press_shutter()
    await until(lambda: any(r.code.name == "GET_DEVICE_INFO" for r in stranger.requests))
    await until(lambda: "somebody else" in caplog.text)
    assert count(hass) == 3
    await hass.config_entries.async_unload(camera_entry.entry_id)
    await stranger.stop()


async def test_a_card_that_is_put_in_is_looked_through(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: count(hass) == 3)
    card = camera.take_card_out()
    for photo in painted(5):
        if photo.name not in {entry.photo.name for entry in card.entries.values() if entry.photo}:
            card.add(photo)
    camera.put_card_in(card)
    await until(lambda: count(hass) == 5)


async def test_a_card_that_is_swapped_is_looked_at_anew_in_the_same_connection(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, camera_entry: MockConfigEntry
) -> None:
    """Its picture has no date, and is called what the other card's was, in every way."""
    await until(lambda: count(hass) == 3)
    photo = replace(painted(1)[0], name="DSC_0001.NEF", captured=None)
    handle = camera.add_photo(replace(photo, content=InMemory(b"A" * 5000)))
    await until(lambda: count(hass) == 4)
    camera.requests.clear()
    importing = camera_entry.runtime_data.photos
    importing.look_again()
    await until(lambda: any(request.parameters[:1] == (handle,) for request in reads(camera)))
    await importing._resting.wait()
    card = camera.take_card_out()
    new = replace(photo, content=InMemory(b"B" * 5000))
    card.entries[handle] = replace(card.entries[handle], photo=new)
    camera.put_card_in(card)
    await until(lambda: count(hass) == 5)
    assert {b"A" * 5000, b"B" * 5000} <= set(files(media).values())


async def test_a_picture_that_is_refused_is_tried_again_and_told_once(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(photo_agenda, "FIRST_RETRY", 0.05)
    camera.faults.gone = 3
    await set_up(hass, camera)
    await until(lambda: count(hass) == 3)
    told = [r.getMessage() for r in caplog.records if "is not imported yet" in r.getMessage()]
    assert len(told) == len(set(told)) > 0


async def test_what_the_camera_does_not_describe_is_counted_and_tried_again(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_agenda, "FIRST_RETRY", 0.05)
    camera.faults.denied = 1
    await set_up(hass, camera)
    remaining = "sensor.field_camera_photos_remaining"
    await until(lambda: hass.states.get(remaining).state == "3")
    assert count(hass) == 0
    camera.faults.denied = 0
    await until(lambda: count(hass) == 3)
    await until(lambda: hass.states.get(remaining).state == "0")


async def test_a_picture_taken_during_an_import_comes_before_the_rest_and_is_the_last_photo(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    for number in range(6):
        camera.cards[0].add(movie(f"MVI_000{number}.MOV", 16 << 20))
    changes = async_capture_events(hass, "state_changed")
    entry = await set_up(hass, camera)
    await until(lambda: list(media.rglob("*MVI*.part")))
    await camera.press_shutter()
    await until(lambda: count(hass) == 10, within=40)
    told = [c.data["new_state"] for c in changes if c.data["entity_id"] == EVENT]
    names = [state.attributes.get("file_name") for state in told]
    names = [name for name in names if name]
    # Who was in hand is finished, and the event takes its time.
    assert names[:3] == ["IMG_0003.JPG", "IMG_0002.JPG", "IMG_0001.JPG"]
    assert names.index("IMG_0004.JPG") < names.index("MVI_0002.MOV")
    assert len(names) == len(set(names)) == 10
    last = hass.states.get("sensor.field_camera_last_photo")
    assert last.attributes["file_name"] == "IMG_0004.JPG"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_all_cameras_share_one_thread(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: count(hass) == 3)
    async with contextlib.AsyncExitStack() as stack:
        other = VirtualCamera(photos=painted(2), model="Second", serial_number="F-0043")
        await other.start()
        stack.push_async_callback(other.stop)
        entry = await set_up(hass, other)
        await until(lambda: hass.states.get("sensor.second_photos_imported").state == "2")
        threads = [t for t in threading.enumerate() if t.name.startswith("crcp_importer")]
        assert len(threads) == 1
        await hass.config_entries.async_unload(entry.entry_id)
        await camera.press_shutter()  # who is left goes on
        await until(lambda: count(hass) == 4)


async def test_a_library_that_is_gone_is_told_once_and_waited_for(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    camera_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await until(lambda: count(hass) == 3)
    monkeypatch.setattr(photos, "LIBRARY_RETRY", 0.05)
    away = media.rename(media.with_name("away"))
    await camera.press_shutter()
    await until(lambda: "cannot be imported" in caplog.text)
    assert not media.exists()
    away.rename(media)
    await until(lambda: count(hass) == 4)
    assert caplog.text.count("cannot be imported") == 1


async def test_a_library_that_is_missing_at_start_up_is_waited_for_and_never_made(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    monkeypatch: pytest.MonkeyPatch,
    issue_registry: ir.IssueRegistry,
) -> None:
    monkeypatch.setattr(photos, "LIBRARY_RETRY", 0.05)
    media.rmdir()
    entry = await set_up(hass, camera)
    await until(lambda: hass.states.get(STATE).state == "no_folder")
    issue = issue_registry.async_get_issue("crcp", f"no_folder_{entry.entry_id}")
    assert issue.translation_placeholders["folder"] == str(media)
    assert hass.states.get(COUNT).state == "unknown"
    assert not media.exists()
    media.mkdir()
    await until(lambda: count(hass) == 3)
    await until(lambda: hass.states.get(STATE).state == "connected")
    assert not issue_registry.issues


async def test_unloading_leaves_no_connection_and_no_thread(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: count(hass) == 3)
    assert await hass.config_entries.async_unload(camera_entry.entry_id)
    await until(lambda: not camera.connections)
    assert not [t for t in threading.enumerate() if t.name.startswith("crcp_importer")]


async def test_the_device_tells_who_made_it(
    hass: HomeAssistant, camera_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    (device,) = dr.async_entries_for_config_entry(device_registry, camera_entry.entry_id)
    assert device.name == device.model == "Field camera"
    assert (device.manufacturer, device.serial_number) == ("CRCP", "F-0042")
    assert device.sw_version == "1.0"


async def test_what_was_announced_while_the_import_is_paused_is_looked_at_once(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look at the whole card finds it, so it is not asked for by its handle as well."""
    asked: list[int] = []
    look_up = StoppableSource.photo

    async def photo(source: StoppableSource, handle: int) -> Photo | None:
        asked.append(handle)
        return await look_up(source, handle)

    monkeypatch.setattr(StoppableSource, "photo", photo)
    entry = await set_up(hass, camera, auto_import=False)
    await until(lambda: hass.states.get(STATE).state == "paused")
    agenda = entry.runtime_data.photos._agenda
    await until(lambda: camera.connections)
    await camera.press_shutter()
    await until(lambda: agenda.added)
    (new,) = agenda.added
    await entry.runtime_data.async_set_auto(True)
    await until(lambda: count(hass) == 4, within=60)
    await until(lambda: hass.states.get(STATE).state == "connected")

    requests = [each for each in camera.requests if each.code == OperationCode.GET_OBJECT]
    fetched = [each.parameters[0] for each in requests]
    assert len(fetched) == 4
    # Once before it got its name, as every picture, and not a second time for its announcement.
    assert asked.count(new) == 1
    assert new in fetched
