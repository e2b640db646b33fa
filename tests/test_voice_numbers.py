"""Numbers and times as people say them, in each language."""

import math

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.crcp.voice_numbers import MAX_WORDS, NotUnderstood, NoUnit, Numbers
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
        (ENGLISH, "two and a half", 2.5),
        (ENGLISH, "f/8", 8),
        (ENGLISH, "f5.6", 5.6),
        (ENGLISH, "2.5x", 2.5),
        (GERMAN, "drei", 3),
        (GERMAN, "3,5", 3.5),
        (GERMAN, "-1.234.567", -1234567),
        (GERMAN, "minus Fünfundzwanzig", -25),
        (GERMAN, "drei Komma fünf", 3.5),
        (GERMAN, "einunddreißig", 31),
        (GERMAN, "neunundneunzig Grad", 99),
        (GERMAN, "hundertzwanzig", 120),
        (GERMAN, "fünftausendsechshundert Kelvin", 5600),
        (GERMAN, "f 5,6", 5.6),
        (GERMAN, "zwei mal", 2),
        (FRENCH, "soixante et onze", 71),
        (FRENCH, "quatre-vingt-dix-sept", 97),
        (FRENCH, "dix-huit", 18),
        (FRENCH, "deux cents", 200),
        (FRENCH, "moins trois virgule cinq", -3.5),
        (JAPANESE, "マイナス三十五", -35),
        (JAPANESE, "二百五十三", 253),
        (JAPANESE, "五千六", 5006),
        (JAPANESE, "F5.6", 5.6),
        (JAPANESE, "3.5", 3.5),
        (CHINESE, "十五", 15),
        (CHINESE, "负二十", -20),
        (CHINESE, "三点五", 3.5),
        (CHINESE, "五千六", 5600),
        (CHINESE, "五千零六", 5006),
        (CHINESE, "五千六百", 5600),
        (CHINESE, "两百五", 250),
        (CHINESE, "一万二", 12000),
        (CHINESE, "三十五", 35),
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
        (ENGLISH, "two and a half minutes", 150),
        (ENGLISH, "one and a half hour", 5400),
        (ENGLISH, "two hours and a half", 9000),
        (ENGLISH, "a minute thirty", 90),
        (ENGLISH, "an hour thirty", 5400),
        (ENGLISH, "ten seconds five", None),
        (ENGLISH, "two thirty minutes", None),
        (ENGLISH, "one and a half", None),
        (ENGLISH, "minutes", None),
        (ENGLISH, "five minutes of fame", None),
        (GERMAN, "zehn Minuten", 600),
        (GERMAN, "eine Stunde und zehn Minuten", 4200),
        (GERMAN, "eine halbe Stunde", 1800),
        (GERMAN, "eineinhalb Stunden", 5400),
        (GERMAN, "zweieinhalb Minuten", 150),
        (GERMAN, "anderthalb Minuten", 90),
        (GERMAN, "eine Minute dreißig", 90),
        (FRENCH, "deux minutes et demie", 150),
        (FRENCH, "une demi-heure", 1800),
        (FRENCH, "une heure et demie", 5400),
        (FRENCH, "un quart d'heure", 900),
        (JAPANESE, "10分間", 600),
        (JAPANESE, "一時間三十分", 5400),
        (JAPANESE, "二時間半", 9000),
        (JAPANESE, "5分半", 330),
        (CHINESE, "两个半小时", 9000),
        (CHINESE, "两分半", 150),
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
    ("words", "seconds"),
    [
        ("five", 300),
        ("five second ten", 310),
        ("5:30", 330),
        ("5", 300),
        ("two thirty", 150),
        ("twenty one forty five", 1305),
        ("two", 120),
    ],
)
def test_a_unit_may_come_first(words: str, seconds: float) -> None:
    assert ENGLISH.seconds(words, 60) == seconds


@pytest.mark.parametrize("words", ["two five", "two thirty forty", "thirty two ninety", "ages"])
def test_what_is_no_time_behind_a_unit_is_not_guessed(words: str) -> None:
    with pytest.raises(NotUnderstood):
        ENGLISH.seconds(words, 60)


@pytest.mark.parametrize(
    ("numbers", "words"), [(ENGLISH, "ten"), (GERMAN, "zehn"), (CHINESE, "十"), (JAPANESE, "10")]
)
def test_a_time_without_a_unit_is_asked_back(numbers: Numbers, words: str) -> None:
    with pytest.raises(NoUnit):
        numbers.seconds(words)


def test_a_sentence_may_have_the_unit() -> None:
    english, german = Words.load("en"), Words.load("de")
    assert english.seconds("half an", None, "3600") == 1800
    assert english.seconds("five minutes thirty", None, "1") == 330
    assert german.seconds("zweieinhalb", None, "60") == 150
    with pytest.raises(NotUnderstood) as wrong:
        german.seconds("fünf bis sechs", None, "60")
    said = german.quoted(str(wrong.value), "Nimm  Fünf  bis sechs Minuten auf")
    assert said == "Fünf  bis sechs Minuten"


def test_what_was_said_is_quoted_as_it_was_said() -> None:
    english, chinese = Words.load("en"), Words.load("zh-Hans")
    assert english.quoted("Ten", "Record Ten, second take") == "Ten"
    assert english.quoted("five to Six", "often FIVE to six-hours") == "FIVE to six-hours"
    assert english.quoted("ten", "often") == "ten"
    assert chinese.quoted("五到六", "录制五到六分钟吧") == "五到六分钟"


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


def test_a_number_is_said_back_as_it_is_written_there() -> None:
    english, german = Words.load("en"), Words.load("de")
    assert english.number(2.5) == "2.5"
    assert german.number(2.5, "K") == "2,5 K"
    assert german.number(5600.0) == "5600"
    assert german.number(-0.000125) == "-0,000125"
