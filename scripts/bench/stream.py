"""How late a unit's picture is when it is received, and seen; and what receiving it costs.

The unit runs in a process of its own and plays a tape whose pictures are numbered, so each one says
when it was on the tape. The peer is ffmpeg, to which the same unit sends the same tape, in turns. The
machine should be idle.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import io
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
import shutil
import statistics
import sys
import time

import av
from crcp.live.feed import Feed
from crcp.live.server import PictureServer
from crcp.live.transfer import Wish, open_transfer
from crcp.protocols.crcp.client import Controller
from crcp.protocols.crcp.depacketise import MediaFrame, MediaReader
from crcp.protocols.crcp.messages import Command, Motion, Subunit, TransferMode
from crcp.protocols.crcp.mpegts_tables import payload_of
from crcp.virtual.clips import Shelf
from crcp.virtual.footage import Footage, Plan, make_footage
from crcp.virtual.scenes import studio
from crcp.virtual.test_card import read_stamp
from figures import Figure, Goal, add_option, conclude
from PIL import Image
from stream_ffmpeg import SHOWN, numbers, playing as ffmpeg_playing, processor_time, viewers

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "footage"
PLAN = Plan(seconds=20)

#: How long it takes to wind the tape to its beginning.
REWIND = PLAN.seconds / 16 + 0.2

#: Median milliseconds from the tape to a picture that was decoded and read.
DELAY_GOALS = {33: 150, 26: 20}

#: Percent of a core at bits a second, receiving alone.
COST_GOALS = {6_500_000: 3, 23_000_000: 5}

#: Seconds after which a stream flows evenly.
SETTLING = 0.5

KINDS = {33: "MPEG-TS", 26: "JPEG"}
NOWHERE = ("-map", "0:v", "-c", "copy", "-f", "null", "-")
MODES = {"S": TransferMode(), "P 7": TransferMode(7)}
TAPE = Subunit("TAPE")


# -- the other process -----------------------------------------------------------------------------


async def _serve(parent: Connection, footage: Footage) -> None:
    tapes = {"/card.ts": footage}
    for rate in COST_GOALS:
        tapes[f"/{rate}.ts"] = footage.filled(rate)
    unit = studio(shelf=Shelf(tapes), payload_types=(33, 26))
    await unit.start()
    parent.send(unit.port)
    while await asyncio.to_thread(parent.recv) == "where":
        # Both processes have the same clock: that of the machine.
        parent.send((unit.decks[0].position, time.monotonic()))
    await unit.stop()


def _other_process(parent: Connection, footage: Footage) -> None:
    asyncio.run(_serve(parent, footage))


# -- this process ----------------------------------------------------------------------------------


@asynccontextmanager
async def _playing(
    port: int, name: str, kind: int, mode: TransferMode
) -> AsyncIterator[AsyncIterator[MediaFrame]]:
    """The frames of a tape while it plays, as they become whole."""
    async with await Controller.connect("127.0.0.1", port) as controller:
        passive = mode.packets is None
        transfer = await controller.retrieve(
            name, payload_types=(kind,), mode=mode, passive=passive
        )
        await controller.execute(Command("FF", TAPE, Motion(-16)))
        await asyncio.sleep(REWIND)
        await controller.execute(Command("PLAY", TAPE))

        async def frames() -> AsyncIterator[MediaFrame]:
            receiver = MediaReader((kind,))
            async for packet in transfer.packets():
                for frame in receiver.feed(packet):
                    yield frame

        yield frames()
        await controller.execute(Command("PAUS", TAPE))
        await transfer.abort()


async def _delay(unit: Connection, port: int, kind: int, mode: str, count: int) -> float:
    """Median milliseconds from the tape to a picture that we see."""
    seen = Delays(unit)
    see = _decoder() if kind == 33 else _read_jpeg
    async with _playing(port, "/card.ts", kind, MODES[mode]) as frames:
        seen.begin()
        async for frame in frames:
            if seen.note(see(frame.data)) == count:
                break
    return seen.median


async def _ffmpeg_delay(unit: Connection, port: int, kind: int, _: str, count: int) -> float:
    """The same to one that ffmpeg shows."""
    seen = Delays(unit)
    size = (PLAN.width, PLAN.height)
    async with ffmpeg_playing(port, "/card.ts", kind, REWIND, *SHOWN) as process:
        seen.begin()
        async for number in numbers(process, size):
            if seen.note(number) == count:
                break
    return seen.median


class Delays:
    """How late pictures are."""

    def __init__(self, unit: Connection) -> None:
        self._unit = unit
        self._start = 0.0
        self._seen: list[float] = []

    def begin(self) -> None:
        """Ask when the tape was at its beginning."""
        self._unit.send("where")
        position, then = self._unit.recv()
        self._start = then - position

    def note(self, number: int | None) -> int:
        """A picture is seen now; return how many were, once it flows evenly."""
        due = self._start + (number or 0) / PLAN.rate
        if number is not None and number >= SETTLING * PLAN.rate:
            self._seen.append(time.monotonic() - due)
        return len(self._seen)

    @property
    def median(self) -> float:
        """Milliseconds."""
        return 1000 * statistics.median(self._seen)


def _decoder() -> Callable[[bytes], int | None]:
    """Reads the number of the picture in the packets of a frame."""
    context = av.CodecContext.create("h264", "r")
    context.thread_count = 1

    def see(packets: bytes) -> int | None:
        pes = b"".join(
            payload_of(each)
            for at in range(0, len(packets), 188)
            if int.from_bytes((each := packets[at : at + 188])[1:3]) & 0x1FFF not in (0, 0x1000)
        )
        for picture in context.decode(av.Packet(pes[9 + pes[8] :])):
            stamp = read_stamp(picture.to_image())
            return stamp.number if stamp else None
        return None

    return see


def _read_jpeg(data: bytes) -> int | None:
    stamp = read_stamp(Image.open(io.BytesIO(data)))
    return stamp.number if stamp else None


async def _cost(port: int, rate: int, mode: str, seconds: float) -> float:
    """Percent of a core to receive a tape of so many bits a second."""
    async with _playing(port, f"/{rate}.ts", 33, MODES[mode]) as frames:
        opened = began = busy = 0.0
        async for _ in frames:
            now = time.monotonic()
            opened = opened or now
            if now - opened < SETTLING:  # what waited for us comes all at once
                began, busy = now, time.process_time()
            elif now - began >= seconds:
                break
        return 100 * (time.process_time() - busy) / (time.monotonic() - began)


async def _ffmpeg_cost(port: int, rate: int, outputs: tuple[str, ...], seconds: float) -> float:
    """The same of ffmpeg, which passes on what it receives."""
    async with ffmpeg_playing(port, f"/{rate}.ts", 33, REWIND, *outputs) as process:
        await asyncio.sleep(SETTLING)
        began, busy = time.monotonic(), processor_time(process.pid)
        await asyncio.sleep(seconds)
        if process.returncode is not None:
            raise RuntimeError("ffmpeg has ended")
        return 100 * (processor_time(process.pid) - busy) / (time.monotonic() - began)


async def _serving(port: int, rate: int, count: int, seconds: float) -> float:
    """What it costs to receive, fan out and serve; the viewers only throw away what they get."""
    async with await Controller.connect("127.0.0.1", port) as controller:
        await controller.execute(Command("SMNT", Subunit("FILE"), f"/{rate}.ts"))
        wish = Wish(Subunit("STREAM"), 33)
        feed = Feed(lambda: open_transfer(controller, wish), linger=0)
        server = PictureServer(feed)
        await server.start()
        others = [await _start_viewer(server.url) for _ in range(count)]
        while feed.viewers < count:
            await asyncio.sleep(0.05)
        await controller.execute(Command("FF", TAPE, Motion(-16)))
        await asyncio.sleep(REWIND)
        await controller.execute(Command("PLAY", TAPE))
        await asyncio.sleep(SETTLING)
        began, busy = time.monotonic(), time.process_time()
        await asyncio.sleep(seconds)
        percent = 100 * (time.process_time() - busy) / (time.monotonic() - began)
        if feed.viewers != count:
            raise RuntimeError(f"{feed.viewers} viewers are left")
        for other in others:
            other.terminate()
            await other.wait()
        await feed.close()
        await server.stop()
        await controller.execute(Command("PAUS", TAPE))
    return percent


async def _ffmpeg_serving(port: int, rate: int, count: int, seconds: float) -> float:
    """The same of ffmpeg, which is told all its viewers before it begins."""
    async with viewers(count) as addresses:
        outputs = [
            word
            for address in addresses
            for word in ("-map", "0:v", "-c", "copy", "-f", "mpegts", address)
        ]
        return await _ffmpeg_cost(port, rate, tuple(outputs), seconds)


async def _start_viewer(url: str) -> asyncio.subprocess.Process:
    throw_away = (
        "import sys, urllib.request as u\nr = u.urlopen(sys.argv[1])\nwhile r.read(65536): pass"
    )
    return await asyncio.create_subprocess_exec(sys.executable, "-c", throw_away, url)


async def _in_turns(
    rounds: int, *measured: Callable[[], Awaitable[float]]
) -> tuple[list[float], ...]:
    results = [[await each() for each in measured] for _ in range(rounds)]
    return tuple(map(list, zip(*results, strict=True)))


async def _delays(unit: Connection, port: int, options: argparse.Namespace) -> list[Figure]:
    figures = []
    for kind, goal in DELAY_GOALS.items():
        by_tcp, by_udp, peer = await _in_turns(
            options.rounds,
            lambda kind=kind: _delay(unit, port, kind, "S", options.pictures),
            lambda kind=kind: _delay(unit, port, kind, "P 7", options.pictures),
            lambda kind=kind: _ffmpeg_delay(unit, port, kind, "P 7", options.pictures),
        )
        figures += [
            Figure.of(
                f"from the tape to the eye, {KINDS[kind]}, mode {mode}",
                *(ours, "ffmpeg", peer, "ms"),
                Goal("ours", goal),
            )
            for mode, ours in zip(MODES, (by_tcp, by_udp), strict=True)
        ]
    return figures


async def _costs(port: int, options: argparse.Namespace) -> list[Figure]:
    figures = []
    for rate, goal in COST_GOALS.items():
        by_tcp, by_udp, peer = await _in_turns(
            options.rounds,
            lambda rate=rate: _cost(port, rate, "S", options.seconds),
            lambda rate=rate: _cost(port, rate, "P 7", options.seconds),
            lambda rate=rate: _ffmpeg_cost(port, rate, NOWHERE, options.seconds),
        )
        figures += [
            Figure.of(
                f"receiving {rate / 1e6:g} Mbit/s, mode {mode}, of a core",
                *(ours, "ffmpeg", peer, "%"),
                Goal("ours", goal),
            )
            for mode, ours in zip(MODES, (by_tcp, by_udp), strict=True)
        ]
    return figures


async def _audiences(port: int, options: argparse.Namespace) -> list[Figure]:
    figures = []
    for rate, goal in COST_GOALS.items():
        one, ten, peer_one, peer_ten = await _in_turns(
            1,
            lambda rate=rate: _serving(port, rate, 1, options.seconds),
            lambda rate=rate: _serving(port, rate, 10, options.seconds),
            lambda rate=rate: _ffmpeg_serving(port, rate, 1, options.seconds),
            lambda rate=rate: _ffmpeg_serving(port, rate, 10, options.seconds),
        )
        to = f"{rate / 1e6:g} Mbit/s to"
        twice = Goal("ratio", 2)
        figures += [
            Figure.of(
                f"{to} 1 viewer, of a core", one, "ffmpeg", peer_one, "%", Goal("ours", goal)
            ),
            Figure.of(f"{to} 10 viewers, of a core", ten, "ffmpeg", peer_ten, "%"),
            Figure.of(f"{to} 10 viewers, of a core", ten, "ours to 1 viewer", one, "%", twice),
        ]
    return figures


async def _measure(unit: Connection, port: int, options: argparse.Namespace) -> list[Figure]:
    return [
        *await _delays(unit, port, options),
        *await _costs(port, options),
        *await _audiences(port, options),
    ]


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench/stream", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="turns of each")
    parser.add_argument("--pictures", type=int, default=40, help="how many to time, each way")
    parser.add_argument("--seconds", type=float, default=2, help="how long to count processor time")
    add_option(parser)
    options = parser.parse_args()
    if not shutil.which("ffmpeg"):
        raise SystemExit("ffmpeg, the peer, is not installed (apt install ffmpeg)")
    footage = make_footage(CACHE, PLAN)
    here, there = multiprocessing.get_context("fork").Pipe()
    other = multiprocessing.get_context("fork").Process(
        target=_other_process, args=(there, footage)
    )
    other.start()
    try:
        figures = asyncio.run(_measure(here, here.recv(), options))
    finally:
        here.send("over")
        other.join()
    return conclude(figures, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
