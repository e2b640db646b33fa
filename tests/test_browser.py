"""The dashboard in a real browser: the demo's picture moves."""

import asyncio
from collections.abc import AsyncIterator
import io
import json
from pathlib import Path
import shutil
import socket
import sys
from typing import Any

import aiohttp
from PIL import Image
from playwright.async_api import ElementHandle, Page, async_playwright
import pytest

from custom_components.crcp.virtual.test_card import read_stamp

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    # A whole Home Assistant and a browser start, and the first start installs things.
    pytest.mark.timeout(300),
]


@pytest.fixture
async def demo(tmp_path: Path, socket_enabled: None) -> AsyncIterator[dict[str, Any]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    script = str(ROOT / "scripts" / "lib" / "demo.py")
    options = ("--json", "--port", str(port), "--folder", str(tmp_path))
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    yield json.loads(await process.stdout.readline())
    process.terminate()
    await process.wait()


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
    """Open the dashboard as somebody who is logged in; return its film, once that plays."""
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
    await page.add_init_script(f"localStorage.setItem('hassTokens', {stored})")
    await page.goto(f"{demo['address']}/the-picture/0")
    film = await page.wait_for_selector("video", timeout=60_000)
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


async def test_the_dashboard_shows_the_moving_picture(demo: dict[str, Any]) -> None:
    await play(demo)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        page = await browser.new_page(viewport={"width": 1100, "height": 900})
        film = await open_dashboard(page, demo)
        seen: list[int] = []
        async with asyncio.timeout(60):
            while len(seen) < 2:
                number = await number_on(film)
                if number is not None and number not in seen:
                    seen.append(number)
        assert seen[0] < seen[1]
        await browser.close()
