"""Fixtures of the importer's tests."""

from collections.abc import AsyncIterator, Iterator
import os
from pathlib import Path
import tempfile

import pytest

from custom_components.crcp.importer import executor

from .bench import Bench
from .disks import Share, SmallDisk
from .wire import WiredCamera

#: A file system in memory: a flush costs nothing there, and these tests flush without end.
IN_MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that flushes quickly, where the machine has one."""
    if not os.access(IN_MEMORY, os.W_OK):
        yield tmp_path_factory.mktemp("importer")
        return
    with tempfile.TemporaryDirectory(dir=IN_MEMORY, prefix="importer-") as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path(memory: Path) -> Path:
    """A test's own folder, in memory; what a test patched in the system cannot keep it from going."""
    return Path(tempfile.mkdtemp(dir=memory))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.ledger.close()


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a photo of a thousand bytes be written in several pieces."""
    monkeypatch.setattr(executor, "PIECE", 400)


@pytest.fixture
async def wired(socket_enabled: None) -> AsyncIterator[WiredCamera]:
    """A camera on loopback."""
    wired = WiredCamera()
    await wired.camera.start()
    yield wired
    await wired.camera.stop()


@pytest.fixture(params=[True, False], ids=["mounted", "played"])
def disk(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SmallDisk]:
    """A disk of 2 MiB at "disk", for library and ledger."""
    place = tmp_path / "disk"
    place.mkdir()
    disk = SmallDisk(place, 2048, monkeypatch, real=request.param)
    yield disk
    disk.close()


@pytest.fixture(params=[True, False], ids=["mounted", "played"])
def share(request: pytest.FixtureRequest, bench: Bench, tmp_path: Path) -> Iterator[Share]:
    """A share that is mounted at the library."""
    with pytest.MonkeyPatch.context() as patch:
        share = Share(tmp_path / "share", bench.library, patch, real=request.param)
        share.put_on()
        yield share
        share.close()
