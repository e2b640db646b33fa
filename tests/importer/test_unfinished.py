"""What is not done is told, and whose fault it is: the camera's, the disk's, or nobody's."""

from collections import deque
import os
from pathlib import Path, PurePosixPath

import pytest

from custom_components.crcp.importer.errors import Stopped
from custom_components.crcp.importer.reading import Hashes, sha256_of
from custom_components.crcp.importer.setbacks import FREE_TRIES
from custom_components.crcp.protocols.ptpip.codes import OperationCode

from .bench import Bench, FakeSource
from .fake_os import Call, lay_over
from .wire import WiredCamera


async def test_what_a_camera_does_not_describe_is_not_done(
    bench: Bench, wired: WiredCamera
) -> None:
    wired.add("1.JPG", folder="")
    wired.camera.faults.denied = 1
    report = await wired.run(bench.importer)
    assert (report.imported, report.unfinished) == (0, 1)
    assert "ACCESS_DENIED" in str(report.left_out[0])
    wired.camera.faults.denied = 0
    report = await wired.run(bench.importer)
    assert (report.imported, report.unfinished, report.left_out) == (1, 0, ())
    assert len(wired.asked(OperationCode.GET_OBJECT)) == 1


@pytest.mark.parametrize("delete", [False, True])
async def test_f17_what_is_announced_during_a_run_comes_first_and_once(
    bench: Bench, wired: WiredCamera, *, delete: bool
) -> None:
    """Some cameras tell of it twice; that it is gone by then is no failure."""
    for number in range(3):
        wired.add(f"{number}.JPG")
    handle = wired.add("now.JPG")
    async with wired.session() as source:
        importer = bench.make_importer(delete=delete)
        report = await importer.run(source, urgent=deque([handle, handle]))
    assert (report.imported, report.deleted, report.unfinished) == (4, 4 * delete, 0)
    assert bench.told[0].photo.filename == "now.JPG"
    assert len(wired.asked(OperationCode.GET_OBJECT)) == 4


async def test_who_pauses_again_and_again_makes_nothing_wait(bench: Bench) -> None:
    """A photo that fails too often has to wait; one that a person broke off did not fail."""
    source = FakeSource()
    photo = source.add()
    source.failures[photo] = Stopped()
    for _ in range(FREE_TRIES + 2):
        with pytest.raises(Stopped):
            await bench.importer.run(source)
    source.failures.clear()
    report = await bench.importer.run(source)
    assert (report.imported, report.waiting) == (1, 0)


@pytest.mark.parametrize("case", ["delete", "found"])
async def test_another_media_folder_that_is_not_there_is_no_matter(
    bench: Bench, wired: WiredCamera, tmp_path: Path, case: str
) -> None:
    """Neither for what is deleted on the camera, nor for what may lie there since a lost ledger."""
    wired.add("1.JPG")
    await wired.run(bench.importer)
    bench.library.rename(tmp_path / "away")
    bench.library = tmp_path / "new"
    bench.library.mkdir()
    wired.add("2.JPG")
    if case == "found":
        bench.ledger.note_found(tmp_path / "gone", [(PurePosixPath("x.JPG"), 1000)])
    report = await wired.run(bench.make_importer(delete=case == "delete"))
    assert (report.imported, report.known, report.deleted) == (1, 1, case == "delete")


def test_a_file_is_hashed_again_when_it_changed(bench: Bench) -> None:
    hashes, path = Hashes(), PurePosixPath("1.JPG")
    (bench.library / path).write_bytes(b"before")
    before = hashes.of(bench.library, path)
    (bench.library / path).write_bytes(b"after!")
    os.utime(bench.library / path, ns=(1, 1))
    assert hashes.of(bench.library, path) not in (before, None)


def test_a_file_is_read_back_from_the_disk_and_not_from_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.library / "1.JPG").write_bytes(b"picture")
    calls: list[tuple[str, tuple[object, ...]]] = []

    def step(name: str, arguments: tuple[object, ...], call: Call) -> object:
        calls.append((name, arguments[1:]))
        if name == "posix_fadvise":
            raise OSError(22, "no such advice here")  # then it is read as it is
        return call()

    lay_over(monkeypatch, step)
    assert sha256_of(bench.library, PurePosixPath("1.JPG"))
    assert ("posix_fadvise", (0, 0, os.POSIX_FADV_DONTNEED)) in calls
