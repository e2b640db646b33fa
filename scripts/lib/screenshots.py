"""Take the pictures of docs/images from a running demo: screenshots.py ADDRESS TOKEN [NAME...]."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import itertools
import json
from pathlib import Path
import shutil
from typing import Any

import aiohttp
from playwright.async_api import Browser, Page, async_playwright

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"

PICTURED = ("unit-tape", "unit-camera", "camera")

#: Where the tape plays in a picture of the card, in seconds of the minute that it has.
MIDDLE = 20

#: A minute is wound through in four seconds.
WINDING = 5

#: The media browser's own way to say where it is: each folder's type and id.
SOURCE = "media-browser/browser/app%2Cmedia-source%3A%2F%2Fcrcp"
FOLDER = "image%2Cmedia-source%3A%2F%2Fcrcp%2F"

#: A picture opened over the list, or what a search has found, needs less room.
SMALL = {"viewport": {"width": 900, "height": 740}}

PLAIN = {"viewport": {"width": 1100, "height": 900}}

#: Home Assistant's pages go on loading for a while after they say that they are there.
SETTLE = 4000


#: Where the pictures of the card are taken, and how each is looked at.
DASHBOARD = "the-card"
LOOKS: dict[str, dict[str, Any]] = {
    "card-light": {"viewport": {"width": 1100, "height": 980}},
    "card-dark": {"viewport": {"width": 1100, "height": 980}, "color_scheme": "dark"},
    "card-phone": {"viewport": {"width": 390, "height": 1400}, "is_mobile": True},
}

type Ask = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def asking(address: str, token: str) -> AsyncIterator[Ask]:
    """A function that sends a command to Home Assistant and returns its result."""
    ids = itertools.count(1)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address}/api/websocket") as ws,
    ):
        await ws.receive_json()
        await ws.send_json({"type": "auth", "access_token": token})
        await ws.receive_json()

        async def ask(kind: str, **fields: Any) -> Any:
            await ws.send_json({"id": next(ids), "type": kind, **fields})
            answer = await ws.receive_json()
            if not answer["success"]:
                raise RuntimeError(f"{kind}: {answer['error']['message']}")
            return answer["result"]

        yield ask


async def all_is_there(ask: Ask) -> None:
    """Wait until the devices have all their entities: those of a unit come as they are found."""
    before: set[str] = set()
    while True:
        now = {
            each["entity_id"]
            for each in await ask("config/entity_registry/list")
            if each["platform"] == "crcp" and each["disabled_by"] is None
        }
        states = {each["entity_id"]: each["state"] for each in await ask("get_states")}
        away = {each for each in now if states.get(each, "unavailable") == "unavailable"}
        # The picture of a unit comes last, with its stream.
        if now == before and not away and any(each.startswith("camera.") for each in now):
            return
        before = now
        await asyncio.sleep(2)


async def devices(ask: Ask) -> dict[str, str]:
    """The id of each device, by the name that its picture gets."""
    listed: list[dict[str, Any]] = await ask("config/device_registry/list")
    ours = [device for device in listed if device["identifiers"][0][0] == "crcp"]
    return {_picture_name(device): device["id"] for device in ours}


async def act(ask: Ask, action: str, entity_id: str, **data: Any) -> None:
    """Call an action for an entity."""
    domain, service = action.split(".")
    target = {"entity_id": entity_id}
    await ask("call_service", domain=domain, service=service, service_data=data, target=target)


async def set_scene(ask: Ask) -> str:
    """Keep presets, and make a dashboard with both faces of the card; return the tape's id."""
    entities = {
        (entity["entity_id"].partition(".")[0], entity["translation_key"]): entity["entity_id"]
        for entity in await ask("config/entity_registry/list")
        if entity["platform"] == "crcp"
    }
    player, camera = entities["media_player", "tape"], entities["camera", "stream"]
    for name in ("Door", "Garden gate", "Sofa"):
        await act(ask, "crcp.save_preset", entities["button", "stop"], name=name)
    await act(ask, "switch.turn_on", entities["switch", "focus_auto"])
    await act(ask, "media_player.select_source", player, source="test-card.ts")
    cards = [{"type": "custom:crcp-card", "entity": each} for each in (player, camera)]
    known = await ask("lovelace/dashboards/list")
    if DASHBOARD not in {each["url_path"] for each in known}:
        fields = {"url_path": DASHBOARD, "title": "The card", "mode": "storage"}
        await ask("lovelace/dashboards/create", **fields)
    views = [{"title": "The card", "cards": cards}]
    await ask("lovelace/config/save", url_path=DASHBOARD, config={"views": views})
    return player


async def play_the_middle(ask: Ask, player: str) -> None:
    """Let a tape play in its middle: a minute is over sooner than all pictures are taken."""
    await act(ask, "media_player.media_seek", player, seek_position=MIDDLE)
    await asyncio.sleep(WINDING)
    await act(ask, "media_player.media_play", player)


def _picture_name(device: dict[str, Any]) -> str:
    if device.get("parent_device_id"):
        return f"unit-{device['name'].lower()}"
    return "unit" if device["model"] == "CRCP unit" else "camera"


async def open_page(browser: Browser, address: str, token: str, **look: Any) -> Page:
    """A page that is logged in."""
    context = await browser.new_context(device_scale_factor=1, **look)
    tokens = json.dumps(
        {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 10**9,
            "expires": 10**14,
            "hassUrl": address,
            "clientId": None,
            "refresh_token": "",
        }
    )
    await context.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(tokens)})")
    return await context.new_page()


class Visit:
    """Pages as a visitor sees them, saved as pictures."""

    def __init__(self, browser: Browser, address: str, token: str, only: list[str]) -> None:
        """only: the names of the pictures to take; empty for all."""
        self._only = only
        self._browser = browser
        self._address = address
        self._token = token

    async def page(self, name: str, path: str, text: str = "") -> None:
        """Save a page, once it shows a text, if there is one to wait for."""
        if self._wants(name):
            page = await self._open(path, PLAIN)
            if text:
                await page.get_by_text(text).first.wait_for()
            await self._save(name, page)

    async def found(self, name: str, path: str, words: str) -> None:
        """Save what a search for words finds in a folder of the media browser."""
        if self._wants(name):
            page = await self._open(path, SMALL)
            field = page.get_by_placeholder("Search")
            await field.fill(words)
            await field.press("Enter")
            await page.wait_for_timeout(SETTLE)
            await self._save(name, page)

    async def opened(self, name: str, path: str, title: str) -> None:
        """Save a picture of a folder of the media browser, opened by a click."""
        if self._wants(name):
            page = await self._open(path, SMALL)
            await page.locator("div.child").filter(has_text=title).click()
            await page.locator("img[src*='/preview?authSig=']").wait_for()
            await page.wait_for_timeout(SETTLE)
            await self._save(name, page)

    async def card(
        self, name: str, look: dict[str, Any], play: Callable[[], Awaitable[None]]
    ) -> None:
        """Save both faces of the card, with a tape that play() has started."""
        if not self._wants(name):
            return
        page = await self._open(f"{DASHBOARD}/0", look)
        film = page.locator("crcp-card video")
        await film.evaluate(
            "v => new Promise(go => { if (v.currentTime > 0) go(); v.ontimeupdate = go })"
        )
        await play()
        await page.get_by_text("Playing").first.wait_for()
        # What is played is seen some seconds later.
        await page.wait_for_timeout(2 * SETTLE)
        await page.locator("hui-masonry-view").screenshot(path=IMAGES / f"{name}.png")
        await page.context.close()

    def _wants(self, name: str) -> bool:
        return not self._only or name in self._only

    async def _save(self, name: str, page: Page) -> None:
        await page.screenshot(path=IMAGES / f"{name}.png")
        await page.context.close()

    async def _open(self, path: str, look: dict[str, Any]) -> Page:
        page = await open_page(self._browser, self._address, self._token, **look)
        await page.goto(f"{self._address}/{path}")
        await page.wait_for_timeout(SETTLE)
        return page


async def main() -> None:
    """Visit each page and save what it shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("token")
    parser.add_argument("names", nargs="*", help="of the pictures to take; all without any")
    arguments = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    async with asking(arguments.address, arguments.token) as ask:
        await all_is_there(ask)
        known = await devices(ask)
        player = await set_scene(ask)
        await visit_all(arguments, ask, known, player)


async def visit_all(
    arguments: argparse.Namespace, ask: Ask, known: dict[str, str], player: str
) -> None:
    """Save a picture of each page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        visit = Visit(browser, arguments.address, arguments.token, arguments.names)
        for kind, device in known.items():
            if kind in PICTURED:
                path = f"config/devices/device/{device}"
                await visit.page(f"device-{kind}", path, "Download diagnostics")
        await visit.page("photos-recent", f"{SOURCE}/{FOLDER}recent")
        await visit.page("photos-by-date", f"{SOURCE}/{FOLDER}dates/{FOLDER}dates%2F2026-05")
        await visit.opened("photos-raw", f"{SOURCE}/{FOLDER}recent", "IMG_0009.CR3")
        await visit.found("photos-search", f"{SOURCE}/{FOLDER}recent", "cr3")
        for name, look in LOOKS.items():
            await visit.card(name, look, lambda: play_the_middle(ask, player))
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
