import asyncio
from collections.abc import Callable
import threading

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.importer import executor
from custom_components.crcp.importer.executor import DoubleBuffer, to_its_end

from ..helpers import until


class Disk:
    """A sink that can be slow and can fail."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.sizes: list[int] = []
        self.free = threading.Event()
        self.free.set()
        self.busy = 0
        self.error: Exception | None = None

    def write(self, data: memoryview) -> None:
        self.busy += 1
        assert self.free.wait(10)
        if self.error:
            raise self.error
        self.written += data
        self.sizes.append(len(data))
        self.busy -= 1


async def directly[*Args, Result](func: Callable[[*Args], Result], /, *args: *Args) -> Result:
    return func(*args)


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(1, 30))
def test_all_bytes_are_written_in_order_in_pieces_of_one_size(
    pieces: list[bytes], size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executor, "PIECE", size)
        disk = Disk()

        async def run() -> None:
            buffer = DoubleBuffer(disk.write, directly)
            for piece in pieces:
                await buffer.write(memoryview(piece))
            await buffer.finish()

        asyncio.run(run())
        assert bytes(disk.written) == b"".join(pieces)
        assert all(written == size for written in disk.sizes[:-1])


async def test_one_buffer_fills_while_the_other_is_written(small_pieces: None) -> None:
    disk = Disk()
    disk.free.clear()
    buffer = DoubleBuffer(disk.write, asyncio.to_thread)
    await buffer.write(memoryview(b"a" * 400))
    await until(lambda: disk.busy)
    await buffer.write(memoryview(b"b" * 399))
    third = asyncio.create_task(buffer.write(memoryview(b"b")))
    await until(lambda: buffer._filled == 400)
    assert not third.done()
    assert disk.busy == 1
    disk.free.set()
    await third
    await buffer.finish()
    assert disk.written == b"a" * 400 + b"b" * 400


async def test_an_error_of_the_sink_reaches_who_writes_next(small_pieces: None) -> None:
    disk = Disk()
    disk.error = ValueError("broken")
    buffer = DoubleBuffer(disk.write, asyncio.to_thread)
    await buffer.write(memoryview(b"a" * 400))
    with pytest.raises(ValueError, match="broken"):
        await buffer.write(memoryview(b"b" * 400))
    await buffer.settle()


async def test_an_error_of_the_last_piece_is_raised_at_the_finish(small_pieces: None) -> None:
    disk = Disk()
    disk.error = ValueError("broken")
    buffer = DoubleBuffer(disk.write, asyncio.to_thread)
    await buffer.write(memoryview(b"a"))
    with pytest.raises(ValueError, match="broken"):
        await buffer.finish()


async def test_a_cancellation_waits_for_the_thread() -> None:
    disk = Disk()
    disk.free.clear()
    job = asyncio.to_thread(disk.write, memoryview(b"data"))
    waiting = asyncio.create_task(to_its_end(job))
    await until(lambda: disk.busy)
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0)
        assert not waiting.done()
    disk.free.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert disk.written == b"data"


async def test_a_cancellation_counts_more_than_an_error_of_the_thread() -> None:
    disk = Disk()
    disk.error = ValueError("broken")
    disk.free.clear()
    waiting = asyncio.create_task(to_its_end(asyncio.to_thread(disk.write, memoryview(b"data"))))
    await until(lambda: disk.busy)
    waiting.cancel()
    await asyncio.sleep(0)
    disk.free.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
