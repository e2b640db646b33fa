"""Names of files that are safe everywhere. Pure.

Names are safe on every file system that a library may lie on or be copied to, and in Home
Assistant's media browser, which refuses "~" and "..", hides what starts with a dot, and does not
find what has a "#", "?" or "%".
"""

from collections.abc import Callable
from pathlib import PurePosixPath
import re
from typing import Final
import unicodedata

from .source import Photo

#: Collisions are numbered up to here; a card of 2 TB holds half as many pictures of 4 MB.
MAX_NUMBER: Final = 999_999

#: So many numbers are tried one after the other; then the next free one is found by halves.
TRIED_IN_ORDER: Final = 8

#: File systems take 255 bytes (some 255 UTF-16 units, which are never more). A final name may get
#: a number, and the name of its part file a dot, a token and an ending.
MAX_NAME: Final = 255 - len(f"-{MAX_NUMBER}") - len(".") - len(".01234567") - len(".part")

#: A longer ending is no extension; it goes when a name is too long.
MAX_EXTENSION: Final = 32

#: What part_name gives.
PART_NAME: Final = re.compile(r"\..+\.[0-9a-f]{8}\.part", re.DOTALL)

_FORBIDDEN: Final = frozenset('/\\:*?"<>|~#%')

#: Windows' devices, with any extension and any spaces before it.
_RESERVED: Final = re.compile(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE
)


def safe_name(text: str) -> str:
    """Make one path component of any text: at most MAX_NAME bytes, its extension kept.

    What is safe already stays as it is, except that it becomes Unicode's composed form (NFC).
    """
    name = "".join(map(_safe_character, unicodedata.normalize("NFC", text)))
    name = re.sub(r"\.(?=\.)", "_", _trimmed(name))
    if name.startswith(".") or _RESERVED.fullmatch(name):
        name = f"_{name}"
    return _shortened(name) or "unnamed"


def numbered(name: str, number: int) -> str:
    """The name for the number-th file that would have the same: IMG-1.JPG; 0 is the first file."""
    path = PurePosixPath(name)
    return f"{path.stem}-{number}{path.suffix}" if number else name


def first_free(is_taken: Callable[[int], bool]) -> int | None:
    """A number that is free: the first one, where those that are taken follow each other.

    Where they have gaps it is behind one that is taken. Asks as often as the answer has digits in
    binary, twice. None when all are taken.
    """
    low = -1
    for number in range(TRIED_IN_ORDER):
        if not is_taken(number):
            return number
        low = number
    high = 2 * TRIED_IN_ORDER
    while high <= MAX_NUMBER and is_taken(high):
        low, high = high, 2 * high
    if high > MAX_NUMBER:
        if is_taken(MAX_NUMBER):
            return None
        high = MAX_NUMBER
    while high - low > 1:
        middle = (low + high) // 2
        if is_taken(middle):
            low = middle
        else:
            high = middle
    return high


def part_name(name: str, photo: Photo) -> str:
    """The name of a file that is not whole yet: hidden, and no other photo's, whatever its name."""
    return f".{name}.{photo.token}.part"


def _safe_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs":
        return " "
    if category[0] in "CZ" or character in _FORBIDDEN:
        return "_"
    return character


def _trimmed(name: str) -> str:
    """Without spaces around it and dots after it, which Windows drops without a word."""
    return name.lstrip(" ").rstrip(" .")


def _shortened(name: str) -> str:
    if len(name.encode()) <= MAX_NAME:
        return name
    stem, extension = PurePosixPath(name).stem, PurePosixPath(name).suffix
    if len(extension.encode()) > MAX_EXTENSION:
        stem, extension = name, ""
    room = MAX_NAME - len(extension.encode())
    return _trimmed(stem.encode()[:room].decode(errors="ignore")) + extension
