"""A card with pictures of some mornings, every third one raw; also a program that fills a folder."""

from datetime import datetime
import os
from pathlib import Path
import sys

from custom_components.crcp.virtual.pictures import landscape, make_thumb
from tests.previews.files import canon_raw


def fill(card: Path, mornings: int = 7, size: tuple[int, int] = (900, 600)) -> None:
    """Put a picture of each of the first mornings of a May on a card."""
    for number in range(1, mornings + 1):
        taken = datetime(2026, 5, number, 8)
        picture = landscape(number, taken, *size, "Field camera")
        raw = number % 3 == 0
        path = card / f"IMG_{number:04}.{'CR3' if raw else 'JPG'}"
        path.write_bytes(canon_raw(make_thumb(picture), picture) if raw else picture)
        os.utime(path, (taken.timestamp(), taken.timestamp()))


if __name__ == "__main__":
    fill(Path(sys.argv[1]), 12, (1800, 1200))
