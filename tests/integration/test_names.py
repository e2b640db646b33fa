"""What devices say of themselves is shown in pages, so nothing in it may do more than be read."""

import pytest

from custom_components.crcp.names import MAX_NAME_LENGTH, clean_name


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Z 6", "Z 6"),
        ("  Canon   EOS\tR5 ", "Canon EOS R5"),
        ('<img src=x onerror="alert(1)">', "img src=x onerror= alert(1)"),
        ("a\r\nb\x1b[31mc\x00d", "a b [31mc d"),
        ("\u202eevil\u200b", "evil"),
        ("カメラ", "カメラ"),
        ("x" * 1000, "x" * MAX_NAME_LENGTH),
        ("<<<>>>", "default"),
        ("", "default"),
        (None, "default"),
    ],
)
def test_markup_and_control_characters_are_taken_out(told: str | None, shown: str) -> None:
    assert clean_name(told, "default") == shown
