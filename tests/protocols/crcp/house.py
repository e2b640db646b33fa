"""What a test builds: units, wires to them, controllers; all torn down after it."""

import asyncio
from collections.abc import Awaitable, Callable
import socket

import pytest

from custom_components.crcp.protocols.crcp.addresses import parse_passive
from custom_components.crcp.protocols.crcp.client import Controller, Timeouts
from custom_components.crcp.protocols.crcp.errors import Refused
from custom_components.crcp.virtual.clips import NULL_PACKET, Clip, Shelf
from custom_components.crcp.virtual.scenes import PERSONALITIES
from custom_components.crcp.virtual.unit import VirtualUnit

from .dialogue import AnsweringUnit, Clock, Wire

#: Shorter than the real ones, and yet longer than a busy machine holds up a test.
QUICK = Timeouts(greeting=0.5, busy_greeting=5, aborted=0.5)


class House:
    """What a test has built, to be torn down after it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.data: list[asyncio.StreamWriter] = []
        self._closing: list[Callable[[], Awaitable[object]]] = []

    async def unit(self, personality: str = "studio", **options: object) -> VirtualUnit:
        """Start a virtual unit whose tapes and cameras stand still until the clock is set on."""
        if personality == "studio":
            tapes = {"/a.ts": Clip(60, NULL_PACKET * 600), "/b.ts": Clip(60, NULL_PACKET * 600)}
            options = {"shelf": Shelf(tapes), "clock": self.clock, **options}
        unit = PERSONALITIES[personality](**options)
        unit.penalty = 0
        await unit.start()
        self._closing.append(unit.stop)
        return unit

    async def wire(self, unit: VirtualUnit, *, source: str = "127.0.0.1") -> Wire:
        """Connect to a unit and hear its greeting."""
        wire = await Wire.connect(unit.port, source=source)
        self._closing.append(wire.close)
        await wire.hear()
        return wire

    async def wired(self, personality: str = "studio", **options: object) -> Wire:
        return await self.wire(await self.unit(personality, **options))

    async def answering(
        self, answers: dict[str, str | list[str]], **options: str
    ) -> tuple[Controller, AnsweringUnit]:
        """Connect a controller to a unit that answers from a table."""
        unit = AnsweringUnit(answers, **options)
        await unit.__aenter__()
        self._closing.append(unit.__aexit__)
        return await self.controller(unit), unit

    async def controller(self, unit: AnsweringUnit | VirtualUnit) -> Controller:
        controller = await Controller.connect("127.0.0.1", unit.port, timeouts=QUICK)
        self._closing.append(controller.close)
        return controller

    async def retrieving(self, wire: Wire, name: str) -> asyncio.StreamReader:
        """Begin a RETR over a connection of our own making; gives what comes out of it."""
        await wire.ask("TYPE I 33")
        where = await passive(wire)
        assert await codes(wire, f"RETR {name}") == [150]
        reader, writer = await asyncio.open_connection(*where)
        self.data.append(writer)
        return reader

    async def close(self) -> None:
        for writer in self.data:
            writer.close()
        for close in reversed(self._closing):
            await close()


async def codes(wire: Wire, *lines: str) -> list[int]:
    """Say lines one after the other; the codes of their replies."""
    return [int((await wire.ask(line))[0][:3]) for line in lines]


async def refusal(doing: Awaitable[object]) -> int:
    with pytest.raises(Refused) as refused:
        await doing
    return refused.value.code


async def passive(wire: Wire, command: str = "PASV") -> tuple[str, int]:
    where = parse_passive((await wire.ask(command))[0][4:])
    return where.host, where.port


async def received(port: socket.socket) -> bytes:
    async with asyncio.timeout(10):
        return await asyncio.get_running_loop().sock_recv(port, 4096)


def udp_port(host: str = "127.0.0.1") -> socket.socket:
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.bind((host, 0))
    port.setblocking(False)
    return port


def port_argument(port: socket.socket) -> str:
    host, number = port.getsockname()
    return f"{host.replace('.', ',')},{number >> 8},{number & 255}"
