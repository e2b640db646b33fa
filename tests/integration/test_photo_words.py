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
