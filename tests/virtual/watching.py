"""What tests of moving pictures share: a small recording, and reading the numbers in its pictures."""

from collections.abc import Iterable
import hashlib
import io
from pathlib import Path
import random
import shutil
import tempfile

import av
from PIL import Image
import pytest

from custom_components.crcp.protocols.crcp.depacketise import MediaFrame, MediaReader
from custom_components.crcp.protocols.crcp.receiver import Receiver
from custom_components.crcp.protocols.crcp.rtp import RtpPacket
from custom_components.crcp.virtual.clips import Shelf
from custom_components.crcp.virtual.footage import Footage, Plan, make_footage
from custom_components.crcp.virtual.scenes import studio
from custom_components.crcp.virtual.test_card import Stamp, read_stamp
from custom_components.crcp.virtual.unit import VirtualUnit

PLAN = Plan(seconds=3, width=320, height=176, payload_types=(33, 26, 32))
COUNT = PLAN.seconds * PLAN.rate
ALL_TYPES = (33, 26, 32, 14, 10, 11, 8, 0)

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="ffmpeg is not installed (apt install ffmpeg)"
)


@pytest.fixture(scope="session")
def footage() -> Iterable[Footage]:
    with tempfile.TemporaryDirectory() as folder:
        yield make_footage(Path(folder), PLAN)


def unit_with(footage: Footage, **options: object) -> VirtualUnit:
    shelf = Shelf({"/card.ts": footage})
    return studio(shelf=shelf, live=footage, payload_types=ALL_TYPES, **options)


def frames_from(packets: Iterable[RtpPacket], *types: int) -> list[MediaFrame]:
    receiver = MediaReader(types)
    found = [frame for packet in packets for frame in receiver.feed(packet)]
    return found + receiver.end()


def swapped(packets: list[RtpPacket], seed: int) -> list[RtpPacket]:
    """As a network gives them: one in fifty behind the next one."""
    chance, found = random.Random(seed), list(packets)
    for at in range(len(found) - 1):
        if chance.random() < 0.02:
            found[at], found[at + 1] = found[at + 1], found[at]
    return found


def shaken(packets: list[RtpPacket], seed: int) -> list[RtpPacket]:
    """As a bad network gives them: one in a hundred lost besides."""
    chance = random.Random(seed)
    return swapped([each for each in packets if chance.random() >= 0.01], seed)


def ordered(packets: list[RtpPacket]) -> list[RtpPacket]:
    """What the receiver of datagrams makes of them, a thousand a second."""
    receiver, found = Receiver(), []
    for number, packet in enumerate(packets):
        found += receiver.feed(packet.encode(), number / 1000)
        found += receiver.release(number / 1000)
    return found + list(receiver.end())


def pictures(payload_type: int, frames: Iterable[MediaFrame]) -> list[Image.Image]:
    """Decode what came."""
    data = [frame.data for frame in frames if frame.payload_type == payload_type]
    if payload_type == 26:
        return [Image.open(io.BytesIO(each)).convert("RGB") for each in data]
    form = "mpegts" if payload_type == 33 else "mpegvideo"
    if not data:
        return []
    with av.open(io.BytesIO(b"".join(data)), format=form) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def shown(found: Iterable[Image.Image]) -> dict[int, bytes]:
    """The pictures by number, as checksums. Black ones have none; every other one has to."""
    numbered = {}
    for picture in found:
        stamp = read_stamp(picture)
        if stamp is None:
            brightest = picture.convert("L").getextrema()[1]
            assert isinstance(brightest, int)
            assert brightest < 32, "a damaged picture was shown"
            continue
        assert stamp == Stamp.of(stamp.number, PLAN.rate)
        numbered[stamp.number] = hashlib.sha256(picture.tobytes()).digest()
    return numbered
