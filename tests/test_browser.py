"""Home Assistant in a real browser: the demo's picture moves, its cameras' photos show, our card."""

import asyncio
from collections.abc import AsyncIterator, Iterator
import io
import json
from pathlib import Path
import shutil
import socket
import subprocess
import sys
from typing import Any

import aiohttp
from PIL import Image
from playwright.async_api import ElementHandle, Locator, Page, async_playwright
import pytest
from pytest_socket import enable_socket

from custom_components.crcp.virtual.test_card import read_stamp
from tests.dashboard import camera, deck, everywhere
from tests.dashboard.stage import DASHBOARD, Stage, set_stage
from tests.previews.card import fill

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    # A whole Home Assistant and a browser start.
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One demo for all tests here, because it takes long to start."""
    card = tmp_path_factory.mktemp("card")
    fill(card)
    enable_socket()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    script = str(ROOT / "scripts" / "lib" / "demo.py")
    folder = str(tmp_path_factory.mktemp("demo"))
    options = ("--json", "--port", str(port), "--folder", folder, "--photos", str(card))
    with subprocess.Popen(
        [sys.executable, script, *options], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())
        process.terminate()


@pytest.fixture
async def page(demo: dict[str, Any], socket_enabled: None) -> AsyncIterator[Page]:
    """A page of somebody who is logged in."""
    tokens = {
        "access_token": demo["token"],
        "token_type": "Bearer",
        "expires_in": 10**9,
        "expires": 10**14,
        "hassUrl": demo["address"],
        "clientId": None,
        "refresh_token": "",
    }
    stored = json.dumps(json.dumps(tokens))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        page = await browser.new_page(viewport={"width": 1100, "height": 900})
        page.set_default_timeout(60_000)
        await page.add_init_script(f"localStorage.setItem('hassTokens', {stored})")
        yield page
        await browser.close()


def named(demo: dict[str, Any], prefix: str) -> str:
    entities = [each for group in demo["entities"].values() for each in group]
    return next(each for each in entities if each.startswith(prefix))


async def play(demo: dict[str, Any]) -> None:
    """Play the test card, and make a dashboard that shows nothing but its picture."""
    player, camera = named(demo, "media_player."), named(demo, "camera.")
    card = {"type": "picture-entity", "entity": camera, "camera_view": "live"}
    view = {"type": "panel", "cards": [{**card, "show_name": False, "show_state": False}]}
    actions = [
        ("media_player", "select_source", {"source": "test-card.ts"}),
        ("media_player", "media_play", {}),
    ]
    messages = [
        *(
            {
                "type": "call_service",
                "domain": domain,
                "service": action,
                "service_data": data,
                "target": {"entity_id": player},
            }
            for domain, action, data in actions
        ),
        {
            "type": "lovelace/dashboards/create",
            "url_path": "the-picture",
            "title": "The picture",
            "mode": "storage",
        },
        {
            "type": "lovelace/config/save",
            "url_path": "the-picture",
            "config": {"views": [view]},
        },
    ]
    address = f"{demo['address']}/api/websocket"
    async with aiohttp.ClientSession() as session, session.ws_connect(address) as ws:
        await ws.receive_json()
        await ws.send_json({"type": "auth", "access_token": demo["token"]})
        await ws.receive_json()
        for number, message in enumerate(messages, 1):
            await ws.send_json({"id": number, **message})
            assert (await ws.receive_json())["success"], message


async def open_dashboard(page: Page, demo: dict[str, Any]) -> ElementHandle:
    """Open the dashboard; return its film, once that plays."""
    await page.goto(f"{demo['address']}/the-picture/0")
    film = await page.wait_for_selector("video")
    assert film
    await film.evaluate(
        "v => new Promise(go => { if (v.currentTime > 0) go(); v.ontimeupdate = go })"
    )
    return film


async def number_on(film: ElementHandle) -> int | None:
    """The number of the picture that a screenshot shows, which has bars above and below."""
    shot = Image.open(io.BytesIO(await film.screenshot())).convert("RGB")
    height = round(shot.width * 9 / 16)
    top = (shot.height - height) // 2
    stamp = read_stamp(shot.crop((0, top, shot.width, top + height)))
    return stamp.number if stamp else None


async def test_the_dashboard_shows_the_moving_picture(demo: dict[str, Any], page: Page) -> None:
    await play(demo)
    film = await open_dashboard(page, demo)
    seen: list[int] = []
    async with asyncio.timeout(60):
        while len(seen) < 2:
            number = await number_on(film)
            if number is not None and number not in seen:
                seen.append(number)
    assert seen[0] < seen[1]


# -- photos ------------------------------------------------------------------------------------


def tile(page: Page, title: str) -> Locator:
    """What the media browser shows under a title."""
    return page.locator("div.child").filter(has=page.locator("div.title", has_text=title))


async def shown(page: Page) -> list[str]:
    return [title.strip() for title in await page.locator("div.child div.title").all_inner_texts()]


async def search(page: Page, words: str, number: int) -> list[str]:
    """Type words into the field and press Enter; return the titles when there are so many."""
    field = page.get_by_placeholder("Search Recent")
    await field.fill(words)
    await field.press("Enter")
    async with asyncio.timeout(60):
        while len(await shown(page)) != number:
            await asyncio.sleep(0.05)
    return await shown(page)


async def test_the_media_browser_shows_and_finds_the_photos(
    demo: dict[str, Any], page: Page
) -> None:
    await page.goto(f"{demo['address']}/media-browser/browser")
    await tile(page, "Photos from your cameras").click()
    await tile(page, "Recent").click()
    await tile(page, "IMG_0001.JPG").wait_for()
    names = [f"IMG_{n:04}.{'CR3' if n % 3 == 0 else 'JPG'}" for n in range(7, 0, -1)]
    assert await shown(page) == names
    for name in names:
        picture = tile(page, name).locator("div.image[style*='data:image/jpeg']")
        await picture.wait_for(state="attached")
    assert await search(page, "cr3", 2) == ["IMG_0006.CR3", "IMG_0003.CR3"]
    assert await search(page, "May 5 2026", 1) == ["IMG_0005.JPG"]
    assert await search(page, "img_0003", 1) == ["IMG_0003.CR3"]
    await tile(page, "IMG_0003.CR3").click()
    preview = page.locator("img[src*='/preview?authSig=']")
    await preview.wait_for()
    await preview.evaluate("i => i.complete || new Promise(go => { i.onload = go })")
    assert await preview.evaluate("i => [i.naturalWidth, i.naturalHeight]") == [900, 600]


# -- the card ----------------------------------------------------------------------------------


async def test_the_card(demo: dict[str, Any], page: Page, subtests: pytest.Subtests) -> None:
    browser = page.context.browser
    assert browser
    async with set_stage(demo, browser) as stage:
        player = await stage.find("media_player", "tape")
        picture = await stage.find("camera", "stream")
        stop = await stage.find("button", "stop")
        await stage.house.act("crcp", "save_preset", stop, name="Door")
        with subtests.test("it is offered in the card picker, added and edited"):
            await is_added_and_edited(stage, player)
        await play_stories(stage, subtests, await stage.show(card(player), card(picture)))


async def is_added_and_edited(stage: Stage, player: str) -> None:
    page = await stage.show(way="edit=1")
    await page.get_by_role("button", name="Add card").click()
    await page.get_by_placeholder("Search entities").fill(player)
    await page.get_by_text("Media player", exact=True).first.click()
    await page.get_by_text("CRCP deck and camera").click()
    await page.wait_for_selector("hui-masonry-view crcp-card .deck")
    assert await saved_cards(stage) == [card(player)]
    await page.get_by_role("button", name="Edit", exact=True).last.click()
    await page.get_by_text("Tape, picture or camera of a CRCP unit").wait_for()
    await page.get_by_role("textbox", name="Name").fill("Attic")
    await page.get_by_role("button", name="Save").click()
    await page.locator("hui-masonry-view").get_by_role("heading", name="Attic").wait_for()
    await page.close()
    assert await saved_cards(stage) == [card(player) | {"name": "Attic"}]


async def saved_cards(stage: Stage) -> list[dict[str, str]]:
    saved = await stage.house.ask("lovelace/config", url_path=DASHBOARD)
    cards: list[dict[str, str]] = saved["views"][0]["cards"]
    return cards


async def play_stories(stage: Stage, subtests: pytest.Subtests, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(error.stack or ""))
    for story in (*deck.STORIES, *camera.STORIES, *everywhere.STORIES):
        with subtests.test(story.__name__.replace("_", " ")):
            stage.unit.commands.clear()
            await story(stage, page)
    assert [each for each in errors if "crcp_static" in each] == []
    assert await page.evaluate("window.tricked") is None


def card(entity_id: str) -> dict[str, str]:
    return {"type": "custom:crcp-card", "entity": entity_id}
