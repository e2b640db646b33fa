"""The options of a camera: what can be chosen, what is refused, and what then happens."""

from pathlib import Path
from typing import Any

from homeassistant.components.media_source import async_resolve_media
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.crcp.protocols.ptpip.codes import ObjectFormat, ProtectionStatus
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.photos import FIRST_MORNING, InMemory, Photo
from tests.helpers import until
from tests.integration.conftest import set_up

COUNT = "sensor.field_camera_photos_imported"
STATE = "sensor.field_camera_import"


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    return found.state if found else ""


def answers(
    place: dict[str, Any] | None = None,
    choice: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    *,
    auto: bool = True,
    sentences: bool = False,
) -> dict[str, Any]:
    """What a person sends who changes this and leaves the rest as it is."""
    return {
        "auto_import": auto,
        "place": {"media_dir": "local", "template": "{camera}/{year}/{date}/{name}"}
        | (place or {}),
        "choice": {
            "start": "all",
            "kinds": ["photo", "raw", "video"],
            "slots": [],
            "protected_only": False,
        }
        | (choice or {}),
        "after": {"delete": False} | (after or {}),
        "sentences": sentences,
    }


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    flow = await hass.config_entries.options.async_init(entry.entry_id)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "init")
    return flow


async def answer(
    hass: HomeAssistant, flow: ConfigFlowResult, given: dict[str, Any]
) -> ConfigFlowResult:
    flow = await hass.config_entries.options.async_configure(flow["flow_id"], given)
    await hass.async_block_till_done()  # the entry is loaded again
    return flow


async def test_a_template_is_shown_by_an_example_before_it_counts(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    flow = await begin(hass, camera_entry)
    shown = flow["description_placeholders"]
    assert shown["example"] == "Field camera/2026/2026-05-01/IMG_0042.JPG"
    assert "{counter}" in shown["fields"]
    flow = await answer(hass, flow, answers({"template": "wall/{counter}_{name}"}))
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "confirm")
    example = flow["description_placeholders"]["example"]
    assert example == f"{media}/wall/000042_IMG_0042.JPG"
    assert camera_entry.options == {}
    flow = await answer(hass, flow, {})
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await until(lambda: state(hass, STATE) == "connected")
    await camera.press_shutter()
    await until(lambda: state(hass, COUNT) == "4")
    assert (media / "wall" / "000001_IMG_0004.JPG").is_file()


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{shutter}", "{shutter} is unknown"),
        ("../{name}", "begins with a dot"),
        ("/{name}", "slash"),
        ("{name", "brace"),
        ("", "1 to 200 characters"),
        ("a:b/{name}", "not every file system"),
    ],
)
async def test_a_template_that_cannot_be_used_is_refused_in_words_and_can_be_mended(
    hass: HomeAssistant,
    camera: VirtualCamera,
    camera_entry: MockConfigEntry,
    template: str,
    said: str,
) -> None:
    flow = await begin(hass, camera_entry)
    flow = await answer(hass, flow, answers({"template": template}))
    assert flow["errors"] == {"base": "template_not_usable"}
    assert said in flow["description_placeholders"]["detail"]
    assert camera_entry.options == {}
    flow = await answer(hass, flow, answers())
    assert flow["type"] is FlowResultType.CREATE_ENTRY


async def test_a_template_that_gives_many_pictures_one_name_is_refused(
    hass: HomeAssistant, camera: VirtualCamera, camera_entry: MockConfigEntry
) -> None:
    flow = await begin(hass, camera_entry)
    flow = await answer(hass, flow, answers({"template": "{camera}/{date}"}))
    assert flow["errors"] == {"base": "template_alike"}
    assert "{counter}" in flow["description_placeholders"]["telling"]
    flow = await answer(hass, flow, answers({"template": "{camera}/{date}/{counter}"}))
    assert flow["step_id"] == "confirm"


async def test_a_folder_that_is_not_there_is_refused_and_not_made(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    camera_entry: MockConfigEntry,
    tmp_path: Path,
) -> None:
    share = tmp_path / "share"
    hass.config.media_dirs = {"local": str(media), "nas": str(share)}
    flow = await begin(hass, camera_entry)
    flow = await answer(hass, flow, answers({"media_dir": "nas"}))
    assert flow["errors"] == {"base": "folder_not_usable"}
    assert str(share) in flow["description_placeholders"]["detail"]
    assert not share.exists()
    share.mkdir()
    flow = await answer(hass, flow, answers({"media_dir": "nas"}))
    assert flow["step_id"] == "confirm"
    await answer(hass, flow, {})
    await until(lambda: state(hass, STATE) == "connected")
    await camera.press_shutter()
    await until(lambda: list(share.rglob("IMG_0004.JPG")))

    def told() -> str:
        attributes = hass.states.get("event.field_camera_photo").attributes
        return str(attributes.get("path"))

    # The file is there a moment before it is told.
    await until(lambda: told().endswith("IMG_0004.JPG"))
    shown = hass.states.get("event.field_camera_photo").attributes["media_content_id"]
    assert await async_setup_component(hass, "media_source", {})
    assert (await async_resolve_media(hass, shown, None)).path == share / told()


async def test_a_folder_that_went_while_a_person_chose_is_told(
    hass: HomeAssistant, media: Path, camera_entry: MockConfigEntry, tmp_path: Path
) -> None:
    hass.config.media_dirs = {"local": str(media), "nas": str(tmp_path)}
    flow = await begin(hass, camera_entry)
    hass.config.media_dirs = {"local": str(media)}
    flow = await answer(hass, flow, answers({"media_dir": "nas"}))
    assert flow["errors"] == {"base": "media_dir_unknown"}
    assert flow["description_placeholders"]["detail"] == "nas"


async def test_no_kind_at_all_is_refused(
    hass: HomeAssistant, camera_entry: MockConfigEntry
) -> None:
    flow = await begin(hass, camera_entry)
    flow = await answer(hass, flow, answers(choice={"kinds": []}))
    assert flow["errors"] == {"base": "nothing_chosen"}
    with pytest.raises(InvalidData):
        await answer(hass, flow, answers(choice={"kinds": ["paintings"]}))


async def test_deleting_is_asked_for_twice_and_done_then_but_for_protected_ones(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    card = camera.cards[0]
    (kept, *_) = (handle for handle, entry in card.entries.items() if entry.photo)
    card.protect(kept, ProtectionStatus.READ_ONLY)
    flow = await begin(hass, camera_entry)
    flow = await answer(hass, flow, answers(after={"delete": True}))
    assert flow["step_id"] == "confirm_delete"
    pictures = [handle for handle, entry in card.entries.items() if entry.photo]
    assert len(pictures) == 3
    await answer(hass, flow, {})
    await until(lambda: [h for h, entry in card.entries.items() if entry.photo] == [kept])
    handle = await camera.press_shutter()
    await until(lambda: state(hass, COUNT) == "4")
    await until(lambda: handle not in card.entries)
    assert kept in card.entries
    assert len(list(media.rglob("*.JPG"))) == 4


async def test_only_what_is_chosen_comes(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    camera.cards[0].add(Photo("A.NEF", InMemory(b"raw"), ObjectFormat.UNDEFINED, FIRST_MORNING))
    camera.cards[0].add(Photo("A.MOV", InMemory(b"mov"), ObjectFormat.UNDEFINED, FIRST_MORNING))
    entry = await set_up(hass, camera, kinds=["raw"])
    await until(lambda: state(hass, COUNT) == "1")
    await until(lambda: state(hass, STATE) == "connected")
    assert [path.name for path in media.rglob("*.*")] == ["A.NEF"]
    flow = await begin(hass, entry)
    flow = await answer(hass, flow, answers(choice={"kinds": ["raw", "video"]}))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await until(lambda: state(hass, COUNT) == "2")


async def test_from_now_on_passes_the_old_ones_over_once_and_all_brings_them_back(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    entry = await set_up(hass, camera, auto_import=False)
    flow = await begin(hass, entry)
    flow = await answer(hass, flow, answers(choice={"start": "new"}))
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await until(lambda: entry.options["skip_present"] is False)
    await camera.press_shutter()
    await until(lambda: state(hass, COUNT) == "1")
    assert [path.name for path in media.rglob("*.JPG")] == ["IMG_0004.JPG"]
    # Another option does not pass anything over anew.
    flow = await begin(hass, entry)
    await answer(hass, flow, answers(choice={"start": "new", "slots": ["1"]}))
    assert entry.options["skip_present"] is False
    flow = await begin(hass, entry)
    await answer(hass, flow, answers())
    await until(lambda: state(hass, COUNT) == "4")


@pytest.mark.parametrize(
    ("options", "said"),
    [({"media_dir": "gone"}, "gone"), ({"template": "{shutter}/{name}"}, "shutter")],
)
async def test_options_that_no_longer_fit_are_told_and_nothing_is_put_elsewhere(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, options: dict[str, str], said: str
) -> None:
    entry = await set_up(hass, camera, works=False, **options)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert said in (entry.reason or "")
    assert not list(media.iterdir())
    flow = await begin(hass, entry)
    flow = await answer(hass, flow, answers())
    if flow["type"] is FlowResultType.FORM:
        flow = await answer(hass, flow, {})
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    await until(lambda: entry.state is ConfigEntryState.LOADED)
