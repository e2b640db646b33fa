"""A dashboard with the card on it, in a Home Assistant that runs, and a virtual unit behind it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
import itertools
import json
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, BrowserContext, Locator, Page

from custom_components.crcp.virtual import scenes
from custom_components.crcp.virtual.clips import Shelf, blank_clip
from custom_components.crcp.virtual.footage import make_footage
from custom_components.crcp.virtual.unit import VirtualUnit

FOOTAGE = Path(__file__).parents[2] / ".cache" / "footage"

#: A name for a tape that a page would run if it took it for markup.
MARKUP = "<img src=x onerror=window.tricked=1>"

#: Where the tests put their cards.
DASHBOARD = "the-stage"

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

#: A browser that shares its processors with everything else takes its time.
PATIENCE = 120.0


class House:
    """A running Home Assistant, asked as its own pages ask it."""

    def __init__(
        self,
        demo: dict[str, Any],
        session: aiohttp.ClientSession,
        ws: aiohttp.ClientWebSocketResponse,
    ) -> None:
        self.address: str = demo["address"]
        self.token: str = demo["token"]
        self._session = session
        self._ws = ws
        self._ids = itertools.count(1)

    @classmethod
    @asynccontextmanager
    async def enter(cls, demo: dict[str, Any]) -> AsyncIterator[House]:
        """Talk to the Home Assistant of a demo."""
        address = f"{demo['address']}/api/websocket"
        async with aiohttp.ClientSession() as session, session.ws_connect(address) as ws:
            await ws.receive_json()
            await ws.send_json({"type": "auth", "access_token": demo["token"]})
            await ws.receive_json()
            yield cls(demo, session, ws)

    async def ask(self, kind: str, **fields: Any) -> Any:
        """Send a command and return its result."""
        await self._ws.send_json({"id": next(self._ids), "type": kind, **fields})
        answer = await self._ws.receive_json()
        assert answer["success"], answer
        return answer["result"]

    async def act(self, domain: str, action: str, entity_id: str, **data: Any) -> None:
        """Perform an action on an entity."""
        await self.ask(
            "call_service",
            domain=domain,
            service=action,
            service_data=data,
            target={"entity_id": entity_id},
        )

    async def add(self, unit: VirtualUnit) -> None:
        """Add a unit by its address, as a person does."""
        flow = await self._post("config/config_entries/flow", {"handler": "crcp"})
        step = f"config/config_entries/flow/{flow['flow_id']}"
        await self._post(step, {"next_step_id": "unit"})
        result = await self._post(step, {"host": "127.0.0.1", "port": unit.port})
        assert result["type"] == "create_entry", result

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.address}/api/{path}"
        async with self._session.post(url, json=body, headers=headers) as answer:
            return await answer.json()


@dataclass
class Stage:
    """What a test of the dashboard plays on."""

    house: House
    unit: VirtualUnit
    context: BrowserContext
    phone: BrowserContext

    async def show(self, *cards: dict[str, Any], page: Page | None = None, way: str = "") -> Page:
        """Make a dashboard of these cards and open it."""
        config = {"views": [{"title": "Stage", "cards": list(cards)}]}
        await self.house.ask("lovelace/config/save", url_path=DASHBOARD, config=config)
        return await self.open(page or await self.context.new_page(), way)

    async def open(self, page: Page, way: str = "") -> Page:
        """Open the dashboard as somebody who is logged in."""
        page.set_default_timeout(PATIENCE * 1000)
        await page.goto(f"{self.house.address}/{DASHBOARD}/0?{way}")
        return page

    async def find(self, domain: str, key: str) -> str:
        """The entity of the unit by its domain and by what it does, whatever it is called."""
        for entity in await self.house.ask("config/entity_registry/list"):
            named = entity["entity_id"].startswith(f"{domain}.stage_")
            if named and entity["translation_key"] == key:
                return str(entity["entity_id"])
        raise LookupError(f"{domain} {key}")

    async def switch_off(self, entity_id: str, page: Page) -> None:
        """Disable an entity, and wait until a page knows."""
        change = {"entity_id": entity_id, "disabled_by": "user"}
        await self.house.ask("config/entity_registry/update", **change)
        await page.wait_for_function(
            "id => !(id in document.querySelector('home-assistant').hass.entities)", arg=entity_id
        )

    def sent(self, name: str) -> list[Any]:
        """The arguments of a command, as often as the unit has got it of late."""
        return [each.argument for each in self.unit.commands if each.name == name]

    def last(self, name: str) -> Any:
        """The last of them; None without one."""
        return next(iter(self.sent(name)[::-1]), None)


@asynccontextmanager
async def set_stage(demo: dict[str, Any], browser: Browser) -> AsyncIterator[Stage]:
    """Put a unit of the test's own into the demo's Home Assistant, and make a dashboard there."""
    unit = scenes.studio(name="Stage", unit_id="stage", shelf=Shelf({f"/{MARKUP}": blank_clip(60)}))
    scenes.show(unit, await asyncio.to_thread(make_footage, FOOTAGE))
    await unit.start()
    try:
        async with House.enter(demo) as house:
            await house.add(unit)
            dashboard = {"url_path": DASHBOARD, "title": "Stage", "mode": "storage"}
            await house.ask("lovelace/dashboards/create", **dashboard)
            desk, phone = await log_in(browser, house), await log_in(browser, house, **PHONE)
            yield Stage(house, unit, desk, phone)
    finally:
        await unit.stop()


async def log_in(browser: Browser, house: House, **look: Any) -> BrowserContext:
    """A browser's window whose pages are logged in."""
    context = await browser.new_context(**{"viewport": {"width": 1000, "height": 1100}, **look})
    tokens = {
        "access_token": house.token,
        "token_type": "Bearer",
        "expires_in": 10**9,
        "expires": 10**14,
        "hassUrl": house.address,
        "clientId": None,
        "refresh_token": "",
    }
    stored = json.dumps(json.dumps(tokens))
    await context.add_init_script(f"localStorage.setItem('hassTokens', {stored})")
    return context


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
