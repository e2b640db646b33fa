"""Media to and from ffmpeg, which has its own RTP; and pictures of other makers' encoders."""

import asyncio
from collections.abc import AsyncIterator
import io
from pathlib import Path
import shutil
import socket
import subprocess
from typing import Any

from PIL import Image, ImageChops
import pytest

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.jpeg import (
    PictureAssembler,
    join_picture,
    payloads,
    split_picture,
)
from custom_components.crcp.protocols.crcp.messages import TransferMode
from custom_components.crcp.protocols.crcp.rtp import RtpPacket
from custom_components.crcp.virtual.clips import Clip
from custom_components.crcp.virtual.scenes import camera
from custom_components.crcp.virtual.unit import VirtualUnit
from tests.protocols.crcp.dialogue import Wire

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="ffmpeg is not installed (apt install ffmpeg)"
)
QUIET = ("ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error")
FRAMES = 25
PICTURE = f"testsrc=size=160x128:rate=25:duration={FRAMES / 25}"
JPEG = ("-c:v", "mjpeg", "-huffman", "default", "-pix_fmt", "yuvj420p", "-q:v", "3")
MPEG = ("-c:v", "mpeg2video", "-g", "5", "-b:v", "500k")


async def run(*command: str, given: bytes = b"") -> bytes:
    """What a program writes; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(30):
        out, said = await process.communicate(given)
    assert process.returncode == 0, said.decode()
    return out


async def frames_of(stream: bytes, form: str) -> list[str]:
    """A line for each frame that ffmpeg decodes, with a checksum of its pixels."""
    out = await run(*QUIET, "-f", form, "-i", "pipe:0", "-f", "framecrc", "-", given=stream)
    return [line for line in out.decode().splitlines() if not line.startswith("#")]


def checksums(frames: list[str]) -> list[str]:
    return [frame.split(",")[-1].strip() for frame in frames]


# -- ffmpeg sends, we receive ----------------------------------------------------------------------


@pytest.fixture
async def sending_unit(socket_enabled: None) -> AsyncIterator[tuple[int, list[tuple[str, ...]]]]:
    """A unit whose media are ffmpeg's: it takes PORT, and at RETR ffmpeg sends to there."""
    encoders: list[tuple[str, ...]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = ""
        writer.write(b"220 ready\r\n")
        while line := (await reader.readline()).decode().strip():
            name, _, argument = line.partition(" ")
            if name == "PORT":
                numbers = argument.split(",")
                port = int(numbers[4]) * 256 + int(numbers[5])
                target = f"rtp://{'.'.join(numbers[:4])}:{port}?pkt_size=1328"
            if name == "RETR":
                writer.write(b"150 follows\r\n")
                await run(*QUIET, "-re", "-f", "lavfi", "-i", PICTURE, *encoders[0], target)
                writer.write(b"226 RETR STREAM0 complete\r\n")
            else:
                writer.write(b"221 bye\r\n" if name == "QUIT" else b"200 Okay\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], encoders
    server.close()
    server.abort_clients()


async def _receive(port: int, payload_type: int) -> list[RtpPacket]:
    async with await Controller.connect("127.0.0.1", port) as controller:
        transfer = await controller.retrieve(
            "live", payload_types=(payload_type,), mode=TransferMode(7), passive=False
        )
        packets = [packet async for packet in transfer.packets()]
        assert await transfer.wait_ended()
    return packets


@needs_ffmpeg
async def test_transport_stream_from_ffmpeg(
    sending_unit: tuple[int, list[tuple[str, ...]]],
) -> None:
    port, encoders = sending_unit
    encoders.append((*MPEG, "-f", "rtp_mpegts"))
    packets = await _receive(port, 33)
    assert {packet.payload_type for packet in packets} == {33}
    assert all(len(packet.payload) % 188 == 0 for packet in packets)
    stream = b"".join(packet.payload for packet in packets)
    # Its own packetiser keeps the last picture to itself, whoever receives.
    assert len(await frames_of(stream, "mpegts")) >= FRAMES - 1


@needs_ffmpeg
async def test_pictures_from_ffmpeg(sending_unit: tuple[int, list[tuple[str, ...]]]) -> None:
    port, encoders = sending_unit
    encoders.append((*JPEG, "-f", "rtp"))
    assembler = PictureAssembler()
    packets = await _receive(port, 26)
    pictures = [picture for packet in packets if (picture := assembler.feed(packet))]
    assert {packet.payload_type for packet in packets} == {26}
    sent = await run(*QUIET, "-f", "lavfi", "-i", PICTURE, *JPEG, "-f", "mjpeg", "-")
    assert len(pictures) == FRAMES
    received = checksums(await frames_of(b"".join(pictures), "mjpeg"))
    assert received == checksums(await frames_of(sent, "mjpeg"))


# -- we send, ffmpeg receives ----------------------------------------------------------------------


def a_free_even_port() -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            if port % 2 == 0:
                return port


async def _watch(unit: VirtualUnit, payload_type: int, source: tuple[str, ...], port: int) -> int:
    """How many frames ffmpeg decodes, of twenty, from what the unit sends to a port."""
    watching = asyncio.create_task(
        run(*QUIET, *source, "-frames:v", "20", "-f", "framecrc", "-"), name="ffmpeg"
    )
    wire = await Wire.connect(unit.port)
    await wire.hear()
    commands = (f"TYPE I {payload_type}", "MODE P 7", f"PORT 127,0,0,1,{port >> 8},{port & 255}")
    for line in commands:
        assert (await wire.ask(line))[0].startswith("200 ")
    assert (await wire.ask("RETR live"))[0].startswith("150 ")
    out = await watching
    assert (await wire.ask("ABOR"))[0].startswith("426 ")
    assert (await wire.hear())[0].startswith("226 ")
    await wire.close()
    return sum(not line.startswith("#") for line in out.decode().splitlines())


async def _unit_that_shows(clip: Clip, payload_type: int) -> VirtualUnit:
    unit = camera(live=clip, payload_types=(payload_type,))
    await unit.start()
    return unit


@needs_ffmpeg
async def test_ffmpeg_decodes_our_transport_stream(socket_enabled: None) -> None:
    source = PICTURE.replace("duration=1.0", "duration=20")
    stream = await run(*QUIET, "-f", "lavfi", "-i", source, *MPEG, "-f", "mpegts", "-")
    unit = await _unit_that_shows(Clip(20, stream), 33)
    port = a_free_even_port()
    asked = ("-analyzeduration", "1000000", "-i", f"rtp://127.0.0.1:{port}")
    assert await _watch(unit, 33, asked, port) == 20
    await unit.stop()


def _pictures(number: int, **options: Any) -> tuple[bytes, ...]:
    found = []
    for each in range(number):
        image = Image.linear_gradient("L").resize((160, 128)).convert("RGB")
        image.paste((255, 10 * each, 0), (4 * each, 10, 4 * each + 40, 60))
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", **{"quality": 85, "subsampling": "4:2:0", **options})
        found.append(buffer.getvalue())
    return tuple(found)


@needs_ffmpeg
@pytest.mark.parametrize("restart", [0, 5], ids=["whole", "restart-markers"])
async def test_ffmpeg_decodes_our_pictures(
    socket_enabled: None, tmp_path: Path, restart: int
) -> None:
    pictures = await asyncio.to_thread(_pictures, 25, restart_marker_blocks=restart)
    assert (b"\xff\xdd" in pictures[0]) == bool(restart)
    unit = await _unit_that_shows(Clip(1, pictures=pictures), 26)
    port = a_free_even_port()
    description = tmp_path / "live.sdp"
    description.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=live\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {port} RTP/AVP 26\n"
    )
    asked = ("-protocol_whitelist", "file,udp,rtp", "-i", str(description))
    assert await _watch(unit, 26, asked, port) == 20
    await unit.stop()


# -- pictures of other encoders --------------------------------------------------------------------


def over_rtp(picture: bytes) -> bytes:
    """A picture taken apart, sent, and put together again."""
    assembler, found = PictureAssembler(), None
    for number, (payload, last) in enumerate(payloads(split_picture(picture))):
        found = assembler.feed(RtpPacket(26, number, 1, 1, payload, last))
    assert found
    return found


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2"])
@pytest.mark.parametrize("restart", [0, 1, 7])
@pytest.mark.parametrize("quality", [10, 50, 85, 99])
def test_a_picture_looks_the_same_after_its_journey(
    subsampling: str, restart: int, quality: int
) -> None:
    (picture,) = _pictures(
        1, subsampling=subsampling, restart_marker_blocks=restart, quality=quality
    )
    before, after = Image.open(io.BytesIO(picture)), Image.open(io.BytesIO(over_rtp(picture)))
    assert before.size == after.size == (160, 128)
    assert ImageChops.difference(before, after).getbbox() is None


@needs_ffmpeg
async def test_pictures_of_ffmpegs_encoder_in_slices() -> None:
    slices = ("-threads", "4", "-slices", "4")
    command = (*QUIET, "-f", "lavfi", "-i", PICTURE, *JPEG, *slices, "-frames:v", "1")
    picture = await run(*command, "-f", "mjpeg", "-")
    assert checksums(await frames_of(over_rtp(picture), "mjpeg")) == checksums(
        await frames_of(picture, "mjpeg")
    )


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"subsampling": "4:4:4"}, "only 4:2:2 and 4:2:0"),
        ({"progressive": True}, "only baseline"),
        ({"optimize": True}, "standard Huffman tables"),
    ],
)
def test_pictures_that_cannot_be_carried(options: dict[str, Any], why: str) -> None:
    (picture,) = _pictures(1, **options)
    with pytest.raises(ValueError, match=why):
        split_picture(picture)


@pytest.mark.parametrize(("size", "mode"), [((2048, 8), "RGB"), ((12, 16), "RGB"), ((16, 16), "L")])
def test_pictures_of_sizes_and_colours_that_cannot_be_carried(
    size: tuple[int, int], mode: str
) -> None:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "JPEG", subsampling="4:2:0")
    with pytest.raises(ValueError, match=r"can(not)? be carried"):
        split_picture(buffer.getvalue())


def test_a_picture_without_its_tables_or_cut_short() -> None:
    (picture,) = _pictures(1)
    for broken in (picture[:100], picture[:2] + picture[160:], b"GIF89a", b"", picture[:2]):
        with pytest.raises(ValueError, match="picture"):
            split_picture(broken)
    assert split_picture(join_picture(split_picture(picture))) == split_picture(picture)
