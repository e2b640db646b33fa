"""What a device says of itself, made fit to be shown, stored and logged."""

from collections.abc import Collection
from itertools import chain, count
import re

#: Home Assistant's dashboards show names as they are, so markup is taken out where it comes in.
_MARKUP = re.compile(r"[<>&\"'`\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")

#: Long enough for any model name, short enough for a dashboard.
MAX_NAME_LENGTH = 64


#: An id is made of plain characters; whatever else an announcement holds is left out.
_NOT_IN_IDS = re.compile(r"[^0-9A-Za-z_.-]+")
MAX_ID_LENGTH = 64


#: Neither blanks nor control characters, nor what belongs to an address of another kind.
_HOST = re.compile(r"[^\s\x00-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202e<>&\"'`/\\@?#\[\]]{1,253}")


def is_host(text: str) -> bool:
    """Whether text can be the name or the address of a device."""
    return _HOST.fullmatch(text) is not None


def unlike(names: Collection[str], name: str) -> str:
    """Return name, with a number if it is among names: people and voice call devices by it.

    "attic" is "Attic": nobody can say the difference.
    """
    taken = {each.casefold() for each in names}
    numbered = (f"{name} {number}" for number in count(2))
    return next(each for each in chain((name,), numbered) if each.casefold() not in taken)


def identifier(text: str | None) -> str:
    """Return text as an id; "" if nothing is left of it."""
    return _NOT_IN_IDS.sub("-", text or "").strip("-.")[:MAX_ID_LENGTH]


def clean_name(text: str | None, default: str, length: int = MAX_NAME_LENGTH) -> str:
    """Return text without markup and control characters, cut to length; default if none is left."""
    cleaned = " ".join(_MARKUP.sub(" ", text or "").split())[:length].strip()
    return cleaned or default
