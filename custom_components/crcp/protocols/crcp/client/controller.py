"""A controller of one unit over TCP: its commands, and the transfers beside them."""

import asyncio
from collections.abc import Callable
import contextlib
import ssl
from types import TracebackType
from typing import Final, Self, override

from ..addresses import Address
from ..codes import ReplyCode
from ..commands import Commands, refusal, text_command
from ..errors import CrcpError, Refused
from ..login import Credentials
from ..messages import Command, Reply, Representation, Subunit, TransferMode
from ..session import PORT
from ..subunits import FILE, STREAM
from ..transfers import OpenTransfer
from .connection import Connection
from .data import open_data_link
from .data_link import DataLink
from .timeouts import DEFAULT_TIMEOUTS, Timeouts
from .transfer import Transfer, read_listing

FIRST_STREAM: Final = Subunit(STREAM)
OVER_TCP: Final = TransferMode()

#: What units answer that cannot list while they send.
_NOT_BESIDE_ANOTHER: Final = (
    ReplyCode.NO_DATA_CONNECTION,
    ReplyCode.FILE_BUSY,
    ReplyCode.BAD_SEQUENCE,
)


class Controller(Commands):
    """One connection, used once: after an error or close, make another.

    Replies of 4yz and 5yz raise Refused; a lost link LinkError; silence TimedOut, and the
    connection is closed, because a reply that comes later would belong to nobody.
    """

    def __init__(self, connection: Connection, *, third_party_data: bool = False) -> None:
        """Take over an open connection; use connect to make one."""
        super().__init__(asyncio.get_running_loop().time)
        #: What the unit said first; None from a unit without a greeting.
        self.greeting: Reply | None = None
        self._timeouts = connection.timeouts
        self._third_party_data = third_party_data
        self._connection = connection
        self._setting_up = asyncio.Lock()

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int = PORT,
        *,
        credentials: Credentials | None = None,
        tls: ssl.SSLContext | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        third_party_data: bool = False,
    ) -> Self:
        """Open a connection, wait for the unit's greeting, and log in where credentials are given.

        third_party_data: whether the unit may send us to another host for data. Raises LinkError,
        TimedOut, ProtocolError, NotAuthorised, or Busy when another controller has the unit.
        """
        connection = await Connection.open(host, port, tls=tls, timeouts=timeouts)
        controller = cls(connection, third_party_data=third_party_data)
        try:
            controller.greeting = await connection.greeting()
            if credentials:
                await controller.log_in(credentials)
        except BaseException:
            await controller.abort()
            raise
        return controller

    async def __aenter__(self) -> Self:
        """Use the connection as a context manager: it says goodbye at the end."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self.close()

    @property
    def peer(self) -> tuple[str, int]:
        """The unit's address and port, as numbers."""
        host, port = self._connection.transport.get_extra_info("peername")[:2]
        return host, port

    @property
    def closed(self) -> bool:
        """Whether this connection can no longer be used."""
        return self._connection.closed

    def tell_transfer_ends(self, told: Callable[[Reply], None] | None) -> None:
        """Have told called with the final reply of each transfer, whoever started it."""
        self._connection.on_transfer_end = told

    async def wait_closed(self) -> CrcpError:
        """Wait until the connection has ended, whoever ended it; return why."""
        return await self._connection.wait_closed()

    @override
    async def exchange(self, command: Command) -> Reply:
        reply, _ = await self._connection.exchange(command, self.spelling)
        return reply

    async def settle(self, subunit: Subunit) -> None:
        """Watch a camera until what set_value has sent below zero stands, and correct it."""
        while self.is_aiming(subunit):
            await asyncio.sleep(self._timeouts.watching)
            await self.correct(subunit, await self.camera_status(subunit))

    async def close(self) -> None:
        """Abort what is under way, say QUIT if it is our turn to speak, and close the connection."""
        if self._connection.at_rest:
            with contextlib.suppress(CrcpError):
                for transfer in self._connection.transfers:
                    await self._abort_transfer(transfer)
                await self.exchange(Command("QUIT"))
        await self.abort()

    async def abort(self) -> None:
        """Close the connection without a word."""
        await self._connection.abort()

    # -- transfers -----------------------------------------------------------------------------

    @override
    async def choose_payload_type(self, stream: Subunit) -> int:
        # It sets TYPE, which nobody may do while a transfer is being set up.
        async with self._setting_up:
            return await super().choose_payload_type(stream)

    async def retrieve(
        self,
        name: str = "",
        *,
        stream: Subunit = FIRST_STREAM,
        payload_types: tuple[int, ...] = (33,),
        mode: TransferMode = OVER_TCP,
        passive: bool = True,
    ) -> Transfer:
        """Begin to receive name, or what the unit has by default.

        passive: in mode S, whether we connect to the unit or it to us; in mode P, whether it
        names a multicast group or we an address of our own. Raises Refused.
        """
        command = text_command("RETR", stream, name)
        return await self._start(command, Representation(payload_types), mode, passive=passive)

    async def store(
        self,
        name: str,
        *,
        stream: Subunit = FIRST_STREAM,
        payload_types: tuple[int, ...] = (33,),
        mode: TransferMode = OVER_TCP,
        passive: bool = True,
        group: Address | None = None,
    ) -> Transfer:
        """Begin to send name; send packets with the transfer's send, then finish it.

        passive: the unit says where to send to. Else, in mode S, it connects to us, and in mode P
        it joins group. Raises Refused; Misuse in mode P with neither.
        """
        command = text_command("STOR", stream, name)
        kind = Representation(payload_types)
        return await self._start(command, kind, mode, passive=passive, group=group)

    async def list_names(self, path: str = "", *, details: bool = False) -> list[str]:
        """List the names in a directory (NLST), or its lines as the unit writes them (LIST).

        Bounded in size and number; names that could lead elsewhere are left out. Where the unit
        refuses it beside a RETR, that is aborted first: its reader sees the end, and may begin anew.
        """
        command = text_command("LIST" if details else "NLST", Subunit(FILE), path)
        retrieving = [each for each in self._connection.transfers if each.command.name == "RETR"]
        try:
            return await self._list(command)
        except Refused as refused:
            if refused.code not in _NOT_BESIDE_ANOTHER or not retrieving:
                raise
        for transfer in retrieving:
            await self._abort_transfer(transfer)
        return await self._list(command)

    async def _list(self, command: Command) -> list[str]:
        transfer = await self._start(command, Representation(), TransferMode(), passive=True)
        names_only = command.name == "NLST"
        return await read_listing(transfer, names_only=names_only, patience=self._timeouts.listing)

    async def _start(
        self,
        command: Command,
        kind: Representation,
        mode: TransferMode,
        *,
        passive: bool,
        group: Address | None = None,
    ) -> Transfer:
        stream = command.subunit if command.name in ("RETR", "STOR") else FIRST_STREAM
        # TYPE, MODE and the address are the stream's, so nobody else may set them in between.
        async with self._setting_up:
            settings = [Command("TYPE", stream, kind), Command("MODE", stream, mode)]
            if kind.payload_types is None:
                # TYPE A goes with MODE S only, so a unit left in mode P hears of that one first.
                settings.reverse()
            # The mode decides whether the port is TCP or UDP, so it comes before PORT and PASV.
            for setting in settings:
                await self.execute(setting)
            link = await open_data_link(
                self._connection.transport,
                mode,
                passive=passive,
                ask=lambda c: self._ask_for_data(c, stream),
                patience=self._timeouts.data,
                third_party=self._third_party_data,
                sending=command.name == "STOR",
                group=group,
            )
            try:
                return await self._begin(command, link, kind.payload_types or ())
            except BaseException:
                await link.close()
                raise

    async def _begin(
        self, command: Command, link: DataLink, payload_types: tuple[int, ...]
    ) -> Transfer:
        reply, started = await self._connection.exchange(command, self.spelling)
        if reply.failed:
            raise refusal(reply)
        if started is None:
            # All was said and sent in one reply: an empty listing, say.
            return Transfer(link, None, None, abort=None, timeouts=self._timeouts)
        opened, end = started
        return Transfer(
            link,
            opened,
            end,
            abort=lambda: self._abort_transfer(opened),
            give_up=lambda: self._connection.give_up(opened),
            timeouts=self._timeouts,
            payload_types=payload_types,
        )

    async def _ask_for_data(self, command: Command, stream: Subunit | None) -> Reply:
        return await self.execute(Command(command.name, stream, command.argument))

    async def _abort_transfer(self, transfer: OpenTransfer) -> None:
        """ABOR a transfer; its own final reply comes before or after ABOR's, or never."""
        end = self._connection.end_of(transfer)
        subunit = transfer.command.subunit
        stream = subunit if subunit and subunit.kind == STREAM else FIRST_STREAM
        try:
            await self.execute(Command("ABOR", stream))
            if end:
                async with asyncio.timeout(self._timeouts.aborted):
                    await asyncio.shield(end)
        except TimeoutError:
            if self.closed:
                raise
        finally:
            self._connection.forget(transfer)
