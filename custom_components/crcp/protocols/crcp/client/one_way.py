"""A controller that cannot hear: commands over UDP, as from an infra-red remote (section 4)."""

import asyncio
import secrets
import time
from typing import Self, override

from ..codec import Spelling
from ..datagrams import Signer, write_lines
from ..errors import LinkError
from ..messages import Amount, Command, Subunit
from ..session import PORT


class OneWayController:
    """Sends commands and learns nothing: no reply, no error, no arrival.

    signer: signs each datagram with the time and a nonce; without it they go as they are.
    """

    def __init__(self, transport: asyncio.DatagramTransport, signer: Signer | None) -> None:
        """Take over an open socket; use open to make one."""
        self.spelling = Spelling()
        self._transport = transport
        self._signer = signer

    @classmethod
    async def open(cls, host: str, port: int = PORT, *, signer: Signer | None = None) -> Self:
        """Open a socket to send from. Raises LinkError."""
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(_Deaf, remote_addr=(host, port))
        except OSError as error:
            raise LinkError(f"cannot send to {host} port {port}: {error}") from error
        return cls(transport, signer)

    def send(self, *commands: Command) -> None:
        """Send commands in one datagram, in their order. Raises ValueError if it is too long.

        A unit may drop what follows a command that it refuses, so put together only what belongs
        together.
        """
        self.send_lines(write_lines(commands, self.spelling))

    def set_value(self, subunit: Subunit, name: str, value: float) -> None:
        """Bring a camera parameter to a value, below zero too where its range includes zero.

        Section 9 reads a sign as "relative", and nothing can be asked: so to zero first, and from
        there, in one datagram because the two must stay in their order.
        """
        if value >= 0:
            self.send(Command(name, subunit, Amount(value)))
            return
        below = Amount(value, relative=True)
        self.send(Command(name, subunit, Amount(0)), Command(name, subunit, below))

    def send_lines(self, lines: bytes) -> None:
        """Send command lines, already written, in one datagram."""
        if self._signer:
            lines = self._signer.sign(lines, now=time.time(), nonce=secrets.token_hex(8))
        self._transport.sendto(lines)

    def close(self) -> None:
        """Close the socket."""
        self._transport.close()


class _Deaf(asyncio.DatagramProtocol):
    @override
    def error_received(self, exc: Exception) -> None:
        """Nobody listens there, says the network; we would not have heard it from the unit."""
