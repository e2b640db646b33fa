"""From a photo to the place of its file, by a template that a person wrote. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
import re
from typing import Final

from .naming import safe_name
from .source import Photo

#: What a template may name, and what it stands for.
FIELDS: Final[Mapping[str, str]] = {
    "camera": "the camera's name here",
    "serial": "the camera's serial number",
    "slot": "the number of the card's slot",
    "folder": "the last folder on the card",
    "name": "the file's name on the card, without its extension",
    "counter": "a number that grows with every shot of this camera",
    "date": "the day it was taken, as 2026-05-01",
    "year": "its year",
    "month": "its month",
    "day": "its day",
    "hour": "the hour it was taken",
    "minute": "its minute",
    "second": "its second",
}

#: Those that no two pictures share, or few of a burst.
TELLING: Final = ("name", "counter", "second")

#: A path that is deeper or longer is a mistake; some systems end at 260 characters in all.
MAX_LEVELS: Final = 8
MAX_TEMPLATE: Final = 200

_FIELD: Final = re.compile(r"\{([^{}]*)\}")


class TemplateError(ValueError):
    """A template that cannot be used; says why, for the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Template:
    """Where a photo's file lies below the library, without its extension, which is the camera's.

    Fields in braces are replaced; everything else stands as it is. What a field brings never makes
    a folder: a "/" in a camera's text becomes "_". Raises TemplateError for what cannot be used.
    """

    text: str

    def __post_init__(self) -> None:
        """Refuse what would not work, or would mean another place than it says."""
        if not self.text or len(self.text) > MAX_TEMPLATE:
            raise TemplateError(f"a template has 1 to {MAX_TEMPLATE} characters")
        parts = self.text.split("/")
        if len(parts) > MAX_LEVELS:
            raise TemplateError(f"a template has at most {MAX_LEVELS} levels")
        for part in parts:
            _check(part)

    @property
    def counts(self) -> bool:
        """Whether files are numbered, so that the number has to be found first."""
        return "{counter}" in self.text

    @property
    def tells_apart(self) -> bool:
        """Whether there is a field that tells pictures apart, which few templates mean to lack.

        Without one all pictures of a day or of a camera have one name, and are numbered.
        """
        return any(f"{{{field}}}" in self.text for field in TELLING)

    def path(
        self, camera_name: str, photo: Photo, arrived: datetime, counter: int = 0
    ) -> PurePosixPath:
        """Where below the library a photo belongs.

        The day is that of the capture; for a camera that does not know it, or whose clock was
        reset, that of the arrival.
        """
        name = PurePosixPath(safe_name(photo.filename))
        taken = photo.taken or arrived
        values = {
            "camera": camera_name,
            "serial": photo.serial,
            "slot": str(photo.slot),
            "folder": photo.folder.rpartition("/")[2],
            "name": name.stem,
            "counter": f"{counter:06}",
            "date": taken.date().isoformat(),
            "year": f"{taken.year:04}",
            "month": f"{taken.month:02}",
            "day": f"{taken.day:02}",
            "hour": f"{taken.hour:02}",
            "minute": f"{taken.minute:02}",
            "second": f"{taken.second:02}",
        }
        *folders, last = (
            _FIELD.sub(lambda found: values[found[1]], part) for part in self.text.split("/")
        )
        return PurePosixPath(*map(safe_name, folders), safe_name(last + name.suffix))

    def preview(self, camera_name: str) -> PurePosixPath:
        """Where a picture would lie, as an example for the person who writes the template."""
        return self.path(camera_name, _EXAMPLE, _EXAMPLE_TAKEN, 42)


def _check(part: str) -> None:
    """Refuse a part of a template between two slashes."""
    fixed = _FIELD.sub("", part)
    if unknown := [name for name in _FIELD.findall(part) if name not in FIELDS]:
        raise TemplateError(f"{{{unknown[0]}}} is unknown; there are {', '.join(FIELDS)}")
    if "{" in fixed or "}" in fixed:
        raise TemplateError("a brace has no partner")
    if not part.strip():
        raise TemplateError("a template neither begins nor ends with a slash, nor has two in a row")
    if part.startswith(".") or ".." in part:
        raise TemplateError("a folder or a name neither begins with a dot nor has two in a row")
    sample = _FIELD.sub("x", part)
    if safe_name(sample) != sample:
        raise TemplateError(f"{part!r} has characters that not every file system takes")


_EXAMPLE_TAKEN: Final = datetime.fromisoformat("2026-05-01T06:42:10")
_EXAMPLE: Final = Photo(
    serial="0042",
    storage="00010001",
    folder="DCIM/100CRCP",
    filename="IMG_0042.JPG",
    size=5_000_000,
    capture_date=_EXAMPLE_TAKEN,
    handle=1,
)

DEFAULT: Final = Template("{camera}/{year}/{date}/{name}")
