"""Each declared fault, as bytes on the wire: what a camera does wrong has to be wrong for sure."""

import asyncio
from collections.abc import AsyncIterator
import struct

import pytest

from custom_components.crcp.protocols.ptpip.codes import ObjectFormat
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.camera_faults import ABOUT, CameraFaults
from custom_components.crcp.virtual.personalities import CANON, NIKON, Personality
from custom_components.crcp.virtual.photos import InMemory, Photo
from custom_components.crcp.virtual.synthetic import synthetic_movie
from tests.helpers import until

from .raw import (
    DATA,
    END_DATA,
    EVENT,
    HELLO,
    INIT_COMMAND_ACK,
    OPERATION_RESPONSE,
    START_DATA,
    Raw,
    connected,
    dialled,
    packet,
    request,
)

# Numbers as the documents have them.
GET_STORAGE_IDS, GET_OBJECT_HANDLES, GET_OBJECT_INFO, GET_OBJECT = 0x1004, 0x1007, 0x1008, 0x1009
OK, GENERAL_ERROR, INVALID_ID, CANCELED = 0x2001, 0x2002, 0x2004, 0x201F
INVALID_HANDLE, NOT_AVAILABLE = 0x2009, 0x2013
CANCEL_TRANSACTION, OBJECT_ADDED = 0x4001, 0x4002

PICTURE = bytes(range(200))


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera()
    await camera.start()
    yield camera
    await camera.stop()


@pytest.fixture
def handle(camera: VirtualCamera) -> int:
    return camera.add_photo(picture())


def picture() -> Photo:
    return Photo("A.JPG", InMemory(PICTURE), ObjectFormat.EXIF_JPEG)


async def data_of(command: Raw, said: bytes) -> tuple[bytes, int]:
    """The data that answer a request, and the response."""
    command.writer.write(said)
    data = b""
    while (found := await command.read())[0] != OPERATION_RESPONSE:
        if found[0] in (DATA, END_DATA):
            data += found[1][4:]
    return data, int.from_bytes(found[1][:2], "little")


# -- the event connection ------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 17])
async def test_the_event_connection_drops_within_an_event(
    camera: VirtualCamera, place: int
) -> None:
    async with connected(camera.port) as (command, event):
        camera.faults.event_drop_after = place
        camera.add_photo(picture())
        assert len(await event.reader.read()) == place
        assert await command.ended()


async def test_the_event_connection_drops_before_a_packet(camera: VirtualCamera) -> None:
    async with connected(camera.port) as (_, event):
        camera.faults.event_drop_packet = 1
        camera.add_photo(picture())
        kind, body = await event.read()
        assert (kind, body[:2]) == (EVENT, bytes.fromhex("0240"))
        assert await event.reader.read() == b""


async def test_the_event_connection_falls_silent_and_the_other_goes_on(
    camera: VirtualCamera,
) -> None:
    async with connected(camera.port) as (command, event):
        camera.faults.event_stall_after = 8
        event.writer.write(packet(13) * 2)
        assert await event.read() == (14, b"")
        for number in (1, 2):
            assert await command.ask(request(1, GET_STORAGE_IDS, number)) == OK
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(event.reader.read(1), 0.05)


async def test_an_event_is_malformed(camera: VirtualCamera) -> None:
    async with connected(camera.port) as (_, event):
        camera.faults.event_garbage = 1
        camera.add_photo(picture())
        assert await event.reader.readexactly(4) == bytes.fromhex("07000000")


async def test_a_mute_camera_tells_nothing(camera: VirtualCamera) -> None:
    camera.faults.mute = 1
    async with connected(camera.port) as (_, event):
        camera.add_photo(picture())
        event.writer.write(packet(13))
        assert await event.read() == (14, b"")


# -- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maker", "operation"), [(CANON, 0x9116), (NIKON, 0x90C7), (NIKON, 0x941C)]
)
async def test_get_event_is_refused(
    socket_enabled: None, maker: Personality, operation: int
) -> None:
    camera = VirtualCamera(personality=maker)
    await camera.start()
    async with connected(camera.port) as (command, _):
        assert await command.ask(request(1, 0x9115, 1, 1)) in (OK, 0x2005)
        handle = camera.add_photo(picture())
        camera.faults.events_refused = 1
        assert await command.ask(request(1, operation, 2)) == GENERAL_ERROR
        told, code = await data_of(command, request(1, operation, 3))
        assert code == OK
        assert struct.pack("<I", handle) in told
    await camera.stop()


async def test_a_right_id_is_refused(camera: VirtualCamera) -> None:
    async with connected(camera.port) as (command, _):
        camera.faults.id_refused = 1
        assert await command.ask(request(1, GET_STORAGE_IDS, 1)) == INVALID_ID
        assert await command.ask(request(1, GET_STORAGE_IDS, 1)) == OK


async def test_a_card_is_taken_out_meanwhile(camera: VirtualCamera) -> None:
    async with connected(camera.port) as (command, event):
        camera.faults.card_out = 1
        said = (GET_OBJECT_HANDLES, 0xFFFFFFFF, 0, 0)
        assert await command.ask(request(1, said[0], 1, *said[1:])) == OK
        assert await command.ask(request(1, said[0], 2, *said[1:])) == NOT_AVAILABLE
        kind, body = await event.read()
        assert (kind, body[:2]) == (EVENT, bytes.fromhex("0540"))  # StoreRemoved


@pytest.mark.parametrize(("how", "files"), [(1, 0), (2, 1)])
async def test_a_flat_listing_is_not_the_whole(
    camera: VirtualCamera, handle: int, how: int, files: int
) -> None:
    camera.faults.no_flat = how
    async with connected(camera.port) as (command, _):
        flat, _ = await data_of(command, request(1, GET_OBJECT_HANDLES, 1, 0xFFFFFFFF, 0, 0))
        assert int.from_bytes(flat[:4], "little") == files
        root, _ = await data_of(
            command, request(1, GET_OBJECT_HANDLES, 2, 0xFFFFFFFF, 0, 0xFFFFFFFF)
        )
        assert int.from_bytes(root[:4], "little") == 1


# -- data ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "told"), [((4 << 30) + 5_000_000, 5_000_000), (4 << 30, 0)])
async def test_a_size_is_told_modulo_4_gib(camera: VirtualCamera, size: int, told: int) -> None:
    handle = camera.add_photo(synthetic_movie(size))
    async with connected(camera.port) as (command, _):
        info, _ = await data_of(command, request(1, GET_OBJECT_INFO, 1, handle))
        assert info[8:12] == bytes.fromhex("ffffffff")
        camera.faults.size_modulo = 1
        info, _ = await data_of(command, request(1, GET_OBJECT_INFO, 2, handle))
        assert info[8:12] == struct.pack("<I", told)


@pytest.mark.parametrize("more", [-1_000_000, 1 << 33, -(1 << 40)])
async def test_a_size_that_is_far_wrong_is_still_a_number(
    camera: VirtualCamera, handle: int, more: int
) -> None:
    camera.faults.info_more = camera.faults.announce_more = more
    async with connected(camera.port) as (command, _):
        info, code = await data_of(command, request(1, GET_OBJECT_INFO, 1, handle))
        assert (code, len(info) > 52) == (OK, True)
        command.writer.write(request(1, GET_OBJECT, 2, handle))
        kind, body = await command.read()
        assert (kind, body[4:]) == (START_DATA, struct.pack("<Q", max(0, 200 + more)))


@pytest.mark.parametrize("style", ["PIECES", "ONE_END", "UNKNOWN_LENGTH"])
async def test_the_camera_itself_cancels(camera: VirtualCamera, handle: int, style: str) -> None:
    camera.data_style = type(camera.data_style)[style]
    async with connected(camera.port) as (command, event):
        camera.faults.cancels = 1
        data, code = await data_of(command, request(1, GET_OBJECT, 1, handle))
        assert (data, code) == (PICTURE[:100], CANCELED)
        assert await event.read() == (EVENT, struct.pack("<HI", CANCEL_TRANSACTION, 1))
        assert await data_of(command, request(1, GET_OBJECT, 2, handle)) == (PICTURE, OK)


async def test_an_object_is_deleted_while_it_is_sent(camera: VirtualCamera, handle: int) -> None:
    async with connected(camera.port) as (command, event):
        camera.faults.vanish = 1
        data, code = await data_of(command, request(1, GET_OBJECT, 1, handle))
        assert (data, code) == (PICTURE[:100], GENERAL_ERROR)
        assert await command.ask(request(1, GET_OBJECT, 2, handle)) == INVALID_HANDLE
        kind, body = await event.read()
        assert (kind, body[:2]) == (EVENT, bytes.fromhex("0340"))  # ObjectRemoved


# -- time ----------------------------------------------------------------------------------------


async def test_who_does_not_answer_a_probe_is_hung_up_on(camera: VirtualCamera) -> None:
    camera.faults.probe_every = camera.faults.probe_within = 20
    async with connected(camera.port, session=False) as (command, event):
        assert await event.read() == (13, b"")
        assert await command.ended()


async def test_the_handshake_is_no_idling(camera: VirtualCamera) -> None:
    camera.faults.idle_off = 100
    async with dialled(camera.port, HELLO) as command:
        kind, body = await command.read()
        assert kind == INIT_COMMAND_ACK
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(command.reader.read(1), 0.3)
        async with dialled(camera.port, packet(3, body[:4])) as event:
            assert await event.read() == (4, b"")
            assert await command.ended()


# -- the declaration -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("busy=-1", "from 0 to"),
        ("init-fail=4294967296", "from 0 to 4294967295"),
        ("join-within=0", "from 1 to"),
        ("drop-after=-2", "from -1 to"),
        ("no-flat=3", "from 0 to 2"),
        ("info-more=99999999999999", "from -1099511627776 to 1099511627776"),
        ("busy=many", "'many' is no number"),
        ("explode", "there is no fault"),
    ],
)
def test_a_number_that_makes_no_fault_is_said_plainly(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        CameraFaults.parse([text])


@pytest.mark.parametrize("name", ABOUT)
async def test_a_camera_with_any_fault_is_not_broken_by_it(
    socket_enabled: None, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the initiator gets, the camera itself goes on without a traceback."""
    camera = VirtualCamera(faults=CameraFaults.parse([f"{name}=1"]))
    handle = camera.add_photo(picture())
    await camera.start()
    said = [(GET_OBJECT_INFO, handle), (GET_OBJECT, handle)]
    try:
        async with asyncio.timeout(0.3), connected(camera.port) as (command, _):
            for number, (operation, *parameters) in enumerate(said, start=1):
                await command.ask(request(1, operation, number, *parameters))
    except TimeoutError, OSError, EOFError, AssertionError, struct.error, ValueError:
        pass  # that is the fault
    await until(lambda: not camera.connections or name == "silent")
    await camera.stop()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
