"""The tables are whole: every packet has its way, every state can be reached and left."""

from custom_components.crcp.protocols.ptpip.codes import DataPhase, PacketType
from custom_components.crcp.protocols.ptpip.state import (
    ANY_TIME,
    HANDSHAKE,
    LANES,
    MAY_ASK,
    REQUESTED,
    TRANSACTION,
    Handshake,
    Role,
    Transaction,
)

ENDS = {Handshake.ESTABLISHED, Handshake.FAILED}


def test_every_packet_has_a_sender_and_a_connection() -> None:
    assert LANES.keys() == set(PacketType)


def test_every_packet_has_a_place_in_the_tables() -> None:
    in_handshake = {packet for _, packet in HANDSHAKE}
    in_transaction = {packet for _, _, packet in TRANSACTION} | {PacketType.OPERATION_REQUEST}
    assert in_handshake | in_transaction | ANY_TIME == set(PacketType)
    assert not in_handshake & in_transaction


def test_the_tables_ask_of_nobody_what_is_not_his_to_send() -> None:
    for _, role, packet in TRANSACTION:
        assert role in {sender for sender, _ in LANES[packet]}


def test_every_state_can_be_reached_and_left() -> None:
    assert {state for state, _ in HANDSHAKE} == set(Handshake) - ENDS
    assert set(HANDSHAKE.values()) == set(Handshake) - {Handshake.UNCONNECTED}
    assert {state for state, _, _ in TRANSACTION} | MAY_ASK == set(Transaction)
    assert set(TRANSACTION.values()) | set(REQUESTED.values()) == set(Transaction)


def test_every_transaction_can_end_with_a_response() -> None:
    for state in set(Transaction) - MAY_ASK - {Transaction.DATA_IN}:
        assert TRANSACTION[state, Role.RESPONDER, PacketType.OPERATION_RESPONSE] in MAY_ASK


def test_every_data_phase_leads_somewhere() -> None:
    assert REQUESTED.keys() >= set(DataPhase)
