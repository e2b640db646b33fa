"""What the tests of CRCP share: all of the loopback network, and nothing else of it."""

from collections.abc import AsyncIterator

import pytest
import pytest_socket

from .house import House


@pytest.fixture
def loopback(socket_enabled: None) -> None:
    """Allow every address of 127/8: units and controllers that are not the same host."""
    pytest_socket.socket_allow_hosts(["127.0.0.0/8", "::1"])


@pytest.fixture
async def house(loopback: None) -> AsyncIterator[House]:
    house = House()
    yield house
    await house.close()
