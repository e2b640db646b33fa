"""Lines to messages and back: commands one way, replies the other."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache
import re
import string

from .arguments import format_argument, parse_argument
from .codes import ReplyCode
from .errors import ProtocolError, Refused
from .grammar import (
    FORBIDDEN,
    REPLY_LINE,
    SUBUNIT,
    fold,
    split_words,
)
from .messages import (
    Command,
    Reply,
    Subunit,
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
    find_form,
)

#: A reply is bounded so that an endless one ends in an error and not in all of the memory.
MAX_REPLY_LINES = 1000
MAX_REPLY_BYTES = 65536

#: The draft's longest subunit is CONNECTION; with any number in use it is shorter than this.
USUAL_SUBUNIT = 16

#: Of a subunit's number, leading zeros not counted. Nobody has so many subunits.
MAX_DIGITS = 9

#: Commands of these are sent without a subunit, as FTP writes them: so does the draft.
_BARE = frozenset({Subunit(CONNECTION), Subunit(FILE), Subunit(STREAM)})

_DIGITS = frozenset(string.digits)


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


_NO_SPELLING = Spelling()


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
    words = split_words(line) or [""]
    first = fold(words[0])
    if first in QUERIES:
        return _query(QUERIES[first], words[1:], subunits)
    if first in FIRST_EDITION_QUERIES:
        return _query("STAT", [FIRST_EDITION_QUERIES[first], *words[1:]], subunits)
    named = parse_subunit(first)
    if named and named in subunits:
        return _subunit_command(named, line, words, subunits)
    if named and any(named.kind == each.kind for each in subunits):
        # One of that type, but not that number.
        raise _bad_argument() if len(words) == 1 else _not_implemented()
    return _bare_command(line, words, subunits)


def parse_subunit(token: str) -> Subunit | None:
    """Read "tape0", "TAPE00" or "TAPE" as a subunit; None if the token cannot be one."""
    # The same few come again and again; what is longer than any of the draft's is not kept.
    return _read_subunit_again(token) if len(token) <= USUAL_SUBUNIT else _read_subunit(token)


def _read_subunit(token: str) -> Subunit | None:
    match = SUBUNIT.fullmatch(token)
    if not match:
        return None
    digits = match[2].lstrip("0")
    return Subunit(fold(match[1]), int(digits or 0)) if len(digits) <= MAX_DIGITS else None


_read_subunit_again = lru_cache(maxsize=64)(_read_subunit)


def format_command(command: Command, spelling: Spelling | None = None) -> str:
    """Write a command line, without its line end, in the narrowest form.

    Raises ValueError when a part of it, an address's host say, would end or bend the line.
    """
    spelling = spelling or _NO_SPELLING
    asked = command.argument
    words = [spelling.subunit(asked)] if isinstance(asked, Subunit) else format_argument(asked)
    subunit, name = command.subunit, command.name
    if subunit is not None:
        name = spelling.command(subunit, name)
        if subunit not in _BARE:
            name = f"{spelling.subunit(subunit)} {name}"
    line = " ".join((name, *words))
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
    if len(words) == 1:
        raise Refused(ReplyCode.BAD_ARGUMENT, "A command must follow the subunit")
    found = find_form(subunit.kind, words[1:])
    if not found:
        if query := QUERIES.get(fold(words[1])):
            return _query(query, [str(subunit), *words[2:]], subunits)
        raise _not_implemented()
    form, size = found
    return Command(form.name, subunit, parse_argument(form.takes, line, words, size + 1))


def _bare_command(line: str, words: list[str], subunits: Collection[Subunit]) -> Command:
    for kind in BARE_TYPES:
        if found := find_form(kind, words):
            subunit = Subunit(kind)
            if subunit not in subunits:
                raise _not_implemented()
            form, size = found
            return Command(form.name, subunit, parse_argument(form.takes, line, words, size))
    first = fold(words[0])
    if first in DROPPED_FTP_COMMANDS or first in COMMANDS or first[-1:] in _DIGITS:
        raise _not_implemented()
    raise Refused(ReplyCode.UNRECOGNISED, "Syntax error, command unrecognized")


def _not_implemented() -> Refused:
    return Refused(ReplyCode.NOT_IMPLEMENTED, "Command not implemented")


def _bad_argument() -> Refused:
    return Refused(ReplyCode.BAD_ARGUMENT, "Syntax error in parameters or arguments")


# -- replies -----------------------------------------------------------------------------------


def format_reply(reply: Reply) -> bytes:
    """Write a reply with its line ends. Exactly one SP stands before each inner line."""
    code, last = reply.code, reply.lines[-1]
    end = f"{code:d} {last}".rstrip() + "\r\n"
    if len(reply.lines) > 1:
        lines = [f"{code:d}-{reply.text}\r\n", *(f" {line}\r\n" for line in reply.inner), end]
        end = "".join(lines)
    return end.encode()


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
        code, text = int(match[1]), match[3] or ""
        if match[2] != "-":
            return Reply(code, (text,))
        self._code, self._lines, self._size = code, [text], len(line)
        return None

    def _complete(self, last: str) -> Reply:
        lines, self._lines = (*self._lines, last), []
        return Reply(self._code, lines)
