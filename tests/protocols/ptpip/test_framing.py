"""Bytes to packets and back: golden frames, any cut of the stream, lengths that lie."""

from collections.abc import Callable, Iterable, Iterator

from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.protocols.ptpip.codes import (
    DataPhase,
    EventCode,
    InitFailReason,
    OperationCode,
    PacketType,
    ResponseCode,
)
from custom_components.crcp.protocols.ptpip.errors import Misuse, ProtocolError
from custom_components.crcp.protocols.ptpip.framing import (
    MAX_CONTROL_PACKET,
    MAX_UNKNOWN_PACKET,
    NeedData,
    PacketReader,
    decode,
    encode,
)
from custom_components.crcp.protocols.ptpip.packets import (
    Cancel,
    Data,
    EndData,
    Event,
    InitCommandAck,
    InitCommandRequest,
    InitEventAck,
    InitEventRequest,
    InitFail,
    OperationRequest,
    OperationResponse,
    Packet,
    ProbeRequest,
    ProbeResponse,
    StartData,
)

from .golden import golden

IN = DataPhase.NONE_OR_IN

PACKETS: dict[str, Packet] = {
    "Init Command Request": InitCommandRequest(bytes(range(1, 17)), "vm"),
    "Init Command Ack": InitCommandAck(
        1, bytes.fromhex("00112233445566778899aabbccddeeff"), "VirtualCam"
    ),
    "Init Event Request": InitEventRequest(1),
    "Init Event Ack": InitEventAck(),
    "Init Fail": InitFail(InitFailReason.REJECTED_INITIATOR),
    "OpenSession": OperationRequest(IN, OperationCode.OPEN_SESSION, 0, (1,)),
    "OpenSession, response": OperationResponse(ResponseCode.OK, 0),
    "GetStorageIDs": OperationRequest(IN, OperationCode.GET_STORAGE_IDS, 2),
    "GetStorageIDs, start data": StartData(2, 8),
    "GetStorageIDs, end data": EndData(2, b"\x01\x00\x00\x00\x01\x00\x01\x00"),
    "GetStorageIDs, response": OperationResponse(ResponseCode.OK, 2),
    "GetObjectHandles": OperationRequest(
        IN, OperationCode.GET_OBJECT_HANDLES, 3, (0xFFFFFFFF, 0, 0xFFFFFFFF)
    ),
    "GetObject": OperationRequest(IN, OperationCode.GET_OBJECT, 11, (0x10000003,)),
    "Data": Data(11, b"\xff\xd8\xff"),
    "End Data, empty": EndData(11),
    "Cancel": Cancel(11),
    "ObjectAdded": Event(EventCode.OBJECT_ADDED, 0xFFFFFFFF, (0x10000003,)),
    "Probe Request": ProbeRequest(),
    "Probe Response": ProbeResponse(),
}

GOLDEN = golden("packets")

type Feed = Callable[[bytes], Iterable[bytes]]

FEEDS: dict[str, Feed] = {
    "whole": lambda data: [data],
    "byte by byte": lambda data: (bytes([byte]) for byte in data),
    "in threes": lambda data: (data[at : at + 3] for at in range(0, len(data), 3)),
}


def read(pieces: Iterable[bytes]) -> Iterator[Packet]:
    reader = PacketReader()
    for piece in pieces:
        reader.feed(piece)
        while not isinstance(packet := reader.next_packet(), NeedData):
            yield packet


def joined(packets: Iterable[Packet]) -> list[Packet]:
    """Put the pieces of each data phase together, so that only its meaning is left."""
    whole: list[Packet] = []
    held = b""
    for packet in packets:
        if isinstance(packet, Data):
            held += bytes(packet.payload)
        elif isinstance(packet, EndData):
            whole.append(EndData(packet.transaction_id, held + bytes(packet.payload)))
            held = b""
        else:
            whole.append(packet)
    return [*whole, Data(0, held)] if held else whole


def test_every_packet_type_has_a_golden_frame() -> None:
    assert {packet.type for packet in PACKETS.values()} == set(PacketType)
    assert PACKETS.keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", PACKETS)
def test_a_packet_is_written_as_the_document_has_it(name: str) -> None:
    assert encode(PACKETS[name]).hex(" ", 4) == GOLDEN[name].hex(" ", 4)


@pytest.mark.parametrize("name", PACKETS)
def test_a_packet_is_read_as_the_document_has_it(name: str) -> None:
    assert decode(GOLDEN[name]) == PACKETS[name]


@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
def test_a_stream_is_read_however_it_is_cut(feed: Feed) -> None:
    stream = b"".join(GOLDEN.values())
    assert joined(read(feed(stream))) == joined(PACKETS.values())


@pytest.mark.parametrize("name", PACKETS)
def test_a_packet_with_a_tail_leaves_the_tail_to_the_next(name: str) -> None:
    reader = PacketReader()
    reader.feed(GOLDEN[name] + GOLDEN["Init Fail"][:7])
    assert reader.next_packet() == PACKETS[name]
    assert isinstance(reader.next_packet(), NeedData)
    reader.feed(GOLDEN["Init Fail"][7:])
    assert reader.next_packet() == PACKETS["Init Fail"]


def test_a_payload_is_passed_on_as_views_of_what_was_fed() -> None:
    buffer = bytearray(GOLDEN["Data"] + GOLDEN["GetStorageIDs, end data"][:16])
    first, second = read([buffer])
    assert isinstance(first, Data)
    assert isinstance(second, Data)
    buffer[12:15] = b"abc"
    assert (bytes(first.payload), bytes(second.payload)) == (b"abc", b"\x01\x00\x00\x00")


def test_an_announced_four_gibibytes_cost_no_memory() -> None:
    header = bytes.fromhex("ffffffff 0a000000 01000000")
    assert list(read([header, b"abc"])) == [Data(1, b"abc")]


def test_a_reader_that_was_not_drained_takes_no_more() -> None:
    reader = PacketReader()
    reader.feed(GOLDEN["Init Fail"])
    with pytest.raises(Misuse):
        reader.feed(b"more")


@pytest.mark.parametrize("feed", FEEDS.values(), ids=FEEDS)
def test_a_packet_of_unknown_type_is_skipped(feed: Feed) -> None:
    unknown = bytes.fromhex("0b000000 63000000 616263")
    stream = unknown + GOLDEN["Init Fail"] + unknown + GOLDEN["Init Event Ack"]
    assert list(read(feed(stream))) == [PACKETS["Init Fail"], PACKETS["Init Event Ack"]]


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        ("00000000 07000000", "shorter than its own header"),
        ("07000000 0d000000", "shorter than its own header"),
        ("0b000000 0a000000", "a Data without a transaction id"),
        ("0b000000 0c000000", "an End Data without a transaction id"),
        ("01040000 07000000", "a response longer than any"),
        ("ffffff7f 02000000", "an Ack of 2 GiB"),
        ("01000100 63000000", "an unknown packet longer than any"),
        ("0c000000 06000000 01000000", "a request without a code"),
        ("13000000 06000000 01000000 0110 00000000 01", "a parameter of one byte"),
        ("2a000000 06000000 01000000 0110 00000000" + 6 * "00000000", "six parameters"),
        ("0b000000 03000000 010000", "a connection number of three bytes"),
        ("10000000 01000000 0102030405060708", "a GUID of eight bytes"),
    ],
)
def test_a_malformed_packet_is_the_peers_fault(frame: str, what: str) -> None:
    with pytest.raises(ProtocolError):
        list(read([bytes.fromhex(frame)]))


def test_lengths_are_refused_before_anything_of_the_packet_is_kept() -> None:
    for length, kind in ((MAX_CONTROL_PACKET + 1, 7), (MAX_UNKNOWN_PACKET + 1, 99)):
        reader = PacketReader()
        reader.feed(length.to_bytes(4, "little") + kind.to_bytes(4, "little"))
        with pytest.raises(ProtocolError):
            reader.next_packet()


@pytest.mark.parametrize(
    ("end", "name", "version"),
    [
        ("5800 0000 00000100", "X", 0x00010000),
        ("5800 0000", "X", 0x00010000),  # no version
        ("5800", "X", 0x00010000),  # no zero either
        ("", "", 0x00010000),
        ("5800 0000 01000100 efbe", "X", 0x00010001),  # rubbish after it
        ("5800 00", "X", 0x00010000),
    ],
)
def test_an_ack_is_read_as_far_as_it_goes(end: str, name: str, version: int) -> None:
    body = bytes.fromhex("07000000") + bytes(16) + bytes.fromhex(end)
    frame = (len(body) + 8).to_bytes(4, "little") + bytes.fromhex("02000000") + body
    assert decode(frame) == InitCommandAck(7, bytes(16), name, version)


def test_what_an_initiator_may_not_send_is_misuse() -> None:
    with pytest.raises(Misuse):
        encode(InitCommandRequest(bytes(15), "short GUID"))
    with pytest.raises(Misuse):
        encode(InitCommandRequest(bytes(16), 40 * "x"))


def test_a_parameter_that_was_left_out_is_zero() -> None:
    event = Event(EventCode.OBJECT_ADDED, parameters=(7,))
    assert (event.parameter(1), event.parameter(2)) == (7, 0)


def test_an_unknown_number_passes_through_as_itself() -> None:
    packet = decode(bytes.fromhex("0e000000 07000000 34a1 05000000"))
    assert isinstance(packet, OperationResponse)
    assert (packet.code, packet.code.name, packet.code.known) == (0xA134, "0xA134", False)


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_give_packets_or_a_protocol_error(pieces: list[bytes]) -> None:
    try:
        list(read(pieces))
    except ProtocolError:
        return


@given(st.data())
def test_any_cut_of_a_stream_gives_the_same_packets(data: st.DataObject) -> None:
    stream = b"".join(data.draw(st.lists(st.sampled_from(list(GOLDEN.values())))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert joined(read(pieces)) == joined(read([stream]))
