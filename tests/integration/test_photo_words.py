"""What somebody types to find a picture."""

from datetime import date

import pytest

from custom_components.crcp.photo_words import words_of

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", ()),
        ("IMG_0001", ("img_0001",)),
        ("  roses   garden ", ("roses", "garden")),
        ("2026-05", ("2026-05",)),
        ("May 2026", ("2026-05",)),
        ("2026 sept", ("2026-09",)),
        ("1 may 2026", ("2026-05-01",)),
        ("May 1, 2026", ("2026-05-01",)),
        ("21st December 2026 roses", ("roses", "2026-12-21")),
        ("1.5.2026", ("2026-05-01",)),
        ("today", ("2026-03-01",)),
        ("yesterday", ("2026-02-28",)),
        ("may", ("may",)),
        ("ma 2026", ("ma", "2026")),
        ("may june 2026", ("may", "june", "2026")),
        ("99 may 2026", ("99", "2026-05")),
        ("a b c d e f g h i j", tuple("abcdefgh")),
        ("_" * 60_000, ("_" * 4096,)),
    ],
)
def test_dates_are_found_however_they_are_typed(typed: str, words: tuple[str, ...]) -> None:
    assert words_of(typed, TODAY) == words


@pytest.mark.parametrize(
    ("language", "typed", "words"),
    [
        ("de", "Mai 2026", ("2026-05",)),
        ("de", "1. März 2026 Garten", ("garten", "2026-03-01")),
        ("de", "heute", ("2026-03-01",)),
        ("de-CH", "gestern", ("2026-02-28",)),
        ("de", "yesterday", ("2026-02-28",)),
        ("de", "hier", ("hier",)),
        ("fr", "hier", ("2026-02-28",)),
        ("fr", "aujourd\N{RIGHT SINGLE QUOTATION MARK}hui", ("2026-03-01",)),
        ("fr", "1er août 2026", ("2026-08-01",)),
        ("fr", "févr. 2026", ("2026-02",)),
        ("fr", "juil 2026", ("2026-07",)),
        ("fr", "jui 2026", ("jui", "2026")),
        ("ja", "今日", ("2026-03-01",)),
        ("ja", "2026年5月", ("2026-05",)),
        ("zh-Hans", "昨天", ("2026-02-28",)),
        ("zh-Hans", "2026年5月1日", ("2026-05-01",)),
        ("de", "2026/5/1", ("2026-05-01",)),
        ("de", "2026-5-1", ("2026-05-01",)),
    ],
)
def test_dates_are_found_in_other_languages(
    language: str, typed: str, words: tuple[str, ...]
) -> None:
    assert words_of(typed, TODAY, language) == words


@pytest.mark.parametrize(
    ("language", "country", "typed", "day"),
    [
        ("en", None, "5/1/2026", "2026-05-01"),
        ("en", "US", "5/1/2026", "2026-05-01"),
        ("fr", "US", "5/1/2026", "2026-05-01"),
        ("en", "GB", "5/1/2026", "2026-01-05"),
        ("en-GB", None, "5/1/2026", "2026-01-05"),
        ("de", None, "5/1/2026", "2026-01-05"),
        ("en", "US", "25/1/2026", "2026-01-25"),
        ("de", "DE", "1/25/2026", "2026-01-25"),
    ],
)
def test_which_number_is_the_month_the_country_says(
    language: str, country: str | None, typed: str, day: str
) -> None:
    assert words_of(typed, TODAY, language, country) == (day,)
