"""Lines to messages and back: commands one way, replies the other."""

from collections.abc import Collection
from dataclasses import dataclass, field
import re

from .addresses import Address, format_address, parse_address
from .codes import ReplyCode
from .errors import ProtocolError, Refused
from .grammar import (
    AUTO as AUTO_WORD,
    BLANKS,
    FORBIDDEN,
    INTEGRAL_ABOVE,
    INTEGRAL_BELOW,
    REPLY_LINE,
    SIGNED,
    STEP,
    SUBUNIT,
)
from .messages import (
    AUTO,
    MAX_TS_PACKETS,
    Amount,
    Argument,
    Command,
    Motion,
    Reply,
    Representation,
    Setting,
    Step,
    Subunit,
    TransferMode,
)
from .subunits import (
    BARE_TYPES,
    COMMANDS,
    CONNECTION,
    DROPPED_FTP_COMMANDS,
    FILE,
    FIRST_EDITION_QUERIES,
    QUERIES,
    STREAM,
    Takes,
    find_form,
)

#: A reply is bounded so that an endless one ends in an error and not in all of the memory.
MAX_REPLY_LINES = 1000
MAX_REPLY_BYTES = 65536

#: Precision on the wire: at most so many digits after the decimal mark.
FRACTION_DIGITS = 6

#: Commands of these are sent without a subunit, as FTP writes them: so does the draft.
_BARE = frozenset({Subunit(CONNECTION), Subunit(FILE), Subunit(STREAM)})

_PAYLOAD_TYPE = re.compile(r"[0-9]{1,3}")
_PACKETS = re.compile(r"[0-9]{1,9}")
_BLANKS = re.compile(f"[{BLANKS}]+")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How one unit writes its subunits and commands: "the unit's own spelling wins".

    subunits: TAPE without its 0, say. commands: REC where another unit says RECO.
    """

    subunits: dict[Subunit, str] = field(default_factory=dict)
    commands: dict[tuple[Subunit, str], str] = field(default_factory=dict)

    def subunit(self, subunit: Subunit) -> str:
        """The word for a subunit."""
        return self.subunits.get(subunit, str(subunit))

    def command(self, subunit: Subunit, name: str) -> str:
        """The word for a command of a subunit."""
        return self.commands.get((subunit, name), name)


def decode_text(line: bytes) -> str:
    """Read a line as UTF-8, or as Latin-1 where it is not UTF-8."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


# -- commands ----------------------------------------------------------------------------------


def parse_command(line: str, subunits: Collection[Subunit]) -> Command:
    """Read a command line as a unit that has these subunits.

    Raises Refused with the reply to send: 500 no such command, 501 bad argument, 502 not here.
    """
    words = _BLANKS.split(line.strip(BLANKS))
    upper = [word.upper() for word in words]
    if upper[0] in QUERIES:
        return _query(QUERIES[upper[0]], words[1:], subunits)
    if upper[0] in FIRST_EDITION_QUERIES:
        return _query("STAT", [FIRST_EDITION_QUERIES[upper[0]], *words[1:]], subunits)
    named = parse_subunit(upper[0])
    if named and any(named.kind == each.kind for each in subunits):
        return _subunit_command(named, line, upper[1:], subunits)
    return _bare_command(line, upper, subunits)


def parse_subunit(token: str) -> Subunit | None:
    """Read "tape0", "TAPE00" or "TAPE" as a subunit; None if the token cannot be one."""
    match = SUBUNIT.fullmatch(token)
    if not match or len(match[2]) > 9:
        return None
    return Subunit(match[1].upper(), int(match[2] or 0))


def format_command(command: Command, spelling: Spelling | None = None) -> str:
    """Write a command line, without its line end, in the narrowest form.

    Raises ValueError when a part of it, an address's host say, would end or bend the line.
    """
    spelling = spelling or Spelling()
    words: list[str] = []
    if command.subunit is None:
        words.append(command.name)
    else:
        if command.subunit not in _BARE:
            words.append(spelling.subunit(command.subunit))
        words.append(spelling.command(command.subunit, command.name))
    words += _format_argument(command.argument, spelling)
    line = " ".join(words)
    if FORBIDDEN.search(line):
        raise ValueError("a command cannot hold line ends or NUL")
    return line


def _query(name: str, words: list[str], subunits: Collection[Subunit]) -> Command:
    if not words:
        return Command(name)
    subunit = parse_subunit(words[0])
    if name == "HELP":
        return Command(name, argument=subunit)
    if subunit is None or len(words) > 1:
        raise Refused(ReplyCode.BAD_ARGUMENT, "Syntax error in parameters or arguments")
    if subunit not in subunits:
        raise Refused(ReplyCode.BAD_ARGUMENT, "No such subunit")
    return Command(name, argument=subunit)


def _subunit_command(
    subunit: Subunit, line: str, words: list[str], subunits: Collection[Subunit]
) -> Command:
    if not words:
        raise Refused(ReplyCode.BAD_ARGUMENT, "A command must follow the subunit")
    if subunit not in subunits:
        raise Refused(ReplyCode.NOT_IMPLEMENTED, "Command not implemented")
    if words[0] in QUERIES:
        return _query(QUERIES[words[0]], [str(subunit), *words[1:]], subunits)
    found = find_form(COMMANDS.get(subunit.kind, ()), words)
    if not found:
        raise Refused(ReplyCode.NOT_IMPLEMENTED, "Command not implemented")
    form, size = found
    return Command(form.name, subunit, _parse_argument(form.takes, _rest(line, size + 1)))


def _bare_command(line: str, words: list[str], subunits: Collection[Subunit]) -> Command:
    for kind in BARE_TYPES:
        found = find_form(COMMANDS[kind], words)
        if found:
            subunit = Subunit(kind)
            if subunit not in subunits:
                raise Refused(ReplyCode.NOT_IMPLEMENTED, "Command not implemented")
            form, size = found
            return Command(form.name, subunit, _parse_argument(form.takes, _rest(line, size)))
    if words[0] in DROPPED_FTP_COMMANDS or words[0] in COMMANDS or words[0][-1:].isdigit():
        raise Refused(ReplyCode.NOT_IMPLEMENTED, "Command not implemented")
    raise Refused(ReplyCode.UNRECOGNISED, "Syntax error, command unrecognized")


def _rest(line: str, words: int) -> str:
    """What stands after so many words, exactly as written, blanks at its end included."""
    parts = _BLANKS.split(line.lstrip(BLANKS), maxsplit=words)
    return parts[words] if len(parts) > words else ""


# -- arguments ---------------------------------------------------------------------------------


def parse_amount(text: str) -> Amount:
    """Read "30", "+30" or "-12.5". Raises Refused 501 for anything else, or beyond 32 bits."""
    match = SIGNED.fullmatch(text)
    if not match:
        raise _bad_argument()
    value = _nearest(match[1], match[2])
    if not INTEGRAL_ABOVE < value < INTEGRAL_BELOW:
        raise _bad_argument()
    return Amount(value, relative=bool(match[1]))


def format_number(value: float) -> str:
    """Plain decimal: no exponent, at most six fraction digits, no trailing zeros, never -0."""
    # Rounding must not carry the last number that fits 32 bits over to the next.
    value = min(max(value, INTEGRAL_ABOVE + 1e-6), INTEGRAL_BELOW - 1e-6)
    text = f"{value:.{FRACTION_DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def format_amount(amount: Amount) -> str:
    """Write an amount; a relative one always carries its sign."""
    text = format_number(amount.value)
    return f"+{text}" if amount.relative and not text.startswith("-") else text


def _nearest(sign: str, digits: str) -> float:
    """The number, its fraction cut where it would otherwise be rounded up to the next integer."""
    integral, _, fraction = digits.partition(".")
    return float(f"{sign}{integral or 0}.{fraction[:FRACTION_DIGITS]}")


def _parse_argument(takes: Takes, text: str) -> Argument:
    match takes:
        case Takes.TEXT | Takes.OPTIONAL_TEXT:
            if not text and takes is Takes.TEXT:
                raise _bad_argument()
            return text
        case Takes.MOTION:
            return _parse_motion(text.split())
        case Takes.SETTING:
            return _parse_setting(text.split())
        case Takes.REPRESENTATION:
            return _parse_representation(text.split())
        case Takes.MODE:
            return _parse_mode(text.split())
        case Takes.ADDRESS:
            return parse_address(text)
        case Takes.NOTHING:
            if text.strip(BLANKS):
                raise _bad_argument()
            return None


def _parse_motion(words: list[str]) -> Motion:
    if len(words) > 2:
        raise _bad_argument()
    speed = parse_amount(words[0]).value if words else None
    return Motion(speed, parse_amount(words[1]) if len(words) == 2 else None)


def _parse_setting(words: list[str]) -> Setting:
    if len(words) != 1:
        raise _bad_argument()
    if STEP.fullmatch(words[0]):
        return Step(1 if words[0] == "+" else -1)
    if words[0].upper() == AUTO_WORD:
        return AUTO
    return parse_amount(words[0])


def _parse_representation(words: list[str]) -> Representation:
    match [words[0].upper(), *words[1:]] if words else []:
        case ["A"]:
            return Representation()
        case ["A", form] if form.upper() == "N":
            return Representation()
        case ["I"]:
            # FTP clients mean "binary" by this; the unit takes what it sends by default.
            return Representation(())
        case ["I", types]:
            return Representation(_parse_payload_types(types))
        case ["A", _] | ["E" | "L", *_]:
            raise _no_such_parameter()
    raise _bad_argument()


def _parse_payload_types(text: str) -> tuple[int, ...]:
    numbers = text.split(",")
    if not all(_PAYLOAD_TYPE.fullmatch(number) and int(number) <= 127 for number in numbers):
        raise _bad_argument()
    return tuple(int(number) for number in numbers)


def _parse_mode(words: list[str]) -> TransferMode:
    match [words[0].upper(), *words[1:]] if words else []:
        case ["S"] | ["S", _]:
            return TransferMode()
        case ["P"]:
            return TransferMode(MAX_TS_PACKETS)
        case ["P", packets] | ["P", packets, _]:
            if not _PACKETS.fullmatch(packets) or not int(packets):
                raise _bad_argument()
            return TransferMode(min(int(packets), MAX_TS_PACKETS))
        case ["B" | "C", *_]:
            raise _no_such_parameter()
    raise _bad_argument()


def _no_such_parameter() -> Refused:
    return Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "Not implemented for that parameter")


def _format_argument(argument: Argument, spelling: Spelling) -> list[str]:
    match argument:
        case Subunit():
            return [spelling.subunit(argument)]
        case str():
            return [argument] if argument else []
        case Motion(speed, stop):
            numbers = [] if speed is None else [format_number(speed)]
            return numbers if stop is None else [*numbers, format_amount(stop)]
        case Amount():
            return [format_amount(argument)]
        case Step(direction):
            return ["+" if direction > 0 else "-"]
        case Representation(None):
            return ["A"]
        case Representation(types):
            return ["I", ",".join(map(str, types))] if types else ["I"]
        case TransferMode(packets):
            return ["S"] if packets is None else ["P", str(packets)]
        case Address():
            return [format_address(argument)]
        case _:
            return [AUTO_WORD] if argument is AUTO else []


def _bad_argument() -> Refused:
    return Refused(ReplyCode.BAD_ARGUMENT, "Syntax error in parameters or arguments")


# -- replies -----------------------------------------------------------------------------------


def format_reply(reply: Reply) -> bytes:
    """Write a reply with its line ends. Exactly one SP stands before each inner line."""
    code, last = str(reply.code), reply.lines[-1]
    lines = [f"{code} {last}".rstrip()]
    if len(reply.lines) > 1:
        lines = [f"{code}-{reply.text}", *(f" {line}" for line in reply.inner), *lines]
    return "".join(f"{line}\r\n" for line in lines).encode()


class ReplyReader:
    """Puts lines together to replies (RFC 959 section 4.2), tolerant of how units indent."""

    def __init__(self) -> None:
        """Begin between two replies."""
        self._code = 0
        self._lines: list[str] = []
        self._size = 0

    def feed(self, line: str) -> Reply | None:
        """Take the next line. Returns the reply that it completes, or None.

        Raises ProtocolError for a line without a code, and past MAX_REPLY_LINES or MAX_REPLY_BYTES.
        """
        match = REPLY_LINE.fullmatch(line)
        if not self._lines:
            return self._begin(line, match)
        self._size += len(line)
        if len(self._lines) >= MAX_REPLY_LINES or self._size > MAX_REPLY_BYTES:
            raise ProtocolError("the reply does not end")
        if match and int(match[1]) == self._code and match[2] != "-":
            return self._complete(match[3] or "")
        repeats = match and int(match[1]) == self._code
        self._lines.append(match[3] if match and repeats else line.removeprefix(" "))
        return None

    def _begin(self, line: str, match: re.Match[str] | None) -> Reply | None:
        if not match or not 100 <= int(match[1]) <= 599:
            raise ProtocolError(f"not a reply: {line[:80]!r}")
        self._code, self._lines, self._size = int(match[1]), [match[3] or ""], len(line)
        if match[2] == "-":
            return None
        lines, self._lines = tuple(self._lines), []
        return Reply(self._code, lines)

    def _complete(self, last: str) -> Reply:
        lines, self._lines = (*self._lines, last), []
        return Reply(self._code, lines)
