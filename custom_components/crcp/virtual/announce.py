"""Announce virtual devices by mDNS, on loopback only: nobody else in the network hears of them."""

import socket

from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from .host import LOOPBACK

UNIT_SERVICE = "_crcp._tcp.local."
CAMERA_SERVICE = "_ptp._tcp.local."


class Announcer:
    """Says where the devices are, and takes it back at the end."""

    def __init__(self) -> None:
        """Open the announcing socket. Raises OSError where there is no multicast."""
        self._zeroconf = AsyncZeroconf(interfaces=[LOOPBACK])

    async def announce(
        self, service: str, instance: str, port: int, properties: dict[str, str]
    ) -> None:
        """Announce one device under its instance name."""
        info = AsyncServiceInfo(
            service,
            f"{instance}.{service}",
            addresses=[socket.inet_aton(LOOPBACK)],
            port=port,
            properties=properties,
            server="crcp-virtual.local.",
        )
        # A second announcer on this machine may use the same instance name, so let it be renamed.
        await (await self._zeroconf.async_register_service(info, allow_name_change=True))

    async def close(self) -> None:
        """Take every announcement back."""
        await self._zeroconf.async_unregister_all_services()
        await self._zeroconf.async_close()
