"""A process that imports, and is killed for it: run as a program, driven over standard input.

Each line is JSON: where the camera, ledger and library are, and at which step to die. For each
line a child is forked, which imports; its process number is told, then how it ended. To fork is
quicker than to start Python anew.
"""

import asyncio
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any

import pytest

from custom_components.crcp.importer.importer import Importer
from custom_components.crcp.importer.recovery import open_ledger

from .bench import NOTHING_KEPT
from .cutter import CALM, session
from .fake_os import Call, lay_over


def step_counter(die_at: int | None) -> Any:
    """Count steps; die at one, without a word and without any clean-up."""
    steps = 0

    def step(name: str, args: tuple[Any, ...], call: Call) -> Any:
        nonlocal steps
        if steps == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        steps += 1
        return call()

    return step


async def import_once(port: int, ledger_path: Path, library: Path) -> None:
    """What a run of a real host does."""
    with open_ledger(ledger_path, library) as ledger:
        importer = Importer(
            ledger,
            library,
            "Kitchen",
            run_blocking=asyncio.to_thread,
            clock=lambda: datetime.now(UTC),
            on_imported=lambda _: None,
            reserve=NOTHING_KEPT,
        )
        async with session(port, CALM) as source:
            report = await importer.run(source)
            assert not report.failed


def child(order: dict[str, Any]) -> None:
    """Import and end with 0, or be killed on the way."""
    lay_over(pytest.MonkeyPatch(), step_counter(order["die_at"]))
    asyncio.run(import_once(order["port"], Path(order["ledger"]), Path(order["library"])))


def tell(number: int) -> None:
    """Answer with one line."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Fork for each order, and tell how the child ended: 0, or minus the signal."""
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(order)
            os._exit(0)
        tell(pid)
        _, status = os.waitpid(pid, 0)
        tell(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
