"""Moving pictures and sound to and from ffmpeg, which has its own RTP, multiplexers and coders."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
import socket

from PIL import Image
import pytest

from custom_components.crcp.protocols.crcp.depacketise import MediaFrame
from custom_components.crcp.protocols.crcp.rtp import RtpPacket, decode_datagram
from custom_components.crcp.virtual.footage import Footage
from custom_components.crcp.virtual.test_card import read_stamp
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.protocols.crcp.dialogue import Wire

from .test_foreign_media import QUIET, a_free_even_port, run
from .watching import (
    COUNT,
    PLAN,
    footage,
    frames_from,
    needs_ffmpeg,
    pictures,
    shown,
    unit_with,
)

__all__ = ["footage"]  # pytest finds it here

pytestmark = needs_ffmpeg

#: What an SDP has to say of a payload type: all of them are static.
MEDIA = {26: "video", 32: "video", 14: "audio", 0: "audio", 8: "audio", 10: "audio", 11: "audio"}


# -- our unit sends, ffmpeg reads ------------------------------------------------------------------


@pytest.fixture
async def unit(socket_enabled: None, footage: Footage) -> AsyncIterator[VirtualUnit]:
    unit = unit_with(footage, decks={})
    await unit.start()
    yield unit
    await unit.stop()


def source(kind: int, port: int, folder: Path) -> tuple[str, ...]:
    """What ffmpeg reads a payload type from."""
    quick = ("-analyzeduration", "300000", "-probesize", "100000")
    if kind == 33:
        return (*quick, "-i", f"rtp://127.0.0.1:{port}")
    description = folder / "live.sdp"
    description.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=live\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m={MEDIA[kind]} {port} RTP/AVP {kind}\n"
    )
    return (*quick, "-protocol_whitelist", "file,udp,rtp", "-i", str(description))


async def ffmpeg_reads(unit: VirtualUnit, kind: int, folder: Path, *wanted: str) -> bytes:
    """What ffmpeg makes of the live picture and sound that a unit sends to it."""
    port = a_free_even_port()
    command = (*QUIET, *source(kind, port, folder), *wanted, "-")
    reading = asyncio.create_task(run(*command), name="ffmpeg")
    wire = await Wire.connect(unit.port)
    await wire.hear()
    for line in (f"TYPE I {kind}", "MODE P 7", f"PORT 127,0,0,1,{port >> 8},{port & 255}"):
        assert (await wire.ask(line))[0].startswith("200 ")
    assert (await wire.ask("RETR live"))[0].startswith("150 ")
    out = await reading
    await wire.close()
    return out


@pytest.mark.parametrize("kind", [33, 26, 32])
async def test_ffmpeg_sees_the_numbers_that_we_send(
    unit: VirtualUnit, kind: int, tmp_path: Path
) -> None:
    wanted = ("-frames:v", "25", "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray")
    raw = await ffmpeg_reads(unit, kind, tmp_path, *wanted)
    size = PLAN.width * PLAN.height
    assert len(raw) == 25 * size
    grey = [raw[at : at + size] for at in range(0, len(raw), size)]
    stamps = [read_stamp(Image.frombytes("L", (PLAN.width, PLAN.height), each)) for each in grey]
    numbers = [stamp.number for stamp in stamps if stamp]
    assert len(numbers) == 25
    assert all((b - a) % COUNT == 1 for a, b in pairwise(numbers))


@pytest.mark.parametrize(("kind", "pitch"), [(0, 400), (8, 400), (10, 450), (11, 400), (14, None)])
async def test_ffmpeg_hears_what_we_send(
    unit: VirtualUnit, kind: int, pitch: int | None, tmp_path: Path
) -> None:
    wanted = ("-t", "0.5", "-ac", "1", "-ar", "48000", "-f", "s16le")
    raw = await ffmpeg_reads(unit, kind, tmp_path, *wanted)
    samples = memoryview(raw).cast("h")
    assert len(samples) == pytest.approx(24000, rel=0.05)
    rising = sum(a < 0 <= b for a, b in pairwise(samples))
    assert rising == pytest.approx((pitch or 0) / 2, abs=3)
    assert max(samples) == pytest.approx(8000 if pitch else 0, rel=0.05)


# -- ffmpeg sends, we read -------------------------------------------------------------------------


def hear(port: socket.socket) -> list[RtpPacket]:
    found = []
    while True:
        try:
            packet = decode_datagram(port.recv(65536))
        except BlockingIOError:
            return found
        found += [packet] if packet else []


async def sent_by_ffmpeg(*command: str, form: str = "rtp") -> list[RtpPacket]:
    """The packets that ffmpeg sends; what it coded is held in the socket's buffer meanwhile."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        port.bind(("127.0.0.1", 0))
        port.setblocking(False)
        where = f"rtp://127.0.0.1:{port.getsockname()[1]}?pkt_size=1328"
        sending = asyncio.create_task(run(*QUIET, *command, "-f", form, where), name="ffmpeg")
        packets = []
        while not sending.done():
            packets += hear(port)
            await asyncio.sleep(0.005)
        await sending
        return packets + hear(port)


def joined(frames: list[MediaFrame]) -> bytes:
    return b"".join(frame.data for frame in frames)


SOUNDS = {
    0: ("-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"),
    8: ("-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"),
    10: ("-c:a", "pcm_s16be", "-ar", "44100", "-ac", "2"),
    11: ("-c:a", "pcm_s16be", "-ar", "44100", "-ac", "1"),
    14: ("-c:a", "mp2", "-ar", "48000", "-b:a", "128k"),
}
FORMS = {0: "mulaw", 8: "alaw", 10: "s16be", 11: "s16be", 14: "mp2"}


@pytest.mark.parametrize("kind", SOUNDS)
async def test_sound_from_ffmpeg(socket_enabled: None, kind: int) -> None:
    tone = ("-re", "-f", "lavfi", "-i", "sine=duration=0.3", *SOUNDS[kind])
    packets = await sent_by_ffmpeg(*tone)
    assert {packet.payload_type for packet in packets} == {kind}
    heard, sent = (
        joined(frames_from(packets, kind)),
        await run(*QUIET, *tone, "-f", FORMS[kind], "-"),
    )
    # Its packetiser keeps a last frame of MPEG audio to itself.
    assert sent[: len(heard)] == heard
    assert len(sent) - len(heard) in ((0, 384) if kind == 14 else (0,))


@pytest.mark.parametrize(
    ("kind", "coder"),
    [
        (33, ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "25")),
        (33, ("-c:v", "mpeg2video", "-g", "12", "-bf", "2", "-b:v", "2M")),
        (32, ("-c:v", "mpeg2video", "-g", "12", "-b:v", "2M")),
        (32, ("-c:v", "mpeg1video", "-g", "12", "-bf", "2", "-b:v", "2M")),
        (26, ("-c:v", "mjpeg", "-huffman", "default", "-pix_fmt", "yuvj420p", "-q:v", "3")),
    ],
    ids=["33-h264", "33-mpeg2", "32-mpeg2", "32-mpeg1", "26"],
)
async def test_pictures_from_ffmpeg_keep_their_numbers(
    socket_enabled: None, footage: Footage, kind: int, coder: tuple[str, ...], tmp_path: Path
) -> None:
    card = tmp_path / "card.mjpeg"
    card.write_bytes(b"".join(footage.frames[26].shown))
    source = ("-readrate", "4", "-f", "mjpeg", "-framerate", "25", "-i", str(card))
    form = "rtp_mpegts" if kind == 33 else "rtp"
    packets = await sent_by_ffmpeg(*source, *coder, form=form)
    assert {packet.payload_type for packet in packets} == {kind}
    numbers = list(shown(pictures(kind, frames_from(packets, kind))))
    # Its packetiser of transport streams keeps the end of the last picture to itself.
    assert sorted(numbers) == numbers
    assert len(numbers) >= (COUNT - 1 if kind == 33 else COUNT)
