"""What somebody types to find a picture: words of its name, and a date as people write dates."""

from datetime import date, timedelta
import re
from typing import Final

#: More words than anybody types; each costs a look at every picture.
MAX_WORDS: Final = 8

#: More than anybody types, and than a path is long; what follows is not looked at.
MAX_TYPED: Final = 4096

_MONTHS: Final = (
    "january february march april may june july august september october november december"
).split()

_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_DAY: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.((?:19|20)\d\d)")


def words_of(typed: str, today: date) -> tuple[str, ...]:
    """The words to look for, dates as ISO 8601 has them: "May 2026" becomes "2026-05".

    "today", "yesterday", "1 May 2026", "May 1, 2026" and "1.5.2026" are dates as well. Without a
    year, a month's name is a word like any other.
    """
    words = typed[:MAX_TYPED].replace(",", " ").casefold().split()[:MAX_WORDS]
    months = [place for place, word in enumerate(words) if _month(word)]
    years = [place for place, word in enumerate(words) if _YEAR.fullmatch(word)]
    if len(months) == 1 and len(years) == 1:
        return _with_date(words, months[0], years[0])
    return tuple(_plain(word, today) for word in words)


def _with_date(words: list[str], month: int, year: int) -> tuple[str, ...]:
    """A month's name, a year, and perhaps a day beside the name, made one word."""
    text = f"{words[year]}-{_month(words[month]):02}"
    used = {month, year}
    for place in (month - 1, month + 1):
        match = _DAY.fullmatch(words[place]) if 0 <= place < len(words) else None
        if match and 1 <= int(match[1]) <= 31:
            text += f"-{int(match[1]):02}"
            used.add(place)
            break
    return (*(word for place, word in enumerate(words) if place not in used), text)


def _plain(word: str, today: date) -> str:
    if word == "today":
        return today.isoformat()
    if word == "yesterday":
        return (today - timedelta(days=1)).isoformat()
    if match := _DOTTED.fullmatch(word):
        return f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}"
    return word


def _month(word: str) -> int:
    """The number of a month that is named, in full or by three letters or more; else 0."""
    if len(word) >= 3:
        for number, name in enumerate(_MONTHS, 1):
            if name.startswith(word):
                return number
    return 0
