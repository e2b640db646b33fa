"""The actions of photo cameras: import on demand, and import again what was deleted."""

from pathlib import Path
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.icon import async_get_icons
from homeassistant.helpers.service import async_get_all_descriptions
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from custom_components.crcp.const import DOMAIN
from custom_components.crcp.photo_shelf import async_key_of
from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import movie, set_up

COUNT = "sensor.field_camera_photos_imported"
STATE = "sensor.field_camera_import"
CONNECTED = "binary_sensor.field_camera_connection"
FOLDER = "Field camera/2026/2026-05-0"


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    return found.state if found else ""


async def call(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
async def paused(hass: HomeAssistant, camera: VirtualCamera, media: Path) -> str:
    """Set a camera up that imports nothing by itself; give its device's id."""
    entry = await set_up(hass, camera, auto_import=False)
    await until(lambda: state(hass, CONNECTED) == "on")
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device.id


async def test_an_import_answers_with_what_came_of_it(
    hass: HomeAssistant, paused: str, media: Path
) -> None:
    answer = await call(hass, "import_photos", device_id=paused)
    assert (answer["imported"], answer["already_imported"]) == (3, 0)
    assert (answer["not_chosen"], answer["failed"], answer["deleted_on_camera"]) == (0, [], 0)
    for photo in answer["photos"]:
        assert (media / photo["path"]).stat().st_size == photo["size"]
        key = await async_key_of(hass, "local", photo["path"])
        assert photo["media_content_id"] == f"media-source://crcp/photo/{key}"
    answer = await call(hass, "import_photos", device_id=paused)
    assert (answer["imported"], answer["already_imported"], answer["photos"]) == (0, 3, [])
    await until(lambda: state(hass, STATE) == "paused")


async def test_an_import_can_be_of_some_days_kinds_and_slots(
    hass: HomeAssistant, camera: VirtualCamera, paused: str, media: Path
) -> None:
    camera.cards[0].add(movie(size=1 << 20))
    days = {"first_day": "2026-05-01", "last_day": "2026-05-01"}
    nothing = await call(hass, "import_photos", device_id=paused, **days, slots=["2"])
    assert (nothing["imported"], nothing["not_chosen"]) == (0, 4)
    answer = await call(hass, "import_photos", device_id=paused, **days, kinds=["video"])
    assert [photo["file_name"] for photo in answer["photos"]] == ["MVI_0009.MOV"]
    nothing = await call(hass, "import_photos", device_id=paused, first_day="2026-05-02")
    assert nothing["imported"] == 0
    nothing = await call(hass, "import_photos", device_id=paused, protected_only=True)
    assert nothing["imported"] == 0


async def test_an_import_also_brings_what_was_passed_over(
    hass: HomeAssistant, camera: VirtualCamera, media: Path
) -> None:
    entry = await set_up(hass, camera, start="new", skip_present=True)
    await until(lambda: entry.options["skip_present"] is False)
    await until(lambda: state(hass, STATE) == "connected")
    assert not list(media.rglob("*.JPG"))
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    answer = await call(hass, "import_photos", device_id=device.id)
    assert answer["imported"] == 3


async def test_an_import_tells_what_could_not_be_read(
    hass: HomeAssistant, camera: VirtualCamera, paused: str
) -> None:
    camera.faults.gone = 1
    answer = await call(hass, "import_photos", device_id=paused)
    (failed,) = answer["failed"]
    assert "INVALID_OBJECT_HANDLE" in failed["reason"]
    came = {photo["file_name"] for photo in answer["photos"]}
    assert came | {failed["file_name"]} == {f"IMG_000{number}.JPG" for number in (1, 2, 3)}
    assert len(came) == answer["imported"] == 2


async def test_an_import_tells_what_the_camera_did_not_describe(
    hass: HomeAssistant, camera: VirtualCamera, paused: str
) -> None:
    camera.faults.denied = 1
    answer = await call(hass, "import_photos", device_id=paused)
    assert (answer["imported"], bool(answer["failed"])) == (0, True)
    assert {each["file_name"] for each in answer["failed"]} == {None}
    assert "ACCESS_DENIED" in answer["failed"][0]["reason"]


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"kinds": []}, "kinds_unknown"),
        ({"kinds": ["art"]}, "kinds_unknown"),
        ({"slots": ["3"]}, "slots_unknown"),
        ({"first_day": "2026-05-02", "last_day": "2026-05-01"}, "dates_in_wrong_order"),
        ({"device_id": "nobody"}, "not_a_photo_camera"),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(
    hass: HomeAssistant, paused: str, data: dict[str, Any], key: str
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "import_photos", **({"device_id": paused} | data))
    assert caught.value.translation_key == key


async def test_an_import_needs_a_camera_that_is_connected_and_set_up(
    hass: HomeAssistant, camera: VirtualCamera, paused: str
) -> None:
    await camera.stop()
    await until(lambda: state(hass, CONNECTED) == "off")
    with pytest.raises(HomeAssistantError) as caught:
        await call(hass, "import_photos", device_id=paused)
    assert caught.value.translation_key == "not_connected"
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "import_photos", device_id=paused)
    assert refused.value.translation_key == "camera_not_loaded"
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "forget_photo", photo="x.JPG")
    assert refused.value.translation_key == "no_camera"


async def test_an_import_whose_camera_goes_or_that_is_stopped_says_so(
    hass: HomeAssistant, camera: VirtualCamera, paused: str, media: Path
) -> None:
    camera.cards[0].add(movie(size=512 << 20))
    waiting = hass.async_create_task(call(hass, "import_photos", device_id=paused))
    await until(lambda: list(media.rglob("*.part")))
    target = {"entity_id": "button.field_camera_pause_import"}
    await hass.services.async_call("button", "press", target, blocking=True)
    with pytest.raises(HomeAssistantError) as caught:
        await waiting
    assert caught.value.translation_key == "import_stopped"
    waiting = hass.async_create_task(call(hass, "import_photos", device_id=paused))
    await until(lambda: state(hass, STATE) == "importing")
    camera.hang_up()
    with pytest.raises(HomeAssistantError) as caught:
        await waiting
    assert caught.value.translation_key == "cannot_connect"


@pytest.mark.parametrize(
    "form",
    [
        "{path}",
        "{whole}",
        "media-source://media_source/local/{path}",
        "media-source://crcp/photo/{key}",
        "media-source://crcp/original/{key}",
    ],
)
async def test_a_picture_that_was_deleted_comes_back_when_it_is_forgotten(
    hass: HomeAssistant,
    camera: VirtualCamera,
    media: Path,
    camera_entry: MockConfigEntry,
    form: str,
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    path = f"{FOLDER}1/IMG_0002.JPG"
    before, key = (media / path).read_bytes(), await async_key_of(hass, "local", path)
    (media / path).unlink()
    assert await hass.config_entries.async_reload(camera_entry.entry_id)
    await until(lambda: state(hass, STATE) == "connected")
    assert not (media / path).exists()  # what a person deleted stays deleted
    photo = form.format(path=path, whole=media / path, key=key)
    assert await call(hass, "forget_photo", photo=photo) == {"forgotten": 1}
    await until((media / path).exists)
    assert (media / path).read_bytes() == before


async def test_what_is_forgotten_while_it_lies_there_is_not_counted_twice(
    hass: HomeAssistant, media: Path, camera_entry: MockConfigEntry
) -> None:
    await until(lambda: state(hass, COUNT) == "3")
    await until(lambda: state(hass, STATE) == "connected")
    changes = async_capture_events(hass, "state_changed")
    for number in (1, 2):
        await call(hass, "forget_photo", photo=f"{FOLDER}1/IMG_000{number}.JPG")
    event = "event.field_camera_photo"
    await until(lambda: len([c for c in changes if c.data["entity_id"] == event]) == 2)
    await until(lambda: state(hass, STATE) == "connected")
    await until(lambda: state(hass, COUNT) == "3")
    assert len(list(media.rglob("*.JPG"))) == 3
    assert "5" not in {c.data["new_state"].state for c in changes if c.data["entity_id"] == COUNT}


@pytest.mark.parametrize(
    "photo", ["nothing.JPG", "/etc/passwd", "media-source://media_source/nas/x.JPG", "../x"]
)
async def test_what_was_never_imported_cannot_be_forgotten(
    hass: HomeAssistant, camera_entry: MockConfigEntry, photo: str
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "forget_photo", photo=photo)
    assert caught.value.translation_key == "photo_unknown"


@pytest.mark.parametrize("action", ["forget_photo", "delete_photo"])
async def test_only_administrators_forget_and_delete(
    hass: HomeAssistant,
    media: Path,
    camera_entry: MockConfigEntry,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
    action: str,
) -> None:
    await until(lambda: state(hass, STATE) == "connected" and state(hass, COUNT) == "3")
    path = f"{FOLDER}1/IMG_0002.JPG"

    async def try_as(user: MockUser) -> None:
        context = Context(user_id=user.id)
        await hass.services.async_call(
            DOMAIN, action, {"photo": path}, blocking=True, context=context
        )

    with pytest.raises(Unauthorized):
        await try_as(hass_read_only_user)
    assert await async_key_of(hass, "local", path)
    assert (media / path).exists()
    await try_as(hass_admin_user)
    if action == "delete_photo":
        assert not (media / path).exists()


async def test_every_action_and_field_has_a_name_and_every_action_an_icon(
    hass: HomeAssistant, paused: str
) -> None:
    described = (await async_get_all_descriptions(hass))[DOMAIN]
    texts = await async_get_translations(hass, "en", "services", {DOMAIN})
    icons = (await async_get_icons(hass, "services", {DOMAIN}))[DOMAIN]
    for action in ("import_photos", "forget_photo"):
        assert described[action]["response"] == {"optional": True}
        assert texts[f"component.crcp.services.{action}.description"]
        for field in described[action]["fields"]:
            assert texts[f"component.crcp.services.{action}.fields.{field}.name"]
        assert action in icons
