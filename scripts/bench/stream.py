"""How late a unit's picture is when it is received, and seen; and what receiving it costs.

The unit runs in a process of its own and plays a tape whose pictures are numbered, so each one says
when it was on the tape. Goals are printed beside what was measured; the machine should be idle.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import io
import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
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
from PIL import Image

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "footage"
PLAN = Plan(seconds=20)

#: Median milliseconds from the tape to a picture that was decoded and read.
DELAY_GOALS = {33: 150, 26: 20}

#: Percent of a core at bits a second, receiving alone.
COST_GOALS = {6_500_000: 3, 23_000_000: 5}

#: Seconds after which a stream flows evenly.
SETTLING = 0.5

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
        await asyncio.sleep(PLAN.seconds / 16 + 0.2)
        await controller.execute(Command("PLAY", TAPE))

        async def frames() -> AsyncIterator[MediaFrame]:
            receiver = MediaReader((kind,))
            async for packet in transfer.packets():
                for frame in receiver.feed(packet):
                    yield frame

        yield frames()
        await controller.execute(Command("PAUS", TAPE))
        await transfer.abort()


async def _measure_delay(unit: Connection, port: int, kind: int, mode: str, count: int) -> float:
    received, seen = [], []
    see = _decoder() if kind == 33 else _read_jpeg
    async with _playing(port, "/card.ts", kind, MODES[mode]) as frames:
        unit.send("where")
        position, then = unit.recv()
        async for frame in frames:
            arrived = time.monotonic()
            number = see(frame.data)
            if number is None:
                continue
            due = then - position + number / PLAN.rate
            received.append(arrived - due)
            seen.append(time.monotonic() - due)
            if len(seen) == count:
                break
    median, worst = (1000 * each for each in (statistics.median(seen), max(seen)))
    print(
        f"type {kind}, mode {mode:3} received after {1000 * statistics.median(received):6.1f} ms,"
        f" seen after {median:6.1f} ms (goal {DELAY_GOALS[kind]}), at worst {worst:.1f} ms"
    )
    return median / DELAY_GOALS[kind]


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


async def _measure_cost(port: int, rate: int, mode: str, seconds: float) -> float:
    size = count = 0
    async with _playing(port, f"/{rate}.ts", 33, MODES[mode]) as frames:
        opened = began = busy = 0.0
        async for frame in frames:
            now = time.monotonic()
            opened = opened or now
            if now - opened < SETTLING:  # what waited for us comes all at once
                began, busy = now, time.process_time()
                continue
            size += len(frame.data)
            count += 1
            if now - began >= seconds:
                break
        spent = time.monotonic() - began
        percent = 100 * (time.process_time() - busy) / spent
    print(
        f"type 33, mode {mode:3} {size * 8 / spent / 1e6:5.1f} Mbit/s, {count / spent:4.1f} pictures/s:"
        f" {percent:4.1f} % of a core to receive (goal {COST_GOALS[rate]} with one viewer)"
    )
    return percent / COST_GOALS[rate]


async def _measure_viewers(port: int, rate: int, viewers: int, seconds: float) -> float:
    """What it costs to receive, fan out and serve; the viewers only throw away what they get."""
    async with await Controller.connect("127.0.0.1", port) as controller:
        await controller.execute(Command("SMNT", Subunit("FILE"), f"/{rate}.ts"))
        wish = Wish(Subunit("STREAM"), 33)
        feed = Feed(lambda: open_transfer(controller, wish), linger=0)
        server = PictureServer(feed)
        await server.start()
        others = [await _start_viewer(server.url) for _ in range(viewers)]
        while feed.viewers < viewers:
            await asyncio.sleep(0.05)
        await controller.execute(Command("FF", TAPE, Motion(-16)))
        await asyncio.sleep(PLAN.seconds / 16 + 0.2)
        await controller.execute(Command("PLAY", TAPE))
        await asyncio.sleep(SETTLING)
        began, busy = time.monotonic(), time.process_time()
        await asyncio.sleep(seconds)
        percent = 100 * (time.process_time() - busy) / (time.monotonic() - began)
        if feed.viewers != viewers:
            raise RuntimeError(f"{feed.viewers} viewers are left")
        for other in others:
            other.terminate()
            await other.wait()
        await feed.close()
        await server.stop()
        await controller.execute(Command("PAUS", TAPE))
    goal = COST_GOALS[rate] * (1 if viewers == 1 else 2)
    print(
        f"type 33, mode S   {rate / 1e6:5.1f} Mbit/s to {viewers:2} viewers:"
        f" {percent:4.1f} % of a core (goal {goal})"
    )
    return percent / goal


async def _start_viewer(url: str) -> asyncio.subprocess.Process:
    throw_away = (
        "import sys, urllib.request as u\nr = u.urlopen(sys.argv[1])\nwhile r.read(65536): pass"
    )
    return await asyncio.create_subprocess_exec(sys.executable, "-c", throw_away, url)


async def _measure_all(unit: Connection, port: int, options: argparse.Namespace) -> float:
    """The worst of all, as a share of its goal."""
    shares = [
        await _measure_delay(unit, port, kind, mode, options.pictures)
        for kind in DELAY_GOALS
        for mode in MODES
    ]
    shares += [
        await _measure_cost(port, rate, mode, options.seconds)
        for rate in COST_GOALS
        for mode in MODES
    ]
    shares += [
        await _measure_viewers(port, rate, viewers, options.seconds)
        for rate in COST_GOALS
        for viewers in (1, 10)
    ]
    return max(shares)


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100, help="how many to time, each way")
    parser.add_argument("--seconds", type=float, default=8, help="how long to count processor time")
    options = parser.parse_args()
    footage = make_footage(CACHE, PLAN)
    here, there = multiprocessing.get_context("fork").Pipe()
    other = multiprocessing.get_context("fork").Process(
        target=_other_process, args=(there, footage)
    )
    other.start()
    try:
        worst = asyncio.run(_measure_all(here, here.recv(), options))
    finally:
        here.send("over")
        other.join()
    return 0 if worst <= 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
