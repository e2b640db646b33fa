"""Every failure and every promise that the importer is built for has a test named after it."""

from pathlib import Path
import re

FAILURES = 22
PROMISES = 9


def test_each_failure_and_each_promise_has_its_test() -> None:
    """f1 to f22: the ways in which importers fail; g1 to g9: what is promised."""
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    named = {row for text in texts for row in re.findall(r"\bdef test_([fg]\d+)_", text)}
    rows = {f"f{number}" for number in range(1, FAILURES + 1)}
    rows |= {f"g{number}" for number in range(1, PROMISES + 1)}
    assert rows <= named, sorted(rows - named)
