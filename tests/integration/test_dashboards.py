"""The dashboards in docs/, held against a camera that is set up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from homeassistant.components.media_source import async_browse_media, async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
import yaml

from custom_components.crcp.virtual.camera import VirtualCamera
from tests.helpers import until
from tests.integration.conftest import set_up

FOLDER = Path(__file__).parents[2] / "docs" / "dashboards"
EXAMPLES = sorted(path.name for path in FOLDER.glob("*.yaml"))

#: Home Assistant's own: cards, a view, a section, a badge.
TYPES = {
    *("sections", "grid", "entity"),
    *("picture-entity", "picture", "tile", "button", "heading", "gauge", "entities"),
}


def values(of: Any, *keys: str) -> Iterator[Any]:
    """What stands below any of the keys, however deep."""
    if isinstance(of, dict):
        for key, value in of.items():
            if key in keys:
                yield value
            yield from values(value, *keys)
    elif isinstance(of, list):
        for each in of:
            yield from values(each, *keys)


@pytest.mark.parametrize("name", EXAMPLES)
async def test_what_an_example_names_is_there(
    hass: HomeAssistant, camera: VirtualCamera, media: Path, name: str
) -> None:
    await set_up(hass, camera, title="My camera")
    await until(lambda: hass.states.get("sensor.my_camera_card_1_free"))
    example = yaml.safe_load((FOLDER / name).read_text())
    assert set(values(example, "type")) <= TYPES
    entities = set(values(example, "entity", "entity_id"))
    assert entities
    missing = [each for each in entities if isinstance(each, str) and not hass.states.get(each)]
    assert missing == []
    for action in values(example, "perform_action"):
        assert hass.services.has_service(*action.split("."))
    assert await async_setup_component(hass, "media_source", {})
    for path in values(example, "navigation_path"):
        page, _, folder = unquote(path).partition(",")
        source = await async_browse_media(hass, folder)
        assert (page, source.title) == ("/media-browser/browser/app", "Photos from your cameras")
    await until(lambda: hass.states.get("sensor.my_camera_photos_imported").state == "3")
    pictures = [image for image in values(example, "image") if not image.endswith(tuple("4567"))]
    shown = [(await async_resolve_media(hass, each, None)).mime_type for each in pictures]
    assert shown == (["image/jpeg"] * 2 if name == "photo-wall.yaml" else [])
    for condition in values(example, "visibility"):
        assert all(each["condition"] == "state" for each in condition)


def test_every_example_is_told_of() -> None:
    page = FOLDER.with_suffix(".md").read_text()
    assert all(f"dashboards/{name}" in page for name in EXAMPLES)
