"""The page that scripts/bench/all writes, made of what benches have said."""

import importlib
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parent.parent / "scripts" / "bench"

FASTER = {
    "what": "commands, each with its reply",
    "ours": 16781.4,
    "peer": "bare echo",
    "theirs": 31908.0,
    "unit": "/s",
    "ratio": 0.567,
    "goal": {"of": "ratio", "bound": 0.6, "at_least": True},
}
SLOWER = {
    "what": "an action until the unit's answer",
    "ours": 0.937,
    "peer": "bare client",
    "theirs": 0.466,
    "unit": "ms",
    "ratio": 1.9,
    "goal": {"of": "over", "bound": 2, "at_least": False},
}
AIMLESS = {**SLOWER, "what": "requests", "ours": 8.0, "theirs": 0.0, "unit": "", "goal": None}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The modules page and figures, which lie beside the benches."""
    monkeypatch.syspath_prepend(str(BENCH))
    return importlib.import_module("page"), importlib.import_module("figures")


def test_every_bench_is_in_the_readme() -> None:
    readme = (BENCH.parent.parent / "README.md").read_text()
    commands = [path.name for path in BENCH.iterdir() if not path.suffix and path.is_file()]
    assert "crcp" in commands
    assert [name for name in commands if f"| `scripts/bench/{name}` |" not in readme] == []


def the_page(bench: tuple[Any, Any]) -> str:
    page, figures = bench
    read = tuple(map(figures.Figure.read, (FASTER, SLOWER, AIMLESS)))
    runs = [
        page.Run("A command", "Beside an echo.", "scripts/bench/crcp", 12.3, (0.1, 0.94), read),
        page.Run(
            "A picture", "Beside ffmpeg.", "scripts/bench/stream", 1.0, (1, 2), broke="no disk"
        ),
    ]
    text: str = page.page("2026-11-21; 2 processors; ffmpeg 5.1.9.", runs)
    return text


def test_a_row_tells_ours_the_peers_their_ratio_and_the_goal(bench: tuple[Any, Any]) -> None:
    rows = [line for line in the_page(bench).splitlines() if line.startswith("| ")]
    assert rows == [
        "| Figure | Ours | Peer | Peer's | Ratio | Goal |  |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| **A command** |  |  |  |  |  |  |",
        (
            "| commands, each with its reply | 16781 /s | bare echo | 31908 /s | 0.567 "
            "| ratio at least 0.6 | **MISSED** |"
        ),
        (
            "| an action until the unit's answer | 0.937 ms | bare client | 0.466 ms | 1.90 "
            "| at most 2 ms above | met |"
        ),
        "| requests | 8 | bare client | 0 | 1.90 |  |  |",
    ]


def test_the_page_says_what_it_ran_on_and_which_bench_broke(bench: tuple[Any, Any]) -> None:
    text = the_page(bench)
    assert "2 processors; ffmpeg 5.1.9." in text
    assert "**1 of 2 goals are met.** Without figures: `scripts/bench/stream`." in text
    assert "`scripts/bench/crcp`, 12 s; the machine's load was 0.1 before and 0.9 after." in text
    assert "```\nno disk\n```" in text


def test_what_a_bench_says_to_a_program_can_be_read_again(
    bench: tuple[Any, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, figures = bench
    path = tmp_path / "figures.json"
    found = [
        figures.Figure.of("a", [4.0, 9.0], "peer", [2.0, 3.0], "s", figures.Goal("ours", 6)),
        figures.Figure.of("b", [1.0], "peer", [0.0], "s"),
    ]
    assert figures.conclude(found, path) == 1
    assert [figure.ratio for figure in found] == [2.5, float("inf")]
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("ratio 2.50   MISSED: at most 6 s")
    assert second.endswith("ratio none")
    assert list(map(figures.Figure.read, figures.json.loads(path.read_text()))) == found
