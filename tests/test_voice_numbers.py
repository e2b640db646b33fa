"""Numbers and times as people say them, in each language."""

import math

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.crcp.voice_numbers import MAX_WORDS, NotUnderstood, Numbers
from custom_components.crcp.voice_words import LANGUAGES, Words

ENGLISH, GERMAN, FRENCH, JAPANESE, CHINESE = (
    Words.load(language).numbers for language in ("en", "de", "fr", "ja", "zh-Hans")
)


@pytest.mark.parametrize(
    ("numbers", "words", "value"),
    [
        (ENGLISH, "three", 3),
        (ENGLISH, "3.5", 3.5),
        (ENGLISH, "-3", -3),
        (ENGLISH, "5,600", 5600),
        (ENGLISH, "0.125", 0.125),
        (ENGLISH, "minus twenty-five", -25),
        (ENGLISH, "three point one four", 3.14),
        (ENGLISH, "two hundred and sixty five", 265),
        (ENGLISH, "a hundred", 100),
        (ENGLISH, "ninety degrees", 90),
        (ENGLISH, "five thousand kelvin", 5000),
        (GERMAN, "drei", 3),
        (GERMAN, "3,5", 3.5),
        (GERMAN, "-1.234.567", -1234567),
        (GERMAN, "minus Fünfundzwanzig", -25),
        (GERMAN, "drei Komma fünf", 3.5),
        (GERMAN, "einunddreißig", 31),
        (GERMAN, "neunundneunzig Grad", 99),
        (FRENCH, "soixante et onze", 71),
        (FRENCH, "quatre-vingt-dix-sept", 97),
        (FRENCH, "dix-huit", 18),
        (FRENCH, "deux cents", 200),
        (FRENCH, "moins trois virgule cinq", -3.5),
        (JAPANESE, "マイナス三十五", -35),
        (JAPANESE, "二百五十三", 253),
        (JAPANESE, "3.5", 3.5),
        (CHINESE, "十五", 15),
        (CHINESE, "负二十", -20),
        (CHINESE, "三点五", 3.5),
    ],
)
def test_a_number_is_understood(numbers: Numbers, words: str, value: float) -> None:
    assert numbers.number(words) == pytest.approx(value)


@pytest.mark.parametrize(
    "words",
    ["9" * 400, "", "minus", "point five", "three four", "3 4", "three minutes", "1.2.3", "dozen"],
)
def test_what_is_no_number_is_not_guessed(words: str) -> None:
    with pytest.raises(NotUnderstood) as wrong:
        ENGLISH.number(words)
    assert str(wrong.value) == words


@pytest.mark.parametrize(
    ("numbers", "words", "seconds"),
    [
        (ENGLISH, "ten minutes", 600),
        (ENGLISH, "an hour and ten minutes", 4200),
        (ENGLISH, "half an hour", 1800),
        (ENGLISH, "an hour and a half", 5400),
        (ENGLISH, "90s", 90),
        (ENGLISH, "10min", 600),
        (ENGLISH, "1:05:30", 3930),
        (ENGLISH, "one and a half", None),
        (ENGLISH, "minutes", None),
        (ENGLISH, "five minutes of fame", None),
        (GERMAN, "zehn Minuten", 600),
        (GERMAN, "eine Stunde und zehn Minuten", 4200),
        (GERMAN, "eine halbe Stunde", 1800),
        (GERMAN, "eineinhalb Stunden", 5400),
        (FRENCH, "une heure et demie", 5400),
        (FRENCH, "un quart d'heure", 900),
        (JAPANESE, "10分間", 600),
        (JAPANESE, "一時間三十分", 5400),
        (CHINESE, "十分钟", 600),
        (CHINESE, "半小时", 1800),
        (CHINESE, "两小时5分", 7500),
    ],
)
def test_a_time_is_understood_or_refused(
    numbers: Numbers, words: str, seconds: float | None
) -> None:
    if seconds is None:
        with pytest.raises(NotUnderstood):
            numbers.seconds(words)
    else:
        assert numbers.seconds(words) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("words", "seconds"), [("five", 300), ("five second ten", 310), ("5:30", 330), ("5", 300)]
)
def test_a_unit_may_come_first(words: str, seconds: float) -> None:
    assert ENGLISH.seconds(words, 60, unit_first=True) == seconds


def test_the_unit_of_what_has_none_is_that_of_the_sentence() -> None:
    assert ENGLISH.seconds("five", 60) == 300
    assert ENGLISH.seconds("five minutes thirty", 1) == 330


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*ENGLISH.numbers, "minute", "."])).map(" ".join)
)
@settings(max_examples=300, deadline=None)
def test_any_words_are_a_number_or_not_understood(words: str) -> None:
    for read in (ENGLISH.number, ENGLISH.seconds, GERMAN.seconds, CHINESE.seconds):
        try:
            assert math.isfinite(read(words))
        except NotUnderstood:
            pass


def test_a_flood_of_words_is_not_read() -> None:
    with pytest.raises(NotUnderstood):
        ENGLISH.seconds("one minute " * MAX_WORDS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_counts_to_ninety_nine(language: str) -> None:
    numbers = Words.load(language).numbers
    values = set(numbers.numbers.values())
    if numbers.spaced:
        assert set(range(21)) | {30, 40, 50, 60, 80, 90} <= values
    else:
        assert set(range(11)) <= values


def test_a_time_is_said_back() -> None:
    english, german = Words.load("en"), Words.load("de")
    assert english.time(3661) == "one hour, one minute and one second"
    assert english.time(0) == "0 seconds"
    assert german.time(7200 + 90) == "2 Stunden, eine Minute und 30 Sekunden"
