"""A file that is looked into."""

import io

import pytest

from custom_components.crcp.previews.errors import NoPreview
from custom_components.crcp.previews.window import MAX_BYTES, MAX_LOOKS, Window


def test_all_windows_of_a_file_share_what_may_be_read() -> None:
    window = Window(io.BytesIO(bytes(100)), 0, 100)
    for _ in range(MAX_LOOKS):
        window.part(10, 20).read(0, 4)
    with pytest.raises(NoPreview, match="on and on"):
        window.read(0, 1)


def test_so_many_bytes_and_no_more() -> None:
    window = Window(io.BytesIO(bytes(MAX_BYTES)), 0, MAX_BYTES)
    window.read(0, MAX_BYTES)
    with pytest.raises(NoPreview, match="on and on"):
        window.read(0, 1)


@pytest.mark.parametrize(("offset", "size"), [(-1, 2), (0, 11), (10, 1), (5, -1), (2**64, 2**64)])
def test_nothing_outside_is_read(offset: int, size: int) -> None:
    window = Window(io.BytesIO(bytes(100)), 50, 10)
    with pytest.raises(NoPreview, match="outside"):
        window.read(offset, size)
    with pytest.raises(NoPreview, match="outside"):
        window.part(offset, size)


def test_a_file_that_ends_early_says_so() -> None:
    with pytest.raises(NoPreview, match="cut off"):
        Window(io.BytesIO(bytes(5)), 0, 10).read(0, 10)
