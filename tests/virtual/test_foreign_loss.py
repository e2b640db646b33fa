"""Streams of other encoders with one packet in a hundred lost: what is shown is as it was."""

import hashlib
import io
import random
import subprocess

import av
import pytest

from custom_components.crcp.protocols.crcp.rtp import RtpPacket
from tests.virtual.watching import frames_from, needs_ffmpeg

SIZE = 7 * 188
CARD = "testsrc2=size=160x96:rate=25:duration=6"
ENCODERS = {
    "open GOP": "-c:v libx264 -g 25 -x264-params open-gop=1:bframes=3",
    "MPEG-2 with B": "-c:v mpeg2video -g 12 -bf 2 -b:v 1M",
    "MPEG-4 with B": "-c:v mpeg4 -g 12 -bf 2 -b:v 1M",
}


def encoded(options: str) -> bytes:
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", CARD, *options.split()]
    return subprocess.run([*command, "-f", "mpegts", "-"], check=True, capture_output=True).stdout


def decoded(stream: bytes) -> dict[int, str]:
    """The pictures as checksums, by when they are shown."""
    found: dict[int, str] = {}
    with av.open(io.BytesIO(stream), format="mpegts") as opened:
        for packet in opened.demux(video=0):
            try:
                pictures = packet.decode()
            except av.FFmpegError:  # it has to be shown nothing, and not to be understood
                continue
            for each in pictures:
                grey = each.reformat(format="gray").planes[0]
                assert each.pts is not None
                found[each.pts] = hashlib.sha256(bytes(grey)).hexdigest()
    return found


def packets_of(stream: bytes) -> list[RtpPacket]:
    pieces = (stream[at : at + SIZE] for at in range(0, len(stream), SIZE))
    return [RtpPacket(33, number, 0, 1, piece) for number, piece in enumerate(pieces)]


@needs_ffmpeg
@pytest.mark.parametrize("options", ENCODERS.values(), ids=ENCODERS)
def test_no_wrong_picture_is_shown(options: str) -> None:
    stream = encoded(options)
    sent, packets = decoded(stream), packets_of(stream)
    assert len(sent) == 150
    shown = 0
    for seed in range(8):
        chance = random.Random(seed)
        came = [packet for packet in packets if chance.random() >= 0.02]
        got = decoded(b"".join(frame.data for frame in frames_from(came, 33)))
        assert got.items() <= sent.items()
        shown += len(got)
    assert shown > 8 * 150 / 4


@needs_ffmpeg
def test_a_picture_that_heals_stripe_by_stripe_comes_back() -> None:
    """It has no other place where one could begin; better ones are waited for first."""
    packets = packets_of(encoded("-c:v libx264 -g 25 -x264-params intra-refresh=1:bframes=0"))
    del packets[4]
    got = decoded(b"".join(frame.data for frame in frames_from(packets, 33)))
    assert 25 < len(got) < 90
