"""Numbers and times as people say them: "three point five", "an hour and ten minutes"."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
import math
import re
from typing import Any, Final, Self

# So many digits are a number that still has a meaning here, and never an infinite one.
_DIGITS: Final = re.compile(r"-?\d{1,15}(?:[.,]\d{1,15})?")

#: Three digits behind a point or a comma are thousands, as 5,600 K or 1.000 Sekunden are written.
_THOUSANDS: Final = re.compile(r"-?[1-9]\d{0,2}(?:[.,]\d{3}){1,4}")
_CLOCK: Final = re.compile(r"\d{1,6}(?::\d{1,2}){1,2}")

#: "twenty-one" is two words, and so is "10min"; a minus sign stays with its number.
_HYPHEN: Final = re.compile(r"(?<=[^\W\d_])[-'\u2019](?=[^\W\d_])")
_CHARACTER: Final = re.compile(r"[^\W\d_]")
_EDGE: Final = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")

#: An aperture is written f/5.6.
_STOP: Final = re.compile(r"\bf\s?/\s?(?=\d)")

#: Of "minute two thirty", the thirty: less is said otherwise ("two five" may be two point five).
_SPOKEN_REST: Final = range(10, 60)

#: No word of a language is made of more parts than this: "マイナス", of four characters.
_LONGEST: Final = 4

#: Nobody says more than this, and a parser that has an end needs no other defence.
MAX_WORDS: Final = 20


class NotUnderstood(ValueError):
    """Words that are no number, or no time."""


class NoUnit(NotUnderstood):
    """A number of nobody knows what: seconds, minutes or hours."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of time among the words: how many seconds it has."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """The words of one language for numbers and units of time.

    numbers and units: by the word. phrases: what is replaced before anything else. apart: what is
    cut out of longer words before that, as "hundert" is. fillers: what means nothing here. spaced:
    whether there is a space between words. shortened: whether five thousand six is 5600.
    """

    numbers: Mapping[str, float]
    units: Mapping[str, float]
    phrases: Mapping[str, str] = field(default_factory=dict)
    fillers: frozenset[str] = frozenset()
    minus: str = "minus"
    point: str = "point"
    spaced: bool = True
    shortened: bool = False
    apart: re.Pattern[str] | None = None

    @classmethod
    def read(cls, words: Mapping[str, Any]) -> Self:
        """Read the words of a language's file."""
        numbers = {word.casefold(): value for word, value in words["numbers"].items()}
        if joined := words.get("joined"):
            units = {word: value for word, value in numbers.items() if 0 < value < 10}
            tens = {word: value for word, value in numbers.items() if 20 <= value < 100}
            for unit, one in units.items():
                for ten, many in tens.items():
                    numbers[joined.format(unit=unit, ten=ten)] = many + one
        return cls(
            numbers,
            words["units"],
            words.get("phrases", {}),
            frozenset(words.get("fillers", ())),
            words["minus"],
            words["point"],
            words.get("spaced", True),
            words.get("shortened", False),
            re.compile("|".join(words["apart"])) if "apart" in words else None,
        )

    @property
    def least(self) -> float:
        """The least number that counts what stands before it: two hundred, and 二十."""
        return 100.0 if self.spaced else 10.0

    def number(self, text: str) -> float:
        """One number. Raises NotUnderstood."""
        match self._read(text):
            case [float() as value]:
                return value
            case _:
                raise NotUnderstood(text)

    def is_number(self, text: str) -> bool:
        """Whether number() understands it."""
        try:
            self.number(text)
        except NotUnderstood:
            return False
        return True

    def seconds(self, text: str, first: float | None = None) -> float:
        """A time in seconds; NoUnit if nothing says of what a number is. Raises NotUnderstood.

        first: the unit that stood before, where "minute five" was said and not "five minutes".
        """
        if _CLOCK.fullmatch(text.strip()):
            return _clock(text.strip(), first or 1)
        tokens = self._read(text, spoken=first is not None)
        pairs = tokens if first is None else [Unit(first), *tokens]
        if not tokens:
            raise NotUnderstood(text)
        total, last = 0.0, 0.0
        while pairs:
            value, unit, pairs = _pair(pairs, last, text, unit_first=first is not None)
            total, last = total + value * unit, unit
        return total

    def _read(self, text: str, *, spoken: bool = False) -> list[float | Unit]:
        try:
            return list(self._tokens(text, spoken=spoken))
        except NotUnderstood:
            raise NotUnderstood(text) from None

    def _tokens(self, text: str, *, spoken: bool) -> Iterator[float | Unit]:
        """The numbers and units of a text, each number put together; spoken: "two thirty" is two."""
        run: list[_Piece] = []
        for piece in [*self._pieces(text), None]:
            if piece is not None and not isinstance(piece, Unit):
                run.append(piece)
                continue
            if run:
                yield from self._numbers_of(run, spoken=spoken)
                run = []
            if piece is not None:
                yield piece

    def _numbers_of(self, run: list[_Piece], *, spoken: bool) -> list[float]:
        """What a run of words comes to: one number, or two where that is how a time is said."""
        try:
            return [_value(run, self.least, shortened=self.shortened)]
        except NotUnderstood:
            if not spoken:
                raise
        for cut in range(len(run) - 1, 0, -1):
            try:
                whole, rest = (_value(part, self.least) for part in (run[:cut], run[cut:]))
            except NotUnderstood:
                continue
            if rest in _SPOKEN_REST:
                return [whole, rest]
        raise NotUnderstood(f"{run}")

    def _pieces(self, text: str) -> Iterator[_Piece | Unit]:
        """The words of a text, each for what it means. Raises NotUnderstood."""
        words = self._words(text)
        while words:
            for length in range(min(_LONGEST, len(words)), 0, -1):
                piece = self._meaning((" " if self.spaced else "").join(words[:length]))
                if piece is not None:
                    del words[:length]
                    yield piece
                    break
            else:
                raise NotUnderstood(text)

    def _meaning(self, word: str) -> _Piece | Unit | None:
        if word in self.numbers:
            return float(self.numbers[word])
        if word in self.units:
            return Unit(self.units[word])
        if word in (self.minus, self.point):
            return "-" if word == self.minus else "."
        # What came in digits is a whole number already: nothing is put together with it.
        if _THOUSANDS.fullmatch(word):
            return word.replace(",", "").replace(".", "")
        return word.replace(",", ".") if _DIGITS.fullmatch(word) else None

    def _words(self, text: str) -> list[str]:
        text = _STOP.sub("f ", _HYPHEN.sub(" ", text.casefold()))
        if self.apart:
            text = self.apart.sub(r" \g<0> ", text)
        text = f" {' '.join(_EDGE.sub(' ', text).split())} "
        edge = " " if self.spaced else ""
        for phrase, meaning in self.phrases.items():
            text = text.replace(f"{edge}{phrase}{edge}", f" {meaning} ")
        if not self.spaced:
            text = _CHARACTER.sub(r" \g<0> ", text)
        words = [word for word in text.split() if word not in self.fillers]
        if len(words) > MAX_WORDS:
            raise NotUnderstood(text)
        return words


#: A number in letters; or digits, a minus and a point as they are written.
type _Piece = float | str


def _pair(
    tokens: list[float | Unit], last: float, text: str, *, unit_first: bool
) -> tuple[float, float, list[float | Unit]]:
    """The next number with its unit in seconds, and what is left.

    One without a unit is of the next smaller one: "a minute thirty", and "minute two thirty".
    """
    match tokens:
        case [Unit(seconds=unit), float() as value, *rest] if unit_first:
            return value, unit, rest
        case [float() as value, Unit(seconds=unit), *rest] if not unit_first:
            return value, unit, rest
        case [float()] if not last:
            raise NoUnit(text)
        case [float() as value] if last > 1:
            return value, last / 60, []
        case _:
            raise NotUnderstood(text)


def _value(run: list[_Piece], least: float, *, shortened: bool = False) -> float:
    """The number that pieces make together: "-", 20, 3, ".", 5 is -23.5. Raises NotUnderstood."""
    sign = -1.0 if run[0] == "-" else 1.0
    whole = run[1:] if run[0] == "-" else run
    fraction: list[_Piece] = []
    if "." in whole:
        point = whole.index(".")
        whole, fraction = whole[:point], whole[point + 1 :]
    if len(whole) == 1 and isinstance(whole[0], str) and whole[0] not in "-.":
        value = float(whole[0])
    else:
        value = _joined(whole, least, shortened=shortened)
    for place, digit in enumerate(fraction, 1):
        value += _digit(digit) * 10.0**-place
    return round(sign * value, len(fraction) or 6)


def _joined(pieces: list[_Piece], least: float, *, shortened: bool) -> float:
    """What words make together: two and hundred and sixty and five. Raises NotUnderstood.

    least: the least number that counts what stands before it: hundred, or ten in Chinese.
    shortened: a digit behind a hundred, or more, counts the next smaller ones: 五千六 is 5600.
    """
    total, current, counted = 0.0, 0.0, math.inf
    for piece in pieces:
        if isinstance(piece, str) or piece >= counted:
            raise NotUnderstood(f"{piece}")
        if piece in (10, 100, 1000, 10000) and piece >= least:
            total, current, counted = total + (current or 1.0) * piece, 0.0, piece
        elif not current or (current >= 20 and current % 10 == 0 and 0 < piece < 20):
            current += piece
        else:
            raise NotUnderstood(f"{current} {piece}")
    if not pieces:
        raise NotUnderstood("nothing")
    if shortened and 0 < current < 10 and pieces[-2:-1] in ([100.0], [1000.0], [10000.0]):
        current *= counted / 10
    return total + current


def _digit(piece: _Piece) -> float:
    digit = float(piece) if piece not in ("-", ".") else -1.0
    if not 0 <= digit <= 9 or digit % 1:
        raise NotUnderstood(f"{piece}")
    return digit


def _clock(text: str, unit: float) -> float:
    """A time like 5:30 or 1:05:30; of two parts the first has the unit, minutes at least."""
    parts = [int(part) for part in text.split(":")]
    first = 3600.0 if len(parts) == 3 else max(unit, 60)
    return sum(part * first / 60.0**place for place, part in enumerate(parts))
