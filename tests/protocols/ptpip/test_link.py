"""One TCP connection: how it is opened, and what is sent without waiting."""

import socket
from typing import override

import pytest

from custom_components.crcp.protocols.ptpip.client.link import Link
from custom_components.crcp.protocols.ptpip.errors import LinkError
from custom_components.crcp.protocols.ptpip.packets import ProbeRequest
from custom_components.crcp.protocols.ptpip.session import Session
from custom_components.crcp.protocols.ptpip.state import Channel, Handshake, Role
from custom_components.crcp.virtual.camera import VirtualCamera

from .conftest import Connect


@pytest.mark.parametrize(
    ("level", "option"),
    [(socket.IPPROTO_TCP, socket.TCP_NODELAY), (socket.SOL_SOCKET, socket.SO_KEEPALIVE)],
    ids=["no delay", "keep alive"],
)
async def test_both_connections_send_at_once_and_notice_a_camera_that_vanished(
    camera: VirtualCamera, connect: Connect, level: int, option: int
) -> None:
    initiator = await connect(camera.port)
    for link in (initiator._command, initiator._event):
        assert link._socket.getsockopt(level, option)


class Full(socket.socket):
    """Takes all but the last byte."""

    @override
    def send(self, data: object, flags: int = 0, /) -> int:
        assert isinstance(data, bytes)
        return len(data) - 1


async def test_a_socket_that_takes_nothing_more_is_a_lost_link(socket_enabled: None) -> None:
    session = Session(Role.INITIATOR)
    session.handshake = Handshake.ESTABLISHED
    with Full() as full:
        link = Link(session, Channel.EVENT, full, 1024)
        with pytest.raises(LinkError, match="nothing more"):
            link.send_now(ProbeRequest())
