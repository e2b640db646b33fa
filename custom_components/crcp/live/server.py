"""A picture over HTTP to players on this machine: Home Assistant's own, ffmpeg, go2rtc."""

import asyncio
import hmac
import secrets
from typing import Final

from aiohttp import web

from .feed import Feed

LOOPBACK: Final = "127.0.0.1"

#: Letters of a path that nobody guesses.
SECRET_BYTES: Final = 24

#: A player that takes nothing for so many seconds has stopped, and must not keep the transfer.
STALLED: Final = 30.0


class PictureServer:
    """Serves one feed as an endless transport stream, at an address that only its caller knows.

    It listens on loopback alone, on any port that is free. Each viewer is a response of its own,
    which ends when the picture begins anew with another clock; a player connects again then.
    """

    def __init__(self, feed: Feed) -> None:
        """Listen to nothing yet."""
        #: Where the picture is, once started.
        self.url = ""
        self._feed = feed
        self._secret = secrets.token_urlsafe(SECRET_BYTES)
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/{secret}/live.ts", self._serve, allow_head=False)
        # A player that goes away while nothing comes must not count as a viewer any longer.
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0
        )
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        self._runner = runner
        port = runner.addresses[0][1]
        self.url = f"http://{LOOPBACK}:{port}/{self._secret}/live.ts"

    async def stop(self) -> None:
        """Hang up on all viewers."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not hmac.compare_digest(request.match_info["secret"].encode(), self._secret.encode()):
            raise web.HTTPNotFound
        response = web.StreamResponse(
            headers={"Content-Type": "video/mp2t", "Cache-Control": "no-store"}
        )
        with self._feed.watch() as viewer:
            try:
                await response.prepare(request)
                async for frame in viewer:
                    async with asyncio.timeout(STALLED):
                        await response.write(frame.data)
            except ConnectionError, TimeoutError:
                _hang_up(request)
        return response


def _hang_up(request: web.Request) -> None:
    """Wait for nothing more: it has gone, or takes nothing."""
    if request.transport:
        request.transport.abort()
