"""A real Home Assistant with one virtual unit in it, and a browser that looks at it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import json
from pathlib import Path
import shutil
import socket
from typing import Any

from home_assistant import HomeAssistant
from playwright.async_api import Browser, BrowserContext, Locator, Page, async_playwright

from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.clips import Shelf, blank_clip
from custom_components.crcp.virtual.footage import make_footage
from custom_components.crcp.virtual.unit import VirtualUnit

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium")

#: A name for a tape that a page would run if it took it for markup.
MARKUP = "<img src=x onerror=window.tricked=1>"

#: Where the tests put their cards.
DASHBOARD = "the-stage"

#: A browser that shares its processors with everything else takes its time.
PATIENCE = 60.0


@dataclass
class Stage:
    """What a test of the dashboard plays on."""

    home: HomeAssistant
    unit: VirtualUnit
    browser: Browser
    context: BrowserContext

    async def show(self, *cards: dict[str, Any], page: Page | None = None) -> Page:
        """Make a dashboard of these cards and open it."""
        config = {"views": [{"title": "Stage", "cards": list(cards)}]}
        await self.home.ask("lovelace/config/save", url_path=DASHBOARD, config=config)
        return await self.open(page)

    async def open(self, page: Page | None = None) -> Page:
        """Open the dashboard as somebody who is logged in."""
        page = page or await self.context.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        await page.goto(f"{self.home.address}/{DASHBOARD}/0")
        return page

    async def find(self, domain: str, key: str | None) -> str:
        """The entity of the unit by its domain and by what it does, whatever it is called."""
        for entity in await self.home.ask("config/entity_registry/list"):
            named = entity["entity_id"].startswith(f"{domain}.") and entity["platform"] == "crcp"
            if named and entity["translation_key"] == key:
                return str(entity["entity_id"])
        raise LookupError(f"{domain} {key}")

    def sent(self, name: str) -> list[Any]:
        """The arguments of a command, as often as the unit has got it of late."""
        return [each.argument for each in self.unit.commands if each.name == name]

    def last(self, name: str) -> Any:
        """The last of them; None without one."""
        return next(iter(self.sent(name)[::-1]), None)


async def happens(condition: Callable[[], object], what: str) -> None:
    """Return as soon as condition holds; fail naming what did not happen."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {PATIENCE:g} s: {what}") from None


async def place(element: Locator) -> tuple[float, float, float]:
    """Where an element lies: its left edge, its middle's height, its width."""
    box = await element.bounding_box()
    assert box
    return box["x"], box["y"] + box["height"] / 2, box["width"]


@asynccontextmanager
async def set_stage(folder: Path, port: int = 0) -> AsyncIterator[Stage]:
    """Start everything, with its files in folder, and stop it at the end."""
    unit = scenes.studio(name="Stage", shelf=Shelf({f"/{MARKUP}": blank_clip(60)}))
    scenes.show(unit, await asyncio.to_thread(make_footage, ROOT / ".cache" / "footage"))
    await unit.start()
    try:
        async with HomeAssistant.run(folder, port or free_port(), say=print) as home:
            await add(home, unit)
            await home.ask(
                "lovelace/dashboards/create", url_path=DASHBOARD, title="Stage", mode="storage"
            )
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=CHROMIUM,
                    args=[
                        *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                        "--autoplay-policy=no-user-gesture-required",
                    ],
                )
                yield Stage(home, unit, browser, await log_in(browser, home))
                await browser.close()
    finally:
        await unit.stop()


async def add(home: HomeAssistant, unit: VirtualUnit) -> None:
    """Add a unit by its address, as a person does."""
    flow = await home.api("POST", "config/config_entries/flow", {"handler": "crcp"})
    step = f"config/config_entries/flow/{flow['flow_id']}"
    await home.api("POST", step, {"next_step_id": "unit"})
    result = await home.api("POST", step, {"host": "127.0.0.1", "port": unit.port})
    assert result["type"] == "create_entry", result


async def log_in(browser: Browser, home: HomeAssistant, **options: Any) -> BrowserContext:
    """A browser's window whose pages are logged in."""
    context = await browser.new_context(
        viewport=options.pop("viewport", {"width": 1000, "height": 1100}), **options
    )
    tokens = {
        "access_token": home.token,
        "token_type": "Bearer",
        "expires_in": 10**9,
        "expires": 10**14,
        "hassUrl": home.address,
        "clientId": None,
        "refresh_token": "",
    }
    stored = json.dumps(json.dumps(tokens))
    await context.add_init_script(f"localStorage.setItem('hassTokens', {stored})")
    return context


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
