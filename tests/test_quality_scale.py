"""The integration quality scale, and what hassfest asks of code: rules typed from their documents."""

import ast
from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

from awesomeversion import AwesomeVersion
from homeassistant.const import Platform
import pytest
import yaml

PACKAGE = Path(__file__).parent.parent / "custom_components" / "crcp"

BRONZE = """
    action-setup appropriate-polling brands common-modules config-flow-test-coverage config-flow
    dependency-transparency docs-actions docs-triggers docs-conditions docs-high-level-description
    docs-installation-instructions docs-removal-instructions entity-event-setup entity-unique-id
    has-entity-name runtime-data test-before-configure test-before-setup unique-config-entry
"""
SILVER = """
    action-exceptions config-entry-unloading docs-configuration-parameters
    docs-installation-parameters entity-unavailable integration-owner log-when-unavailable
    parallel-updates reauthentication-flow test-coverage
"""
GOLD = """
    devices diagnostics discovery discovery-update-info docs-data-update docs-examples
    docs-known-limitations docs-supported-devices docs-supported-functions docs-troubleshooting
    docs-use-cases dynamic-devices stale-devices entity-category entity-device-class
    entity-disabled-by-default entity-translations exception-translations icon-translations
    reconfiguration-flow repair-issues
"""
PLATINUM = "async-dependency inject-websession strict-typing"

#: What hassfest knows of a manifest.
REQUIRED = {
    "domain",
    "name",
    "codeowners",
    "documentation",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "version",
}
OPTIONAL = {
    "after_dependencies",
    "config_flow",
    "dependencies",
    "dhcp",
    "loggers",
    "quality_scale",
    "requirements",
    "single_config_entry",
    "ssdp",
    "zeroconf",
}

#: What may be imported of Home Assistant's components without being declared, beside platforms.
FREE = set(
    """
    automation conversation frontend homeassistant media_source panel_custom
    persistent_notification stream mjpeg system_health webhook websocket_api device_automation
    """.split()
)

FIELD = {"example", "default", "required", "advanced", "selector", "filter", "name", "description"}

#: What each platform of ours is made of, and other files that Home Assistant looks for by name.
PLATFORMS = {each.value for each in Platform}


def read(name: str) -> Any:
    text = (PACKAGE / name).read_text()
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """The integration's own files: those that Home Assistant may be imported in."""
    return ((path, ast.parse(path.read_text())) for path in sorted(PACKAGE.glob("*.py")))


def components(tree: ast.Module) -> Iterator[str]:
    """Every component of Home Assistant that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if found := re.match(r"homeassistant\.components\.(\w+)", name):
                yield found[1]


# -- the quality scale -------------------------------------------------------------------------


def test_every_rule_of_the_quality_scale_is_answered() -> None:
    rules = f"{BRONZE} {SILVER} {GOLD} {PLATINUM}".split()
    assert len(rules) == len(set(rules)) == 54
    assert set(read("quality_scale.yaml")["rules"]) == set(rules)


def test_a_rule_is_done_or_there_is_a_reason() -> None:
    for name, answer in read("quality_scale.yaml")["rules"].items():
        status = answer if isinstance(answer, str) else answer["status"]
        assert status in {"done", "exempt"}, name
        if status != "done":
            assert answer["comment"].endswith("."), name


def test_coverage_is_held_by_the_check_that_the_rules_name() -> None:
    run = (PACKAGE.parent.parent / ".ci" / "run").read_text()
    assert "--fail-under=95" in run
    assert re.search(r"--fail-under=100.*config_flow\.py.*flow\*\.py", run, re.DOTALL)
    assert run.rstrip().endswith("check_coverage")


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("common-modules", ("coordinator.py", "entity.py")),
        ("diagnostics", ("diagnostics.py",)),
        ("brands", ("brand/icon.png", "brand/icon@2x.png")),
        ("icon-translations", ("icons.json",)),
        ("repair-issues", ("repairs.py",)),
        ("config-flow", ("config_flow.py",)),
    ],
)
def test_what_is_said_to_be_done_is_there(rule: str, names: tuple[str, ...]) -> None:
    answer = read("quality_scale.yaml")["rules"][rule]
    assert "done" in (answer, answer["status"] if isinstance(answer, dict) else "")
    assert all((PACKAGE / name).is_file() for name in names)


def test_every_platform_says_how_many_updates_at_once() -> None:
    found = {path.stem: "PARALLEL_UPDATES" in path.read_text() for path in PACKAGE.glob("*.py")}
    platforms = set(found) & PLATFORMS
    assert len(platforms) >= 11
    assert [name for name in platforms if not found[name]] == []


def test_every_error_for_people_is_translated() -> None:
    errors = {
        "ConfigEntryAuthFailed",
        "ConfigEntryError",
        "ConfigEntryNotReady",
        "HomeAssistantError",
        "ServiceValidationError",
        "UpdateFailed",
    }
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id in errors:
                    given = {keyword.arg for keyword in node.keywords}
                    assert {"translation_domain", "translation_key"} <= given, (path, node.lineno)


# -- hassfest ----------------------------------------------------------------------------------


def test_the_manifest_has_what_it_must_and_nothing_unknown() -> None:
    manifest = read("manifest.json")
    assert set(manifest) >= REQUIRED
    assert set(manifest) <= REQUIRED | OPTIONAL
    assert AwesomeVersion(manifest["version"]).valid
    assert manifest["integration_type"] in {"device", "hub", "service"}
    assert manifest["iot_class"] in {"local_polling", "local_push"}
    assert not manifest["documentation"].startswith("https://www.home-assistant.io/integrations")
    assert all(" " not in each for each in manifest["requirements"])


def test_what_is_imported_of_home_assistant_is_declared() -> None:
    manifest = read("manifest.json")
    declared = FREE | PLATFORMS | {*manifest["dependencies"], *manifest["after_dependencies"]}
    declared |= {"zeroconf", "ssdp"}  # keys of the manifest imply them
    undeclared = {
        f"{path.name}: {name}"
        for path, tree in sources()
        for name in components(tree)
        # A file named after a component is that component's platform.
        if name not in declared and not path.stem.startswith(name)
    }
    assert undeclared == set()


def test_with_a_set_up_there_is_a_schema_that_takes_no_yaml() -> None:
    text = (PACKAGE / "__init__.py").read_text()
    assert "async def async_setup(" in text
    assert "CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)" in text


def test_every_discovery_says_which_device_it_is_of() -> None:
    text = "".join(path.read_text() for path in PACKAGE.glob("*flow*.py"))
    assert "async_set_unique_id" in text
    keys = {"zeroconf", "ssdp"} & set(read("manifest.json"))
    assert all(f"async def async_step_{key}(" in text for key in keys)


def test_actions_have_no_unknown_keys_and_every_field_is_described() -> None:
    texts = read("translations/en.json")["services"]
    icons = read("icons.json")["services"]
    for name, action in read("services.yaml").items():
        assert set(action or {}) <= {"fields", "target"}, name
        assert icons[name]["service"].startswith("mdi:"), name
        assert texts[name]["name"], name
        assert texts[name]["description"], name
        for key, field in (action or {}).get("fields", {}).items():
            assert set(field) <= FIELD, (name, key)
            assert texts[name]["fields"][key]["name"], (name, key)
            assert texts[name]["fields"][key]["description"], (name, key)


def test_an_icon_of_a_state_is_another_than_the_usual_one() -> None:
    for platform in read("icons.json")["entity"].values():
        for name, icons in platform.items():
            assert icons["default"] not in icons.get("state", {}).values(), name


@pytest.mark.parametrize("path", sorted((PACKAGE / "translations").glob("*.json")), ids=str)
def test_no_placeholder_is_in_single_quotes(path: Path) -> None:
    assert not re.search(r"'[^'\"\n]{0,40}\{\w+\}[^'\"\n]{0,40}'", path.read_text())


def test_translations_have_known_sections_only() -> None:
    known = set(
        """
        title common config options device entity exceptions issues selector services system_health
        """.split()
    )
    for path in (PACKAGE / "translations").glob("*.json"):
        assert set(json.loads(path.read_text())) <= known
