"""Remote control, properties, two slots, large cards and several visitors of the virtual camera."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import (
    DevicePropCode,
    EventCode,
    FormatFilter,
    ObjectFormat,
    OperationCode,
    ParentObject,
    ProtectionStatus,
    ResponseCode,
    StorageID,
)
from custom_components.crcp.protocols.ptpip.datasets import ObjectInfo
from custom_components.crcp.protocols.ptpip.datatypes import parse_date_time
from custom_components.crcp.protocols.ptpip.errors import Misuse, Refused
from custom_components.crcp.protocols.ptpip.packets import Event
from custom_components.crcp.protocols.ptpip.patience import Timeouts
from custom_components.crcp.protocols.ptpip.properties import (
    ALL_OBJECTS,
    ALL_PROPERTIES,
    DataTypeCode,
    Enumeration,
    ObjectPropCode,
    Range,
)
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.card import FIRST_STORAGE, SECOND_STORAGE, Entry
from custom_components.crcp.virtual.host import LOOPBACK
from custom_components.crcp.virtual.personalities import CANON
from custom_components.crcp.virtual.photos import InMemory, Photo

NOON = datetime(2026, 6, 1, 12, 0, 0)
JPEG = Photo("IMG_0001.JPG", InMemory(b"jpeg"), ObjectFormat.EXIF_JPEG, NOON, 6000, 4000)


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera(photos=[JPEG], clock=lambda: NOON, slots=2)
    await camera.start()
    yield camera
    await camera.stop()


async def visit(camera: VirtualCamera) -> Initiator:
    initiator = await Initiator.connect(
        LOOPBACK,
        camera.port,
        guid=bytes(16),
        friendly_name="tests",
        timeouts=Timeouts(idle=0.05, probe=0.05),
    )
    await initiator.begin()
    return initiator


@pytest.fixture
async def initiator(camera: VirtualCamera) -> AsyncIterator[Initiator]:
    async with await visit(camera) as initiator:
        yield initiator


async def told(initiator: Initiator) -> Event:
    return await asyncio.wait_for(anext(initiator.events()), 5)


async def jpeg_of(initiator: Initiator) -> int:
    (handle,) = await initiator.object_handles(StorageID.ALL, ObjectFormat.EXIF_JPEG)
    return handle


# -- remote control ----------------------------------------------------------------------------


async def test_a_picture_is_taken_on_request(camera: VirtualCamera, initiator: Initiator) -> None:
    await initiator.initiate_capture()
    added = await told(initiator)
    assert added.code is EventCode.OBJECT_ADDED
    assert (await told(initiator)).code is EventCode.CAPTURE_COMPLETE
    assert (await initiator.object_info(added.parameter(1))).filename == "IMG_0002.JPG"


async def test_a_camera_without_a_card_takes_none(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    camera.take_card_out()
    camera.take_card_out()
    with pytest.raises(Refused):
        await initiator.initiate_capture()


async def test_the_battery_is_read_and_described(initiator: Initiator) -> None:
    battery = await initiator.device_prop_desc(DevicePropCode.BATTERY_LEVEL)
    assert (battery.current, battery.form, battery.writable) == (80, Range(0, 100, 20), False)
    value = await initiator.device_prop_value(battery.code, battery.data_type)
    assert value == 80
    with pytest.raises(Refused) as refused:
        await initiator.set_device_prop_value(battery.code, battery.data_type, 100)
    assert refused.value.code is ResponseCode.ACCESS_DENIED


async def test_a_property_is_set_to_what_its_form_allows_and_reset(
    initiator: Initiator, camera: VirtualCamera
) -> None:
    iso = await initiator.device_prop_desc(DevicePropCode.EXPOSURE_INDEX)
    assert iso.form == Enumeration((100, 200, 400, 800, 1600))
    async with await visit(camera) as other:
        await initiator.set_device_prop_value(iso.code, iso.data_type, 800)
        assert await told(other) == Event(
            EventCode.DEVICE_PROP_CHANGED, parameters=(DevicePropCode.EXPOSURE_INDEX,)
        )
    assert await initiator.device_prop_value(iso.code, iso.data_type) == 800
    for value in (801, 0):
        with pytest.raises(Refused) as refused:
            await initiator.set_device_prop_value(iso.code, iso.data_type, value)
        assert refused.value.code is ResponseCode.INVALID_DEVICE_PROP_VALUE
    await initiator.reset_device_prop_value(iso.code)
    assert await initiator.device_prop_value(iso.code, iso.data_type) == 200


async def test_a_value_of_another_type_is_refused(initiator: Initiator) -> None:
    with pytest.raises(Refused) as refused:
        await initiator.set_device_prop_value(
            DevicePropCode.EXPOSURE_INDEX, DataTypeCode.UINT8, 100
        )
    assert refused.value.code is ResponseCode.INVALID_DEVICE_PROP_FORMAT


async def test_the_clock_is_set(initiator: Initiator) -> None:
    clock = await initiator.device_prop_desc(DevicePropCode.DATE_TIME)
    assert clock.current == "20260601T120000"
    await initiator.set_device_prop_value(clock.code, clock.data_type, "20261121T103000")
    now = await initiator.device_prop_value(clock.code, clock.data_type)
    assert isinstance(now, str)
    assert parse_date_time(now) == datetime(2026, 11, 21, 10, 30)
    with pytest.raises(Refused):
        await initiator.set_device_prop_value(clock.code, clock.data_type, "noon")


async def test_a_property_that_is_not_there_is_refused(initiator: Initiator) -> None:
    with pytest.raises(Refused) as refused:
        await initiator.device_prop_desc(0xD999)
    assert refused.value.code is ResponseCode.DEVICE_PROP_NOT_SUPPORTED


async def test_an_object_is_deleted_and_everybody_else_is_told(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    handle = await jpeg_of(initiator)
    async with await visit(camera) as other:
        await initiator.delete_object(handle)
        assert await told(other) == Event(EventCode.OBJECT_REMOVED, parameters=(handle,))
    with pytest.raises(Refused) as refused:
        await initiator.delete_object(handle)
    assert refused.value.code is ResponseCode.INVALID_OBJECT_HANDLE


async def test_a_protected_object_is_not_deleted(initiator: Initiator) -> None:
    handle = await jpeg_of(initiator)
    await initiator.set_object_protection(handle, ProtectionStatus.READ_ONLY)
    assert (await initiator.object_info(handle)).protection_status is ProtectionStatus.READ_ONLY
    with pytest.raises(Refused) as refused:
        await initiator.delete_object(handle)
    assert refused.value.code is ResponseCode.OBJECT_WRITE_PROTECTED
    await initiator.set_object_protection(handle, ProtectionStatus.NONE)
    await initiator.delete_object(handle)


@pytest.mark.parametrize("handle", [0, 0xFFFFFFFF])
async def test_nobody_can_delete_everything_by_mistake(
    initiator: Initiator, camera: VirtualCamera, handle: int
) -> None:
    with pytest.raises(Misuse):
        await initiator.delete_object(handle)
    assert OperationCode.DELETE_OBJECT not in {request.code for request in camera.requests}


async def test_a_folder_that_is_not_empty_is_not_deleted(initiator: Initiator) -> None:
    folder = (await initiator.object_handles())[0]
    with pytest.raises(Refused) as refused:
        await initiator.delete_object(folder)
    assert refused.value.code is ResponseCode.PARTIAL_DELETION


async def test_an_object_is_sent_to_the_camera(initiator: Initiator) -> None:
    info = ObjectInfo(
        storage_id=0,
        object_format=ObjectFormat.TEXT,
        object_compressed_size=5,
        parent_object=0,
        filename="NOTE.TXT",
    )
    answer = await initiator.transact(
        OperationCode.SEND_OBJECT_INFO, FIRST_STORAGE, ParentObject.ROOT, data=info.encode()
    )
    await initiator.transact(OperationCode.SEND_OBJECT, data=b"hello")
    handle = answer.response.parameter(3)
    assert await initiator.dataset(OperationCode.GET_OBJECT, handle) == b"hello"
    with pytest.raises(Refused) as refused:
        await initiator.transact(OperationCode.SEND_OBJECT, data=b"hello")
    assert refused.value.code is ResponseCode.NO_VALID_OBJECT_INFO


# -- MTP ---------------------------------------------------------------------------------------


async def test_a_whole_card_is_described_in_one_answer(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    listed = await initiator.object_prop_list(ALL_OBJECTS, 0, ObjectPropCode.OBJECT_FILE_NAME)
    assert [each.value for each in listed] == ["DCIM", "100CRCP", "IMG_0001.JPG", "DCIM"]
    everything = await initiator.object_prop_list(
        await jpeg_of(initiator), 0, ALL_PROPERTIES, depth=0
    )
    values = {each.code: each.value for each in everything}
    assert values[ObjectPropCode.OBJECT_SIZE] == 4
    assert values[ObjectPropCode.DATE_CREATED] == "20260601T120000"
    assert set(values) == set(await initiator.object_props_supported(ObjectFormat.EXIF_JPEG))


async def test_a_property_of_objects_is_described(initiator: Initiator) -> None:
    size = await initiator.object_prop_desc(ObjectPropCode.OBJECT_SIZE, ObjectFormat.EXIF_JPEG)
    assert size.data_type is DataTypeCode.UINT64


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ((0xFFFFFFFF, 0, 0, 2, 0), ResponseCode.SPECIFICATION_BY_GROUP_UNSUPPORTED),
        ((0xFFFFFFFF, 0, 0xDC04, 0, 7), ResponseCode.SPECIFICATION_BY_DEPTH_UNSUPPORTED),
        ((0xFFFFFFFF, 0, 0xDC8A, 0, 0), ResponseCode.OBJECT_PROP_NOT_SUPPORTED),
        ((0xDEAD, 0, 0xDC04, 0, 0), ResponseCode.INVALID_OBJECT_HANDLE),
    ],
)
async def test_what_it_does_not_combine_is_refused(
    initiator: Initiator, parameters: tuple[int, ...], code: ResponseCode
) -> None:
    with pytest.raises(Refused) as refused:
        await initiator.dataset(OperationCode.GET_OBJECT_PROP_LIST, *parameters)
    assert refused.value.code == code


# -- cards -------------------------------------------------------------------------------------


async def test_two_slots_have_handles_and_names_of_their_own(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    camera.add_photo(JPEG, slot=1)
    assert await initiator.storage_ids() == (FIRST_STORAGE, SECOND_STORAGE)
    first = await initiator.object_handles(FIRST_STORAGE, ObjectFormat.EXIF_JPEG)
    second = await initiator.object_handles(SECOND_STORAGE, ObjectFormat.EXIF_JPEG)
    assert not set(first) & set(second)
    assert await initiator.num_objects(SECOND_STORAGE, ObjectFormat.EXIF_JPEG) == 1


async def test_a_card_that_comes_back_is_told(camera: VirtualCamera, initiator: Initiator) -> None:
    card = camera.take_card_out(1)
    assert (await told(initiator)).code is EventCode.STORE_REMOVED
    camera.put_card_in(card)
    assert await told(initiator) == Event(EventCode.STORE_ADDED, parameters=(SECOND_STORAGE,))


async def test_twenty_thousand_objects_are_listed(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    card = camera.cards[0]
    for number in range(20_000):
        card.put(Entry(f"IMG_{number:05}.JPG", 0, JPEG))
    async with asyncio.timeout(10):
        handles = await initiator.object_handles(FIRST_STORAGE)
        assert len(handles) == 20_003
        assert await initiator.num_objects(FIRST_STORAGE, FormatFilter.ANY) == 20_003
        names = await initiator.object_prop_list(ALL_OBJECTS, 0, ObjectPropCode.OBJECT_FILE_NAME)
    assert {each.value for each in names} >= {"IMG_00000.JPG", "IMG_19999.JPG"}


# -- several visitors, and staying -------------------------------------------------------------


async def test_several_initiators_read_at_the_same_time(camera: VirtualCamera) -> None:
    picture = bytes(range(256)) * 20_000
    handle = camera.add_photo(Photo("BIG.JPG", InMemory(picture), ObjectFormat.EXIF_JPEG))
    visitors = [await visit(camera) for _ in range(4)]
    got = await asyncio.gather(
        *(each.dataset(OperationCode.GET_OBJECT, handle) for each in visitors)
    )
    assert set(got) == {picture}
    for visitor in visitors:
        await visitor.close()


async def test_one_initiator_may_have_several_sessions(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    async with await visit(camera) as second:
        assert len({each.number for each in camera.connections.values()}) == 2
        await second.close_session()
        assert await initiator.storage_ids()


async def test_a_quiet_camera_is_probed_and_given_up_when_it_is_deaf(
    camera: VirtualCamera, initiator: Initiator
) -> None:
    camera.faults.deaf = 1
    assert "still there" in str(await asyncio.wait_for(initiator.wait_closed(), 5))


async def test_a_camera_that_never_answered_a_probe_is_not_given_up(
    camera: VirtualCamera,
) -> None:
    camera.faults.deaf = 1
    initiator = await Initiator.connect(
        LOOPBACK,
        camera.port,
        guid=bytes(16),
        friendly_name="tests",
        timeouts=Timeouts(greeting=0.02, idle=0.01, probe=0.01),
    )
    async with initiator:
        await initiator.begin()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(initiator.wait_closed(), 0.2)
        assert await initiator.storage_ids()


async def test_a_real_camera_takes_one_visitor(socket_enabled: None) -> None:
    camera = VirtualCamera(personality=CANON)
    await camera.start()
    async with await visit(camera):
        with pytest.raises(Refused):
            await visit(camera)
    await camera.stop()
