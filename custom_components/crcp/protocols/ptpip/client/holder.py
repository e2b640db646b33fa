"""Operations for whoever has a connection's turn and keeps it."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, override

from ..codes import OperationCode
from ..datatypes import Bytes
from ..operations import Answer, Expect, Operations, Write


class Asked(NamedTuple):
    """What a transaction is asked for: the arguments of Operations.transact."""

    operation: OperationCode
    parameters: tuple[int, ...]
    data: Bytes | None
    write: Write | None
    expect: Expect | None


class Holder(Operations):
    """Operations that follow each other with nobody else's between them."""

    def __init__(
        self,
        transact: Callable[[Asked], Awaitable[Answer]],
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        self._transact = transact
        self._pause = pause

    @override
    async def pause(self) -> None:
        await self._pause()

    @override
    async def transact(
        self,
        operation: OperationCode,
        *parameters: int,
        data: Bytes | None = None,
        write: Write | None = None,
        expect: Expect | None = None,
    ) -> Answer:
        return await self._transact(Asked(operation, parameters, data, write, expect))
