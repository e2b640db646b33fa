"""One test a fault: what a camera does wrong, and that the initiator knows whose fault it was."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator, link
from custom_components.crcp.protocols.ptpip.codes import (
    EventCode,
    InitFailReason,
    OperationCode,
    ResponseCode,
)
from custom_components.crcp.protocols.ptpip.errors import (
    Busy,
    Declined,
    LinkError,
    NotAuthorised,
    ProtocolError,
    PtpIpError,
    Refused,
    TimedOut,
)
from custom_components.crcp.protocols.ptpip.patience import Timeouts
from custom_components.crcp.protocols.ptpip.reading import read_object
from custom_components.crcp.protocols.ptpip.vendors.canon import CanonOperation
from custom_components.crcp.protocols.ptpip.vendors.generic import ATTEMPTS
from custom_components.crcp.protocols.ptpip.vendors.nikon import NikonOperation
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.camera_handlers import Question, dataset
from custom_components.crcp.virtual.connection import Reply
from custom_components.crcp.virtual.data_phase import DataStyle
from custom_components.crcp.virtual.personalities import CANON, NIKON
from custom_components.crcp.virtual.photos import InMemory
from tests.helpers import until

from .conftest import Connect
from .contents import Held, movie

PICTURE = bytes(range(256)) * 2

#: Pauses before a busy camera is asked again, for tests that wait for them.
SHORT = Timeouts(connect=5.0, pairing=5.0, silence=5.0, busy=(0.01, 0.01, 0.01, 0.01))


class Sink:
    def __init__(self) -> None:
        self.data = bytearray()

    async def write(self, piece: memoryview) -> None:
        self.data += piece


@pytest.fixture
def handle(camera: VirtualCamera) -> int:
    return camera.add_photo(movie(InMemory(PICTURE)))


@pytest.fixture
async def canon(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera(personality=CANON)
    await camera.start()
    yield camera
    await camera.stop()


async def begun(connect: Connect, camera: VirtualCamera, timeouts: Timeouts = SHORT) -> Initiator:
    initiator = await connect(camera.port, session=False, timeouts=timeouts)
    await initiator.begin()
    return initiator


async def whole(initiator: Initiator, handle: int) -> bytes:
    sink = Sink()
    await read_object(initiator, initiator.vendor, handle, sink.write, size=len(PICTURE))
    return bytes(sink.data)


async def dialogue(initiator: Initiator) -> bytes:
    """What an import does: list, describe, fetch."""
    (*_, last) = await initiator.object_handles()
    assert (await initiator.object_info(last)).size == len(PICTURE)
    return await whole(initiator, last)


# -- coming in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (InitFailReason.REJECTED_INITIATOR, NotAuthorised),
        (InitFailReason.BUSY, Busy),
        (InitFailReason.UNSPECIFIED, Refused),
        (InitFailReason.FUJIFILM_NOT_PAIRED, NotAuthorised),
        (InitFailReason.FUJIFILM_VERSION, Declined),
        (InitFailReason(99), Refused),
    ],
)
@pytest.mark.parametrize("where", ["init_fail", "event_fail"])
async def test_a_camera_turns_us_away(
    camera: VirtualCamera,
    connect: Connect,
    where: str,
    reason: InitFailReason,
    error: type[Refused],
) -> None:
    setattr(camera.faults, where, reason)
    with pytest.raises(Refused) as refused:
        await connect(camera.port)
    assert type(refused.value) is error
    assert refused.value.code == reason
    camera.faults.init_fail = camera.faults.event_fail = 0
    await until(lambda: not camera.connections)
    assert await (await connect(camera.port)).storage_ids()


@pytest.mark.parametrize("times", [1, 3])
async def test_an_event_connection_that_is_closed_unheard_is_tried_again(
    camera: VirtualCamera, connect: Connect, times: int
) -> None:
    camera.faults.event_refused = times
    initiator = await connect(camera.port)
    assert camera.faults.event_refused == 0
    assert await initiator.storage_ids()
    handle = camera.add_photo(movie(InMemory(PICTURE)))
    assert (await anext(initiator.events())).parameters == (handle,)


async def test_an_event_connection_that_is_never_heard_ends_the_attempt(
    camera: VirtualCamera, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "EVENT_PAUSE", 0.001)
    camera.faults.event_refused = 99
    with pytest.raises(LinkError):
        await connect(camera.port)
    assert 99 - camera.faults.event_refused == link.EVENT_ATTEMPTS
    camera.faults.event_refused = 0
    await until(lambda: not camera.connections)
    assert await (await connect(camera.port)).storage_ids()


async def test_a_second_connection_to_a_sony_is_never_answered(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.faults.silent = 1
    with pytest.raises(TimedOut, match="consent"):
        await connect(camera.port, timeouts=Timeouts(pairing=0.05))


async def test_who_comes_back_too_soon_is_ignored(camera: VirtualCamera, connect: Connect) -> None:
    await (await connect(camera.port)).close()
    await until(lambda: not camera.connections)
    camera.faults.settle = 60_000
    with pytest.raises(TimedOut):
        await connect(camera.port, timeouts=Timeouts(pairing=0.05))
    camera.faults.settle = 0
    assert await (await connect(camera.port)).storage_ids()


async def test_a_camera_still_holds_the_connection_that_was_lost(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.faults.ghost = 2
    await (await connect(camera.port)).abort()
    await until(lambda: not camera.connections)
    for _ in range(2):
        with pytest.raises(Busy):
            await connect(camera.port)
    assert await (await connect(camera.port)).storage_ids()


async def test_a_second_initiator_throws_the_first_out(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.faults.evict = 1
    first = await connect(camera.port)
    second = await connect(camera.port)
    assert isinstance(await asyncio.wait_for(first.wait_closed(), 5), LinkError)
    assert await second.storage_ids()


async def test_an_event_connection_that_does_not_come_costs_the_command_connection(
    camera: VirtualCamera,
) -> None:
    camera.faults.join_within = 20
    hello = bytes.fromhex("1e000000 01000000") + bytes(16) + bytes.fromhex("0000 00000100")
    reader, writer = await asyncio.open_connection("127.0.0.1", camera.port)
    writer.write(hello)
    await asyncio.wait_for(reader.read(), 5)
    writer.close()


# -- staying -----------------------------------------------------------------------------------


async def test_a_camera_switches_itself_off(camera: VirtualCamera, connect: Connect) -> None:
    camera.faults.idle_off = 50
    initiator = await connect(camera.port, session=False)
    assert isinstance(await asyncio.wait_for(initiator.wait_closed(), 5), LinkError)


async def test_an_initiator_that_answers_probes_is_kept(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.faults.probe_every = 20
    initiator = await connect(camera.port)
    (connection,) = camera.connections.values()
    for _ in range(3):
        connection._probed.clear()
        await asyncio.wait_for(connection._probed.wait(), 5)
    assert await initiator.storage_ids()


async def test_a_flood_of_events_is_borne(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    camera.faults.flood = 1000
    initiator = await begun(connect, camera)
    assert await whole(initiator, handle) == PICTURE
    events = initiator.events()
    told = [await asyncio.wait_for(anext(events), 5) for _ in range(1000)]
    assert {event.code for event in told} == {EventCode.OBJECT_ADDED}


async def test_events_come_twice_and_for_folders(camera: VirtualCamera, connect: Connect) -> None:
    camera.faults.echo = camera.faults.folder_events = 1
    initiator = await connect(camera.port)
    handle = camera.add_photo(movie(InMemory(b"x")))
    folder = camera.cards[0].entries[handle].parent
    events = initiator.events()
    told = [(await anext(events)).parameter(1) for _ in range(4)]
    assert told == [folder, folder, handle, handle]


async def test_a_person_ends_the_connection(camera: VirtualCamera, connect: Connect) -> None:
    initiator = await connect(camera.port)
    camera.hang_up()
    assert isinstance(await asyncio.wait_for(initiator.wait_closed(), 5), LinkError)


async def test_a_card_is_taken_out(camera: VirtualCamera, connect: Connect, handle: int) -> None:
    initiator = await connect(camera.port)
    camera.take_card_out()
    assert (await anext(initiator.events())).code is EventCode.STORE_REMOVED
    with pytest.raises(Refused) as refused:
        await initiator.object_handles()
    assert refused.value.code is ResponseCode.STORE_NOT_AVAILABLE
    with pytest.raises(Refused):
        await whole(initiator, handle)


# -- the wire ----------------------------------------------------------------------------------


@pytest.mark.parametrize("reset", [0, 1], ids=["close", "reset"])
async def test_a_drop_at_every_byte_of_the_first_64_loses_nothing(
    camera: VirtualCamera, connect: Connect, handle: int, reset: int
) -> None:
    camera.faults.reset = reset
    for place in range(65):
        initiator = await connect(camera.port)
        camera.faults.drop_after = place
        sink = Sink()
        with pytest.raises(LinkError):
            await initiator.get_object(handle, sink.write)
        await initiator.abort()
        assert PICTURE.startswith(sink.data), place
        assert camera.faults.drop_after == -1
        await until(lambda: not camera.connections)
    assert await whole(await begun(connect, camera), handle) == PICTURE


async def test_a_drop_at_every_packet_boundary_loses_nothing(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    camera.data_style = DataStyle.EMPTY_END
    dropped = 0
    for place in range(100):
        initiator = await connect(camera.port)
        camera.faults.drop_packet = place
        try:
            assert await dialogue(initiator) == PICTURE
        except LinkError:
            dropped += 1
        else:
            break
        finally:
            await initiator.abort()
        await until(lambda: not camera.connections)
    # Handles, ObjectInfo, object: Start Data, Data, End Data and response of each.
    assert dropped == 3 * 4


@pytest.mark.parametrize("place", [0, 7, 19, 20, 33, 300])
async def test_a_stall_is_timed_out(
    camera: VirtualCamera, connect: Connect, handle: int, place: int
) -> None:
    initiator = await connect(camera.port, timeouts=Timeouts(silence=0.05))
    camera.faults.stall_after = place
    with pytest.raises(TimedOut):
        await initiator.get_object(handle, Sink().write)
    assert initiator.closed


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("garbage", ProtocolError),
        ("stale_id", ProtocolError),
        ("stale_data", ProtocolError),
        ("announce_more", ProtocolError),
    ],
)
async def test_a_stream_that_is_out_of_step_ends_the_connection(
    camera: VirtualCamera, connect: Connect, handle: int, fault: str, error: type[PtpIpError]
) -> None:
    initiator = await connect(camera.port)
    setattr(camera.faults, fault, 1)
    with pytest.raises(error):
        await initiator.get_object(handle, Sink().write)
    assert initiator.closed
    setattr(camera.faults, fault, 0)
    assert await whole(await begun(connect, camera), handle) == PICTURE


async def test_a_response_that_comes_twice_ends_the_connection(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    initiator = await connect(camera.port)
    camera.faults.repeat = 1
    assert await whole(initiator, handle) == PICTURE
    assert isinstance(await asyncio.wait_for(initiator.wait_closed(), 5), ProtocolError)


async def test_less_announced_than_comes_is_no_object(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    camera.faults.announce_more = -1
    initiator = await connect(camera.port)
    with pytest.raises(ProtocolError, match="more data"):
        await initiator.get_object(handle, Sink().write)


async def test_packets_of_an_unknown_type_are_skipped(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    camera.faults.unknown_packets = 1
    initiator = await begun(connect, camera)
    assert await dialogue(initiator) == PICTURE


async def test_a_strict_camera_hangs_up_on_a_wrong_id(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.faults.strict = 1
    initiator = await connect(camera.port)
    initiator._session.next_transaction_id = 99
    with pytest.raises(LinkError):
        await initiator.storage_ids()


# -- answers -----------------------------------------------------------------------------------


async def test_a_camera_that_is_busy_three_times_is_asked_a_fourth_time(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    initiator = await begun(connect, camera)
    camera.faults.busy = 3
    assert await whole(initiator, handle) == PICTURE
    camera.faults.busy = 3
    assert await initiator.object_handles()


async def test_a_camera_that_stays_busy_is_busy(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    initiator = await begun(connect, camera)
    camera.faults.busy = 99
    with pytest.raises(Busy):
        await initiator.object_info(handle)
    assert 99 - camera.faults.busy == len(SHORT.busy) + 1
    assert not initiator.closed


async def test_a_general_error_on_one_object_info_is_asked_again(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    initiator = await begun(connect, camera)
    camera.faults.general_error = 1
    assert (await initiator.object_info(handle)).size == len(PICTURE)


async def test_a_general_error_that_stays_is_believed(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    initiator = await begun(connect, camera)
    camera.faults.general_error = 99
    with pytest.raises(Refused) as refused:
        await initiator.object_info(handle)
    assert refused.value.code is ResponseCode.GENERAL_ERROR
    assert 99 - camera.faults.general_error == ATTEMPTS


async def test_a_card_that_wakes_up_is_asked_again(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    initiator = await begun(connect, camera)
    camera.faults.not_available = 2
    assert handle in await initiator.object_handles()


async def test_a_refusal_does_not_end_the_asking_for_events(
    camera: VirtualCamera, connect: Connect, handle: int
) -> None:
    camera.personality = replace(camera.personality, events=())
    initiator = await begun(connect, camera)
    initiator.vendor.poll_every = 0.01
    await initiator.vendor.poll(initiator)
    card = camera.take_card_out()
    before = len(camera.requests)
    await until(lambda: len(camera.requests) > before + 3)  # refused, and refused again
    camera.put_card_in(card)
    added = camera.add_photo(movie(InMemory(PICTURE)))
    async with asyncio.timeout(5):
        async for event in initiator.events():
            if event.code == EventCode.OBJECT_ADDED and event.parameters == (added,):
                break
    assert not initiator.closed


async def test_an_answer_without_sense_is_told_as_lost_events(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.personality = NIKON
    initiator = await begun(connect, camera)
    sane = camera.personality.operations[OperationCode(NikonOperation.GET_EVENT_EX)]

    async def nonsense(_question: Question) -> Reply:
        return dataset(bytes.fromhex("0500 0000 0240"))

    operations = camera.personality.operations.joined()
    operations.answer(NikonOperation.GET_EVENT_EX)(nonsense)
    camera.personality = replace(NIKON, operations=operations)
    initiator.vendor.poll_every = 0.01
    events = initiator.events()
    assert (await asyncio.wait_for(anext(events), 5)).code is EventCode.UNREPORTED_STATUS
    operations.answer(NikonOperation.GET_EVENT_EX)(sane)
    added = camera.add_photo(movie(InMemory(PICTURE)))
    async with asyncio.timeout(5):
        while (await anext(events)).parameters != (added,):
            pass


async def test_a_goodbye_waits_for_the_question_that_is_under_way(
    canon: VirtualCamera, connect: Connect
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_question: Question) -> Reply:
        asked.set()
        await answer.wait()
        return dataset(bytes.fromhex("08000000 00000000"))

    initiator = await begun(connect, canon)
    operations = canon.personality.operations.joined()
    operations.answer(CanonOperation.GET_EVENT)(slow)
    canon.personality = replace(CANON, operations=operations)
    await asyncio.wait_for(asked.wait(), 5)
    closing = asyncio.create_task(initiator.close())
    await asyncio.sleep(0)
    answer.set()
    await closing
    last = canon.requests[-1]
    assert (last.code, last.parameters) == (CanonOperation.SET_EVENT_MODE, (0,))


async def test_a_session_is_closed_though_the_camera_refuses_what_comes_before(
    canon: VirtualCamera, connect: Connect
) -> None:
    initiator = await begun(connect, canon)
    (connection,) = canon.connections.values()
    operations = canon.personality.operations.joined()
    del operations[OperationCode(CanonOperation.SET_EVENT_MODE)]
    canon.personality = replace(CANON, operations=operations)
    await initiator.close()
    assert connection.session_id == 0


@pytest.mark.parametrize(
    ("fault", "operation", "code"),
    [
        ("gone", OperationCode.GET_OBJECT, ResponseCode.INVALID_OBJECT_HANDLE),
        ("denied", OperationCode.GET_OBJECT_INFO, ResponseCode.ACCESS_DENIED),
        ("denied", OperationCode.GET_OBJECT, ResponseCode.ACCESS_DENIED),
        ("not_available", OperationCode.GET_OBJECT_HANDLES, ResponseCode.STORE_NOT_AVAILABLE),
    ],
)
async def test_a_refusal_says_what_was_refused(
    camera: VirtualCamera,
    connect: Connect,
    handle: int,
    fault: str,
    operation: OperationCode,
    code: ResponseCode,
) -> None:
    initiator = await begun(connect, camera)
    setattr(camera.faults, fault, ATTEMPTS)
    parameters = (handle,) if operation != OperationCode.GET_OBJECT_HANDLES else (0xFFFFFFFF, 0, 0)
    with pytest.raises(Refused) as refused:
        await initiator.dataset(operation, *parameters)
    assert (refused.value.code, refused.value.operation) == (code, operation)
    assert not initiator.closed


@pytest.mark.parametrize("wrong", [-1, 1, 100])
async def test_an_object_info_with_a_wrong_size_makes_no_short_file(
    camera: VirtualCamera, connect: Connect, handle: int, wrong: int
) -> None:
    camera.faults.info_more = wrong
    initiator = await begun(connect, camera)
    info = await initiator.object_info(handle)
    with pytest.raises(ProtocolError):
        await read_object(initiator, initiator.vendor, handle, Sink().write, size=info.size)


@pytest.mark.parametrize("place", [0, 1, 300, 511])
async def test_an_object_that_breaks_off_is_incomplete(
    camera: VirtualCamera, connect: Connect, handle: int, place: int
) -> None:
    camera.faults.cut_data = place
    initiator = await begun(connect, camera)
    sink = Sink()
    with pytest.raises(Refused) as refused:
        await initiator.get_object(handle, sink.write)
    assert refused.value.code is ResponseCode.INCOMPLETE_TRANSFER
    assert sink.data == PICTURE[:place]
    assert not initiator.closed


# -- stopping ----------------------------------------------------------------------------------


async def cancelled(
    camera: VirtualCamera, connect: Connect, timeouts: Timeouts = SHORT
) -> tuple[Initiator, BaseException | None]:
    """Cancel a download in its middle; return what became of it."""
    content = Held(bytes(8 << 20))
    handle = camera.add_photo(movie(content))
    initiator = await begun(connect, camera, timeouts)
    sink = Sink()
    getting = asyncio.create_task(initiator.get_object(handle, sink.write))
    await content.half_sent.wait()
    await initiator.cancel()
    content.let_go.set()
    async with asyncio.timeout(20):
        await asyncio.wait([getting])
    return initiator, getting.exception()


async def test_a_download_that_is_cancelled_leaves_the_connection_as_it_was(
    camera: VirtualCamera, connect: Connect
) -> None:
    initiator, error = await cancelled(camera, connect)
    assert isinstance(error, Refused)
    assert error.code is ResponseCode.TRANSACTION_CANCELED
    assert await initiator.storage_ids()


async def test_a_camera_that_goes_on_is_let_go_and_what_it_sent_thrown_away(
    camera: VirtualCamera, connect: Connect
) -> None:
    camera.faults.stubborn = 1
    initiator, error = await cancelled(camera, connect)
    assert isinstance(error, Refused)
    assert error.code is ResponseCode.TRANSACTION_CANCELED
    assert await initiator.storage_ids()


async def test_a_camera_that_does_not_come_to_an_end_is_left(
    camera: VirtualCamera, connect: Connect
) -> None:
    content = Held(bytes(8 << 20))
    handle = camera.add_photo(movie(content))
    initiator = await begun(connect, camera, Timeouts(cancel=0.05))
    getting = asyncio.create_task(initiator.get_object(handle, Sink().write))
    await content.half_sent.wait()
    await initiator.cancel()
    with pytest.raises(TimedOut):
        await asyncio.wait_for(getting, 2)
    assert initiator.closed


async def test_there_is_nothing_to_cancel_while_idle(
    camera: VirtualCamera, connect: Connect
) -> None:
    initiator = await begun(connect, camera)
    await initiator.cancel()
    assert await initiator.storage_ids()
