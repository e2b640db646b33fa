"""What the face of a tape does."""

from playwright.async_api import Page

from custom_components.crcp.protocols.crcp.messages import Amount, Motion
from tests.dashboard.stage import MARKUP, Stage, happens, place


async def a_title_with_markup_in_it_is_loaded_and_stays_text(stage: Stage, page: Page) -> None:
    titles = page.get_by_role("combobox", name="Tape")
    for title in ("test-card.ts", MARKUP):
        await titles.select_option(label=title)
    await page.get_by_role("button", name="Load").click()
    await happens(lambda: stage.last("SMNT") == MARKUP, "the tape is loaded")
    assert len(stage.sent("SMNT")) == 1
    assert await page.locator("crcp-card option img").count() == 0


async def the_keys_play_and_pause_and_the_counter_runs(stage: Stage, page: Page) -> None:
    time = page.locator("crcp-card .time")
    await time.evaluate(
        """time => {
            window.shown = [];
            new MutationObserver(() => window.shown.push(time.textContent))
                .observe(time, { childList: true });
        }"""
    )
    await page.get_by_role("button", name="Play").click()
    await happens(lambda: stage.sent("PLAY") == [Motion()], "the tape plays")
    await page.wait_for_function("window.shown.length >= 3")
    await page.get_by_role("button", name="Pause").click()
    await happens(lambda: stage.sent("PAUS"), "the tape pauses")
    shown = await page.evaluate("window.shown")
    assert shown == sorted(shown)
    position = int(stage.unit.decks[0].status().position or 0)
    await page.locator("crcp-card .time", has_text=f"00:00:{position:02}").wait_for()


async def the_tape_winds_and_steps(stage: Stage, page: Page) -> None:
    for key, name, speed in (("Fast forward", "FF", 16), ("Rewind", "FF", -16)):
        await page.get_by_role("button", name=key).click()
        await happens(lambda n=name, s=speed: Motion(s) in stage.sent(n), key)
    await page.get_by_role("button", name="One picture on").click()
    await happens(lambda: stage.sent("PLAY"), "a step")
    assert stage.sent("PLAY")[0].stop == Amount(0.04, relative=True)


async def a_tape_winds_also_when_its_buttons_are_switched_off(stage: Stage, page: Page) -> None:
    await stage.switch_off(await stage.find("button", "fast_forward"), page)
    await page.get_by_role("button", name="Fast forward").click()
    await happens(lambda: Motion(16) in stage.sent("FF"), "it winds")


async def recording_waits_for_its_guard(stage: Stage, page: Page) -> None:
    record = page.get_by_role("button", name="Record")
    assert await record.is_disabled()
    guard = page.get_by_role("switch", name="Recording allowed")
    await guard.click()
    await record.click()
    await happens(lambda: stage.sent("RECO"), "the tape records")
    await page.locator(".record[aria-pressed=true]").wait_for()
    for slider in await page.locator("crcp-card .deck input[type=range]").all():
        assert await slider.is_disabled()
    await guard.click()
    await page.get_by_role("button", name="Pause").click()
    await page.locator(".record[aria-pressed=false]:disabled").wait_for()


async def the_shuttle_springs_back(stage: Stage, page: Page) -> None:
    knob = page.get_by_role("slider", name="Shuttle")
    left, middle, width = await place(knob)
    await page.mouse.move(left + width / 2, middle)
    await page.mouse.down()
    await page.mouse.move(left + width, middle, steps=4)
    twice = Motion(2)
    await happens(lambda: stage.sent("PLAY").count(twice) >= 2, "twice the speed, given anew")
    await page.mouse.up()
    await stands(stage, page)
    assert await knob.input_value() == "0"
    await knob.focus()
    for end in ("up", "Meta"):
        await page.keyboard.down("ArrowLeft")
        await happens(lambda: stage.sent("PLAY"), "it plays")
        assert stage.last("PLAY").speed < 0
        # A Mac does not tell of the key that is let go while Command is down.
        await (page.keyboard.up("ArrowLeft") if end == "up" else page.keyboard.down(end))
        await stands(stage, page)
    await page.keyboard.up("Meta")
    await page.keyboard.up("ArrowLeft")


async def the_shuttle_plays_for_who_cannot_hold_it_until_it_is_at_zero(
    stage: Stage, page: Page
) -> None:
    knob = page.get_by_role("slider", name="Shuttle")
    await page.get_by_role("button", name="Play").click()
    await page.locator("crcp-card [aria-label=Play][aria-pressed=true]").wait_for()
    await knob.fill("1.5")
    await happens(lambda: stage.sent("PLAY").count(Motion(1.5)) >= 2, "faster, given anew")
    await knob.fill("0")
    await happens(lambda: stage.last("PLAY") == Motion(), "it plays as it did before")
    await page.get_by_role("button", name="Pause").click()
    await stands(stage, page)


async def stands(stage: Stage, page: Page) -> None:
    """Wait until the tape was told to stand, and does; forget all that it heard."""
    await happens(lambda: stage.sent("PAUS"), "it stands again")
    await page.locator("crcp-card [aria-label=Pause][aria-pressed=true]").wait_for()
    moves = [each.name for each in stage.unit.commands if each.name in ("PLAY", "PAUS")]
    assert moves[-1] == "PAUS"
    stage.unit.commands.clear()


async def the_keyboard_plays(stage: Stage, page: Page) -> None:
    await page.get_by_role("button", name="Pause").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await happens(lambda: stage.sent("PLAY"), "Enter on the next key plays")
    await page.get_by_role("button", name="Pause").click()
    await happens(lambda: stage.sent("PAUS"), "the tape pauses")


STORIES = (
    a_title_with_markup_in_it_is_loaded_and_stays_text,
    the_keys_play_and_pause_and_the_counter_runs,
    the_tape_winds_and_steps,
    a_tape_winds_also_when_its_buttons_are_switched_off,
    recording_waits_for_its_guard,
    the_shuttle_springs_back,
    the_shuttle_plays_for_who_cannot_hold_it_until_it_is_at_zero,
    the_keyboard_plays,
)
