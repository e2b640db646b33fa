"""A Canon EOS: events are asked for, and what it lists it lists folder by folder."""

from dataclasses import replace
import struct
from typing import Final

from ...protocols.ptpip.codes import (
    DevicePropCode,
    EventCode,
    ObjectFormat,
    OperationCode,
    ResponseCode,
)
from ...protocols.ptpip.datasets import IDS
from ...protocols.ptpip.packets import Event
from ...protocols.ptpip.properties import DataTypeCode, DevicePropDesc, Enumeration
from ...protocols.ptpip.vendors.canon import CanonOperation
from ...protocols.ptpip.vendors.canon_events import CanonEvent, encode_record
from ..camera_handlers import Handlers, Question, dataset
from ..camera_operations import STANDARD, cards_of
from ..camera_properties import PROPERTIES
from ..card import Card, Entry
from ..connection import Reply
from ..data_phase import DataStyle
from .generic import STANDARD_EVENTS
from .personality import Personality

_OPERATIONS: Final = Handlers()

#: Half and full press, apart, as newer bodies want it.
REMOTE_RELEASE_ON, REMOTE_RELEASE_OFF = 0x9128, 0x9129

#: "Request a property": its value then comes as an event.
REQUEST_DEVICE_PROP_VALUE: Final = 0x9127
PC_HDD_CAPACITY: Final = 0x911A
SET_UI_LOCK, RESET_UI_LOCK = 0x911B, 0x911C

#: Where pictures go (2 is the card), and how many still fit.
CAPTURE_DESTINATION, AVAILABLE_SHOTS = 0xD11C, 0xD11B

#: Where the finder's picture goes (2 is the computer), and what is said while it goes elsewhere.
EVF_OUTPUT_DEVICE, OBJECT_NOT_READY = 0xD1B0, 0xA102

_FULL_PRESS: Final = 2
_EPOCH_SECONDS: Final = 0


@_OPERATIONS.answer(CanonOperation.SET_REMOTE_MODE)
@_OPERATIONS.answer(CanonOperation.SET_EVENT_MODE)
async def _set_mode(question: Question) -> Reply:
    """Switch on or off; the first GetEvent after it gives every property."""
    modes = question.connection.modes
    if question.parameter(1):
        modes[question.request.code] = question.parameter(1)
    else:
        modes.pop(question.request.code, None)
    modes.pop(CanonOperation.GET_EVENT, None)
    return Reply()


@_OPERATIONS.answer(CanonOperation.GET_EVENT)
async def _get_event(question: Question) -> Reply:
    modes, events = question.connection.modes, question.events()
    data = b""
    if CanonOperation.GET_EVENT not in modes:
        modes[CanonOperation.GET_EVENT] = 1
        data = _dump(question)
    for event in events:
        data += _record(question, event.code, event.parameter(1))
    return dataset(data + encode_record(CanonEvent.END))


def _dump(question: Question) -> bytes:
    """Every property, and what it can be."""
    records = b""
    for described in question.camera.vendor_properties():
        records += _property(described)
    for described in question.camera.vendor_properties():
        if isinstance(described.form, Enumeration):
            # Property, kind 3 (a list), how many, and each in 32 bits.
            numbers = [int(value) for value in described.form.values if isinstance(value, int)]
            body = struct.pack(f"<{3 + len(numbers)}I", described.code, 3, len(numbers), *numbers)
            records += encode_record(CanonEvent.AVAIL_LIST_CHANGED, body)
    return records


def _property(described: DevicePropDesc) -> bytes:
    current = described.current
    value = struct.pack("<II", described.code, current if isinstance(current, int) else 0)
    return encode_record(CanonEvent.PROP_VALUE_CHANGED, value)


def _record(question: Question, code: EventCode, parameter: int) -> bytes:
    """An event of the standard as a record, or nothing where Canon has none."""
    match code:
        case EventCode.OBJECT_ADDED:
            for card in question.camera.cards:
                if parameter in card.entries:
                    return encode_record(CanonEvent.OBJECT_ADDED_EX_64, _added(card, parameter))
            return b""
        case EventCode.OBJECT_REMOVED:
            return encode_record(CanonEvent.OBJECT_REMOVED, struct.pack("<I", parameter))
        case EventCode.STORE_ADDED:
            return encode_record(CanonEvent.STORAGE_ADDED, struct.pack("<I", parameter))
        case EventCode.STORE_REMOVED:
            return encode_record(CanonEvent.STORAGE_REMOVED, struct.pack("<I", parameter))
        case EventCode.DEVICE_PROP_CHANGED:
            described = question.camera.property(parameter)
            return _property(described) if described else b""
        case CanonEvent.WILL_SOON_SHUTDOWN:
            return encode_record(CanonEvent.WILL_SOON_SHUTDOWN, bytes(4))
        case _:
            return b""


def _added(card: Card, handle: int) -> bytes:
    """What ObjectAddedEx64 has after its size and type: offsets count from the record's start."""
    entry = card.entries[handle]
    size = entry.photo.content.size if entry.photo else 0
    name = entry.name.encode("ascii", "replace") + b"\0"
    # handle 8, storage 0xC, format 0x10, 10 bytes between, size 0x1C (64 bits), parent 0x24,
    # handle again 0x28, name 0x2C.
    return (
        struct.pack("<IIH10x", handle, card.storage_id, entry.object_format)
        + struct.pack("<QII", size, entry.parent, handle)
        + name.ljust(16, b"\0")
    )


@_OPERATIONS.answer(CanonOperation.GET_STORAGE_IDS)
async def _get_storage_ids(question: Question) -> Reply:
    return dataset(IDS.write(tuple(card.storage_id for card in question.camera.cards)))


@_OPERATIONS.answer(CanonOperation.GET_STORAGE_INFO)
async def _get_storage_info(question: Question) -> Reply:
    (card,) = cards_of(question)[:1]
    return dataset(card.storage_info().encode())


@_OPERATIONS.answer(CanonOperation.GET_OBJECT_INFO_EX)
async def _get_object_info_ex(question: Question) -> Reply:
    """List a folder: each entry has a length and 52 bytes."""
    parent = question.parameter(2)
    entries = [
        _entry(card, handle, card.entries[handle])
        for card in cards_of(question)
        if not question.camera.hides_card(question.connection)
        for handle in card.handles(0, parent)
    ]
    return dataset(len(entries).to_bytes(4, "little") + b"".join(entries))


def _entry(card: Card, handle: int, entry: Entry) -> bytes:
    size = entry.photo.content.size if entry.photo else 0
    date = entry.photo.captured if entry.photo else None
    seconds = int(date.timestamp()) if date else _EPOCH_SECONDS
    name = entry.name.encode("ascii", "replace")[:15]
    # Length; then handle 0, storage 4, format 8, flags 16, size 20, parent 24, handle again 28,
    # name 32, time 48.
    head = struct.pack(
        "<IIII4xB3x", 56, handle, card.storage_id, entry.object_format, _flags(entry)
    )
    tail = struct.pack("<III16sI", min(size, 0xFFFFFFFF), entry.parent, handle, name, seconds)
    return head + tail


def _flags(entry: Entry) -> int:
    return 1 if entry.protection else 0


@_OPERATIONS.answer(CanonOperation.GET_PARTIAL_OBJECT)
async def _get_partial_object(question: Question) -> Reply:
    part = question.part(question.parameter(2), question.parameter(3))
    return Reply(part, (part.size,))


@_OPERATIONS.answer(CanonOperation.GET_PARTIAL_OBJECT_EX_64)
async def _get_partial_object_64(question: Question) -> Reply:
    offset = question.parameter(2) | question.parameter(3) << 32
    part = question.part(offset, question.parameter(4))
    return Reply(part, (part.size,))


@_OPERATIONS.answer(REMOTE_RELEASE_ON)
async def _remote_release_on(question: Question) -> Reply:
    pressed = question.parameter(1) & _FULL_PRESS
    return Reply(after=question.camera.capture if pressed else None, parameters=(0,))


@_OPERATIONS.answer(CanonOperation.REMOTE_RELEASE)
async def _remote_release(question: Question) -> Reply:
    return Reply(after=question.camera.capture, parameters=(0,))


@_OPERATIONS.answer(CanonOperation.SET_DEVICE_PROP_VALUE_EX, takes_data=True)
async def _set_device_prop_value_ex(question: Question) -> Reply:
    """Take { u32 size, u32 property, u32 value }: one of those that the property can have."""
    if len(question.brought) < 12:
        raise question.refuse(ResponseCode.INVALID_DATA_SET)
    _, code, value = struct.unpack_from("<III", question.brought)
    described = question.camera.property(code)
    if described is None:
        raise question.refuse(ResponseCode.DEVICE_PROP_NOT_SUPPORTED)
    if isinstance(described.form, Enumeration) and value not in described.form.values:
        raise question.refuse(ResponseCode.INVALID_DEVICE_PROP_VALUE)
    question.camera.set_property(replace(described, current=value))
    question.camera.tell(Event(EventCode.DEVICE_PROP_CHANGED, parameters=(code,)))
    return Reply()


@_OPERATIONS.answer(0x9153)
async def _get_view_finder_data(question: Question) -> Reply:
    """Records { u32 size, u32 type }, type 1 a JPEG: in remote mode, with the finder's output here."""
    output = question.camera.property(EVF_OUTPUT_DEVICE)
    here = output is not None and output.current == 2
    if not here or CanonOperation.SET_REMOTE_MODE not in question.connection.modes:
        raise question.refuse(OBJECT_NOT_READY)
    picture = await question.camera.finder()
    return dataset(struct.pack("<II", 8 + len(picture), 1) + picture)


@_OPERATIONS.answer(CanonOperation.TRANSFER_COMPLETE)
@_OPERATIONS.answer(CanonOperation.KEEP_DEVICE_ON)
@_OPERATIONS.answer(REMOTE_RELEASE_OFF)
@_OPERATIONS.answer(REQUEST_DEVICE_PROP_VALUE)
@_OPERATIONS.answer(PC_HDD_CAPACITY)
@_OPERATIONS.answer(SET_UI_LOCK)
@_OPERATIONS.answer(RESET_UI_LOCK)
async def _accept(_question: Question) -> Reply:
    return Reply()


def _number(code: int, value: int, *allowed: int) -> DevicePropDesc:
    return DevicePropDesc(
        code=DevicePropCode(code),
        data_type=DataTypeCode.UINT32,
        writable=True,
        default=value,
        current=value,
        form=Enumeration(allowed) if allowed else None,
    )


#: A Canon shoots by its own operations.
_STANDARD: Final = Handlers(
    {
        code: handler
        for code, handler in STANDARD.joined(PROPERTIES).items()
        if code != OperationCode.INITIATE_CAPTURE
    }
)
_STANDARD.taking = STANDARD.taking | PROPERTIES.taking

CANON: Final = Personality(
    name="canon",
    manufacturer="Canon Inc.",
    model="Canon EOS Virtual",
    operations=_STANDARD.joined(_OPERATIONS),
    device_version="3-1.0.0",
    events=STANDARD_EVENTS,
    capture_formats=(ObjectFormat.EXIF_JPEG, ObjectFormat(0xB108)),
    properties=(
        _number(CAPTURE_DESTINATION, 2, 2, 4),
        _number(AVAILABLE_SHOTS, 999),
        # f/2.8 to f/8, 1/60 to 1/1000 s, 100 to 6400 and by itself, -1 to +1, and five lights.
        _number(0xD101, 0x30, 0x20, 0x28, 0x30, 0x38),
        _number(0xD102, 0x78, 0x68, 0x70, 0x78, 0x80, 0x88),
        _number(0xD103, 0x48, 0x00, 0x48, 0x50, 0x58, 0x60, 0x68, 0x70, 0x78),
        _number(0xD104, 0x00, 0xF8, 0xFB, 0xFD, 0x00, 0x03, 0x05, 0x08),
        _number(0xD109, 0, 0, 1, 2, 3, 9),
        _number(EVF_OUTPUT_DEVICE, 0, 0, 1, 2, 3),
    ),
    asks=CanonOperation.GET_EVENT,
    arms=CanonOperation.SET_EVENT_MODE,
    data_style=DataStyle.SMALL_PIECES,
    max_connections=1,
    folder_name="CANON",
)
