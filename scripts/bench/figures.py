"""What a bench found: figures of ours, each beside a peer's that ran in the same run.

A bench hands its figures to conclude, which prints them, a line each, and writes them for a program
where --json names a file.
"""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
import json
import math
from pathlib import Path
import statistics
from typing import Any, Literal, Self


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound that a figure should keep, the bound itself included.

    of: what is held against it: the ratio, our own value, or what that is above the peer's.
    """

    of: Literal["ratio", "ours", "over"]
    bound: float
    at_least: bool = False

    def met(self, figure: Figure) -> bool:
        """Whether a figure keeps it."""
        value = {
            "ratio": figure.ratio,
            "ours": figure.ours,
            "over": figure.ours - figure.theirs,
        }[self.of]
        return value >= self.bound if self.at_least else value <= self.bound

    def said(self, unit: str) -> str:
        """In words, for a figure in a unit."""
        bound = f"at {'least' if self.at_least else 'most'} {self.bound:g}"
        match self.of:
            case "ratio":
                return f"ratio {bound}"
            case "ours":
                return f"{bound} {unit}"
            case "over":
                return f"{bound} {unit} above"


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured of us and of a peer.

    ratio: ours by the peer's; where both were measured in turns, the median of neighbours in time.
    unit: of a rate it ends with /s, and more is better; of everything else less is.
    """

    what: str
    ours: float
    peer: str
    theirs: float
    unit: str
    ratio: float
    goal: Goal | None = None

    @classmethod
    def of(
        cls,
        what: str,
        ours: Sequence[float],
        peer: str,
        theirs: Sequence[float],
        unit: str,
        goal: Goal | None = None,
    ) -> Self:
        """Of what was measured in turns, of each as often."""
        ratio = statistics.median(map(_ratio, ours, theirs, strict=True))
        median = statistics.median
        return cls(what, median(ours), peer, median(theirs), unit, ratio, goal)

    @classmethod
    def read(cls, found: dict[str, Any]) -> Self:
        """As it was written."""
        goal = found["goal"]
        return cls(**{**found, "goal": Goal(**goal) if goal else None})

    @property
    def verdict(self) -> str:
        """Whether its goal is met; nothing where it has none."""
        if self.goal is None:
            return ""
        return "met" if self.goal.met(self) else "MISSED"

    @property
    def wanted(self) -> str:
        """Its goal in words."""
        return self.goal.said(self.unit) if self.goal else ""

    def line(self) -> str:
        """For people at a terminal."""
        values = f"{amount(self.ours):>8} {self.unit:<9} {self.peer}: {amount(self.theirs)}"
        goal = f"   {self.verdict}: {self.wanted}" if self.goal else ""
        return f"{self.what:<48}{values}   ratio {amount(self.ratio)}{goal}"


def amount(value: float) -> str:
    """A number as one reads it: three digits that count."""
    if not math.isfinite(value):
        return "none"
    whole = abs(value) >= 100 or value.is_integer()
    return f"{value:.0f}" if whole else f"{value:#.3g}"


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let a bench say its figures to a program."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")


def conclude(figures: Iterable[Figure], path: Path | None) -> int:
    """Print the figures, and write them where a program wants them; 1 when a goal is missed."""
    found = list(figures)
    for figure in found:
        print(figure.line(), flush=True)
    if path:
        path.write_text(json.dumps([asdict(figure) for figure in found]), encoding="utf-8")
    return int(any(figure.verdict == "MISSED" for figure in found))


def _ratio(ours: float, theirs: float) -> float:
    return ours / theirs if theirs else math.inf
