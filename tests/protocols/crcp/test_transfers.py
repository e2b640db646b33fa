"""Which transfer a final reply ends, decided without a socket."""

import pytest

from custom_components.crcp.protocols.crcp.messages import Command, Reply, Subunit
from custom_components.crcp.protocols.crcp.transfers import OpenTransfers

STAT = Command("STAT")


def retrieve(number: int = 0, name: str = "a") -> Command:
    return Command("RETR", Subunit("STREAM", number), name)


def said(code: int, text: str = "so it is") -> Reply:
    return Reply(code, (text,))


@pytest.mark.parametrize("code", [226, 250, 425, 426, 451, 551, 552])
def test_these_end_a_transfer_while_another_command_waits(code: int) -> None:
    transfers = OpenTransfers()
    transfer = transfers.start(retrieve())
    assert transfers.ended_by(said(code), STAT) is transfer


@pytest.mark.parametrize("code", [200, 211, 450, 500, 501, 502, 503, 504, 530, 550, 553])
def test_these_answer_the_command_that_waits(code: int) -> None:
    transfers = OpenTransfers()
    transfers.start(retrieve())
    assert transfers.ended_by(said(code), STAT) is None


def test_the_end_of_stream_10_is_not_that_of_stream_1() -> None:
    transfers = OpenTransfers()
    transfers.start(retrieve(1))
    tenth = transfers.start(retrieve(10))
    assert transfers.ended_by(said(226, "RETR STREAM10 complete"), None) is tenth


def test_a_reply_that_never_came_takes_no_other_ones_place() -> None:
    transfers = OpenTransfers()
    first = transfers.start(retrieve())
    first.data_ended = True
    transfers.give_up(first)
    assert len(transfers) == 0
    second = transfers.start(retrieve())
    assert transfers.ended_by(said(226), None) is second


def test_a_late_reply_is_still_the_given_up_ones_until_the_next_begins() -> None:
    transfers = OpenTransfers()
    first = transfers.start(retrieve())
    transfers.give_up(first)
    assert transfers.ended_by(said(226), retrieve()) is first
    assert transfers.ended_by(said(226), retrieve()) is None
