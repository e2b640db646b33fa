"""How a unit's picture comes, by choice: asked for in words, tried, and then used."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.protocols.crcp.addresses import Address
from custom_components.crcp.protocols.crcp.messages import Command, Subunit, TransferMode
from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until
from tests.integration.test_live_picture import entity, numbers_of, watching
from tests.integration.units import SetUp
from tests.virtual.watching import footage

__all__ = ["footage"]

GROUP = Address("239.255.27.9", 27300)
USUAL = {"way": "connection", "packets": 7, "convert": False, "clip_dir": "local"}


@pytest.fixture
def unit(footage: Footage) -> VirtualUnit:
    unit = scenes.camera()
    scenes.show(unit, footage)
    return unit


@pytest.fixture(autouse=True)
def folders(hass: HomeAssistant) -> None:
    hass.config.media_dirs = {"local": "/media", "films": "/films"}


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **chosen: Any) -> Any:
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert "picture" in menu["menu_options"]
    flow = menu["flow_id"]
    form = await hass.config_entries.options.async_configure(flow, {"next_step_id": "picture"})
    assert form["step_id"] == "picture"
    assert form["data_schema"]({}) == {**USUAL, **entry.options}
    result = await hass.config_entries.options.async_configure(flow, {**USUAL, **chosen})
    await hass.async_block_till_done()
    return result


def modes(unit: VirtualUnit) -> list[TransferMode]:
    return [command.argument for command in unit.commands if command.name == "MODE"]


@pytest.mark.parametrize("packets", [1, 4])
async def test_the_picture_comes_in_datagrams(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, packets: int
) -> None:
    entry = await put(unit)
    result = await choose(hass, entry, way="datagrams", packets=float(packets))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    async with watching(hass) as content:
        numbers = numbers_of(await content.readexactly(60 * 188))
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert set(modes(unit)) == {TransferMode(packets)}
    assert not [command for command in unit.commands if command.name == "PASV"]


async def test_the_picture_comes_to_a_group(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    unit.group = GROUP
    entry = await put(unit)
    await choose(hass, entry, way="group", packets=4)
    async with watching(hass) as content:
        numbers = numbers_of(await content.readexactly(60 * 188))
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert set(modes(unit)) == {TransferMode(4)}
    assert not [command for command in unit.commands if command.name == "PORT"]


async def test_a_way_that_the_unit_refuses_is_not_kept(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("custom_components.crcp.virtual.data_ports.PacketPort.open", fail)
    unit.group = GROUP
    entry = await put(unit)
    form = await choose(hass, entry, way="datagrams")
    assert form["errors"] == {"base": "way_refused"}
    assert "No data to that address" in form["description_placeholders"]["detail"]
    result = await hass.config_entries.options.async_configure(
        form["flow_id"], {**USUAL, "way": "group"}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {**USUAL, "way": "group"}


async def test_a_unit_that_goes_while_a_person_chooses_is_told(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    entry = await put(unit)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    flow = menu["flow_id"]
    await hass.config_entries.options.async_configure(flow, {"next_step_id": "picture"})
    await unit.stop()
    choice = {**USUAL, "way": "datagrams"}
    # Nobody has noticed yet that it is gone; then everybody has.
    form = await hass.config_entries.options.async_configure(flow, choice)
    assert form["errors"] == {"base": "cannot_connect"}
    await until(lambda: not entry.runtime_data.connection)
    form = await hass.config_entries.options.async_configure(flow, choice)
    assert form["errors"] == {"base": "not_connected"}
    assert entry.options == {}


async def test_who_watches_does_not_hinder_a_choice(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    entry = await put(unit)
    async with watching(hass) as content:
        await content.readexactly(188)
        result = await choose(hass, entry, way="datagrams")
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_trial_leaves_no_transfer(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    entry = await put(unit)
    await choose(hass, entry, way="datagrams")
    stream = Subunit("STREAM")
    await until(lambda: Command("ABOR", stream) in unit.commands)
    assert sum(command.name == "RETR" for command in unit.commands) == 1
    assert entity(hass).feed.viewers == 0


async def test_without_the_program_nothing_is_converted(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    entry = await put(unit)
    form = await choose(hass, entry, convert=True)
    assert form["errors"] == {"base": "no_ffmpeg"}


async def test_a_media_folder_that_went_is_told(
    hass: HomeAssistant, put: SetUp, unit: VirtualUnit
) -> None:
    entry = await put(unit)
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    flow = menu["flow_id"]
    await hass.config_entries.options.async_configure(flow, {"next_step_id": "picture"})
    hass.config.media_dirs.pop("films")
    form = await hass.config_entries.options.async_configure(flow, {**USUAL, "clip_dir": "films"})
    assert form["errors"] == {"base": "media_dir_unknown"}
