"""A picture through an IPv6 group of one link, in a network of its own: prints what came."""

import asyncio
import sys
import time

from crcp.protocols.crcp.addresses import Address
from crcp.protocols.crcp.client import Controller
from crcp.protocols.crcp.messages import TransferMode
from crcp.virtual import scenes
from crcp.virtual.clips import NULL_PACKET, Clip, Shelf

HERE = "fe80::1%v0"


async def main() -> None:
    shelf = Shelf({"/a.ts": Clip(60, NULL_PACKET * 600)})
    unit = scenes.studio(shelf=shelf, address=HERE, clock=time.monotonic)
    unit.group = Address("ff12::7272", 27280)
    await unit.start()
    async with await Controller.connect(HERE, unit.port) as controller:
        transfer = await controller.retrieve("live", mode=TransferMode(7))
        async with asyncio.timeout(20):
            packet = await anext(transfer.packets())
        await transfer.abort()
        sys.stdout.write("came" if NULL_PACKET in packet.payload else str(packet))
    await unit.stop()


if __name__ == "__main__":
    asyncio.run(main())
