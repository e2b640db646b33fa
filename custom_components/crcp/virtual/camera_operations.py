"""The standard's operations, as a virtual camera answers them."""

from dataclasses import replace
from typing import Final

from ..protocols.ptpip.codes import (
    EventCode,
    ObjectFormat,
    OperationCode,
    ParentObject,
    ProtectionStatus,
    ResponseCode,
    StorageID,
)
from ..protocols.ptpip.datasets import IDS, ObjectInfo
from ..protocols.ptpip.errors import ProtocolError
from ..protocols.ptpip.packets import Event
from .camera_handlers import Handlers, Question, dataset
from .card import Card, Entry
from .connection import Reply
from .photos import InMemory, Photo

STANDARD: Final = Handlers()

#: How some cameras answer the flat listing: with what lies in the root.
_ROOT_ONLY: Final = 2

#: In DeleteObject: everything.
ALL_OBJECTS: Final = 0xFFFFFFFF


@STANDARD.answer(OperationCode.GET_DEVICE_INFO)
async def _get_device_info(question: Question) -> Reply:
    return dataset(question.camera.device_info(question.connection).encode())


# -- storages ----------------------------------------------------------------------------------


@STANDARD.answer(OperationCode.GET_STORAGE_IDS)
async def _get_storage_ids(question: Question) -> Reply:
    return dataset(IDS.write(tuple(card.storage_id for card in question.camera.cards)))


@STANDARD.answer(OperationCode.GET_STORAGE_INFO)
async def _get_storage_info(question: Question) -> Reply:
    (card,) = cards_of(question)[:1]
    return dataset(card.storage_info().encode())


@STANDARD.answer(OperationCode.GET_NUM_OBJECTS)
async def _get_num_objects(question: Question) -> Reply:
    return Reply(parameters=(len(_listing(question)),))


@STANDARD.answer(OperationCode.GET_OBJECT_HANDLES)
async def _get_object_handles(question: Question) -> Reply:
    return dataset(IDS.write(_listing(question)))


def cards_of(question: Question) -> list[Card]:
    """The cards that parameter 1 names."""
    cards = question.camera.cards
    if not cards or question.camera.faults.use("not_available"):
        raise question.refuse(ResponseCode.STORE_NOT_AVAILABLE)
    wanted = question.parameter(1)
    found = [card for card in cards if wanted in (StorageID.ALL, card.storage_id)]
    if not found:
        raise question.refuse(ResponseCode.INVALID_STORAGE_ID)
    return found


def _listing(question: Question) -> tuple[int, ...]:
    """The handles that storage, format and parent ask for."""
    object_format, parent = question.parameter(2), question.parameter(3)
    cards = cards_of(question)
    if question.camera.hides_card(question.connection):
        return ()
    if parent == ParentObject.ANYWHERE and (how := question.camera.faults.no_flat):
        cards, parent = cards if how == _ROOT_ONLY else [], ParentObject.ROOT
    if not ParentObject(parent).known:
        cards = [card for card in cards if card.is_folder(parent)]
        if not cards:
            raise question.refuse(ResponseCode.INVALID_PARENT_OBJECT)
    return tuple(handle for card in cards for handle in card.handles(object_format, parent))


# -- objects -----------------------------------------------------------------------------------


@STANDARD.answer(OperationCode.GET_OBJECT_INFO)
async def _get_object_info(question: Question) -> Reply:
    faults = question.camera.faults
    if faults.use("general_error"):
        raise question.refuse(ResponseCode.GENERAL_ERROR)
    card, entry = question.entry()
    if faults.denied and entry.photo:
        raise question.refuse(ResponseCode.ACCESS_DENIED)
    info = card.object_info(question.parameter(1))
    if entry.photo:
        size = info.object_compressed_size
        if faults.size_modulo:
            size = entry.photo.content.size
        # 32 bits hold no more, and less than nothing comes out as much.
        size = (size + faults.info_more) & 0xFFFFFFFF
        info = replace(info, object_compressed_size=size)
    return dataset(info.encode())


@STANDARD.answer(OperationCode.GET_OBJECT)
async def _get_object(question: Question) -> Reply:
    if question.camera.faults.use("gone"):
        raise question.refuse(ResponseCode.INVALID_OBJECT_HANDLE)
    return Reply(question.photo().content)


@STANDARD.answer(OperationCode.GET_THUMB)
async def _get_thumb(question: Question) -> Reply:
    return dataset(await question.photo().any_thumb())


@STANDARD.answer(OperationCode.GET_PARTIAL_OBJECT)
async def _get_partial_object(question: Question) -> Reply:
    part = question.part(question.parameter(2), question.parameter(3))
    return Reply(part, (part.size,))


@STANDARD.answer(OperationCode.DELETE_OBJECT)
async def _delete_object(question: Question) -> Reply:
    handle = question.parameter(1)
    if handle == ALL_OBJECTS:
        raise question.refuse(ResponseCode.PARAMETER_NOT_SUPPORTED)
    card, entry = question.entry()
    if entry.protection != ProtectionStatus.NONE:
        raise question.refuse(ResponseCode.OBJECT_WRITE_PROTECTED)
    if card.handles(0, handle):
        raise question.refuse(ResponseCode.PARTIAL_DELETION)
    question.camera.delete(handle, told_by=question.connection)
    return Reply()


@STANDARD.answer(OperationCode.SET_OBJECT_PROTECTION)
async def _set_object_protection(question: Question) -> Reply:
    status = ProtectionStatus(question.parameter(2))
    if not status.known:
        raise question.refuse(ResponseCode.INVALID_PARAMETER)
    card, _ = question.entry()
    card.protect(question.parameter(1), status)
    question.camera.tell(
        Event(EventCode.OBJECT_INFO_CHANGED, parameters=(question.parameter(1),)),
        but=question.connection,
    )
    return Reply()


@STANDARD.answer(OperationCode.INITIATE_CAPTURE)
async def _initiate_capture(question: Question) -> Reply:
    if not question.camera.cards:
        raise question.refuse(ResponseCode.STORE_NOT_AVAILABLE)
    return Reply(after=question.camera.capture)


# -- objects that come to the camera -----------------------------------------------------------


@STANDARD.answer(OperationCode.SEND_OBJECT_INFO, takes_data=True)
async def _send_object_info(question: Question) -> Reply:
    try:
        info = ObjectInfo.decode(question.brought)
    except ProtocolError:
        raise question.refuse(ResponseCode.INVALID_DATA_SET) from None
    card = cards_of(question)[0] if question.parameter(1) else question.camera.cards[0]
    parent = question.parameter(2)
    parent = 0 if parent == ParentObject.ROOT else parent
    if parent and not card.is_folder(parent):
        raise question.refuse(ResponseCode.INVALID_PARENT_OBJECT)
    if info.object_format == ObjectFormat.ASSOCIATION:
        handle = card.put(Entry(info.filename, parent, None))
    else:
        handle = card.reserve()
        question.camera.expected[question.connection.number] = (card, handle, parent, info)
    return Reply(parameters=(card.storage_id, parent, handle))


@STANDARD.answer(OperationCode.SEND_OBJECT, takes_data=True)
async def _send_object(question: Question) -> Reply:
    expected = question.camera.expected.pop(question.connection.number, None)
    if expected is None:
        raise question.refuse(ResponseCode.NO_VALID_OBJECT_INFO)
    card, handle, parent, info = expected
    if info.object_compressed_size != len(question.brought):
        raise question.refuse(ResponseCode.INCOMPLETE_TRANSFER)
    photo = Photo(info.filename, InMemory(question.brought), info.object_format, info.capture_date)
    card.entries[handle] = Entry(info.filename, parent, photo)
    return Reply()
