"""How fast CRCP is here: command round trips beside a bare echo, and STAT CAMERA replies read.

The bare echo is asyncio's own streams and nothing else: a line is written and a line read at either
end, of the same size as our command and reply. The unit and the echo share one process and one event
loop, the controller and the echo's client another. Both are asked in turns, so that whatever else
the machine does slows both alike. Give it a calm moment all the same: a round trip is a few dozen
microseconds, and a busy machine shows how long its processes wait for their turn.
"""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
import contextlib
from itertools import count
import multiprocessing
from multiprocessing.connection import Connection
import statistics
import time

from crcp.protocols.crcp.client import Controller
from crcp.protocols.crcp.codec import format_reply
from crcp.protocols.crcp.messages import AUTO, Amount, Command, Subunit
from crcp.protocols.crcp.session import Role, Session
from crcp.protocols.crcp.status import format_camera_status, parse_camera_status
from crcp.virtual.head import Head
from crcp.virtual.scenes import studio

GOAL = 0.6
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


async def _round_trips(unit_port: int, echo_port: int, turns: int, seconds: float) -> float:
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
    ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
    print(f"bare echo            {statistics.median(bare):9.0f} round trips/s")
    print(f"command and reply    {statistics.median(ours):9.0f} round trips/s")
    print(f"ratio                {ratio:9.2f} (goal {GOAL})")
    return ratio


def _status_reads(seconds: float) -> float:
    """How many STAT CAMERA replies a second go from bytes to values."""
    status = Head(time.monotonic).status()
    data = format_reply(format_camera_status(status))
    session = Session(Role.CONTROLLER)
    session.receive_data(b"220 ready\r\n")
    session.next_event()
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds:
        session.send(Command("STAT", argument=CAMERA))
        session.receive_data(data)
        reply = getattr(session.next_event(), "reply", None)
        if parse_camera_status(reply).parameters["FOCU"].automatic is AUTO:
            raise AssertionError
        done += 1
    print(f"STAT CAMERA read     {done / spent:9.0f} replies/s of {len(data)} bytes")
    return done / spent


def main() -> int:
    """Measure and print; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7, help="how often each is measured")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long each time")
    options = parser.parse_args()
    here, there = multiprocessing.get_context("fork").Pipe()
    other = multiprocessing.get_context("fork").Process(target=_other_process, args=(there,))
    other.start()
    try:
        unit_port, echo_port = here.recv()
        ratio = asyncio.run(_round_trips(unit_port, echo_port, options.turns, options.seconds))
    finally:
        here.send("over")
        other.join()
    _status_reads(options.seconds * 2)
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
