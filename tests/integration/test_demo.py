"""Virtual devices in Home Assistant itself: added in two clicks, like real ones, gone with their entry."""

import asyncio
from pathlib import Path
import socket
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import EVENT_HOMEASSISTANT_CLOSE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.storage import Store
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp import demo
from custom_components.crcp.virtual.encoder import NoEncoder
from custom_components.crcp.virtual.footage import JPEG, Footage, Plan
from tests.helpers import until
from tests.integration.flows import begin
from tests.integration.units import act, state

TAKE_A_PICTURE = "button.virtual_camera_take_a_picture"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> None:
    monkeypatch.setattr(demo, "PHOTOS", 3)
    monkeypatch.setattr(demo, "SECONDS", 1)
    monkeypatch.setattr(demo, "RATE", 5)


async def add(hass: HomeAssistant, kind: str) -> ConfigFlowResult:
    menu = await begin(hass, "demo")
    assert menu["type"] is FlowResultType.MENU
    result = await hass.config_entries.flow.async_configure(
        menu["flow_id"], {"next_step_id": f"demo_{kind}"}
    )
    await hass.async_block_till_done()
    return result


def answers(port: int) -> bool:
    """Whether somebody listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_a_virtual_unit_obeys_like_any_other(hass: HomeAssistant, media: Path) -> None:
    result = await add(hass, "unit")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert state(hass, "switch.virtual_unit_power") == "on"
    await act(hass, "media_player.media_play", "media_player.virtual_unit_tape")
    await until(lambda: state(hass, "media_player.virtual_unit_tape") == "playing")
    await act(hass, "number.set_value", "number.virtual_unit_camera_zoom", value=2)


async def test_the_pictures_of_a_virtual_camera_come_and_so_does_one_it_takes(
    hass: HomeAssistant, media: Path
) -> None:
    await add(hass, "camera")
    await until(lambda: len(list(media.rglob("*.JPG"))) == 3)
    await until(lambda: state(hass, TAKE_A_PICTURE) == "unknown")
    await act(hass, "button.press", TAKE_A_PICTURE)
    await until(lambda: len(list(media.rglob("*.JPG"))) == 4)
    assert {path.parts[-4] for path in media.rglob("*.JPG")} == {"Virtual camera"}


async def test_a_camera_counts_on_after_a_restart_and_may_be_called_anything(
    hass: HomeAssistant, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras = []
    start = demo.VirtualCamera.start

    async def started(camera: demo.VirtualCamera) -> None:
        cameras.append(camera)
        await start(camera)

    monkeypatch.setattr(demo.VirtualCamera, "start", started)
    entry = (await add(hass, "camera"))["result"]
    await until(lambda: state(hass, TAKE_A_PICTURE) not in {"gone", "unavailable"})
    await act(hass, "button.press", TAKE_A_PICTURE)
    await until(lambda: state(hass, "sensor.virtual_camera_photos_imported") == "4")
    hass.config_entries.async_update_entry(entry, title="x" * 300)
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: state(hass, TAKE_A_PICTURE) not in {"gone", "unavailable"})
    await act(hass, "button.press", TAKE_A_PICTURE)
    await until(lambda: state(hass, "sensor.virtual_camera_photos_imported") == "5")
    assert len(list(media.rglob("*.JPG"))) == 5
    card = cameras[-1].cards[0].entries.values()
    assert [each.name for each in card if each.photo] == [f"IMG_000{n}.JPG" for n in range(1, 6)]


async def test_a_camera_remembers_so_many_pictures_and_no_more(hass: HomeAssistant) -> None:
    roll = Store[dict[str, Any]](hass, 1, "roll")

    def camera() -> demo.RememberingCamera:
        return demo.RememberingCamera(hass, roll, photos=[], model="M", serial_number="1")

    before, after = camera(), camera()
    for _ in range(demo.MAX_KEPT + 2):
        await before.press_shutter()
    await hass.async_block_till_done()
    await after.recall()
    names = [each.name for each in after.cards[0].entries.values() if each.photo]
    assert names == [f"IMG_{number:04}.JPG" for number in range(3, demo.MAX_KEPT + 3)]


async def test_a_trial_can_be_repeated_and_takes_no_picture_of_a_person(
    hass: HomeAssistant, media: Path
) -> None:
    entry = (await add(hass, "camera"))["result"]
    await until(lambda: len(list(media.rglob("*.JPG"))) == 3)
    await until(lambda: state(hass, TAKE_A_PICTURE) == "unknown")
    await act(hass, "button.press", TAKE_A_PICTURE)
    await until(lambda: len(list(media.rglob("*.JPG"))) == 4)
    small = Path(hass.config.cache_path("crcp", "pictures"))
    await until(lambda: len(list(small.rglob("*.jpg"))) == 4)
    edited, gone, *_ = sorted(media.rglob("*.JPG"))
    edited.write_bytes(b"cropped by a person")
    gone.unlink()
    own = edited.with_name("own.jpg")
    own.write_bytes(b"a person's own")
    await hass.config_entries.async_remove(entry.entry_id)
    assert {path for path in media.rglob("*") if path.is_file()} == {edited, own}
    assert {path for path in media.rglob("*") if path.is_dir()} <= set(own.parents)
    assert not list(Path(hass.config.path(".storage")).glob("crcp.*"))
    assert not list(small.rglob("*.jpg"))
    await add(hass, "camera")
    await until(lambda: len(list(media.rglob("IMG_*"))) == 4)


@pytest.mark.parametrize("kind", ["unit", "camera"])
async def test_unloading_closes_the_device_and_setting_up_opens_it_again(
    hass: HomeAssistant, media: Path, kind: str
) -> None:
    entry = (await add(hass, kind))["result"]
    port = entry.data["port"]
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not answers(port)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    if kind == "camera":
        await until(lambda: state(hass, "sensor.virtual_camera_photos_imported") == "3")
        assert len(list(media.rglob("*.JPG"))) == 3


async def test_after_a_restart_the_device_is_elsewhere_and_is_met(
    hass: HomeAssistant, media: Path
) -> None:
    first = (await add(hass, "unit"))["result"]
    data = {**first.data, "port": 1}
    await hass.config_entries.async_remove(first.entry_id)
    entry = MockConfigEntry(domain="crcp", title=first.title, unique_id=first.unique_id, data=data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.data["port"] != 1
    assert state(hass, "switch.virtual_unit_power") == "on"


@pytest.mark.parametrize("kind", ["unit", "camera"])
async def test_there_is_one_of_each(hass: HomeAssistant, media: Path, kind: str) -> None:
    await add(hass, kind)
    again = await add(hass, kind)
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_removing_the_entry_of_a_unit_leaves_nothing(
    hass: HomeAssistant, media: Path
) -> None:
    folder = Path(hass.config.cache_path("crcp_demo"))
    entry = (await add(hass, "unit"))["result"]
    await until(lambda: len(list(folder.glob("[!.]*"))) == 4)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not folder.exists()
    assert not answers(entry.data["port"])


async def test_a_device_has_no_address_that_could_be_changed(
    hass: HomeAssistant, media: Path
) -> None:
    entry = (await add(hass, "unit"))["result"]
    result = await hass.config_entries.flow.async_init(
        "crcp", context={"source": "reconfigure", "entry_id": entry.entry_id}
    )
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "is_virtual")


async def test_the_device_ends_with_home_assistant(hass: HomeAssistant, media: Path) -> None:
    entry = (await add(hass, "camera"))["result"]
    hass.bus.async_fire_internal(EVENT_HOMEASSISTANT_CLOSE)
    await until(lambda: not answers(entry.data["port"]))
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_without_an_encoder_the_tape_shows_single_pictures(
    hass: HomeAssistant, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Footage] = []
    real = demo.make_footage

    def make(folder: Path, plan: Plan) -> Footage:
        if plan.payload_types != (JPEG,):
            raise NoEncoder
        made.append(real(folder, plan))
        return made[-1]

    monkeypatch.setattr(demo, "make_footage", make)
    await add(hass, "unit")
    await until(lambda: made)
    assert made[0].offers(JPEG)


@pytest.mark.parametrize("error", [OSError("read-only"), NoEncoder()])
async def test_without_any_picture_the_unit_works(
    hass: HomeAssistant, media: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    asked = asyncio.Event()

    def make(_folder: Path, _plan: Plan) -> Footage:
        hass.loop.call_soon_threadsafe(asked.set)
        raise error

    monkeypatch.setattr(demo, "make_footage", make)
    await add(hass, "unit")
    await asked.wait()
    assert state(hass, "switch.virtual_unit_power") == "on"


async def test_where_nothing_can_listen_it_is_tried_again_later(
    hass: HomeAssistant, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start(_camera: demo.VirtualCamera) -> None:
        raise OSError("no loopback")

    monkeypatch.setattr(demo.VirtualCamera, "start", start)
    entry = (await add(hass, "camera"))["result"]
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason == "The device cannot be reached: no loopback"
