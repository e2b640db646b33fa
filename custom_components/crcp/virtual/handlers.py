"""How a virtual unit finds the handler of a command."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from ..protocols.crcp.messages import Command, Reply

if TYPE_CHECKING:
    from .unit import VirtualUnit
    from .visitor import Visitor

#: The reply to a command; most commands are done at once, some have to be waited for.
type Outcome = Reply | Awaitable[Reply]

#: Does one command for one visitor and gives the reply. May raise Refused instead.
type Handler = Callable[[VirtualUnit, Visitor, Command], Outcome]

HANDLERS: Final[dict[tuple[str | None, str], Handler]] = {}


def answers[H: Handler](kind: str | None, *names: str) -> Callable[[H], H]:
    """Declare the handler of a subunit type's commands; None is for STAT and HELP."""

    def register(handler: H) -> H:
        HANDLERS.update({(kind, name): handler for name in names})
        return handler

    return register
