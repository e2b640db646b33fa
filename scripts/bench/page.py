"""The page of all benches: a table of every figure, and below it how each bench came to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from figures import Figure, amount

HEAD: Final = """\
# Benchmarks

Written by `scripts/bench/all`. Each figure of ours stands beside that of a peer, which ran in the same run on the same
machine. *Ratio* is ours by the peer's. In rates (…/s) more is better, in everything else less.
"""

COLUMNS: Final = ("Figure", "Ours", "Peer", "Peer's", "Ratio", "Goal", "")


@dataclass(frozen=True, slots=True)
class Run:
    """A bench that has run.

    about: what it does and against whom, for readers. loads: the machine's before and after.
    broke: the last that it said, where it gave no figures.
    """

    title: str
    about: str
    command: str
    seconds: float
    loads: tuple[float, float]
    figures: tuple[Figure, ...] = ()
    broke: str = ""


def page(machine: str, runs: Iterable[Run]) -> str:
    """All of it, in Markdown."""
    done = list(runs)
    parts = [HEAD, f"{machine}\n", _verdict(done), _table(done), *map(_part, done)]
    return "\n".join(parts)


def _verdict(runs: Sequence[Run]) -> str:
    verdicts = [figure.verdict for run in runs for figure in run.figures if figure.goal]
    met = verdicts.count("met")
    text = f"**{met} of {len(verdicts)} goals are met.**"
    if broken := [run.command for run in runs if run.broke]:
        text += f" Without figures: {', '.join(f'`{each}`' for each in broken)}."
    return f"{text}\n"


def _table(runs: Sequence[Run]) -> str:
    lines = [_row(COLUMNS), _row("---" for _ in COLUMNS)]
    for run in runs:
        lines += [_row((f"**{run.title}**", *[""] * (len(COLUMNS) - 1)))] * bool(run.figures)
        lines += map(_figure_row, run.figures)
    return "\n".join(lines) + "\n"


def _figure_row(figure: Figure) -> str:
    verdict = f"**{figure.verdict}**" if figure.verdict == "MISSED" else figure.verdict
    ours, theirs = (
        f"{amount(each)} {figure.unit}".rstrip() for each in (figure.ours, figure.theirs)
    )
    return _row(
        (figure.what, ours, figure.peer, theirs, amount(figure.ratio), figure.wanted, verdict)
    )


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _part(run: Run) -> str:
    before, after = run.loads
    text = (
        f"## {run.title}\n\n{run.about}\n\n`{run.command}`, {run.seconds:.0f} s; the machine's load "
        f"was {before:.1f} before and {after:.1f} after.\n"
    )
    return f"{text}\nIt gave no figures:\n\n```\n{run.broke}\n```\n" if run.broke else text
