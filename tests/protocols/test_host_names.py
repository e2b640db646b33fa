"""What is no host name is the link's fault, in words, and no defect of ours."""

import pytest

from custom_components.crcp.protocols.crcp.client import Controller
from custom_components.crcp.protocols.crcp.errors import LinkError as UnitLinkError
from custom_components.crcp.protocols.ptpip.client import Initiator
from custom_components.crcp.protocols.ptpip.errors import LinkError as CameraLinkError

WRONG = pytest.mark.parametrize("host", ["..", "x" * 64, "a\x00b"])


@WRONG
async def test_a_unit(socket_enabled: None, host: str) -> None:
    with pytest.raises(UnitLinkError, match="is no host name"):
        await Controller.connect(host, 4711)


@WRONG
async def test_a_camera(socket_enabled: None, host: str) -> None:
    with pytest.raises(CameraLinkError, match="is no host name"):
        await Initiator.connect(host, 4711, guid=bytes(16), friendly_name="test")
