"""The picture over HTTP: players that go away, and players that stop."""

import asyncio
from collections.abc import AsyncIterator
import logging
from urllib.parse import urlsplit

import pytest

from custom_components.crcp.live import server as module
from custom_components.crcp.live.feed import Feed
from custom_components.crcp.live.server import PictureServer
from tests.helpers import until
from tests.live.test_feed import Camera

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def camera() -> Camera:
    return Camera(size=1 << 20)


@pytest.fixture
async def feed(camera: Camera) -> AsyncIterator[Feed]:
    feed = Feed(camera.open, linger=0.05)
    yield feed
    await feed.close()


@pytest.fixture
async def server(feed: Feed) -> AsyncIterator[PictureServer]:
    server = PictureServer(feed)
    await server.start()
    yield server
    await server.stop()


async def player(server: PictureServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    url = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"GET {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
    assert b"200 OK" in await reader.readline()
    return reader, writer


async def test_a_player_that_stopped_does_not_keep_the_transfer(
    server: PictureServer, feed: Feed, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED", 0.1)
    _, writer = await player(server)
    assert feed.viewers == 1
    await until(lambda: camera.opened == 1)

    def is_gone() -> bool:
        # Of many at once, most are skipped for who is slow, and the way to the player never fills.
        camera.show(1)
        return feed.viewers == 0

    await until(is_gone)
    await until(lambda: camera.closed == 1)
    writer.close()


async def test_a_player_that_goes_away_leaves_nothing_in_the_log(
    server: PictureServer, feed: Feed, camera: Camera, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await player(server)
    await until(lambda: camera.opened == 1)
    camera.show(20)
    await reader.readexactly(1 << 20)
    writer.transport.abort()
    await until(lambda: feed.viewers == 0)
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


async def test_a_player_that_goes_away_while_nothing_comes_counts_no_longer(
    server: PictureServer, feed: Feed, camera: Camera
) -> None:
    _, writer = await player(server)
    await until(lambda: camera.opened == 1)
    assert feed.viewers == 1
    writer.close()
    await until(lambda: feed.viewers == 0)
