"""The unit's picture, received over a network: which pictures were sent, and which are seen."""

from collections.abc import AsyncIterator
import time

import pytest

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.messages import Command, Motion, Subunit, TransferMode
from custom_components.crcp.protocols.crcp.rtp import RtpPacket
from custom_components.crcp.virtual.deck import Deck
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.unit import VirtualUnit

from .watching import COUNT, footage, frames_from, pictures, shaken, shown, unit_with

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
    for seed in range(3):
        lossy = shown(pictures(payload_type, frames_from(shaken(came, seed), payload_type)))
        assert lossy.items() <= whole.items()
        assert lossy
        assert list(lossy) == sorted(lossy)
