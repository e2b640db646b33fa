"""What a picture of the library is called from outside, by its key: media content ids and addresses.

The key is the number of the ledger's row, and the beginning of the hash of what it is about: a
ledger that was lost and made anew has other numbers.
"""

import re
from typing import Final

from .const import DOMAIN

_URL: Final = f"/api/{DOMAIN}/photo"

_ID: Final = re.compile(rf"media-source://{DOMAIN}/(?:photo|original)/([^/]+)")

_KEY: Final = re.compile(r"([0-9]{1,18})-([0-9a-f]{8})")


def key_of(number: int, sha256: str) -> str:
    """The key of a file of the library. number: of its row in the ledger."""
    return f"{number}-{sha256[:8]}"


def key_parts(key: str) -> tuple[int, str] | None:
    """The row's number, and what the hash begins with; None for what is no key."""
    match = _KEY.fullmatch(key)
    return (int(match[1]), match[2]) if match else None


def shown_id(key: str) -> str:
    """The media content id of a picture to look at: of a RAW file what the camera put into it."""
    return f"media-source://{DOMAIN}/photo/{key}"


def original_id(key: str) -> str:
    """The media content id of the file as the camera sent it."""
    return f"media-source://{DOMAIN}/original/{key}"


def key_in(media_content_id: str) -> str | None:
    """The key in one of these ids; None for any other."""
    match = _ID.fullmatch(media_content_id)
    return match[1] if match else None


def thumbnail_url(key: str) -> str:
    """Where the small picture of a picture is."""
    return f"{_URL}/{key}/thumbnail"


def preview_url(key: str) -> str:
    """Where a picture to look at is, a JPEG file."""
    return f"{_URL}/{key}/preview"


def file_url(key: str) -> str:
    """Where the file itself is."""
    return f"{_URL}/{key}/file"


def card_thumbnail_url(entry_id: str, key: str) -> str:
    """Where the small picture of what is on a camera's card is."""
    return f"/api/{DOMAIN}/card/{entry_id}/{key}/thumbnail"
