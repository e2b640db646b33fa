"""Fixtures of the importer's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from custom_components.crcp.importer import executor

from .bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.ledger.close()


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a photo of a thousand bytes be written in several pieces."""
    monkeypatch.setattr(executor, "PIECE", 400)
