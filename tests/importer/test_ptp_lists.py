"""A full card, listed by the folder: how often a camera is asked, and that nothing else changes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
import time
from typing import Final

import pytest

from custom_components.crcp.importer.ptp import PtpSource
from custom_components.crcp.importer.source import Photo
from custom_components.crcp.protocols.ptpip import listing
from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import ObjectFormat, OperationCode, ResponseCode
from custom_components.crcp.protocols.ptpip.errors import PtpIpError, Refused
from custom_components.crcp.protocols.ptpip.patience import Timeouts
from custom_components.crcp.virtual import photos as virtual
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.camera_handlers import Handler, Question, dataset
from custom_components.crcp.virtual.connection import Reply
from custom_components.crcp.virtual.personalities import GENERIC, NIKON
from custom_components.crcp.virtual.synthetic import Synthetic

from .bench import TAKEN

pytestmark = pytest.mark.usefixtures("socket_enabled")

GUID: Final = bytes(range(16))
LIST: Final = OperationCode.GET_OBJECT_PROP_LIST
FULL_CARD: Final = 20_000


@pytest.fixture(autouse=True)
def nothing_burnt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_burnt", set())


def fill(camera: VirtualCamera, count: int) -> None:
    for number in range(count):
        name, kind = f"IMG_{number:05}.JPG", ObjectFormat.EXIF_JPEG
        if number % 2:
            name, kind = f"IMG_{number:05}.NEF", ObjectFormat.UNDEFINED
        taken = TAKEN + timedelta(seconds=number)
        camera.cards[0].add(virtual.Photo(name, Synthetic(1000 + number), kind, taken))


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera(serial_number="042")
    await camera.start()
    yield camera
    await camera.stop()


@asynccontextmanager
async def session(
    camera: VirtualCamera, timeouts: Timeouts | None = None
) -> AsyncIterator[PtpSource]:
    async with await Initiator.connect(
        "127.0.0.1",
        camera.port,
        guid=GUID,
        friendly_name="test",
        timeouts=timeouts or Timeouts(),
    ) as initiator:
        info = await initiator.begin()
        camera.requests.clear()
        yield PtpSource(initiator, info.serial_number)


async def listed(camera: VirtualCamera) -> list[Photo]:
    async with session(camera) as source:
        return [photo async for photo in source.photos()]


def asked(camera: VirtualCamera) -> Counter[OperationCode]:
    return Counter(request.code for request in camera.requests)


def refuse(camera: VirtualCamera, code: ResponseCode) -> None:
    """Let a camera list the operation, and refuse it."""

    async def handler(question: Question) -> Reply:
        raise question.refuse(code)

    answer_lists_with(camera, handler)


def answer_lists_with(camera: VirtualCamera, handler: Handler) -> None:
    operations = camera.personality.operations.joined()
    operations.answer(LIST)(handler)
    camera.personality = replace(camera.personality, operations=operations)


async def test_a_full_card_takes_few_round_trips(camera: VirtualCamera) -> None:
    fill(camera, FULL_CARD)
    began = time.monotonic()
    photos = await listed(camera)
    spent = time.monotonic() - began
    assert len(set(photos)) == FULL_CARD
    # Storages and handles; DCIM, three folders and both kinds of file asked for; a list for each
    # folder, the root and DCIM; and what every folder's first file is.
    assert asked(camera)[LIST] == 5
    assert len(camera.requests) <= 16, asked(camera)
    # Some seconds, most of which the virtual camera needs; one by one it is a minute and more.
    assert spent < 30


async def test_both_ways_of_asking_say_the_same(camera: VirtualCamera) -> None:
    fill(camera, 40)
    by_list = await listed(camera)
    assert asked(camera)[LIST]
    refuse(camera, ResponseCode.SPECIFICATION_BY_DEPTH_UNSUPPORTED)
    one_by_one = await listed(camera)
    assert asked(camera)[OperationCode.GET_OBJECT_INFO] == 42
    assert by_list == one_by_one
    assert [each.handle for each in by_list] == [each.handle for each in one_by_one]
    assert [each.is_protected for each in by_list] == [each.is_protected for each in one_by_one]


@pytest.mark.parametrize(
    "code",
    [
        ResponseCode.SPECIFICATION_BY_GROUP_UNSUPPORTED,
        ResponseCode.SPECIFICATION_BY_DEPTH_UNSUPPORTED,
        ResponseCode.PARAMETER_NOT_SUPPORTED,
        ResponseCode.OPERATION_NOT_SUPPORTED,
    ],
)
async def test_a_list_that_is_refused_is_asked_for_once(
    camera: VirtualCamera, code: ResponseCode
) -> None:
    fill(camera, 10)
    refuse(camera, code)
    assert len(await listed(camera)) == 10
    assert asked(camera)[LIST] == 1


async def test_a_camera_without_the_operation_is_not_asked_for_it(camera: VirtualCamera) -> None:
    camera.personality = NIKON
    fill(camera, 10)
    assert len(await listed(camera)) == 10
    assert not asked(camera)[LIST]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        bytes.fromhex("00000000"),
        bytes.fromhex("ffffffff 01000001"),
        bytes.fromhex("01000000 01000001 04dc 0800"),
        bytes.fromhex("01000000 01000001 04dc 7777 0000000000000000"),
        # One object with a size, and nothing else.
        bytes.fromhex("01000000 03000001 04dc 0800 0100000000000000"),
    ],
)
async def test_a_list_that_is_nonsense_costs_nothing(camera: VirtualCamera, answer: bytes) -> None:
    fill(camera, 10)

    async def handler(_question: Question) -> Reply:
        return dataset(answer)

    answer_lists_with(camera, handler)
    assert len(await listed(camera)) == 10
    assert asked(camera)[OperationCode.GET_OBJECT_INFO] == 12


async def test_a_list_that_dates_a_file_otherwise_is_not_believed(camera: VirtualCamera) -> None:
    """A photo's date is a part of what it is: told otherwise, it would be imported twice."""
    fill(camera, 10)
    told = GENERIC.operations[LIST]

    async def handler(question: Question) -> Reply:
        reply = await told(question)
        assert reply.data
        data = bytes(await reply.data.read(0, reply.data.size))
        return dataset(data.replace("2026".encode("utf-16-le"), "2016".encode("utf-16-le")))

    answer_lists_with(camera, handler)
    assert {each.capture_date.year for each in await listed(camera) if each.capture_date} == {
        TAKEN.year
    }
    assert asked(camera)[OperationCode.GET_OBJECT_INFO] == 12


async def test_a_camera_that_falls_silent_over_a_list_is_asked_for_none_again(
    camera: VirtualCamera,
) -> None:
    fill(camera, 10)

    async def handler(_question: Question) -> Reply:
        await asyncio.Event().wait()
        raise AssertionError

    answer_lists_with(camera, handler)
    async with session(camera, Timeouts(silence=0.1)) as source:
        with pytest.raises(PtpIpError):
            _ = [photo async for photo in source.photos()]
    assert len(await listed(camera)) == 10
    assert not asked(camera)[LIST]


async def test_files_of_4_gib_are_asked_for_one_by_one(camera: VirtualCamera) -> None:
    for number in range(6):
        name = f"MVI_{number}.MP4"
        camera.cards[0].add(virtual.Photo(name, Synthetic(5 << 30), ObjectFormat.MP4, TAKEN))
    assert {photo.size for photo in await listed(camera)} == {5 << 30}
    assert asked(camera)[OperationCode.GET_OBJECT_INFO] == 8


async def test_one_photo_is_looked_up_alone(camera: VirtualCamera) -> None:
    fill(camera, 10)
    async with session(camera) as source:
        (*_, last) = camera.cards[0].entries
        assert await source.photo(last)
    assert not asked(camera)[LIST]


async def test_a_refused_object_is_left_out_of_a_list_that_has_it_not(
    camera: VirtualCamera,
) -> None:
    fill(camera, 4)
    camera.faults.denied = 1
    assert await listed(camera) == []
    async with session(camera) as source:
        with pytest.raises(Exception, match="ACCESS_DENIED") as refused:
            await source.photo(max(camera.cards[0].entries))
    assert isinstance(refused.value.__cause__, Refused)
