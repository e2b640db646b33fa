"""The conformance list names tests; each of them has to exist."""

from pathlib import Path
import re

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")
LIST = (ROOT / "docs" / "crcp-conformance.md").read_text()


def _tests_in(path: str) -> set[str]:
    file = ROOT / path if path.startswith("tests/") else HERE / path
    return set(re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE))


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(LIST)
    assert len(named) > 40
    assert [each for each in named if each[1] not in _tests_in(each[0])] == []


def test_every_line_is_ticked_and_proven() -> None:
    lines = [line for line in LIST.splitlines() if line.startswith("- ")]
    assert len(lines) > 35
    assert [line for line in lines if "- [x] " not in line or not NAMED.search(line)] == []


def test_every_ambiguity_has_a_test() -> None:
    numbers = [name[6:8] for name in _tests_in("test_ambiguities.py")]
    assert sorted(map(int, numbers)) == list(range(1, 51))
