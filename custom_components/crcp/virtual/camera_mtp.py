"""MTP's operations on objects' properties, and Android's long read, as a virtual camera has them."""

from collections.abc import Iterator
from typing import Final

from ..protocols.ptpip.codes import ObjectFormat, OperationCode, ResponseCode
from ..protocols.ptpip.datasets import CODES
from ..protocols.ptpip.datatypes import format_date_time
from ..protocols.ptpip.properties import (
    ALL_OBJECTS,
    ALL_PROPERTIES,
    WHOLE_TREE,
    DataTypeCode,
    FormFlag,
    ObjectProp,
    ObjectPropCode,
    ObjectPropDesc,
    RegularExpression,
    Value,
    encode_object_prop_list,
    encode_value,
)
from .camera_handlers import Handlers, Question, dataset
from .card import Card, Entry
from .connection import Reply

MTP: Final = Handlers()
ANDROID: Final = Handlers()

_P, _T = ObjectPropCode, DataTypeCode

#: What every object has, and of which type.
TYPES: Final = {
    _P.STORAGE_ID: _T.UINT32,
    _P.OBJECT_FORMAT: _T.UINT16,
    _P.PROTECTION_STATUS: _T.UINT16,
    _P.OBJECT_SIZE: _T.UINT64,
    _P.OBJECT_FILE_NAME: _T.STRING,
    _P.DATE_CREATED: _T.STRING,
    _P.DATE_MODIFIED: _T.STRING,
    _P.PARENT_OBJECT: _T.UINT32,
    _P.PERSISTENT_UNIQUE_OBJECT_IDENTIFIER: _T.UINT128,
    _P.NAME: _T.STRING,
}


@MTP.answer(OperationCode.GET_OBJECT_PROPS_SUPPORTED)
async def _get_object_props_supported(_question: Question) -> Reply:
    return dataset(CODES.write(tuple(TYPES)))


@MTP.answer(OperationCode.GET_OBJECT_PROP_DESC)
async def _get_object_prop_desc(question: Question) -> Reply:
    code = _known(question, question.parameter(1))
    dated = code in (_P.DATE_CREATED, _P.DATE_MODIFIED)
    described = ObjectPropDesc(
        code=code,
        data_type=TYPES[code],
        default="" if TYPES[code] == _T.STRING else 0,
        form=RegularExpression(FormFlag.DATE_TIME) if dated else None,
    )
    return dataset(described.encode())


@MTP.answer(OperationCode.GET_OBJECT_PROP_VALUE)
async def _get_object_prop_value(question: Question) -> Reply:
    code = _known(question, question.parameter(2))
    card, entry = question.entry()
    return dataset(encode_value(TYPES[code], _value(card, question.parameter(1), entry, code)))


@MTP.answer(OperationCode.GET_OBJECT_PROP_LIST)
async def _get_object_prop_list(question: Question) -> Reply:
    object_format, code, group, depth = (question.parameter(n) for n in range(2, 6))
    if group or not code:
        raise question.refuse(ResponseCode.SPECIFICATION_BY_GROUP_UNSUPPORTED)
    if depth not in (0, 1, WHOLE_TREE):
        raise question.refuse(ResponseCode.SPECIFICATION_BY_DEPTH_UNSUPPORTED)
    codes = tuple(TYPES) if code == ALL_PROPERTIES else (_known(question, code),)
    elements = [
        ObjectProp(handle, each, TYPES[each], _value(card, handle, entry, each))
        for card, handle, entry in _chosen(question, depth)
        if object_format in (0, entry.object_format)
        for each in codes
    ]
    return dataset(encode_object_prop_list(elements))


@ANDROID.answer(OperationCode.GET_PARTIAL_OBJECT_64)
async def _get_partial_object_64(question: Question) -> Reply:
    offset = question.parameter(2) | question.parameter(3) << 32
    part = question.part(offset, question.parameter(4))
    return Reply(part, (part.size,))


def _known(question: Question, code: int) -> ObjectPropCode:
    if code not in TYPES:
        raise question.refuse(ResponseCode.OBJECT_PROP_NOT_SUPPORTED)
    return ObjectPropCode(code)


def _chosen(question: Question, depth: int) -> Iterator[tuple[Card, int, Entry]]:
    """The objects that handle and depth ask for."""
    wanted = question.parameter(1)
    everything = wanted == ALL_OBJECTS or (wanted == 0 and depth == WHOLE_TREE)
    if not everything and wanted:
        question.entry()
    for card in question.camera.cards:
        for handle, entry in card.entries.items():
            child = depth and entry.parent == wanted
            if everything or (handle == wanted and depth == 0) or child:
                yield card, handle, entry


def _value(card: Card, handle: int, entry: Entry, code: ObjectPropCode) -> Value:
    photo = entry.photo
    date = format_date_time(photo.captured) if photo and photo.captured else ""
    values: dict[ObjectPropCode, Value] = {
        _P.STORAGE_ID: card.storage_id,
        _P.OBJECT_FORMAT: entry.object_format if photo else ObjectFormat.ASSOCIATION,
        _P.PROTECTION_STATUS: entry.protection,
        _P.OBJECT_SIZE: photo.content.size if photo else 0,
        _P.OBJECT_FILE_NAME: entry.name,
        _P.DATE_CREATED: date,
        _P.DATE_MODIFIED: date,
        _P.PARENT_OBJECT: entry.parent,
        _P.PERSISTENT_UNIQUE_OBJECT_IDENTIFIER: card.storage_id << 64 | handle,
        _P.NAME: entry.name,
    }
    return values[code]
