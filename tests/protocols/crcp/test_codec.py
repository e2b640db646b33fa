"""Command lines and replies: the reference's parsing vectors, both ways, however the bytes are cut."""

import pytest

from custom_components.crcp.protocols.crcp.addresses import Address
from custom_components.crcp.protocols.crcp.codec import (
    MAX_REPLY_LINES,
    ReplyReader,
    Spelling,
    format_command,
    format_reply,
    parse_command,
)
from custom_components.crcp.protocols.crcp.errors import ProtocolError, Refused
from custom_components.crcp.protocols.crcp.messages import (
    AUTO,
    Amount,
    Command,
    Motion,
    Reply,
    Representation,
    Step,
    Subunit,
    TransferMode,
)

UNIT = [Subunit(kind) for kind in ("POWER", "CONNECTION", "FILE", "STREAM", "TAPE", "CAMERA")]
TAPE, CAMERA, STREAM, POWER = (Subunit(kind) for kind in ("TAPE", "CAMERA", "STREAM", "POWER"))

# What we send and what it means: exactly one way to write it.
NARROW = [
    ("STAT", Command("STAT")),
    ("STAT TAPE0", Command("STAT", argument=TAPE)),
    ("POWER0 ON", Command("ON", POWER)),
    ("TAPE0 PLAY", Command("PLAY", TAPE, Motion())),
    ("TAPE0 PLAY 1 120", Command("PLAY", TAPE, Motion(1, Amount(120)))),
    ("TAPE0 RECO 1 +3600", Command("RECO", TAPE, Motion(1, Amount(3600, relative=True)))),
    ("TAPE0 FF -16 1200", Command("FF", TAPE, Motion(-16, Amount(1200)))),
    ("TAPE0 PAUS", Command("PAUS", TAPE)),
    ("CAMERA0 PAN 200", Command("PAN", CAMERA, Amount(200))),
    ("CAMERA0 TILT -12.5", Command("TILT", CAMERA, Amount(-12.5, relative=True))),
    ("CAMERA0 ZOOM +", Command("ZOOM", CAMERA, Step(1))),
    ("CAMERA0 WHIT AUTO", Command("WHIT", CAMERA, AUTO)),
    ("CAMERA0 FOCU +0", Command("FOCU", CAMERA, Amount(0, relative=True))),
    ("USER ha", Command("USER", Subunit("CONNECTION"), "ha")),
    ("PASS correct horse", Command("PASS", Subunit("CONNECTION"), "correct horse")),
    ("TYPE A", Command("TYPE", STREAM, Representation())),
    ("TYPE I", Command("TYPE", STREAM, Representation(()))),
    ("TYPE I 33,26", Command("TYPE", STREAM, Representation((33, 26)))),
    ("MODE S", Command("MODE", STREAM, TransferMode())),
    ("MODE P 7", Command("MODE", STREAM, TransferMode(7))),
    ("PORT 192,0,2,9,117,48", Command("PORT", STREAM, Address("192.0.2.9", 30000))),
    ("PORT host.example,19,136", Command("PORT", STREAM, Address("host.example", 5000))),
    ("PORT 2001:db8::5,19,136", Command("PORT", STREAM, Address("2001:db8::5", 5000))),
    ("PASV", Command("PASV", STREAM)),
    ("ABOR", Command("ABOR", STREAM)),
    ("RETR my tape.ts", Command("RETR", STREAM, "my tape.ts")),
]

# What else means something to a unit (section 17 of the reference).
TOLERATED = [
    ("tape0  play\t2  +30", Command("PLAY", TAPE, Motion(2, Amount(30, relative=True)))),
    ("TAPE00 PAUS", Command("PAUS", TAPE)),
    ("TYPE A N", Command("TYPE", STREAM, Representation())),
    ("type i 33,26", Command("TYPE", STREAM, Representation((33, 26)))),
    ("MODE p 7", Command("MODE", STREAM, TransferMode(7))),
    ("MODE S guaranteed", Command("MODE", STREAM, TransferMode())),
    ("MODE P 7 guaranteed", Command("MODE", STREAM, TransferMode(7))),
    ("STREAM DATA PORT host.example:5000", Command("PORT", STREAM, Address("host.example", 5000))),
    ("camera WHITE BALANCE 5600", Command("WHIT", CAMERA, Amount(5600))),
    ("Status Camera", Command("STAT", argument=CAMERA)),
    ("TSTA", Command("STAT", argument=TAPE)),
    ("PAN +", Command("PAN", CAMERA, Step(1))),
    ("CAMERA ZOOM 30.", Command("ZOOM", CAMERA, Amount(30))),
    ("CAMERA ZOOM .5", Command("ZOOM", CAMERA, Amount(0.5))),
    ("CAMERA ZOOM 007", Command("ZOOM", CAMERA, Amount(7))),
    ("CAMERA PAN 2147483647.999", Command("PAN", CAMERA, Amount(2147483647.999))),
    ("CAMERA PAN -2147483648", Command("PAN", CAMERA, Amount(-2147483648, relative=True))),
    ("TAPE STAT", Command("STAT", argument=TAPE)),
    ("tape record", Command("RECO", TAPE, Motion())),
    ("TAPE FAST FORWARD 5", Command("FF", TAPE, Motion(5))),
    ("USER NAME x", Command("USER", Subunit("CONNECTION"), "NAME x")),
]

REJECTED = [
    ("CAMERA PAN", 501),
    ("CAMERA PAN 1 2", 501),
    ("TAPE PLAY 1 2 3", 501),
    *((f"CAMERA PAN {bad}", 501) for bad in ("1e3", "nan", "0x10", "1_0", "1,5", "--5", "+AUTO")),
    *((f"CAMERA PAN {bad}", 501) for bad in ("2147483648", "-2147483649", "9" * 4000, "٣")),
    ("TAPE0 PLAY fast", 501),
    ("TAPE", 501),
    ("STAT TAPE1", 501),
    ("TYPE I 33, 26", 501),
    ("TYPE I 128", 501),
    ("TYPE E", 504),
    ("MODE P 0", 501),
    ("MODE P seven", 501),
    ("MODE B", 504),
    ("PORT 10,0,0,7,300,1", 501),
    ("PORT 10,0,0,256,19,136", 501),
    ("PORT host.example", 501),
    ("TAPE7 PLAY", 502),
    ("TAPE0 EJECT", 502),
    ("NOOP", 502),
    ("TUNER3 UP", 502),
    ("TUNER3", 502),
    ("FROB", 500),
    # Unicode's other letters are not ours, though their capitals are, nor are its digits and blanks.
    ("\u017fTAT", 500),
    ("\u017ftatu\u017f", 500),
    ("RET\u211b live", 500),
    ("TAPE0 PAU\u017f", 502),
    ("CAMERA0 \u017fENS 3", 502),
    ("TYPE \u0131 33", 501),
    ("CAMERA0 PAN \u0663", 501),
    ("CAMERA0 PAN 1\u00a0", 501),
    ("TAPE0 PLAY 1\u20032", 501),
    ("TAPE\u0660 PLAY", 500),
]


@pytest.mark.parametrize(("line", "command"), NARROW)
def test_a_command_is_written_and_read_the_narrow_way(line: str, command: Command) -> None:
    assert format_command(command) == line
    assert parse_command(line, UNIT) == command


@pytest.mark.parametrize(("line", "command"), TOLERATED)
def test_a_unit_accepts_the_wide_way(line: str, command: Command) -> None:
    assert parse_command(line, UNIT) == command


@pytest.mark.parametrize(("line", "code"), REJECTED)
def test_a_unit_rejects_with_the_code_of_the_draft(line: str, code: int) -> None:
    with pytest.raises(Refused) as refused:
        parse_command(line, UNIT)
    assert refused.value.code == code


def test_a_draft_subunit_that_this_unit_lacks_is_not_implemented() -> None:
    with pytest.raises(Refused) as refused:
        parse_command("CAMERA PAN 3", [TAPE])
    assert refused.value.code == 502


def test_the_units_own_spelling_wins() -> None:
    spelling = Spelling({TAPE: "TAPE"}, {(TAPE, "RECO"): "REC"})
    command = Command("RECO", TAPE, Motion(1, Amount(3600, relative=True)))
    assert format_command(command, spelling) == "TAPE REC 1 +3600"


@pytest.mark.parametrize("text", ["a\r\nTAPE0 RECO", "a\nb", "a\x00b"])
def test_a_line_end_cannot_be_smuggled_into_a_command(text: str) -> None:
    with pytest.raises(ValueError, match="line ends"):
        Command("CWD", Subunit("FILE"), text)


# Typed from the draft, section 5.1, and from RFC 959, section 4.2.
REPLIES = [
    (b"200 Command okay\r\n", Reply(200, ("Command okay",))),
    (
        b"211-status response\r\n POWER0\r\n TAPE0\r\n211 status response\r\n",
        Reply(211, ("status response", "POWER0", "TAPE0", "status response")),
    ),
    (b"214-help\r\n214 end\r\n", Reply(214, ("help", "end"))),
]


@pytest.mark.parametrize(("wire", "reply"), REPLIES)
def test_a_reply_is_written_and_read(wire: bytes, reply: Reply) -> None:
    assert format_reply(reply) == wire
    reader = ReplyReader()
    read = [reader.feed(line) for line in wire.decode().split("\r\n")[:-1]]
    assert read == [*[None] * (len(read) - 1), reply]


@pytest.mark.parametrize(
    "lines",
    [
        ("211-status", "POWER0", "TAPE0", "211 end"),
        ("211-status", " POWER0", " TAPE0", "211 end"),
        ("211-status", "211-POWER0", "211-TAPE0", "211 end"),
    ],
)
def test_inner_lines_may_be_indented_or_numbered(lines: tuple[str, ...]) -> None:
    reader = ReplyReader()
    assert [reader.feed(line) for line in lines][-1] == Reply(
        211, ("status", "POWER0", "TAPE0", "end")
    )


def test_another_code_inside_a_reply_does_not_end_it() -> None:
    reader = ReplyReader()
    assert [reader.feed(line) for line in ("211-a", "200 b", "211 c")][-1] == Reply(
        211, ("a", "200 b", "c")
    )


def test_a_bare_code_ends_a_reply() -> None:
    reader = ReplyReader()
    assert reader.feed("211-") is None
    assert reader.feed("211") == Reply(211, ("", ""))


@pytest.mark.parametrize("line", ["hello", "20 x", "999 x", "099 x", "٢٠٠ x"])
def test_a_line_without_a_code_is_the_units_fault(line: str) -> None:
    with pytest.raises(ProtocolError):
        ReplyReader().feed(line)


def test_an_endless_reply_ends_in_an_error() -> None:
    reader = ReplyReader()
    reader.feed("211-begin")
    for _ in range(MAX_REPLY_LINES - 1):
        assert reader.feed(" x") is None
    with pytest.raises(ProtocolError):
        reader.feed(" x")
