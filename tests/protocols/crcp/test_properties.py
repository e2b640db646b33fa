"""Whatever comes, in whatever pieces: messages, or the protocol's own error, and nothing else."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
import re
import time
from typing import Any

from hypothesis import assume, example, given, settings, strategies as st
import pytest

from custom_components.crcp.protocols.crcp.addresses import (
    Address,
    format_address,
    format_path,
    parse_address,
    parse_passive,
    parse_path,
)
from custom_components.crcp.protocols.crcp.arguments import format_number, parse_amount
from custom_components.crcp.protocols.crcp.codec import (
    ReplyReader,
    format_command,
    format_reply,
    parse_command,
)
from custom_components.crcp.protocols.crcp.datagrams import (
    WINDOW,
    Signer,
    Verifier,
    read_lines,
    write_lines,
)
from custom_components.crcp.protocols.crcp.errors import NotAuthorised, ProtocolError, Refused
from custom_components.crcp.protocols.crcp.jpeg import (
    PictureAssembler,
    Scan,
    join_picture,
    payloads,
    split_picture,
)
from custom_components.crcp.protocols.crcp.lines import (
    NEED_DATA,
    LineReader,
    NeedData,
    TelnetFilter,
)
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
from custom_components.crcp.protocols.crcp.otp import find_challenge
from custom_components.crcp.protocols.crcp.rtp import (
    Deframer,
    RtpPacket,
    decode_datagram,
    decode_rtp,
    frame,
)
from custom_components.crcp.protocols.crcp.session import (
    CommandReceived,
    CommandRejected,
    Role,
    Session,
)
from custom_components.crcp.protocols.crcp.state import State
from custom_components.crcp.protocols.crcp.status import (
    format_camera_status,
    format_tape_status,
    parse_camera_status,
    parse_power_status,
    parse_tape_status,
    parse_unit_status,
)
from custom_components.crcp.protocols.crcp.subunits import COMMANDS, Takes
from custom_components.crcp.protocols.crcp.url import Url, format_url, parse_url

SUBUNITS = [Subunit(kind, number) for kind in COMMANDS for number in (0, 2)]

#: Words that the parsers know, so that chance comes past the first branch.
_WORDS = (
    "STAT HELP TAPE0 TAPE CAMERA CAMERA2 PLAY RECO FF PAUS PAN ZOOM FOCU AUTO MAN USER PASS RETR"
    " TYPE A I 33,26 MODE S P 7 PORT 127,0,0,1,19,136 PASV ABOR QUIT LIST 220 211- 211 331 226 150"
    ' 421 otp-md5 99 TeSt s/key + - +30 -12.5 0,170,340 ,, , ( ) =host,5000 " "" cccp:// @ : / %0A'
).split()
soup = st.lists(
    st.one_of(
        st.sampled_from([word.encode() for word in _WORDS]),
        st.sampled_from([b"\r\n", b"\n", b" ", b"\t", b"\r", b"\0", b"\xff\xfb", b"\xff\xff"]),
        st.binary(max_size=12),
    ),
    max_size=40,
).map(b" ".join) | st.binary(max_size=300)
texts = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from(_WORDS) | st.text(max_size=5), max_size=12).map(" ".join),
)
line_texts = texts.map(lambda text: re.sub(r"[\r\n]", "", text))
cuts = st.lists(st.integers(1, 40), min_size=1, max_size=30)


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """Data in pieces of these sizes, used again and again."""
    at = 0
    while at < len(data):
        for size in sizes:
            if piece := data[at : at + size]:
                yield piece
            at += size


# -- any bytes -------------------------------------------------------------------------------------


def _drain_lines(reader: LineReader) -> list[bytes | None]:
    found: list[bytes | None] = []
    while not isinstance(line := reader.next_line(), NeedData):
        found.append(line)
    return found


def _lines(pieces: Iterator[bytes], limit: int) -> list[bytes | None]:
    reader, found = LineReader(limit), []
    for piece in pieces:
        reader.feed(piece)
        found += _drain_lines(reader)
        assert len(reader._pending) <= limit + 2
    return found


@given(soup | st.text("ab\r\n\0", max_size=60).map(str.encode), cuts, st.integers(0, 20))
@example(b"a\r\r\r\r\n", [1], 1)
def test_lines_do_not_depend_on_the_pieces(data: bytes, sizes: list[int], limit: int) -> None:
    assert _lines(cut(data, sizes), limit) == _lines(iter([data]), limit)
    assert _lines(cut(data, [1]), limit) == _lines(iter([data]), limit)


@given(soup | st.binary(max_size=60).map(lambda b: b.replace(b"a", b"\xff")), cuts)
def test_telnet_does_not_depend_on_the_pieces(data: bytes, sizes: list[int]) -> None:
    def filtered(pieces: Iterator[bytes]) -> tuple[bytes, bytes]:
        telnet = TelnetFilter()
        results = [telnet.feed(piece) for piece in pieces]
        assert len(telnet._held) < 3
        return b"".join(plain for plain, _ in results), b"".join(answer for _, answer in results)

    assert filtered(cut(data, sizes)) == filtered(iter([data]))


def _unit_hears(pieces: Iterator[bytes]) -> list[Any]:
    session = Session(Role.UNIT, SUBUNITS)
    session.skip_greeting()
    heard: list[Any] = []
    for piece in pieces:
        session.receive_data(piece)
        while (event := session.next_event()) is not NEED_DATA:
            if isinstance(event, CommandReceived | CommandRejected):
                heard.append(event)
                session.send(Reply(200, ("Command okay",)))
            if session.state is State.CLOSED:
                return heard
    return heard


@given(soup, cuts)
def test_a_unit_hears_the_same_in_any_pieces(data: bytes, sizes: list[int]) -> None:
    assert _unit_hears(cut(data, sizes)) == _unit_hears(iter([data]))


def _controller_hears(pieces: Iterator[bytes]) -> list[Any]:
    session = Session(Role.CONTROLLER)
    heard: list[Any] = []
    try:
        for piece in pieces:
            session.receive_data(piece)
            while (event := session.next_event()) is not NEED_DATA:
                heard.append(repr(event))
    except ProtocolError as error:
        heard.append(str(error))
    return heard


@given(soup | st.binary(max_size=99).map(lambda b: b"220-x\r\n" + b), cuts)
def test_a_controller_hears_the_same_in_any_pieces(data: bytes, sizes: list[int]) -> None:
    whole = iter([data] if data else [])  # no bytes at all would be the end of the link
    assert _controller_hears(cut(data, sizes)) == _controller_hears(whole)


@given(soup, st.sampled_from(["RETR", "ABOR", "LIST", "QUIT", "CWD", "REIN"]), st.booleans())
def test_a_controller_in_the_midst_of_a_dialogue(data: bytes, name: str, running: bool) -> None:
    session = Session(Role.CONTROLLER)
    session.receive_data(b"220 ready\r\n")
    if running:
        session.next_event()
        session.send(Command("RETR", Subunit("STREAM"), "live"))
        session.receive_data(b"150 follows\r\n")
    session.next_event()
    session.send(Command(name, Subunit("STREAM")))
    session.receive_data(data)
    try:
        while session.next_event() is not NEED_DATA:
            pass
    except ProtocolError:
        pass


@given(st.lists(line_texts, max_size=20))
def test_reply_lines_give_replies_or_the_protocols_error(lines: list[str]) -> None:
    reader = ReplyReader()
    try:
        for line in lines:
            reply = reader.feed(line)
            assert reply is None or 100 <= reply.code <= 599
    except ProtocolError:
        pass


#: What reads text, and the one error that its docstring allows.
READERS: list[tuple[Callable[[str], object], tuple[type[Exception], ...]]] = [
    (lambda text: parse_command(text, SUBUNITS), (Refused, ValueError)),
    (parse_address, (Refused,)),
    (parse_passive, (ProtocolError,)),
    (parse_path, (ProtocolError,)),
    (parse_url, (ValueError,)),
    (parse_amount, (Refused,)),
    (find_challenge, (NotAuthorised,)),
    (lambda text: parse_unit_status(Reply(211, ("x", text, "end"))), ()),
    (lambda text: parse_unit_status(Reply(211, (text,))), ()),
    (lambda text: parse_tape_status(Reply(211, (text, text, "end"))), ()),
    (lambda text: parse_tape_status(Reply(211, (f"PLAY {text}", f"PLAY {text}", "end"))), ()),
    (lambda text: parse_camera_status(Reply(211, ("OK", text, f"PAN {text}", "end"))), ()),
    (lambda text: parse_power_status(Reply(211, (text,))), ()),
]
NAMES = (
    "command address passive path url amount challenge unit one-line-unit tape tape-line camera power"
).split()


@pytest.mark.parametrize(("read", "error"), READERS, ids=NAMES)
def test_any_text_gives_a_value_or_the_documented_error(
    read: Callable[[str], object], error: tuple[type[Exception], ...]
) -> None:
    @given(line_texts)
    @settings(max_examples=150)
    def check(text: str) -> None:
        try:
            read(text)
        except error:
            pass

    check()


@pytest.mark.parametrize(("read", "error"), READERS, ids=NAMES)
@pytest.mark.parametrize(
    "unit", ["a", "1", " ", "-", ",", "1,", '"', "a.", "otp-", "a ", " ,", "[:", "%", "@:", "TAPE-"]
)
def test_a_long_text_is_read_in_linear_time(
    read: Callable[[str], object], error: tuple[type[Exception], ...], unit: str
) -> None:
    text = unit * (65000 // len(unit))
    began = time.perf_counter()
    for tail in ("", "!", "x 1"):
        try:
            read(text + tail)
        except error:
            pass
    assert time.perf_counter() - began < 1


@given(st.binary(max_size=80) | st.binary(max_size=40).map(lambda b: b"\x80" + b))
def test_any_datagram_is_a_packet_or_noise(data: bytes) -> None:
    decode_datagram(data)
    try:
        packet = decode_rtp(data)
    except ProtocolError:
        return
    assert packet is None or len(packet.payload) < len(data)


def _packets(pieces: Iterator[bytes]) -> tuple[list[tuple[int, bytes]], str]:
    deframer = Deframer()
    found: list[tuple[int, bytes]] = []
    try:
        for piece in pieces:
            found += [(packet.payload_type, packet.payload) for packet in deframer.feed(piece)]
            assert len(deframer._pending) < 2 * 65600
        found += [(packet.payload_type, packet.payload) for packet in deframer.end()]
    except ProtocolError as error:
        return found, str(error)
    return found, ""


packets = st.builds(
    RtpPacket,
    payload_type=st.sampled_from([0, 26, 33]),
    sequence=st.integers(0, 65535),
    timestamp=st.integers(0, 2**32 - 1),
    ssrc=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=60),
    marker=st.booleans(),
)


@given(
    st.binary(max_size=400)
    | st.lists(packets).map(lambda p: b"".join(frame(x.encode()) for x in p)),
    cuts,
)
def test_mode_s_does_not_depend_on_the_pieces(data: bytes, sizes: list[int]) -> None:
    whole, in_pieces = _packets(iter([data])), _packets(cut(data, sizes))
    # Where it ends in an error, what came before that may have been passed on already, or not.
    assert whole[1] == in_pieces[1]
    assert bool(whole[1]) or whole[0] == in_pieces[0]


@given(st.lists(st.binary(max_size=90), max_size=20), st.integers(0, 255), st.booleans())
def test_pictures_from_any_payloads(payload: list[bytes], kind: int, marker: bool) -> None:
    assembler = PictureAssembler()
    for number, piece in enumerate(payload):
        head = bytes((0, 0, 0, 0, kind)) + piece if number % 3 == 0 else piece
        try:
            picture = assembler.feed(RtpPacket(26, number, 0, 0, head, marker))
        except ProtocolError:
            continue
        if picture is not None:
            assert picture[:2] == b"\xff\xd8"
            split_picture(picture)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda b: b"\xff\xd8\xff" + b))
def test_any_file_is_a_picture_or_a_value_error(data: bytes) -> None:
    try:
        split_picture(data)
    except ValueError:
        pass


@given(soup)
def test_any_datagram_of_commands_is_lines(data: bytes) -> None:
    assert all(line.strip() and "\n" not in line for line in read_lines(data))
    assert Verifier({"ha": "x"}).open(data, now=0) is None
    head = b"USER ha\r\nPASS ts=1.0;n=00000000;mac=" + b"0" * 64 + b"\r\n"
    assert Verifier({"ha": "x"}).open(head + data, now=1) is None


# -- there and back --------------------------------------------------------------------------------

numbers = st.integers(-(2**31), 2**31 - 1).map(float) | st.floats(-1e6, 1e6).map(
    lambda number: round(number, 6) + 0.0
)
plain = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\n\0"), min_size=1, max_size=30
).filter(lambda text: text[0] not in " \t")
amounts = st.one_of(
    numbers.map(abs).filter(lambda n: n < 2**31).map(Amount),
    numbers.map(lambda number: Amount(number, relative=True)),
)
addresses = st.builds(
    Address,
    host=st.one_of(
        st.ip_addresses(v=4).map(IPv4Address.__str__),
        st.ip_addresses(v=6).map(IPv6Address.__str__),
        st.from_regex(r"[a-z][a-z0-9-]{0,20}(\.[a-z][a-z0-9]{0,9}){0,3}", fullmatch=True),
    ),
    port=st.integers(1, 65535),
)
ARGUMENTS: dict[Takes, st.SearchStrategy[Any]] = {
    Takes.NOTHING: st.none(),
    Takes.TEXT: plain,
    Takes.OPTIONAL_TEXT: plain | st.just(""),
    Takes.MOTION: st.just(Motion()) | st.builds(Motion, speed=numbers, stop=st.none() | amounts),
    Takes.SETTING: amounts | st.sampled_from([Step(1), Step(-1), AUTO]),
    Takes.REPRESENTATION: st.sampled_from([Representation(), Representation(())])
    | st.lists(st.integers(0, 127), min_size=1, max_size=5).map(
        lambda types: Representation(tuple(types))
    ),
    Takes.MODE: st.builds(TransferMode, st.none() | st.integers(1, 7)),
    Takes.ADDRESS: addresses,
}
FORMS = [(kind, form) for kind, forms in COMMANDS.items() for form in forms]
commands = st.sampled_from(FORMS).flatmap(
    lambda each: st.builds(
        Command,
        name=st.just(each[1].name),
        subunit=st.sampled_from([Subunit(each[0], 0), Subunit(each[0], 2)]),
        argument=ARGUMENTS[each[1].takes],
    )
)


@given(commands)
def test_a_command_comes_back(command: Command) -> None:
    assert parse_command(format_command(command), SUBUNITS) == command


@given(st.lists(commands.filter(lambda c: not isinstance(c.argument, str)), max_size=6))
def test_commands_in_a_datagram_come_back(several: list[Command]) -> None:
    lines = read_lines(write_lines(several))
    assert [parse_command(line, SUBUNITS) for line in lines] == several


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-(2**31), max_value=2**31 - 1e-6))
def test_every_number_is_written_so_that_it_can_be_read(number: float) -> None:
    assume(-(2**31) - 1 < number < 2**31)
    text = format_number(number)
    assert abs(parse_amount(text).value - number) <= 1e-6
    assert not re.search(r"[eE]|-0$|\.$|\.\d*0$|\.\d{7}", text)


@pytest.mark.parametrize("text", ["2147483647.9999999999", "-2147483648.9999999999"])
def test_a_long_fraction_is_not_rounded_out_of_32_bits(text: str) -> None:
    amount = parse_amount(text)
    assert int(amount.value) == int(text.partition(".")[0])
    assert parse_amount(format_number(amount.value)).value == pytest.approx(amount.value, abs=1e-6)


reply_lines = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30).filter(
    lambda text: text == text.strip()
)


@given(st.integers(100, 599), st.lists(reply_lines, min_size=1, max_size=6), cuts)
def test_a_reply_comes_back(code: int, lines: list[str], sizes: list[int]) -> None:
    # An inner line that looks like the repeated code itself is taken for it, as FTP has it.
    assume(not any(re.match(r"\d{3}[- ]", line) for line in lines))
    assume(len(lines) != 1 or lines[0] == lines[-1])
    reply = Reply(code, tuple(lines))
    reader, raw = ReplyReader(), LineReader(65536)
    found = []
    for piece in cut(format_reply(reply), sizes):
        raw.feed(piece)
        found += [reader.feed(line.decode()) for line in _drain_lines(raw) if line is not None]
    assert found[-1] == reply
    assert found[:-1] == [None] * (len(found) - 1)


@given(packets)
def test_a_packet_comes_back(packet: RtpPacket) -> None:
    assert decode_rtp(packet.encode()) == packet


@given(packets, st.lists(st.binary(max_size=60), min_size=2, max_size=20), cuts)
def test_framed_packets_come_back(
    first: RtpPacket, contents: list[bytes], sizes: list[int]
) -> None:
    sent = [
        RtpPacket(
            first.payload_type, first.sequence + n & 0xFFFF, first.timestamp, first.ssrc, data
        )
        for n, data in enumerate(contents)
    ]
    deframer, found = Deframer(), []
    for piece in cut(b"".join(frame(packet.encode()) for packet in sent), sizes):
        found += list(deframer.feed(piece))
    found += list(deframer.end())
    assert found == sent


@given(addresses)
def test_an_address_comes_back(address: Address) -> None:
    assert parse_address(format_address(address)) == address
    assert parse_passive(f"Entering Passive Mode ({format_address(address)})") == address


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_a_path_comes_back(path: str) -> None:
    assert parse_path(f"{format_path(path)} is the current directory") == path


@given(
    st.builds(
        Url,
        host=st.sampled_from(["vcr.local", "192.0.2.5", "2001:db8::5", "fe80::1%eth0"]),
        port=st.integers(1, 65535),
        user=st.none() | plain,
        password=st.none(),
        folders=st.lists(plain, max_size=3).map(tuple),
        name=plain | st.just(""),
        type=st.sampled_from("iad"),
    ),
    st.none() | plain,
)
def test_a_url_comes_back(url: Url, password: str | None) -> None:
    if url.user is not None:
        url = Url(**{**{k: getattr(url, k) for k in Url.__slots__}, "password": password})
    assert parse_url(format_url(url)) == url


@given(
    st.builds(
        Scan,
        kind=st.sampled_from([0, 1]),
        width=st.integers(1, 255).map(lambda n: n * 8),
        height=st.integers(1, 255).map(lambda n: n * 8),
        tables=st.binary(min_size=128, max_size=128),
        restart=st.sampled_from([0, 1, 5, 65535]),
        data=st.binary(min_size=1, max_size=50).map(lambda b: b"\x01" * 3000 + b + b"\x01"),
    ),
    st.integers(0, 65535),
)
@settings(max_examples=50)
def test_a_picture_comes_back(scan: Scan, sequence: int) -> None:
    assert split_picture(join_picture(scan)) == scan
    assembler, found = PictureAssembler(), []
    for number, (payload, last) in enumerate(payloads(scan)):
        packet = RtpPacket(26, sequence + number & 0xFFFF, 90, 1, payload, last)
        found.append(assembler.feed(packet))
    assert found == [None] * (len(found) - 1) + [join_picture(scan)]


@given(st.binary(max_size=200), st.floats(0, 2e9), st.from_regex(r"[0-9a-f]{8,16}", fullmatch=True))
def test_a_signed_datagram_comes_back(lines: bytes, now: float, nonce: str) -> None:
    datagram = Signer("ha", "secret").sign(lines, now=now, nonce=nonce)
    verifier = Verifier({"ha": "secret"})
    assert verifier.open(datagram, now=now + WINDOW - 1) == lines
    assert verifier.open(datagram, now=now) is None


@given(line_texts, line_texts)
def test_what_is_read_of_a_status_can_be_written_and_read_again(one: str, two: str) -> None:
    tape = parse_tape_status(Reply(211, (f"PLAY {one}", f"PLAY {two}", f"FF {one}", "end")))
    again = parse_tape_status(format_tape_status(tape))
    assert (again.operation, again.position is None) == (tape.operation, tape.position is None)
    camera = parse_camera_status(Reply(211, ("OK", f"PAN {one}", f"FOCU {two}", "end")))
    assert list(parse_camera_status(format_camera_status(camera)).parameters) == ["PAN", "FOCU"]
