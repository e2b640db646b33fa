"""Transcripts: read from their files, and played by a controller or a unit that is a bare socket.

Nothing here uses the package's own codec, or a misreading would agree with itself. The notation:
C: what the controller sends, U: what the unit sends, D: what goes over a data connection, # a
comment. Every line ends in CR LF on the wire; one blank after the colon is the notation's.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
import os
from pathlib import Path
from typing import Self

from PIL import Image

FOLDER = Path(__file__).parent / "transcripts"

#: Numbers of the transcripts, as the documents count them.
ALL = range(1, 27)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript: who (C, U, D or #) says what."""

    who: str
    text: str


class Clock:
    """A clock that stands until it is set forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def read_transcript(number: int) -> list[Line]:
    """Read T1 to T26."""
    (path,) = FOLDER.glob(f"t{number:02}_*.txt")
    lines = []
    for text in path.read_text().splitlines():
        who, _, said = text.partition(": " if text[:1] in "CUD" else " ")
        lines.append(Line(who, said))
    return lines


def commands_of(number: int) -> list[str]:
    """What the controller says in a transcript."""
    return [line.text for line in read_transcript(number) if line.who == "C"]


def is_last_line(text: str, code: str) -> bool:
    """Whether a line ends the reply that began with this code (RFC 959 section 4.2)."""
    return text[:3] == code and text[3:4] != "-"


def small_picture() -> bytes:
    """A JPEG of the kind that RTP can carry."""
    file = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "JPEG")
    return file.getvalue()


class Wire:
    """A control connection without any knowledge: lines out, lines of replies in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, *, source: str = "127.0.0.1") -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)))

    def say(self, text: str) -> None:
        self.writer.write(f"{text}\r\n".encode())

    async def hear(self) -> list[str]:
        """The lines of the next reply; none when the connection was closed."""
        async with asyncio.timeout(10):
            lines = [await self._line()]
            while lines[0][3:4] == "-" and not is_last_line(lines[-1], lines[0][:3]):
                lines.append(await self._line())
        return [] if lines == [""] else lines

    async def ask(self, text: str) -> list[str]:
        self.say(text)
        return await self.hear()

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def _line(self) -> str:
        line = (await self.reader.readline()).decode()
        assert not line or line.endswith("\r\n"), f"a line must end in CR LF: {line!r}"
        return line.removesuffix("\r\n")


class PlayedUnit:
    """A unit that says the U: lines of a transcript and writes down what it hears.

    It listens on an address of its own in 127/8, so that the data ports can be the transcript's.
    """

    _hosts = 0

    def __init__(self, lines: list[Line], *, greets: bool = True) -> None:
        PlayedUnit._hosts += 1
        # No two units at the same time, in this process or another, have the same address.
        self.host = f"127.{1 + os.getpid() // 250 % 250}.{1 + os.getpid() % 250}.{self._hosts}"
        self.heard: list[str] = []
        self.expected = [line.text for line in lines if line.who == "C"]
        #: Called for a connection to the data port, at a D: line, and after the last line.
        self.serve_data: Callable[[asyncio.StreamWriter], None] | None = None
        self.on_data: Callable[[Self], None] | None = None
        self.on_end: Callable[[Self], None] | None = None
        self.data_may_end = asyncio.Event()
        self._lines = [line for line in lines if line.who != "#"]
        self._greets = greets
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        port: int = self._servers[0].sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._servers.append(await asyncio.start_server(self._serve, self.host, 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for server in self._servers:
            server.close()
            server.abort_clients()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._remember_task()
        try:
            await self._play(reader, writer)
        finally:
            writer.close()

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._greets and self._lines[0].text[:3] not in ("220", "421"):
            writer.write(b"220 ready\r\n")
        while self._lines:
            line = self._lines.pop(0)
            if line.who == "C":
                self.heard.append((await reader.readline()).decode().removesuffix("\r\n"))
                if self.heard[-1] != line.text and not self.heard[-1].startswith("PORT"):
                    return
            elif line.who == "D":
                if self.on_data:
                    self.on_data(self)
            else:
                await self._say(line.text, writer)
                if line.text.startswith("421"):
                    return
        if self.on_end:
            self.on_end(self)
        while rest := (await reader.readline()).decode():
            self.heard.append(rest.removesuffix("\r\n"))
            writer.write(b"221 bye\r\n" if rest == "QUIT\r\n" else b"502 enough\r\n")

    async def _say(self, text: str, writer: asyncio.StreamWriter) -> None:
        if text.startswith("226"):
            self.data_may_end.set()
            await asyncio.sleep(0)
        if text.startswith("227"):
            await self._open_data_port(text)
        writer.write(f"{text}\r\n".encode())

    async def _open_data_port(self, text: str) -> None:
        numbers = text.partition("(")[2].partition(")")[0].split(",")
        if len(numbers) != 6:
            return  # a name: the address of a group, where nobody listens
        port = int(numbers[4]) * 256 + int(numbers[5])
        self._servers.append(await asyncio.start_server(self._give_data, self.host, port))

    async def _give_data(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._remember_task()
        try:
            if self.serve_data:
                self.serve_data(writer)
            await self.data_may_end.wait()
        finally:
            writer.close()

    def _remember_task(self) -> None:
        if task := asyncio.current_task():
            self._tasks.add(task)


class AnsweringUnit:
    """A unit of few words: a table says what it answers to each line.

    An answer is sent as it stands, a line end after each of its lines; answers of a list are used
    up one after the other, and the last one stays. "" is silence. Others get "502 what?".
    """

    def __init__(
        self,
        answers: Mapping[str, str | list[str]] | None = None,
        *,
        greeting: str = "220 ready",
    ) -> None:
        self.heard: list[str] = []
        self.writer: asyncio.StreamWriter | None = None
        #: Whether it says 200 to any PORT; the address is of nobody's choice.
        self.accept_port = False
        self._answers = {"QUIT": "221 bye", **(answers or {})}
        self._greeting = greeting
        self._server: asyncio.Server | None = None
        self._ended = asyncio.Event()

    @property
    def port(self) -> int:
        assert self._server
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server
        self._server.close()
        self._server.abort_clients()
        if self.writer:
            await self._ended.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        if self._greeting:
            self._say(self._greeting)
        try:
            while line := (await reader.readline()).decode().removesuffix("\r\n"):
                self.heard.append(line)
                self._say(self._answer(line))
        except ConnectionError:
            pass
        finally:
            writer.close()
            self._ended.set()

    def _answer(self, line: str) -> str:
        if self.accept_port and line.startswith("PORT "):
            return "200 Command okay"
        answer = self._answers.get(line, "502 what?")
        if isinstance(answer, str):
            return answer
        return answer.pop(0) if len(answer) > 1 else answer[0]

    def _say(self, text: str) -> None:
        assert self.writer
        for line in text.splitlines():
            self.writer.write(f"{line}\r\n".encode())
