"""Both roles of a session, without a socket: fed whole, byte by byte, and joined to each other."""

from collections.abc import Callable, Iterator

import pytest

from custom_components.crcp.protocols.crcp.errors import Misuse, ProtocolError
from custom_components.crcp.protocols.crcp.lines import NeedData
from custom_components.crcp.protocols.crcp.messages import Command, Motion, Reply, Subunit
from custom_components.crcp.protocols.crcp.session import (
    MAX_COMMAND_BYTES,
    CommandReceived,
    CommandRejected,
    ConnectionClosed,
    Event,
    ReplyDiscarded,
    ReplyReceived,
    Role,
    Session,
    TelnetAnswer,
)

TAPE = Subunit("TAPE")
PLAY = Command("PLAY", TAPE, Motion())

type Feed = Callable[[bytes], list[bytes]]

FEEDS: dict[str, Feed] = {
    "whole": lambda data: [data],
    "byte by byte": lambda data: [bytes([byte]) for byte in data],
    "cut in the middle": lambda data: [data[: len(data) // 2], data[len(data) // 2 :]],
}


@pytest.fixture(params=FEEDS.values(), ids=FEEDS)
def feed(request: pytest.FixtureRequest) -> Feed:
    return request.param


def events(session: Session, *pieces: bytes) -> Iterator[Event]:
    for piece in pieces:
        session.receive_data(piece)
        while not isinstance(event := session.next_event(), NeedData):
            yield event


def greeted(role: Role) -> Session:
    session = Session(role, [TAPE])
    if role is Role.UNIT:
        assert session.send(Reply(220, ("ready",))) == b"220 ready\r\n"
    else:
        list(events(session, b"220 ready\r\n"))
    return session


def test_a_unit_reads_commands_however_they_are_cut(feed: Feed) -> None:
    unit = greeted(Role.UNIT)
    received = events(unit, *feed(b"TAPE0 PLAY\r\nTAPE0 EJECT\n"))
    assert next(received) == CommandReceived(PLAY)
    assert unit.send(Reply(200, ("ok",))) == b"200 ok\r\n"
    assert next(received) == CommandRejected(Reply(502, ("Command not implemented",)))


def test_a_unit_answers_pipelined_commands_one_after_the_other() -> None:
    unit = greeted(Role.UNIT)
    assert list(events(unit, b"STAT\r\nTAPE0 PLAY\r\n")) == [CommandReceived(Command("STAT"))]
    unit.send(Reply(211, ("a", "b")))
    assert unit.next_event() == CommandReceived(PLAY)


def test_a_controller_reads_a_reply_however_it_is_cut(feed: Feed) -> None:
    controller = greeted(Role.CONTROLLER)
    assert controller.send(PLAY) == b"TAPE0 PLAY\r\n"
    assert list(events(controller, *feed(b"200 Command okay\r\n"))) == [
        ReplyReceived(Reply(200, ("Command okay",)), PLAY)
    ]


def test_a_preliminary_reply_leaves_the_command_pending() -> None:
    controller = greeted(Role.CONTROLLER)
    controller.send(PLAY)
    assert list(events(controller, b"150 wait\r\n200 done\r\n")) == [
        ReplyReceived(Reply(150, ("wait",)), PLAY),
        ReplyReceived(Reply(200, ("done",)), PLAY),
    ]


def test_a_late_greeting_is_no_reply() -> None:
    controller = Session(Role.CONTROLLER)
    controller.send(PLAY)
    assert list(events(controller, b"220 ready\r\n200 ok\r\n")) == [
        ReplyDiscarded(Reply(220, ("ready",))),
        ReplyReceived(Reply(200, ("ok",)), PLAY),
    ]


def test_a_reply_to_nothing_is_discarded_but_421_is_heard() -> None:
    controller = greeted(Role.CONTROLLER)
    assert list(events(controller, b"200 what?\r\n421 bye\r\n200 more\r\n")) == [
        ReplyDiscarded(Reply(200, ("what?",))),
        ReplyReceived(Reply(421, ("bye",)), None),
    ]


def test_telnet_negotiation_is_answered_and_leaves_no_trace(feed: Feed) -> None:
    unit = greeted(Role.UNIT)
    # RFC 854: IAC DO 1, IAC WILL 3, IAC NOP, IAC SB 24 ... IAC SE inside a command.
    data = b"\xff\xfd\x01\xff\xfb\x03TAPE0\xff\xf1 PL\xff\xfa\x18\x01abc\xff\xf0AY\r\n"
    received = list(events(unit, *feed(data)))
    answers = b"".join(event.data for event in received if isinstance(event, TelnetAnswer))
    assert answers == b"\xff\xfc\x01\xff\xfe\x03"
    assert received[-1] == CommandReceived(PLAY)


def test_an_overlong_line_is_refused_and_the_next_one_heard() -> None:
    unit = greeted(Role.UNIT)
    received = events(unit, b"x" * (MAX_COMMAND_BYTES + 100), b"x" * 10, b"\r\nTAPE0 PLAY\r\n")
    assert next(received) == CommandRejected(Reply(500, ("Line too long",)))
    unit.send(Reply(500, ("Line too long",)))
    assert next(received) == CommandReceived(PLAY)


def test_an_endless_line_of_a_reply_is_the_units_fault() -> None:
    controller = greeted(Role.CONTROLLER)
    with pytest.raises(ProtocolError):
        list(events(controller, b"200 ", *([b"x" * 65536] * 2)))


def test_the_end_of_the_stream_is_told_once() -> None:
    controller = greeted(Role.CONTROLLER)
    assert list(events(controller, b"", b"")) == [ConnectionClosed()]


@pytest.mark.parametrize("line", [b"TAPE0\rPLAY\r\n", b"TAPE0 \x00PLAY\r\n"])
def test_a_line_end_inside_a_command_line_is_no_command(line: bytes) -> None:
    assert [type(event) for event in events(greeted(Role.UNIT), line)] == [CommandRejected]


def test_speaking_out_of_turn_is_our_own_mistake() -> None:
    controller = greeted(Role.CONTROLLER)
    controller.send(PLAY)
    with pytest.raises(Misuse):
        controller.send(PLAY)
    with pytest.raises(Misuse):
        controller.send(Reply(200, ("ok",)))


def test_two_sessions_joined_in_memory_understand_each_other() -> None:
    controller, unit = Session(Role.CONTROLLER), Session(Role.UNIT, [TAPE])
    list(events(controller, unit.send(Reply(220, ("ready",)))))
    for command in (Command("STAT"), Command("STAT", argument=TAPE), PLAY):
        assert list(events(unit, controller.send(command))) == [CommandReceived(command)]
        reply = Reply(211, ("a", "b c", "d"))
        assert list(events(controller, unit.send(reply))) == [ReplyReceived(reply, command)]


FLOODS = {
    "empty lines": b"\r\n",
    "Telnet commands": b"\xff\xf1",
    "Telnet negotiation": b"\xff\xfd\x01",
    "replies to nothing": b"200 x\r\n",
    "promises": b"150 x\r\n",
}


@pytest.mark.parametrize("prelude", [b"", b"211-x\r\n", b"220 x\r\n"])
@pytest.mark.parametrize("noise", FLOODS.values(), ids=FLOODS)
def test_what_answers_nothing_may_not_go_on_for_ever(
    feed: Feed, noise: bytes, prelude: bytes
) -> None:
    session = Session(Role.CONTROLLER)
    if prelude == b"211-x\r\n":
        if noise[:1] in b"21":
            prelude += b"211 x\r\n"
        session.send(Command("STAT"))
    with pytest.raises(ProtocolError):
        list(events(session, *feed(prelude + noise * 5000)))


def test_telnet_in_a_subnegotiation_may_not_go_on_for_ever(feed: Feed) -> None:
    session = Session(Role.CONTROLLER)
    with pytest.raises(ProtocolError, match="Telnet"):
        list(events(session, *feed(b"\xff\xfa" + b"x" * 5000)))


def test_a_little_noise_now_and_then_is_no_flood(feed: Feed) -> None:
    session = Session(Role.CONTROLLER)
    list(events(session, b"220 x\r\n"))
    for _ in range(50):
        session.send(Command("STAT"))
        noise = b"\r\n" * 100 + b"\xff\xf1" * 100 + b"150 x\r\n" * 10
        found = list(events(session, *feed(noise + b"211 x\r\n")))
        assert found[-1] == ReplyReceived(Reply(211, ("x",)), Command("STAT"))


def test_each_abort_waits_for_an_answer_of_its_own() -> None:
    session = Session(Role.CONTROLLER)
    list(events(session, b"220 x\r\n"))
    stream = Subunit("STREAM")
    session.send(Command("RETR", stream, "a"))
    list(events(session, b"150 x\r\n226 x\r\n"))
    session.send(Command("ABOR", stream))
    # The end of the transfer came before: it is no answer to this command.
    assert not session.give_up_abort()
