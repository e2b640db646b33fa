"""What people say and are answered, in their language: a file in sentences/ for each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
import json
from pathlib import Path
import re
from typing import Any, Final, Self

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.language import matches

from .voice_numbers import Numbers

#: There is a file for each of these.
LANGUAGES: Final = ("en", "de", "fr", "ja", "zh-Hans")

FOLDER: Final = Path(__file__).parent / "sentences"

_WORDS: Final[HassKey[dict[str, Words]]] = HassKey("crcp_words")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Ways to say one thing: sentence patterns, and the slots that they stand for."""

    intent: str
    patterns: tuple[str, ...]
    slots: Mapping[str, str | float]


@dataclass(frozen=True, slots=True)
class Words:
    """A language. date_format: as strftime has it. or_ and and_: what stands before the last of several."""

    language: str
    sentences: tuple[Sentences, ...]
    numbers: Numbers
    replies: Mapping[str, str]
    times: Mapping[str, list[str]]
    date_format: str
    or_: str
    and_: str
    polite: re.Pattern[str] | None

    @classmethod
    def load(cls, language: str) -> Self:
        """Read a language's file. Blocks."""
        read = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
        return cls(
            language,
            tuple(each for group in read["sentences"] for each in _expand(group, read["polite"])),
            Numbers.read(read["words"]),
            read["replies"],
            read["times"],
            read["date"],
            read["or"],
            read["and"],
            _polite(read["polite"]),
        )

    def heard(self, text: str) -> str:
        """What somebody said in a free place of a sentence, without politeness around it."""
        return self.polite.sub("", text.strip()) if self.polite else text.strip()

    def say(self, key: str, **facts: object) -> str:
        """A reply with facts in it."""
        return self.replies[key].format(**facts)

    def either(self, names: Iterable[str]) -> str:
        """One of several: "A, B or C"."""
        return _listed(list(names), self.or_)

    def time(self, seconds: float) -> str:
        """A time in words: "1 hour and 10 minutes"."""
        parts, left = [], round(seconds)
        for size, (one, many) in sorted(self.times.items(), key=lambda item: -int(item[0])):
            number, left = divmod(left, int(size))
            if number:
                parts.append(one if number == 1 else many.format(number=number))
        return _listed(parts, self.and_) or self.times["1"][1].format(number=0)

    def date(self, day: date) -> str:
        """A day in figures, as they stand in this language."""
        return f"{day:{self.date_format}}"


def language_for(wanted: str) -> str | None:
    """The language that comes nearest to a wanted one, of those that there is a file for."""
    return next(iter(matches(wanted, LANGUAGES)), None)


async def async_words(hass: HomeAssistant, language: str) -> Words:
    """The words of a language, or of English."""
    loaded, language = hass.data.setdefault(_WORDS, {}), language_for(language) or "en"
    if language not in loaded:
        loaded[language] = await hass.async_add_executor_job(Words.load, language)
    return loaded[language]


def _expand(group: Mapping[str, Any], polite: str) -> Iterator[Sentences]:
    """One set of sentences for each value of the group's choice: <choice> stands for its words."""
    slots, patterns = group.get("slots", {}), tuple(group["patterns"])
    if polite:
        patterns = tuple(f"[({polite})] {pattern} [({polite})]" for pattern in patterns)
    if "choice" not in group:
        yield Sentences(group["intent"], patterns, slots)
        return
    choice = group["choice"]
    for value, words in group["values"].items():
        chosen = (pattern.replace(f"<{choice}>", words) for pattern in patterns)
        yield Sentences(group["intent"], tuple(chosen), {**slots, choice: value})


def _polite(words: str) -> re.Pattern[str] | None:
    if not words:
        return None
    return re.compile(rf"^(?:{words})(?:\s+|$)|\s+(?:{words})$", re.IGNORECASE)


def _listed(names: list[str], before_last: str) -> str:
    return before_last.join(filter(None, (", ".join(names[:-1]), *names[-1:])))
