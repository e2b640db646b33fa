"""A Sony in "Send to Computer", which wants to be told that a transfer runs.

Unlike a real one it takes pictures on the standard's InitiateCapture meanwhile, for demonstration.
"""

from typing import Final

from ...protocols.ptpip.codes import OperationCode, ResponseCode
from ...protocols.ptpip.vendors.sony import SonyOperation
from ..camera_handlers import Handlers, Question, dataset
from ..camera_mtp import MTP
from ..camera_operations import STANDARD
from ..camera_properties import PROPERTIES
from ..connection import Reply
from ..data_phase import DataStyle
from .generic import STANDARD_EVENTS
from .personality import Personality

_OPERATIONS: Final = Handlers()

#: Fewer bytes say nothing about a transfer.
_LEAST_STATE: Final = 16


@_OPERATIONS.answer(SonyOperation.TRANSFER_STATE, takes_data=True)
async def _transfer_state(question: Question) -> Reply:
    if len(question.brought) < _LEAST_STATE:
        raise question.refuse(ResponseCode.INVALID_DATA_SET)
    modes = question.connection.modes
    if modes.get(SonyOperation.TRANSFER_STATE):
        raise question.refuse(ResponseCode.DEVICE_BUSY)
    modes[SonyOperation.TRANSFER_STATE] = 1
    return Reply()


@_OPERATIONS.answer(SonyOperation.TRANSFER_STATE_RESULT)
async def _transfer_state_result(question: Question) -> Reply:
    question.connection.modes.pop(SonyOperation.TRANSFER_STATE, None)
    return dataset(bytes(4))


@_OPERATIONS.answer(SonyOperation.GET_PARTIAL_LARGE_OBJECT)
async def _get_partial_large_object(question: Question) -> Reply:
    offset = question.parameter(2) | question.parameter(3) << 32
    part = question.part(offset, question.parameter(4))
    return Reply(part, (part.size,))


@_OPERATIONS.answer(OperationCode.GET_OBJECT_HANDLES)
async def _get_object_handles(question: Question) -> Reply:
    """Sony refuses fewer than three parameters."""
    if len(question.request.parameters) < 3:
        raise question.refuse(ResponseCode.INVALID_PARAMETER)
    return await STANDARD[OperationCode.GET_OBJECT_HANDLES](question)


SONY: Final = Personality(
    name="sony",
    manufacturer="Sony Corporation",
    model="ILCE-V",
    operations=STANDARD.joined(PROPERTIES, MTP, _OPERATIONS),
    vendor_extension_desc="microsoft.com: 1.0;",
    events=STANDARD_EVENTS,
    data_style=DataStyle.ONE_END,
    max_connections=1,
    folder_name="MSDCF",
)
