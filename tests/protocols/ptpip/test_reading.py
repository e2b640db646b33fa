"""Objects by every route: whole or refused, from the beginning or from where one stopped."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import override

import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import ObjectFormat, OperationCode, ResponseCode
from custom_components.crcp.protocols.ptpip.datasets import DeviceInfo, ObjectInfo
from custom_components.crcp.protocols.ptpip.datatypes import Bytes
from custom_components.crcp.protocols.ptpip.errors import (
    Declined,
    LinkError,
    ProtocolError,
    Refused,
)
from custom_components.crcp.protocols.ptpip.operations import Answer, Expect, Operations, Write
from custom_components.crcp.protocols.ptpip.packets import OperationResponse
from custom_components.crcp.protocols.ptpip.reading import read_object, size_of
from custom_components.crcp.protocols.ptpip.vendors import Canon, Generic, Nikon, Sony
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.data_phase import DataStyle
from custom_components.crcp.virtual.personalities import (
    CANON,
    GENERIC,
    NIKON,
    PERSONALITIES,
    Personality,
)
from custom_components.crcp.virtual.photos import InMemory

from .conftest import Connect
from .contents import movie

PIECE = 1 << 20
GIB = 1 << 30
BYTES = b"".join(number.to_bytes(4, "big") for number in range(3 * PIECE // 4 + 99))

every_maker = pytest.mark.parametrize("maker", PERSONALITIES.values(), ids=PERSONALITIES)
every_style = pytest.mark.parametrize("style", DataStyle)


class Sink:
    def __init__(self) -> None:
        self.data = bytearray()

    async def write(self, piece: memoryview) -> None:
        self.data += piece


@pytest.fixture
async def made(socket_enabled: None) -> AsyncIterator[list[VirtualCamera]]:
    cameras: list[VirtualCamera] = []
    yield cameras
    for camera in cameras:
        await camera.stop()


async def begun(
    made: list[VirtualCamera], connect: Connect, maker: Personality
) -> tuple[VirtualCamera, Initiator]:
    camera = VirtualCamera(personality=maker)
    made.append(camera)
    await camera.start()
    initiator = await connect(camera.port, session=False)
    await initiator.begin()
    initiator.vendor.poll_every = None
    return camera, initiator


# -- over the wire -----------------------------------------------------------------------------


@every_maker
@every_style
async def test_an_object_is_read_whole_however_it_is_cut(
    made: list[VirtualCamera], connect: Connect, maker: Personality, style: DataStyle
) -> None:
    camera, initiator = await begun(made, connect, maker)
    camera.data_style = style
    handle = camera.add_photo(movie(InMemory(BYTES)))
    sink = Sink()
    size = await read_object(initiator, initiator.vendor, handle, sink.write, size=len(BYTES))
    assert size == len(BYTES)
    assert sink.data == BYTES


@every_maker
@pytest.mark.parametrize("offset", [1, PIECE - 1, len(BYTES) - 1, len(BYTES)])
async def test_an_object_is_read_on_from_where_one_stopped(
    made: list[VirtualCamera], connect: Connect, maker: Personality, offset: int
) -> None:
    camera, initiator = await begun(made, connect, maker)
    handle = camera.add_photo(movie(InMemory(BYTES)))
    sink = Sink()
    await read_object(
        initiator, initiator.vendor, handle, sink.write, size=len(BYTES), offset=offset
    )
    assert sink.data == BYTES[offset:]
    if offset < len(BYTES):
        assert OperationCode.GET_OBJECT not in {request.code for request in camera.requests}


async def test_a_camera_that_gives_less_than_it_is_asked_for_is_asked_again(
    made: list[VirtualCamera], connect: Connect
) -> None:
    camera, initiator = await begun(made, connect, NIKON)
    camera.faults.short_parts = 70_001
    handle = camera.add_photo(movie(InMemory(BYTES)))
    sink = Sink()
    await read_object(initiator, initiator.vendor, handle, sink.write, size=len(BYTES))
    assert sink.data == BYTES


@pytest.mark.parametrize("maker", [GENERIC, NIKON], ids=["generic", "nikon"])
async def test_a_camera_that_lists_parts_and_refuses_them_is_read_whole(
    made: list[VirtualCamera], connect: Connect, maker: Personality
) -> None:
    camera, initiator = await begun(made, connect, maker)
    camera.faults.no_parts = 1
    handle = camera.add_photo(movie(InMemory(BYTES)))
    sink = Sink()
    await read_object(initiator, initiator.vendor, handle, sink.write, size=len(BYTES), offset=5)
    assert sink.data == BYTES[5:]


@every_maker
async def test_the_end_of_a_file_above_4_gib_is_reached(
    made: list[VirtualCamera], connect: Connect, maker: Personality
) -> None:
    camera, initiator = await begun(made, connect, maker)
    content = Ends(5 * GIB)
    handle = camera.add_photo(movie(content))
    info = await initiator.object_info(handle)
    assert info.size is None
    size = await size_of(initiator, initiator.vendor, handle, info)
    if maker is CANON:
        assert size is None  # only the data phase says it
        size = content.size
    assert size == content.size
    sink = Sink()
    offset = content.size - 70
    await read_object(initiator, initiator.vendor, handle, sink.write, size=size, offset=offset)
    assert sink.data == content.bytes_at(offset, 70)


async def test_a_lost_connection_leaves_the_beginning_to_go_on_from(
    made: list[VirtualCamera], connect: Connect
) -> None:
    camera, initiator = await begun(made, connect, GENERIC)
    camera.data_style = DataStyle.SMALL_PIECES
    handle = camera.add_photo(movie(InMemory(BYTES)))
    camera.faults.drop_after = 200_000
    sink = Sink()
    with pytest.raises(LinkError):
        await read_object(initiator, initiator.vendor, handle, sink.write, size=len(BYTES))
    assert 100_000 < len(sink.data) < 200_000
    again = await connect(camera.port, session=False)
    await again.begin()
    offset = len(sink.data)
    await read_object(again, again.vendor, handle, sink.write, size=len(BYTES), offset=offset)
    assert sink.data == BYTES


@pytest.mark.parametrize("wrong", [-1, 1, 4096])
async def test_an_object_that_is_not_as_long_as_announced_is_no_object(
    made: list[VirtualCamera], connect: Connect, wrong: int
) -> None:
    camera, initiator = await begun(made, connect, GENERIC)
    handle = camera.add_photo(movie(InMemory(BYTES)))
    with pytest.raises(ProtocolError):
        await read_object(
            initiator, initiator.vendor, handle, Sink().write, size=len(BYTES) + wrong
        )


@dataclass
class Ends:
    """A file of any size that is different everywhere, for no memory."""

    size: int

    def bytes_at(self, offset: int, size: int) -> bytes:
        return bytes((at * 7 + (at >> 8)) & 0xFF for at in range(offset, offset + size))

    async def read(self, offset: int, size: int) -> bytes:
        return self.bytes_at(offset, min(size, self.size - offset))


# -- every route, without a wire ---------------------------------------------------------------


@dataclass
class Paper(Operations):
    """A camera on paper: an object of any size, which costs nothing to read."""

    size: int
    asked: list[tuple[int, ...]] = field(default_factory=list)
    truncates: bool = False

    @override
    async def pause(self) -> None:
        pass

    @override
    async def transact(
        self,
        operation: OperationCode,
        *parameters: int,
        data: Bytes | None = None,
        write: Write | None = None,
        expect: Expect | None = None,
    ) -> Answer:
        self.asked.append((operation, *parameters))
        given = 0
        if operation == OperationCode.GET_OBJECT:
            given = self.size % (1 << 32) if self.truncates else self.size
            if expect:
                expect(given)
        elif operation in _PARTS:
            offset, wanted = _PARTS[operation](parameters)
            given = max(0, min(wanted, self.size - offset))
        return Answer(OperationResponse(ResponseCode.OK, 1), given)


_PARTS = {
    0x101B: lambda p: (p[1], p[2]),
    0x95C1: lambda p: (p[1] | p[2] << 32, p[3]),
    0x9174: lambda p: (p[1] | p[2] << 32, p[3]),
    0x9211: lambda p: (p[1] | p[2] << 32, p[3]),
    0x9431: lambda p: (p[1] | p[2] << 32, p[3] | p[4] << 32),
}


def device(*operations: int) -> DeviceInfo:
    return DeviceInfo(operations_supported=tuple(map(OperationCode, operations)))


@pytest.mark.parametrize(
    ("vendor", "operations", "route"),
    [
        (Generic, (0x101B, 0x95C1), 0x95C1),
        (Canon, (0x101B, 0x9107, 0x9174), 0x9174),
        (Nikon, (0x1009, 0x101B, 0x9431), 0x9431),
        (Sony, (0x101B, 0x9211), 0x9211),
        (Generic, (0x1009, 0x101B), 0x1009),
        (Canon, (0x1009, 0x9107), 0x1009),
        (Nikon, (0x1009, 0x101B), 0x1009),
    ],
)
async def test_5_gib_are_read_whole_by_the_route_that_reaches(
    vendor: type[Generic], operations: Iterable[int], route: int
) -> None:
    paper = Paper(5 * GIB)
    read = await read_object(paper, vendor(device(*operations)), 3, Sink().write, size=5 * GIB)
    assert read == 5 * GIB
    assert {asked[0] for asked in paper.asked} == {route}


@pytest.mark.parametrize(
    ("vendor", "operations"),
    [(Generic, (0x101B,)), (Canon, (0x101B, 0x9107)), (Sony, (0x101B,)), (Nikon, ())],
)
async def test_5_gib_that_no_route_reaches_are_declined_in_words(
    vendor: type[Generic], operations: Iterable[int]
) -> None:
    paper = Paper(5 * GIB)
    with pytest.raises(Declined, match="4 GiB"):
        await read_object(paper, vendor(device(*operations)), 3, Sink().write, size=5 * GIB)
    assert paper.asked == []


async def test_a_size_that_nobody_knows_is_never_taken_for_what_came() -> None:
    paper = Paper(5 * GIB, truncates=True)
    with pytest.raises(ProtocolError, match="4 GiB"):
        await read_object(paper, Generic(device(0x1009)), 3, Sink().write, size=None)
    whole = Paper(5 * GIB)
    assert await read_object(whole, Generic(device(0x1009)), 3, Sink().write, size=None) == 5 * GIB


async def test_a_size_that_was_told_modulo_4_gib_is_the_one_that_came() -> None:
    paper = Paper(5 * GIB)
    assert await read_object(paper, Generic(device(0x1009)), 3, Sink().write, size=GIB) == 5 * GIB


async def test_a_part_ends_where_4_gib_do() -> None:
    paper = Paper(4 * GIB)
    await read_object(
        paper, Generic(device(0x1009, 0x101B)), 3, Sink().write, size=4 * GIB, offset=1
    )
    assert {asked[0] for asked in paper.asked} == {0x101B}


@pytest.mark.parametrize(("vendor", "most"), [(Generic, 4 << 20), (Nikon, 1 << 20)])
async def test_a_part_is_small_enough_to_stop_after(vendor: type[Generic], most: int) -> None:
    paper = Paper(64 << 20)
    await read_object(paper, vendor(device(0x95C1)), 3, Sink().write, size=paper.size, offset=1)
    assert max(size for *_, size in paper.asked) == most


@pytest.mark.parametrize("told", [GIB, GIB + 5])
async def test_a_part_behind_the_end_shows_a_size_that_was_told_modulo_4_gib(told: int) -> None:
    paper = Paper(told + 4 * GIB)
    with pytest.raises(ProtocolError):
        await read_object(paper, Nikon(device(0x9431)), 3, Sink().write, size=told)
    whole = Paper(told)
    assert await read_object(whole, Nikon(device(0x9431)), 3, Sink().write, size=told) == told


@pytest.mark.parametrize("told", [0, 3 * PIECE])
async def test_where_nothing_is_missing_a_byte_behind_the_end_is_asked_for(told: int) -> None:
    """An object that was told to be empty, and one of which all that was told is there already."""
    for size in (told + 1, told + 5000):
        with pytest.raises(ProtocolError, match="more than"):
            await read_object(
                Paper(size), Nikon(device(0x9431)), 3, Sink().write, size=told, offset=told
            )
    paper = Paper(told)
    nikon = Nikon(device(0x9431))
    assert await read_object(paper, nikon, 3, Sink().write, size=told, offset=told) == told
    assert [asked[2:5] for asked in paper.asked] == [(told, 0, 1)]


async def test_a_camera_that_refuses_to_read_behind_the_end_is_asked_for_the_rest() -> None:
    class Exact(Paper):
        @override
        async def transact(
            self,
            operation: OperationCode,
            *parameters: int,
            data: Bytes | None = None,
            write: Write | None = None,
            expect: Expect | None = None,
        ) -> Answer:
            if parameters[1] + parameters[3] > self.size:
                raise Refused(ResponseCode.INVALID_PARAMETER)
            return await Paper.transact(self, operation, *parameters)

    exact = Exact(3 * PIECE + 7)
    read = await read_object(exact, Nikon(device(0x9431)), 3, Sink().write, size=exact.size)
    assert read == exact.size
    assert exact.asked[-1][-2:] == (7, 0)


async def test_a_camera_that_says_true_sizes_is_asked_and_not_tried() -> None:
    paper = Paper(3 * PIECE)
    await read_object(paper, Nikon(device(0x9421, 0x9431)), 3, Sink().write, size=paper.size)
    assert [asked[4] for asked in paper.asked] == [PIECE] * 3


async def test_a_part_that_is_longer_than_it_was_asked_for_is_no_part() -> None:
    class Long(Paper):
        @override
        async def transact(
            self,
            operation: OperationCode,
            *parameters: int,
            data: Bytes | None = None,
            write: Write | None = None,
            expect: Expect | None = None,
        ) -> Answer:
            return Answer(OperationResponse(ResponseCode.OK, 1), PIECE + 1)

    with pytest.raises(ProtocolError):
        await read_object(Long(0), Nikon(device(0x9431)), 3, Sink().write, size=9 * PIECE)


async def test_more_than_there_is_cannot_be_there_already() -> None:
    paper = Paper(1000)
    with pytest.raises(ProtocolError, match="already"):
        await read_object(paper, Generic(device(0x101B)), 3, Sink().write, size=1000, offset=1001)


@dataclass
class Sized(Paper):
    """Says this for a true size."""

    said: bytes = b""

    @override
    async def transact(
        self,
        operation: OperationCode,
        *parameters: int,
        data: Bytes | None = None,
        write: Write | None = None,
        expect: Expect | None = None,
    ) -> Answer:
        self.asked.append((operation, *parameters))
        if write:
            await write(memoryview(self.said))
        return Answer(OperationResponse(ResponseCode.OK, 1), len(self.said))


def info(size: int, name: str, kind: ObjectFormat = ObjectFormat.UNDEFINED) -> ObjectInfo:
    return ObjectInfo(
        storage_id=1,
        object_format=kind,
        object_compressed_size=size,
        parent_object=0,
        filename=name,
    )


_5_GIB = bytes.fromhex("0000004001000000")


@pytest.mark.parametrize("vendor", [Generic(device(0x9803)), Nikon(device(0x9421))])
@pytest.mark.parametrize(
    ("described", "said", "size"),
    [
        (info(GIB, "A.MOV"), _5_GIB, 5 * GIB),
        (info(GIB, "A.MOV"), bytes.fromhex("0000004000000000"), GIB),
        (info(GIB, "A.MOV"), bytes(8), GIB),
        (info(GIB, "A.MOV"), b"\1\2\3", GIB),
        (info(0xFFFFFFFF, "A.MOV"), _5_GIB, 5 * GIB),
        (info(0xFFFFFFFF, "A.MOV"), b"\1\2\3", None),
    ],
)
async def test_the_size_of_a_movie_is_asked_for(
    vendor: Generic, described: ObjectInfo, said: bytes, size: int | None
) -> None:
    assert await size_of(Sized(0, said=said), vendor, 3, described) == size


@pytest.mark.parametrize(
    "described",
    [
        info(GIB, "A.NEF"),
        info(GIB, "A.JPG"),
        info(GIB, "A", ObjectFormat.EXIF_JPEG),
        info(0, "DCIM", ObjectFormat.ASSOCIATION),
    ],
    ids=lambda described: described.filename,
)
async def test_the_size_of_a_picture_is_believed(described: ObjectInfo) -> None:
    sized = Sized(0, said=_5_GIB)
    assert await size_of(sized, Nikon(device(0x9421)), 3, described) == described.size
    assert sized.asked == []


async def test_a_part_of_nothing_is_no_progress() -> None:
    paper = Paper(10)
    with pytest.raises(ProtocolError):
        await read_object(paper, Nikon(device(0x9431)), 3, Sink().write, size=11)


async def test_a_refusal_in_the_middle_still_gives_the_beginning(
    made: list[VirtualCamera], connect: Connect
) -> None:
    camera, initiator = await begun(made, connect, GENERIC)
    camera.faults.cut_data = 100_000
    handle = camera.add_photo(movie(InMemory(BYTES)))
    sink = Sink()
    with pytest.raises(Refused):
        await initiator.get_object(handle, sink.write)
    assert sink.data == BYTES[:100_000]
    assert not initiator.closed
