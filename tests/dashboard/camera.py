"""What the face of a camera does."""

import asyncio
import json
from typing import Any

from playwright.async_api import Page

from custom_components.crcp.protocols.crcp.messages import AUTO, Amount, Motion
from tests.dashboard.stage import MARKUP, Stage, happens, place

STOP = Amount(0, relative=True)
RIGHT_END, LEFT_END, UPPER_END = Amount(340), Amount(0), Amount(120)

#: What ends a hold without a release: each as a browser tells it.
ENDS = (
    "window.dispatchEvent(new Event('blur'))",
    # The keyboard goes elsewhere, and the end of the key with it.
    """(function deepest(root) {
        const { activeElement: one } = root;
        one.shadowRoot?.activeElement ? deepest(one.shadowRoot) : one.blur();
    })(document)""",
    "window.dispatchEvent(new Event('pagehide'))",
    """Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    delete document.hidden""",
    "window.card.remove(); window.place.append(window.card)",
)


async def the_picture_moves(stage: Stage, page: Page) -> None:
    player = await stage.find("media_player", "tape")
    await stage.house.act("media_player", "select_source", player, source="test-card.ts")
    await stage.house.act("media_player", "media_play", player)
    film = await page.wait_for_selector("crcp-card video")
    assert film
    await film.evaluate(
        "v => new Promise(go => { if (v.currentTime > 0) go(); v.ontimeupdate = go })"
    )
    await stage.house.act("media_player", "media_pause", player)


async def a_held_button_moves_until_it_is_let_go(stage: Stage, page: Page) -> None:
    await page.get_by_role("button", name="Right", exact=True).hover()
    await page.mouse.down()
    await happens(lambda: stage.sent("PAN").count(RIGHT_END) >= 2, "the order is given anew")
    await page.mouse.up()
    await rests(stage, "PAN")


async def arrow_keys_move_both_ways_at_once(stage: Stage, page: Page) -> None:
    await page.get_by_role("button", name="Up", exact=True).focus()
    await page.keyboard.down("ArrowUp")
    await page.keyboard.down("ArrowLeft")
    await happens(lambda: LEFT_END in stage.sent("PAN"), "it pans")
    await happens(lambda: UPPER_END in stage.sent("TILT"), "it tilts as well")
    await page.keyboard.up("ArrowUp")
    await happens(lambda: stage.last("TILT") == STOP, "it tilts no more")
    await happens(lambda: stage.last("PAN") == LEFT_END, "it pans on")
    await page.keyboard.up("ArrowLeft")
    await rests(stage, "PAN")
    assert stage.last("TILT") == STOP


async def whoever_looks_away_holds_nothing(stage: Stage, page: Page) -> None:
    card = page.locator("crcp-card", has=page.locator(".camera"))
    await card.evaluate("card => { window.card = card; window.place = card.parentElement; }")
    key = page.get_by_role("button", name="Zoom in")
    for end in ENDS:
        stage.unit.commands.clear()
        await key.focus()
        await page.keyboard.down("Enter")
        await happens(lambda: Amount(20) in stage.sent("ZOOM"), "it zooms")
        await page.evaluate(end)
        await rests(stage, "ZOOM")
        await page.keyboard.up("Enter")


async def a_click_without_a_pointer_is_a_small_step(stage: Stage, page: Page) -> None:
    await page.get_by_role("button", name="Left", exact=True).evaluate("key => key.click()")
    await happens(lambda: stage.sent("PAN"), "a step")
    assert [str(each) for each in stage.sent("PAN")] == ["Step(direction=-1)"]


async def presets_lens_and_their_names(stage: Stage, page: Page) -> None:
    scene = await stage.find("scene", "preset")
    await stage.house.ask("config/entity_registry/update", entity_id=scene, name=MARKUP * 3)
    button = page.get_by_role("button", name=MARKUP * 3)
    await button.click()
    await happens(lambda: stage.sent("WHIT"), "it goes to the preset, lens and sensor last")
    assert Amount(170) in stage.sent("PAN")
    slider = page.get_by_role("slider", name="Iris")
    await slider.fill("11")
    await happens(lambda: stage.last("IRIS") == Amount(11), "the iris opens")
    auto = page.get_by_role("switch", name="Focus: Auto")
    await auto.click()
    await happens(lambda: AUTO in stage.sent("FOCU"), "the camera focuses")
    await page.locator("crcp-card input[aria-label=Focus]:disabled").wait_for()
    await auto.click()
    await page.locator("crcp-card [aria-label='Focus: Auto'][aria-checked=false]").wait_for()


async def a_finger_moves_it_on_a_phone_until_the_page_is_closed(stage: Stage, page: Page) -> None:
    phone = await stage.open(await stage.phone.new_page())
    await phone.get_by_role("button", name="Play").tap()
    await happens(lambda: stage.sent("PLAY"), "a touch plays the tape")
    await phone.locator("crcp-card [aria-label=Play][aria-pressed=true]").wait_for()
    await phone.get_by_role("button", name="Pause").tap()
    await phone.locator("crcp-card [aria-label=Pause][aria-pressed=true]").wait_for()
    await a_finger_turns_the_shuttle(stage, phone)
    key = phone.get_by_role("button", name="Down", exact=True)
    await key.scroll_into_view_if_needed()
    left, middle, width = await place(key)
    fingers = await stage.phone.new_cdp_session(phone)
    point = {"x": left + width / 2, "y": middle}
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    await happens(lambda: Amount(0) in stage.sent("TILT"), "it tilts")
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await rests(stage, "TILT")
    stage.unit.commands.clear()
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    await happens(lambda: Amount(0) in stage.sent("TILT"), "it tilts until the touch is taken away")
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    await rests(stage, "TILT")
    assert await phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
    await happens(lambda: stage.last("TILT") == Amount(0), "it tilts again")
    await phone.close()
    await rests(stage, "TILT")


async def a_finger_turns_the_shuttle(stage: Stage, phone: Page) -> None:
    left, middle, width = await place(phone.get_by_role("slider", name="Shuttle"))
    fingers = await stage.phone.new_cdp_session(phone)
    stage.unit.commands.clear()
    for kind, part in (("touchStart", 0.5), ("touchMove", 0.3), ("touchMove", 0)):
        point = {"x": left + width * part, "y": middle}
        await fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    await happens(lambda: Motion(-2) in stage.sent("PLAY"), "it plays backwards")
    await fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await happens(lambda: stage.sent("PAUS"), "it stands")


async def a_page_that_dies_while_it_is_held_stops_in_time(stage: Stage, page: Page) -> None:
    victim = await stage.phone.new_page()
    orders = orders_of(victim)
    await stage.open(victim)
    await victim.get_by_role("button", name="Right", exact=True).hover()
    await victim.mouse.down()
    await happens(lambda: RIGHT_END in stage.sent("PAN"), "it pans")
    await victim.get_by_role("slider", name="Shuttle").focus()
    await victim.keyboard.down("ArrowRight")
    await happens(lambda: stage.sent("PLAY"), "the tape plays")
    assert "PAUS" not in [each.name for each in stage.unit.commands]
    assert {each["service"] for each in orders} == {"move", "play"}
    for each in orders:
        assert each["service_data"]["duration"] == {"seconds": 1, "milliseconds": 500}
    crash = await stage.phone.new_cdp_session(victim)
    death = asyncio.ensure_future(crash.send("Page.crash"))
    await happens(lambda: stage.last("PAN") == STOP, "it stops")
    await happens(lambda: stage.sent("PAUS"), "the tape stops as well")
    # A stop by the card stops everything; this is the end that the order itself had.
    assert stage.sent("TILT") == []
    death.cancel()
    await victim.close()


async def it_stops_also_when_its_button_is_switched_off(stage: Stage, page: Page) -> None:
    await stage.switch_off(await stage.find("button", "stop"), page)
    await page.get_by_role("button", name="Left", exact=True).hover()
    await page.mouse.down()
    await happens(lambda: LEFT_END in stage.sent("PAN"), "it pans")
    await page.mouse.up()
    await rests(stage, "PAN")


STORIES = (
    the_picture_moves,
    a_held_button_moves_until_it_is_let_go,
    arrow_keys_move_both_ways_at_once,
    whoever_looks_away_holds_nothing,
    a_click_without_a_pointer_is_a_small_step,
    presets_lens_and_their_names,
    a_finger_moves_it_on_a_phone_until_the_page_is_closed,
    a_page_that_dies_while_it_is_held_stops_in_time,
    it_stops_also_when_its_button_is_switched_off,
)


def orders_of(page: Page) -> list[dict[str, Any]]:
    """What a page calls of the integration's actions, as it goes to Home Assistant."""
    orders: list[dict[str, Any]] = []

    def on_sent(frame: str | bytes) -> None:
        said = json.loads(frame)
        orders.extend(
            each
            for each in (said if isinstance(said, list) else [said])
            if each.get("type") == "call_service" and each["domain"] == "crcp"
        )

    page.on("websocket", lambda socket: socket.on("framesent", on_sent))
    return orders


async def rests(stage: Stage, name: str) -> None:
    """Wait until a parameter was told to stop, and is told nothing more."""
    await happens(lambda: stage.last(name) == STOP, f"{name} stops")
    read = len(stage.sent("STAT"))
    await happens(lambda: len(stage.sent("STAT")) >= read + 4, "Home Assistant looks on")
    assert stage.last(name) == STOP
