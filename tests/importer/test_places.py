"""Which folder is the library: by the photos that lie there, or because a person says so."""

from collections.abc import Iterator
import errno
import os
from pathlib import Path
import shutil

import pytest

from custom_components.crcp.importer import renaming
from custom_components.crcp.importer.errors import AnotherLibrary
from custom_components.crcp.importer.files import PartFile
from custom_components.crcp.importer.recovery import open_ledger
from custom_components.crcp.importer.room import HERE, Room
from custom_components.crcp.importer.run import Progress
from custom_components.crcp.importer.template import Template
from custom_components.crcp.protocols.ptpip.codes import OperationCode

from .bench import NOTHING_KEPT, Bench, some_bytes
from .disks import Share, mount, unmount
from .wire import WiredCamera

FOLDER = "Kitchen/2026/2026-05-01"
PLAYED = pytest.mark.parametrize("share", [False], ids=["played"], indirect=True)


@PLAYED
@pytest.mark.parametrize("template", ["{name}", "{camera}/{name}"])
async def test_g9_a_share_under_another_number_is_known_by_its_photos(
    bench: Bench, wired: WiredCamera, share: Share, template: str
) -> None:
    """Also where they lie in no folder of their own."""
    importer = bench.make_importer(template=Template(template))
    wired.add("1.JPG")
    await wired.run(importer)
    share.take_off()
    share.put_on(device=1001)
    wired.add("2.JPG")
    assert (await wired.run(importer)).imported == 1


async def test_g9_a_folder_of_ours_below_the_mount_point_is_not_the_share(
    bench: Bench, wired: WiredCamera, share: Share
) -> None:
    wired.add("1.JPG")
    await wired.run(bench.importer)
    share.take_off()
    (bench.library / FOLDER).mkdir(parents=True)
    wired.add("2.JPG")
    with pytest.raises(AnotherLibrary):
        await wired.run(bench.importer)
    assert bench.files() == {}
    for folder in (FOLDER, "Kitchen/2026", "Kitchen"):
        (bench.library / folder).rmdir()


@PLAYED
async def test_g9_one_of_the_last_photos_shows_the_share_and_another_file_of_its_name_does_not(
    bench: Bench, wired: WiredCamera, share: Share
) -> None:
    for number in range(3):
        wired.add(f"{number}.JPG")
    await wired.run(bench.importer)
    (bench.library / FOLDER / "2.JPG").unlink()  # the newest, by its owner
    share.take_off()
    share.put_on(device=1001)
    wired.add("3.JPG")
    assert (await wired.run(bench.importer)).imported == 1
    share.take_off()
    (bench.library / FOLDER).mkdir(parents=True)
    (bench.library / FOLDER / "3.JPG").write_bytes(b"another length")
    wired.add("4.JPG")
    with pytest.raises(AnotherLibrary):
        await wired.run(bench.importer)


@PLAYED
async def test_g9_a_person_says_that_an_empty_folder_is_the_place(
    bench: Bench, wired: WiredCamera, share: Share
) -> None:
    wired.add("1.JPG")
    await wired.run(bench.importer)
    share.take_off()
    wired.add("2.JPG")
    (bench.library / HERE).write_bytes(b"some file of this name, which is not empty")
    with pytest.raises(AnotherLibrary, match=HERE):
        await wired.run(bench.importer)
    (bench.library / HERE).write_bytes(b"")
    assert (await wired.run(bench.importer)).imported == 1
    assert list(bench.files()) == [f"{FOLDER}/2.JPG"]


@PLAYED
async def test_g9_a_place_is_accepted_because_a_person_says_so(
    bench: Bench, wired: WiredCamera, share: Share
) -> None:
    wired.add("1.JPG")
    await wired.run(bench.importer)
    share.take_off()
    wired.add("2.JPG")
    Room(bench.library, bench.ledger, NOTHING_KEPT).accept()
    assert (await wired.run(bench.importer)).imported == 1


@pytest.mark.parametrize("says", ["with a file", "with a click"])
async def test_g9_what_came_before_a_person_s_word_does_not_show_the_place(
    bench: Bench, wired: WiredCamera, share: Share, says: str
) -> None:
    """It lies below the mount point, where it came before the share was there."""
    share.take_off()
    wired.add("below.JPG")
    await wired.run(bench.importer)
    share.put_on()
    with pytest.raises(AnotherLibrary):
        await wired.run(bench.importer)
    if says == "with a file":
        (bench.library / HERE).touch()
    else:
        Room(bench.library, bench.ledger, NOTHING_KEPT).accept()
    wired.add("share.JPG")
    assert (await wired.run(bench.importer)).imported == 1
    share.take_off()
    wired.add("late.JPG")
    with pytest.raises(AnotherLibrary):
        await wired.run(bench.make_importer(delete=True))
    assert list(bench.files()) == [f"{FOLDER}/below.JPG"]
    assert len(wired.contents) == 3
    share.put_on()
    assert (await wired.run(bench.importer)).imported == 1


@PLAYED
async def test_g9_a_person_s_word_is_not_needed_where_the_photos_lie(
    bench: Bench, wired: WiredCamera, share: Share
) -> None:
    """Who says it each time loses nothing: the photos still show the place afterwards."""
    wired.add("1.JPG")
    await wired.run(bench.importer)
    for device in 1001, 1002:
        share.take_off()
        share.put_on(device)
        Room(bench.library, bench.ledger, NOTHING_KEPT).accept()
    share.take_off()
    share.put_on(1003)
    wired.add("2.JPG")
    assert (await wired.run(bench.importer)).imported == 1


@pytest.mark.parametrize("known", [True, False], ids=["in one step", "over an empty file"])
async def test_g5_without_hard_links_the_file_of_a_stranger_is_not_replaced(
    bench: Bench, wired: WiredCamera, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Who makes it between our look and the rename."""

    def no_link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    real = PartFile._status

    def look(part: PartFile, name: str) -> os.stat_result | None:
        seen = real(part, name)
        if name == "1.JPG" and seen is None:
            (bench.library / FOLDER / name).write_bytes(b"a stranger's")
        return seen

    monkeypatch.setattr(os, "link", no_link)
    monkeypatch.setattr(PartFile, "_status", look)
    if not known:
        monkeypatch.setattr(renaming, "_rename_no_replace", lambda *_: errno.EINVAL)
    wired.add("1.JPG", b"ours")
    assert (await wired.run(bench.importer)).imported == 1
    assert bench.files() == {f"{FOLDER}/1.JPG": b"a stranger's", f"{FOLDER}/1-1.JPG": b"ours"}


async def test_a_second_ledger_leaves_the_part_file_that_is_being_written(
    bench: Bench, wired: WiredCamera, tmp_path: Path
) -> None:
    wired.add("1.JPG", some_bytes("long", 8_000_000))
    seconds: list[Path] = []

    def progress(progress: Progress) -> None:
        if progress.received > 4_000_000 and not seconds:
            seconds.append(tmp_path / "second.sqlite")
            open_ledger(seconds[0], bench.library).close()

    importer = bench.make_importer(on_progress=progress)
    assert (await wired.run(importer)).imported == 1
    assert seconds


# -- a share mounted below the library -------------------------------------------------------------


class Nas:
    """A share for the folder "nas" of a library: mounted where we may, else played."""

    def __init__(self, library: Path, patch: pytest.MonkeyPatch) -> None:
        self._place = library / "nas"
        self._kept = library.with_name("the share")
        self._is_on = False
        self._kept.mkdir()
        self._is_real = mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(self._kept))
        lstat = Path.lstat

        def told(path: Path) -> os.stat_result:
            status = lstat(path)
            if self._is_on and not self._is_real and path.is_relative_to(self._place):
                return os.stat_result((*status[:2], 1000, *status[3:]))
            return status

        patch.setattr(Path, "lstat", told)

    def put_on(self) -> None:
        self._is_on = True
        self._place.mkdir(exist_ok=True)
        if self._is_real:
            assert mount("--bind", str(self._kept), str(self._place))

    def take_off(self) -> None:
        self._is_on = False
        if self._is_real:
            unmount(self._place)
        else:
            shutil.rmtree(self._place)
            self._place.mkdir()

    def close(self) -> None:
        if self._is_real:
            if self._is_on:
                unmount(self._place)
            unmount(self._kept)


@pytest.fixture
def nas(bench: Bench) -> Iterator[Nas]:
    """A share that is mounted on the folder "nas" of the library."""
    with pytest.MonkeyPatch.context() as patch:
        nas = Nas(bench.library, patch)
        nas.put_on()
        yield nas
        nas.close()


async def test_g9_a_share_mounted_below_the_library_has_to_be_there(
    bench: Bench, wired: WiredCamera, nas: Nas
) -> None:
    """Home Assistant mounts shares for media on folders of its media folder."""
    importer = bench.make_importer(template=Template("nas/{camera}/{name}"), delete=True)
    wired.add("1.JPG")
    assert (await wired.run(importer)).imported == 1
    nas.take_off()
    wired.add("2.JPG")
    with pytest.raises(AnotherLibrary, match="not mounted"):
        await wired.run(importer)
    assert list(bench.library.rglob("*.JPG")) == []
    assert len(wired.asked(OperationCode.DELETE_OBJECT)) == 1
    nas.put_on()
    assert (await wired.run(importer)).imported == 1


async def test_g9_what_goes_elsewhere_does_not_wait_for_a_share_below_the_library(
    bench: Bench, wired: WiredCamera, nas: Nas
) -> None:
    wired.add("1.JPG")
    await wired.run(bench.make_importer(template=Template("nas/{name}")))
    nas.take_off()
    wired.add("2.JPG")
    assert (await wired.run(bench.make_importer(template=Template("here/{name}")))).imported == 1


async def test_g9_a_person_says_that_no_share_is_to_be_there_any_more(
    bench: Bench, wired: WiredCamera, nas: Nas
) -> None:
    importer = bench.make_importer(template=Template("nas/{name}"))
    wired.add("1.JPG")
    await wired.run(importer)
    nas.take_off()
    Room(bench.library, bench.ledger, NOTHING_KEPT).accept()
    wired.add("2.JPG")
    assert (await wired.run(importer)).imported == 1


async def test_g8_the_room_that_counts_is_that_of_the_share_below(
    bench: Bench, wired: WiredCamera, nas: Nas, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    statvfs = os.statvfs

    def ask(path: Path) -> os.statvfs_result:
        asked.append(path)
        return statvfs(path)

    monkeypatch.setattr(os, "statvfs", ask)
    wired.add("1.JPG")
    await wired.run(bench.make_importer(template=Template("nas/{camera}/{name}")))
    assert bench.library / "nas" in asked
