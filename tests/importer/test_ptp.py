"""A virtual camera on loopback, the real client, and the importer between them and a disk."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final, override

import pytest

from custom_components.crcp.importer import ptp
from custom_components.crcp.importer.errors import PhotoRefused
from custom_components.crcp.importer.ptp import MAX_DEPTH, PtpSource
from custom_components.crcp.importer.source import Photo
from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.codes import (
    ObjectFormat,
    OperationCode,
    ParentObject,
    ResponseCode,
)
from custom_components.crcp.protocols.ptpip.datasets import ObjectInfo
from custom_components.crcp.protocols.ptpip.datatypes import Bytes
from custom_components.crcp.protocols.ptpip.errors import LinkError, ProtocolError, Refused
from custom_components.crcp.protocols.ptpip.state import Channel
from custom_components.crcp.virtual import photos as virtual
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.card import Card, Entry

from .bench import TAKEN, Bench, some_bytes
from .hostile import HOSTILE_NAMES

pytestmark = pytest.mark.usefixtures("socket_enabled")

GUID: Final = bytes(range(16))
SECOND_SLOT: Final = 0x00020001


def picture(name: str, data: bytes, taken: datetime | None = TAKEN) -> virtual.Photo:
    return virtual.Photo(
        name, virtual.InMemory(data), ObjectFormat.EXIF_JPEG, taken, thumb=b"small"
    )


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera(serial_number="042")
    await camera.start()
    yield camera
    await camera.stop()


@asynccontextmanager
async def session(camera: VirtualCamera) -> AsyncIterator[PtpSource]:
    """What a host does: connect, open a session, and read the camera's serial number."""
    async with await Initiator.connect(
        "127.0.0.1", camera.port, guid=GUID, friendly_name="test"
    ) as initiator:
        await initiator.open_session()
        info = await initiator.device_info()
        yield PtpSource(initiator, info.serial_number)


async def listed(camera: VirtualCamera) -> list[Photo]:
    async with session(camera) as source:
        return [photo async for photo in source.photos()]


def asked(camera: VirtualCamera, operation: OperationCode) -> list[tuple[int, ...]]:
    """The parameters of every request of an operation."""
    return [request.parameters for request in camera.requests if request.code == operation]


class Torn(ObjectInfo):
    """A dataset that ends in the middle."""

    @override
    def encode(self) -> bytes:
        return super().encode()[:30]


class OddCard(Card):
    """A card whose listing and descriptions can be odd."""

    def __init__(self, storage_id: int = 0x00010001) -> None:
        super().__init__(storage_id)
        self.times = 1
        self.lists: Callable[[int], bool] = lambda parent: True
        self.changes: dict[int, dict[str, Any]] = {}
        self.refused: set[int] = set()
        self.torn: set[int] = set()

    @override
    def handles(self, object_format: int, parent: int) -> list[int]:
        found = super().handles(object_format, parent) if self.lists(parent) else []
        return found * self.times

    @override
    def object_info(self, handle: int) -> ObjectInfo:
        if handle in self.refused:
            raise Refused(ResponseCode.GENERAL_ERROR)
        info = replace(super().object_info(handle), **self.changes.get(handle, {}))
        return (
            Torn(**{field.name: getattr(info, field.name) for field in fields(info)})
            if handle in self.torn
            else info
        )


@pytest.fixture
def card(camera: VirtualCamera) -> OddCard:
    card = OddCard()
    camera.cards = [card]
    return card


# -- the whole way ---------------------------------------------------------------------------------


async def test_all_pictures_land_byte_for_byte(bench: Bench, camera: VirtualCamera) -> None:
    data = {f"IMG_{number}.JPG": some_bytes(number, 400_000) for number in range(5)}
    data["MOVIE.MOV"] = some_bytes("movie", 5_000_001)
    for name, content in data.items():
        camera.add_photo(picture(name, content))
    async with session(camera) as source:
        report = await bench.importer.run(source)
    assert (report.imported, report.failed) == (6, ())
    folder = "Kitchen/2026/2026-05-01"
    assert bench.files() == {f"{folder}/{name}": content for name, content in data.items()}
    assert [told.thumbnail for told in bench.told] == [b"small"] * 6

    async with session(camera) as source:
        report = await bench.importer.run(source)
    assert (report.imported, report.known) == (0, 6)
    assert len(bench.files()) == 6


class Cut(virtual.InMemory):
    """Content whose camera falls silent for good: the connection breaks after so many bytes."""

    after = 0
    broken = True

    @override
    async def read(self, offset: int, size: int) -> Bytes:
        if self.broken and offset >= self.after:
            raise ConnectionError
        return await super().read(offset, size)


@pytest.mark.parametrize("pieces", [0, 1, 2])
async def test_a_drop_in_mid_object_and_a_second_run_give_one_whole_file(
    bench: Bench, camera: VirtualCamera, pieces: int
) -> None:
    class CutHere(Cut):
        after = pieces << 20
        broken = True

    data = some_bytes("cut", (2 << 20) + 500)
    camera.add_photo(picture("1.JPG", b"first"))
    camera.add_photo(replace(picture("2.JPG", data), content=CutHere(data)))
    camera.add_photo(picture("3.JPG", b"third"))
    with pytest.raises(LinkError):
        async with session(camera) as source:
            await bench.importer.run(source)
    shown = [path for path in bench.files() if "/." not in path]
    assert shown == ["Kitchen/2026/2026-05-01/1.JPG"]

    CutHere.broken = False
    bench.restart()
    async with session(camera) as source:
        report = await bench.importer.run(source)
    assert (report.imported, report.known) == (2, 1)
    assert list(bench.files().values()) == [b"first", data, b"third"]


async def test_a_picture_that_is_taken_meanwhile_is_imported_by_its_handle(
    bench: Bench, camera: VirtualCamera
) -> None:
    async with session(camera) as source:
        handle = camera.add_photo(picture("NEW.JPG", b"new"))
        photo = await source.photo(handle)
        assert photo
        assert await bench.importer.import_photo(source, photo)
        (again,) = [photo async for photo in source.photos()]
        assert again == photo
    assert list(bench.files().values()) == [b"new"]


async def test_a_photo_whose_length_is_not_as_announced_costs_only_itself(
    bench: Bench, camera: VirtualCamera, card: OddCard
) -> None:
    handle = camera.add_photo(picture("1.JPG", some_bytes(1)))
    card.changes[handle] = {"object_compressed_size": 999}
    camera.add_photo(picture("2.JPG", some_bytes(2)))
    async with session(camera) as source:
        report = await bench.importer.run(source)
    assert report.imported == 1
    assert [failure.photo.filename for failure in report.failed] == ["1.JPG"]


async def test_hostile_names_from_the_wire_stay_in_the_library(
    bench: Bench, camera: VirtualCamera, card: OddCard
) -> None:
    for number, name in enumerate(HOSTILE_NAMES):
        folder = card.put(Entry(name[:254], 0, None))
        card.put(Entry(name[:254], folder, picture(name, b"%d" % number)))
    async with session(camera) as source:
        report = await bench.importer.run(source)
    assert (report.imported, report.failed) == (len(HOSTILE_NAMES), ())
    assert {path.name for path in bench.library.parent.iterdir() if path.is_dir()} == {"media"}
    assert sorted(bench.files().values()) == sorted(
        b"%d" % number for number in range(len(HOSTILE_NAMES))
    )


# -- what a photo is -------------------------------------------------------------------------------


async def test_a_photo_says_what_the_camera_says(camera: VirtualCamera) -> None:
    handle = camera.add_photo(picture("IMG_1.JPG", some_bytes(1)))
    (photo,) = await listed(camera)
    assert photo == Photo(
        serial="042",
        storage="00010001",
        folder="DCIM/100CRCP",
        filename="IMG_1.JPG",
        size=1000,
        capture_date=TAKEN,
        handle=0,
    )
    assert photo.handle == handle


async def test_a_size_beyond_32_bits_is_unknown(camera: VirtualCamera, card: OddCard) -> None:
    handle = camera.add_photo(picture("MOVIE.MOV", b""))
    card.changes[handle] = {"object_compressed_size": 0xFFFFFFFF}
    (photo,) = await listed(camera)
    assert photo.size is None


async def test_without_a_capture_date_the_modification_date_counts(
    camera: VirtualCamera, card: OddCard
) -> None:
    handle = camera.add_photo(picture("1.JPG", b"", taken=None))
    card.changes[handle] = {"modification_date": TAKEN}
    camera.add_photo(picture("2.JPG", b"", taken=None))
    assert [photo.capture_date for photo in await listed(camera)] == [TAKEN, None]


async def test_a_folder_is_no_photo(camera: VirtualCamera) -> None:
    camera.add_photo(picture("1.JPG", b""))
    async with session(camera) as source:
        folders = [
            handle for handle in camera.cards[0].entries if camera.cards[0].is_folder(handle)
        ]
        assert [await source.photo(handle) for handle in folders] == [None, None]


async def test_a_handle_of_nothing_is_refused(camera: VirtualCamera) -> None:
    async with session(camera) as source:
        with pytest.raises(PhotoRefused, match="INVALID_OBJECT_HANDLE"):
            await source.photo(12345)


async def test_a_photo_whose_thumbnail_is_refused_has_none(camera: VirtualCamera) -> None:
    camera.add_photo(picture("1.JPG", b""))
    async with session(camera) as source:
        (photo,) = [photo async for photo in source.photos()]
        assert await source.thumbnail(replace(photo, handle=99)) is None
        assert await source.thumbnail(photo) == b"small"


# -- listings --------------------------------------------------------------------------------------


async def test_both_slots_are_listed_and_a_slot_without_a_card_is_not(
    camera: VirtualCamera,
) -> None:
    camera.add_photo(picture("1.JPG", b""))
    camera.cards += [Card(0x00030000), Card(SECOND_SLOT)]
    for card in camera.cards[1:]:
        card.add(picture("1.JPG", b""))
    photos = await listed(camera)
    assert [photo.storage for photo in photos] == ["00010001", "00020001"]


#: What cameras list: everything asked for; nothing at once; the root only when asked for all.
LISTINGS: dict[str, Callable[[int], bool]] = {
    "flat": lambda parent: True,
    "by folders": lambda parent: parent != ParentObject.ANYWHERE,
    "flat only": lambda parent: parent == ParentObject.ANYWHERE,
}


@pytest.mark.parametrize("listing", LISTINGS)
async def test_however_a_camera_lists_each_photo_comes_once(
    camera: VirtualCamera, card: OddCard, listing: str
) -> None:
    card.lists = LISTINGS[listing]
    private = card.put(Entry("PRIVATE", 0, None))
    clips = card.put(Entry("CLIP", private, None))
    card.put(Entry("EMPTY", 0, None))
    card.put(Entry("C0001.MP4", clips, picture("", b"")))
    card.put(Entry("ROOT.JPG", 0, picture("", b"")))
    for number in range(3):
        camera.add_photo(picture(f"{number}.JPG", b""))
    photos = await listed(camera)
    assert sorted(f"{photo.folder}/{photo.filename}" for photo in photos) == [
        "/ROOT.JPG",
        "DCIM/100CRCP/0.JPG",
        "DCIM/100CRCP/1.JPG",
        "DCIM/100CRCP/2.JPG",
        "PRIVATE/CLIP/C0001.MP4",
    ]


async def test_a_camera_that_lists_only_its_root_is_asked_for_the_rest(
    camera: VirtualCamera, card: OddCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Card.handles

    def root_only(card: Card, object_format: int, parent: int) -> list[int]:
        return real(card, object_format, parent or ParentObject.ROOT)

    monkeypatch.setattr(Card, "handles", root_only)
    camera.add_photo(picture("1.JPG", b""))
    assert [photo.folder for photo in await listed(camera)] == ["DCIM/100CRCP"]


async def test_each_object_is_described_once(camera: VirtualCamera, card: OddCard) -> None:
    """Here one photo is listed before the folder that it lies in."""
    early = card.put(Entry("EARLY.JPG", 0, picture("", b"")))
    for number in range(20):
        camera.add_photo(picture(f"{number}.JPG", b""))
    card.changes[early] = {"parent_object": card.put(Entry("LATE", 0, None))}
    await listed(camera)
    described = asked(camera, OperationCode.GET_OBJECT_INFO)
    assert len(described) == len(set(described)) == 24


async def test_what_was_listed_at_once_is_not_asked_for_again(camera: VirtualCamera) -> None:
    camera.add_photo(picture("1.JPG", b""))
    await listed(camera)
    assert len(asked(camera, OperationCode.GET_OBJECT_HANDLES)) == 1


@pytest.mark.parametrize("listing", LISTINGS)
async def test_what_is_listed_twice_comes_once(
    camera: VirtualCamera, card: OddCard, listing: str
) -> None:
    card.lists, card.times = LISTINGS[listing], 2
    camera.add_photo(picture("1.JPG", b""))
    assert len(await listed(camera)) == 1


async def test_a_folder_that_lists_itself_is_asked_once(
    camera: VirtualCamera, card: OddCard
) -> None:
    card.lists = LISTINGS["by folders"]
    folder = card.put(Entry("SELF", 0, None))
    card.entries[folder] = Entry("SELF", folder, None)
    card.put(Entry("1.JPG", folder, picture("", b"")))
    entrance = card.put(Entry("DOOR", 0, None))
    card.entries[folder + 100] = Entry("2.JPG", entrance, picture("", b""))
    assert [photo.filename for photo in await listed(camera)] == ["2.JPG"]


async def test_a_description_that_is_torn_costs_only_its_photo(
    camera: VirtualCamera, card: OddCard
) -> None:
    handles = [camera.add_photo(picture(f"{number}.JPG", b"")) for number in range(3)]
    card.torn = {handles[1]}
    assert [photo.filename for photo in await listed(camera)] == ["0.JPG", "2.JPG"]


async def test_a_transfer_that_breaks_the_protocol_ends_the_run(
    bench: Bench, camera: VirtualCamera
) -> None:
    class Garbled(virtual.InMemory):
        @override
        async def read(self, offset: int, size: int) -> Bytes:
            (connection,) = camera.connections.values()
            connection._writers[Channel.COMMAND].write(bytes(8))
            return self.data

    camera.add_photo(replace(picture("1.JPG", b""), content=Garbled(some_bytes(1))))
    with pytest.raises(ProtocolError):
        async with session(camera) as source:
            await bench.importer.run(source)
    assert bench.files() == {}


async def test_folders_that_lie_in_each_other_end_somewhere(
    camera: VirtualCamera, card: OddCard
) -> None:
    one = card.put(Entry("ONE", 0, None))
    two = card.put(Entry("TWO", one, None))
    handle = card.put(Entry("1.JPG", two, picture("", b"")))
    card.changes[one] = {"parent_object": two}
    (photo,) = await listed(camera)
    assert photo.handle == handle
    assert photo.folder == "/".join(["ONE", "TWO"] * (MAX_DEPTH // 2))


async def test_a_parent_that_nobody_describes_ends_the_way_up(
    camera: VirtualCamera, card: OddCard
) -> None:
    folder = card.put(Entry("LOST", 0, None))
    card.put(Entry("1.JPG", folder, picture("", b"")))
    card.put(Entry("2.JPG", folder, picture("", b"")))
    card.refused = {folder}
    assert [photo.folder for photo in await listed(camera)] == ["", ""]
    assert asked(camera, OperationCode.GET_OBJECT_INFO).count((folder,)) <= 2


async def test_what_the_camera_does_not_describe_is_left_out_and_logged_once(
    camera: VirtualCamera, card: OddCard, caplog: pytest.LogCaptureFixture
) -> None:
    handles = [camera.add_photo(picture(f"{number}.JPG", b"")) for number in range(3)]
    card.refused = {handles[1]}
    async with session(camera) as source:
        for _ in range(2):
            photos = [photo async for photo in source.photos()]
            assert [photo.handle for photo in photos] == [handles[0], handles[2]]
    assert caplog.text.count("did not describe 1 of its objects: GET_OBJECT_INFO") == 1


@pytest.mark.parametrize(("refused", "left_out"), [("100CRCP", 1), ("all at once", 0)])
async def test_a_list_that_is_refused_is_left_out_unless_there_is_another_way(
    camera: VirtualCamera,
    card: OddCard,
    caplog: pytest.LogCaptureFixture,
    refused: str,
    left_out: int,
) -> None:
    camera.add_photo(picture("1.JPG", b""))
    card.put(Entry("2.JPG", 0, picture("", b"")))
    handle = next(handle for handle in card.entries if card.entries[handle].name == "100CRCP")

    def lists(parent: int) -> bool:
        if parent == (ParentObject.ANYWHERE if refused == "all at once" else handle):
            raise Refused(ResponseCode.ACCESS_DENIED)
        return parent != ParentObject.ANYWHERE

    card.lists = lists
    assert len(await listed(camera)) == 2 - left_out
    assert caplog.text.count("did not describe 1 of its objects") == left_out


async def test_a_camera_that_lists_without_end_is_given_up(
    camera: VirtualCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ptp, "MAX_OBJECTS", 3)
    for number in range(3):
        camera.add_photo(picture(f"{number}.JPG", b""))
    with pytest.raises(ProtocolError, match="more than 3 objects"):
        await listed(camera)


async def test_a_session_that_is_of_no_use_ends_the_listing(camera: VirtualCamera) -> None:
    async with await Initiator.connect(
        "127.0.0.1", camera.port, guid=GUID, friendly_name="test"
    ) as initiator:
        source = PtpSource(initiator, "042")
        with pytest.raises(Refused) as caught:
            await source.photo(1)
        assert caught.value.code == ResponseCode.SESSION_NOT_OPEN
