"""One picture for many viewers: who gets what, who waits for whom, and when it is fetched at all."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.crcp.live.feed import LINGER, Feed
from custom_components.crcp.live.viewer import MAX_FRAMES, Viewer
from custom_components.crcp.protocols.crcp.depacketise import MediaFrame
from custom_components.crcp.protocols.crcp.errors import LinkError
from tests.helpers import until


def frame(number: int, *, start: bool = False, size: int = 4) -> MediaFrame:
    return MediaFrame(33, number, number.to_bytes(4) + bytes(size - 4), is_start=start)


class Camera:
    """A source of numbered frames, each fourth of which one can begin with."""

    def __init__(self, size: int = 4) -> None:
        self.size = size
        self.opened = self.closed = self.dropped = 0
        self.error: LinkError | None = None
        self._queue: asyncio.Queue[MediaFrame | Exception | None] = asyncio.Queue()
        self._next = 0

    async def open(self) -> Camera:
        self.opened += 1
        if self.error:
            raise self.error
        self._queue = asyncio.Queue()
        self._next = 0
        return self

    async def frames(self) -> AsyncIterator[MediaFrame]:
        while item := await self._queue.get():
            if isinstance(item, Exception):
                raise item
            yield item

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed += 1

    def show(self, count: int) -> None:
        for _ in range(count):
            begins = self._next % 4 == 0
            self._queue.put_nowait(frame(self._next, start=begins, size=self.size))
            self._next += 1

    def fail(self, error: Exception) -> None:
        self._queue.put_nowait(error)

    def end(self) -> None:
        self._queue.put_nowait(None)


async def numbers(viewer: Viewer, count: int) -> list[int]:
    async with asyncio.timeout(5):
        return [(await anext(viewer)).timestamp for _ in range(count)]


@pytest.fixture
def camera() -> Camera:
    return Camera()


@pytest.fixture
async def feed(camera: Camera) -> AsyncIterator[Feed]:
    feed = Feed(camera.open, linger=0.05, settled=0.0)
    yield feed
    await feed.close()


async def shows(camera: Camera, count: int, opened: int = 1) -> None:
    await until(lambda: camera.opened == opened)
    camera.show(count)


async def test_nothing_is_fetched_before_somebody_watches(camera: Camera, feed: Feed) -> None:
    await asyncio.sleep(0)
    assert camera.opened == 0
    with feed.watch() as viewer:
        await shows(camera, 3)
        assert await numbers(viewer, 3) == [0, 1, 2]


async def test_all_viewers_share_one_transfer(camera: Camera, feed: Feed) -> None:
    with feed.watch() as one, feed.watch() as other:
        await shows(camera, 5)
        assert await numbers(one, 5) == await numbers(other, 5) == [0, 1, 2, 3, 4]
        assert camera.opened == 1


async def test_who_comes_late_begins_where_one_can(camera: Camera, feed: Feed) -> None:
    with feed.watch() as early:
        await shows(camera, 7)
        await numbers(early, 7)
        with feed.watch() as late, feed.watch(late=False) as patient:
            camera.show(2)
            assert await numbers(late, 5) == [4, 5, 6, 7, 8]
            assert await numbers(patient, 1) == [8]


async def test_what_is_kept_for_who_comes_late_is_bounded(
    camera: Camera, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture without key frames would be kept for ever; who comes late waits for the next."""
    monkeypatch.setattr("custom_components.crcp.live.feed.MAX_KEPT", 100)
    camera.size = 40
    with feed.watch() as early:
        await shows(camera, 3)
        await numbers(early, 3)
        with feed.watch() as late:
            camera.show(3)
            assert await numbers(late, 2) == [4, 5]
        with feed.watch() as later:
            assert await numbers(later, 2) == [4, 5]


async def test_the_transfer_ends_some_time_after_the_last_viewer(
    camera: Camera, feed: Feed
) -> None:
    with feed.watch() as viewer:
        await shows(camera, 1)
        await numbers(viewer, 1)
    assert camera.closed == 0
    with feed.watch():
        pass
    await until(lambda: camera.closed == 1)
    assert camera.opened == 1
    assert LINGER == 10
    with feed.watch() as viewer:
        await shows(camera, 1, opened=2)
        assert await numbers(viewer, 1) == [0]


async def test_a_slow_viewer_keeps_nobody_waiting(camera: Camera, feed: Feed) -> None:
    with feed.watch() as slow, feed.watch() as quick:
        await shows(camera, MAX_FRAMES - 10)
        assert await numbers(quick, MAX_FRAMES - 10) == list(range(MAX_FRAMES - 10))
        camera.show(16)
        await numbers(quick, 16)
        # It goes on at a frame that one can begin with, and what it missed is counted.
        first, second = await numbers(slow, 2)
        assert first % 4 == 0
        assert (first, second) == (MAX_FRAMES, MAX_FRAMES + 1)
        assert slow.skipped == MAX_FRAMES


def test_what_waits_is_bounded_in_bytes() -> None:
    viewer = Viewer(max_waiting=100)
    for number in range(9):
        viewer.put(frame(number, start=number % 4 == 0, size=40))
    assert viewer.skipped == 8
    large = frame(9, start=True, size=400)
    Viewer(max_waiting=100).put(large)


async def test_viewers_of_a_picture_with_another_clock_begin_anew(
    camera: Camera, feed: Feed
) -> None:
    news: list[int] = []
    feed._on_another = lambda: news.append(camera.opened)
    with feed.watch() as viewer:
        await shows(camera, 2)
        await numbers(viewer, 2)
        camera.end()
        await until(lambda: camera.opened == 2)
        with feed.watch() as newcomer:
            camera.show(2)
            assert await numbers(newcomer, 2) == [0, 1]
        with pytest.raises(StopAsyncIteration):
            await anext(viewer)
    assert news == [2]


async def test_a_picture_that_ends_at_once_sends_nobody_away(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tape at its end shows one black picture to each who asks, and is asked more seldom."""
    monkeypatch.setattr("custom_components.crcp.live.feed.RETRY_DELAYS", (0, 0, 0, 1000))
    news: list[int] = []
    feed = Feed(camera.open, settled=1000.0, on_another=lambda: news.append(1))
    with feed.watch() as viewer:
        for attempt in range(1, 5):
            await shows(camera, 1, opened=attempt)
            camera.end()
        assert await numbers(viewer, 1) == [0]
        await until(lambda: feed._failures == 4)
        assert not news
        feed._settled = 0.01
        feed.hurry()
        await until(lambda: camera.opened == 5)
        # It plays again: who has seen nothing yet sees it at once, and the other when it stays.
        with feed.watch() as newcomer:
            camera.show(2)
            assert await numbers(newcomer, 2) == [0, 1]
        with pytest.raises(StopAsyncIteration):
            await anext(viewer)
    assert news == [1]
    assert feed._failures == 0
    await feed.close()


async def test_who_wants_one_transfer_is_told_when_it_ends(camera: Camera, feed: Feed) -> None:
    with feed.watch(once=True) as viewer, feed.watch() as patient:
        await shows(camera, 2)
        camera.end()
        assert await numbers(viewer, 2) == [0, 1]
        with pytest.raises(StopAsyncIteration):
            await anext(viewer)
        assert camera.opened == 1
        assert await numbers(patient, 2) == [0, 1]


async def test_viewers_wait_for_a_unit_that_is_away(camera: Camera, feed: Feed) -> None:
    camera.error = LinkError("gone")
    with feed.watch() as viewer:
        await until(lambda: feed.error is not None)
        camera.error = None
        feed.hurry()
        await shows(camera, 1, opened=2)
        assert await numbers(viewer, 1) == [0]
        assert feed.error is None


async def test_the_stream_can_be_lent_to_something_else(camera: Camera, feed: Feed) -> None:
    with feed.watch() as viewer:
        await shows(camera, 1)
        await numbers(viewer, 1)
        async with feed.held():
            assert camera.closed == 1
            with feed.watch():
                await asyncio.sleep(0.02)
            assert camera.opened == 1
        await until(lambda: camera.opened == 2)


async def test_one_transfer_ends_before_the_next_begins(camera: Camera, feed: Feed) -> None:
    order: list[str] = []
    open_it, close_it = camera.open, camera.close

    async def opening() -> Camera:
        order.append("open")
        return await open_it()

    async def closing() -> None:
        await asyncio.sleep(0.05)
        order.append("close")
        await close_it()

    camera.close = closing
    feed._open_source = opening
    with feed.watch():
        await shows(camera, 1)
        await feed.renew()
        await until(lambda: camera.opened == 2)
    assert order == ["open", "close", "open"]


async def test_who_comes_while_a_transfer_ends_waits_for_that(camera: Camera, feed: Feed) -> None:
    """The last viewer has gone, and the unit's stream is one."""
    gate, steps = asyncio.Event(), []
    open_it, close_it = camera.open, camera.close

    async def opening() -> Camera:
        steps.append("open")
        return await open_it()

    async def closing() -> None:
        steps.append("closes")
        await gate.wait()
        steps.append("closed")
        await close_it()

    camera.close = closing
    feed._open_source = opening
    with feed.watch() as viewer:
        await shows(camera, 1)
        await numbers(viewer, 1)
    await until(lambda: steps == ["open", "closes"])
    with feed.watch():
        for _ in range(5):
            await asyncio.sleep(0)
        gate.set()
        await until(lambda: camera.opened == 2)
        assert steps == ["open", "closes", "closed", "open"]


async def test_who_begins_to_watch_does_not_wait_as_long_as_those_before(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.crcp.live.feed.RETRY_DELAYS", (0, 0, 1000))
    feed = Feed(camera.open, linger=0)
    camera.error = LinkError("gone")
    for opened in (3, 6):
        with feed.watch():
            await until(lambda opened=opened: camera.opened == opened)
            await until(lambda: feed._failures == 3)
        await until(lambda: feed._pump is None)
    await feed.close()


async def test_a_closed_feed_ends_its_viewers(camera: Camera, feed: Feed) -> None:
    with feed.watch() as viewer:
        await shows(camera, 1)
        await numbers(viewer, 1)
        await feed.close()
        with pytest.raises(StopAsyncIteration):
            await anext(viewer)
    with feed.watch() as viewer, pytest.raises(StopAsyncIteration):
        await anext(viewer)
    assert camera.opened == camera.closed == 1


async def test_nobody_is_left_with_another_transfer(camera: Camera, feed: Feed) -> None:
    """Who watched goes while one transfer ends so that another can begin."""
    gate = asyncio.Event()
    close_it = camera.close

    async def closing() -> None:
        await gate.wait()
        await close_it()

    camera.close = closing
    with feed.watch() as viewer:
        await shows(camera, 1)
        await numbers(viewer, 1)
        renewing = asyncio.create_task(feed.renew())
        await asyncio.sleep(0)
    gate.set()
    await renewing
    assert (camera.opened, camera.closed) == (1, 1)
    with feed.watch() as viewer:
        await shows(camera, 1, opened=2)
        await numbers(viewer, 1)
    await feed.renew()
    assert (camera.opened, camera.closed) == (2, 2)


async def test_a_mistake_of_ours_does_not_end_the_picture_for_good(
    camera: Camera, feed: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    with feed.watch() as viewer:
        await shows(camera, 1)
        await numbers(viewer, 1)
        camera.fail(ValueError("stumbled"))
        await until(lambda: feed.error is not None)
        assert "stumbled" in str(feed.error)
        assert "The picture broke" in caplog.text
        feed.hurry()
        await until(lambda: camera.opened == 2)
    with feed.watch() as viewer:
        camera.show(1)
        assert await numbers(viewer, 1) == [0]
        assert feed.error is None


async def test_a_transfer_that_begins_is_not_broken_off_halfway(camera: Camera, feed: Feed) -> None:
    """What is begun with several commands would leave the connection of no use otherwise."""
    gate, steps = asyncio.Event(), []
    open_it = camera.open

    async def opening() -> Camera:
        steps.append("begun")
        await gate.wait()
        steps.append("done")
        return await open_it()

    feed._open_source = opening
    with feed.watch():
        await until(lambda: steps == ["begun"])
        holding = feed.held()
        entering = asyncio.create_task(holding.__aenter__())
        await asyncio.sleep(0)
        gate.set()
        await entering
        assert steps == ["begun", "done"]
        assert (camera.opened, camera.closed) == (1, 1)
    await holding.__aexit__(None, None, None)
    assert camera.opened == 1


async def test_a_unit_that_sends_nothing_is_told(camera: Camera, feed: Feed) -> None:
    with feed.watch():
        await until(lambda: camera.opened == 1)
        camera.end()
        await until(lambda: "sends no picture" in str(feed.error))
