"""Repair issues of a camera: each is there once, while its cause is, and goes by itself."""

from collections.abc import Callable
import errno
import os
from pathlib import Path
import sqlite3
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.crcp import link, photos
from custom_components.crcp.importer.errors import LibraryError, storage_error
from custom_components.crcp.photo_progress import trouble_of
from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import movie, set_up

COUNT = "sensor.field_camera_photos_imported"
STATE = "sensor.field_camera_import"
EVENT = "event.field_camera_photo"


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    return found.state if found else ""


def shown(hass: HomeAssistant) -> dict[str, dict[str, str] | None]:
    """The issues that are there, by their texts, and what is said in them."""
    issues = ir.async_get(hass).issues.values()
    return {str(each.translation_key): each.translation_placeholders for each in issues}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again soon, after a camera and after a library."""
    monkeypatch.setattr(photos, "LIBRARY_RETRY", 0.05)
    monkeypatch.setattr(link, "RECONNECT_DELAYS", (0.05,))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Say how many MiB are free on every disk."""
    real, free = os.statvfs, [1 << 20]

    def statvfs(path: Any) -> os.statvfs_result:
        values = list(real(path))
        values[:5] = [1 << 20, 1 << 20, 2 << 20, free[0], free[0]]
        return os.statvfs_result(values)

    monkeypatch.setattr(os, "statvfs", statvfs)
    return lambda mebibytes: free.__setitem__(0, mebibytes)


async def test_a_full_disk_is_told_once_and_the_import_goes_on_by_itself(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    disk: Callable[[int], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    registry = async_capture_events(hass, ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED)
    disk(10)
    host = (await set_up(hass, camera)).runtime_data.photos
    await until(lambda: state(hass, STATE) == "no_room")
    assert set(shown(hass)) == {"no_room"}
    facts = shown(hass)["no_room"] or {}
    assert (facts["camera"], facts["folder"]) == ("Field camera", str(media))
    assert "MiB are free" in facts["detail"]
    assert not list(media.rglob("*.*"))
    assert state(hass, EVENT) == "unknown"
    # Several more looks change nothing that anybody has to hear.
    looks = len(camera.requests)
    disk(20)
    await until(lambda: "20 MiB are free" in host.status.trouble_detail)
    disk(1 << 20)
    await until(lambda: state(hass, COUNT) == "3")
    await until(lambda: not shown(hass))
    assert len(camera.requests) > looks
    assert [event.data["action"] for event in registry] == ["create", "remove"]
    assert caplog.text.count("cannot be imported") == 1


async def test_a_share_that_goes_is_waited_for_and_nothing_is_put_elsewhere(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    away = media.rename(media.with_name("away"))
    await camera.press_shutter()
    await until(lambda: state(hass, STATE) == "no_folder")
    assert set(shown(hass)) == {"no_folder"}
    assert not media.exists()
    # The camera may be off when the share comes back.
    await camera.stop()
    away.rename(media)
    await until(lambda: not shown(hass))
    await until(lambda: state(hass, STATE) == "waiting")


async def test_a_folder_that_may_not_be_written_is_told(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read_only = os.open, [True]

    def refuse(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        if read_only[0] and flags & os.O_CREAT and str(path).endswith(".part"):
            raise OSError(30, "Read-only file system")
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    await set_up(hass, camera)
    await until(lambda: state(hass, STATE) == "not_writable")
    assert set(shown(hass)) == {"not_writable"}
    read_only[0] = False
    await until(lambda: state(hass, COUNT) == "3")
    await until(lambda: not shown(hass))


async def test_a_camera_that_no_longer_knows_us_is_told_and_forgiven(
    hass: HomeAssistant,
    camera: VirtualCamera,
    camera_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    camera.paired = set()
    camera.hang_up()
    await until(lambda: state(hass, STATE) == "refused")
    # Home Assistant's own words, which lead to the dialogue that pairs it anew.
    await until(lambda: shown(hass) == {"config_entry_reauth": {"name": "Field camera"}})
    (flow,) = hass.config_entries.flow.async_progress()
    assert (flow["context"]["source"], flow["step_id"]) == ("reauth", "camera_reauth")
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len([w for w in warnings if "REJECTED_INITIATOR" in w.getMessage()]) == 1
    camera.paired = None
    await until(lambda: state(hass, STATE) == "connected")
    assert not shown(hass)
    assert not hass.config_entries.flow.async_progress()


async def test_somebody_else_at_the_camera_is_told_when_they_stay(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    camera.faults.init_fail = 2
    camera.hang_up()
    await until(lambda: "camera_in_use" in shown(hass))
    assert state(hass, STATE) == "refused"
    # Whoever has it switches it off: that is no trouble any more.
    await camera.stop()
    await until(lambda: state(hass, STATE) == "waiting")
    assert not shown(hass)


async def test_another_camera_at_the_address_is_told(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    camera.serial_number = "X-0001"
    camera.hang_up()
    await until(lambda: "camera_another_camera" in shown(hass))
    camera.serial_number = "F-0042"
    await until(lambda: state(hass, STATE) == "connected")
    assert not shown(hass)


async def test_issues_go_with_the_entry(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    camera.serial_number = "X-0001"
    camera.hang_up()
    await until(lambda: shown(hass))
    await hass.config_entries.async_remove(camera_entry.entry_id)
    assert not shown(hass)


async def test_a_ledger_of_a_newer_version_is_left_alone(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, hass_config_dir: str
) -> None:
    path = Path(hass_config_dir, ".storage/crcp_photos.sqlite")
    with sqlite3.connect(path) as ledger:
        ledger.execute("PRAGMA user_version = 99")
    ledger.close()
    before = path.read_bytes()
    entry = await set_up(hass, camera, works=False)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert "newer version" in (entry.reason or "")
    assert path.read_bytes() == before


async def test_a_damaged_ledger_is_put_aside_and_nothing_comes_twice(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    camera_entry: MockConfigEntry,
    hass_config_dir: str,
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    await hass.config_entries.async_unload(camera_entry.entry_id)
    path = Path(hass_config_dir, ".storage/crcp_photos.sqlite")
    path.write_bytes(b"no ledger" * 1000)
    files = sorted(media.rglob("*.JPG"))
    await hass.config_entries.async_setup(camera_entry.entry_id)
    await camera.press_shutter()
    await until(lambda: len(list(media.rglob("*.JPG"))) == 4)
    await until(lambda: state(hass, STATE) == "connected")
    assert set(files) < set(media.rglob("*.JPG"))
    assert len(list(media.rglob("*.JPG"))) == 4
    assert path.with_name(f"{path.name}.damaged-1").exists()


async def test_a_removed_camera_leaves_its_pictures_and_takes_its_part_files(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, hass_config_dir: str
) -> None:
    camera.cards[0].add(movie())
    entry = await set_up(hass, camera)
    parts = media.rglob
    await until(lambda: any(p.stat().st_size > 4 << 20 for p in parts("*.MOV.*.part")), within=60)
    await hass.config_entries.async_unload(entry.entry_id)
    assert list(media.rglob("*.part"))
    pictures = {path: path.stat().st_ino for path in media.rglob("*.JPG")}
    assert len(pictures) == 3
    await hass.config_entries.async_remove(entry.entry_id)
    assert not list(media.rglob("*.part"))
    assert {path: path.stat().st_ino for path in media.rglob("*.*")} == pictures
    await set_up(hass, camera)
    await until(lambda: state(hass, COUNT) == "4", within=120)
    # They are known still, and none came a second time.
    assert {path: path.stat().st_ino for path in media.rglob("*.JPG")} == pictures
    assert len(list(media.rglob("*.*"))) == 4


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (errno.EIO, "not_writable"),
        (errno.EROFS, "not_writable"),
        (errno.ENOSPC, "no_room"),
        (errno.ESTALE, "no_folder"),
        (errno.ENOENT, "no_folder"),
    ],
)
def test_a_disk_that_fails_is_no_folder_that_is_not_there(code: int, trouble: str) -> None:
    error = storage_error(Path("media"), OSError(code, os.strerror(code)))
    assert isinstance(error, LibraryError)
    assert trouble_of(error) == trouble
