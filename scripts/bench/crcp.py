"""How fast CRCP is here: command round trips beside a bare echo, and STAT CAMERA replies read.

The bare echo is asyncio's own streams and nothing else: a line is written and a line read at either
end, of the same size as our command and reply. The unit and the echo share one process and one event
loop, the controller and the echo's client another. Both are asked in turns. Give it a calm moment all
the same: a round trip is a few dozen microseconds, and a busy machine shows how long its processes
wait for their turn. Replies are read beside ftplib, which leaves them text.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
import contextlib
import ftplib
import io
from itertools import count
import multiprocessing
from multiprocessing.connection import Connection
import time

from crcp.protocols.crcp.client import Controller
from crcp.protocols.crcp.codec import format_reply
from crcp.protocols.crcp.messages import Amount, Command, Subunit
from crcp.protocols.crcp.session import Role, Session
from crcp.protocols.crcp.status import format_camera_status, parse_camera_status
from crcp.virtual.head import Head
from crcp.virtual.scenes import studio
from figures import Figure, Goal, add_option, conclude

CAMERA = Subunit("CAMERA")
COMMAND = Command("PAN", CAMERA, Amount(200))
LINE = b"CAMERA0 PAN 200\r\n"
ANSWER = b"200 Command okay\r\n"


# -- the other process -----------------------------------------------------------------------------


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.readline():
            writer.write(ANSWER)
            await writer.drain()


async def _serve(parent: Connection) -> None:
    unit = studio()
    await unit.start()
    echo = await asyncio.start_server(_echo, "127.0.0.1", 0)
    parent.send((unit.port, echo.sockets[0].getsockname()[1]))
    await asyncio.to_thread(parent.recv)


def _other_process(parent: Connection) -> None:
    asyncio.run(_serve(parent))


# -- this process ----------------------------------------------------------------------------------


async def _rate(doing: Callable[[], Awaitable[object]], seconds: float) -> float:
    """How often a second something can be done, one after the other."""
    began = time.perf_counter()
    for done in count():
        if done % 100 == 0 and (spent := time.perf_counter() - began) >= seconds:
            return done / spent
        await doing()
    raise AssertionError


async def _round_trips(unit_port: int, echo_port: int, turns: int, seconds: float) -> Figure:
    reader, writer = await asyncio.open_connection("127.0.0.1", echo_port)

    async def echo() -> bytes:
        writer.write(LINE)
        await writer.drain()
        return await reader.readline()

    bare, ours = [], []
    async with await Controller.connect("127.0.0.1", unit_port) as controller:

        async def command() -> object:
            return await controller.execute(COMMAND)

        for _ in range(turns):
            bare.append(await _rate(echo, seconds))
            ours.append(await _rate(command, seconds))
    writer.close()
    goal = Goal("ratio", 0.6, at_least=True)
    return Figure.of("commands, each with its reply", ours, "bare echo", bare, "/s", goal)


def _status_reads(turns: int, seconds: float) -> Figure:
    """How many STAT CAMERA replies a second go from bytes to values."""
    data = format_reply(format_camera_status(Head(time.monotonic).status()))
    session = Session(Role.CONTROLLER)
    session.receive_data(b"220 ready\r\n")
    session.next_event()

    def read() -> None:
        session.send(Command("STAT", argument=CAMERA))
        session.receive_data(data)
        parse_camera_status(getattr(session.next_event(), "reply", None))

    ftp = ftplib.FTP()

    def leave_text() -> None:
        ftp.file = io.TextIOWrapper(io.BytesIO(data), encoding="latin-1", newline="\r\n")
        ftp.getresp()

    ours, theirs = [], []
    for _ in range(turns):
        ours.append(_times(read, seconds))
        theirs.append(_times(leave_text, seconds))
    return Figure.of(f"STAT replies of {len(data)} bytes read", ours, "ftplib", theirs, "/s")


def _times(doing: Callable[[], None], seconds: float) -> float:
    """How often a second something can be done that waits for nobody."""
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds:
        doing()
        done += 1
    return done / spent


def main() -> int:
    """Measure and print; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench/crcp", description=__doc__)
    parser.add_argument("--turns", type=int, default=7, help="how often each is measured")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each time")
    add_option(parser)
    options = parser.parse_args()
    here, there = multiprocessing.get_context("fork").Pipe()
    other = multiprocessing.get_context("fork").Process(target=_other_process, args=(there,))
    other.start()
    try:
        unit_port, echo_port = here.recv()
        trips = asyncio.run(_round_trips(unit_port, echo_port, options.turns, options.seconds))
    finally:
        here.send("over")
        other.join()
    return conclude([trips, _status_reads(options.turns, options.seconds / 2)], options.json)


if __name__ == "__main__":
    raise SystemExit(main())
