"""A virtual camera and an initiator, over real sockets on loopback."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.patience import Timeouts
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.host import LOOPBACK

GUID = bytes(range(1, 17))

#: Long enough for a busy machine, short enough for a test that waits for it.
QUICK = Timeouts(connect=5.0, pairing=5.0, silence=5.0)

type Connect = Callable[..., Awaitable[Initiator]]


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[VirtualCamera]:
    camera = VirtualCamera()
    await camera.start()
    yield camera
    await camera.stop()


@pytest.fixture
async def connect(socket_enabled: None) -> AsyncIterator[Connect]:
    """Connect to a port; whatever was connected is closed at the end."""
    initiators: list[Initiator] = []

    async def connect(
        port: int, *, guid: bytes = GUID, timeouts: Timeouts = QUICK, session: bool = True
    ) -> Initiator:
        initiator = await Initiator.connect(
            LOOPBACK, port, guid=guid, friendly_name="tests", timeouts=timeouts
        )
        initiators.append(initiator)
        if session:
            await initiator.open_session()
        return initiator

    yield connect
    for initiator in initiators:
        await initiator.close()
