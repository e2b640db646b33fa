"""TCP hosts on loopback that close everything they opened. They know no protocol."""

from abc import ABC, abstractmethod
import asyncio
from collections.abc import Awaitable, Callable
import contextlib
import ssl
from typing import override

LOOPBACK = "127.0.0.1"

type Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class BaseHost(ABC):
    """Listens on a loopback address, and lets each connection make what serves it."""

    def __init__(
        self, port: int = 0, *, tls: ssl.SSLContext | None = None, address: str = LOOPBACK
    ) -> None:
        """Prepare; start listens. port: 0 lets the system choose. tls: from the first byte on."""
        self._tls = tls
        self._address = address
        self._wanted_port = port
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port listened on."""
        if self._server is None:
            raise RuntimeError("the host is not started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await asyncio.get_running_loop().create_server(
            self.protocol, self._address, self._wanted_port, ssl=self._tls
        )

    async def stop(self) -> None:
        """Stop listening, drop every connection, and wait until all that served them ended."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close()
        await self.dismiss_all()
        server.abort_clients()
        await server.wait_closed()

    @abstractmethod
    def protocol(self) -> asyncio.Protocol:
        """Make what serves the next connection."""

    @abstractmethod
    async def dismiss_all(self) -> None:
        """End what serves the connections there are, and wait for it."""


class Host(BaseHost):
    """Gives each connection to serve, in a task of its own; it is closed when serve returns."""

    def __init__(
        self,
        serve: Serve,
        port: int = 0,
        *,
        tls: ssl.SSLContext | None = None,
        address: str = LOOPBACK,
    ) -> None:
        """Prepare; start listens. tls: encrypts from the first byte on."""
        super().__init__(port, tls=tls, address=address)
        self._serve = serve
        self._tasks: set[asyncio.Task[None]] = set()

    @override
    def protocol(self) -> asyncio.Protocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(), self._accept)

    @override
    async def dismiss_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
