"""An initiator at a virtual camera: sessions, objects, events, and the end of each."""

import asyncio
import errno
import tracemalloc

import pytest

from custom_components.crcp.protocols.ptpip.client import MAX_EVENTS
from custom_components.crcp.protocols.ptpip.codes import (
    EventCode,
    InitFailReason,
    ObjectFormat,
    OperationCode,
    ParentObject,
    ResponseCode,
)
from custom_components.crcp.protocols.ptpip.errors import (
    Busy,
    LinkError,
    NotAuthorised,
    ProtocolError,
    Refused,
    TimedOut,
)
from custom_components.crcp.protocols.ptpip.packets import Event
from custom_components.crcp.protocols.ptpip.patience import Timeouts
from custom_components.crcp.protocols.ptpip.state import Channel
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.connection import Connection
from custom_components.crcp.virtual.data_phase import DataStyle
from custom_components.crcp.virtual.photos import InMemory
from tests.helpers import until

from .conftest import GUID, Connect
from .contents import Held, Zeros, movie
from .golden import golden

MIB = 1 << 20

#: 3 MiB in which no two places are alike, so that nothing can be mixed up unseen.
BYTES = b"".join(number.to_bytes(4, "big") for number in range(3 * MIB // 4))


class Sink:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.data = bytearray()

    async def write(self, piece: memoryview) -> None:
        self.data += piece


def only_connection(camera: VirtualCamera) -> Connection:
    (connection,) = camera.connections.values()
    return connection


# -- connecting --------------------------------------------------------------------------------


async def test_both_sides_introduce_themselves(camera: VirtualCamera, connect: Connect) -> None:
    initiator = await connect(camera.port, session=False)
    assert (initiator.friendly_name, initiator.guid) == (camera.friendly_name, camera.guid)
    hello = only_connection(camera).hello
    assert hello
    assert (hello.guid, hello.friendly_name) == (GUID, "tests")


async def test_a_camera_that_does_not_know_us_is_not_authorised(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.paired = {bytes(16)}
    with pytest.raises(NotAuthorised) as refused:
        await connect(camera.port)
    assert refused.value.code is InitFailReason.REJECTED_INITIATOR
    await until(lambda: not camera.connections)


async def test_a_camera_that_somebody_else_has_is_busy(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.max_connections = 1
    first = await connect(camera.port)
    with pytest.raises(Busy):
        await connect(camera.port)
    assert (await first.device_info()).model == camera.model


async def test_a_port_that_nobody_listens_on_is_a_link_error(
    camera: VirtualCamera, connect: Connect
) -> None:
    port = camera.port
    await camera.stop()
    with pytest.raises(LinkError, match=str(port)):
        await connect(port)


async def test_a_session_that_is_open_already_is_used(
    camera: VirtualCamera, connect: Connect
) -> None:
    initiator = await connect(camera.port)
    only_connection(camera).session_id = 1
    await initiator.open_session()
    assert await initiator.storage_ids()


async def test_the_session_is_closed_with_the_connection(
    camera: VirtualCamera, connect: Connect
) -> None:
    async with await connect(camera.port) as initiator:
        connection = only_connection(camera)
        assert connection.session_id == 1
    assert connection.session_id == 0
    assert isinstance(await initiator.wait_closed(), LinkError)
    await until(lambda: not camera.connections)


# -- asking ------------------------------------------------------------------------------------


async def test_a_refusal_leaves_the_connection_as_it_was(
    camera: VirtualCamera, connect: Connect
) -> None:
    initiator = await connect(camera.port)
    with pytest.raises(Refused) as refused:
        await initiator.object_info(0xDEAD)
    assert refused.value.code is ResponseCode.INVALID_OBJECT_HANDLE
    assert refused.value.operation is OperationCode.GET_OBJECT_INFO
    assert await initiator.storage_ids()


async def test_questions_of_many_tasks_take_turns(camera: VirtualCamera, connect: Connect) -> None:
    handles = [camera.add_photo(movie(InMemory(bytes([n])))) for n in range(20)]
    initiator = await connect(camera.port)
    infos = await asyncio.gather(*(initiator.object_info(handle) for handle in handles))
    assert [info.size for info in infos] == [1] * 20


async def test_data_may_go_out_and_be_refused(camera: VirtualCamera, connect: Connect) -> None:
    initiator = await connect(camera.port)
    with pytest.raises(Refused):
        await initiator.transact(OperationCode.SEND_OBJECT, data=bytes(MIB))
    assert await initiator.storage_ids()


async def test_a_dataset_has_a_bound(camera: VirtualCamera, connect: Connect) -> None:
    handle = camera.add_photo(movie(Zeros(1001)))
    initiator = await connect(camera.port)
    assert len(await initiator.dataset(OperationCode.GET_OBJECT, handle, limit=1001)) == 1001
    with pytest.raises(ProtocolError):
        await initiator.dataset(OperationCode.GET_OBJECT, handle, limit=1000)
    assert initiator.closed


# -- objects -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
async def test_an_object_comes_whole(camera: VirtualCamera, connect: Connect, size: int) -> None:
    handle = camera.add_photo(movie(InMemory(BYTES[:size])))
    initiator = await connect(camera.port)
    sink = Sink()
    assert await initiator.get_object(handle, sink.write) == size
    assert sink.data == BYTES[:size]


@pytest.mark.parametrize("style", DataStyle)
async def test_an_object_takes_no_memory_of_its_size(
    camera: VirtualCamera, connect: Connect, style: DataStyle
) -> None:
    camera.data_style = style
    handle = camera.add_photo(movie(Zeros(64 * MIB)))
    initiator = await connect(camera.port)

    async def drop(piece: memoryview) -> None:
        pass

    tracemalloc.start()
    try:
        assert await initiator.get_object(handle, drop) == 64 * MIB
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What is under way lies in the virtual camera's own buffers; ours was there before.
    assert peak < 8 * MIB


async def test_a_slow_writer_holds_the_camera_back_and_loses_nothing(
    camera: VirtualCamera, connect: Connect
) -> None:
    handle = camera.add_photo(movie(InMemory(BYTES)))
    initiator = await connect(camera.port)
    sink = Sink()

    async def write(piece: memoryview) -> None:
        before = bytes(piece)
        await asyncio.sleep(0)
        assert piece == before
        await sink.write(piece)

    await initiator.get_object(handle, write)
    assert sink.data == BYTES


async def test_an_object_that_breaks_off_is_refused_by_the_camera(
    camera: VirtualCamera, connect: Connect
) -> None:
    short = InMemory(b"four")

    class Longer(Zeros):
        async def read(self, offset: int, size: int) -> bytes:
            return bytes(await short.read(offset, size))

    handle = camera.add_photo(movie(Longer(5)))
    initiator = await connect(camera.port)
    with pytest.raises(Refused) as refused:
        await initiator.get_object(handle, Sink().write)
    assert refused.value.code is ResponseCode.INCOMPLETE_TRANSFER
    assert not initiator.closed


async def test_a_drop_in_the_middle_of_an_object_is_a_link_error(
    camera: VirtualCamera, connect: Connect
) -> None:
    content = Held(BYTES)
    handle = camera.add_photo(movie(content))
    initiator = await connect(camera.port)
    getting = asyncio.create_task(initiator.get_object(handle, Sink().write))
    await content.half_sent.wait()
    await camera.stop()
    with pytest.raises(LinkError):
        await getting
    assert initiator.closed


async def test_silence_in_the_middle_of_an_object_is_timed_out(
    camera: VirtualCamera, connect: Connect
) -> None:
    handle = camera.add_photo(movie(Held(BYTES)))
    initiator = await connect(camera.port, timeouts=Timeouts(silence=0.1))
    with pytest.raises(TimedOut):
        await initiator.get_object(handle, Sink().write)
    assert isinstance(await initiator.wait_closed(), TimedOut)


async def test_a_probe_is_answered_in_the_middle_of_an_object(
    camera: VirtualCamera, connect: Connect
) -> None:
    content = Held(BYTES)
    handle = camera.add_photo(movie(content))
    initiator = await connect(camera.port)
    sink = Sink()
    getting = asyncio.create_task(initiator.get_object(handle, sink.write))
    await content.half_sent.wait()
    await asyncio.wait_for(only_connection(camera).probe(), 5)
    content.let_go.set()
    assert await getting == len(BYTES)
    assert sink.data == BYTES


async def test_a_writers_own_error_comes_through_and_ends_the_connection(
    camera: VirtualCamera, connect: Connect
) -> None:
    handle = camera.add_photo(movie(InMemory(BYTES)))
    initiator = await connect(camera.port)

    async def full(piece: memoryview) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with pytest.raises(OSError, match="no space left") as raised:
        await initiator.get_object(handle, full)
    assert raised.value.errno == errno.ENOSPC
    assert initiator.closed
    with pytest.raises(LinkError, match="GET_OBJECT"):
        await initiator.storage_ids()


async def test_an_object_that_is_given_up_ends_the_connection(
    camera: VirtualCamera, connect: Connect
) -> None:
    content = Held(BYTES)
    handle = camera.add_photo(movie(content))
    initiator = await connect(camera.port)
    sink = Sink()
    getting = asyncio.create_task(initiator.get_object(handle, sink.write))
    await content.half_sent.wait()
    getting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await getting
    written = len(sink.data)
    assert initiator.closed
    content.let_go.set()
    await initiator.close()
    assert len(sink.data) == written


async def test_closing_wakes_whoever_waits_for_an_object(
    camera: VirtualCamera, connect: Connect
) -> None:
    content = Held(BYTES)
    handle = camera.add_photo(movie(content))
    initiator = await connect(camera.port)
    getting = asyncio.create_task(initiator.get_object(handle, Sink().write))
    await content.half_sent.wait()
    await initiator.close()
    with pytest.raises(LinkError, match="this side"):
        await getting


async def test_waiting_tasks_are_told_as_well(camera: VirtualCamera, connect: Connect) -> None:
    content = Held(BYTES)
    handle = camera.add_photo(movie(content))
    initiator = await connect(camera.port)
    getting = asyncio.create_task(initiator.get_object(handle, Sink().write))
    await content.half_sent.wait()
    asking = asyncio.create_task(initiator.storage_ids())
    await camera.stop()
    results = await asyncio.gather(getting, asking, return_exceptions=True)
    assert [type(result) for result in results] == [LinkError, LinkError]


# -- events, and idling ------------------------------------------------------------------------


async def test_events_come_to_the_listener(camera: VirtualCamera, connect: Connect) -> None:
    initiator = await connect(camera.port)
    handle = camera.add_photo(movie(InMemory(b"x")))
    events = initiator.events()
    assert await anext(events) == Event(EventCode.OBJECT_ADDED, parameters=(handle,))
    assert await anext(events) == Event(EventCode.CAPTURE_COMPLETE)
    await initiator.close()
    with pytest.raises(LinkError):
        await anext(events)


async def test_events_that_nobody_fetches_give_way_to_one_that_says_so(
    camera: VirtualCamera, connect: Connect
) -> None:
    initiator = await connect(camera.port)
    for number in range(MAX_EVENTS + 1):
        camera.tell(Event(EventCode.OBJECT_ADDED, parameters=(number,)))
    await asyncio.wait_for(only_connection(camera).probe(), 5)
    events = initiator.events()
    assert await anext(events) == Event(EventCode.UNREPORTED_STATUS)
    assert await anext(events) == Event(EventCode.OBJECT_ADDED, parameters=(MAX_EVENTS,))


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("session", [False, True], ids=["before any question", "after one"])
async def test_a_drop_is_noticed_while_idle(
    camera: VirtualCamera, connect: Connect, channel: Channel, session: bool
) -> None:
    initiator = await connect(camera.port, session=session)
    only_connection(camera)._writers[channel].close()
    assert isinstance(await asyncio.wait_for(initiator.wait_closed(), 5), LinkError)
    with pytest.raises(LinkError):
        await initiator.storage_ids()


@pytest.mark.parametrize("session", [False, True], ids=["before any question", "after one"])
async def test_an_answer_to_nothing_ends_the_connection(
    camera: VirtualCamera, connect: Connect, session: bool
) -> None:
    initiator = await connect(camera.port, session=session)
    writer = only_connection(camera)._writers[Channel.COMMAND]
    writer.write(golden("packets")["GetStorageIDs, response"])
    assert isinstance(await asyncio.wait_for(initiator.wait_closed(), 5), ProtocolError)


async def test_a_malformed_event_ends_the_connection(
    camera: VirtualCamera, connect: Connect
) -> None:
    initiator = await connect(camera.port)
    only_connection(camera)._writers[Channel.EVENT].write(bytes(8))
    assert isinstance(await asyncio.wait_for(initiator.wait_closed(), 5), ProtocolError)


async def test_listing_asks_for_storage_format_and_parent(
    camera: VirtualCamera, connect: Connect
) -> None:
    initiator = await connect(camera.port)
    await initiator.object_handles(0x00010001, ObjectFormat.EXIF_JPEG, ParentObject.ROOT)
    assert camera.requests[-1].parameters == (0x00010001, 0x3801, 0xFFFFFFFF)
    await initiator.object_handles()
    assert camera.requests[-1].parameters == (0xFFFFFFFF, 0, 0)
