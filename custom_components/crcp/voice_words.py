"""What people say and are answered, in their language: a file in sentences/ for each."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
import json
from pathlib import Path
import re
from typing import Any, Final, Self

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.language import matches

from .voice_numbers import NotUnderstood, Numbers

#: There is a file for each of these.
LANGUAGES: Final = ("en", "de", "fr", "ja", "zh-Hans")

#: The places of a sentence in which anything can be said.
FREE: Final = ("name", "area", "duration", "position", "value", "preset", "player")

FOLDER: Final = Path(__file__).parent / "sentences"

#: In a pattern: a rule; and one that is there or not, which makes two patterns of one.
_RULE: Final = re.compile(r"<(\w+)>")
_MAYBE: Final = re.compile(r"<\?(\w+)>")

_WORDS: Final[HassKey[dict[str, Words]]] = HassKey("crcp_words")


@dataclass(frozen=True, slots=True)
class Sentences:
    """Ways to say one thing: sentence patterns, and the slots that they stand for."""

    intent: str
    patterns: tuple[str, ...]
    slots: Mapping[str, str | float]


@dataclass(frozen=True, slots=True)
class Words:
    """A language.

    date_format: as strftime has it. or_ and and_: what stands before the last of several. in_front:
    what stands in front of a name that a time may follow, "in the" kitchen.
    """

    language: str
    sentences: tuple[Sentences, ...]
    numbers: Numbers
    replies: Mapping[str, str]
    times: Mapping[str, list[str]]
    date_format: str
    or_: str
    and_: str
    decimal: str
    polite: re.Pattern[str] | None
    never: re.Pattern[str]
    in_front: re.Pattern[str] | None

    @classmethod
    def load(cls, language: str) -> Self:
        """Read a language's file. Blocks."""
        read = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
        return cls(
            language,
            tuple(each for group in read["sentences"] for each in _expand(group, read)),
            Numbers.read(read["words"]),
            read["replies"],
            read["times"],
            read["date"],
            read["or"],
            read["and"],
            read["decimal"],
            _polite(read["polite"]),
            re.compile(read["never"], re.IGNORECASE),
            re.compile(read["in_front"], re.IGNORECASE) if read["in_front"] else None,
        )

    def heard(self, text: str) -> str:
        """What somebody said in a free place of a sentence, without politeness around it."""
        return self.polite.sub("", text.strip()) if self.polite else text.strip()

    def seconds(self, text: str, first: str | None, last: str | None) -> float:
        """A time; first, last: the unit that a sentence has before or behind it, in seconds.

        Raises NotUnderstood.
        """
        if not last:
            return self.numbers.seconds(text, float(first) if first else None)
        one = next(word for word, size in self.numbers.units.items() if size == float(last))
        try:
            return self.numbers.seconds(f"{text.rstrip('-')} {one}")
        except NotUnderstood:
            raise NotUnderstood(text) from None

    def quoted(self, text: str, sentence: str) -> str:
        """A part of a sentence as it was said, with the unit of time behind it if one follows."""
        units = "|".join(sorted(map(re.escape, self.numbers.units), key=len, reverse=True))
        edge = r"\b" if self.numbers.spaced else ""
        said = r"\s+".join(map(re.escape, text.split()))
        found = re.search(rf"{edge}{said}(?:[\s-]*(?:{units}){edge})?", sentence, re.IGNORECASE)
        return found[0] if found else text

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

    def number(self, value: float, unit: str = "") -> str:
        """A number in figures, as it stands in this language, with its unit of measure."""
        figures = f"{value:.6f}".rstrip("0").rstrip(".").replace(".", self.decimal)
        return f"{figures} {unit}".strip()

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


def _expand(group: Mapping[str, Any], read: Mapping[str, Any]) -> Iterator[Sentences]:
    """One set of sentences for each way to choose: <choice> stands for the words of its value.

    The words of a choice are the group's own values, or those of the language.
    """
    patterns = [each for pattern in group["patterns"] for each in _with_and_without(pattern)]
    if read["polite"]:
        before, after = read["before"], read["polite"]
        patterns = [f"[({before})] {pattern} [({after})]" for pattern in patterns]
    names = group.get("choice", "").split()
    choices = [(group.get("values") or read["choices"][name]).items() for name in names]
    for chosen in product(*choices):
        values = dict(zip(names, chosen, strict=True))
        rules = read["rules"] | {name: words for name, (_, words) in values.items()}
        slots = {**group.get("slots", {}), **{name: value for name, (value, _) in values.items()}}
        yield Sentences(group["intent"], tuple(_ruled(each, rules) for each in patterns), slots)


def _with_and_without(pattern: str) -> list[str]:
    """A pattern for each way to take its <?rule>s, the fullest first: a name takes what is left."""
    maybe = _MAYBE.search(pattern)
    if maybe is None:
        return [pattern]
    before, after = pattern[: maybe.start()], pattern[maybe.end() :]
    without = " ".join(f"{before}{after}".split())
    return [*_with_and_without(f"{before}<{maybe[1]}>{after}"), *_with_and_without(without)]


def _ruled(pattern: str, rules: Mapping[str, str]) -> str:
    """A pattern with its rules written out, and those in them."""
    while _RULE.search(pattern):
        pattern = _RULE.sub(lambda rule: rules[rule[1]], pattern)
    return pattern


def _polite(words: str) -> re.Pattern[str] | None:
    if not words:
        return None
    return re.compile(rf"^(?:(?:{words})(?:\s+|$))+|(?:\s+(?:{words}))+$", re.IGNORECASE)


def _listed(names: list[str], before_last: str) -> str:
    return before_last.join(filter(None, (", ".join(names[:-1]), *names[-1:])))
