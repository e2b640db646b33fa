"""What is no host name is the link's fault, in words, and no defect of ours."""

import _socket
import socket

import pytest

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.errors import LinkError as UnitLinkError
from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.errors import LinkError as CameraLinkError

WRONG = pytest.mark.parametrize("host", ["..", "x" * 64, "a\x00b"])


@pytest.fixture(autouse=True)
def real_names(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let names be read again, which Home Assistant's test harness forbids; none leads anywhere."""
    monkeypatch.setattr(socket, "getaddrinfo", _socket.getaddrinfo)


@WRONG
async def test_a_unit(host: str) -> None:
    with pytest.raises(UnitLinkError):
        await Controller.connect(host, 4711)


@WRONG
async def test_a_camera(host: str) -> None:
    with pytest.raises(CameraLinkError):
        await Initiator.connect(host, 4711, guid=bytes(16), friendly_name="test")
