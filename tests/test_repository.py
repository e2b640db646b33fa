"""What Home Assistant, hassfest and HACS ask of a repository, as far as it can be asked here."""

import ast
import json
from pathlib import Path
import re
import subprocess
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.loader import async_get_integration
from PIL import Image
import pytest
import yaml

from custom_components.crcp.errors import _KEYS
from custom_components.crcp.protocols.ptpip.discovery import NIKON_SERVICE, PTP_SERVICE, SSDP

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "custom_components" / "crcp"
LANGUAGES = sorted(path.stem for path in (PACKAGE / "translations").glob("*.json"))


def load(*parts: str) -> dict[str, Any]:
    return json.loads(PACKAGE.joinpath(*parts).read_text())


def leaves(tree: dict[str, Any], path: str = "") -> dict[str, str]:
    """Every text of a translation by its path."""
    found: dict[str, str] = {}
    for key, value in tree.items():
        here = f"{path}.{key}" if path else key
        found |= leaves(value, here) if isinstance(value, dict) else {here: value}
    return found


def words(pattern: str) -> set[str]:
    """What a pattern captures in the integration's own files."""
    return {each for path in PACKAGE.glob("*.py") for each in re.findall(pattern, path.read_text())}


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in names.stdout.splitlines() if (ROOT / name).is_file()]


# -- manifest and HACS -------------------------------------------------------------------------


def test_the_manifest_is_in_order() -> None:
    manifest = load("manifest.json")
    assert list(manifest) == ["domain", "name", *sorted(set(manifest) - {"domain", "name"})]
    assert manifest["domain"] == PACKAGE.name
    assert manifest["documentation"].startswith("https://")
    assert all(owner.startswith("@") for owner in manifest["codeowners"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert all(service == service.lower() for service in manifest["zeroconf"])
    assert {each for matcher in manifest["ssdp"] for each in matcher.values()} == set(SSDP)
    assert {PTP_SERVICE, NIKON_SERVICE} < set(manifest["zeroconf"])


def test_every_json_file_is_json_and_where_home_assistant_reads_it() -> None:
    names = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*") if path.is_file()}
    assert Path("strings.json") not in names
    assert not any(".translations" in path.parts for path in names)
    for path in (each for each in names if each.suffix == ".json"):
        assert isinstance(json.loads((PACKAGE / path).read_text()), dict), path


def test_what_is_discovered_is_asked_for_in_words_that_can_match() -> None:
    manifest = load("manifest.json")
    assert "home-assistant.io/integrations" not in manifest["documentation"]
    assert not any(" " in each or "git+" in each for each in manifest["requirements"])
    assert all(each.endswith(".local.") for each in manifest["zeroconf"])
    assert manifest["zeroconf"] == sorted(set(manifest["zeroconf"]))
    for key in ("after_dependencies", "dependencies"):
        assert manifest[key] == sorted(set(manifest[key])), key


def test_hacs_finds_what_it_asks_for() -> None:
    allowed = {"name", "homeassistant", "hacs", "hide_default_branch", "zip_release", "filename"}
    hacs = json.loads((ROOT / "hacs.json").read_text())
    assert {"name", "homeassistant"} <= set(hacs) <= allowed
    assert re.fullmatch(r"20\d\d\.\d+\.\d+", hacs["homeassistant"])
    assert [path.name for path in (ROOT / "custom_components").iterdir() if path.is_dir()] in (
        ["crcp"],
        ["crcp", "__pycache__"],
        ["__pycache__", "crcp"],
    )
    assert (ROOT / "README.md").is_file()
    assert "Apache License" in (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize(("name", "side"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_the_icon_has_its_size(name: str, side: int) -> None:
    with Image.open(PACKAGE / "brand" / name) as icon:
        assert icon.size == (side, side)


async def test_home_assistant_loads_it(hass: HomeAssistant) -> None:
    integration = await async_get_integration(hass, "crcp")
    for platform in (
        "binary_sensor",
        "button",
        "config_flow",
        "event",
        "media_player",
        "number",
        "scene",
        "sensor",
        "switch",
    ):
        await integration.async_get_platform(platform)
    texts = await async_get_translations(hass, "en", "entity", ["crcp"])
    assert texts["component.crcp.entity.number.pan.name"] == "Pan"


# -- texts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_texts(language: str) -> None:
    for path, text in leaves(load("translations", f"{language}.json")).items():
        assert text == text.strip(), path
        assert not re.search(
            r"<[a-z/!]|&[a-z]+;|\b[a-z]+://|\bwww\.|\[%key", text, re.IGNORECASE
        ), path
        assert all(re.fullmatch(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?", key) for key in path.split("."))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_things(language: str) -> None:
    english, other = (leaves(load("translations", f"{each}.json")) for each in ("en", language))
    assert set(other) == set(english)
    for path, text in other.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[path])), path


def test_there_are_five_languages_and_none_is_english_in_disguise() -> None:
    assert LANGUAGES == ["de", "en", "fr", "ja", "zh-Hans"]
    english = leaves(load("translations", "en.json"))
    sentences = {path: text for path, text in english.items() if " " in text}
    for language in set(LANGUAGES) - {"en"}:
        other = leaves(load("translations", f"{language}.json"))
        assert [path for path, text in sentences.items() if other[path] == text] == []
        for path, text in other.items():
            assert text.count("\n") == english[path].count("\n"), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_apostrophe_hides_a_placeholder(language: str) -> None:
    """In front of a brace it begins a quotation, and the placeholder is shown as it is."""
    for path, text in leaves(load("translations", f"{language}.json")).items():
        assert "'{" not in text, path


def test_every_error_has_a_sentence_in_flows_and_in_actions() -> None:
    english = load("translations", "en.json")
    keys = {key for _, key in _KEYS}
    assert keys | words(r'errors\[CONF_\w+\] = "(\w+)"') == set(english["config"]["error"])
    raised = words(r'translation_key="(\w+)",?\s*(?:\)|translation_placeholders)') | keys
    raised |= words(r'\b(?:invalid|_failed)\("(\w+)"')
    assert raised == set(english["exceptions"])


def test_every_step_has_a_text() -> None:
    english = load("translations", "en.json")
    flows = {path.stem: path.read_text() for path in PACKAGE.glob("*flow*.py")}
    step = r"async_step_(\w+)(?:\(\n? *self| =)"
    options = ("flow_options", "flow_unit_options", "flow_stream_options")
    texts = "".join(map(flows.pop, options))
    assert set(re.findall(step, texts)) - {"save"} == set(english["options"]["step"])
    steps = {
        node.name.removeprefix("async_step_")
        for flow in flows.values()
        for node in ast.walk(ast.parse(flow))
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("async_step_")
    }
    assert steps - {"zeroconf", "ssdp", "reauth"} == set(english["config"]["step"])


def test_every_reason_to_end_a_dialogue_has_a_sentence() -> None:
    english = load("translations", "en.json")
    asked: dict[str, set[str]] = {"config": set(), "options": set()}
    for path in PACKAGE.glob("*flow*.py"):
        part = "options" if "options" in path.stem else "config"
        text = path.read_text()
        asked[part] |= set(re.findall(r'reason="(\w+)"', text))
        asked[part] |= set(re.findall(r'^    "\w+": "(\w+)",$', text, re.MULTILINE))
    # Home Assistant itself ends a dialogue that is a second one about the same device.
    asked["config"].add("already_in_progress")
    for part, reasons in asked.items():
        assert reasons == set(english[part]["abort"]), part


def strings() -> set[str]:
    """Every text that stands as a literal in the integration's own files."""
    return {
        node.value
        for path in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_no_text_is_left_over() -> None:
    """Each entity, issue, selector and reason that has a text is named by the code."""
    english = load("translations", "en.json")
    said = strings()
    # Keys that are put together: "iris_auto" of "iris", "unit_in_use" of "in_use".
    prefixes = ("unit", "camera")
    said |= {f"{each}_auto" for each in said} | {f"{p}_{each}" for each in said for p in prefixes}
    named = {key for platform in english["entity"].values() for key in platform}
    named |= set(english["issues"]) | set(english["selector"])
    named |= set(english["config"]["abort"]) | set(english["options"].get("abort", {}))
    given_by_home_assistant = {"already_in_progress", "already_configured"}
    assert named - said - given_by_home_assistant == set()


def test_every_action_and_field_is_named() -> None:
    services = yaml.safe_load((PACKAGE / "services.yaml").read_text())
    texts, icons = load("translations", "en.json"), load("icons.json")["services"]
    assert set(services) == set(texts["services"]) == set(icons)
    for name, service in services.items():
        fields = (service or {}).get("fields", {})
        assert set(fields) == set(texts["services"][name].get("fields", {})), name
        for field in fields.values():
            if key := (field["selector"].get("select") or {}).get("translation_key"):
                assert set(texts["selector"][key]["options"]) == set(
                    field["selector"]["select"]["options"]
                )
    for name in services:
        assert name in strings() or f"async_action_{name}" in strings()


def test_every_step_names_its_fields() -> None:
    for part in ("config", "options"):
        for name, step in load("translations", "en.json")[part]["step"].items():
            assert set(step.get("data", {})) == set(step.get("data_description", {})), name


def test_every_entity_has_a_name_and_an_icon_that_exists() -> None:
    names = load("translations", "en.json")["entity"]
    icons = load("icons.json")["entity"]
    for platform, entries in names.items():
        assert set(entries) <= set(icons[platform])


def test_every_icon_is_one_of_material_design() -> None:
    icons = load("icons.json")
    assert set(icons) <= {"entity", "services", "issues", "config", "options"}
    for path, icon in leaves(icons).items():
        assert re.fullmatch(r"mdi:[a-z0-9]+(-[a-z0-9]+)*", icon), path


def test_every_issue_is_told_or_mended() -> None:
    for language in LANGUAGES:
        for key, issue in load("translations", f"{language}.json")["issues"].items():
            assert issue["title"], key
            assert ("description" in issue) != ("fix_flow" in issue), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_exception_is_one_sentence_of_text(language: str) -> None:
    for key, text in load("translations", f"{language}.json")["exceptions"].items():
        assert set(text) == {"message"}, key


# -- the repository ----------------------------------------------------------------------------


def test_no_file_names_a_place_that_only_one_machine_has() -> None:
    found = []
    for path in tracked():
        text = path.read_text(errors="replace") if path.suffix not in (".png", ".jpg") else ""
        found += [
            str(path.relative_to(ROOT)) for _ in re.findall(r"/(?:root|work|home/\w+)/", text)
        ]
    assert found == []


def test_every_picture_that_a_page_shows_is_there() -> None:
    for page in (path for path in tracked() if path.suffix == ".md"):
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
