"""Take the pictures of docs/images from a running demo: screenshots.py ADDRESS TOKEN."""

import argparse
import asyncio
import json
from pathlib import Path
import shutil
from typing import Any

import aiohttp
from playwright.async_api import Browser, Page, async_playwright

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"

PICTURED = ("unit", "unit-camera", "camera")

#: The media browser's own way to say where it is.
RECENT = (
    "media-browser/browser/app%2Cmedia-source%3A%2F%2Fcrcp"
    "/image%2Cmedia-source%3A%2F%2Fcrcp%2Frecent"
)

#: Home Assistant's pages go on loading for a while after they say that they are there.
SETTLE = 4000


async def devices(address: str, token: str) -> dict[str, str]:
    """The id of each device, by the name that its picture gets."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{address}/api/websocket") as ws,
    ):
        await ws.receive_json()
        await ws.send_json({"type": "auth", "access_token": token})
        await ws.receive_json()
        await ws.send_json({"id": 1, "type": "config/device_registry/list"})
        listed: list[dict[str, Any]] = (await ws.receive_json())["result"]
    ours = [device for device in listed if device["identifiers"][0][0] == "crcp"]
    return {_picture_name(device): device["id"] for device in ours}


def _picture_name(device: dict[str, Any]) -> str:
    if device.get("parent_device_id"):
        return f"unit-{device['name'].lower()}"
    return "unit" if device["model"] == "CRCP unit" else "camera"


async def open_page(browser: Browser, address: str, token: str, width: int, height: int) -> Page:
    """A page that is logged in."""
    context = await browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=1
    )
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


async def main() -> None:
    """Visit each page and save what it shows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("token")
    arguments = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    pages = {
        f"device-{kind}": f"config/devices/device/{device}"
        for kind, device in (await devices(arguments.address, arguments.token)).items()
        if kind in PICTURED
    }
    pages["photos-recent"] = RECENT
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = await open_page(browser, arguments.address, arguments.token, 1100, 900)
        for name, path in pages.items():
            await page.goto(f"{arguments.address}/{path}")
            await page.wait_for_timeout(SETTLE)
            await page.screenshot(path=IMAGES / f"{name}.png")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
