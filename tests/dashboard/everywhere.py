"""What the card does on either face."""

import asyncio
from contextlib import suppress

from playwright.async_api import Page

from tests.dashboard.stage import MARKUP, Stage


async def everything_that_can_be_used_has_a_name(stage: Stage, page: Page) -> None:
    nameless = await page.locator("crcp-card").evaluate_all(
        """cards => cards.flatMap(card =>
            [...card.shadowRoot.querySelectorAll("button, select, input")]
                .filter(each => !(each.ariaLabel || each.textContent.trim()))
                .map(each => each.outerHTML))"""
    )
    assert nameless == []


async def nothing_sticks_out_of_a_narrow_card(stage: Stage, page: Page) -> None:
    wide = page.viewport_size
    await page.set_viewport_size({"width": 320, "height": 900})
    outside: list[str] = []
    # The page follows its new width a moment later.
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while outside := await sticking_out(page):
                await asyncio.sleep(0.1)
    assert outside == []
    assert wide
    await page.set_viewport_size(wide)


async def the_name_of_a_device_stays_text(stage: Stage, page: Page) -> None:
    devices = await stage.house.ask("config/device_registry/list")
    unit = next(each for each in devices if each["name"] == "Stage")
    await stage.house.ask(
        "config/device_registry/update", device_id=unit["id"], name_by_user=MARKUP
    )
    await page.get_by_role("heading", name=f"{MARKUP} Camera").wait_for()
    assert await page.locator("crcp-card h2 img").count() == 0


async def a_wrong_configuration_is_told(stage: Stage, page: Page) -> None:
    for config in ("{}", "{entity: 7}", "{entity: 'Tape'}", "null"):
        refusal = await page.evaluate(
            f"""() => {{
                try {{ document.createElement("crcp-card").setConfig({config}); }}
                catch (error) {{ return error.message; }}
            }}"""
        )
        assert refusal.startswith("Choose an entity of a CRCP unit")
    wrong = ("media_player.nowhere", "zone.home")
    await stage.show(*({"type": "custom:crcp-card", "entity": each} for each in wrong), page=page)
    await page.get_by_text("This entity is not there: media_player.nowhere").wait_for()
    await page.get_by_text("no tape and no camera of a CRCP unit: zone.home").wait_for()


async def a_picture_that_is_renamed_goes_on(stage: Stage, page: Page) -> None:
    pan = await stage.find("number", "pan")
    await stage.show({"type": "custom:crcp-card", "entity": pan}, page=page)
    await page.locator("crcp-card hui-picture-entity-card").wait_for()
    for name in ("camera.stage_renamed", await stage.find("camera", "stream")):
        now = await stage.find("camera", "stream")
        change = {"entity_id": now, "new_entity_id": name}
        await stage.house.ask("config/entity_registry/update", **change)
        await page.locator("crcp-card").evaluate(
            """(card, name) => new Promise((go, fail) => {
                const look = () =>
                    card.shadowRoot.querySelector(".picture > *")?._config.entity === name && go();
                setInterval(look, 50);
                setTimeout(() => fail(new Error("the picture is the old one")), 60_000);
            })""",
            name,
        )


async def what_is_known_and_not_there_is_no_error(stage: Stage, page: Page) -> None:
    calls = await page.evaluate(
        f"""async () => {{
            const {{ Camera }} = await import("{await folder_of(stage)}/camera.js");
            const {{ textsOf }} = await import("{await folder_of(stage)}/texts.js");
            const calls = [];
            const call = async (...order) => calls.push(order);
            const camera = new Camera({{ place: {{ head: "d" }}, text: textsOf("en"), call }});
            const number = {{
                entity_id: "number.pan", device_id: "d", platform: "crcp", translation_key: "pan",
            }};
            const there = {{
                state: "0", attributes: {{ min: 0, max: 9 }}, entity_id: "number.pan",
            }};
            const house = {{ connected: true, devices: {{}}, entities: {{ [number.entity_id]: number }} }};
            camera.update({{ ...house, states: {{ [number.entity_id]: there }} }});
            const left = camera.element.querySelector("[aria-label=Left]");
            const hidden = [left.hidden];
            camera.update({{ ...house, states: {{}} }});
            hidden.push(left.hidden);
            left.click();
            return [...hidden, calls.length];
        }}"""
    )
    assert calls == [False, True, 0]


async def every_language_says_the_same_things(stage: Stage, page: Page) -> None:
    texts = await page.evaluate(
        f"""async languages => {{
            const {{ textsOf }} = await import("{await folder_of(stage)}/texts.js");
            return languages.map(language => textsOf(language));
        }}""",
        ["en", "de-AT", "fr", "ja", "zh-Hans", "zh-Hant", "eo"],
    )
    assert [set(each) for each in texts] == [set(texts[0])] * len(texts)
    assert all(text.strip() for each in texts for text in each.values())
    assert len({each["record"] for each in texts}) == 5
    assert texts[-1] == texts[-2] == texts[0]


async def an_order_that_comes_late_is_stopped_once_more(stage: Stage, page: Page) -> None:
    said = await page.evaluate(
        f"""async () => {{
            const {{ Mover }} = await import("{await folder_of(stage)}/hold.js");
            const said = [];
            let arrive, done;
            const end = new Promise(go => {{ done = go; }});
            setTimeout(done, 10_000);
            const move = directions => {{
                said.push(directions.join("+"));
                return new Promise(go => {{ arrive = go; }});
            }};
            const halt = async () => {{
                said.push("halt");
                if (said.length === 4) done();
            }};
            const mover = new Mover(move, halt);
            mover.press("finger", ["left", "up"]);
            mover.release("finger");
            said.push("arrives");
            arrive();
            await end;
            return said;
        }}"""
    )
    assert said == ["left+up", "halt", "arrives", "halt"]


async def an_order_that_is_refused_is_not_given_again(stage: Stage, page: Page) -> None:
    said = await page.evaluate(
        f"""async () => {{
            const {{ Mover }} = await import("{await folder_of(stage)}/hold.js");
            const said = [];
            let done;
            const end = new Promise(go => {{ done = go; }});
            setTimeout(done, 10_000);
            const move = async () => {{ said.push("move"); throw new Error("no"); }};
            const halt = async () => {{ said.push("halt"); done(); }};
            const mover = new Mover(move, halt);
            mover.press("finger", ["left"]);
            await end;
            return [...said, mover.isHolding];
        }}"""
    )
    assert said == ["move", "halt", False]


async def the_counter_runs_by_itself_and_learns_how_fast_a_tape_winds(
    stage: Stage, page: Page
) -> None:
    shown = await page.evaluate(
        f"""async () => {{
            const {{ Counter, asTime }} = await import("{await folder_of(stage)}/counter.js");
            let now = 0;
            const shown = [];
            const counter = new Counter(() => now);
            const read = (transport, position, toldAt, rate) =>
                counter.read({{ transport, position, toldAt, rate }});
            const look = () => shown.push(asTime(counter.now));
            read("playing", 3600, "a", 1); now = 2.5; look();
            now = 3.1; read("playing", 3602, "b", 1); look(); // cut to seconds: no jump back
            read("fast_forward", 3602, "b", null); look(); // told before the position is
            now = 3.2; read("fast_forward", 3603, "c", null);
            now = 4.2; read("fast_forward", 3623, "d", null); look();
            now = 4.7; look();
            read("paused", 3633, "e", 0); now = 60; look();
            read("fast_forward", 3633, "f", null); now = 61; look(); // as it was learnt
            read("off", null, undefined, 0); look();
            return shown;
        }}"""
    )
    assert shown == [
        *("01:00:02", "01:00:03", "01:00:03", "01:00:23", "01:00:33", "01:00:33", "01:00:53"),
        "--:--:--",
    ]


STORIES = (
    everything_that_can_be_used_has_a_name,
    nothing_sticks_out_of_a_narrow_card,
    the_name_of_a_device_stays_text,
    a_wrong_configuration_is_told,
    a_picture_that_is_renamed_goes_on,
    what_is_known_and_not_there_is_no_error,
    every_language_says_the_same_things,
    an_order_that_comes_late_is_stopped_once_more,
    an_order_that_is_refused_is_not_given_again,
    the_counter_runs_by_itself_and_learns_how_fast_a_tape_winds,
)


async def folder_of(stage: Stage) -> str:
    [resource] = await stage.house.ask("lovelace/resources")
    return str(resource["url"]).rpartition("/")[0]


async def sticking_out(page: Page) -> list[str]:
    """What of the cards is not within them."""
    outside: list[str] = await page.locator("crcp-card").evaluate_all(
        """cards => cards.flatMap(card => {
            const { left, right } = card.getBoundingClientRect();
            const sticksOut = each => each.width && (each.left < left || each.right > right);
            return [...card.shadowRoot.querySelectorAll("button, select, input, span, h2, p")]
                .filter(each => sticksOut(each.getBoundingClientRect()))
                .map(each => each.outerHTML);
        })"""
    )
    return outside
