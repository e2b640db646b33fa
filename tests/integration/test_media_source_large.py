"""Photos from your cameras, when there are twenty thousand."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
import shutil
import tempfile
import time
from typing import Any

from homeassistant.components.media_player import BrowseMedia, SearchMediaQuery
from homeassistant.components.media_source import async_browse_media, async_search_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest

from custom_components.crcp.importer.database import Database
from custom_components.crcp.importer.ledger import Ledger
from custom_components.crcp.importer.records import Record
from custom_components.crcp.importer.source import Photo
from custom_components.crcp.photo_library import LEDGER, borrowed_catalogue

ROOT = "media-source://crcp"
COUNT = 20_000
FIRST = datetime.fromisoformat("2024-01-01T08:00:00")

#: A first page has to come within 0.2 s; a crowded machine gets ten times as long.
ALLOWED = 2.0

#: Steps of SQLite's machine between two looks at how many there were.
LOOK = 100


@dataclass
class Cost:
    """What was asked of the ledger. steps: of SQLite's machine, some ten for each row it reads."""

    queries: int = 0
    rows: int = 0
    steps: int = 0

    def step(self) -> bool:
        """Note that so many more steps were made; go on."""
        self.steps += LOOK
        return False


@pytest.fixture
def cost(monkeypatch: pytest.MonkeyPatch) -> Cost:
    """Counts what is read of every ledger that is opened from now on."""
    cost, opened, read = Cost(), Database.__init__, Database.all

    def open_counted(database: Database, path: Path) -> None:
        opened(database, path)
        database.connection.set_progress_handler(cost.step, LOOK)

    def read_counted(database: Database, query: str, *values: str | int) -> list[Any]:
        rows = read(database, query, *values)
        cost.queries += 1
        cost.rows += len(rows)
        return rows

    monkeypatch.setattr(Database, "__init__", open_counted)
    monkeypatch.setattr(Database, "all", read_counted)
    return cost


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory, where it costs nothing to flush twenty thousand rows."""
    place = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(dir=place))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def full_shelf(hass: HomeAssistant, media: Path, hass_config_dir: str) -> None:
    """A picture an hour and a quarter, which makes two years and ten months."""
    with Ledger(Path(hass_config_dir) / LEDGER) as ledger:
        ledger.know_libraries({"local": media})
        (media / "Cam").mkdir()
        for number in range(COUNT):
            path = PurePosixPath("Cam", f"IMG_{number:05}.{'MOV' if number % 100 == 0 else 'JPG'}")
            (media / path).touch()
            ledger.add(_photo(number, path.name), _record(number, path, media))


def _photo(number: int, name: str) -> Photo:
    return Photo(
        serial=f"F-{number % 3}",
        storage="00010001",
        folder="DCIM",
        filename=name,
        size=number,
        capture_date=FIRST + timedelta(minutes=75 * number),
        handle=number,
    )


def _record(number: int, path: PurePosixPath, library: Path) -> Record:
    return Record(
        path=path,
        size=number,
        sha256=f"{number:064x}",
        imported_at=datetime(2026, 11, 1, tzinfo=UTC),
        library=library,
    )


@pytest.fixture
async def held(hass: HomeAssistant, full_shelf: None) -> AsyncIterator[None]:
    """The ledger is open, as it is while a camera is set up: it is looked through once, at first."""
    async with borrowed_catalogue(hass):
        yield


#: What each place may cost: queries, rows that come out, and steps of SQLite's machine, twice what
#: was counted. A page is to cost as many rows as it shows; to know the days, the cameras or the
#: films, an index is read through. Reading a row of all takes 40 steps, of an index alone 12.
PAGES = (3, 700, 30_000)
COSTS = {
    "recent": PAGES,
    "recent/501-00000000": PAGES,
    "dates/2025-02-02": (3, 30, 2_000),
    "dates": (40, 1_100, 600_000),
    "dates/2025-02": (35, 1_100, 600_000),
    "cameras": (8, 10, 500_000),
    "videos": (3, 300, 1_700_000),
    "search": (3, 20, 600_000),
}


@asynccontextmanager
async def bounded(cost: Cost, place: str) -> AsyncIterator[None]:
    """See that what is done within costs no more than is allowed for it."""
    before, began = replace(cost), time.monotonic()
    yield
    assert time.monotonic() - began < ALLOWED, place
    spent = (cost.queries - before.queries, cost.rows - before.rows, cost.steps - before.steps)
    assert all(here <= most for here, most in zip(spent, COSTS[place], strict=True)), (place, spent)


async def browsed(hass: HomeAssistant, cost: Cost, place: str) -> list[BrowseMedia]:
    async with bounded(cost, place):
        folder = await async_browse_media(hass, f"{ROOT}/{place}")
    return [*(folder.children or [])]


async def test_twenty_thousand_pictures_are_browsed_page_by_page(
    hass: HomeAssistant, cost: Cost, held: None, socket_enabled: None
) -> None:
    assert await async_setup_component(hass, "crcp", {})
    assert await async_setup_component(hass, "media_source", {})
    page = await browsed(hass, cost, "recent")
    assert (len(page), page[0].title) == (501, "IMG_19999.JPG")
    seen: list[str] = []
    for _ in range(3):
        seen += [child.title for child in page[:-1]]
        folder = await async_browse_media(hass, page[-1].media_content_id)
        page = [*(folder.children or [])]
    assert [title[4:9] for title in seen] == [f"{COUNT - 1 - n:05}" for n in range(1500)]
    # The last page costs what the first one does.
    page = await browsed(hass, cost, "recent/501-00000000")
    assert [child.title[4:9] for child in page] == [f"{499 - n:05}" for n in range(500)]
    assert len(await browsed(hass, cost, "videos")) == 200
    assert len(await browsed(hass, cost, "dates")) == 35
    assert len(await browsed(hass, cost, "dates/2025-02")) == 28
    assert len(await browsed(hass, cost, "dates/2025-02-02")) in {19, 20}
    cameras = await browsed(hass, cost, "cameras")
    assert [child.title for child in cameras] == ["F-1", "F-0", "F-2"]
    query = SearchMediaQuery(search_query="img_0001 january 2024")
    async with bounded(cost, "search"):
        result = await async_search_media(hass, ROOT, query)
    assert [each.title for each in result.result] == [
        f"IMG_{n:05}.JPG" for n in reversed(range(10, 20))
    ]
