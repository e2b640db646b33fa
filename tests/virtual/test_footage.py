"""The test card and its recordings: made once, whole or not at all, by whatever can code."""

import asyncio
from collections.abc import AsyncIterator
import io
from pathlib import Path
import shutil
import subprocess
import sys

from PIL import Image, ImageFilter
import pytest

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.client.transfer import Transfer
from custom_components.crcp.protocols.crcp.depacketise import MediaReader
from custom_components.crcp.protocols.crcp.mpegts import TransportStreamReader
from custom_components.crcp.protocols.crcp.rtp import RtpPacket
from custom_components.crcp.virtual import encoder
from custom_components.crcp.virtual.encoder import H264, MPEG2, Codec, NoEncoder, encode, split
from custom_components.crcp.virtual.footage import Footage, Plan, make_footage
from custom_components.crcp.virtual.reels import Span
from custom_components.crcp.virtual.test_card import Stamp, black, paint, read_stamp
from custom_components.crcp.virtual.tones import a_law, mu_law

from .watching import COUNT, PLAN, footage, needs_ffmpeg

__all__ = ["footage"]  # pytest finds it here

SMALL = Plan(seconds=1, width=160, height=96, rate=5, payload_types=(33,))


def compressed(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


@pytest.mark.parametrize("size", [(160, 96), (320, 176), (640, 360), (1920, 1080)])
def test_a_picture_says_which_one_it_is_however_it_was_squeezed(size: tuple[int, int]) -> None:
    for number in (0, 1, 1499, 1 << 17):
        picture = paint(number, 25, *size)
        assert read_stamp(picture) == Stamp(number, number * 4)
        assert read_stamp(compressed(picture, 20)) == Stamp(number, number * 4)
    assert read_stamp(paint(7, 25, *size).resize((400, 224))) == Stamp(7, 28)


def test_a_picture_that_is_damaged_says_nothing() -> None:
    picture = paint(1234, 25, 320, 176)
    assert read_stamp(black(320, 176)) is None
    assert read_stamp(Image.new("L", (320, 176), 255)) is None
    assert read_stamp(picture.filter(ImageFilter.GaussianBlur(9))) is None
    other = paint(1235, 25, 320, 176)
    picture.paste(other.crop((160, 0, 320, 176)), (160, 0))
    assert read_stamp(picture) is None


def test_two_pictures_differ_outside_their_blocks_too() -> None:
    one, other = (paint(number, 25, 320, 176).crop((0, 60, 320, 176)) for number in (10, 11))
    assert one.tobytes() != other.tobytes()


def test_a_recording_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_footage(tmp_path / "cache", SMALL)
    monkeypatch.setattr(encoder, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert make_footage(tmp_path / "cache", SMALL) == first
    assert (first.duration, len(first.frames[33].shown)) == (1.0, 5)
    assert first.size == sum(map(len, first.frames[33].shown))
    with pytest.raises(NoEncoder, match=r"PyAV.*ffmpeg"):
        make_footage(tmp_path / "another", SMALL)
    assert list((tmp_path / "another").iterdir()) == []


def test_a_minute_takes_a_few_megabytes(footage: Footage) -> None:
    assert footage.size / PLAN.seconds * 60 < 4 << 20
    assert all(len(frames.shown) == COUNT for frames in footage.frames.values())


def nal_units(frame: bytes) -> list[int]:
    return [each[0] & 0x1F for each in frame.split(b"\0\0\1")[1:]]


@needs_ffmpeg
@pytest.mark.parametrize("program", [False, True], ids=["PyAV", "ffmpeg"])
def test_each_second_begins_with_a_picture_that_stands_alone(tmp_path: Path, program: bool) -> None:
    path = tmp_path / "card.h264"
    encode(H264, (paint(number, 5, 160, 96) for number in range(15)), 5, path, program=program)
    frames = split(H264, path.read_bytes())
    assert [5 in nal_units(frame) for frame in frames] == ([True] + [False] * 4) * 3
    # Delimiter first; parameter sets with each key frame; one slice, so no B slices among them.
    assert all(nal_units(frame)[0] == 9 for frame in frames)
    assert {7, 8} <= set(nal_units(frames[5]))


@needs_ffmpeg
@pytest.mark.parametrize("program", [False, True], ids=["PyAV", "ffmpeg"])
def test_mpeg_2_is_cut_into_its_pictures(tmp_path: Path, program: bool) -> None:
    path = tmp_path / "card.m2v"
    encode(MPEG2, (paint(number, 25, 160, 96) for number in range(30)), 25, path, program=program)
    frames = split(MPEG2, path.read_bytes())
    assert [at for at, frame in enumerate(frames) if frame.startswith(b"\0\0\1\xb3")] == [0, 25]
    assert len(frames) == 30


@needs_ffmpeg
def test_what_ffmpeg_says_is_passed_on(tmp_path: Path) -> None:
    wrong = Codec("libx264", "h264", {"x264-params": "no-such=1", "crf": "wrong"})
    with pytest.raises(OSError, match=r"ffmpeg failed: .*|Broken pipe"):
        encode(wrong, [paint(0, 5, 160, 96)], 5, tmp_path / "card.h264", program=True)


@pytest.mark.parametrize("bit_rate", [6_500_000, 23_000_000])
def test_a_recording_is_filled_to_a_bit_rate(footage: Footage, bit_rate: int) -> None:
    filled = footage.filled(bit_rate)
    assert filled.size * 8 / filled.duration == pytest.approx(bit_rate, rel=0.01)
    reel = filled.reel(33, 7)
    sent = [payload for payload, _, _ in reel.play(Span(0, 3), Span(0, 3))]
    units = TransportStreamReader().feed(b"".join(sent))
    assert sum(unit.is_start for unit in units) == PLAN.seconds


def test_without_pyav_and_pillow_the_rest_still_loads() -> None:
    program = (
        "import sys; sys.modules.update(av=None, PIL=None); sys.path.insert(0, 'custom_components')"
        "; import types; crcp = types.ModuleType('crcp'); crcp.__path__ = ['custom_components/crcp']"
        "; sys.modules['crcp'] = crcp; import crcp.virtual.footage, crcp.virtual.unit; print('ok')"
    )
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "ok\n"


@pytest.mark.parametrize(
    ("sample", "mu", "a"),
    # ITU-T G.711: silence, the ends, and one step of each.
    [(0, 0xFF, 0xD5), (32767, 0x80, 0xAA), (-32768, 0x00, 0x2A), (8, 0xFE, 0xD5), (16, 0xFD, 0xD4)],
)
def test_samples_of_telephones(sample: int, mu: int, a: int) -> None:
    assert (mu_law(sample), a_law(sample)) == (mu, a)


def test_spans() -> None:
    assert list(Span(0, 0.1).numbers(25)) == [0, 1, 2]
    assert list(Span(0.1, 0).numbers(25)) == [2, 1, 0]
    assert list(Span(0.08, 0.12).numbers(25)) == [2]
    assert list(Span(0.12, 0.08).numbers(25)) == [2]
    assert Span(2, 1).share(1.5) == 0.5


async def test_a_unit_from_a_shell_shows_the_card_that_lies_in_a_folder(
    socket_enabled: None, footage: Footage, tmp_path: Path
) -> None:
    for kind, suffix in ((33, "h264"), (26, "mjpeg")):
        frames = footage.frames[kind]
        for part, pictures in (("", frames.shown), ("-blank", frames.blank)):
            (tmp_path / f"{Plan().name}{part}.{suffix}").write_bytes(b"".join(pictures))
    script = Path(__file__).parents[2] / "scripts" / "virtual"
    process = await asyncio.create_subprocess_exec(
        script, "unit", "--port", "0", "--card", str(tmp_path), stdout=subprocess.PIPE
    )
    assert process.stdout
    port = int((await process.stdout.readline()).rpartition(b":")[2])
    async with await Controller.connect("127.0.0.1", port) as controller:
        assert "test-card.ts" in await controller.list_names()
        transfer = await controller.retrieve("live", payload_types=(26,))
        reader = MediaReader((26,))
        seen = [frame async for packet in first(transfer) for frame in reader.feed(packet)]
        await transfer.abort()
    process.terminate()
    await process.wait()
    assert read_stamp(Image.open(io.BytesIO(seen[0].data))) == Stamp(0, 0)


async def first(transfer: Transfer, count: int = 40) -> AsyncIterator[RtpPacket]:
    async for packet in transfer.packets():
        yield packet
        count -= 1
        if not count:
            return


def test_after_black_a_reel_goes_on_at_a_key_frame(footage: Footage) -> None:
    reel = footage.reel(33, 7)
    moves = (
        reel.play(Span(0, 0.4), Span(0, 0.4)),
        reel.blank(Span(0.4, 0.6)),
        reel.play(Span(0.4, 0.9), Span(0.6, 1.1)),
        reel.play(Span(0.9, 1.2), Span(1.1, 1.4)),
    )
    reader = TransportStreamReader()
    units = [
        reader.feed(b"".join(payload for payload, _, _ in move)) + reader.end() for move in moves
    ]
    assert [[unit.is_start for unit in each] for each in units] == [
        [True] + [False] * 9,
        [True] + [False] * 4,
        [],
        [True] + [False] * 4,
    ]
