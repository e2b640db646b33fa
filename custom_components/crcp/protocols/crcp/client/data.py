"""Data connections of a controller: TCP or UDP, opened by either end (section 7)."""

import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from ipaddress import ip_address
import logging
import socket
from typing import Final

from ..addresses import Address, parse_passive
from ..errors import Misuse, ProtocolError
from ..messages import Command, Reply, TransferMode
from .data_datagrams import Datagrams, bind_datagrams, receive_datagrams, send_datagrams
from .data_link import DataLink, host_of, is_same_host
from .data_stream import Listener, connect

_LOGGER = logging.getLogger(__name__)

#: Below this only services of the system listen; no unit has a reason to send us there.
LOWEST_PORT: Final = 1024

#: Asks the unit: sends PASV or PORT and returns the reply.
type Ask = Callable[[Command], Awaitable[Reply]]


async def open_data_link(
    control: asyncio.BaseTransport,
    mode: TransferMode,
    *,
    passive: bool,
    ask: Ask,
    patience: float,
    third_party: bool,
    sending: bool = False,
    group: Address | None = None,
) -> DataLink:
    """Agree with the unit on an address, and open our end of it.

    control: the control connection, whose ends are the only hosts that data may come from, unless
    third_party. sending: whether data go to the unit; without passive, in mode P, by way of group.
    Raises LinkError, TimedOut, ProtocolError, Refused.
    """
    here, peer = (host_of(control.get_extra_info(end)) for end in ("sockname", "peername"))
    if passive:
        told = parse_passive((await ask(Command("PASV"))).text)
        address = await _allowed(told, peer, third_party=third_party)
        if mode.packets is None:
            return await connect(address, patience)
        if sending:
            return await send_datagrams(address, here)
        return await receive_datagrams(address, here, peer)
    if mode.packets is None:
        return await _told(await Listener.open(here, peer, patience), ask)
    if sending:
        return await _send_to_group(group, here, ask)
    return await _told(await bind_datagrams(here, peer), ask)


async def _told(link: Listener | Datagrams, ask: Ask) -> DataLink:
    """Tell the unit where our end is; one that it does not take is closed."""
    try:
        await ask(Command("PORT", argument=link.address))
    except BaseException:
        await link.close()
        raise
    return link


async def _send_to_group(group: Address | None, here: str, ask: Ask) -> DataLink:
    if group is None or not group.is_multicast:
        raise Misuse("over UDP a unit can only be told a group to listen to")
    await ask(Command("PORT", argument=group))
    return await send_datagrams(group, here)


async def _allowed(told: Address, peer: str, *, third_party: bool) -> Address:
    """The address to use: what the unit told, if it may send us there; else its own host.

    A unit that could name any host would have us knock at any door of this network.
    """
    if told.port < LOWEST_PORT:
        raise ProtocolError(f"the unit wants data from port {told.port}")
    found = await _resolve(told)
    unspecified = ip_address(found.host).is_unspecified if found.number else True
    if found.number and is_same_host(found.host, peer):
        return Address(peer, found.port)
    if found.is_multicast or (third_party and not unspecified):
        return found
    if not unspecified:
        _LOGGER.debug("The unit names %r for its data; using its own address", told.host[:64])
    return Address(peer, told.port)


async def _resolve(address: Address) -> Address:
    """Look a name up; one that is not known stays what it is."""
    if address.number is not None:
        return address
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, UnicodeError):
        found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
        return Address(str(found[0][4][0]), address.port)
    return address
