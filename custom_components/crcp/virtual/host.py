"""A TCP host on loopback that closes everything it opened. It knows no protocol."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
import ssl

LOOPBACK = "127.0.0.1"

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Host:
    """Accepts connections on 127.0.0.1 and gives each to serve, in a task of its own.

    port: 0 lets the system choose. The connection is closed when serve returns.
    """

    def __init__(self, serve: Serve, port: int = 0, *, tls: ssl.SSLContext | None = None) -> None:
        """Prepare; start listens. tls: encrypts from the first byte on."""
        self._tls = tls
        self._serve = serve
        self._wanted_port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port listened on."""
        if self._server is None:
            raise RuntimeError("the host is not started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(
            self._accept, LOOPBACK, self._wanted_port, ssl=self._tls
        )

    async def stop(self) -> None:
        """Stop listening, drop every connection, and wait until all of their tasks ended."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        server.abort_clients()
        await server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            with contextlib.suppress(ConnectionError):
                await self._serve(reader, writer)
        except asyncio.CancelledError:
            pass  # stop() drops the connection; the server would log the cancelled task otherwise.
        finally:
            writer.close()
