"""What somebody types to find a picture: words of its name, and a date as people write dates."""

from datetime import date, timedelta
import re
from typing import Final
import unicodedata

#: More words than anybody types; each costs a look at every picture.
MAX_WORDS: Final = 8

#: More than anybody types, and than a path is long; what follows is not looked at.
MAX_TYPED: Final = 4096

type Words = tuple[str, ...]

#: The months as they are called in the languages of this integration that give them names.
_MONTHS: Final = (
    "january february march april may june july august september october november december".split(),
    "januar februar marz april mai juni juli august september oktober november dezember".split(),
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split(),
)

#: Today and yesterday. The word for the one in one language may be another word in another.
_DAYS: Final = {
    "en": ("today", "yesterday"),
    "de": ("heute", "gestern"),
    "fr": ("aujourd'hui", "hier"),
    "ja": ("今日", "昨日"),
    "zh": ("今天", "昨天"),
}

#: Where people write the month before the day, whatever language they speak.
_MONTH_FIRST: Final = frozenset({"US", "PH", "PR", "GU"})

_YEAR: Final = re.compile(r"(?:19|20)\d\d")
_DAY: Final = re.compile(r"(\d{1,2})(?:\.|st|nd|rd|th|er)?")
_DOTTED: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.((?:19|20)\d\d)")
_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/((?:19|20)\d\d)")
_YEAR_FIRST: Final = re.compile(r"((?:19|20)\d\d)[-/](\d{1,2})[-/](\d{1,2})")
_OF_THE_EAST: Final = re.compile(r"((?:19|20)\d\d)年(\d{1,2})月(?:(\d{1,2})日)?")


def words_of(typed: str, today: date, language: str = "en", country: str | None = None) -> Words:
    """The words to look for, dates as ISO 8601 has them: "May 2026" becomes "2026-05".

    "today", "yesterday", "1 May 2026", "May 1, 2026", "1.5.2026" and "2026/5/1" are dates as well,
    and so is what these are in the other languages of this integration; "today" in that of Home
    Assistant. In "5/1/2026" the month is first where country says so, or the numbers do. Without a
    year, a month's name is a word like any other.
    """
    words = (
        typed[:MAX_TYPED]
        .replace(",", " ")
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        .casefold()
        .split()[:MAX_WORDS]
    )
    months = [place for place, word in enumerate(words) if _month(word)]
    years = [place for place, word in enumerate(words) if _YEAR.fullmatch(word)]
    if len(months) == 1 and len(years) == 1:
        return _with_date(words, months[0], years[0])
    is_month_first = country in _MONTH_FIRST or (country is None and language == "en")
    return tuple(_plain(word, today, language, is_month_first) for word in words)


def _with_date(words: list[str], month: int, year: int) -> Words:
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


def _plain(word: str, today: date, language: str, is_month_first: bool) -> str:
    for spoken in ("en", language[:2]):
        if word in _DAYS.get(spoken, ()):
            return (today - timedelta(days=_DAYS[spoken].index(word))).isoformat()
    if match := _YEAR_FIRST.fullmatch(word) or _OF_THE_EAST.fullmatch(word):
        return _iso(*match.groups())
    if match := _DOTTED.fullmatch(word):
        day, month, year = match.groups()
        return _iso(year, month, day)
    if match := _SLASHED.fullmatch(word):
        first, second, year = match.groups()
        turned = int(first) <= 12 and (is_month_first or int(second) > 12)
        return _iso(year, first, second) if turned else _iso(year, second, first)
    return word


def _iso(year: str, month: str, day: str | None) -> str:
    text = f"{int(year)}-{int(month):02}"
    return text if day is None else f"{text}-{int(day):02}"


def _month(word: str) -> int:
    """The number of a month that is named, in full or by three letters or more; else 0."""
    plain = unicodedata.normalize("NFD", word.rstrip("."))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    numbers = {
        number
        for names in _MONTHS
        for number, name in enumerate(names, 1)
        if len(plain) >= 3 and name.startswith(plain)
    }
    return numbers.pop() if len(numbers) == 1 else 0
