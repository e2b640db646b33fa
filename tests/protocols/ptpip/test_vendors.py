"""What differs between makers: at the virtual camera as each, and at bytes typed from the facts."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from pathlib import Path

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import (
    EventCode,
    ObjectFormat,
    OperationCode,
    ResponseCode,
)
from custom_components.crcp.protocols.ptpip.datasets import DeviceInfo
from custom_components.crcp.protocols.ptpip.errors import (
    Declined,
    NotAuthorised,
    ProtocolError,
    Refused,
)
from custom_components.crcp.protocols.ptpip.packets import Event
from custom_components.crcp.protocols.ptpip.vendors import (
    Canon,
    Generic,
    Nikon,
    Sony,
    Vendor,
    generic,
    vendor_of,
)
from custom_components.crcp.protocols.ptpip.vendors.canon import CanonOperation
from custom_components.crcp.protocols.ptpip.vendors.canon_events import (
    AddedObject,
    CanonEvent,
    records,
)
from custom_components.crcp.protocols.ptpip.vendors.nikon import (
    NikonOperation,
    decode_events,
    decode_events_ex,
)
from custom_components.crcp.protocols.ptpip.vendors.sony import SonyOperation
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.personalities import (
    CANON,
    GENERIC,
    NIKON,
    SONY,
    Personality,
)
from custom_components.crcp.virtual.photos import InMemory

from .conftest import Connect
from .contents import movie

DUMP = Path(__file__).parents[4] / "shared" / "reference" / "vectors" / "eos_getevent_dump.bin"


@contextlib.asynccontextmanager
async def running(personality: Personality) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera(personality=personality)
    await camera.start()
    yield camera
    await camera.stop()


async def begun(connect: Connect, camera: VirtualCamera, *, remote: bool = False) -> Initiator:
    initiator = await connect(camera.port, session=False)
    await initiator.begin(remote=remote)
    return initiator


def asked(camera: VirtualCamera) -> list[tuple[int, ...]]:
    return [(request.code, *request.parameters) for request in camera.requests]


async def added(initiator: Initiator) -> int:
    """The handle of the next object that is added."""
    async with asyncio.timeout(10):
        async for event in initiator.events():
            if event.code == EventCode.OBJECT_ADDED:
                return event.parameter(1)
    raise AssertionError


# -- all of them -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("manufacturer", "vendor"),
    [
        ("Canon Inc.", Canon),
        ("Canon.Inc", Canon),
        ("Nikon Corporation", Nikon),
        ("NIKON", Nikon),
        ("Sony Corporation", Sony),
        ("RICOH", Generic),
        ("", Generic),
    ],
)
def test_the_manufacturer_says_whose_camera_it_is(manufacturer: str, vendor: type[Vendor]) -> None:
    assert type(vendor_of(DeviceInfo(manufacturer=manufacturer))) is vendor


def test_a_fujifilm_is_declined_in_words() -> None:
    with pytest.raises(Declined, match="memory card"):
        vendor_of(DeviceInfo(manufacturer="FUJIFILM"))


def test_a_makers_event_is_one_of_the_standards() -> None:
    panasonic = vendor_of(DeviceInfo(manufacturer="Panasonic"))
    olympus = vendor_of(DeviceInfo(manufacturer="OLYMPUS CORPORATION"))
    for vendor, code in ((panasonic, 0xC108), (olympus, 0xC002)):
        event = Event(EventCode(code), parameters=(7,))
        assert vendor.translate(event) == Event(EventCode.OBJECT_ADDED, parameters=(7,))
    unknown = Event(EventCode(0xC777), parameters=(7,))
    assert panasonic.translate(unknown) == unknown


# Nobody takes pictures while a Sony sends its own.
@pytest.mark.parametrize("maker", [GENERIC, CANON, NIKON], ids=lambda maker: maker.name)
async def test_a_new_picture_is_told_however_this_maker_tells_it(
    connect: Connect, maker: Personality
) -> None:
    async with running(maker) as camera:
        initiator = await begun(connect, camera)
        if initiator.vendor.poll_every:
            initiator.vendor.poll_every = 0.01
            await initiator.vendor.poll(initiator)
        listening = asyncio.create_task(added(initiator))
        handle = camera.add_photo(movie(InMemory(b"x")))
        assert await listening == handle


async def test_a_camera_that_tells_nothing_is_compared_with_itself(
    camera: VirtualCamera, connect: Connect
) -> None:
    first, second = (camera.add_photo(movie(InMemory(b"x"))) for _ in range(2))
    initiator = await connect(camera.port)
    generic = Generic(DeviceInfo())
    await generic.prepare(initiator)
    assert generic.poll_every
    assert await generic.poll(initiator) == []
    camera.delete(first)
    third = camera.add_photo(movie(InMemory(b"y")))
    assert await generic.poll(initiator) == [
        Event(EventCode.OBJECT_REMOVED, parameters=(first,)),
        Event(EventCode.OBJECT_ADDED, parameters=(third,)),
    ]
    assert await generic.poll(initiator) == []
    assert second


# -- Canon -------------------------------------------------------------------------------------


@pytest.mark.skipif(not DUMP.exists(), reason="the dump of a real EOS is not beside the checkout")
def test_what_a_real_eos_says_first_is_read_whole() -> None:
    data = DUMP.read_bytes()
    found = list(records(data))
    assert sum(len(record.data) for record in found) == 5816
    kinds = [record.type for record in found]
    assert len(kinds) == 84 + 98 + 2
    assert kinds.count(CanonEvent.PROP_VALUE_CHANGED) == 84
    assert kinds.count(CanonEvent.AVAIL_LIST_CHANGED) == 98
    assert kinds.count(CanonEvent.CTG_INFO_CHECK_COMPLETE) == 2
    properties = {r.u32(8) for r in found if r.type == CanonEvent.PROP_VALUE_CHANGED}
    assert all(0xD000 <= code <= 0xDFFF for code in properties)
    assert any(record.values for record in found)
    events = [record.event for record in found if record.event]
    assert {event.code for event in events} == {EventCode.DEVICE_PROP_CHANGED}


ADDED_EX = bytes.fromhex(
    "34000000 81c10000"  # 52 bytes, ObjectAddedEx
    "03000010 01000100 0138 0000"  # handle, storage, format
    "00000000 00000000"
    "dc000000 02000010 00000000"  # size at 0x1C, parent at 0x20
    "494d475f303030312e4a5047"  # name at 0x28: IMG_0001.JPG, without its zero
)
ADDED_EX_64 = bytes.fromhex(
    "38000000 a7c10000 03000010 01000100 0138 0000 00000000 00000000"
    "0000004001000000 02000010 03000010 4d56495f 2e4d5034 00000000"
)
END = bytes.fromhex("08000000 00000000")


def test_an_added_object_is_described() -> None:
    (record,) = records(ADDED_EX + END + b"padding")
    assert record.object == AddedObject(
        0x10000003, 0x00010001, ObjectFormat.EXIF_JPEG, 220, 0x10000002, "IMG_0001.JPG"
    )
    assert record.event == Event(EventCode.OBJECT_ADDED, parameters=(0x10000003,))


def test_an_added_object_above_4_gib_is_described() -> None:
    (record,) = records(ADDED_EX_64 + END)
    assert record.object
    assert (record.object.size, record.object.filename) == (5 << 30, "MVI_.MP4")


@pytest.mark.parametrize(
    "data",
    [
        "07000000 81c10000",  # shorter than its header
        "ff000000 81c10000 00000000",  # longer than what is there
        "08000000 81",  # a header that ends
    ],
)
def test_records_that_are_not_whole_are_the_cameras_fault(data: str) -> None:
    with pytest.raises(ProtocolError):
        list(records(bytes.fromhex(data)))


@given(st.binary())
def test_any_bytes_give_records_or_a_protocol_error(data: bytes) -> None:
    for read in (decode_events, decode_events_ex, _read_all_of):
        try:
            read(data)
        except ProtocolError:
            continue


def _read_all_of(data: bytes) -> object:
    return [(record.event, record.object, record.values) for record in records(data)]


async def test_an_import_from_a_canon_does_not_lock_its_body(connect: Connect) -> None:
    async with running(CANON) as camera:
        camera.faults.hide_card = 1
        camera.add_photo(movie(InMemory(b"x")))
        initiator = await begun(connect, camera)
        assert len(await initiator.object_handles()) == 3
        await initiator.close()
        codes = [request[0] for request in asked(camera)]
        assert CanonOperation.SET_REMOTE_MODE not in codes
        assert asked(camera).count((CanonOperation.SET_EVENT_MODE, 1)) == 1
        assert asked(camera)[-1] == (CanonOperation.SET_EVENT_MODE, 0)


async def test_remote_control_of_a_canon_is_given_back(connect: Connect) -> None:
    async with running(CANON) as camera:
        initiator = await begun(connect, camera, remote=True)
        assert (CanonOperation.SET_REMOTE_MODE, 1) in asked(camera)
        await initiator.close()
        assert (CanonOperation.SET_REMOTE_MODE, 0) in asked(camera)


async def test_a_canon_that_is_about_to_sleep_is_kept_on(connect: Connect) -> None:
    async with running(CANON) as camera:
        initiator = await begun(connect, camera)
        (connection,) = camera.connections.values()
        connection.waiting.append(Event(EventCode(CanonEvent.WILL_SOON_SHUTDOWN)))
        await initiator.vendor.poll(initiator)
        assert (CanonOperation.KEEP_DEVICE_ON,) in asked(camera)


# -- Nikon -------------------------------------------------------------------------------------


def test_what_a_nikon_tells_is_read() -> None:
    data = bytes.fromhex("0200 0240 03000010 01c1 04000010")
    assert decode_events(data) == [
        Event(EventCode.OBJECT_ADDED, parameters=(0x10000003,)),
        Event(EventCode(0xC101), parameters=(0x10000004,)),
    ]
    data = bytes.fromhex("0200 0000 0240 0100 03000010 0d40 0000")
    assert decode_events_ex(data) == [
        Event(EventCode.OBJECT_ADDED, parameters=(0x10000003,)),
        Event(EventCode.CAPTURE_COMPLETE),
    ]


async def test_a_nikon_that_does_not_know_us_is_paired_with_and_then_shows_all(
    connect: Connect,
) -> None:
    async with running(NIKON) as camera:
        camera.faults.hollow = 1
        initiator = await connect(camera.port, session=False)
        with pytest.raises(NotAuthorised, match="pair it on the camera"):
            await initiator.begin()
        nikon = initiator.vendor
        assert isinstance(nikon, Nikon)
        code = await nikon.pairing_code(initiator)
        assert code == "3141"
        await nikon.request_approval(initiator, code)
        await initiator.close()
        again = await begun(connect, camera)
        assert await again.object_handles()


async def test_a_nikon_that_hands_out_marked_pictures_only_is_explained(connect: Connect) -> None:
    async with running(NIKON) as camera:
        handle = camera.add_photo(movie(InMemory(b"x")))
        camera.faults.denied = 1
        initiator = await begun(connect, camera)
        with pytest.raises(Refused, match="marked for upload") as refused:
            await initiator.object_info(handle)
        assert refused.value.code is ResponseCode.ACCESS_DENIED


async def test_a_nikon_says_the_size_of_a_large_movie(connect: Connect) -> None:
    async with running(NIKON) as camera:
        handle = camera.add_photo(movie(InMemory(b"x")))
        initiator = await begun(connect, camera)
        assert await initiator.vendor.true_size(initiator, handle) == 1
        assert asked(camera)[-1] == (NikonOperation.GET_OBJECT_SIZE, handle)


# -- Sony --------------------------------------------------------------------------------------


async def test_a_sony_is_told_when_a_transfer_begins_and_ends(connect: Connect) -> None:
    async with running(SONY) as camera:
        initiator = await begun(connect, camera)
        assert initiator.vendor.single_session
        await initiator.close()
        told = [request for request in asked(camera) if request[0] in tuple(SonyOperation)]
        both = [(SonyOperation.TRANSFER_STATE, 4), (SonyOperation.TRANSFER_STATE_RESULT, 4)]
        assert told == both + both


async def test_a_sony_is_kept_alive_by_operations(connect: Connect) -> None:
    async with running(SONY) as camera:
        initiator = await begun(connect, camera)
        before = asked(camera).count((OperationCode.GET_DEVICE_INFO,))
        assert await initiator.vendor.poll(initiator) == []
        assert asked(camera).count((OperationCode.GET_DEVICE_INFO,)) == before + 1


# -- the others --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maker", "code", "standard"),
    [
        ("OLYMPUS", 0xC002, EventCode.OBJECT_ADDED),
        ("OM Digital Solutions", 0xC102, EventCode.OBJECT_ADDED),
        ("Panasonic", 0xC108, EventCode.OBJECT_ADDED),
        ("Panasonic", 0xC109, EventCode.OBJECT_ADDED),
        ("SONY", 0xC201, EventCode.OBJECT_ADDED),
        ("SONY", 0xC203, EventCode.DEVICE_PROP_CHANGED),
        ("NIKON", 0xC101, EventCode.REQUEST_OBJECT_TRANSFER),
        ("NIKON", 0xC102, EventCode.CAPTURE_COMPLETE),
        ("NIKON", 0xC108, EventCode.UNREPORTED_STATUS),
    ],
)
def test_what_a_makers_number_means(maker: str, code: int, standard: EventCode) -> None:
    vendor = vendor_of(DeviceInfo(manufacturer=maker))
    meant = vendor.translate(Event(EventCode(code), parameters=(7,)))
    assert meant == Event(standard, parameters=(7,))


async def test_a_sony_says_again_what_it_can_do(connect: Connect) -> None:
    async with running(SONY) as camera:
        await begun(connect, camera)
        codes = [request.code for request in camera.requests]
        assert codes.count(OperationCode.GET_DEVICE_INFO) == 2
        assert codes[-1] is OperationCode.GET_DEVICE_INFO


async def test_a_canon_is_emptied_before_it_says_again_what_it_can_do(connect: Connect) -> None:
    async with running(CANON) as camera:
        await begun(connect, camera)
        codes = [int(request.code) for request in camera.requests]
        assert codes[-1] == 0x1001
        assert codes[-3:-1] == [0x9116, 0x9116]  # the second is empty


async def test_another_card_is_listed_and_not_told_object_by_object(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generic, "MAX_CHANGES", 20)
    async with running(GENERIC) as camera:
        initiator = await begun(connect, camera)
        vendor = Generic(DeviceInfo())
        await vendor.poll(initiator)
        added = {camera.add_photo(movie(InMemory(b"x"))) for _ in range(9)}
        assert added <= {event.parameter(1) for event in await vendor.poll(initiator)}
        for _ in range(21):
            camera.add_photo(movie(InMemory(b"x")))
        assert await vendor.poll(initiator) == [Event(EventCode.UNREPORTED_STATUS)]
