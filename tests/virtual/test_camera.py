"""The virtual camera as an initiator sees it: cards, listing, objects, several visitors."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

from PIL import Image
import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import (
    EventCode,
    FormatFilter,
    ObjectFormat,
    OperationCode,
    PacketType,
    ParentObject,
    ResponseCode,
    StorageID,
)
from custom_components.crcp.protocols.ptpip.errors import Refused
from custom_components.crcp.protocols.ptpip.packets import Event
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.card import FIRST_STORAGE, Card, Entry
from custom_components.crcp.virtual.host import LOOPBACK
from custom_components.crcp.virtual.photos import InMemory, OnDisk, Photo

NOON = datetime(2026, 6, 1, 12, 0, 0)
SECOND_STORAGE = 0x00020001

JPEG = Photo("IMG_0001.JPG", InMemory(b"jpeg"), ObjectFormat.EXIF_JPEG, NOON, 6000, 4000)
RAW = Photo("IMG_0001.CR3", InMemory(b"a raw file"), ObjectFormat.UNDEFINED, NOON)


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera(
        photos=[JPEG, RAW], model="Tester", serial_number="0815", clock=lambda: NOON
    )
    await camera.start()
    yield camera
    await camera.stop()


@pytest.fixture
async def initiator(camera: VirtualCamera) -> AsyncIterator[Initiator]:
    async with await visit(camera) as initiator:
        await initiator.open_session()
        yield initiator


async def visit(camera: VirtualCamera) -> Initiator:
    return await Initiator.connect(LOOPBACK, camera.port, guid=bytes(16), friendly_name="tests")


async def names(initiator: Initiator, *filters: int) -> list[str]:
    return [
        (await initiator.object_info(handle)).filename
        for handle in await initiator.object_handles(*filters)
    ]


async def content(initiator: Initiator, handle: int) -> bytes:
    return await initiator.dataset(OperationCode.GET_OBJECT, handle)


async def refusal(initiator: Initiator, operation: OperationCode, *parameters: int) -> int:
    with pytest.raises(Refused) as refused:
        await initiator.dataset(operation, *parameters)
    return refused.value.code


async def test_a_camera_says_who_it_is(initiator: Initiator) -> None:
    info = await initiator.device_info()
    assert (info.manufacturer, info.model, info.serial_number) == ("CRCP", "Tester", "0815")
    assert {OperationCode.OPEN_SESSION, OperationCode.GET_OBJECT} <= set(info.operations_supported)


async def test_an_operation_that_is_not_listed_is_not_supported(initiator: Initiator) -> None:
    code = await refusal(initiator, OperationCode.FORMAT_STORE, FIRST_STORAGE)
    assert code == ResponseCode.OPERATION_NOT_SUPPORTED


async def test_before_a_session_only_the_device_may_be_asked_about(camera: VirtualCamera) -> None:
    async with await visit(camera) as initiator:
        assert (await initiator.device_info()).model == "Tester"
        code = await refusal(initiator, OperationCode.GET_STORAGE_IDS)
        assert code == ResponseCode.SESSION_NOT_OPEN


async def test_a_wrong_transaction_id_is_refused(initiator: Initiator) -> None:
    initiator._session.next_transaction_id = 99
    code = await refusal(initiator, OperationCode.GET_STORAGE_IDS)
    assert code == ResponseCode.INVALID_TRANSACTION_ID


async def test_session_0_is_no_session(camera: VirtualCamera) -> None:
    async with await visit(camera) as initiator:
        code = await refusal(initiator, OperationCode.OPEN_SESSION, 0)
        assert code == ResponseCode.INVALID_PARAMETER


# -- listing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ((StorageID.ALL,), ["DCIM", "100CRCP", "IMG_0001.JPG", "IMG_0001.CR3"]),
        ((FIRST_STORAGE,), ["DCIM", "100CRCP", "IMG_0001.JPG", "IMG_0001.CR3"]),
        ((StorageID.ALL, ObjectFormat.EXIF_JPEG), ["IMG_0001.JPG"]),
        ((StorageID.ALL, ObjectFormat.ASSOCIATION), ["DCIM", "100CRCP"]),
        ((StorageID.ALL, FormatFilter.ALL_IMAGES), ["IMG_0001.JPG"]),
        ((StorageID.ALL, FormatFilter.ANY, ParentObject.ROOT), ["DCIM"]),
    ],
)
async def test_objects_are_listed(
    initiator: Initiator, filters: tuple[int, ...], found: list[str]
) -> None:
    assert await names(initiator, *filters) == found
    answer = await initiator.transact(OperationCode.GET_NUM_OBJECTS, *filters)
    assert answer.response.parameter(1) == len(found)


async def test_a_card_can_be_walked_from_its_root(initiator: Initiator) -> None:
    path, parent = [], int(ParentObject.ROOT)
    while handles := await initiator.object_handles(StorageID.ALL, FormatFilter.ANY, parent):
        parent = handles[0]
        info = await initiator.object_info(parent)
        path.append(info.filename)
        if not info.is_association:
            break
    assert path == ["DCIM", "100CRCP", "IMG_0001.JPG"]


async def test_what_is_no_folder_has_no_children(initiator: Initiator) -> None:
    *_, file = await initiator.object_handles()
    for parent in (file, 0xDEAD):
        code = await refusal(initiator, OperationCode.GET_OBJECT_HANDLES, StorageID.ALL, 0, parent)
        assert code == ResponseCode.INVALID_PARENT_OBJECT


async def test_a_slot_that_is_not_there_is_refused(initiator: Initiator) -> None:
    code = await refusal(initiator, OperationCode.GET_OBJECT_HANDLES, SECOND_STORAGE)
    assert code == ResponseCode.INVALID_STORAGE_ID


async def test_a_camera_without_a_card_has_nothing_to_list(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    camera.cards.clear()
    assert await initiator.storage_ids() == ()
    code = await refusal(initiator, OperationCode.GET_OBJECT_HANDLES, StorageID.ALL)
    assert code == ResponseCode.STORE_NOT_AVAILABLE


async def test_two_cards_may_hold_twins(camera: VirtualCamera, initiator: Initiator) -> None:
    camera.cards.append(Card(SECOND_STORAGE))
    camera.cards[1].add(JPEG)
    assert await initiator.storage_ids() == (FIRST_STORAGE, SECOND_STORAGE)
    assert await names(initiator, SECOND_STORAGE) == ["DCIM", "100CRCP", "IMG_0001.JPG"]
    handles = await initiator.object_handles()
    assert len(set(handles)) == len(handles) == 7


async def test_a_card_tells_its_space(camera: VirtualCamera, initiator: Initiator) -> None:
    info = await initiator.storage_info(FIRST_STORAGE)
    assert info.max_capacity - info.free_space_in_bytes == len(b"jpeg" + b"a raw file")


def test_after_9999_pictures_a_new_folder_begins() -> None:
    card = Card()
    for _ in range(10_000):
        card.add(JPEG)
    folders = [entry.name for entry in card.entries.values() if not entry.photo]
    assert folders == ["DCIM", "100CRCP", "101CRCP"]


# -- objects -----------------------------------------------------------------------------------


async def test_an_object_tells_about_itself(initiator: Initiator) -> None:
    dcim, folder, jpeg, raw = await initiator.object_handles()
    info = await initiator.object_info(jpeg)
    assert (info.storage_id, info.parent_object) == (FIRST_STORAGE, folder)
    assert (info.object_format, info.size) == (ObjectFormat.EXIF_JPEG, 4)
    assert (info.image_pix_width, info.image_pix_height) == (6000, 4000)
    assert info.capture_date == NOON
    assert (await initiator.object_info(raw)).object_format == ObjectFormat.UNDEFINED
    assert (await initiator.object_info(folder)).parent_object == dcim


async def test_an_object_is_its_bytes_and_a_folder_has_none(initiator: Initiator) -> None:
    _, folder, jpeg, _ = await initiator.object_handles()
    assert await content(initiator, jpeg) == b"jpeg"
    code = await refusal(initiator, OperationCode.GET_OBJECT, folder)
    assert code == ResponseCode.INVALID_OBJECT_HANDLE


@pytest.mark.parametrize(
    ("offset", "wanted", "part"),
    [(0, 4, b"jpeg"), (1, 2, b"pe"), (2, 0xFFFFFFFF, b"eg"), (4, 9, b""), (0, 0, b"")],
)
async def test_a_part_of_an_object(
    initiator: Initiator, offset: int, wanted: int, part: bytes
) -> None:
    jpeg = (await initiator.object_handles())[2]
    got = bytearray()

    async def keep(piece: memoryview) -> None:
        got.extend(piece)

    answer = await initiator.transact(
        OperationCode.GET_PARTIAL_OBJECT, jpeg, offset, wanted, write=keep
    )
    assert (got, answer.response.parameter(1)) == (part, len(part))


async def test_a_part_beyond_the_end_is_refused(initiator: Initiator) -> None:
    jpeg = (await initiator.object_handles())[2]
    code = await refusal(initiator, OperationCode.GET_PARTIAL_OBJECT, jpeg, 5, 1)
    assert code == ResponseCode.INVALID_PARAMETER


async def test_every_file_has_a_thumbnail_and_a_folder_has_none(initiator: Initiator) -> None:
    _, folder, jpeg, raw = await initiator.object_handles()
    for handle in (jpeg, raw):  # Their bytes are no pictures at all.
        assert (await initiator.object_info(handle)).thumb_format == ObjectFormat.JFIF
        assert Image.open(BytesIO(await initiator.thumb(handle))).format == "JPEG"
    code = await refusal(initiator, OperationCode.GET_THUMB, folder)
    assert code == ResponseCode.INVALID_OBJECT_HANDLE


async def test_a_file_that_is_gone_breaks_off(
    camera: VirtualCamera, initiator: Initiator, tmp_path: Path
) -> None:
    gone = Photo("GONE.MOV", OnDisk(tmp_path / "GONE.MOV", 5), ObjectFormat.QUICKTIME)
    handle = camera.add_photo(gone)
    code = await refusal(initiator, OperationCode.GET_OBJECT, handle)
    assert code == ResponseCode.INCOMPLETE_TRANSFER


async def test_movies_may_lie_outside_of_dcim(camera: VirtualCamera, initiator: Initiator) -> None:
    card = camera.cards[0]
    private = card.put(Entry("PRIVATE", 0, None))
    card.put(Entry("C0001.MP4", private, RAW))
    assert await names(initiator, StorageID.ALL, 0, ParentObject.ROOT) == ["DCIM", "PRIVATE"]
    assert await names(initiator, StorageID.ALL, 0, private) == ["C0001.MP4"]


# -- the shutter, and several visitors -----------------------------------------------------------


async def test_a_press_of_the_shutter_is_told_to_everybody(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    async with await visit(camera) as other:
        handle = await camera.press_shutter()
        for listener in (initiator, other):
            events = listener.events()
            assert await anext(events) == Event(EventCode.OBJECT_ADDED, parameters=(handle,))
            assert (await anext(events)).code is EventCode.CAPTURE_COMPLETE


async def test_the_new_picture_is_real(camera: VirtualCamera, initiator: Initiator) -> None:
    handle = await camera.press_shutter()
    info = await initiator.object_info(handle)
    assert (info.filename, info.capture_date) == ("IMG_0003.JPG", NOON)
    picture = Image.open(BytesIO(await content(initiator, handle)))
    assert picture.size == (info.image_pix_width, info.image_pix_height)
    thumb = Image.open(BytesIO(await initiator.thumb(handle)))
    assert (thumb.format, thumb.width) == ("JPEG", 160)


async def test_each_visitor_has_a_session_of_his_own(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    async with await visit(camera) as other:
        await other.open_session()
        await initiator.close_session()
        both = await asyncio.gather(other.storage_ids(), initiator.device_info())
        assert both[0] == (FIRST_STORAGE,)
    code = await refusal(initiator, OperationCode.GET_STORAGE_IDS)
    assert code == ResponseCode.SESSION_NOT_OPEN


async def test_one_tcp_connection_is_of_no_use_without_the_other(camera: VirtualCamera) -> None:
    hello = bytes.fromhex("1e000000 01000000") + bytes(16) + bytes.fromhex("0000 00000100")
    join = bytes.fromhex("0c000000 03000000 01000000")
    command, command_writer = await asyncio.open_connection(LOOPBACK, camera.port)
    command_writer.write(hello)
    assert (await command.readexactly(8))[4] == PacketType.INIT_COMMAND_ACK
    event, event_writer = await asyncio.open_connection(LOOPBACK, camera.port)
    event_writer.write(join)
    assert await event.readexactly(8) == bytes.fromhex("08000000 04000000")
    event_writer.close()
    await asyncio.wait_for(command.read(), 5)
    assert not camera.connections
    command_writer.close()


@pytest.mark.parametrize(
    "first",
    [
        "0c000000 03000000 63000000",  # an event connection for nobody
        "08000000 0d000000",  # a probe on no connection
    ],
)
async def test_who_does_not_introduce_himself_is_turned_away(
    camera: VirtualCamera, first: str
) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, camera.port)
    writer.write(bytes.fromhex(first))
    assert await reader.read() == bytes.fromhex("0c000000 05000000 03000000")
    writer.close()


@pytest.mark.parametrize("first", ["47455420 2f204854 54502f31 2e310d0a", "0c000000 0300"])
async def test_noise_is_hung_up_on(camera: VirtualCamera, first: str) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, camera.port)
    writer.write(bytes.fromhex(first))
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
