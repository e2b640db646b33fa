"""TCP connections to a camera: where it is, how they are opened, and what went wrong."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
import socket
from typing import Any, Final

from ..errors import TimedOut, link_error

#: Behind a NAT or a sleeping access point no FIN ever comes: seconds of idling, between probes,
#: and how many probes without an answer end the connection.
KEEPALIVE: Final = {"TCP_KEEPIDLE": 20, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}


async def connect_command(host: str, port: int) -> socket.socket:
    """Open a TCP connection to the first of the host's addresses that takes one."""
    loop = asyncio.get_running_loop()
    try:
        *others, last = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except ValueError as error:  # a name that no network knows: an empty label, a NUL
        raise OSError(f"{host!r} is no host name") from error
    for family, *_, address in others:
        with suppress(OSError):
            return await _dial(family, address)
    return await _dial(last[0], last[-1])


async def connect_events(command: socket.socket) -> socket.socket:
    """Open a second TCP connection to where the first one leads."""
    return await _dial(command.family, command.getpeername())


async def _dial(family: int, address: Any) -> socket.socket:
    """Open a TCP connection that sends at once and notices when the camera has vanished."""
    link = socket.socket(family, socket.SOCK_STREAM)
    try:
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE.items():
            if hasattr(socket, option):  # macOS lacks the first.
                link.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        await asyncio.get_running_loop().sock_connect(link, address)
    except BaseException:
        link.close()
        raise
    return link


async def in_time[T](doing: Awaitable[T], seconds: float | None, what: str) -> T:
    """Wait so long for something on the network; say what failed, in our own errors."""
    try:
        async with asyncio.timeout(seconds):
            return await doing
    except TimeoutError:
        raise TimedOut(f"{what}: no answer in time") from None
    except OSError as error:
        raise link_error(error, what) from error
