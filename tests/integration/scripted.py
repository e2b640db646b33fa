"""A unit that answers what a test wants, and what stands for the rest around the endings."""

import asyncio
from collections.abc import Callable
from typing import override

from custom_components.crcp.virtual.host import Host


class ScriptedUnit:
    """A unit with a power and a camera whose answers a test gives: what it heard, in order.

    answers: given once each, in turn, for a line. delays: seconds, by the first word of a line.
    held: a line is not answered before the event is set.
    """

    unit_id = "scripted"

    def __init__(self) -> None:
        self.port = 0
        self.heard: list[str] = []
        self.answers: dict[str, list[bytes]] = {}
        self.delays: dict[str, float] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.is_on = True
        self.automatic = ""
        self.connections = 0
        self.on_hearing: Callable[[str], None] = lambda _line: None

    async def start(self) -> None:
        self._host = Host(self._serve, self.port)
        await self._host.start()
        self.port = self._host.port

    async def stop(self) -> None:
        await self._host.stop()

    def orders(self) -> list[str]:
        return [each for each in self.heard if not each.startswith(("STAT", "QUIT"))]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"220 Scripted ready\r\n")
        while line := (await reader.readline()).decode().strip():
            self.heard.append(line)
            self.on_hearing(line)
            await asyncio.sleep(self.delays.get(line.split()[0], 0))
            if held := self.held.get(line):
                await held.wait()
            waiting = self.answers.get(line)
            writer.write(waiting.pop(0) if waiting else self._answer(line))

    def _answer(self, line: str) -> bytes:
        match line.split():
            case ["STAT"]:
                return b"211-status\r\n POWER0\r\n CAMERA0\r\n211 end\r\n"
            case ["STAT", "POWER0"]:
                return b"211-%s\r\n211 end\r\n" % (b"ON" if self.is_on else b"OFF")
            case ["STAT", "CAMERA0"]:
                focus = f"FOCU 0,5,9 {self.automatic}".encode().strip()
                return b"211-OK\r\nPAN 0,10,359\r\nTILT 0,10,90\r\n%s\r\n211 end\r\n" % focus
            case ["POWER0", "ON"]:
                self.is_on = True
            case ["CAMERA0", *_] if not self.is_on:
                return b"503 off\r\n"
        return b"200 ok\r\n"


class ScriptedDeck(ScriptedUnit):
    """The same with a tape, which does what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.operation = "PAUS"

    @override
    def _answer(self, line: str) -> bytes:
        match line.split():
            case ["STAT"]:
                return b"211-status\r\n POWER0\r\n CAMERA0\r\n TAPE0\r\n211 end\r\n"
            case ["STAT", "TAPE0"]:
                tells = f"211-{self.operation} 10\r\nPLAY -4,4 0,100\r\nRECO 0,100\r\nFF -9,9 0,100"
                return f"{tells}\r\nPAUS\r\n211 end\r\n".encode()
            case ["TAPE0", verb, *_]:
                self.operation = verb
        return super()._answer(line)


class Unwritten:
    """Notes that nobody reads."""

    def keep(self) -> None:
        """Forget it."""

    async def note(self) -> None:
        """Forget it."""


async def nothing() -> None:
    """A command that is taken at once."""
