"""Where data comes from or goes to, whatever carries it, and which hosts are one."""

from abc import ABC, abstractmethod
from ipaddress import ip_address
from typing import Any, Final

#: So much is read at once; no datagram is longer.
READ_SIZE: Final = 65536


class DataLink(ABC):
    """Where data comes from or goes to."""

    #: Whether each piece is a datagram that holds one packet, rather than a piece of a stream.
    is_packets = False

    @abstractmethod
    async def read(self) -> bytes:
        """Return what came next; b"" at the end of a stream. Raises LinkError."""

    def read_waiting(self) -> list[bytes]:
        """Return what has come besides and need not be waited for."""
        return []

    @abstractmethod
    async def write(self, data: bytes) -> None:
        """Send data. Raises LinkError."""

    @abstractmethod
    async def close(self) -> None:
        """Close; the peer sees the end of the stream."""


def host_of(name: tuple[Any, ...]) -> str:
    """The host of a socket's name. A link-local one says nothing without its interface."""
    host, _, *more = name
    return f"{host}%{more[1]}" if more and more[1] else str(host)


def is_same_host(host: str, other: str) -> bool:
    """Whether two hosts are one, whatever their interfaces are called."""
    if host == other:
        return True
    return ip_address(host.partition("%")[0]) == ip_address(other.partition("%")[0])
