"""A virtual camera and initiators of bad manners: nobody spoils it for others, or breaks it."""

import asyncio
from collections.abc import AsyncIterator
import struct

import pytest

from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.connection import MAX_DATA_OUT
from custom_components.crcp.virtual.personalities import CANON, NIKON, SONY, Personality
from custom_components.crcp.virtual.photos import InMemory, Photo
from tests.helpers import until
from tests.protocols.ptpip.contents import Held

from .raw import (
    DATA,
    END_DATA,
    EVENT,
    HELLO,
    INIT_COMMAND_ACK,
    INIT_FAIL,
    OPERATION_RESPONSE,
    START_DATA,
    Raw,
    cancel,
    connected,
    data_out,
    dialled,
    packet,
    request,
)

# Numbers as the documents have them.
GET_DEVICE_INFO, OPEN_SESSION, GET_STORAGE_IDS, SEND_OBJECT_INFO = 0x1001, 0x1002, 0x1004, 0x100C
GET_DEVICE_PROP_VALUE, SET_DEVICE_PROP_VALUE, GET_OBJECT, ARTIST = 0x1015, 0x1016, 0x1009, 0x501E
OK, INVALID_DATA_SET, SESSION_ALREADY_OPENED, CANCELED = 0x2001, 0x2023, 0x201E, 0x201F
INVALID_PROP_VALUE, DEVICE_BUSY, NOT_SUPPORTED = 0x201C, 0x2019, 0x2005

ME = bytes.fromhex("03 4d00 6500 0000")


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera()
    await camera.start()
    yield camera
    await camera.stop()


async def running(personality: Personality) -> VirtualCamera:
    camera = VirtualCamera(personality=personality)
    await camera.start()
    return camera


async def artist(command: Raw, number: int) -> bytes:
    """What the property holds."""
    command.writer.write(request(1, GET_DEVICE_PROP_VALUE, number, ARTIST))
    assert (await command.read())[0] == START_DATA
    _, body = await command.read()
    assert await command.response() == OK
    return body[4:]


# -- coming in ---------------------------------------------------------------------------------


async def test_nobody_joins_the_connection_of_another(camera: VirtualCamera) -> None:
    async with connected(camera.port) as (command, _event):
        (number,) = camera.connections
        async with dialled(camera.port, packet(3, struct.pack("<I", number))) as intruder:
            assert await intruder.read() == (INIT_FAIL, bytes.fromhex("03000000"))
            assert await intruder.ended()
        assert await command.ask(request(1, GET_STORAGE_IDS, 1)) == OK
        assert list(camera.connections) == [number]


async def test_half_a_handshake_does_not_hold_a_place(camera: VirtualCamera) -> None:
    camera.faults.join_within = 200
    halves = [dialled(camera.port, HELLO) for _ in range(camera.max_connections)]
    links = [await half.__aenter__() for half in halves]
    for link in links:
        assert (await link.read())[0] == INIT_COMMAND_ACK
    for half, link in zip(halves, links, strict=True):
        assert await link.ended()
        await half.__aexit__(None, None, None)
    await until(lambda: not camera.connections)
    async with connected(camera.port) as (command, _):
        assert await command.ask(request(1, GET_STORAGE_IDS, 1)) == OK


def test_a_camera_waits_seconds_for_an_event_connection() -> None:
    """As real ones do, and unless it is told otherwise."""
    assert 1000 <= VirtualCamera().faults.join_within <= 10_000


async def test_who_says_nothing_is_hung_up_on(camera: VirtualCamera) -> None:
    camera.faults.join_within = 50
    async with dialled(camera.port, HELLO[:5]) as silent:
        assert await silent.ended()


@pytest.mark.parametrize("length", [0, 7, 4 << 20, 0xFFFFFFFF])
async def test_a_first_packet_of_a_wild_length_is_hung_up_on(
    camera: VirtualCamera, length: int
) -> None:
    camera.faults.join_within = 60_000  # it is the length that ends it, not the time
    async with dialled(camera.port, struct.pack("<II", length, 1)) as wild:
        assert await wild.ended()


# -- sessions and transactions -----------------------------------------------------------------


async def test_a_session_is_opened_once(camera: VirtualCamera) -> None:
    async with connected(camera.port) as (command, _):
        assert await command.ask(request(1, OPEN_SESSION, 1, 2)) == SESSION_ALREADY_OPENED
        assert await command.ask(request(1, GET_STORAGE_IDS, 2)) == OK


@pytest.mark.parametrize("phase", [2, 3], ids=["out", "unknown"])
async def test_data_are_waited_for_however_they_are_announced(
    camera: VirtualCamera, phase: int
) -> None:
    async with connected(camera.port) as (command, _):
        said = request(phase, SET_DEVICE_PROP_VALUE, 1, ARTIST)
        command.writer.write(said)
        await until(lambda: next(iter(camera.connections.values()))._pending)
        assert await command.ask(data_out(1, ME)) == OK
        assert await artist(command, 2) == ME


@pytest.mark.parametrize(
    ("operation", "code"), [(GET_STORAGE_IDS, INVALID_DATA_SET), (0x9999, NOT_SUPPORTED)]
)
async def test_data_that_nobody_wants_are_refused(
    camera: VirtualCamera, operation: int, code: int
) -> None:
    async with connected(camera.port) as (command, _):
        assert await command.ask(request(2, operation, 1) + data_out(1, b"data")) == code
        assert await command.ask(request(1, GET_STORAGE_IDS, 2)) == OK


@pytest.mark.parametrize("data", [b"", b"short"])
async def test_data_that_make_no_sense_are_refused(camera: VirtualCamera, data: bytes) -> None:
    async with connected(camera.port) as (command, _):
        said = request(2, SEND_OBJECT_INFO, 1, 0, 0) + data_out(1, data)
        assert await command.ask(said) == INVALID_DATA_SET


async def test_more_data_than_a_camera_takes_end_the_connection(camera: VirtualCamera) -> None:
    async with connected(camera.port) as (command, _):
        said = request(2, SET_DEVICE_PROP_VALUE, 1, ARTIST)
        command.writer.write(said + data_out(1, bytes(MAX_DATA_OUT + 1)))
        assert await command.ended()


@pytest.mark.parametrize("value", [-3001, -2999, 1, 3500])
async def test_a_range_has_steps(camera: VirtualCamera, value: int) -> None:
    """ExposureBiasCompensation, 0x5010: from -3000 to 3000 by 500."""
    async with connected(camera.port) as (command, _):
        said = request(2, SET_DEVICE_PROP_VALUE, 1, 0x5010)
        assert await command.ask(said + data_out(1, struct.pack("<h", value))) == INVALID_PROP_VALUE
        said = request(2, SET_DEVICE_PROP_VALUE, 2, 0x5010)
        assert await command.ask(said + data_out(2, struct.pack("<h", -1500))) == OK


@pytest.mark.parametrize("where", [0, 1], ids=["command", "event"])
@pytest.mark.parametrize("number", [0, 1, 2, 77])
async def test_a_cancel_for_what_does_not_run_cancels_nothing(
    camera: VirtualCamera, where: int, number: int
) -> None:
    handle = camera.add_photo(Photo("A.JPG", InMemory(bytes(100)), ObjectFormat.EXIF_JPEG))
    async with connected(camera.port) as both:
        command, event = both
        both[where].writer.write(cancel(number))
        event.writer.write(packet(13))  # its answer says that what was before it has been read
        while (await event.read())[0] == EVENT:
            pass
        assert await command.ask(request(1, GET_STORAGE_IDS, 1)) == OK
        assert await command.ask(request(1, GET_OBJECT, 2, handle)) == OK


@pytest.mark.parametrize(("number", "code"), [(1, CANCELED), (2, OK), (0xFFFFFFFF, OK)])
async def test_a_cancel_ends_the_transaction_that_it_names_and_no_other(
    camera: VirtualCamera, number: int, code: int
) -> None:
    content = Held(bytes(4 << 20))
    handle = camera.add_photo(Photo("A.JPG", content, ObjectFormat.EXIF_JPEG))
    async with connected(camera.port) as (command, event):
        command.writer.write(request(1, GET_OBJECT, 1, handle))
        await content.half_sent.wait()
        event.writer.write(cancel(number) + packet(13))
        while (await event.read())[0] == EVENT:
            pass
        content.let_go.set()
        assert await command.response() == code
        assert await command.ask(request(1, GET_OBJECT, 2, handle)) == OK


# -- what only some makers do --------------------------------------------------------------------


async def test_a_sony_is_busy_until_it_was_asked_for_the_result(socket_enabled: None) -> None:
    camera = await running(SONY)
    state = bytes.fromhex("02000000 02000000 00000000 00000000 0101")
    async with connected(camera.port) as (command, _):
        assert await command.ask(request(2, 0x9280, 1, 4) + data_out(1, state)) == OK
        assert await command.ask(request(2, 0x9280, 2, 4) + data_out(2, state)) == DEVICE_BUSY
        assert await command.ask(request(1, 0x9281, 3, 4)) == OK
        assert await command.ask(request(2, 0x9280, 4, 4) + data_out(4, state)) == OK
    await camera.stop()


@pytest.mark.parametrize("maker", [CANON, NIKON, SONY], ids=lambda maker: maker.name)
async def test_a_second_initiator_finds_a_real_camera_busy(
    socket_enabled: None, maker: Personality
) -> None:
    camera = await running(maker)
    async with connected(camera.port), dialled(camera.port, HELLO) as second:
        assert await second.read() == (INIT_FAIL, bytes.fromhex("02000000"))
    await camera.stop()


@pytest.mark.parametrize(
    ("style", "announced", "kinds"),
    [
        ("PIECES", 200_000, [END_DATA]),
        ("SMALL_PIECES", 200_000, [DATA, DATA, DATA, END_DATA]),
        ("EMPTY_END", 200_000, [DATA, DATA, DATA, DATA, END_DATA]),
        ("ONE_END", 200_000, [END_DATA]),
        ("UNKNOWN_LENGTH", 0xFFFFFFFFFFFFFFFF, [DATA, DATA, DATA, END_DATA]),
        ("UNKNOWN_LENGTH_32", 0xFFFFFFFF, [DATA, DATA, DATA, END_DATA]),
    ],
)
async def test_data_are_cut_as_declared(
    camera: VirtualCamera, style: str, announced: int, kinds: list[int]
) -> None:
    camera.data_style = type(camera.data_style)[style]
    photo = Photo("A.JPG", InMemory(bytes(range(250)) * 800), ObjectFormat.EXIF_JPEG)
    handle = camera.add_photo(photo)
    async with connected(camera.port) as (command, _):
        command.writer.write(request(1, GET_OBJECT, 1, handle))
        kind, body = await command.read()
        assert (kind, body) == (START_DATA, struct.pack("<IQ", 1, announced))
        got, seen, sizes = bytearray(), [], []
        while (found := await command.read())[0] != OPERATION_RESPONSE:
            assert found[1][:4] == bytes.fromhex("01000000")
            seen.append(found[0])
            got += found[1][4:]
            sizes.append(len(found[1]) - 4)
        assert (bytes(got), seen) == (bytes(range(250)) * 800, kinds)
        assert (sizes[-1] == 0) is (style == "EMPTY_END")


async def test_several_who_come_and_go_leave_nothing_behind(camera: VirtualCamera) -> None:
    async def visit() -> None:
        async with connected(camera.port) as (command, _):
            assert await command.ask(request(1, GET_DEVICE_INFO, 1)) == OK

    for _ in range(3):
        await asyncio.gather(*(visit() for _ in range(camera.max_connections)))
        await until(lambda: not camera.connections)
