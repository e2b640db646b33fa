"""The draft's grammar as expressions, its clause quoted over each."""

import re
import string

# Section 2: "<sp> = " " / TAB / <sp> " " / <sp> TAB". We send one SP (section 8) and accept a run.
BLANKS = " \t"

# RFC 5234, which the draft's grammar is written in: literals are case-insensitive, and are ASCII.
# Unicode knows other letters whose capital is one of ours: the long s is not an S here.
_CAPITALS = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)

# Section 2: "<subunit> = <subunit-type> [<subunit-no>]". A type never ends in a digit,
# or the number could not be told from it.
SUBUNIT = re.compile(r"([A-Za-z](?:[A-Za-z_-]*[A-Za-z_])?)([0-9]*)")

# Sections 8 and 9: "decimal notation with optional fractional part". ASCII digits only.
NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"

# Sections 8 and 9: "When '+' or '-' sign precedes the number, it means a value relative to ...".
SIGNED = re.compile(rf"([+-]?)({NUMBER})")

# Section 9: "The argument may be a single character '+' or '-' with no decimal characters".
STEP = re.compile(r"[+-]")

# Section 9: "The argument may also be a special keyword "AUTO"". STAT CAMERA adds our MAN.
AUTO = "AUTO"
MANUAL = "MAN"

# Sections 8 and 9: "The integral part should be between 2147483647 and -2147483648".
INTEGRAL_BELOW = 2**31
INTEGRAL_ABOVE = -(2**31) - 1

# RFC 959 section 4.2: three digits, then SP and text, or "-" for the first line of several.
REPLY_LINE = re.compile(r"([0-9]{3})(?:([ -])(.*))?", re.DOTALL)

# Characters that may never stand inside a command: they would end or bend the line (RFC 854).
# Telnet's IAC needs no entry, because the byte 0xFF does not occur in UTF-8.
# A lone surrogate has no bytes at all.
FORBIDDEN = re.compile(r"[\r\n\x00\ud800-\udfff]")

# Control characters are not shown and not logged: a unit's text is not to be trusted with a terminal.
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def fold(word: str) -> str:
    """The word in capitals, as far as it is written in ASCII."""
    return word.upper() if word.isascii() else word.translate(_CAPITALS)


def split_words(text: str) -> list[str]:
    """The words of a text: what stands between SP and TAB, and no other blanks."""
    return [word for word in text.replace("\t", " ").split(" ") if word]
