"""What each maker's cameras are told and tell, in numbers as they were collected."""

import struct

import pytest

from custom_components.crcp.protocols.ptpip.codes import EventCode
from custom_components.crcp.protocols.ptpip.datasets import DeviceInfo
from custom_components.crcp.protocols.ptpip.errors import NotAuthorised
from custom_components.crcp.protocols.ptpip.packets import Event
from custom_components.crcp.protocols.ptpip.vendors import Nikon, vendor_of
from custom_components.crcp.protocols.ptpip.vendors.canon_events import records
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.personalities import CANON, NIKON, SONY

from .conftest import Connect

#: Asked of Sony: GetDeviceInfo every so many seconds keeps it alive.
SONY_KEEP_ALIVE = 5

GET_OBJECT_INFO, GET_OBJECT = 0x1008, 0x1009


def asked(camera: VirtualCamera, *operations: int) -> list[tuple[int, ...]]:
    """The requests for these operations, with what they were asked with."""
    return [(int(r.code), *r.parameters) for r in camera.requests if r.code in operations]


async def test_a_canon_is_asked_to_shoot(connect: Connect) -> None:
    """Full press is 3: half and full, and both are let go."""
    camera = VirtualCamera(personality=CANON)
    await camera.start()
    initiator = await connect(camera.port, session=False)
    await initiator.begin(remote=True)
    await initiator.vendor.capture(initiator)
    assert asked(camera, 0x9114, 0x9115) == [(0x9114, 1), (0x9115, 1)]
    assert asked(camera, 0x9128, 0x9129) == [(0x9128, 3, 0), (0x9129, 3)]
    await initiator.close()
    assert asked(camera, 0x9114, 0x9115)[2:] == [(0x9115, 0), (0x9114, 0)]
    await camera.stop()


async def test_a_nikon_is_asked_for_remote_control(connect: Connect) -> None:
    camera = VirtualCamera(personality=NIKON)
    await camera.start()
    initiator = await connect(camera.port, session=False)
    await initiator.begin(remote=True)
    assert asked(camera, 0x9435, 0x90C2) == [(0x9435, 1)]
    await camera.stop()


async def test_a_nikon_is_asked_to_approve_and_sent_the_code(connect: Connect) -> None:
    camera = VirtualCamera(personality=NIKON)
    camera.faults.hollow = 1
    await camera.start()
    initiator = await connect(camera.port, session=False)
    with pytest.raises(NotAuthorised):
        await initiator.begin()
    nikon = initiator.vendor
    assert isinstance(nikon, Nikon)
    await nikon.request_approval(initiator, await nikon.pairing_code(initiator))
    assert asked(camera, 0x952B, 0x935A, 0x935B) == [(0x952B,), (0x935A, 0x2001), (0x935B,)]
    assert camera.brought == (0x935B, bytes((3, 1, 4, 1)))  # a digit in each byte
    await camera.stop()


async def test_a_sony_is_told_in_its_own_bytes(connect: Connect) -> None:
    camera = VirtualCamera(personality=SONY)
    await camera.start()
    initiator = await connect(camera.port, session=False)
    await initiator.begin()
    begin = "02000000 02000000 00000000 00000000 01 01"
    assert camera.brought == (0x9280, bytes.fromhex(begin))
    assert initiator.vendor.poll_every == SONY_KEEP_ALIVE
    await initiator.close()
    end = "00000000 05000000 00000000 00000000"
    assert camera.brought == (0x9280, bytes.fromhex(end))
    assert asked(camera, 0x9280, 0x9281) == [(0x9280, 4), (0x9281, 4)] * 2
    await camera.stop()


@pytest.mark.parametrize(
    ("maker", "codes"),
    [
        ("Canon Inc.", (0x2019, 0xA102, 0xA106)),
        ("Nikon Corporation", (0x2019, 0xA004, 0xA200, 0xA201)),
        ("Sony Corporation", (0x2019,)),
        ("RICOH", (0x2019,)),
    ],
)
def test_a_makers_ways_to_say_not_now(maker: str, codes: tuple[int, ...]) -> None:
    vendor = vendor_of(DeviceInfo(manufacturer=maker))
    assert all(vendor.try_again(GET_OBJECT_INFO, code, 1) for code in codes)
    for refusal in (0x2005, 0x2009, 0x200F, 0xA005, 0xA101, 0xA001, 0xA002, 0xA021):
        assert not vendor.try_again(GET_OBJECT_INFO, refusal, 1), hex(refusal)


@pytest.mark.parametrize(
    ("maker", "code", "meant"),
    [
        ("Sony", 0xC201, 0x4002),
        ("Sony", 0xC203, 0x4006),
        ("Panasonic", 0xC108, 0x4002),
        ("Panasonic", 0xC109, 0x4002),
        ("OLYMPUS", 0xC002, 0x4002),
        ("OM Digital Solutions", 0xC102, 0x4002),
        ("RICOH", 0x4002, 0x4002),
        ("RICOH", 0xC108, 0xC108),
    ],
)
def test_a_makers_event_means(maker: str, code: int, meant: int) -> None:
    vendor = vendor_of(DeviceInfo(manufacturer=maker))
    told = vendor.translate(Event(EventCode(code), parameters=(7,)))
    assert told == Event(EventCode(meant), parameters=(7,))


def record(kind: int, length: int, **places: tuple[int, bytes]) -> bytes:
    """A Canon record: each part at its offset from the record's start."""
    data = bytearray(length)
    data[:8] = struct.pack("<II", length, kind)
    for offset, part in places.values():
        data[offset : offset + len(part)] = part
    return bytes(data)


def word(value: int) -> bytes:
    return struct.pack("<I", value)


@pytest.mark.parametrize(
    ("kind", "size", "parent", "name"),
    [
        (0xC181, (0x1C, word(0xDC)), 0x20, 0x28),
        (0xC187, (0x1C, word(0xDC)), 0x20, 0x28),
        (0xC1A7, (0x1C, struct.pack("<Q", 0xDC)), 0x24, 0x2C),
        (0xC1A8, (0x1C, struct.pack("<Q", 0xDC)), 0x24, 0x2C),
    ],
)
def test_an_object_of_a_canon_is_read_from_its_places(
    kind: int, size: tuple[int, bytes], parent: int, name: int
) -> None:
    data = record(
        kind,
        0x40,
        handle=(8, word(0x91234567)),
        storage=(0xC, word(0x00020001)),
        kind_of=(0x10, struct.pack("<H", 0xB108)),
        size=size,
        parent=(parent, word(0x90000001)),
        name=(name, b"IMG_0001.CR3\0"),
    )
    (found,) = records(data + bytes.fromhex("08000000 00000000"))
    described = found.object
    assert described
    assert (described.handle, described.storage_id) == (0x91234567, 0x00020001)
    assert (described.object_format, described.size) == (0xB108, 0xDC)
    assert (described.parent, described.filename) == (0x90000001, "IMG_0001.CR3")
