import asyncio
from collections.abc import Callable
import threading

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.importer import executor
from custom_components.crcp.importer.executor import Sink, to_its_end

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
def test_all_bytes_are_given_in_order_a_large_piece_or_a_gathering_at_a_time(
    pieces: list[bytes], size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executor, "PIECE", size)
        disk = Disk()

        async def run() -> None:
            sink = Sink(disk.write, directly)
            for piece in pieces:
                await sink.write(memoryview(piece))
            await sink.finish()

        asyncio.run(run())
        assert bytes(disk.written) == b"".join(pieces)
        # Only what was one piece is larger than what is gathered; and none is given in vain.
        large = [len(piece) for piece in pieces if len(piece) > size]
        assert [written for written in disk.sizes if written > size] == large
        assert 0 not in disk.sizes


async def test_a_large_piece_lies_where_it_lay_until_it_is_written(small_pieces: None) -> None:
    disk = Disk()
    disk.free.clear()
    sink = Sink(disk.write, asyncio.to_thread)
    await sink.write(memoryview(b"a" * 199))
    piece = bytearray(b"b" * 200)
    writing = asyncio.create_task(sink.write(memoryview(piece)))
    await until(lambda: disk.busy)
    assert not writing.done()
    disk.free.set()
    await writing
    piece[:] = b"-" * 200
    assert disk.written == b"a" * 199 + b"b" * 200
    assert disk.sizes == [199, 200]


async def test_small_pieces_are_gathered(small_pieces: None) -> None:
    disk = Disk()
    sink = Sink(disk.write, asyncio.to_thread)
    piece = bytearray(100)
    for number in range(5):
        piece[:] = bytes([number]) * 100
        await sink.write(memoryview(piece))
    assert disk.sizes == [400, 100]
    assert disk.written == b"".join(bytes([number]) * 100 for number in range(5))
    await sink.finish()
    assert disk.sizes == [400, 100]


async def test_an_error_of_the_sink_reaches_who_writes(small_pieces: None) -> None:
    disk = Disk()
    disk.error = ValueError("broken")
    sink = Sink(disk.write, asyncio.to_thread)
    with pytest.raises(ValueError, match="broken"):
        await sink.write(memoryview(b"a" * 400))


async def test_an_error_of_the_last_piece_is_raised_at_the_finish(small_pieces: None) -> None:
    disk = Disk()
    disk.error = ValueError("broken")
    sink = Sink(disk.write, asyncio.to_thread)
    await sink.write(memoryview(b"a"))
    with pytest.raises(ValueError, match="broken"):
        await sink.finish()


async def test_a_cancelled_write_ends_when_the_piece_is_free_again(small_pieces: None) -> None:
    disk = Disk()
    disk.free.clear()
    sink = Sink(disk.write, asyncio.to_thread)
    writing = asyncio.create_task(sink.write(memoryview(b"a" * 400)))
    await until(lambda: disk.busy)
    writing.cancel()
    await asyncio.sleep(0)
    assert not writing.done()
    disk.free.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert disk.written == b"a" * 400


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
