"""What an operation of a virtual camera is: a function from a question to a reply, in a table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..protocols.ptpip.codes import OperationCode, ResponseCode
from ..protocols.ptpip.errors import Refused
from ..protocols.ptpip.packets import Event, OperationRequest
from .card import Card, Entry
from .connection import Connection, Reply
from .photos import InMemory, Part, Photo

if TYPE_CHECKING:
    from .camera import VirtualCamera


@dataclass(frozen=True, slots=True)
class Question:
    """A request, the data that came with it, who asks, and whom."""

    camera: VirtualCamera
    connection: Connection
    request: OperationRequest
    brought: bytes = b""

    def parameter(self, number: int) -> int:
        """A parameter, counted from 1."""
        return self.request.parameter(number)

    def refuse(self, code: int) -> Refused:
        """The error that answers with this response."""
        return Refused(ResponseCode(code), self.request.code)

    def entry(self) -> tuple[Card, Entry]:
        """The object whose handle is parameter 1, and its card."""
        handle = self.parameter(1)
        for card in self.camera.cards:
            if handle in card.entries:
                return card, card.entries[handle]
        raise self.refuse(ResponseCode.INVALID_OBJECT_HANDLE)

    def photo(self) -> Photo:
        """The file whose handle is parameter 1; a folder has no bytes."""
        if self.camera.faults.denied:
            raise self.refuse(ResponseCode.ACCESS_DENIED)
        _, entry = self.entry()
        if entry.photo is None:
            raise self.refuse(ResponseCode.INVALID_OBJECT_HANDLE)
        return entry.photo

    def events(self) -> list[Event]:
        """What there is to tell to who asks for events; each is told once."""
        if self.camera.faults.use("events_refused"):
            raise self.refuse(ResponseCode.GENERAL_ERROR)
        told = list(self.connection.waiting)
        self.connection.waiting.clear()
        return told

    def part(self, offset: int, wanted: int) -> Part:
        """A part of the file whose handle is parameter 1."""
        content = self.photo().content
        faults = self.camera.faults
        if faults.no_parts:
            raise self.refuse(ResponseCode.OPERATION_NOT_SUPPORTED)
        if offset > content.size:
            raise self.refuse(ResponseCode.INVALID_PARAMETER)
        if faults.short_parts:
            wanted = min(wanted, faults.short_parts)
        return Part(content, offset, min(wanted, content.size - offset))


type Handler = Callable[[Question], Awaitable[Reply]]


class Handlers(dict[OperationCode, Handler]):
    """A table of operations, filled by decorators."""

    #: The operations whose data phase goes out to the camera.
    taking: frozenset[OperationCode] = frozenset()

    def answer(self, operation: int, *, takes_data: bool = False) -> Callable[[Handler], Handler]:
        """Declare the handler of an operation."""
        code = OperationCode(operation)
        if takes_data:
            self.taking |= {code}

        def register(handler: Handler) -> Handler:
            self[code] = handler
            return handler

        return register

    def joined(self, *others: Handlers) -> Handlers:
        """This table and others in one; the last one wins."""
        whole = Handlers(self)
        whole.taking = self.taking
        for other in others:
            whole.update(other)
            whole.taking |= other.taking
        return whole


def dataset(data: bytes) -> Reply:
    """Answer with bytes at hand."""
    return Reply(InMemory(data))
