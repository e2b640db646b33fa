"""The ways data go: by IPv4 and IPv6, active and passive, over TCP, datagrams and groups."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
import re
import shlex
import socket
import subprocess
import sys
import time

import pytest

from custom_components.crcp.protocols.crcp.addresses import Address, parse_address
from custom_components.crcp.protocols.crcp.client import Controller, Transfer
from custom_components.crcp.protocols.crcp.errors import LinkError, Misuse, ProtocolError
from custom_components.crcp.protocols.crcp.messages import TransferMode
from custom_components.crcp.protocols.crcp.rtp import RtpPacket
from custom_components.crcp.virtual.clips import NULL_PACKET
from custom_components.crcp.virtual.unit import DATA_PORTS, VirtualUnit

from .dialogue import AnsweringUnit
from .house import QUICK, House, codes, passive, port_argument, received, udp_port

GROUP = Address("239.255.72.72", 27280)

DATAGRAMS = TransferMode(7)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as port:
            port.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")


@pytest.fixture
async def over_ipv6(house: House) -> AsyncIterator[tuple[VirtualUnit, Controller]]:
    unit = await house.unit(address="::1", clock=time.monotonic)
    async with await Controller.connect("::1", unit.port, timeouts=QUICK) as controller:
        yield unit, controller


async def first_payload(transfer: Transfer) -> bytes:
    async with asyncio.timeout(10):
        return (await anext(transfer.packets())).payload


async def shown(unit: VirtualUnit, transfer: Transfer) -> None:
    """The picture comes, and ends when it is told to."""
    assert NULL_PACKET in await first_payload(transfer)
    await transfer.abort()
    assert transfer.ended


@needs_ipv6
@pytest.mark.parametrize("mode", [TransferMode(), DATAGRAMS])
@pytest.mark.parametrize("passively", [True, False])
async def test_a_picture_comes_over_ipv6(
    over_ipv6: tuple[VirtualUnit, Controller], mode: TransferMode, passively: bool
) -> None:
    unit, controller = over_ipv6
    assert controller.peer[0] == "::1"
    await shown(unit, await controller.retrieve("live", mode=mode, passive=passively))
    sent = next(each for each in unit.commands if each.name in ("PORT", "PASV"))
    if not passively:
        assert isinstance(sent.argument, Address)
        assert sent.argument.host == "::1"


@needs_ipv6
async def test_a_listing_comes_over_ipv6(over_ipv6: tuple[VirtualUnit, Controller]) -> None:
    assert await over_ipv6[1].list_names() == ["a.ts", "b.ts"]


@needs_ipv6
async def test_ipv6_is_written_as_name_and_two_numbers(house: House) -> None:
    """227 holds the literal in the place of the name, and PORT is read with brackets too."""
    unit = await house.unit(address="::1")
    reader, writer = await asyncio.open_connection("::1", unit.port)
    house.data.append(writer)
    await reader.readline()
    writer.write(b"PASV\r\nPORT [::1],117,48\r\nPORT 0:0:0:0:0:0:0:1,117,48\r\nPORT ::2,117,48\r\n")
    told = (await reader.readline()).decode()
    assert re.fullmatch(r"227 Entering Passive Mode \(::1,\d+,\d+\)\r\n", told)
    assert [(await reader.readline())[:3] for _ in range(3)] == [b"200", b"200", b"504"]


async def test_a_unit_learns_by_a_knock_where_to_send(house: House) -> None:
    """Mode P by PASV: an empty datagram tells, and it is sent until something comes back."""
    unit = await house.unit(clock=time.monotonic)
    controller = await house.controller(unit)
    await shown(unit, await controller.retrieve("live", mode=DATAGRAMS))


async def test_a_knock_of_a_stranger_is_not_heard(house: House) -> None:
    wire = await house.wired(clock=time.monotonic)
    assert await codes(wire, "TYPE I 33", "MODE P 7") == [200, 200]
    where = await passive(wire)
    assert where[1] % 2 == 0
    assert await codes(wire, "RETR live") == [150]
    with udp_port("127.0.0.2") as stranger, udp_port() as receiver:
        stranger.sendto(b"", where)
        receiver.sendto(b"", where)
        async with asyncio.timeout(10):
            received = await asyncio.get_running_loop().sock_recv(receiver, 4096)
        assert received[:2] == b"\x80\x21"
        with pytest.raises(BlockingIOError):
            stranger.recv(4096)


async def test_a_packet_of_a_stranger_is_left_out(house: House) -> None:
    okay = "200 Command okay"
    answers: dict[str, str | list[str]] = {
        "TYPE I 33": okay,
        "MODE P 7": okay,
        "RETR a": "150 follows",
        "ABOR": ["426 RETR STREAM0 aborted\n226 ABOR complete"],
    }
    controller, unit = await house.answering(answers)
    unit.accept_port = True
    transfer = await controller.retrieve("a", mode=DATAGRAMS, passive=False)
    where = parse_address(unit.heard[-2].removeprefix("PORT "))
    with udp_port("127.0.0.2") as stranger, udp_port() as sender:
        packet = b"\x80\x21" + bytes(10) + NULL_PACKET
        stranger.sendto(packet + NULL_PACKET, (where.host, where.port))
        sender.sendto(packet, (where.host, where.port))
        assert await first_payload(transfer) == NULL_PACKET
    await transfer.abort()


async def test_a_picture_comes_through_a_group(house: House) -> None:
    unit = await house.unit(clock=time.monotonic)
    unit.group = GROUP
    controller = await house.controller(unit)
    await shown(unit, await controller.retrieve("live", mode=DATAGRAMS))


OWN_NETWORK = (
    "ip link add v0 type veth peer name v1 && ip link set lo up && ip link set v0 up"
    " && ip link set v1 up && ip -6 addr add fe80::1/64 dev v0 nodad"
)


@needs_ipv6
def test_a_picture_comes_through_an_ipv6_group_of_one_link() -> None:
    """Such a group leads nowhere without its interface, and loopback has no groups."""
    network = ("unshare", "--net", "sh", "-c")
    try:
        subprocess.run([*network, OWN_NETWORK], check=True, capture_output=True)
    except OSError, subprocess.CalledProcessError:
        pytest.skip("no network of its own can be made here")
    here = Path(__file__)
    room = here.parents[3] / "scripts" / "lib" / "room.py"
    program = shlex.join([sys.executable, str(room), str(here.with_name("group_of_a_link.py"))])
    done = subprocess.run(
        [*network, f"{OWN_NETWORK} && {program}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "came", done.stderr


async def test_a_group_named_in_port_is_sent_to(house: House) -> None:
    wire = await house.wired(clock=time.monotonic)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setblocking(False)
        receiver.bind(("239.255.72.73", 0))
        member = socket.inet_aton("239.255.72.73") + socket.inet_aton("127.0.0.1")
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        told = port_argument(receiver)
        assert await codes(wire, "TYPE I 33", "MODE P 7", f"PORT {told}", "RETR live") == [
            *(200, 200, 200),
            150,
        ]
        async with asyncio.timeout(10):
            received = await asyncio.get_running_loop().sock_recv(receiver, 4096)
        assert received[:2] == b"\x80\x21"


@pytest.mark.parametrize("command", ["PASV", "PORT 239,255,72,72,106,144"])
async def test_a_unit_records_what_comes_through_a_group(house: House, command: str) -> None:
    """It joins the group: what it is told by PORT, or has told by PASV."""
    unit = await house.unit()
    unit.group = GROUP
    del unit.decks[0]
    unit.refresh_subunits()
    wire = await house.wire(unit)
    assert await codes(wire, "TYPE I 33", "MODE P 7", command, "STOR new.ts") == [
        *(200, 200),
        227 if command == "PASV" else 200,
        150,
    ]
    with udp_port() as sender:
        interface = socket.inet_aton("127.0.0.1")
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
        for number in (1, 3, 2):
            packet = b"\x80\x21" + number.to_bytes(2) + bytes(8) + NULL_PACKET
            sender.sendto(packet, (GROUP.host, GROUP.port))
        assert await codes(wire, "STAT STREAM0", "STAT", "STAT") == [211, 211, 211]
    wire.say("ABOR")
    assert [(await wire.hear())[0][:3] for _ in range(2)] == ["426", "226"]
    assert unit.shelf.clips["/new.ts"].stream == 3 * NULL_PACKET


async def test_nothing_is_recorded_from_where_a_unit_would_only_send_to(house: House) -> None:
    wire = await house.wired()
    with udp_port() as receiver:
        told = port_argument(receiver)
        lines = ("TYPE I 33", "MODE P 7", f"PORT {told}", "STOR new.ts", "STAT")
        assert await codes(wire, *lines) == [200, 200, 200, 504, 211]


async def test_a_unit_with_ports_of_its_own_takes_the_next_free_one(house: House) -> None:
    unit = await house.unit()
    wire = await house.wire(unit)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        unit.data_ports = (taken.getsockname()[1], 0)
        assert (await passive(wire))[1] != taken.getsockname()[1]
        unit.data_ports = (taken.getsockname()[1],)
        assert await codes(wire, "PASV", "STAT") == [425, 211]
    assert (DATA_PORTS[0], DATA_PORTS[-1], len(DATA_PORTS)) == (27274, 27343, 70)


async def _named(house: House, where: str, **answers: str) -> tuple[Controller, AnsweringUnit]:
    common = {"TYPE I 33": "200 ok", "MODE S": "200 ok", "MODE P 7": "200 ok"}
    return await house.answering(
        {**common, "PASV": f"227 ={where}", "RETR a": "150 go", "STOR a": "150 go", **answers}
    )


async def test_a_unit_sends_nobody_to_the_ports_of_a_system(house: House) -> None:
    controller, _ = await _named(house, "127.0.0.1,1023")
    with pytest.raises(ProtocolError, match="1023"):
        await controller.retrieve("a")
    controller, _ = await _named(house, "127.0.0.1,1024")
    with pytest.raises(LinkError, match="no data connection"):
        await controller.retrieve("a")


async def test_two_may_listen_to_the_same_group(house: House) -> None:
    transfers = []
    for _ in range(2):
        controller, _ = await _named(house, "239.255.72.72,27280", ABOR="226 ABOR ok")
        transfers.append(await controller.retrieve("a", mode=DATAGRAMS))
    with udp_port() as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        packet = RtpPacket(33, 1, 0, 7, NULL_PACKET)
        sender.sendto(packet.encode(), (GROUP.host, GROUP.port))
        for transfer in transfers:
            assert await first_payload(transfer) == NULL_PACKET


@pytest.mark.parametrize("grouped", [False, True])
async def test_packets_are_sent_to_where_the_unit_listens(house: House, grouped: bool) -> None:
    """Section 9.3: in mode P only ABOR tells the unit that there is no more."""
    with udp_port() as ours:
        number = ours.getsockname()[1]
        controller, unit = await _named(
            house, f"127.0.0.1,{number}", ABOR="426 STOR STREAM0 ended\n226 ABOR ok"
        )
        unit.accept_port = True
        transfer = await controller.store(
            "a", mode=DATAGRAMS, passive=not grouped, group=GROUP if grouped else None
        )
        with _listening_to_group() as theirs:
            sent = RtpPacket(33, 1, 0, 7, NULL_PACKET)
            await transfer.send(sent)
            assert await received(theirs if grouped else ours) == sent.encode()
        reply = await transfer.finish()
        assert reply
        assert reply.code == 426
    port = "PORT 239,255,72,72,106,144"
    assert unit.heard == ["TYPE I 33", "MODE P 7", port if grouped else "PASV", "STOR a", "ABOR"]


async def test_over_udp_a_unit_listens_to_groups_only(house: House) -> None:
    controller, unit = await _named(house, "127.0.0.1,2000")
    for group in (None, Address("127.0.0.1", 2000)):
        with pytest.raises(Misuse):
            await controller.store("a", mode=DATAGRAMS, passive=False, group=group)
    assert "STOR a" not in unit.heard


def _listening_to_group() -> socket.socket:
    port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port.setblocking(False)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port.bind((GROUP.host, GROUP.port))
    member = socket.inet_aton(GROUP.host) + socket.inet_aton("127.0.0.1")
    port.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    return port
