"""Small pictures on the disk."""

import os
from pathlib import Path
import threading

import pytest

from custom_components.crcp.previews.cache import Cache


def test_what_is_kept_is_found(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "small")
    assert cache.find("ab12") is None
    kept = cache.keep("ab12", b"picture")
    assert cache.find("ab12") == kept
    assert kept.read_bytes() == b"picture"
    assert Cache(tmp_path / "small").find("ab12") == kept


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    cache = Cache(tmp_path, max_size=1000)
    for number in range(10):
        path = cache.keep(f"a{number}", bytes(100))
        os.utime(path, (number, number))
    assert cache.find("a0")  # which is used now
    cache.keep("b0", bytes(100))
    left = {path.stem for path in tmp_path.rglob("*.jpg")}
    assert "a0" in left
    assert "b0" in left
    assert "a1" not in left
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) <= 1000


def test_the_size_is_known_again_after_a_restart(tmp_path: Path) -> None:
    first = Cache(tmp_path, max_size=1000)
    for number in range(9):
        first.keep(f"a{number}", bytes(100))
    again = Cache(tmp_path, max_size=1000)
    for number in range(9):
        again.keep(f"b{number}", bytes(100))
    assert len(list(tmp_path.rglob("*.jpg"))) <= 10


def test_the_same_name_is_counted_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path, max_size=1000)
    other = cache.keep("bb", bytes(100))
    for _ in range(50):
        cache.keep("aa", bytes(500))
    assert other.exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", "A1", "x"])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Cache(tmp_path).keep(name, b"")


def test_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    cache = Cache(tmp_path, max_size=2000)

    def work(letter: str) -> None:
        for number in range(30):
            cache.keep(f"{letter}{number}", bytes(100))
            cache.find(f"{letter}{number}")

    threads = [threading.Thread(target=work, args=(letter,)) for letter in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sizes = [path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(sizes) <= 2000
