"""The lines of STAT read as values and written from them, in every shape a unit may send."""

from collections.abc import Iterable
from dataclasses import dataclass
import re
from typing import Final

from .arguments import format_number, parse_amount
from .codec import parse_subunit
from .codes import ReplyCode
from .errors import Refused
from .grammar import AUTO as AUTO_WORD, MANUAL, fold, split_words
from .messages import Reply, Subunit
from .subunits import CAMERA, COMMANDS, TAPE, TELLTALE_TYPES, find_form

#: No motor is as fine as this, and a step of 10 ** -400 would be none.
MAX_DECIMALS: Final = 6

#: One pair of bounds alone is a speed, unless it reaches further than any deck runs; then it is
#: a position.
FASTEST_SPEED = 256

# Blanks around a comma belong to it, but not those between a name and an empty first field.
# Each run of blanks is looked at once, from its first: a line may be nothing but blanks.
_BEFORE_COMMA = re.compile(r"(?:(?<=AUTO)|(?<![A-Z \t]))[ \t]+,", re.IGNORECASE | re.ASCII)
_AFTER_COMMA = re.compile(r",[ \t]+")


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest meaningful value; None where the unit did not tell."""

    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """The reply to STAT: the unit's subunits in its order, and how it writes each.

    left_out: how many more it listed than MAX_SUBUNITS.
    """

    spellings: dict[Subunit, str]
    left_out: int = 0

    @property
    def subunits(self) -> tuple[Subunit, ...]:
        """The subunits listed, unknown types included."""
        return tuple(self.spellings)

    def of_kind(self, kind: str) -> tuple[Subunit, ...]:
        """The subunits of one type."""
        return tuple(subunit for subunit in self.spellings if subunit.kind == kind)

    @property
    def is_unit(self) -> bool:
        """Whether anything of CRCP's is listed; an FTP server's STAT lists other things."""
        return any(subunit.kind in TELLTALE_TYPES for subunit in self.spellings)


@dataclass(frozen=True, slots=True)
class TapeAbility:
    """A tape command that the unit supports: its own word for it, speeds, positions in seconds."""

    word: str
    speed: Bounds | None = None
    position: Bounds | None = None


@dataclass(frozen=True, slots=True)
class TapeStatus:
    """The reply to STAT TAPE (section 8).

    operation: PLAY, PAUS, RECO or FF. position: seconds, None if unknown. reported: the
    unit's own word for the operation. abilities: by canonical command name.
    """

    operation: str
    position: float | None
    abilities: dict[str, TapeAbility]
    reported: str = ""

    @property
    def length(self) -> float | None:
        """The tape's length in seconds: the upper position bound of PLAY, else FF, else RECO."""
        for name in ("PLAY", "FF", "RECO"):
            ability = self.abilities.get(name)
            if ability and ability.position and ability.position.maximum is not None:
                return ability.position.maximum
        return None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One camera parameter in the unit's own numbers (section 9).

    automatic: whether AUTO is on; None where the unit does not tell or has no AUTO.
    decimals: fraction digits that the unit shows, which tells its precision; MAX_DECIMALS at most.
    """

    name: str
    word: str
    minimum: float | None = None
    current: float | None = None
    maximum: float | None = None
    automatic: bool | None = None
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """The reply to STAT CAMERA: the parameters in the order in which the unit applies them."""

    parameters: dict[str, Parameter]
    unknown: tuple[str, ...] = ()


# -- reading -----------------------------------------------------------------------------------

#: No unit is so large, and whoever lists a subunit makes us keep and ask it for ever.
MAX_SUBUNITS: Final = 32


def parse_unit_status(reply: Reply) -> UnitStatus:
    """Read the list of subunits; lines that are none are left out, and all after MAX_SUBUNITS."""
    spellings: dict[Subunit, str] = {}
    left_out: set[Subunit] = set()
    for line in reply.inner or (reply.text,):
        for token in _subunit_tokens(split_words(line)):
            subunit = parse_subunit(token)
            if subunit and (subunit in spellings or len(spellings) < MAX_SUBUNITS):
                spellings.setdefault(subunit, fold(token))
            elif subunit:
                left_out.add(subunit)
    return UnitStatus(spellings, len(left_out))


def parse_power_status(reply: Reply) -> bool | None:
    """Read STAT POWER, which the draft leaves open: whether the power is on, None if untold."""
    words = fold(reply.text).split()
    return {"ON": True, "OFF": False}.get(words[0]) if words else None


def parse_tape_status(reply: Reply) -> TapeStatus:
    """Read STAT TAPE: the state is in the first line, or in the next (section 8 can mean both)."""
    operation, position, reported = _tape_state(reply)
    abilities: dict[str, TapeAbility] = {}
    for line in reply.inner:
        words = _words(line)
        found = find_form(TAPE, words)
        if found and not _is_state(words):
            form, size = found
            abilities.setdefault(form.name, _tape_ability(words, size))
    return TapeStatus(operation, position, abilities, reported)


def parse_camera_status(reply: Reply) -> CameraStatus:
    """Read STAT CAMERA; its first line is ignored (section 9), its order is kept."""
    parameters: dict[str, Parameter] = {}
    unknown: list[str] = []
    for line in reply.inner:
        words = _words(line)
        found = find_form(CAMERA, words)
        if found:
            form, size = found
            parameters.setdefault(form.name, _parameter(form.name, words, size))
        elif words:
            unknown.append(words[0])
    return CameraStatus(parameters, tuple(unknown))


def _subunit_tokens(words: list[str]) -> list[str]:
    """The tokens of a line that name subunits, of unknown types too.

    In the prose of an FTP server a word is none by itself: "Power on since Monday". There only
    those with a number count, and a first word that is written as a list writes it.
    """
    if len(words) == 1 or all(map(_is_listed, words)):
        return words
    numbered = [word for word in words if _is_listed(word) and word[-1:].isdigit()]
    first = words[0]
    prose = first != fold(first) and fold(first) in COMMANDS
    return numbered if prose or first in numbered else [first, *numbered]


def _is_listed(word: str) -> bool:
    subunit = parse_subunit(word)
    return subunit is not None and (subunit.kind in COMMANDS or word[-1:].isdigit())


def _tape_state(reply: Reply) -> tuple[str, float | None, str]:
    head = _words(reply.text)
    if _tape_name(head) and _is_state(head):
        return _state(head)
    for line in reply.inner:
        if _is_state(words := _words(line)):
            return _state(words)
    if _is_state(head):
        return _state(head)
    return _tape_name(head) or "PAUS", None, fold(" ".join(head[: _title_size(head)]))


def _state(words: list[str]) -> tuple[str, float | None, str]:
    # STOP, IDLE, EJECT and the like: nothing runs, so the draft's own word for it is PAUS.
    size = _title_size(words)
    return _tape_name(words) or "PAUS", _number(words[size]), fold(" ".join(words[:size]))


def _is_state(words: list[str]) -> bool:
    """Whether a line is an operation and where it stands; a pair would be an ability's bounds."""
    size = _title_size(words)
    return len(words) > size and "," not in words[size] and _number(words[size]) is not None


def _tape_name(words: list[str]) -> str | None:
    found = find_form(TAPE, words)
    return found[0].name if found else None


def _title_size(words: list[str]) -> int:
    """How many words name the operation: two in FAST FORWARD."""
    found = find_form(TAPE, words)
    return found[1] if found else 1


def _tape_ability(words: list[str], size: int) -> TapeAbility:
    word = fold(" ".join(words[:size]))
    pairs = [_bounds(token) for token in words[size:] if "," in token]
    if len(pairs) > 1:
        return TapeAbility(word, pairs[0], pairs[1])
    if not pairs:
        return TapeAbility(word)
    far = pairs[0].maximum is not None and pairs[0].maximum > FASTEST_SPEED
    return TapeAbility(word, position=pairs[0]) if far else TapeAbility(word, speed=pairs[0])


def _bounds(token: str) -> Bounds:
    minimum, _, maximum = token.partition(",")
    return Bounds(_number(minimum), _number(maximum))


def _parameter(name: str, words: list[str], size: int) -> Parameter:
    word = fold(" ".join(words[:size]))
    fields = words[size].split(",") if len(words) > size else []
    minimum, current, maximum = _three(fields)
    low, high = _number(minimum), _number(maximum)
    if low is not None and high is not None and low > high:
        low, high = high, low
    return Parameter(
        name=name,
        word=word,
        minimum=low,
        current=_number(current),
        maximum=high,
        automatic=_automatic(current, words[size + 1 :]),
        decimals=max(map(_decimals, (minimum, current, maximum))),
    )


def _three(fields: list[str]) -> tuple[str, str, str]:
    """Minimum, current and maximum of one, two or three fields; "" where there is none."""
    match fields:
        case []:
            return "", "", ""
        case [current]:
            return "", current, ""
        case [minimum, maximum]:
            return minimum, "", maximum
        case _:
            return fields[0], fields[1], fields[2]


def _automatic(current: str, trailing: list[str]) -> bool | None:
    if fold(current) == AUTO_WORD:
        return True
    mark = fold(trailing[0]) if trailing else ""
    return {AUTO_WORD: True, MANUAL: False}.get(mark)


def _words(line: str) -> list[str]:
    return _BEFORE_COMMA.sub(",", _AFTER_COMMA.sub(",", line)).split()


def _number(text: str) -> float | None:
    try:
        return parse_amount(text).value
    except Refused, ValueError:
        return None


def _decimals(text: str) -> int:
    if _number(text) is None:
        return 0
    return min(len(text.partition(".")[2]), MAX_DECIMALS)


# -- writing -----------------------------------------------------------------------------------


def format_unit_status(subunits: Iterable[Subunit]) -> Reply:
    """Write the reply to STAT as section 5.1 shows it."""
    lines = ("status response", *map(str, subunits), "status response")
    return Reply(ReplyCode.STATUS, lines)


def format_power_status(*, on: bool) -> Reply:
    """Write the reply to STAT POWER in the manner of STAT TAPE."""
    return Reply(ReplyCode.STATUS, ("ON" if on else "OFF", "ON", "OFF", "end"))


def format_tape_status(status: TapeStatus) -> Reply:
    """Write the reply to STAT TAPE: position with at most three decimals."""
    position = "" if status.position is None else f" {format_number(round(status.position, 3))}"
    abilities = (
        " ".join([ability.word, *map(_format_bounds, (ability.speed, ability.position))]).rstrip()
        for ability in status.abilities.values()
    )
    return Reply(ReplyCode.STATUS, (f"{status.operation}{position}", *abilities, "end"))


def format_camera_status(status: CameraStatus) -> Reply:
    """Write the reply to STAT CAMERA; AUTO or MAN follows where a parameter has automatic control."""
    return Reply(
        ReplyCode.STATUS, ("OK", *map(_format_parameter, status.parameters.values()), "end")
    )


def _format_bounds(bounds: Bounds | None) -> str:
    if bounds is None:
        return ""
    return ",".join(_format_optional(value) for value in (bounds.minimum, bounds.maximum))


def _format_parameter(parameter: Parameter) -> str:
    values = (parameter.minimum, parameter.current, parameter.maximum)
    mark = {True: f" {AUTO_WORD}", False: f" {MANUAL}", None: ""}[parameter.automatic]
    return f"{parameter.word} {','.join(map(_format_optional, values))}{mark}"


def _format_optional(value: float | None) -> str:
    return "" if value is None else format_number(value)
