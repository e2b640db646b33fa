"""Several media folders share one ledger: each photo is known to lie in one of them."""

from collections.abc import Mapping
from dataclasses import replace
import errno
import hashlib
from pathlib import Path, PurePosixPath
import sqlite3

import pytest

from custom_components.crcp.importer import recovery
from custom_components.crcp.importer.catalogue import Catalogue
from custom_components.crcp.importer.errors import LedgerError, LibraryError, LibraryMissing
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.records import Record
from custom_components.crcp.importer.recovery import open_ledger
from custom_components.crcp.protocols.ptpip.errors import LinkError

from .bench import NOW, Bench, a_photo
from .wire import WiredCamera

FOLDER = "Kitchen/2026/2026-05-01"

#: A ledger as version 2 made it, typed here.
VERSION_2 = """
    CREATE TABLE imported (id INTEGER PRIMARY KEY, serial TEXT NOT NULL, filename TEXT NOT NULL,
        announced_size INTEGER NOT NULL, capture_date TEXT NOT NULL, storage TEXT NOT NULL,
        folder TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
        imported_at TEXT NOT NULL, stem TEXT NOT NULL DEFAULT '', counter INTEGER NOT NULL DEFAULT
        0, UNIQUE (serial, filename, announced_size, capture_date, storage, folder, sha256)) STRICT;
    CREATE INDEX imported_by_stem ON imported (serial, stem);
    CREATE INDEX imported_by_path ON imported (path);
    CREATE TABLE begun (serial TEXT NOT NULL, filename TEXT NOT NULL, announced_size INTEGER NOT
        NULL, capture_date TEXT NOT NULL, storage TEXT NOT NULL, folder TEXT NOT NULL, path TEXT NOT
        NULL, counter INTEGER NOT NULL, flushed INTEGER NOT NULL, sha256 TEXT NOT NULL, begun_at
        TEXT NOT NULL, PRIMARY KEY (serial, filename, announced_size, capture_date, storage, folder)
        ) STRICT;
    CREATE TABLE found (path TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT;
    CREATE INDEX found_by_size ON found (size);
    CREATE TABLE place (library TEXT PRIMARY KEY, device TEXT NOT NULL) STRICT;
    INSERT INTO imported VALUES
        (1, '042', 'A.JPG', 1, '2026-05-01T06:42:10', '00010001', 'DCIM', 'K/A.JPG', 1, 'aa',
            '2026-05-02T00:00:00+00:00', 'A', 7),
        (2, '042', 'B.JPG', 2, '', '00010001', 'DCIM', 'K/B.JPG', 2, 'bb',
            '2026-05-03T00:00:00+00:00', 'B', 8),
        (3, '042', 'B.JPG', 2, '', '00020001', 'DCIM', 'K/B.JPG', 2, 'bb',
            '2026-05-03T00:00:00+00:00', 'B', 8),
        (4, '042', 'C.JPG', 3, '', '00010001', 'DCIM', '', 0, '', '2026-05-03T00:00:00+00:00',
            'C', 0);
    INSERT INTO begun VALUES ('042', 'D.MOV', 9, '', '00010001', 'DCIM', 'K/D.MOV', 9, 5, 'dd',
        '2026-05-03T00:00:00+00:00');
    INSERT INTO found VALUES ('K/E.JPG', 5);
    PRAGMA user_version = 2;
    """


def old_ledger(path: Path, *places: Path) -> None:
    """Make a ledger of version 2 whose photos went to these places."""
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_2)
    rows = [(str(place), str(place.stat().st_dev)) for place in places]
    connection.executemany("INSERT INTO place VALUES (?, ?)", rows)
    connection.commit()
    connection.close()


def record(path: str, library: Path, sha256: str = "aa") -> Record:
    return Record(path=PurePosixPath(path), size=1, sha256=sha256, imported_at=NOW, library=library)


def test_version_2_becomes_version_3_and_forgets_nothing(tmp_path: Path) -> None:
    old_ledger(tmp_path / "ledger.sqlite", tmp_path)
    with open_ledger(tmp_path / "ledger.sqlite", tmp_path) as ledger:
        a, b, c, d = (
            a_photo(f"{name}.{end}", size=size, capture_date=None, folder="DCIM")
            for name, end, size in (
                ("A", "JPG", 1),
                ("B", "JPG", 2),
                ("C", "JPG", 3),
                ("D", "MOV", 9),
            )
        )
        a = replace(a, capture_date=a_photo().capture_date)
        found = ledger.find(a)
        assert found
        assert (found.path, found.counter) == (PurePosixPath("K/A.JPG"), 7)
        assert found.library == tmp_path
        assert ledger.unknown([a, b, c, d]) == [d]
        begun = ledger.begun(d)
        assert begun
        assert (begun.path, begun.flushed, begun.library) == (
            PurePosixPath("K/D.MOV"),
            5,
            tmp_path,
        )
        assert ledger.found(5) == [(tmp_path, PurePosixPath("K/E.JPG"))]
        assert ledger.device_of(tmp_path) == tmp_path.stat().st_dev
        assert ledger.next_counter("042") == 10
        with Catalogue(tmp_path / "ledger.sqlite") as catalogue:
            shown = [(each.path.name, each.moment.isoformat()) for each in catalogue.recent(9)]
        assert shown == [("B.JPG", "2026-05-03T00:00:00"), ("A.JPG", "2026-05-01T06:42:10")]


def test_what_version_2_did_not_tell_of_several_folders_is_looked_up_once(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / "K").mkdir(parents=True)
    (two / "K/A.JPG").write_bytes(b"a")
    old_ledger(tmp_path / "ledger.sqlite", one, two)
    two.rename(tmp_path / "away")
    with open_ledger(tmp_path / "ledger.sqlite", one) as ledger:
        assert len(ledger.homeless()) == 3  # a folder is not there, so nothing can be said
    (tmp_path / "away").rename(two)
    with open_ledger(tmp_path / "ledger.sqlite", one) as ledger:
        assert ledger.homeless() == {}
        assert [path.name for path, _ in ledger.last_files(two, 9)] == ["B.JPG", "B.JPG", "A.JPG"]
        assert [path.name for path, _ in ledger.last_files(one, 9)] == ["B.JPG", "B.JPG"]
        assert ledger.forget(PurePosixPath("K/A.JPG"), one) == 0
        assert ledger.forget(PurePosixPath("K/A.JPG"), two) == 1


def test_it_is_not_looked_up_in_an_empty_mount_point_and_of_two_files_the_hash_tells(
    tmp_path: Path,
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / "K").mkdir(parents=True)
        (folder / "K/A.JPG").write_bytes(folder.name[:1].encode())
    path = tmp_path / "ledger.sqlite"
    old_ledger(path, one, two)
    with sqlite3.connect(path) as connection:
        sha256 = hashlib.sha256(b"t").hexdigest()
        connection.execute("UPDATE imported SET sha256 = ? WHERE id = 1", (sha256,))
        connection.execute("UPDATE place SET device = '7' WHERE library = ?", (str(two),))
    connection.close()
    with open_ledger(path, one, two) as ledger:
        assert len(ledger.homeless()) == 3  # where two was there is something else now
        ledger.note_device(two, two.stat().st_dev)
    with open_ledger(path, one, two) as ledger:
        assert ledger.homeless() == {}
        found = ledger.find(replace(a_photo("A.JPG", size=1), folder="DCIM"))
        assert found
        assert found.library == two


def test_a_library_that_cannot_be_read_is_waited_for_and_keeps_no_ledger_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(library: Path, path: PurePosixPath) -> str | None:
        raise LibraryError(path, errno.EIO, "Input/output error")

    libraries = tmp_path / "one", tmp_path / "two"
    for folder in libraries:
        (folder / "K").mkdir(parents=True)
        (folder / "K/A.JPG").write_bytes(b"?")
    path = tmp_path / "ledger.sqlite"
    old_ledger(path, *libraries)
    with monkeypatch.context() as patch:
        patch.setattr(recovery, "sha256_of", broken)
        with open_ledger(path, *libraries) as ledger:
            assert len(ledger.homeless()) == 3
    with open_ledger(path, *libraries) as ledger:
        assert ledger.homeless() == {}


def test_to_forget_a_file_does_not_forget_another_of_its_path(bench: Bench) -> None:
    """As a second camera has it in another media folder."""
    here, there = Path("/here"), Path("/there")
    other = a_photo(serial="043")
    bench.ledger.add(a_photo(), record("x.JPG", here))
    bench.ledger.add(other, record("x.JPG", there))
    assert bench.ledger.forget(PurePosixPath("x.JPG"), here) == 1
    assert bench.ledger.find(a_photo()) is None
    assert bench.ledger.find(other) == record("x.JPG", there)


def test_the_same_path_in_two_folders_is_two_files(bench: Bench) -> None:
    bench.ledger.add(a_photo(), record("x.JPG", Path("/here")))
    bench.ledger.add(a_photo("B.JPG"), record("x.JPG", Path("/there"), "bb"))
    assert bench.ledger.count("042") == 2
    with Catalogue(bench.ledger_path) as catalogue:
        assert len(catalogue.recent(9)) == 2
    assert not bench.ledger.is_stem_taken(PurePosixPath("x.NEF"), a_photo("C.NEF"), Path("/else"))
    assert bench.ledger.is_stem_taken(PurePosixPath("x.NEF"), a_photo("C.NEF"), Path("/here"))


NAMED: Mapping[str, tuple[Mapping[str, Path], Mapping[str, Path]]] = {
    "it has its name": ({"a": Path("/a")}, {"/a": Path("/a")}),
    "it was moved": ({"a": Path("/new")}, {"/a": Path("/new")}),
    "it was named anew": ({"b": Path("/a")}, {"/a": Path("/a")}),
    "its name is another's now": ({"a": Path("/b"), "old": Path("/a")}, {"/a": Path("/a")}),
    "it is used no more": ({"b": Path("/b")}, {"/a": Path("/a")}),
    "two names are one folder": ({"a": Path("/new"), "b": Path("/new")}, {"/a": Path("/new")}),
}


@pytest.mark.parametrize("case", NAMED)
def test_a_library_is_known_by_its_name_and_its_path(bench: Bench, case: str) -> None:
    names, expected = NAMED[case]
    bench.ledger.know_libraries({"a": Path("/a")})
    bench.ledger.add(a_photo(), record("x.JPG", Path("/a")))
    bench.ledger.know_libraries(names)
    found = bench.ledger.find(a_photo())
    assert found
    assert found.library == expected["/a"]


async def test_what_was_begun_in_another_folder_is_begun_anew(
    bench: Bench, wired: WiredCamera, tmp_path: Path
) -> None:
    """Its part there is taken away."""
    wired.add("1.MOV", bytes(3 << 20))
    wired.camera.faults.drop_after = 2 << 20
    with pytest.raises(LinkError):
        await wired.run(bench.importer)
    wired.camera.faults.drop_after = -1
    assert len(bench.files()) == 1
    old, bench.library = bench.library, tmp_path / "new"
    bench.library.mkdir()
    bench.importer = bench.make_importer()
    assert (await wired.run(bench.importer)).imported == 1
    assert list(bench.files()) == [f"{FOLDER}/1.MOV"]
    assert [path for path in old.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("in_the_way", [False, True], ids=["its name", "a numbered name"])
async def test_what_was_named_in_another_folder_before_a_kill_is_found_there(
    bench: Bench,
    wired: WiredCamera,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    in_the_way: bool,
) -> None:
    wired.add("1.JPG")
    if in_the_way:
        (bench.library / FOLDER).mkdir(parents=True)
        (bench.library / FOLDER / "1.JPG").write_bytes(b"somebody else's")

    def killed(*_: object) -> int:
        raise LedgerError(bench.ledger_path, "killed")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "add", killed)
        with pytest.raises(LedgerError):
            await wired.run(bench.importer)
    before = bench.files()
    assert len(before) == 1 + in_the_way
    old, bench.library = bench.library, tmp_path / "new"
    bench.library.mkdir()
    bench.restart()
    assert (await wired.run(bench.importer)).known == 1
    assert bench.files() == {}
    assert len([path for path in old.rglob("*") if path.is_file()]) == len(before)


async def test_f18_a_lost_ledger_is_made_from_all_folders(
    bench: Bench, wired: WiredCamera, tmp_path: Path
) -> None:
    """Also what a person renamed in another folder than the one that is opened first."""
    first, second = bench.library, tmp_path / "second"
    second.mkdir()
    wired.add("1.JPG")
    await wired.run(bench.importer)
    bench.library = second
    bench.importer = bench.make_importer()
    wired.add("2.JPG")
    await wired.run(bench.importer)
    (second / FOLDER / "2.JPG").rename(second / "holiday.JPG")
    bench.ledger.close()
    bench.ledger_path.unlink()
    second.rename(tmp_path / "away")
    with pytest.raises(LibraryMissing):
        open_ledger(bench.ledger_path, first, second)
    (tmp_path / "away").rename(second)
    bench.ledger = open_ledger(bench.ledger_path, first, second)
    bench.library = first
    bench.importer = bench.make_importer()
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (0, 2)
    assert list(bench.files()) == [f"{FOLDER}/1.JPG"]
    assert [path.name for path in second.rglob("*.JPG")] == ["holiday.JPG"]
    assert [each.path.name for each in bench.ledger.records(a_photo("2.JPG"))] in (
        [],
        ["holiday.JPG"],
    )


async def test_f18_what_a_damaged_ledger_still_tells_is_taken_over(
    bench: Bench, wired: WiredCamera
) -> None:
    """What was deleted stays deleted, what was passed over stays so, and numbers go on."""
    for number in range(30):
        wired.add(f"{number}.JPG")
    async with wired.session() as source:
        await bench.importer.pass_over(source)
    wired.add("deleted.JPG")
    await wired.run(bench.importer)
    (bench.library / FOLDER / "deleted.JPG").unlink()
    bench.ledger.close()
    # The index of stems is torn; the rows are whole.
    with sqlite3.connect(bench.ledger_path) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'imported_by_stem'"
        ).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with bench.ledger_path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    bench.ledger = open_ledger(bench.ledger_path, bench.library)
    bench.importer = bench.make_importer()
    assert list(bench.ledger_path.parent.glob("*.damaged-*"))
    report = await wired.run(bench.importer)
    assert (report.imported, report.known) == (0, 31)
    assert bench.files() == {}
    with Ledger(bench.ledger_path) as ledger:
        assert ledger.libraries() == [bench.library]


def damage(path: Path, *pages: int) -> None:
    """Overwrite pages of a ledger, which are numbered from 1."""
    data = bytearray(path.read_bytes())
    size = int.from_bytes(data[16:18])
    for page in pages:
        data[(page - 1) * size : page * size] = b"\xff" * size
    path.write_bytes(data)


def many_rows(path: Path, library: Path, number: int) -> tuple[list[int], int]:
    """Make a ledger with so many rows; return the root pages of library and of imported."""
    with Ledger(path) as ledger:
        for n in range(number):
            place = PurePosixPath(f"K/{n}.JPG")
            record = Record(path=place, size=1, sha256=f"{n:064}", imported_at=NOW, library=library)
            ledger.add(a_photo(f"{n}.JPG"), record)
        ledger.pass_over([a_photo("nobody wants it.JPG")], NOW)
        roots = ledger.database.all("SELECT rootpage FROM sqlite_master WHERE tbl_name = 'library'")
        ((imported,),) = ledger.database.all(
            "SELECT rootpage FROM sqlite_master WHERE name = 'imported'"
        )
    return [root for (root,) in roots], imported


def known(ledger: Ledger, number: int) -> int:
    return sum(ledger.knows(a_photo(f"{n}.JPG")) for n in range(number))


def test_f18_a_damaged_table_of_the_libraries_costs_no_photo(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    libraries, _ = many_rows(path, tmp_path, 20)
    damage(path, *libraries)
    with open_ledger(path, tmp_path) as ledger:
        assert known(ledger, 20) == 20
        assert ledger.knows(a_photo("nobody wants it.JPG"))


@pytest.mark.parametrize("which", [0, 7, -1], ids=["first", "in the middle", "last"])
def test_f18_a_damaged_page_costs_only_the_photos_on_it(tmp_path: Path, which: int) -> None:
    path = tmp_path / "ledger.sqlite"
    _, root = many_rows(path, tmp_path, 200)
    data = path.read_bytes()
    size = int.from_bytes(data[16:18])
    page = data[(root - 1) * size : root * size]
    # SQLite's format: a page within a table has 12 bytes of header, the number of its cells at 3
    # and that of its rightmost child at 8; a cell begins with the number of a child.
    assert page[0] == 5
    cells = [int.from_bytes(page[12 + 2 * n : 14 + 2 * n]) for n in range(page[4] + 256 * page[3])]
    leaves = [int.from_bytes(page[at : at + 4]) for at in cells]
    leaves.append(int.from_bytes(page[8:12]))
    damage(path, leaves[which])
    with open_ledger(path, tmp_path) as ledger:
        assert 150 < known(ledger, 200) < 200
