"""Which folder is the library: by the photos that lie there, or because a person says so."""

import errno
import os
from pathlib import Path

import pytest

from custom_components.crcp.importer import renaming
from custom_components.crcp.importer.errors import AnotherLibrary
from custom_components.crcp.importer.files import PartFile
from custom_components.crcp.importer.recovery import open_ledger
from custom_components.crcp.importer.room import HERE, Room
from custom_components.crcp.importer.run import Progress
from custom_components.crcp.importer.template import Template

from .bench import NOTHING_KEPT, Bench, some_bytes
from .disks import Share
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
