"""A Nikon: a verdict on each visitor, events that are asked for, reads of parts with 64 bits."""

import struct
from typing import Final

from ...protocols.ptpip.codes import EventCode, OperationCode, ResponseCode
from ...protocols.ptpip.datasets import CODES
from ...protocols.ptpip.vendors.nikon import APPROVE, NikonOperation
from ..camera_handlers import Handlers, Question, dataset
from ..camera_operations import STANDARD
from ..camera_properties import PROPERTIES
from ..connection import Reply
from ..data_phase import DataStyle
from .generic import STANDARD_EVENTS
from .personality import Personality

_OPERATIONS: Final = Handlers()

#: Capture, in two generations; both take a picture here.
CAPTURE, CAPTURE_IN_MEDIA = 0x90C0, 0x9207

START_LIVE_VIEW, END_LIVE_VIEW, GET_LIVE_VIEW_IMAGE = 0x9201, 0x9202, 0x9203

#: What is before the picture, in bytes; and what is said when there is none.
LIVE_VIEW_HEADER: Final = 384
NOT_IN_LIVE_VIEW: Final = 0xA00B

#: What its screen shows while it is paired.
PAIRING_CODE: Final = "3141"


@_OPERATIONS.answer(NikonOperation.GET_EVENT)
async def _get_event(question: Question) -> Reply:
    events = [(event.code, event.parameter(1)) for event in question.events()]
    records = b"".join(struct.pack("<HI", *event) for event in events)
    return dataset(struct.pack("<H", len(events)) + records)


@_OPERATIONS.answer(NikonOperation.GET_EVENT_EX)
async def _get_event_ex(question: Question) -> Reply:
    events = question.events()
    records = b"".join(
        struct.pack(
            f"<HH{len(each.parameters)}I", each.code, len(each.parameters), *each.parameters
        )
        for each in events
    )
    return dataset(struct.pack("<HH", len(events), 0) + records)


@_OPERATIONS.answer(NikonOperation.DEVICE_READY)
@_OPERATIONS.answer(NikonOperation.CHANGE_APPLICATION_MODE)
async def _ready(_question: Question) -> Reply:
    return Reply()


@_OPERATIONS.answer(NikonOperation.GET_VENDOR_PROP_CODES)
async def _get_vendor_prop_codes(_question: Question) -> Reply:
    return dataset(CODES.write(()))


@_OPERATIONS.answer(NikonOperation.GET_OBJECT_SIZE)
async def _get_object_size(question: Question) -> Reply:
    return dataset(struct.pack("<Q", question.photo().content.size))


@_OPERATIONS.answer(NikonOperation.GET_PARTIAL_OBJECT_EX)
async def _get_partial_object_ex(question: Question) -> Reply:
    offset = question.parameter(2) | question.parameter(3) << 32
    part = question.part(offset, question.parameter(4) | question.parameter(5) << 32)
    return Reply(part, (part.size & 0xFFFFFFFF, part.size >> 32))


@_OPERATIONS.answer(CAPTURE)
@_OPERATIONS.answer(CAPTURE_IN_MEDIA)
async def _capture(question: Question) -> Reply:
    return Reply(after=question.camera.capture)


@_OPERATIONS.answer(START_LIVE_VIEW)
async def _start_live_view(question: Question) -> Reply:
    question.connection.modes[OperationCode(START_LIVE_VIEW)] = 1
    return Reply()


@_OPERATIONS.answer(END_LIVE_VIEW)
async def _end_live_view(question: Question) -> Reply:
    question.connection.modes.pop(OperationCode(START_LIVE_VIEW), None)
    return Reply()


@_OPERATIONS.answer(GET_LIVE_VIEW_IMAGE)
async def _get_live_view_image(question: Question) -> Reply:
    """A header, as long as this generation has it, and a JPEG."""
    if OperationCode(START_LIVE_VIEW) not in question.connection.modes:
        raise question.refuse(NOT_IN_LIVE_VIEW)
    return dataset(bytes(LIVE_VIEW_HEADER) + await question.camera.finder())


@_OPERATIONS.answer(NikonOperation.GET_PAIRING_CODE)
async def _get_pairing_code(_question: Question) -> Reply:
    return dataset(bytes(map(int, PAIRING_CODE)))


@_OPERATIONS.answer(NikonOperation.REQUEST_APPROVAL)
async def _request_approval(question: Question) -> Reply:
    """Somebody is always there to press OK."""
    if question.parameter(1) != APPROVE:
        raise question.refuse(ResponseCode.INVALID_PARAMETER)
    question.connection.modes[NikonOperation.REQUEST_APPROVAL] = 1
    return Reply()


@_OPERATIONS.answer(NikonOperation.SEND_PAIRING_CODE, takes_data=True)
async def _send_pairing_code(question: Question) -> Reply:
    approved = NikonOperation.REQUEST_APPROVAL in question.connection.modes
    if not approved or question.brought != bytes(map(int, PAIRING_CODE)):
        raise question.refuse(ResponseCode.ACCESS_DENIED)
    question.camera.approve(question.connection)
    return Reply()


NIKON: Final = Personality(
    name="nikon",
    manufacturer="Nikon Corporation",
    model="Z Virtual",
    operations=STANDARD.joined(PROPERTIES, _OPERATIONS),
    device_version="V1.00",
    events=(*STANDARD_EVENTS, EventCode(0xC101), EventCode(0xC102)),
    asks=NikonOperation.GET_EVENT_EX,
    hollow=frozenset(
        {
            OperationCode.GET_DEVICE_INFO,
            OperationCode.OPEN_SESSION,
            OperationCode.CLOSE_SESSION,
            OperationCode(NikonOperation.REQUEST_APPROVAL),
            OperationCode(NikonOperation.SEND_PAIRING_CODE),
            OperationCode(NikonOperation.GET_PAIRING_CODE),
        }
    ),
    data_style=DataStyle.EMPTY_END,
    max_connections=1,
    folder_name="NIKON",
)
