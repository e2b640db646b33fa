"""Pictures made into a film by the real ffmpeg, and a process that is never left behind."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import sys
import textwrap

import pytest

from custom_components.crcp.live.conversion import MAX_WAITING, ConvertedSource, convert
from custom_components.crcp.live.errors import NoPicture
from custom_components.crcp.protocols.crcp.depacketise import MediaFrame
from custom_components.crcp.protocols.crcp.errors import LinkError
from custom_components.crcp.protocols.crcp.mpeg_video import starts_sequence
from custom_components.crcp.virtual.footage import Footage
from tests.helpers import until
from tests.virtual.watching import footage, needs_ffmpeg, pictures, shown

__all__ = ["footage"]

PACKAGE = Path(__file__).parents[2] / "custom_components" / "crcp"


class Reel:
    """Frames as fast as they are taken, and then what the end is to be."""

    def __init__(self, payload_type: int, frames: tuple[bytes, ...]) -> None:
        self.closed = False
        self.dropped = 0
        self.end: Exception | None = None
        self.goes_on = False
        self._frames = [
            MediaFrame(payload_type, 0, each, payload_type == 26 or starts_sequence(each))
            for each in frames
        ]

    async def frames(self) -> AsyncIterator[MediaFrame]:
        for frame in self._frames:
            yield frame
            await asyncio.sleep(0)
        if self.goes_on:
            await asyncio.Event().wait()
        if self.end:
            raise self.end

    async def close(self) -> None:
        self.closed = True


def process_of(source: ConvertedSource) -> int:
    process = source._process
    assert isinstance(process, asyncio.subprocess.Process)
    return process.pid


def is_there(pid: int) -> bool:
    """Whether a process runs; one that ended and was not asked after does not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError, ProcessLookupError:
        return False


def program(folder: Path, text: str) -> str:
    """A program that is called ffmpeg."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@needs_ffmpeg
@pytest.mark.parametrize("payload_type", [26, 32])
async def test_every_picture_is_in_the_film(footage: Footage, payload_type: int) -> None:
    reel = Reel(payload_type, footage.frames[payload_type].shown)
    source = await convert(reel, payload_type, "ffmpeg")
    assert isinstance(source, ConvertedSource)
    try:
        frames = [frame async for frame in source.frames()]
    finally:
        await source.close()
    assert frames[0].is_start
    assert {frame.payload_type for frame in frames} == {33}
    assert list(shown(pictures(33, frames))) == list(range(len(footage.frames[payload_type].shown)))
    assert reel.closed
    assert not is_there(process_of(source))


@needs_ffmpeg
async def test_who_closes_it_leaves_no_process(footage: Footage) -> None:
    reel = Reel(26, footage.frames[26].shown)
    reel.goes_on = True
    source = await convert(reel, 26, "ffmpeg")
    assert isinstance(source, ConvertedSource)
    frames = source.frames()
    await anext(frames)
    assert is_there(process_of(source))
    await source.close()
    assert not is_there(process_of(source))
    assert reel.closed


@needs_ffmpeg
async def test_a_program_that_is_killed_leaves_no_process(footage: Footage, tmp_path: Path) -> None:
    (tmp_path / "picture.jpg").write_bytes(footage.frames[26].shown[0])
    host = tmp_path / "host.py"
    host.write_text(
        textwrap.dedent(
            """
            import asyncio, sys, types
            from pathlib import Path

            # The package without what sets it up: Home Assistant takes many seconds to come.
            package = types.ModuleType("crcp")
            package.__path__ = [sys.argv[2]]
            sys.modules["crcp"] = package

            from crcp.live.conversion import convert
            from crcp.protocols.crcp.depacketise import MediaFrame

            class Reel:
                dropped = 0

                async def frames(self):
                    for _ in range(50):
                        yield MediaFrame(26, 0, Path(sys.argv[1]).read_bytes(), True)
                        await asyncio.sleep(0)
                    await asyncio.Event().wait()

                async def close(self):
                    pass

            async def main():
                source = await convert(Reel(), 26, "ffmpeg")
                await anext(source.frames())
                print(source._process.pid, flush=True)
                await asyncio.Event().wait()

            asyncio.run(main())
            """
        )
    )
    command = [sys.executable, str(host), str(tmp_path / "picture.jpg"), str(PACKAGE)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    child = int(await process.stdout.readline())
    assert is_there(child)
    process.kill()
    await process.wait()
    await until(lambda: not is_there(child), within=30)


async def test_what_the_program_complains_of_is_told(footage: Footage, tmp_path: Path) -> None:
    unable = program(tmp_path, "echo first >&2; echo 'Unknown encoder libx264' >&2; exit 1")
    reel = Reel(26, footage.frames[26].shown)
    reel.goes_on = True
    source = await convert(reel, 26, unable)
    with pytest.raises(NoPicture, match="Unknown encoder libx264"):
        [frame async for frame in source.frames()]
    await source.close()
    silent = program(tmp_path, "exit 3")
    source = await convert(reel, 26, silent)
    with pytest.raises(NoPicture, match="ended with code 3"):
        [frame async for frame in source.frames()]
    await source.close()


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    reel = Reel(26, ())
    with pytest.raises(NoPicture, match="cannot be started"):
        await convert(reel, 26, str(tmp_path / "ffmpeg"))
    assert reel.closed


async def test_why_the_picture_ended_is_told_rather_than_what_follows(
    footage: Footage, tmp_path: Path
) -> None:
    reel = Reel(26, footage.frames[26].shown)
    reel.end = LinkError("the data connection was lost")
    source = await convert(reel, 26, program(tmp_path, "cat > /dev/null; exit 1"))
    with pytest.raises(LinkError, match="lost"):
        [frame async for frame in source.frames()]
    await source.close()


async def test_what_waits_for_a_slow_program_is_bounded(footage: Footage, tmp_path: Path) -> None:
    """A program that takes nothing: pictures are skipped, and it can be ended all the same."""
    reel = Reel(26, footage.frames[26].shown * 20)
    reel.goes_on = True
    source = await convert(reel, 26, program(tmp_path, "exec sleep 600"))
    assert isinstance(source, ConvertedSource)
    await until(lambda: source._waiting.skipped > 100)
    assert source._waiting._size <= MAX_WAITING
    pid = process_of(source)
    await source.close()
    assert not is_there(pid)
