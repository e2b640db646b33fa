"""What stands after a command's name: text to values and back (sections 7 to 9)."""

import re

from .addresses import Address, format_address, parse_address
from .codes import ReplyCode
from .errors import Refused
from .grammar import (
    AUTO as AUTO_WORD,
    BLANKS,
    INTEGRAL_ABOVE,
    INTEGRAL_BELOW,
    SIGNED,
    STEP,
    fold,
)
from .messages import (
    AUTO,
    MAX_TS_PACKETS,
    Amount,
    Argument,
    Auto,
    Motion,
    Representation,
    Setting,
    Step,
    Subunit,
    TransferMode,
)
from .subunits import Takes

#: Precision on the wire: at most so many digits after the decimal mark.
FRACTION_DIGITS = 6

#: A number of fewer digits is below 2147483647.
SURELY_FITS = 10

_PAYLOAD_TYPE = re.compile(r"[0-9]{1,3}")
_PACKETS = re.compile(r"[0-9]{1,9}")
_BLANKS = re.compile(f"[{BLANKS}]+")


def parse_argument(takes: Takes, line: str, words: list[str], used: int) -> Argument:
    """Read what stands in a line after so many of its words."""
    match takes:
        case Takes.SETTING:
            return _parse_setting(words[used:])
        case Takes.MOTION:
            return _parse_motion(words[used:])
        case Takes.NOTHING:
            if len(words) > used:
                raise _bad_argument()
            return None
        case Takes.REPRESENTATION:
            return _parse_representation(words[used:])
        case Takes.MODE:
            return _parse_mode(words[used:])
        case Takes.ADDRESS:
            return parse_address(_rest(line, used))
        case Takes.TEXT | Takes.OPTIONAL_TEXT:
            text = _rest(line, used)
            if not text and takes is Takes.TEXT:
                raise _bad_argument()
            return text


def format_argument(argument: Argument) -> list[str]:
    """Write an argument as the words that stand for it; the unit's own spelling is not looked at."""
    match argument:
        case None:
            return []
        case Amount():
            return [format_amount(argument)]
        case Subunit():
            return [str(argument)]
        case str():
            return [argument] if argument else []
        case Motion(speed, stop):
            numbers = [] if speed is None else [format_number(speed)]
            return numbers if stop is None else [*numbers, format_amount(stop)]
        case Step(direction):
            return ["+" if direction > 0 else "-"]
        case Auto():
            return [AUTO_WORD]
        case _:
            return _format_stream_argument(argument)


def parse_amount(text: str) -> Amount:
    """Read "30", "+30" or "-12.5". Raises Refused 501 for anything else, or beyond 32 bits."""
    if text.isascii() and text.isdigit() and len(text) < SURELY_FITS:
        return Amount(float(text))  # as nearly all of them are
    match = SIGNED.fullmatch(text)
    if not match:
        raise _bad_argument()
    value = _nearest(match[1], match[2])
    if not INTEGRAL_ABOVE < value < INTEGRAL_BELOW:
        raise _bad_argument()
    return Amount(value, relative=bool(match[1]))


def format_number(value: float) -> str:
    """Plain decimal: no exponent, at most six fraction digits, no trailing zeros, never -0."""
    if INTEGRAL_ABOVE < value < INTEGRAL_BELOW and value == int(value):
        return str(int(value))
    # Rounding must not carry the last number that fits 32 bits over to the next.
    value = min(max(value, INTEGRAL_ABOVE + 1e-6), INTEGRAL_BELOW - 1e-6)
    text = f"{value:.{FRACTION_DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def format_amount(amount: Amount) -> str:
    """Write an amount; a relative one always carries its sign."""
    text = format_number(amount.value)
    return f"+{text}" if amount.relative and not text.startswith("-") else text


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
    if fold(words[0]) == AUTO_WORD:
        return AUTO
    return parse_amount(words[0])


def _parse_representation(words: list[str]) -> Representation:
    match [fold(words[0]), *words[1:]] if words else []:
        case ["A"]:
            return Representation()
        case ["A", form] if fold(form) == "N":
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
    match [fold(words[0]), *words[1:]] if words else []:
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


def _format_stream_argument(argument: Representation | TransferMode | Address) -> list[str]:
    match argument:
        case Representation(None):
            return ["A"]
        case Representation(types):
            return ["I", ",".join(map(str, types))] if types else ["I"]
        case TransferMode(packets):
            return ["S"] if packets is None else ["P", str(packets)]
        case Address():
            return [format_address(argument)]


def _rest(line: str, words: int) -> str:
    """What stands after so many words, exactly as written, blanks at its end included."""
    parts = _BLANKS.split(line.lstrip(BLANKS), maxsplit=words)
    return parts[words] if len(parts) > words else ""


def _nearest(sign: str, digits: str) -> float:
    """The number, its fraction cut where it would otherwise be rounded up to the next integer."""
    integral, _, fraction = digits.partition(".")
    return float(f"{sign}{integral or 0}.{fraction[:FRACTION_DIGITS]}")


def _no_such_parameter() -> Refused:
    return Refused(ReplyCode.NOT_FOR_THAT_PARAMETER, "Not implemented for that parameter")


def _bad_argument() -> Refused:
    return Refused(ReplyCode.BAD_ARGUMENT, "Syntax error in parameters or arguments")
