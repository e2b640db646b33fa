"""Every key that code asks for has its text: in each dialogue and issue that a test comes across."""

from collections.abc import Iterator, Mapping
from functools import cache
import json
from pathlib import Path
import re
from typing import Any

from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntriesFlowManager, OptionsFlowManager
from homeassistant.data_entry_flow import FlowManager, FlowResultType, section
from homeassistant.helpers.issue_registry import IssueRegistry
from homeassistant.helpers.selector import SelectSelector
import pytest

from custom_components.crcp.const import DOMAIN

PACKAGE = Path(__file__).parents[2] / "custom_components" / "crcp"


@cache
def english() -> dict[str, Any]:
    texts: dict[str, Any] = json.loads((PACKAGE / "translations" / "en.json").read_text())
    return texts


def branch(path: str) -> dict[str, Any]:
    """What hangs at a path, "" for the root."""
    here: Any = english()
    for key in filter(None, path.split(".")):
        here = here.get(key, {})
    return here if isinstance(here, dict) else {}


class Reader:
    """Looks texts up, and remembers what is wrong with them."""

    def __init__(self) -> None:
        self.wrongs: list[str] = []

    def read(self, path: str, placeholders: Mapping[str, Any] | None = None) -> None:
        """There is a text at a path, and every placeholder in it is given."""
        parent, _, key = path.rpartition(".")
        text = branch(parent).get(key)
        if not isinstance(text, str):
            self.wrongs.append(f"{path}: no text")
            return
        missing = set(re.findall(r"{(\w+)}", text)) - set(placeholders or ())
        self.wrongs += [f"{path}: nothing for {{{each}}}" for each in missing]

    def read_result(self, category: str, result: Mapping[str, Any]) -> None:
        """All that a step of a dialogue shows."""
        given = result.get("description_placeholders")
        if result["type"] is FlowResultType.ABORT:
            self.read(f"{category}.abort.{result['reason']}", given)
            return
        if result["type"] not in (FlowResultType.FORM, FlowResultType.MENU):
            return
        step = f"{category}.step.{result['step_id']}"
        for key in ("title", *({"description"} & branch(step).keys())):
            self.read(f"{step}.{key}", given)
        for option in result.get("menu_options") or ():
            self.read(f"{step}.menu_options.{option}", given)
        for code in (result.get("errors") or {}).values():
            self.read(f"{category}.error.{code}", given)
        if result["type"] is FlowResultType.FORM and result["data_schema"]:
            self.read_fields(step, result["data_schema"].schema, given)

    def read_fields(
        self, step: str, fields: Mapping[Any, Any], given: Mapping[str, Any] | None
    ) -> None:
        """The fields of a form, and the options of each."""
        for name, field in fields.items():
            if isinstance(field, section):
                self.read(f"{step}.sections.{name}.name", given)
                self.read_fields(f"{step}.sections.{name}", field.schema.schema, given)
                continue
            for part in ("data", "data_description"):
                self.read(f"{step}.{part}.{name}", given)
            key = field.config.get("translation_key") if isinstance(field, SelectSelector) else None
            for option in field.config["options"] if key else ():
                self.read(f"selector.{key}.options.{option}")


def category_of(manager: FlowManager[Any, Any], flow: Any) -> str:
    """Where the texts of a dialogue are."""
    if isinstance(flow, RepairsFlow):
        return f"issues.{flow.issue_id.rpartition('_')[0]}.fix_flow"
    return {ConfigEntriesFlowManager: "config", OptionsFlowManager: "options"}[type(manager)]


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """Read along, in every test."""
    reader = Reader()
    handle, create = FlowManager._async_handle_step, IssueRegistry.async_get_or_create

    async def read_along(self: FlowManager[Any, Any], flow: Any, *args: Any) -> Any:
        result = await handle(self, flow, *args)
        if type(flow).__module__.startswith("custom_components.crcp"):
            reader.read_result(category_of(self, flow), result)
        return result

    def read_issue(self: IssueRegistry, domain: str, issue_id: str, **issue: Any) -> Any:
        if domain == DOMAIN:
            for part in ("title",) if issue["is_fixable"] else ("title", "description"):
                path = f"issues.{issue['translation_key']}.{part}"
                reader.read(path, issue["translation_placeholders"])
        return create(self, domain, issue_id, **issue)

    monkeypatch.setattr(FlowManager, "_async_handle_step", read_along)
    monkeypatch.setattr(IssueRegistry, "async_get_or_create", read_issue)
    yield reader
    assert not reader.wrongs, reader.wrongs
