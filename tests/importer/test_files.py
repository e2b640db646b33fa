from collections.abc import Iterator
import contextlib
import errno
import fcntl
from functools import partial
import hashlib
import os
from pathlib import Path, PurePosixPath
import shutil
from typing import Any

import pytest

from custom_components.crcp.importer import files, renaming
from custom_components.crcp.importer.errors import (
    BeingImported,
    ImporterError,
    LibraryError,
    LibraryFull,
    LibraryMissing,
    NameTaken,
    NotStorable,
    NotWritable,
    PhotoError,
    UnsafePath,
)
from custom_components.crcp.importer.files import PartFile, Stored
from custom_components.crcp.importer.folders import check_library
from custom_components.crcp.importer.naming import numbered

from .bench import some_bytes

PATH = PurePosixPath("Kitchen/2026/2026-05-01/IMG.JPG")
PART = ".IMG.JPG.part"
DATA = some_bytes("the photo")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    library = tmp_path / "media"
    library.mkdir()
    return library


@pytest.fixture
def folder(library: Path) -> Path:
    folder = library / PATH.parent
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(params=["hard links", "no hard links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no hard links":
        fail(monkeypatch, "link", errno.EPERM)


def fail(monkeypatch: pytest.MonkeyPatch, name: str, code: int, *, call: int = 0) -> None:
    """Let one function of the system fail, from its call-th call on."""
    real = getattr(os, name)
    calls = 0

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > call:
            raise OSError(code, os.strerror(code))
        return real(*args, **kwargs)

    monkeypatch.setattr(os, name, failing)


def store(
    library: Path, data: bytes = DATA, path: PurePosixPath = PATH, modified: float | None = None
) -> Stored:
    part = PartFile(library, path, f".{path.name}.part")
    with contextlib.closing(part):
        part.open()
        part.write(memoryview(data))
        return part.publish(modified)


def everything(library: Path) -> list[str]:
    return sorted(
        str(path.relative_to(library)) for path in library.rglob("*") if not path.is_dir()
    )


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    before = set(Path("/proc/self/fd").iterdir())
    yield
    assert set(Path("/proc/self/fd").iterdir()) == before
    assert not files._WRITING


@pytest.mark.usefixtures("links")
def test_a_file_gets_its_name_and_its_bytes(library: Path) -> None:
    stored = store(library)
    assert stored == Stored(PATH, len(DATA), hashlib.sha256(DATA).hexdigest())
    assert (library / PATH).read_bytes() == DATA
    assert everything(library) == [str(PATH)]


def test_until_it_is_published_a_file_is_hidden(library: Path) -> None:
    part = PartFile(library, PATH, PART)
    with contextlib.closing(part):
        part.open()
        part.write(memoryview(DATA))
        assert everything(library) == [str(PATH.parent / PART)]
    assert everything(library) == []


def test_what_a_killed_run_left_is_thrown_away(library: Path, folder: Path) -> None:
    (folder / PART).write_bytes(b"half a photo that is longer than the whole one" * 100)
    store(library)
    assert everything(library) == [str(PATH)]
    assert (library / PATH).read_bytes() == DATA


@pytest.mark.usefixtures("links")
def test_the_same_bytes_under_the_same_name_are_this_file(library: Path, folder: Path) -> None:
    (folder / "IMG.JPG").write_bytes(DATA)
    before = (folder / "IMG.JPG").stat()
    assert store(library).path == PATH
    assert everything(library) == [str(PATH)]
    assert (folder / "IMG.JPG").stat().st_ino == before.st_ino


@pytest.mark.usefixtures("links")
def test_other_bytes_keep_their_name(library: Path, folder: Path) -> None:
    (folder / "IMG.JPG").write_bytes(some_bytes("another"))
    (folder / "IMG-1.JPG").write_bytes(b"short")
    stored = store(library)
    assert stored.path.name == "IMG-2.JPG"
    assert (folder / "IMG.JPG").read_bytes() == some_bytes("another")
    assert (folder / "IMG-1.JPG").read_bytes() == b"short"
    assert (folder / "IMG-2.JPG").read_bytes() == DATA


@pytest.mark.usefixtures("links")
def test_the_same_bytes_under_a_numbered_name_are_this_file(library: Path, folder: Path) -> None:
    (folder / "IMG.JPG").write_bytes(b"another")
    (folder / "IMG-1.JPG").write_bytes(DATA)
    assert store(library).path.name == "IMG-1.JPG"
    assert len(everything(library)) == 2


def make_link(place: Path) -> None:
    place.symlink_to("/etc/passwd")


def make_dangling_link(place: Path) -> None:
    place.symlink_to("/nowhere/at/all")


def make_link_to_the_same_bytes(place: Path) -> None:
    (place.parent / "elsewhere").write_bytes(DATA)
    place.symlink_to("elsewhere")


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize(
    "make", [make_link, make_dangling_link, make_link_to_the_same_bytes, os.mkfifo, Path.mkdir]
)
def test_what_is_no_file_keeps_its_name_and_is_not_followed(
    library: Path, folder: Path, make: Any
) -> None:
    make(folder / "IMG.JPG")
    before = (folder / "IMG.JPG").lstat()
    assert store(library).path.name == "IMG-1.JPG"
    after = (folder / "IMG.JPG").lstat()
    assert (before.st_ino, before.st_mode, before.st_size) == (
        after.st_ino,
        after.st_mode,
        after.st_size,
    )


def test_a_pipe_is_not_an_empty_file(library: Path, folder: Path) -> None:
    os.mkfifo(folder / "IMG.JPG")
    assert store(library, data=b"").path.name == "IMG-1.JPG"


def test_a_link_in_the_place_of_the_part_file_is_not_followed(
    library: Path, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    (folder / PART).symlink_to(outside)
    store(library)
    assert outside.read_bytes() == b"precious"
    assert not (library / PATH).is_symlink()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_link_in_the_way_is_refused(library: Path, tmp_path: Path, depth: int) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = library.joinpath(*PATH.parts[:depth])
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside)
    with pytest.raises(UnsafePath) as caught:
        store(library)
    assert isinstance(caught.value, PhotoError)
    assert list(outside.iterdir()) == []


def test_a_file_in_the_way_is_refused(library: Path) -> None:
    (library / "Kitchen").write_bytes(b"")
    with pytest.raises(UnsafePath, match="no folder"):
        store(library)


@pytest.mark.parametrize("path", ["/etc/IMG.JPG", "../IMG.JPG", "a/../../IMG.JPG", "a/.."])
def test_a_path_that_leads_out_is_refused(library: Path, path: str) -> None:
    with pytest.raises(UnsafePath):
        store(library, path=PurePosixPath(path))
    assert sorted(library.parent.iterdir()) == [library]
    assert everything(library) == []


def test_a_missing_library_is_not_made(tmp_path: Path) -> None:
    missing = tmp_path / "media"
    with pytest.raises(LibraryMissing, match="media"):
        store(missing)
    with pytest.raises(LibraryMissing):
        check_library(missing)
    assert not missing.exists()


def test_a_file_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(b"")
    with pytest.raises(LibraryMissing):
        check_library(tmp_path / "media")


def test_the_library_itself_may_be_a_link(library: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(library)
    check_library(tmp_path / "link")
    store(tmp_path / "link")
    assert everything(library) == [str(PATH)]


def test_a_library_that_vanishes_meanwhile_is_not_made_again(library: Path) -> None:
    part = PartFile(library, PATH, PART)
    with contextlib.closing(part):
        part.open()
        library.rename(library.with_name("gone"))
        part.write(memoryview(DATA))
        part.publish(None)
    assert not library.exists()
    assert (library.with_name("gone") / PATH).read_bytes() == DATA


def test_a_library_that_is_deleted_meanwhile_is_missing(library: Path) -> None:
    part = PartFile(library, PATH, PART)
    with contextlib.closing(part):
        part.open()
        part.write(memoryview(DATA))
        shutil.rmtree(library)
        with pytest.raises(LibraryMissing):
            part.publish(None)
    assert not library.exists()


def test_a_file_is_dated_with_its_capture(library: Path) -> None:
    store(library, modified=1_777_617_730.0)
    assert (library / PATH).stat().st_mtime == 1_777_617_730.0


@pytest.mark.parametrize("code", [errno.EPERM, errno.EINVAL])
def test_a_date_that_is_refused_is_no_reason_to_refuse_the_photo(
    library: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    fail(monkeypatch, "utime", code)
    store(library, modified=1.0)
    assert everything(library) == [str(PATH)]


@pytest.mark.parametrize("modified", [-6.3e10, 0.0, 2.6e11, 1e30])
def test_any_date_will_do(library: Path, modified: float) -> None:
    store(library, modified=modified)
    assert everything(library) == [str(PATH)]


def test_a_file_system_that_flushes_no_folders_will_do(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(errno.EINVAL, "no such thing")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    store(library)
    assert everything(library) == [str(PATH)]


def test_a_file_that_cannot_be_flushed_gets_no_name(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = PartFile(library, PATH, PART)
    with contextlib.closing(part):
        part.open()
        part.write(memoryview(DATA))
        fail(monkeypatch, "fsync", errno.EIO)
        with pytest.raises(LibraryError):
            part.publish(None)
    assert everything(library) == []


ERRORS = {
    errno.ENOSPC: LibraryFull,
    errno.EDQUOT: LibraryFull,
    errno.EACCES: NotWritable,
    errno.EROFS: NotWritable,
    errno.ESTALE: LibraryMissing,
    errno.EIO: LibraryError,
    errno.EFBIG: NotStorable,
    errno.ENAMETOOLONG: NotStorable,
    errno.EILSEQ: NotStorable,
}


@pytest.mark.parametrize("name", ["open", "mkdir", "write", "fsync", "link", "unlink"])
@pytest.mark.parametrize("code", ERRORS)
def test_what_the_system_refuses_is_said_in_words(
    library: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    fail(monkeypatch, name, code)
    with pytest.raises(ImporterError) as caught:
        store(library)
    assert type(caught.value) is ERRORS[code]
    assert os.strerror(code) in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)
    assert [name for name in everything(library) if not name.endswith(".part")] in (
        [],
        [str(PATH)] if name == "unlink" else [],
    )


def test_a_short_write_is_continued(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:7]))
    store(library)
    assert (library / PATH).read_bytes() == DATA


def test_two_importers_do_not_take_each_other_s_part_file(library: Path) -> None:
    first, second = PartFile(library, PATH, PART), PartFile(library, PATH, PART)
    with contextlib.closing(first):
        first.open()
        first.write(memoryview(DATA[:500]))
        with contextlib.closing(second), pytest.raises(BeingImported, match="already"):
            second.open()
        first.write(memoryview(DATA[500:]))
        first.publish(None)
    assert (library / PATH).read_bytes() == DATA


@contextlib.contextmanager
def another_program(part: Path) -> Iterator[None]:
    """Hold a part file as another program does; a second opening of a file has its own lock."""
    part.write_bytes(b"another program's")
    descriptor = os.open(part, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    yield
    assert part.read_bytes() == b"another program's"
    os.close(descriptor)


def test_what_another_program_is_writing_keeps_its_name(library: Path, folder: Path) -> None:
    with another_program(folder / PART):
        part = PartFile(library, PATH, PART)
        with contextlib.closing(part), pytest.raises(BeingImported, match="already"):
            part.open()
        with contextlib.closing(part), pytest.raises(BeingImported, match="already"):
            part.reopen(7, hashlib.sha256(b"another").hexdigest())


@pytest.mark.parametrize("resumes", [False, True])
def test_a_part_file_that_lost_its_name_before_it_was_locked_is_not_written(
    library: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, resumes: bool
) -> None:
    """Another program cleared it away in between, and made its own."""
    real, part = fcntl.flock, folder / PART

    def robbed(descriptor: int, operation: int) -> None:
        part.unlink()
        part.write_bytes(b"another program's")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", robbed)
    if resumes:
        part.write_bytes(DATA)
    mine = PartFile(library, PATH, PART)
    known = len(DATA), hashlib.sha256(DATA).hexdigest()
    opening = partial(mine.reopen, *known) if resumes else mine.open
    with contextlib.closing(mine), pytest.raises(BeingImported):
        opening()
    assert part.read_bytes() == b"another program's"


def test_a_rename_that_fails_leaves_no_empty_file(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(renaming, "_rename_no_replace", lambda *_: errno.EINVAL)
        fail(patch, "link", errno.EPERM)
        fail(patch, "rename", errno.EIO)
        with pytest.raises(LibraryError):
            store(library)
    assert everything(library) == []


@pytest.mark.usefixtures("links")
def test_two_photos_of_one_name_at_once_become_two_files(library: Path) -> None:
    first, second = PartFile(library, PATH, ".1.part"), PartFile(library, PATH, ".2.part")
    with contextlib.closing(first), contextlib.closing(second):
        for part, data in ((first, DATA), (second, DATA[::-1])):
            part.open()
            part.write(memoryview(data))
        assert second.publish(None).path.name == "IMG.JPG"
        assert first.publish(None).path.name == "IMG-1.JPG"
    assert (library / PATH).read_bytes() == DATA[::-1]
    assert (library / PATH.with_name("IMG-1.JPG")).read_bytes() == DATA


def test_when_all_names_are_taken_the_photo_is_refused(
    library: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "TRIED_IN_ORDER", 2)
    monkeypatch.setattr(files, "first_free", lambda _: None)
    for name in ("IMG.JPG", "IMG-1.JPG"):
        (folder / name).write_bytes(b"another")
    with pytest.raises(NameTaken, match=r"IMG\.JPG"):
        store(library)
    assert len(everything(library)) == 2


def test_a_name_among_thousands_is_found_without_asking_for_each(
    library: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As strangers' files may lie there, which the ledger does not know."""
    for number in range(3000):
        (folder / numbered("IMG.JPG", number)).write_bytes(b"another")
    looks = 0
    real = os.stat

    def counted(*args: Any, **kwargs: Any) -> os.stat_result:
        nonlocal looks
        looks += 1
        return real(*args, **kwargs)

    monkeypatch.setattr(os, "stat", counted)
    assert store(library).path.name == "IMG-3000.JPG"
    assert looks < 100


def test_a_file_that_may_not_be_read_is_not_this_one(
    library: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "IMG.JPG").write_bytes(DATA)
    real = os.open

    def guarded(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        if path == "IMG.JPG":
            raise PermissionError(errno.EACCES, "not yours")
        return real(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", guarded)
    assert store(library).path.name == "IMG-1.JPG"


def test_a_name_that_differs_in_case_only_is_what_the_file_system_says(
    library: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On FAT and on Macs img.jpg is IMG.JPG: neither may replace the other."""
    (folder / "img.jpg").write_bytes(b"another")
    real = os.stat

    def caseless(path: Any, **kwargs: Any) -> os.stat_result:
        return real("img.jpg" if path == "IMG.JPG" else path, **kwargs)

    fail(monkeypatch, "link", errno.EPERM)
    monkeypatch.setattr(os, "stat", caseless)
    assert store(library).path.name == "IMG-1.JPG"
    assert (folder / "img.jpg").read_bytes() == b"another"
