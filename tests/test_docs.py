"""The pages for users name everything that there is; a link leads somewhere."""

import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / "crcp"
ENTITIES = (ROOT / "docs" / "entities.md").read_text()
README = (ROOT / "README.md").read_text()
IN_FULL = "".join((ROOT / "docs" / f"{each}.md").read_text() for each in ("units", "photo-cameras"))

TEXTS: dict[str, Any] = json.loads((PACKAGE / "translations" / "en.json").read_text())
ACTIONS: dict[str, Any] = yaml.safe_load((PACKAGE / "services.yaml").read_text())


@pytest.mark.parametrize("platform", TEXTS["entity"])
def test_every_entity_is_told_of(platform: str) -> None:
    names = [each["name"].replace("{slot}", "1") for each in TEXTS["entity"][platform].values()]
    assert [name for name in names if f"*{name}*" not in ENTITIES] == []


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_told_of_with_its_fields(action: str) -> None:
    (row,) = [
        line
        for line in ENTITIES.splitlines()
        if line.startswith("|") and f"`crcp.{action}`" in line
    ]
    for field in (ACTIONS[action] or {}).get("fields", {}):
        assert f"`{field}`" in row, field
    assert f"`crcp.{action}`" in IN_FULL


@pytest.mark.parametrize("part", ["config", "options"])
def test_every_field_of_a_dialogue_is_told_of(part: str) -> None:
    steps = list(TEXTS[part]["step"].values())
    steps += [each for step in steps for each in step.get("sections", {}).values()]
    names = {name for step in steps for name in step.get("data", {}).values()}
    assert {name for name in names if f"*{name}*" not in IN_FULL} == set()


def test_nothing_is_told_of_that_is_not_there() -> None:
    told = set(re.findall(r"`crcp\.(\w+)`", ENTITIES + README + IN_FULL))
    assert told <= set(ACTIONS)


@pytest.mark.parametrize(
    "page",
    """
    dashboards entities make-a-unit photo-cameras supported-devices troubleshooting units voice
    """.split(),
)
def test_every_page_for_users_is_found_from_the_readme(page: str) -> None:
    assert f"](docs/{page}.md)" in README


@pytest.mark.parametrize(
    "title", ["Install", "Add a device", "What appears", "Limits", "Remove it", "Voice"]
)
def test_the_readme_has_what_the_quality_scale_asks_for(title: str) -> None:
    assert f"\n## {title}\n" in README
