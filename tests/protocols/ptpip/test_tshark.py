"""A dissector that is none of ours reads what our initiator and our responder say.

It reads a real capture of the loopback interface where that may be made, segments as they come. A
relay's record of the packets, each in a segment of its own, is read everywhere.
"""

import asyncio
from pathlib import Path
import shutil

import pytest

from custom_components.crcp.protocols.ptpip.codes import (
    DevicePropCode,
    OperationCode,
    PacketType,
)
from custom_components.crcp.protocols.ptpip.errors import Refused
from custom_components.crcp.protocols.ptpip.properties import DataTypeCode
from custom_components.crcp.protocols.ptpip.remote import describe_properties
from custom_components.crcp.virtual.camera import VirtualCamera
from custom_components.crcp.virtual.data_phase import DataStyle
from custom_components.crcp.virtual.personalities import GENERIC, PERSONALITIES, Personality
from custom_components.crcp.virtual.photos import InMemory

from .capture import NotPermittedError, captured
from .conftest import Connect
from .contents import Held, movie
from .relay import PORT, relayed, save

pytestmark = [
    pytest.mark.skipif(
        shutil.which("tshark") is None, reason="tshark is not installed (apt install tshark)"
    ),
    pytest.mark.usefixtures("socket_enabled"),
]


async def drop(piece: memoryview) -> None:
    pass


async def tshark(capture: Path, *fields: str, port: int = PORT) -> list[list[str]]:
    """What the dissector sees in each frame of TCP; a mark beside them may look like anything."""
    wanted = [argument for field in fields for argument in ("-e", field)]
    process = await asyncio.create_subprocess_exec(
        *("tshark", "-r", str(capture), "-Y", "tcp"),
        *("-d", f"tcp.port=={port},ptpip", "-T", "fields"),
        *wanted,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    return [line.split("\t") for line in output.decode().splitlines()]


async def everything(
    connect: Connect, port: int, camera: VirtualCamera, style: DataStyle = DataStyle.SMALL_PIECES
) -> None:
    """Say every packet there is, once."""
    camera.data_style = style
    photo = camera.add_photo(movie(InMemory(bytes(200_000))))
    initiator = await connect(port, session=False)
    info = await initiator.begin()
    await describe_properties(initiator, info)
    await initiator.object_info(photo)
    await initiator.get_object(photo, drop)
    await initiator.set_device_prop_value(DevicePropCode.ARTIST, DataTypeCode.STRING, "A")
    camera.add_photo(movie(InMemory(b"x")))
    (connection,) = camera.connections.values()
    await connection.probe()
    content = Held(bytes(4 << 20))
    held = camera.add_photo(movie(content))
    getting = asyncio.create_task(initiator.get_object(held, drop))
    await content.half_sent.wait()
    await initiator.cancel()
    content.let_go.set()
    with pytest.raises(Refused):
        await getting
    await initiator.close()
    camera.faults.init_fail = 1
    with pytest.raises(Refused):
        await connect(port)


@pytest.mark.parametrize("maker", PERSONALITIES.values(), ids=PERSONALITIES)
async def test_no_packet_of_ours_is_malformed(
    connect: Connect, tmp_path: Path, maker: Personality
) -> None:
    camera = VirtualCamera(personality=maker)
    await camera.start()
    async with relayed(camera.port) as (relay, port):
        await everything(connect, port, camera)
    await camera.stop()
    capture = save(relay, tmp_path)
    frames = await tshark(capture, "ptpip.pktType", "ptpip.opcode", "_ws.malformed")
    assert [frame[2] for frame in frames if frame[2]] == []
    types = {int(kind, 0) for frame in frames for kind in frame[0].split(",") if kind}
    expected = set(PacketType)
    if maker.asks:
        expected -= {PacketType.EVENT}
    assert types == expected
    codes = {int(code, 0) for frame in frames for code in frame[1].split(",") if code}
    assert {OperationCode.OPEN_SESSION, OperationCode.GET_OBJECT_INFO} <= codes


@pytest.mark.parametrize(
    ("maker", "style"),
    [(maker, maker.data_style) for maker in PERSONALITIES.values()]
    + [(GENERIC, style) for style in DataStyle if style is not GENERIC.data_style],
    ids=lambda value: value.name.lower(),
)
async def test_no_packet_on_the_wire_is_malformed(
    connect: Connect, tmp_path: Path, maker: Personality, style: DataStyle
) -> None:
    path = tmp_path / "capture.pcap"
    camera = VirtualCamera(personality=maker)
    await camera.start()
    port = camera.port
    try:
        async with captured(port, path):
            await everything(connect, port, camera, style)
    except NotPermittedError:
        pytest.skip("capturing on the loopback interface is not permitted")
    finally:
        await camera.stop()
    frames = await tshark(path, "frame.number", "ptpip.pktType", "_ws.malformed", port=port)
    assert [number for number, _, malformed in frames if malformed] == []
    seen = {int(kind, 0) for _, kinds, _ in frames for kind in kinds.split(",") if kind}
    # Data begin segments only by chance, and some makers tell events by data alone.
    assert seen >= set(PacketType) - {PacketType.DATA, PacketType.END_DATA, PacketType.EVENT}
