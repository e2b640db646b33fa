"""ObjectInfos by the folder: one GetObjectPropList in place of a GetObjectInfo for each object.

One question is one round trip, and old cameras take a tenth of a second for it; a full card has
twenty thousand objects. But cameras with this operation refuse many of its forms, leave objects out,
or say things there that they do not say in ObjectInfo. So a list is only a short cut: each kind of
object is first asked for both ways, and what is missing, large or told differently is asked for
as ever.
"""

from collections.abc import Iterator
from typing import Final

from .codes import AssociationType, ObjectFormat, OperationCode, ProtectionStatus
from .datasets import SIZE_BEYOND_32_BITS, ObjectInfo
from .datatypes import parse_date_time
from .errors import ProtocolError, PtpIpError, Refused
from .operations import Operations
from .properties import ALL_PROPERTIES, ObjectProp, ObjectPropCode, Value, read_object_prop_list
from .vendors.generic import Generic

#: What was told and not yet asked for. A folder of DCF has 9999 files.
MAX_TOLD: Final = 65536

#: While a list is read, others get their turn each time so much of it was.
FAIR_SHARE: Final = 32

#: How many cameras are remembered.
MAX_BURNT: Final = 64

# Cameras, by their serial number, whose connection did not survive a list: some fall silent over a
# full card. They are not asked for another one while this program runs.
_burnt: set[str] = set()

#: Nothing has this handle.
_NO_OBJECT: Final = 0

_P: Final = ObjectPropCode


class ObjectInfos:
    """Asks for ObjectInfos in one session, and for a whole folder's at once where that works."""

    def __init__(self, operations: Operations, vendor: Generic) -> None:
        """Know nothing yet."""
        self._operations = operations
        self._camera = vendor.info.serial_number or vendor.info.model
        # Whoever has one session only is not to lose it over a short cut.
        self._lists = (
            vendor.supports(OperationCode.GET_OBJECT_PROP_LIST)
            and not vendor.single_session
            and self._camera not in _burnt
        )
        self._folders: set[int] = set()
        self._told: dict[int, ObjectInfo] = {}
        self._unread: Iterator[tuple[int, ObjectInfo | None]] = iter(())
        self._proven: set[object] = set()

    async def info(self, handle: int) -> ObjectInfo:
        """Ask for one object's ObjectInfo; raises as Operations.object_info.

        Objects that were told with others come without a wait: whoever asks for many is to let
        others have their turn.
        """
        told = await self._find(handle)
        if told and _kind(told) in self._proven and told.size is not None:
            return told
        info = await self._operations.object_info(handle)
        if told is None and self._lists and info.parent_object not in self._folders:
            await self._list(info.parent_object)
            told = await self._find(handle)
        if told:
            self._compare(told, info)
        return info

    async def _list(self, folder: int) -> None:
        """Have everything told that lies in a folder; 0 is the root."""
        self._folders.add(folder)
        asked = OperationCode.GET_OBJECT_PROP_LIST
        try:
            data = await self._operations.dataset(asked, folder, 0, ALL_PROPERTIES, 0, 1)
        except Refused:
            self._give_up()
            return
        except PtpIpError:
            if len(_burnt) < MAX_BURNT:
                _burnt.add(self._camera)
            raise
        await self._find(_NO_OBJECT)  # what is left of the last list is not to be forgotten
        self._unread = _object_infos(read_object_prop_list(data))

    async def _find(self, handle: int) -> ObjectInfo | None:
        """What a list tells of an object, read as far as that."""
        if handle in self._told:
            return self._told.pop(handle)
        try:
            for number, (each, info) in enumerate(self._unread, start=1):
                if info and each == handle:
                    return info
                if info:
                    self._tell(each, info)
                if number % FAIR_SHARE == 0:
                    await self._operations.pause()
        except ProtocolError:
            self._give_up()
        return self._told.pop(handle, None)

    def _tell(self, handle: int, info: ObjectInfo) -> None:
        self._told[handle] = info
        if len(self._told) > MAX_TOLD:
            raise ProtocolError(f"a list of more than {MAX_TOLD} objects")

    def _compare(self, told: ObjectInfo, info: ObjectInfo) -> None:
        """Believe lists about a kind of object when both ways say the same of one of it."""
        if _essence(told) == _essence(info):
            self._proven.add(_kind(info))
        elif info.size is not None:  # large files are never taken from a list
            self._give_up()

    def _give_up(self) -> None:
        self._lists = False
        self._told.clear()
        self._unread = iter(())


def _kind(info: ObjectInfo) -> object:
    """What a camera writes in the same way: RAW files and movies are both of no known format."""
    return info.object_format, info.filename.rpartition(".")[2].lower()


def _essence(info: ObjectInfo) -> object:
    """What counts for whoever asks, and has to be the same either way."""
    placed = (info.storage_id, info.object_format, info.parent_object, info.filename)
    if info.is_association:
        return placed
    dates = (info.capture_date, info.modification_date)
    return (*placed, info.size, info.protection_status, *dates)


def _object_infos(elements: Iterator[ObjectProp]) -> Iterator[tuple[int, ObjectInfo | None]]:
    """The objects that a list describes, when their properties come together.

    None for one that is not described well enough, and now and then within one, for a breath.
    """
    handle, values = _NO_OBJECT, dict[ObjectPropCode, Value]()
    for number, element in enumerate(elements, start=1):
        if element.handle != handle:
            yield handle, _object_info(values)
            handle, values = element.handle, {}
        elif number % FAIR_SHARE == 0:
            yield handle, None
        values[element.code] = element.value
    yield handle, _object_info(values)


def _object_info(values: dict[ObjectPropCode, Value]) -> ObjectInfo | None:
    """The ObjectInfo that an object's properties make; None when one is missing."""
    match (
        values.get(_P.STORAGE_ID),
        values.get(_P.OBJECT_FORMAT),
        values.get(_P.OBJECT_SIZE),
        values.get(_P.PARENT_OBJECT),
        values.get(_P.OBJECT_FILE_NAME),
        values.get(_P.PROTECTION_STATUS, 0),
    ):
        case int(storage), int(kind), int(size), int(parent), str(name), int(protection):
            return ObjectInfo(
                storage_id=storage,
                object_format=ObjectFormat(kind),
                protection_status=ProtectionStatus(protection),
                object_compressed_size=min(size, SIZE_BEYOND_32_BITS),
                parent_object=parent,
                association_type=AssociationType.UNDEFINED,
                filename=name,
                capture_date=parse_date_time(str(values.get(_P.DATE_CREATED, ""))),
                modification_date=parse_date_time(str(values.get(_P.DATE_MODIFIED, ""))),
            )
        case _:
            return None
