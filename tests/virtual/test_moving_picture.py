"""The unit's picture, received over a network: which pictures were sent, and which are seen."""

import asyncio
from collections.abc import AsyncIterator
import io
from itertools import pairwise
import math
import statistics
import time

import av
import pytest

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.client.transfer import Transfer
from custom_components.crcp.protocols.crcp.depacketise import MediaFrame, MediaReader
from custom_components.crcp.protocols.crcp.messages import (
    Amount,
    Command,
    Motion,
    Subunit,
    TransferMode,
)
from custom_components.crcp.protocols.crcp.mpegts import TransportStreamReader
from custom_components.crcp.protocols.crcp.rtp import RtpPacket
from custom_components.crcp.virtual.clips import Clip
from custom_components.crcp.virtual.deck import Deck
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.reels import Span
from custom_components.crcp.virtual.test_card import read_stamp
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.helpers import until

from .watching import (
    COUNT,
    PLAN,
    footage,
    frames_from,
    ordered,
    pictures,
    shaken,
    shown,
    swapped,
    unit_with,
)

__all__ = ["footage"]  # pytest finds it here

SPEED = 4
TAPE = Subunit("TAPE")


def hurried() -> float:
    return time.monotonic() * SPEED


@pytest.fixture
async def unit(socket_enabled: None, footage: Footage) -> AsyncIterator[VirtualUnit]:
    unit = unit_with(footage, clock=hurried, decks={0: Deck(hurried)})
    await unit.start()
    yield unit
    await unit.stop()


async def played(
    unit: VirtualUnit, types: tuple[int, ...], mode: TransferMode, motion: Motion | None = None
) -> list[RtpPacket]:
    """All that comes while the tape plays from its start to its end."""
    async with await Controller.connect("127.0.0.1", unit.port) as controller:
        passive = mode.packets is None
        transfer = await controller.retrieve(
            "/card.ts", payload_types=types, mode=mode, passive=passive
        )
        await controller.execute(Command("PLAY", TAPE, motion or Motion()))
        packets = [packet async for packet in transfer.packets()]
        await transfer.wait_ended()
    return packets


@pytest.mark.parametrize("packets", [None, 1, 4, 7], ids=["S", "P1", "P4", "P7"])
@pytest.mark.parametrize("payload_type", [33, 26, 32])
async def test_the_numbers_seen_are_those_sent(
    unit: VirtualUnit, payload_type: int, packets: int | None
) -> None:
    came = await played(unit, (payload_type,), TransferMode(packets))
    if payload_type == 33:
        most = max(len(packet.payload) for packet in came)
        assert most == 188 * (packets or 7)
    whole = shown(pictures(payload_type, frames_from(came, payload_type)))
    assert list(whole) == list(range(COUNT))
    again = shown(pictures(payload_type, frames_from(ordered(swapped(came, 1)), payload_type)))
    assert again == whole
    for seed in range(2):
        for bad in (shaken(came, seed), ordered(shaken(came, seed))):
            lossy = shown(pictures(payload_type, frames_from(bad, payload_type)))
            assert lossy.items() <= whole.items()
            assert list(lossy) == sorted(lossy)
            assert lossy


# -- the tape --------------------------------------------------------------------------------------


class Viewer:
    """Gathers what comes while the tape is commanded."""

    def __init__(self, controller: Controller, transfer: Transfer) -> None:
        self.packets: list[RtpPacket] = []
        self._controller = controller
        self._transfer = transfer
        self._receiver = MediaReader((33,))
        self.frames: list[MediaFrame] = []
        self._task = asyncio.create_task(self._gather(), name="viewer")

    async def command(self, name: str, *numbers: float) -> None:
        speed, stop = (*numbers, None, None)[:2]
        motion = Motion(speed, None if stop is None else Amount(stop))
        await self._controller.execute(Command(name, TAPE, motion if name != "PAUS" else None))

    async def more(self, frames: int) -> None:
        """Wait until so many more frames have come."""
        wanted = len(self.frames) + frames
        await until(lambda: len(self.frames) >= wanted)

    async def ended(self) -> None:
        """Wait until the tape is at its end, and the transfer with it."""
        await self._task

    async def stop(self) -> list[int | None]:
        """End it; the numbers of what was seen in its order, None for black."""
        await self._transfer.abort()
        await self._task
        found = pictures(33, self.frames)
        return [stamp.number if (stamp := read_stamp(each)) else None for each in found]

    async def _gather(self) -> None:
        async for packet in self._transfer.packets():
            self.packets.append(packet)
            self.frames += self._receiver.feed(packet)


@pytest.fixture
async def viewer(unit: VirtualUnit) -> AsyncIterator[Viewer]:
    async with await Controller.connect("127.0.0.1", unit.port) as controller:
        yield Viewer(controller, await controller.retrieve("/card.ts", payload_types=(33,)))


def runs(numbers: list[int | None]) -> list[list[int]]:
    """The stretches of picture between stretches of black."""
    found: list[list[int]] = [[]]
    for number in numbers:
        if number is not None:
            found[-1].append(number)
        elif found[-1]:
            found.append([])
    return [run for run in found if run]


async def test_a_tape_that_stands_is_black_and_goes_on_at_a_key_frame(
    viewer: Viewer, unit: VirtualUnit
) -> None:
    await viewer.more(5)
    await viewer.command("PLAY")
    await viewer.more(30)
    await viewer.command("PAUS")
    stood = unit.decks[0].position
    await viewer.more(10)
    await viewer.command("PLAY")
    await until(lambda: unit.decks[0].position > 2.4)
    numbers = await viewer.stop()
    first, second = runs(numbers)
    assert numbers[0] is None
    assert first == list(range(len(first)))
    # The picture is where the tape is: the last one that began before it stood.
    assert math.ceil(stood * PLAN.rate) - first[-1] in (1, 2)
    assert second[0] % PLAN.rate == 0
    assert second[0] >= first[-1]
    assert second == list(range(second[0], second[0] + len(second)))


async def test_backward_and_winding_show_key_frames(viewer: Viewer, unit: VirtualUnit) -> None:
    await viewer.command("FF", 5, 2.9)
    await until(lambda: unit.decks[0].operation == "PAUS")
    await viewer.command("PLAY", -2)
    await until(lambda: unit.decks[0].operation == "PAUS")
    await viewer.more(5)
    forward_and_back = [number for run in runs(await viewer.stop()) for number in run]
    assert [each for each in forward_and_back if each % PLAN.rate == 0] == [0, 25, 50, 50, 25, 0]
    # While the tape gets going it is slow, and a few more may be seen: on a busy machine it is long.
    between = [each for each in forward_and_back if each % PLAN.rate]
    assert between == list(range(1, len(between) + 1))
    assert len(between) < PLAN.rate - 1


async def test_twice_the_speed_shows_every_picture(viewer: Viewer, unit: VirtualUnit) -> None:
    await viewer.command("PLAY", 2)
    await viewer.ended()
    assert runs(await viewer.stop()) == [list(range(COUNT))]


async def test_clocks_and_counters_have_no_seam_however_the_tape_jumps(
    viewer: Viewer, unit: VirtualUnit
) -> None:
    for motion in (("PLAY",), ("PAUS",), ("FF", 5, 2), ("PLAY", -1), ("PLAY", 1)):
        await viewer.command(*motion)
        await viewer.more(2)
    await viewer.stop()
    stream = b"".join(packet.payload for packet in viewer.packets)
    packets = [stream[at : at + 188] for at in range(0, len(stream), 188)]
    for pid in (0, 0x1000, 0x100):
        own = [each for each in packets if int.from_bytes(each[1:3]) & 0x1FFF == pid]
        counters = [each[3] & 15 for each in own if each[3] & 0x10]
        assert all(b == (a + 1) % 16 for a, b in pairwise(counters))
    clocked = [each for each in packets if each[3] & 0x20 and each[4] > 6 and each[5] & 0x10]
    clocks = [int.from_bytes(each[6:12]) >> 15 for each in clocked]
    steps = [(b - a) / 90000 for a, b in pairwise(clocks)]
    assert min(steps) >= 0
    assert statistics.median(steps) <= 0.1
    units = TransportStreamReader().feed(stream)
    stamps = [unit.pts for unit in units if unit.pts is not None]
    assert min(b - a for a, b in pairwise(stamps)) > 0
    with av.open(io.BytesIO(stream), format="mpegts", options={"err_detect": "explode"}) as opened:
        assert len(list(opened.decode(video=0))) >= len(units)


async def test_several_types_share_a_connection(unit: VirtualUnit) -> None:
    came = await played(unit, (33, 26, 0), TransferMode(7))
    frames = frames_from(came, 33, 26, 0)
    assert list(shown(pictures(33, frames))) == list(range(COUNT))
    assert list(shown(pictures(26, frames))) == list(range(COUNT))
    sound = [frame for frame in frames if frame.payload_type == 0]
    assert len(sound) == pytest.approx(PLAN.seconds * 50, abs=2 * SPEED)
    assert len({packet.ssrc for packet in came}) == 3


async def test_the_live_picture_goes_round(footage: Footage, socket_enabled: None) -> None:
    unit = unit_with(footage, clock=hurried, decks={})
    await unit.start()
    async with await Controller.connect("127.0.0.1", unit.port) as controller:
        viewer = Viewer(controller, await controller.retrieve("live", payload_types=(33,)))
        await viewer.more(COUNT + 30)
        numbers = await viewer.stop()
    await unit.stop()
    assert numbers == [number % COUNT for number in range(len(numbers))]


async def test_a_recorded_stream_goes_on_at_a_key_frame_after_a_jump(
    footage: Footage, unit: VirtualUnit
) -> None:
    stream = [piece for piece, _, _ in footage.reel(33, 7).play(Span(0, 3), Span(0, 3))]
    unit.shelf.clips["/card.ts"] = Clip(PLAN.seconds, b"".join(stream))
    async with await Controller.connect("127.0.0.1", unit.port) as controller:
        viewer = Viewer(controller, await controller.retrieve("/card.ts", payload_types=(33,)))
        await viewer.command("FF", 5, 0.5)
        await until(lambda: unit.decks[0].operation == "PAUS")
        await viewer.command("PLAY")
        await viewer.ended()
        numbers = await viewer.stop()
    assert numbers == list(range(numbers[0] or 0, COUNT))
    assert numbers[0] in (25, 50)
    sent = b"".join(packet.payload for packet in viewer.packets)
    seams = [at for at in range(0, len(sent), 188) if sent[at + 3] & 0x20 and sent[at + 5] & 0x80]
    assert len(seams) == 1
