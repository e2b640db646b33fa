from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import PurePosixPath
import unicodedata

from homeassistant.util import raise_if_invalid_filename, raise_if_invalid_path
from hypothesis import given, strategies as st
import pytest

from custom_components.crcp.importer.naming import (
    MAX_NAME,
    MAX_NUMBER,
    first_free,
    numbered,
    part_name,
    safe_name,
)
from custom_components.crcp.importer.source import FIRST_YEAR
from custom_components.crcp.importer.template import DEFAULT

from .bench import NOW, a_photo
from .hostile import HOSTILE_NAMES

WINDOWS_DEVICES = {"CON", "PRN", "AUX", "NUL", "COM1", "COM9", "LPT1", "LPT9", "CONIN$", "CONOUT$"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("IMG_0001.JPG", "IMG_0001.JPG"),
        ("Tom's 1st & best.jpg", "Tom's 1st & best.jpg"),
        ("写真.jpg", "写真.jpg"),
        ("../../etc/passwd", "_.__._etc_passwd"),
        ("A..JPG", "A_.JPG"),
        ("x~1.JPG", "x_1.JPG"),
        (".hidden.jpg", "_.hidden.jpg"),
        ("IMG.JPG. . ", "IMG.JPG"),
        ("  IMG.JPG", "IMG.JPG"),
        ("aux.jpg", "_aux.jpg"),
        ("COM¹", "_COM¹"),
        ("CONSOLE.jpg", "CONSOLE.jpg"),
        ("a/b\\c:d.jpg", "a_b_c_d.jpg"),
        ("a\0b\nc\x7f\u202ed.jpg", "a_b_c__d.jpg"),
        ("cafe\u0301.jpg", "café.jpg"),
        ("a\u00a0b.jpg", "a b.jpg"),
        ("\ud800.jpg", "_.jpg"),
        ("50%#1?.jpg", "50__1_.jpg"),
        ("", "unnamed"),
        ("...", "unnamed"),
        (" ", "unnamed"),
    ],
)
def test_a_name_is_made_safe(text: str, name: str) -> None:
    assert safe_name(text) == name


def check_safe(name: str) -> None:
    """What every name has to be, so that every file system and Home Assistant take it."""
    raise_if_invalid_filename(name)
    raise_if_invalid_path(name)
    assert 0 < len(name.encode()) <= MAX_NAME
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert name.partition(".")[0].rstrip(" ").upper() not in WINDOWS_DEVICES
    assert not set(name) & set('/\\:*?"<>|~#%')
    assert name.isprintable()
    assert unicodedata.is_normalized("NFC", name)
    assert PurePosixPath("folder", name).name == name


@given(st.text(st.characters(), max_size=300))
def test_any_text_becomes_a_safe_name(text: str) -> None:
    check_safe(safe_name(text))


@given(st.text("./\\~ :AUXNLCOMP19$é\u0301\u00a0", max_size=24))
def test_what_is_made_of_dangerous_characters_becomes_a_safe_name(text: str) -> None:
    check_safe(safe_name(text))


@given(st.text(max_size=300))
def test_a_safe_name_stays_as_it_is(text: str) -> None:
    assert safe_name(safe_name(text)) == safe_name(text)


@pytest.mark.parametrize("text", HOSTILE_NAMES)
def test_a_hostile_name_becomes_a_safe_one(text: str) -> None:
    check_safe(safe_name(text))


@given(st.text(min_size=200, max_size=300), st.sampled_from([".JPG", ".CR3", ".写真"]))
def test_a_long_name_keeps_its_extension(stem: str, extension: str) -> None:
    assert safe_name(f"x{stem}{extension}").endswith(extension)


@given(st.text(max_size=300), st.integers(0, MAX_NUMBER))
def test_number_and_part_file_leave_a_name_that_file_systems_take(text: str, number: int) -> None:
    name = safe_name(text)
    assert len(numbered(name, number).encode()) <= 255
    assert len(part_name(name, a_photo()).encode()) <= 255
    raise_if_invalid_filename(numbered(name, number))


def test_numbers_go_before_the_extension() -> None:
    assert [numbered("IMG.JPG", number) for number in (0, 1, 2)] == [
        "IMG.JPG",
        "IMG-1.JPG",
        "IMG-2.JPG",
    ]
    assert numbered("README", 3) == "README-3"


def test_a_part_file_is_hidden_and_belongs_to_one_photo() -> None:
    here, there = a_photo(), a_photo(folder="DCIM/101CRCP")
    assert part_name("IMG.JPG", here).startswith(".IMG.JPG.")
    assert part_name("IMG.JPG", here).endswith(".part")
    assert part_name("IMG.JPG", here) != part_name("IMG.JPG", there)
    assert part_name("IMG.JPG", here) == part_name("IMG.JPG", a_photo(handle=99))


def test_a_photo_lies_in_the_folder_of_its_day() -> None:
    photo = a_photo(capture_date=datetime(2026, 5, 1, 23, 59))
    path = DEFAULT.path("Kitchen", photo, NOW)
    assert str(path) == "Kitchen/2026/2026-05-01/IMG_0001.JPG"


def test_a_photo_without_a_date_lies_in_the_folder_of_its_arrival() -> None:
    path = DEFAULT.path("Kitchen", a_photo(capture_date=None), NOW)
    assert str(path) == "Kitchen/2026/2026-11-21/IMG_0001.JPG"


def test_the_day_is_the_camera_s_own() -> None:
    far_east = datetime(2026, 5, 2, 1, 0, tzinfo=timezone(timedelta(hours=14)))
    path = DEFAULT.path("Kitchen", a_photo(capture_date=far_east), NOW.astimezone(UTC))
    assert path.parts[1:3] == ("2026", "2026-05-02")


@given(st.text(), st.text(), st.none() | st.datetimes())
def test_every_path_has_four_parts_and_stays_below_the_library(
    camera_name: str, filename: str, taken: datetime | None
) -> None:
    path = DEFAULT.path(camera_name, a_photo(filename, capture_date=taken), NOW)
    assert not path.is_absolute()
    assert len(path.parts) == 4
    true = taken if taken and taken.year >= FIRST_YEAR else NOW
    assert path.parts[2] == true.date().isoformat()
    assert date.fromisoformat(path.parts[2]).year == int(path.parts[1])
    raise_if_invalid_path(str(path))


@pytest.mark.parametrize("taken", [0, 1, 7, 8, 9, 15, 16, 17, 1000, 12_345, MAX_NUMBER])
def test_a_free_number_is_found_in_a_few_questions(taken: int) -> None:
    asked: list[int] = []

    def is_taken(number: int) -> bool:
        asked.append(number)
        return number < taken

    assert first_free(is_taken) == taken
    assert len(asked) <= 48


def test_among_gaps_a_number_is_free_and_behind_one_that_is_taken() -> None:
    taken = {*range(20), *range(40, 100)}
    found = first_free(taken.__contains__)
    assert found is not None
    assert found not in taken
    assert found - 1 in taken


def test_where_all_numbers_are_taken_none_is_found() -> None:
    assert first_free(lambda _: True) is None
