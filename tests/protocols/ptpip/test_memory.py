"""Lengths that lie cost no memory: whatever a peer claims, little is held."""

from collections.abc import Callable
import tracemalloc

import pytest

from custom_components.crcp.protocols.ptpip.datasets import (
    IDS,
    DeviceInfo,
    ObjectInfo,
    decode_object_info,
)
from custom_components.crcp.protocols.ptpip.datatypes import STRING, Cursor
from custom_components.crcp.protocols.ptpip.errors import ProtocolError
from custom_components.crcp.protocols.ptpip.framing import NeedData, PacketReader
from custom_components.crcp.protocols.ptpip.properties import decode_object_prop_list
from custom_components.crcp.protocols.ptpip.vendors.canon_events import records
from custom_components.crcp.protocols.ptpip.vendors.nikon import decode_events, decode_events_ex

#: What may be held of something that claims to be 4 GiB; a test's own overhead is in it.
LITTLE = 4 << 20

DATA_OF_4_GIB = bytes.fromhex("ffffffff 0a000000 01000000")
END_OF_4_GIB = bytes.fromhex("ffffffff 0c000000 01000000")
COUNT = bytes.fromhex("ffffffff")


def read_packets(head: bytes) -> None:
    """Read 64 MiB of a packet that claims 4 GiB."""
    reader = PacketReader()
    reader.feed(head)
    piece = bytes(1 << 20)
    for _ in range(64):
        while not isinstance(reader.next_packet(), NeedData):
            pass
        reader.feed(piece)


CLAIMS: dict[str, Callable[[], object]] = {
    "Data of 4 GiB": lambda: read_packets(DATA_OF_4_GIB),
    "End Data of 4 GiB": lambda: read_packets(END_OF_4_GIB),
    "a response of 4 GiB": lambda: read_packets(bytes.fromhex("ffffffff 07000000")),
    "an unknown packet of 4 GiB": lambda: read_packets(bytes.fromhex("ffffffff 63000000")),
    "an array of 4294967295": lambda: IDS.read(Cursor(COUNT + bytes(100))),
    "operations without end": lambda: DeviceInfo.decode(bytes(9) + bytes(2) + COUNT + bytes(64)),
    "a list of 4294967295": lambda: decode_object_prop_list(COUNT + bytes(100)),
    "a string past the end": lambda: STRING.read(Cursor(b"\xffA\0")),
    "a name past the end": lambda: ObjectInfo.decode(bytes(52) + b"\xffA\0"),
    "a long name past the end": lambda: decode_object_info(bytes(56) + b"\xffA\0"),
    "a record of 4 GiB": lambda: list(records(COUNT + bytes.fromhex("81c10000") + bytes(64))),
    "events without end": lambda: decode_events(b"\xff\xff" + bytes(60)),
    "parameters without end": lambda: decode_events_ex(b"\x01\0\0\0\x02\x40\xff\xff" + bytes(60)),
}


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_a_claim_costs_nothing(claim: Callable[[], object]) -> None:
    tracemalloc.start()
    try:
        try:
            claim()
        except ProtocolError:
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < LITTLE
