"""JPEG pictures to browsers as the unit sends them, one after the other."""

from typing import Final

from aiohttp import web

from .live.feed import Feed

_BOUNDARY: Final = "picture"


async def serve_pictures(feed: Feed, request: web.Request) -> web.StreamResponse:
    """Answer with all pictures until the browser goes, each as soon as it is there."""
    response = web.StreamResponse()
    response.headers["Content-Type"] = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
    await response.prepare(request)
    while not feed.closed:
        with feed.watch() as viewer:
            async for frame in viewer:
                head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(frame.data)}"
                await response.write(f"{head}\r\n\r\n".encode() + frame.data + b"\r\n")
    return response
