"""Both roles of a session, joined to each other in memory: what may happen when."""

import pytest

from custom_components.crcp.protocols.ptpip.codes import (
    DataPhase,
    EventCode,
    InitFailReason,
    OperationCode,
    ResponseCode,
)
from custom_components.crcp.protocols.ptpip.errors import Misuse, ProtocolError
from custom_components.crcp.protocols.ptpip.framing import NeedData, encode
from custom_components.crcp.protocols.ptpip.packets import (
    UNKNOWN_LENGTH,
    UNKNOWN_LENGTH_32,
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
    data_phase,
)
from custom_components.crcp.protocols.ptpip.session import MAX_TRANSACTION_ID, Session
from custom_components.crcp.protocols.ptpip.state import Channel, Handshake, Role, Transaction

COMMAND, EVENT = Channel.COMMAND, Channel.EVENT
INITIATOR, RESPONDER = Role.INITIATOR, Role.RESPONDER

GUID = bytes(range(16))
HELLO = InitCommandRequest(GUID, "tests")
ACK = InitCommandAck(7, GUID, "camera")


class Pair:
    """An initiator and a responder; what one sends, the other has received at once."""

    def __init__(self) -> None:
        self.sessions = {role: Session(role) for role in Role}

    def say(self, sender: Role, packet: Packet, channel: Channel = COMMAND) -> list[Packet]:
        """Send a packet, and return what it was on the other side."""
        return self.force(sender, self.sessions[sender].send(channel, packet), channel)

    def force(self, sender: Role, data: bytes, channel: Channel = COMMAND) -> list[Packet]:
        """Send bytes behind the back of the sender's own session."""
        receiver = self.sessions[INITIATOR if sender is RESPONDER else RESPONDER]
        receiver.receive_data(channel, data)
        packets = []
        while not isinstance(packet := receiver.next_event(channel), NeedData):
            packets.append(packet)
        return packets

    def connect(self) -> Pair:
        """Shake hands."""
        assert self.say(INITIATOR, HELLO) == [HELLO]
        assert self.say(RESPONDER, ACK) == [ACK]
        assert self.say(INITIATOR, InitEventRequest(7), EVENT) == [InitEventRequest(7)]
        assert self.say(RESPONDER, InitEventAck(), EVENT) == [InitEventAck()]
        return self

    def ask(
        self,
        code: OperationCode = OperationCode.GET_OBJECT,
        phase: DataPhase = DataPhase.NONE_OR_IN,
    ) -> int:
        """Begin a transaction and return its id."""
        number = self.sessions[INITIATOR].next_transaction_id
        self.say(INITIATOR, OperationRequest(phase, code, number))
        return number

    def respond(self, code: ResponseCode = ResponseCode.OK) -> None:
        """End the transaction."""
        request = self.sessions[RESPONDER]._request
        assert request
        self.say(RESPONDER, OperationResponse(code, request.transaction_id))

    def open_session(self) -> Pair:
        """Open a PTP session."""
        self.ask(OperationCode.OPEN_SESSION)
        self.respond()
        return self

    @property
    def states(self) -> set[Transaction]:
        """Where the transaction stands, on either side."""
        return {session.transaction for session in self.sessions.values()}


@pytest.fixture
def pair() -> Pair:
    return Pair().connect().open_session()


# -- the handshake -----------------------------------------------------------------------------


def test_two_connections_make_one() -> None:
    pair = Pair().connect()
    assert {session.handshake for session in pair.sessions.values()} == {Handshake.ESTABLISHED}
    assert pair.sessions[RESPONDER].connection_number == 7


@pytest.mark.parametrize("channel", [COMMAND, EVENT])
def test_a_responder_may_say_no_on_either_connection(channel: Channel) -> None:
    pair = Pair()
    pair.say(INITIATOR, HELLO)
    if channel is EVENT:
        pair.say(RESPONDER, ACK)
        pair.say(INITIATOR, InitEventRequest(7), EVENT)
    no = InitFail(InitFailReason.BUSY)
    assert pair.say(RESPONDER, no, channel) == [no]
    assert pair.sessions[INITIATOR].handshake is Handshake.FAILED
    with pytest.raises(Misuse):
        pair.say(INITIATOR, HELLO)


def test_the_event_connection_gives_the_number_of_its_command_connection() -> None:
    pair = Pair()
    pair.say(INITIATOR, HELLO)
    pair.say(RESPONDER, ACK)
    with pytest.raises(ProtocolError):
        pair.force(INITIATOR, encode(InitEventRequest(8)), EVENT)


def test_nothing_else_may_be_said_before_the_connection_stands() -> None:
    with pytest.raises(Misuse):
        Pair().ask()
    with pytest.raises(ProtocolError):
        Pair().force(RESPONDER, encode(Event(EventCode.OBJECT_ADDED)), EVENT)


# -- transactions ------------------------------------------------------------------------------


def test_a_transaction_without_data(pair: Pair) -> None:
    pair.ask(OperationCode.GET_NUM_OBJECTS)
    assert pair.states == {Transaction.ASKED}
    pair.respond()
    assert pair.states == {Transaction.IDLE}


@pytest.mark.parametrize(
    "pieces",
    [
        (b"", b"whole in the End Data"),
        (b"some in each, ", b"of the two"),
        (b"all in the Data", b""),
    ],
)
def test_data_come_in_however_they_are_spread(pair: Pair, pieces: tuple[bytes, bytes]) -> None:
    number = pair.ask()
    pair.say(RESPONDER, StartData(number, sum(map(len, pieces))))
    pair.say(RESPONDER, Data(number, pieces[0]))
    pair.say(RESPONDER, EndData(number, pieces[1]))
    assert pair.states == {Transaction.DELIVERED}
    pair.respond()
    assert pair.states == {Transaction.IDLE}


def test_data_go_out(pair: Pair) -> None:
    data = bytes(200_000)
    number = pair.ask(OperationCode.SEND_OBJECT, DataPhase.OUT)
    received = [packet for sent in data_phase(number, data) for packet in pair.say(INITIATOR, sent)]
    assert b"".join(p.payload for p in received if isinstance(p, Data | EndData)) == data
    pair.respond()
    assert pair.states == {Transaction.IDLE}


@pytest.mark.parametrize("phase", [DataPhase.OUT, DataPhase.UNKNOWN])
def test_a_refusal_may_cross_data_that_are_under_way(pair: Pair, phase: DataPhase) -> None:
    number = pair.ask(OperationCode.SEND_OBJECT, phase)
    start, *rest = data_phase(number, bytes(100_000))
    pair.say(INITIATOR, start)
    pair.respond(ResponseCode.STORE_FULL)
    assert pair.states == {Transaction.OVERRULED}
    for packet in rest:
        pair.say(INITIATOR, packet)
    assert pair.states == {Transaction.IDLE}


def test_a_refusal_before_the_data_leaves_the_turn_to_the_initiator(pair: Pair) -> None:
    pair.ask(OperationCode.SEND_OBJECT, DataPhase.OUT)
    pair.respond(ResponseCode.OPERATION_NOT_SUPPORTED)
    pair.ask(OperationCode.GET_NUM_OBJECTS)
    pair.respond()
    assert pair.states == {Transaction.IDLE}


def test_data_phase_0_is_taken_as_none_or_in(pair: Pair) -> None:
    number = pair.ask(phase=DataPhase(0))
    pair.say(RESPONDER, StartData(number, 0))
    assert pair.states == {Transaction.DATA_IN}


def test_more_data_than_announced_are_refused_before_they_are_passed_on(pair: Pair) -> None:
    number = pair.ask()
    pair.say(RESPONDER, StartData(number, 3))
    with pytest.raises(ProtocolError):
        pair.force(RESPONDER, encode(EndData(number, b"four")))


def test_fewer_data_than_announced_are_not_ok(pair: Pair) -> None:
    number = pair.ask()
    pair.say(RESPONDER, StartData(number, 5))
    pair.say(RESPONDER, EndData(number, b"four"))
    with pytest.raises(ProtocolError):
        pair.force(RESPONDER, encode(OperationResponse(ResponseCode.OK, number)))


def test_a_responder_may_break_off_when_it_says_so(pair: Pair) -> None:
    number = pair.ask()
    pair.say(RESPONDER, StartData(number, 5))
    pair.say(RESPONDER, EndData(number, b"four"))
    pair.respond(ResponseCode.INCOMPLETE_TRANSFER)
    assert pair.states == {Transaction.IDLE}


@pytest.mark.parametrize("unknown", [UNKNOWN_LENGTH, UNKNOWN_LENGTH_32])
def test_data_of_unknown_length_end_where_they_end(pair: Pair, unknown: int) -> None:
    number = pair.ask()
    pair.say(RESPONDER, StartData(number, unknown))
    pair.say(RESPONDER, EndData(number, b"four"))
    pair.respond()
    assert pair.states == {Transaction.IDLE}


def test_a_length_is_read_in_64_bits(pair: Pair) -> None:
    number = pair.ask()
    (start,) = pair.say(RESPONDER, StartData(number, (1 << 32) + 1))
    assert isinstance(start, StartData)
    assert start.length == (1 << 32) + 1


# -- transaction ids ---------------------------------------------------------------------------


def test_ids_count_from_the_opening_of_the_session() -> None:
    pair = Pair().connect()
    ids = []
    for code in (
        OperationCode.GET_DEVICE_INFO,
        OperationCode.OPEN_SESSION,
        OperationCode.GET_DEVICE_INFO,
        OperationCode.GET_STORAGE_IDS,
        OperationCode.CLOSE_SESSION,
        OperationCode.OPEN_SESSION,
    ):
        ids.append(pair.ask(code))
        pair.respond()
    assert ids == [0, 0, 1, 2, 3, 0]


def test_ids_go_on_after_a_refusal(pair: Pair) -> None:
    pair.ask()
    pair.respond(ResponseCode.INVALID_OBJECT_HANDLE)
    assert pair.sessions[INITIATOR].next_transaction_id == 2


def test_a_session_that_was_open_already_is_open() -> None:
    pair = Pair().connect()
    pair.ask(OperationCode.OPEN_SESSION)
    pair.respond(ResponseCode.SESSION_ALREADY_OPENED)
    assert pair.ask() == 1


def test_ids_begin_again_at_one(pair: Pair) -> None:
    for session in pair.sessions.values():
        session.next_transaction_id = MAX_TRANSACTION_ID
    pair.ask()
    pair.respond()
    assert pair.ask() == 1


@pytest.mark.parametrize("late", [0, 1, 2])
def test_an_id_of_another_transaction_ends_the_connection(pair: Pair, late: int) -> None:
    number = pair.ask()
    packets: list[Packet] = [
        StartData(number, 4),
        EndData(number, b"four"),
        OperationResponse(ResponseCode.OK, number),
    ]
    for packet in packets[:late]:
        pair.force(RESPONDER, encode(packet))
    wrong = {0: StartData(9, 4), 1: Data(9, b"four"), 2: OperationResponse(ResponseCode.OK, 9)}
    with pytest.raises(ProtocolError):
        pair.force(RESPONDER, encode(wrong[late]))


def test_a_responder_sees_a_wrong_id_and_may_answer_it(pair: Pair) -> None:
    wrong = OperationRequest(DataPhase.NONE_OR_IN, OperationCode.GET_OBJECT, 77)
    assert pair.force(INITIATOR, encode(wrong)) == [wrong]
    responder = pair.sessions[RESPONDER]
    assert wrong.transaction_id != responder.next_transaction_id
    responder.send(COMMAND, OperationResponse(ResponseCode.INVALID_TRANSACTION_ID, 77))
    assert responder.next_transaction_id == 1


# -- manners -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "channel", "packet"),
    [
        (RESPONDER, COMMAND, Event(EventCode.OBJECT_ADDED)),
        (RESPONDER, COMMAND, ProbeRequest()),
        (RESPONDER, EVENT, OperationResponse(ResponseCode.OK, 1)),
        (RESPONDER, COMMAND, OperationResponse(ResponseCode.OK, 1)),  # to nothing
        (RESPONDER, COMMAND, OperationRequest(DataPhase.OUT, OperationCode.GET_OBJECT, 1)),
        (RESPONDER, COMMAND, Data(1, b"unasked")),
        (RESPONDER, COMMAND, ACK),
        (RESPONDER, EVENT, Cancel(1)),
        (INITIATOR, EVENT, Event(EventCode.OBJECT_ADDED)),
        (INITIATOR, COMMAND, EndData(1)),
        (INITIATOR, COMMAND, OperationRequest(DataPhase(9), OperationCode.GET_OBJECT, 1)),
    ],
)
def test_what_is_out_of_turn_is_a_protocol_error_of_the_peer_and_misuse_of_ours(
    pair: Pair, sender: Role, channel: Channel, packet: Packet
) -> None:
    with pytest.raises(Misuse):
        pair.sessions[sender].send(channel, packet)
    with pytest.raises(ProtocolError):
        pair.force(sender, encode(packet), channel)


def test_an_initiator_asks_one_thing_at_a_time(pair: Pair) -> None:
    pair.ask()
    with pytest.raises(Misuse):
        pair.ask()


def test_misuse_changes_nothing(pair: Pair) -> None:
    number = pair.ask()
    pair.say(RESPONDER, StartData(number, 4))
    with pytest.raises(Misuse):
        pair.say(RESPONDER, Data(number, b"more than four"))
    pair.say(RESPONDER, EndData(number, b"four"))
    pair.respond()
    assert pair.states == {Transaction.IDLE}


def test_after_a_protocol_error_nothing_is_taken_any_more(pair: Pair) -> None:
    with pytest.raises(ProtocolError):
        pair.force(RESPONDER, bytes(8))
    for channel in Channel:
        with pytest.raises(ProtocolError):
            pair.sessions[INITIATOR].next_event(channel)


def test_events_and_probes_come_at_any_time(pair: Pair) -> None:
    event = Event(EventCode.OBJECT_ADDED, parameters=(3,))
    number = pair.ask()
    pair.say(RESPONDER, StartData(number, 4))
    assert pair.say(RESPONDER, event, EVENT) == [event]
    assert pair.say(RESPONDER, ProbeRequest(), EVENT) == [ProbeRequest()]
    assert pair.say(INITIATOR, ProbeResponse(), EVENT) == [ProbeResponse()]
    assert pair.say(INITIATOR, Cancel(number), EVENT) == [Cancel(number)]
    assert pair.states == {Transaction.DATA_IN}


def test_each_channel_keeps_its_own_bytes(pair: Pair) -> None:
    initiator = pair.sessions[INITIATOR]
    number = pair.ask()
    start = pair.sessions[RESPONDER].send(COMMAND, StartData(number, 4))
    initiator.receive_data(COMMAND, start[:9])
    assert isinstance(initiator.next_event(COMMAND), NeedData)
    assert pair.say(RESPONDER, ProbeRequest(), EVENT) == [ProbeRequest()]
    initiator.receive_data(COMMAND, start[9:])
    assert initiator.next_event(COMMAND) == StartData(number, 4)


def test_an_event_connection_that_was_lost_unacknowledged_begins_anew() -> None:
    pair = Pair()
    pair.say(INITIATOR, HELLO)
    pair.say(RESPONDER, ACK)
    initiator = pair.sessions[INITIATOR]
    initiator.send(EVENT, InitEventRequest(7))  # nobody hears it
    initiator.receive_data(EVENT, bytes.fromhex("08000000 04"))  # and the answer breaks off
    assert isinstance(initiator.next_event(EVENT), NeedData)
    initiator.begin_events()
    pair.say(INITIATOR, InitEventRequest(7), EVENT)
    pair.say(RESPONDER, InitEventAck(), EVENT)
    assert initiator.handshake is Handshake.ESTABLISHED


@pytest.mark.parametrize("handshake", [Handshake.UNCONNECTED, Handshake.ESTABLISHED])
def test_an_event_connection_begins_only_when_it_is_due(handshake: Handshake) -> None:
    session = Session(INITIATOR)
    session.handshake = handshake
    with pytest.raises(Misuse):
        session.begin_events()
