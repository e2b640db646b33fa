"""The places of the media source: which pictures a folder's identifier stands for."""

from contextlib import suppress
from datetime import date
import re
from typing import Final
from urllib.parse import quote, unquote

from .photo_addresses import key_parts
from .photo_shelf import NotOnShelf, Query

_MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")


def query_of(identifier: str) -> tuple[Query, str, str | None]:
    """What a folder of pictures asks for, which one it is, and behind which picture it begins.

    Raises NotOnShelf.
    """
    match identifier.split("/"):
        case ["recent", *after]:
            folder, query = "recent", Query()
        case ["videos", *after]:
            folder, query = "videos", Query(pictures=False)
        case ["cameras", serial, *after]:
            folder, query = f"cameras/{serial}", Query(serial=unquote(serial))
        case ["dates", day, *after]:
            folder, query = f"dates/{day}", Query(day=_day(day))
        case _:
            raise NotOnShelf(identifier)
    if len(after) > 1 or not all(map(key_parts, after)):
        raise NotOnShelf(identifier)
    return query, folder, after[0] if after else None


def scope_of(identifier: str) -> Query:
    """What is looked through from a folder on, whichever page of it is shown. Raises NotOnShelf."""
    match identifier.split("/"):
        case ["" | "dates" | "cameras"]:
            return Query()
        case ["dates", month] if is_month(month):
            return Query(words=(month,))
    query, _, _ = query_of(identifier)
    # A day is a word as well: it is how the date begins.
    return Query(words=(query.day.isoformat(),)) if query.day else query


def is_month(text: str) -> bool:
    """Whether it is a month as "2026-05"."""
    with suppress(ValueError):
        return bool(_MONTH.fullmatch(text)) and date.fromisoformat(f"{text}-01") is not None
    return False


def place_of(serial: str) -> str:
    """A camera's serial number as a part of an identifier."""
    return quote(serial, safe="")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise NotOnShelf(text) from None
    if day.isoformat() != text:  # a week, say: a folder has one name only
        raise NotOnShelf(text)
    return day
