"""How a virtual unit finds the handler of a command."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from ..protocols.crcp.messages import Command, Reply

if TYPE_CHECKING:
    from .unit import VirtualUnit
    from .visitor import Visitor

#: Does one command for one visitor and gives the reply. May raise Refused instead.
type Handler = Callable[[VirtualUnit, Visitor, Command], Awaitable[Reply]]

HANDLERS: Final[dict[tuple[str | None, str], Handler]] = {}


def answers(kind: str | None, *names: str) -> Callable[[Handler], Handler]:
    """Declare the handler of a subunit type's commands; None is for STAT and HELP."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update({(kind, name): handler for name in names})
        return handler

    return register
