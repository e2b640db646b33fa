"""What was found in a picture file."""

from dataclasses import dataclass, field

from .window import Window


@dataclass(slots=True)
class Found:
    """The pictures in a file, each as a stretch of it that may be a JPEG, and how to hold them.

    orientation: EXIF's number, from 1 to 8.
    """

    orientation: int = 1
    pictures: list[Window] = field(default_factory=list)
