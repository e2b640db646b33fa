"""A layer over the system's calls: every call is a step, at which the world can end."""

from collections.abc import Callable
from functools import partial
import os
from typing import Any

import pytest

from custom_components.crcp.importer import files, folders, reading, room
from custom_components.crcp.importer.ledger import Ledger

type Call = Callable[[], Any]
type Step = Callable[[str, tuple[Any, ...], Call], Any]


class FakeOs:
    """The os module as the importer sees it: step(name, arguments, call) makes every call."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if not callable(real) or isinstance(real, type):
            return real
        return lambda *args, **kwargs: self._step(name, args, partial(real, *args, **kwargs))


def lay_over(patch: pytest.MonkeyPatch, step: Step) -> None:
    """Let the importer's calls of the system and of the ledger go through step."""
    patch.setattr(files, "os", FakeOs(step))
    patch.setattr(folders, "os", FakeOs(step))
    patch.setattr(reading, "os", FakeOs(step))
    patch.setattr(room, "os", FakeOs(step))
    for name in ("begun", "begin", "find_twin", "unknown", "add"):
        patch.setattr(Ledger, name, _through(step, name))


def _through(step: Step, name: str) -> Callable[..., Any]:
    real = getattr(Ledger, name)

    def method(ledger: Ledger, *args: Any) -> Any:
        return step(f"ledger.{name}", args, partial(real, ledger, *args))

    return method
